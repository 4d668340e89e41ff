#include "appearance/alignment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "shape/similarity2d.h"

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

namespace frontalis {

namespace {

constexpr int kPoints = 68;
constexpr int kMaxSize = 4096;
constexpr std::array<int, 24> kRigidPoints = {1,  2,  3,  4,  12, 13, 14, 15, 27, 28, 29, 31,
                                              32, 33, 34, 35, 36, 39, 40, 41, 42, 45, 46, 47};
constexpr float kForeheadMm = 30.f / 0.7f;

bool isRaised(int point) { return point == 0 || point == 16 || (point >= 17 && point <= 26); }

/// OpenCV's fixed-point positions: 10 bits while adding, 5 bits in the end.
constexpr int kPositionBits = 10;
constexpr int kFractionBits = 5;
constexpr int kFraction = 1 << kFractionBits;
constexpr double kPositionScale = 1 << kPositionBits;
constexpr std::int32_t kPositionRound = 1 << (kPositionBits - kFractionBits - 1);
// Weights are products of two fractions; OpenCV's 15-bit weights are exactly 32 times these.
constexpr int kWeightBits = 2 * kFractionBits;
constexpr int kWeightRound = 1 << (kWeightBits - 1);

struct InverseWarp {
  double xx, xy, x0, yx, yy, y0;

  /// False for a singular warp, or one with values that are not finite.
  [[nodiscard]] bool usable() const {
    return std::isfinite(xx + xy + x0 + yx + yy + y0) && xx * yy - xy * yx != 0;
  }
};

/// In the order of OpenCV's own inversion, so that the roundings agree.
InverseWarp inverse(const WarpMatrix& warp) {
  const Eigen::Matrix<double, 2, 3> m = warp.cast<double>();
  const double determinant = m(0, 0) * m(1, 1) - m(0, 1) * m(1, 0);
  const double d = determinant != 0 ? 1 / determinant : 0;
  InverseWarp n{};
  n.xx = m(1, 1) * d;
  n.yy = m(0, 0) * d;
  n.xy = m(0, 1) * -d;
  n.yx = m(1, 0) * -d;
  n.x0 = -n.xx * m(0, 2) - n.xy * m(1, 2);
  n.y0 = -n.yx * m(0, 2) - n.yy * m(1, 2);
  return n;
}

/// Rounds half to even. Far values stop where the sum of two still fits, a million px away.
std::int32_t fixedPosition(double value) {
  constexpr double kLimit = 1 << 30;
  return static_cast<std::int32_t>(
      std::lrint(std::clamp(value * kPositionScale, -kLimit, kLimit - kPositionRound)));
}

/// One pixel whose four neighbours may lie outside.
void sampleChecked(const ImageView& source, int x, int y, int fx, int fy, std::uint8_t* out) {
  const std::array<int, 4> weights = {(kFraction - fx) * (kFraction - fy), fx * (kFraction - fy),
                                      (kFraction - fx) * fy, fx * fy};
  std::array<int, 3> sum = {kWeightRound, kWeightRound, kWeightRound};
  for (int k = 0; k < 4; ++k) {
    const int px = x + (k & 1), py = y + (k >> 1);
    if (px < 0 || py < 0 || px >= source.width || py >= source.height) continue;
    const std::uint8_t* pixel = source.at(px, py);
    for (std::size_t c = 0; c < 3; ++c) sum[c] += weights[static_cast<std::size_t>(k)] * pixel[c];
  }
  for (std::size_t c = 0; c < 3; ++c) out[c] = static_cast<std::uint8_t>(sum[c] >> kWeightBits);
}

#if defined(__SSE4_1__)
/// The four neighbours lie inside, and 8 bytes from the left ones may be read. Writes B, G, R, 0.
void sampleInside(const std::uint8_t* top, const std::uint8_t* bottom, int fx, int fy,
                  std::uint8_t* out) {
  // B0 B1 G0 G1 R0 R1 as words, so that one multiply-add blends left and right.
  const __m128i order = _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  const __m128i upper =
      _mm_shuffle_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(top)), order);
  const __m128i lower =
      _mm_shuffle_epi8(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bottom)), order);
  // (left, right) x (above, below) weights: 32 - fx and fx as two words, times one of 32 - fy, fy.
  const int sides = kFraction - fx + (fx << 16);
  const __m128i upper_weights = _mm_set1_epi32(sides * (kFraction - fy));
  const __m128i lower_weights = _mm_set1_epi32(sides * fy);
  __m128i sum =
      _mm_add_epi32(_mm_madd_epi16(upper, upper_weights), _mm_madd_epi16(lower, lower_weights));
  sum = _mm_srli_epi32(_mm_add_epi32(sum, _mm_set1_epi32(kWeightRound)), kWeightBits);
  const __m128i bytes = _mm_shuffle_epi8(
      sum, _mm_setr_epi8(0, 4, 8, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const int packed = _mm_cvtsi128_si32(bytes);
  std::memcpy(out, &packed, sizeof packed);
}
#endif

/// Edge a -> b as a function of the pixel, its sign turned so that the third corner is at >= 0;
/// all zero where the three lie on a line.
struct Edge {
  Edge(const Eigen::Vector2f& a, const Eigen::Vector2f& b, const Eigen::Vector2f& third)
      : start(a), dx(b.x() - a.x()), dy(b.y() - a.y()) {
    const float side = dx * (third.y() - a.y()) - dy * (third.x() - a.x());
    const float sign = side > 0 ? 1.f : side < 0 ? -1.f : 0.f;
    dx *= sign;
    dy *= sign;
    slope = dy != 0 ? dx / dy : 0;
  }
  [[nodiscard]] bool holds(float x, float y) const {
    return dx * (y - start.y()) - dy * (x - start.x()) >= 0;
  }
  /// Narrows a row's stretch to about where the edge holds, a pixel too wide on each side.
  void narrow(float y, float& begin, float& end) const {
    const float crossing = start.x() + slope * (y - start.y());
    if (dy > 0) end = std::min(end, crossing + 1);
    if (dy < 0) begin = std::max(begin, crossing - 1);
  }
  Eigen::Vector2f start;
  float dx, dy, slope;
};

}  // namespace

FaceAligner::FaceAligner(Eigen::VectorXf reference, Triangulation triangles, Options options)
    : reference_(std::move(reference)), triangles_(std::move(triangles)), options_(options) {}

Result<FaceAligner> FaceAligner::create(const Pdm& pdm, Triangulation triangles, Options options) {
  if (pdm.points() != kPoints) {
    return Error{
        ErrorCode::kInvalidArgument,
        "face alignment needs a shape model of 68 points, got " + std::to_string(pdm.points())};
  }
  if (options.size < 1 || options.size > kMaxSize || !(options.scale > 0) ||
      !std::isfinite(options.scale)) {
    return Error{ErrorCode::kInvalidArgument,
                 "face alignment: size " + std::to_string(options.size) + " px and scale " +
                     std::to_string(options.scale) + " px per mm",
                 "Give a size of 1 to 4096 and a scale above 0"};
  }
  for (const auto& corners : triangles) {
    for (const int corner : corners) {
      if (corner < 0 || corner >= kPoints) {
        return Error{ErrorCode::kInvalidArgument,
                     "face alignment: triangle over point " + std::to_string(corner) + " of 68"};
      }
    }
  }
  return FaceAligner(options.scale * pdm.mean().head(2 * kPoints), std::move(triangles), options);
}

WarpMatrix FaceAligner::warp(const Eigen::VectorXf& landmarks, float tx, float ty) const {
  WarpMatrix m;
  m.leftCols<2>() = similarity2d(landmarks, reference_, kRigidPoints);
  const int middle = options_.size / 2;  // a whole pixel, also where the size is odd
  m.col(2) =
      Eigen::Vector2i(middle, middle).cast<float>() - m.leftCols<2>() * Eigen::Vector2f(tx, ty);
  return m;
}

Region FaceAligner::sourceRegion(const WarpMatrix& warp, int picture_width,
                                 int picture_height) const {
  const InverseWarp n = inverse(warp);
  if (!n.usable()) return {};
  const double last = options_.size - 1;
  double left = 0, right = 0, top = 0, bottom = 0;
  for (int corner = 0; corner < 4; ++corner) {
    const double u = (corner & 1) != 0 ? last : 0, v = (corner & 2) != 0 ? last : 0;
    const double x = n.xx * u + n.xy * v + n.x0;
    const double y = n.yx * u + n.yy * v + n.y0;
    left = corner == 0 ? x : std::min(left, x);
    right = corner == 0 ? x : std::max(right, x);
    top = corner == 0 ? y : std::min(top, y);
    bottom = corner == 0 ? y : std::max(bottom, y);
  }
  // A pixel more on each side: positions are rounded to 1/32 and blend with the next pixel.
  const auto whole = [](double value) {
    constexpr double kFar = 1e9;
    return static_cast<int>(std::clamp(value, -kFar, kFar));
  };
  const Region region{whole(std::floor(left)) - 1, whole(std::floor(top)) - 1,
                      whole(std::ceil(right) - std::floor(left)) + 3,
                      whole(std::ceil(bottom) - std::floor(top)) + 3};
  return region.clippedTo(picture_width, picture_height);
}

void FaceAligner::mask(const WarpMatrix& warp, const Eigen::VectorXf& landmarks, Image& out) const {
  const int size = options_.size;
  out.resize(size, size, 1);
  std::fill_n(out.data(), out.bytes(), std::uint8_t{0});
  std::array<Eigen::Vector2f, kPoints> points;
  for (int i = 0; i < kPoints; ++i) {
    Eigen::Vector2f& p = points[static_cast<std::size_t>(i)];
    p = warp.leftCols<2>() * Eigen::Vector2f(landmarks[i], landmarks[kPoints + i]) + warp.col(2);
    if (isRaised(i)) p.y() -= kForeheadMm * options_.scale;
    if (!p.allFinite()) return;
  }
  for (const auto& corners : triangles_) {
    const Eigen::Vector2f& a = points[static_cast<std::size_t>(corners[0])];
    const Eigen::Vector2f& b = points[static_cast<std::size_t>(corners[1])];
    const Eigen::Vector2f& c = points[static_cast<std::size_t>(corners[2])];
    const std::array<Edge, 3> edges = {Edge(a, b, c), Edge(b, c, a), Edge(c, a, b)};
    const Eigen::Array2f low = a.cwiseMin(b).cwiseMin(c).array().ceil().max(0.f);
    const Eigen::Array2f high =
        a.cwiseMax(b).cwiseMax(c).array().floor().min(static_cast<float>(size - 1));
    if (!(low <= high).all()) continue;
    const int last_row = static_cast<int>(high.y());
    for (int row = static_cast<int>(low.y()); row <= last_row; ++row) {
      const float y = static_cast<float>(row);
      const auto inside = [&](float x) {
        return edges[0].holds(x, y) && edges[1].holds(x, y) && edges[2].holds(x, y);
      };
      // Each edge's value moves one way along a row, rounding included: what holds is one stretch.
      float begin = low.x(), end = high.x();
      for (const Edge& edge : edges) edge.narrow(y, begin, end);
      begin = std::ceil(begin);
      end = std::floor(end);
      while (begin <= end && !inside(begin)) ++begin;
      while (end > begin && !inside(end)) --end;
      if (begin > end) continue;
      std::memset(out.at(static_cast<int>(begin), row), 255,
                  static_cast<std::size_t>(end - begin) + 1);
    }
  }
}

void FaceAligner::align(const WarpMatrix& warp, const ImageView& source, const Region& region,
                        Image& out, const Image* mask) const {
  const int size = options_.size;
  out.resize(size, size, 3);
  std::fill_n(out.data(), out.bytes(), std::uint8_t{0});
  const InverseWarp n = inverse(warp);
  if (!n.usable() || source.empty()) return;
  std::array<std::int32_t, kMaxSize> column_x, column_y;
  for (int u = 0; u < size; ++u) {
    column_x[static_cast<std::size_t>(u)] = fixedPosition(n.xx * u);
    column_y[static_cast<std::size_t>(u)] = fixedPosition(n.yx * u);
  }
  for (int v = 0; v < size; ++v) {
    const std::int32_t row_x = fixedPosition(n.xy * v + n.x0) + kPositionRound;
    const std::int32_t row_y = fixedPosition(n.yy * v + n.y0) + kPositionRound;
    const std::uint8_t* keep = mask != nullptr ? mask->row(v) : nullptr;
    std::uint8_t* pixel = out.row(v);
    for (int u = 0; u < size; ++u, pixel += 3) {
      if (keep != nullptr && keep[u] == 0) continue;
      const auto i = static_cast<std::size_t>(u);
      const std::int32_t fixed_x = (row_x + column_x[i]) >> (kPositionBits - kFractionBits);
      const std::int32_t fixed_y = (row_y + column_y[i]) >> (kPositionBits - kFractionBits);
      const int x = (fixed_x >> kFractionBits) - region.x;
      const int y = (fixed_y >> kFractionBits) - region.y;
      const int fx = fixed_x & (kFraction - 1), fy = fixed_y & (kFraction - 1);
#if defined(__SSE4_1__)
      // Two pixels beyond the left one, because eight bytes are read for six; and one more pixel
      // of the row to write to, because four bytes are written for three.
      if (x >= 0 && y >= 0 && x + 2 < source.width && y + 1 < source.height && u + 1 < size) {
        const std::uint8_t* top = source.at(x, y);
        sampleInside(top, top + source.stride, fx, fy, pixel);
        continue;
      }
#endif
      sampleChecked(source, x, y, fx, fy, pixel);
    }
  }
}

}  // namespace frontalis
