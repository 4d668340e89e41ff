#include "appearance/fhog.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstring>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace frontalis {

namespace {

constexpr std::size_t kCell = 8;
constexpr float kEpsilon = 1e-4f;
constexpr float kClip = 0.2f;
constexpr float kHalfShare = 0.1f;
constexpr float kTexture = 0.4714f;

// Unit vectors at 0, 20, ... 160 degrees with the four decimals that the published code has.
// Those from 100 degrees on mirror the ones before: 9 - o has (-x, y) of o.
constexpr std::array<float, 5> kDirectionX = {1.0000f, 0.9397f, 0.7660f, 0.5000f, 0.1736f};
constexpr std::array<float, 5> kDirectionY = {0.0000f, 0.3420f, 0.6428f, 0.8660f, 0.9848f};

/// Up to this column dlib decides ties between colours eight pixels at a time, with another rule.
constexpr std::size_t kVectorTies = 104;

/// Eight pixels side by side; the compilers' own vectors serve every processor.
using Float8 = float __attribute__((vector_size(32)));
using Int8 = std::int32_t __attribute__((vector_size(32)));
using Float4 = float __attribute__((vector_size(16)));

template <class Vector>
Vector load(const void* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class Vector>
void store(void* to, const Vector& v) {
  std::memcpy(to, &v, sizeof v);
}

void squareRoots(float* values) {
#if defined(__AVX__)
  _mm256_storeu_ps(values, _mm256_sqrt_ps(_mm256_loadu_ps(values)));
#else
  for (int i = 0; i < 8; ++i) values[i] = std::sqrt(values[i]);
#endif
}

/// Index of the direction nearest to (x, y), 9 more where the opposite one is; the first of equals.
Int8 nearestDirection(const Float8& x, const Float8& y) {
  // Direction o and its mirror image 9 - o share their products.
  std::array<Float8, 9> along;
  along[0] = x;
  for (std::size_t o = 1; o <= 4; ++o) {
    const Float8 px = x * kDirectionX[o], py = y * kDirectionY[o];
    along[o] = py + px;
    along[9 - o] = py - px;
  }
  const Int8 no_sign = Int8{} + 0x7fffffff;
  Float8 best{}, best_along{};
  Int8 direction{};
  for (std::int32_t o = 0; o < 9; ++o) {
    const Float8& value = along[static_cast<std::size_t>(o)];
    const Float8 size = reinterpret_cast<Float8>(reinterpret_cast<Int8>(value) & no_sign);
    const Int8 better = size > best;
    direction = better ? Int8{} + o : direction;
    best_along = better ? value : best_along;
    best = better ? size : best;
  }
  return best_along < 0.f ? direction + 9 : direction;
}

/// Bilinear shares by the pixel's place among its four cell centres.
constexpr auto kShares = [] {
  std::array<std::array<std::array<float, 4>, kCell>, kCell> shares{};
  for (std::size_t y = 0; y < kCell; ++y) {
    for (std::size_t x = 0; x < kCell; ++x) {
      const float right = (static_cast<float>(x) + 0.5f) / kCell;
      const float low = (static_cast<float>(y) + 0.5f) / kCell;
      shares[y][x] = {(1 - right) * (1 - low), right * (1 - low), (1 - right) * low, right * low};
    }
  }
  return shares;
}();

}  // namespace

void Fhog::loadRow(const std::uint8_t* bgr, std::size_t slot) {
  auto& [blue, green, red] = colors_[slot];
  for (std::size_t x = 0; x < kWidth; ++x) {
    blue[x] = bgr[3 * x];
    green[x] = bgr[3 * x + 1];
    red[x] = bgr[3 * x + 2];
  }
}

void Fhog::gradients(std::size_t above, std::size_t below, std::size_t here) {
  const auto& top = colors_[above];
  const auto& middle = colors_[here];
  const auto& bottom = colors_[below];
  for (std::size_t x = 1; x < kVectorTies; x += 8) {
    std::array<Float8, 3> gx, gy, square;
    for (std::size_t c = 0; c < 3; ++c) {
      gx[c] = load<Float8>(&middle[c][x + 1]) - load<Float8>(&middle[c][x - 1]);
      gy[c] = load<Float8>(&bottom[c][x]) - load<Float8>(&top[c][x]);
      square[c] = gx[c] * gx[c] + gy[c] * gy[c];
    }
    const Int8 red = square[2] > square[1];
    const Float8 first = red ? square[2] : square[1];
    const Int8 keep = first > square[0];
    const Float8 best_x = keep ? (red ? gx[2] : gx[1]) : gx[0];
    const Float8 best_y = keep ? (red ? gy[2] : gy[1]) : gy[0];
    store(&direction_[x], nearestDirection(best_x, best_y));
    store(&magnitude_[x], keep ? first : square[0]);
    squareRoots(&magnitude_[x]);
  }
  Float8 last_x{}, last_y{};
  for (std::size_t x = kVectorTies + 1; x + 1 < kWidth; ++x) {
    const std::size_t lane = x - kVectorTies - 1;
    float best = -1;
    for (const std::size_t c : {2, 1, 0}) {
      const float gx = middle[c][x + 1] - middle[c][x - 1];
      const float gy = bottom[c][x] - top[c][x];
      const float square = gx * gx + gy * gy;
      if (square > best) {
        last_x[lane] = gx;
        last_y[lane] = gy;
        best = square;
      }
    }
    magnitude_[x] = std::sqrt(best);
  }
  const Int8 last = nearestDirection(last_x, last_y);
  std::memcpy(&direction_[kVectorTies + 1], &last,
              (kWidth - 2 - kVectorTies) * sizeof(std::int32_t));
}

void Fhog::addRow(std::size_t y) {
  const auto& shares = kShares[(y + kCell / 2) % kCell];
  // Half a cell of pixels left of the first centre, then a cell's width between centres.
  std::size_t x = 1;
  for (std::size_t pair = 0; pair < kGrid - 1; ++pair) {
    auto& votes = votes_[pair];
    const std::size_t end = std::min(kWidth - 1, pair * kCell + kCell / 2);
    for (; x < end; ++x) {
      float* vote = votes[x % 2][static_cast<std::size_t>(direction_[x])].data();
      const auto share = load<Float4>(shares[(x + kCell / 2) % kCell].data());
      store(vote, load<Float4>(vote) + magnitude_[x] * share);
    }
  }
}

void Fhog::closeBand(std::size_t upper) {
  for (std::size_t pair = 0; pair < kGrid - 1; ++pair) {
    for (std::size_t o = 0; o < kDirections; ++o) {
      Corners sum;
      store(sum.data(),
            load<Float4>(votes_[pair][0][o].data()) + load<Float4>(votes_[pair][1][o].data()));
      cells_[upper][pair][o] += sum[0];
      cells_[upper][pair + 1][o] += sum[1];
      cells_[upper + 1][pair][o] += sum[2];
      cells_[upper + 1][pair + 1][o] += sum[3];
    }
  }
  votes_ = {};
}

void Fhog::normalise(std::span<float, kFhogSize> out) const {
  constexpr std::size_t kReal = kGrid - 2;
  std::array<std::array<float, kReal>, kReal> energy;
  for (std::size_t row = 0; row < kReal; ++row) {
    for (std::size_t column = 0; column < kReal; ++column) {
      const auto& cell = cells_[row + 1][column + 1];
      float sum = 0;
      for (std::size_t o = 0; o < 9; ++o) {
        const float both = cell[o] + cell[o + 9];
        sum += both * both;
      }
      energy[row][column] = sum;
    }
  }
  const auto block = [&](std::size_t row, std::size_t column) {
    return energy[row][column] + energy[row][column + 1] + energy[row + 1][column] +
           energy[row + 1][column + 1];
  };
  using Lanes = Eigen::Array<float, 8, 1>;
  float* values = out.data();
  for (std::size_t row = 0; row < kFhogCells; ++row) {
    for (std::size_t column = 0; column < kFhogCells; ++column, values += kFhogChannels) {
      const float* cell = cells_[row + 2][column + 2].data();
      const std::array<float, 4> blocks = {block(row + 1, column + 1), block(row, column + 1),
                                           block(row + 1, column), block(row, column)};
      std::array<Lanes, 3> directed, directed_sum;
      for (std::size_t part = 0; part < 3; ++part) {
        directed[part] = Eigen::Map<const Lanes>(cell + 8 * part);
        directed_sum[part].setZero();
      }
      // Nine undirected values: eight side by side and the last alone.
      const Lanes undirected = directed[0] + Eigen::Map<const Lanes>(cell + 9);
      const float last = cell[8] + cell[17];
      Lanes undirected_sum = Lanes::Zero();
      float last_sum = 0;
      std::array<float, 4> texture;
      for (std::size_t b = 0; b < 4; ++b) {
        const float limit = kClip * std::sqrt(blocks[b] + kEpsilon);
        const float factor = kHalfShare / limit;
        Lanes sum = Lanes::Zero();
        for (std::size_t part = 0; part < 3; ++part) {
          const Lanes share = directed[part].min(limit) * factor;
          directed_sum[part] += share;
          sum += share;
        }
        undirected_sum += undirected.min(limit) * factor;
        last_sum += std::min(last, limit) * factor;
        texture[b] = kTexture * sum.sum();
      }
      std::array<float, kCellLanes> channels;
      for (std::size_t part = 0; part < 3; ++part) {
        Eigen::Map<Lanes>(channels.data() + 8 * part) = directed_sum[part];
      }
      std::copy_n(channels.begin(), kDirections, values);
      Eigen::Map<Lanes>(values + kDirections) = undirected_sum;
      values[kDirections + 8] = last_sum;
      std::copy(texture.begin(), texture.end(), values + kDirections + 9);
    }
  }
}

void Fhog::extract(const ImageView& bgr, std::span<float, kFhogSize> out) {
  if (bgr.width != kFhogImageSize || bgr.height != kFhogImageSize || bgr.channels != 3) {
    std::fill(out.begin(), out.end(), 0.f);
    return;
  }
  cells_ = {};
  votes_ = {};
  loadRow(bgr.row(0), 0);
  loadRow(bgr.row(1), 1);
  for (std::size_t y = 1; y + 1 < kWidth; ++y) {
    loadRow(bgr.row(static_cast<int>(y + 1)), (y + 1) % 3);
    gradients((y - 1) % 3, (y + 1) % 3, y % 3);
    addRow(y);
    const bool band_ends = (y + kCell / 2) % kCell == kCell - 1 || y + 2 == kWidth;
    if (band_ends) closeBand((y + kCell / 2) / kCell);
  }
  normalise(out);
}

}  // namespace frontalis
