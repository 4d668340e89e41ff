// The fast response kernels against plain ones, on made-up models.
#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "face/clnf/ccnf.h"
#include "face/clnf/cen.h"
#include "face/clnf/mean_shift.h"
#include "face/clnf/patch_area.h"
#include "face/clnf/svr.h"
#include "support/clnf_files.h"
#include "util/simd.h"

namespace frontalis {
namespace {

/// Grey levels in steps of 1/1024, as the sampler gives them.
std::vector<float> randomArea(int side, unsigned seed) {
  testing::Noise noise(seed);
  std::vector<float> area;
  for (int i = 0; i < side * side; ++i) {
    area.push_back(std::floor(noise.one(0, 255) * 1024) / 1024);
  }
  return area;
}

/// The patch at (row, column) with mean 0 and L2 norm 1, row-major.
std::vector<double> patchAt(const std::vector<float>& area, int side, int support, int row,
                            int column) {
  std::vector<double> patch;
  double mean = 0;
  for (int y = 0; y < support; ++y) {
    for (int x = 0; x < support; ++x) {
      patch.push_back(area[static_cast<std::size_t>(row + y) * side + column + x]);
      mean += patch.back() / (support * support);
    }
  }
  double square = 0;
  for (double& v : patch) {
    v -= mean;
    square += v * v;
  }
  if (square > 0) {
    for (double& v : patch) v /= std::sqrt(square);
  }
  return patch;
}

std::vector<double> plainNeuronSum(const CcnfExpert& expert, const std::vector<float>& area,
                                   int window) {
  const int side = window + expert.width - 1;
  std::vector<double> response;
  for (int r = 0; r < window; ++r) {
    for (int c = 0; c < window; ++c) {
      const std::vector<double> patch = patchAt(area, side, expert.width, r, c);
      double sum = 0;
      for (const CcnfNeuron& neuron : expert.neurons) {
        if (neuron.alpha <= 1e-4) continue;
        double dot = 0;
        for (std::size_t k = 0; k < patch.size(); ++k) dot += neuron.weights.values[k] * patch[k];
        sum += 2 * neuron.alpha / (1 + std::exp(-(neuron.norm * dot + neuron.bias)));
      }
      response.push_back(sum);
    }
  }
  return response;
}

std::vector<double> plainCcnf(const CcnfFile& file, const CcnfExpert& expert,
                              const std::vector<float>& area, int window) {
  const std::vector<double> r = plainNeuronSum(expert, area, window);
  const Eigen::Index n = window * window;
  double alphas = 0;
  for (const CcnfNeuron& neuron : expert.neurons) alphas += neuron.alpha;
  Eigen::MatrixXd inverse = Eigen::MatrixXd::Identity(n, n) * (2 * alphas);
  for (const SigmaWindow& sigma : file.windows) {
    if (sigma.window != window) continue;
    for (std::size_t b = 0; b < sigma.matrices.size(); ++b) {
      inverse +=
          2 * expert.betas[b] *
          Eigen::Map<const Eigen::MatrixXf>(sigma.matrices[b].values.data(), n, n).cast<double>();
    }
  }
  const Eigen::VectorXd out = inverse.llt().solve(Eigen::Map<const Eigen::VectorXd>(r.data(), n));
  std::vector<double> response(out.data(), out.data() + n);
  const double lowest = *std::min_element(response.begin(), response.end());
  if (lowest < 0) {
    for (double& v : response) v -= lowest;
  }
  return response;
}

double worstRelative(const std::vector<float>& ours, const std::vector<double>& plain) {
  double worst = 0, scale = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    worst = std::max(worst, std::abs(ours[i] - plain[i]));
    scale = std::max(scale, std::abs(plain[i]));
  }
  return worst / scale;
}

TEST(Simd, ExponentialIsWithinItsBound) {
  double worst = 0;
  for (int i = -86992; i <= 88000; i += 8) {
    std::array<float, 8> x;
    for (int k = 0; k < 8; ++k) x[k] = std::min(static_cast<float>(i + k) * 1e-3f, 88.f);
    std::array<float, 8> y;
    exponential(F8::load(x.data())).store(y.data());
    for (int k = 0; k < 8; ++k) {
      const double truth = std::exp(static_cast<double>(x[k]));
      worst = std::max(worst, std::abs(y[k] - truth) / truth);
    }
  }
  EXPECT_LT(worst, 2e-7);
  std::array<float, 8> out;
  exponential(F8::all(1000)).store(out.data());
  EXPECT_NEAR(out[0] / std::exp(88.0), 1, 1e-6);
  exponential(F8::all(-1000)).store(out.data());
  EXPECT_GE(out[0], 0);
  EXPECT_LT(out[0], 1e-37);
}

TEST(Simd, Sums) {
  std::array<F8, 8> rows;
  for (int r = 0; r < 8; ++r) {
    std::array<float, 8> v;
    for (int c = 0; c < 8; ++c) v[c] = static_cast<float>(100 * r + c);
    rows[r] = F8::load(v.data());
    EXPECT_EQ(sum(rows[r]), 800.f * static_cast<float>(r) + 28);
  }
  std::array<float, 8> out;
  sums(rows).store(out.data());
  for (int r = 0; r < 8; ++r) EXPECT_EQ(out[r], 800.f * static_cast<float>(r) + 28);
}

TEST(Ccnf, MatchesPlainAtEveryWindow) {
  for (const int neurons : {1, 7, 8, 11}) {
    for (const int support : {5, 11}) {
      testing::SyntheticCcnf spec;
      spec.neurons = neurons;
      spec.support = support;
      spec.windows = {3, 5, 7, 9, 11};
      const Result<CcnfFile> file = parseCcnf(testing::ccnfBytes(spec), "made");
      ASSERT_TRUE(file.ok()) << file.error().text();
      const std::array<int, 8> windows = {3, 5, 7, 9, 11, 13, 15, 1};
      const auto experts = CcnfExperts::create(*file, windows, "made");
      ASSERT_TRUE(experts.ok()) << experts.error().text();
      ResponseScratch scratch;
      for (const int window : windows) {
        for (int landmark : {0, 3}) {
          const std::vector<float> area =
              randomArea(window + support - 1, static_cast<unsigned>(window));
          const CcnfExpert& plain = file->experts[4 + static_cast<std::size_t>(landmark)];
          std::vector<float> ours(static_cast<std::size_t>(window) * window);
          (*experts)->neuronSum(1, landmark, area.data(), window, ours.data());
          EXPECT_LT(worstRelative(ours, plainNeuronSum(plain, area, window)), 2e-6)
              << window << " " << neurons;
          (*experts)->respond(1, landmark, area.data(), window, scratch, ours.data());
          EXPECT_LT(worstRelative(ours, plainCcnf(*file, plain, area, window)), 5e-6)
              << window << " " << neurons;
        }
      }
    }
  }
}

// Where the matrices are not symmetric under flips the full matrix is used.
TEST(Ccnf, LopsidedFieldMatchesPlain) {
  testing::SyntheticCcnf spec;
  spec.lopsided = true;
  const Result<CcnfFile> file = parseCcnf(testing::ccnfBytes(spec), "made");
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE(FieldBasis(file->windows[1]).folded());
  EXPECT_TRUE(FieldBasis(parseCcnf(testing::ccnfBytes(), "made")->windows[1]).folded());
  const std::array<int, 1> windows = {5};
  const auto experts = CcnfExperts::create(*file, windows, "made");
  ASSERT_TRUE(experts.ok());
  const std::vector<float> area = randomArea(9, 3);
  std::vector<float> ours(25);
  ResponseScratch scratch;
  (*experts)->respond(0, 2, area.data(), 5, scratch, ours.data());
  EXPECT_LT(worstRelative(ours, plainCcnf(*file, file->experts[2], area, 5)), 5e-6);
}

TEST(Ccnf, FlatAreasGiveFiniteResponses) {
  const Result<CcnfFile> file = parseCcnf(testing::ccnfBytes(), "made");
  ASSERT_TRUE(file.ok());
  const std::array<int, 1> windows = {5};
  const auto experts = CcnfExperts::create(*file, windows, "made");
  ASSERT_TRUE(experts.ok());
  ResponseScratch scratch;
  for (const float level : {0.f, 17.25f, 255.f}) {
    const std::vector<float> area(81, level);
    std::vector<float> ours(25);
    (*experts)->neuronSum(0, 0, area.data(), 5, ours.data());
    double expected = 0;
    for (const CcnfNeuron& neuron : file->experts[0].neurons) {
      if (neuron.alpha > 1e-4) expected += 2 * neuron.alpha / (1 + std::exp(-neuron.bias));
    }
    for (const float v : ours) EXPECT_NEAR(v, expected, 1e-4);
  }
}

TEST(Ccnf, NotPositiveDefiniteIsAnError) {
  testing::SyntheticCcnf spec;
  const Result<CcnfFile> good = parseCcnf(testing::ccnfBytes(spec), "made");
  CcnfFile bad = *good;
  for (double& beta : bad.experts[0].betas) beta = -100;
  const std::array<int, 1> windows = {5};
  const auto experts = CcnfExperts::create(bad, windows, "made.txt");
  ASSERT_FALSE(experts.ok());
  EXPECT_NE(experts.error().message.find("made.txt"), std::string::npos);
}

std::vector<double> plainSvr(const SvrExpert& expert, const std::vector<float>& area, int window) {
  const int side = window + expert.width - 1;
  std::vector<double> response(static_cast<std::size_t>(window) * window, 1);
  for (const SvrModality& modality : expert.modalities) {
    std::vector<double> input(area.begin(), area.end());
    if (modality.type == 0) {
      double mean = 0, square = 0;
      for (const double v : input) mean += v / static_cast<double>(input.size());
      for (const double v : input) square += (v - mean) * (v - mean);
      const double deviation = std::sqrt(square / static_cast<double>(input.size()));
      for (double& v : input) v = (v - mean) / (deviation > 0 ? deviation : 1);
    } else {
      for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
          const bool ring = x == 0 || y == 0 || x == side - 1 || y == side - 1;
          const auto at = [&](int yy, int xx) {
            return static_cast<double>(area[static_cast<std::size_t>(yy) * side + xx]);
          };
          input[static_cast<std::size_t>(y) * side + x] =
              ring ? 0
                   : std::pow(at(y, x + 1) - at(y, x - 1), 2) +
                         std::pow(at(y + 1, x) - at(y - 1, x), 2);
        }
      }
    }
    const double cells = static_cast<double>(modality.weights.values.size());
    double mean_t = 0, variance_t = 0;
    for (const float t : modality.weights.values) mean_t += t / cells;
    for (const float t : modality.weights.values) variance_t += std::pow(t - mean_t, 2) / cells;
    for (int r = 0; r < window; ++r) {
      for (int c = 0; c < window; ++c) {
        double dot = 0, sum = 0, square = 0;
        for (int y = 0; y < expert.height; ++y) {
          for (int x = 0; x < expert.width; ++x) {
            const double v = input[static_cast<std::size_t>(r + y) * side + c + x];
            dot += v * modality.weights.values[static_cast<std::size_t>(y) * expert.width + x];
            sum += v;
            square += v * v;
          }
        }
        const double num = dot - sum * mean_t;
        const double den = std::sqrt(std::max(square - sum * sum / cells, 0.0)) *
                           std::sqrt(variance_t) * std::sqrt(cells);
        double ncc = 0;
        if (std::abs(num) < den) {
          ncc = num / den;
        } else if (std::abs(num) < 1.125 * den) {
          ncc = num > 0 ? 1 : -1;
        }
        response[static_cast<std::size_t>(r) * window + c] *=
            1 / (1 + std::exp(-(modality.scaling * ncc + modality.bias)));
      }
    }
  }
  return response;
}

TEST(Svr, MatchesPlain) {
  const Result<SvrFile> file = parseSvr(testing::svrText(), "made");
  ASSERT_TRUE(file.ok()) << file.error().text();
  const auto experts = SvrExperts::create(*file, "made");
  ASSERT_TRUE(experts.ok()) << experts.error().text();
  EXPECT_NEAR((*experts)->confidence(0, 1),
              file->experts[1].modalities[0].confidence + file->experts[1].modalities[1].confidence,
              1e-6);
  ResponseScratch scratch;
  for (const int window : {3, 7, 11}) {
    const std::vector<float> area = randomArea(window + 4, static_cast<unsigned>(window));
    std::vector<float> ours(static_cast<std::size_t>(window) * window);
    (*experts)->respond(1, 2, area.data(), window, scratch, ours.data());
    EXPECT_LT(worstRelative(ours, plainSvr(file->experts[5], area, window)), 1e-5);
  }
  // A flat area has no correlation: every modality gives the logistic of its bias.
  const std::vector<float> flat(49, 12);
  std::vector<float> ours(9);
  (*experts)->respond(0, 0, flat.data(), 3, scratch, ours.data());
  double expected = 1;
  for (const SvrModality& m : file->experts[0].modalities) expected /= 1 + std::exp(-m.bias);
  for (const float v : ours) EXPECT_NEAR(v, expected, 1e-5);
}

/// Dense or, as the original, sparse evaluation of one network; column-major patches.
double plainNetwork(const CenExpert& expert, const std::vector<float>& area, int side, int row,
                    int column) {
  const std::vector<double> patch = patchAt(area, side, expert.width, row, column);
  std::vector<double> values = {1};
  for (int x = 0; x < expert.width; ++x) {
    for (int y = 0; y < expert.height; ++y) {
      values.push_back(patch[static_cast<std::size_t>(y) * expert.width + x]);
    }
  }
  for (const CenLayer& layer : expert.layers) {
    std::vector<double> next;
    for (int o = 0; o < layer.weights.rows; ++o) {
      double sum = layer.bias[static_cast<std::size_t>(o)];
      for (std::size_t k = 0; k < values.size(); ++k) {
        sum += layer.weights.values[static_cast<std::size_t>(o) * values.size() + k] * values[k];
      }
      if (layer.activation == CenActivation::kSigmoid) sum = 1 / (1 + std::exp(-sum));
      if (layer.activation == CenActivation::kRelu) sum = std::max(sum, 0.0);
      next.push_back(sum);
    }
    values = next;
  }
  return values[0];
}

std::vector<double> plainCen(const CenExpert& expert, const std::vector<float>& area, int window) {
  const int side = window + expert.width - 1;
  std::vector<double> response(static_cast<std::size_t>(window) * window);
  const auto at = [&](int x, int y) -> double& {
    return response[static_cast<std::size_t>(y) * window + x];
  };
  for (int x = 0; x < window; ++x) {
    for (int y = 0; y < window; ++y) {
      if ((x * window + y) % 2 == 1) at(x, y) = plainNetwork(expert, area, side, y, x);
    }
  }
  for (int x = 0; x < window; ++x) {
    for (int y = 0; y < window; ++y) {
      if ((x * window + y) % 2 == 1) continue;
      double sum = 0;
      int count = 0;
      for (const auto& [dx, dy] : {std::pair{-1, 0}, {1, 0}, {0, -1}, {0, 1}}) {
        if (x + dx < 0 || x + dx >= window || y + dy < 0 || y + dy >= window) continue;
        sum += at(x + dx, y + dy);
        ++count;
      }
      at(x, y) = sum / count;
    }
  }
  return response;
}

template <class T>
std::vector<T> flipped(const std::vector<T>& map, int side) {
  std::vector<T> out(map.size());
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      out[static_cast<std::size_t>(y) * side + x] =
          map[static_cast<std::size_t>(y) * side + side - 1 - x];
    }
  }
  return out;
}

TEST(Cen, MatchesPlainOwnAndMirrored) {
  for (const std::vector<int>& widths :
       {std::vector<int>{1}, std::vector<int>{7, 6, 1}, std::vector<int>{32, 9, 1}}) {
    testing::SyntheticCen spec;
    spec.widths = widths;
    spec.support = 11;
    spec.activations = widths.size() == 1 ? std::vector<int>{0} : std::vector<int>{2, 1, 0};
    const Result<CenFile> file = parseCen(testing::cenBytes(spec), "made");
    ASSERT_TRUE(file.ok()) << file.error().text();
    const auto experts = CenExperts::create(*file, "made");
    ASSERT_TRUE(experts.ok()) << experts.error().text();
    ResponseScratch scratch;
    for (const int window : {3, 5, 7, 9, 11}) {
      const std::vector<float> area = randomArea(window + 10, static_cast<unsigned>(window));
      const std::vector<float> mirrored = flipped(area, window + 10);
      std::vector<float> ours(static_cast<std::size_t>(window) * window);
      // Own expert.
      (*experts)->respond(1, 2, area.data(), window, scratch, ours.data());
      EXPECT_LT(worstRelative(ours, plainCen(file->experts[4 + 2], area, window)), 1e-5);
      // Frontal view: the twin of the same view.
      (*experts)->respond(0, 3, area.data(), window, scratch, ours.data());
      EXPECT_LT(worstRelative(ours, flipped(plainCen(file->experts[0], mirrored, window), window)),
                1e-5);
      // View 2 mirrors view 1.
      (*experts)->respond(2, 0, area.data(), window, scratch, ours.data());
      EXPECT_LT(
          worstRelative(ours, flipped(plainCen(file->experts[4 + 3], mirrored, window), window)),
          1e-5);
    }
  }
}

TEST(MeanShift, MatchesPlain) {
  testing::Noise noise(5);
  for (const int window : {3, 5, 7, 9, 11, 15, 17, 25}) {
    const float sigma = 1.6f;
    const MeanShift shift(window, sigma);
    std::vector<float> map = noise.many(static_cast<std::size_t>(window) * window + 32, 0, 1);
    for (int trial = 0; trial < 50; ++trial) {
      const float x = noise.one(-3, static_cast<float>(window) + 2);
      const float y = noise.one(-3, static_cast<float>(window) + 2);
      const double cx = std::clamp(static_cast<double>(x), 0.0, window - 0.1);
      const double cy = std::clamp(static_cast<double>(y), 0.0, window - 0.1);
      const double qx = 0.1 * static_cast<int>(cx / 0.1 + 0.5);
      const double qy = 0.1 * static_cast<int>(cy / 0.1 + 0.5);
      double mass = 0, mx = 0, my = 0, likelihood = 0;
      for (int r = 0; r < window; ++r) {
        for (int c = 0; c < window; ++c) {
          const double v = map[static_cast<std::size_t>(r) * window + c];
          const double k =
              std::exp(-0.5 * ((qy - r) * (qy - r) + (qx - c) * (qx - c)) / (sigma * sigma));
          mass += v * k;
          mx += v * k * c;
          my += v * k * r;
          const double dx = static_cast<double>(x) - c;
          const double dy = static_cast<double>(y) - r;
          likelihood += v * std::exp(-0.5 * (dx * dx + dy * dy) / (sigma * sigma));
        }
      }
      const MeanShift::Shift ours = shift.shift(map.data(), x, y);
      EXPECT_NEAR(ours.x, mx / mass - cx, 2e-5);
      EXPECT_NEAR(ours.y, my / mass - cy, 2e-5);
      EXPECT_NEAR(shift.likelihood(map.data(), x, y) / likelihood, 1, 1e-5);
    }
  }
  const std::vector<float> nothing(9 + 32, 0.f);
  const MeanShift::Shift still = MeanShift(3, 1).shift(nothing.data(), 1, 1);
  EXPECT_EQ(still.x, 0);
  EXPECT_EQ(still.y, 0);
}

// The sampler is OpenCV 4's warpAffine to the last bit, also beyond the frame's border and where
// only a part of the frame is known.
TEST(PatchArea, EqualsWarpAffine) {
  testing::Noise noise(9);
  const int width = 61, height = 47;
  cv::Mat picture(height, width, CV_32F);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(width) * height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int v = static_cast<int>(noise.one(0, 255.9f));
      bytes[static_cast<std::size_t>(y) * width + x] = static_cast<std::uint8_t>(v);
      picture.at<float>(y, x) = static_cast<float>(v);
    }
  }
  WholeGrayImage image(bytes.data(), width, width, height);
  for (int trial = 0; trial < 200; ++trial) {
    const int side = trial % 2 == 0 ? 19 : 13;
    const float angle = noise.one(-3.1f, 3.1f);
    const float factor = noise.one(0.2f, 4);
    const Matrix2 to_image{factor * std::cos(angle), -factor * std::sin(angle),
                           factor * std::sin(angle), factor * std::cos(angle)};
    const float x = noise.one(-20, 80);
    const float y = noise.one(-20, 60);
    const float half = static_cast<float>(side - 1) / 2;
    const float a = to_image.m11, b = -to_image.m12;
    cv::Mat warp =
        (cv::Mat_<float>(2, 3) << a, -b, x - a * half + b * half, b, a, y - a * half - b * half);
    cv::Mat expected;
    cv::warpAffine(picture, expected, warp, cv::Size(side, side),
                   cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_CONSTANT, cv::Scalar(0));
    const PatchAreaSampler sampler(to_image, side);
    GrayWindow gray(image);
    std::vector<float> ours(static_cast<std::size_t>(side) * side);
    sampler.sample(gray.covering(sampler.extent(x, y)), x, y, ours.data());
    for (int v = 0; v < side; ++v) {
      for (int u = 0; u < side; ++u) {
        ASSERT_EQ(ours[static_cast<std::size_t>(v) * side + u], expected.at<float>(v, u))
            << trial << " " << u << " " << v;
      }
    }
  }
}

/// Counts what is asked for, and gives exactly that.
class CroppingSource final : public GraySource {
 public:
  CroppingSource(const std::vector<std::uint8_t>& bytes, int width, int height)
      : bytes_(bytes), width_(width), height_(height) {}
  [[nodiscard]] int width() const override { return width_; }
  [[nodiscard]] int height() const override { return height_; }
  GrayView view(const PixelRect& wanted) override {
    ++calls;
    crop_.clear();
    for (int y = wanted.top; y < wanted.bottom; ++y) {
      const auto row = bytes_.begin() + static_cast<std::ptrdiff_t>(y) * width_;
      crop_.insert(crop_.end(), row + wanted.left, row + wanted.right);
    }
    return {crop_.data(), wanted.right - wanted.left, wanted};
  }
  int calls = 0;

 private:
  const std::vector<std::uint8_t>& bytes_;
  int width_, height_;
  std::vector<std::uint8_t> crop_;
};

TEST(GrayWindow, GrowsAndGivesTheSamePixels) {
  std::vector<std::uint8_t> bytes(200 * 100);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  CroppingSource source(bytes, 200, 100);
  GrayWindow gray(source);
  for (const PixelRect wanted : {PixelRect{50, 20, 90, 60}, PixelRect{52, 22, 80, 50},
                                 PixelRect{-40, -3, 60, 30}, PixelRect{150, 80, 400, 300}}) {
    const GrayView& view = gray.covering(wanted);
    for (int y = std::max(wanted.top, 0); y < std::min(wanted.bottom, 100); ++y) {
      for (int x = std::max(wanted.left, 0); x < std::min(wanted.right, 200); ++x) {
        ASSERT_EQ(view.at(x, y), bytes[static_cast<std::size_t>(y) * 200 + x]);
      }
    }
  }
  EXPECT_EQ(source.calls, 3);  // the second was covered by the first
  EXPECT_NO_FATAL_FAILURE(gray.covering({500, 500, 600, 600}));
}

}  // namespace
}  // namespace frontalis
