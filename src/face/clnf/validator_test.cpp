#include "face/clnf/validator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/clnf_files.h"
#include "support/reference.h"
#include "util/binary_reader.h"

namespace frontalis {
namespace {

struct Maps {
  int count = 0, width = 0, height = 0;
  std::vector<double> values;  // [map][y][x]
  [[nodiscard]] double at(int m, int y, int x) const {
    return values[(static_cast<std::size_t>(m) * height + y) * width + x];
  }
};

/// The network of testing::validatorBytes read again from the file and evaluated plainly.
std::vector<double> plainNetwork(const std::string& bytes, const std::vector<float>& warped) {
  BinaryReader in(bytes, "plain");
  in.i32();
  in.i32();
  in.matrix<double>("centre");
  const std::vector<double> mean = in.matrix<double>("mean").values;
  const std::vector<double> deviation = in.matrix<double>("deviation").values;
  const int layers = in.i32();

  std::vector<double> pixels;
  for (int x = 0; x < 60; ++x) {
    for (int y = 0; y < 60; ++y) {
      if ((x + y) % 3 == 0) pixels.push_back(warped[static_cast<std::size_t>(y) * 60 + x]);
    }
  }
  double average = 0, variance = 0;
  for (const double v : pixels) average += v / static_cast<double>(pixels.size());
  for (const double v : pixels) {
    variance += (v - average) * (v - average) / static_cast<double>(pixels.size());
  }
  Maps maps{1, 60, 60, std::vector<double>(3600, 0)};
  std::size_t p = 0;
  for (int x = 0; x < 60; ++x) {
    for (int y = 0; y < 60; ++y) {
      if ((x + y) % 3 != 0) continue;
      maps.values[static_cast<std::size_t>(y) * 60 + x] =
          ((pixels[p] - average) / std::sqrt(variance) - mean[p]) / deviation[p];
      ++p;
    }
  }
  for (int l = 0; l < layers; ++l) {
    const int type = in.i32();
    Maps next;
    if (type == 0) {
      const int inputs = in.i32();
      const int outputs = in.i32();
      const std::vector<float> bias = in.array<float>(static_cast<std::uint64_t>(outputs), "bias");
      std::vector<RawMatrix<float>> kernels;
      for (int k = 0; k < inputs * outputs; ++k) kernels.push_back(in.matrix<float>("kernel"));
      const int side = kernels[0].rows;
      next = {outputs, maps.width - side + 1, maps.height - side + 1, {}};
      for (int o = 0; o < outputs; ++o) {
        for (int y = 0; y < next.height; ++y) {
          for (int x = 0; x < next.width; ++x) {
            double sum = bias[static_cast<std::size_t>(o)];
            for (int i = 0; i < inputs; ++i) {
              const RawMatrix<float>& kernel =
                  kernels[static_cast<std::size_t>(i) * outputs + static_cast<std::size_t>(o)];
              for (int a = 0; a < side; ++a) {
                for (int b = 0; b < side; ++b) {
                  sum += kernel.values[static_cast<std::size_t>(a) * side + b] *
                         maps.at(i, y + a, x + b);
                }
              }
            }
            next.values.push_back(sum);
          }
        }
      }
    } else if (type == 1) {
      const auto size = [](int n) { return static_cast<int>(std::floor((n - 2) / 2.0 + 0.5)) + 1; };
      next = {maps.count, size(maps.width), size(maps.height), {}};
      for (int m = 0; m < maps.count; ++m) {
        for (int y = 0; y < next.height; ++y) {
          for (int x = 0; x < next.width; ++x) {
            double best = -1e30;
            for (int a = 2 * y; a < std::min(2 * y + 2, maps.height); ++a) {
              for (int b = 2 * x; b < std::min(2 * x + 2, maps.width); ++b) {
                best = std::max(best, maps.at(m, a, b));
              }
            }
            next.values.push_back(best);
          }
        }
      }
    } else if (type == 2) {
      const std::vector<float> bias = in.matrix<float>("bias").values;
      const RawMatrix<float> weights = in.matrix<float>("weights");
      std::vector<double> flat;
      for (int m = 0; m < maps.count; ++m) {
        for (int x = 0; x < maps.width; ++x) {
          for (int y = 0; y < maps.height; ++y) flat.push_back(maps.at(m, y, x));
        }
      }
      next = {weights.cols, 1, 1, {}};
      for (int o = 0; o < weights.cols; ++o) {
        double sum = bias[static_cast<std::size_t>(o)];
        for (std::size_t k = 0; k < flat.size(); ++k) {
          sum += flat[k] * weights.values[k * static_cast<std::size_t>(weights.cols) +
                                          static_cast<std::size_t>(o)];
        }
        next.values.push_back(sum);
      }
    } else {
      next = maps;
      for (double& v : next.values) v = type == 3 ? std::max(v, 0.0) : 1 / (1 + std::exp(-v));
    }
    maps = next;
  }
  EXPECT_FALSE(in.failed());
  return maps.values;
}

TEST(Validator, NetworkMatchesPlain) {
  const std::string bytes = testing::validatorBytes();
  const Result<Validator> validator = Validator::parse(bytes, "made");
  ASSERT_TRUE(validator.ok()) << validator.error().text();
  EXPECT_EQ(validator->landmarks(), 4);
  testing::Noise noise(3);
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < 120 * 90; ++i) {
    pixels.push_back(static_cast<std::uint8_t>(noise.one(0, 255.9f)));
  }
  WholeGrayImage image(pixels.data(), 120, 120, 90);
  Validation validation(*validator);
  for (const float shift : {0.f, 7.3f, -25.f}) {
    GrayWindow gray(image);
    const std::array<float, 8> landmarks = {20 + shift, 85 + shift, 80 + shift, 15 + shift,
                                            10,         14,         75,         70};
    const float certainty = validation.certainty(gray, {0, 0, 0}, landmarks.data());
    const std::vector<double> expected = plainNetwork(bytes, validation.warped());
    ASSERT_EQ(validation.output().size(), expected.size());
    double largest = 0;
    for (const double v : expected) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(validation.output()[i] / largest, expected[i] / largest, 1e-5);
    }
    const double best =
        static_cast<double>(std::max_element(expected.begin(), expected.end()) - expected.begin());
    EXPECT_NEAR(certainty, 1 - 1 / 12.0 - best / 6, 1e-6);
  }
}

// The corners of the picture are the landmarks: the warp is then a plain resampling.
TEST(Validator, WarpFollowsTheLandmarks) {
  const Result<Validator> validator = Validator::parse(testing::validatorBytes(), "made");
  ASSERT_TRUE(validator.ok());
  std::vector<std::uint8_t> pixels(100 * 100);
  for (int y = 0; y < 100; ++y) {
    for (int x = 0; x < 100; ++x) {
      pixels[static_cast<std::size_t>(y) * 100 + x] = static_cast<std::uint8_t>(x + y);
    }
  }
  WholeGrayImage image(pixels.data(), 100, 100, 100);
  GrayWindow gray(image);
  Validation validation(*validator);
  const std::array<float, 8> landmarks = {20, 80, 80, 20, 20, 20, 80, 80};
  validation.certainty(gray, {0, 0, 0}, landmarks.data());
  EXPECT_EQ(validation.crop().left, 17);
  EXPECT_EQ(validation.crop().right, 83);
  for (int y = 0; y < 60; ++y) {
    for (int x = 0; x < 60; ++x) {
      const float value = validation.warped()[static_cast<std::size_t>(y) * 60 + x];
      if ((x + y) % 3 == 0) {
        EXPECT_NEAR(value, 40 + x + y, 0.1) << x << " " << y;
      } else {
        EXPECT_EQ(value, 0);
      }
    }
  }
}

TEST(Validator, NothingToSeeIsZero) {
  const Result<Validator> validator = Validator::parse(testing::validatorBytes(), "made");
  ASSERT_TRUE(validator.ok());
  const std::vector<std::uint8_t> pixels(64 * 48, 90);
  WholeGrayImage image(pixels.data(), 64, 64, 48);
  GrayWindow gray(image);
  Validation validation(*validator);
  const std::array<float, 8> outside = {200, 260, 260, 200, 10, 10, 40, 40};
  EXPECT_EQ(validation.certainty(gray, {0, 0, 0}, outside.data()), 0);
  const std::array<float, 8> far = {1e9f, -1e9f, 1e20f, 3, 2, 1e12f, -1e12f, 0};
  EXPECT_GE(validation.certainty(gray, {0, 0, 0}, far.data()), 0);
}

TEST(Validator, DamagedFiles) {
  const std::string good = testing::validatorBytes();
  for (std::size_t size = 0; size < good.size(); size += size < 4000 ? 1 : 97) {
    const Result<Validator> cut = Validator::parse(std::string_view(good).substr(0, size), "cut");
    ASSERT_FALSE(cut.ok()) << size;
    EXPECT_NE(cut.error().message.find("offset"), std::string::npos);
  }
  EXPECT_FALSE(Validator::parse(good + "x", "long").ok());
  // Any four bytes of the head, and of the tail's indices, may be anything.
  int refused = 0;
  for (std::size_t offset = 0; offset + 4 <= good.size(); offset += 404) {
    for (const std::int32_t value : {-1, 0x7fffffff, 0x7fc00000, 70000}) {
      std::string bad = good;
      std::memcpy(bad.data() + offset, &value, 4);
      refused += Validator::parse(bad, "bad").ok() ? 0 : 1;
    }
  }
  EXPECT_GT(refused, 10);
}

// Counts of spec clnf 11.1 in OpenFace's own files; the CE-CLM one has 20 outputs.
TEST(Validator, OpenFaceFiles) {
  FRONTALIS_NEEDS_SHARED("models");
  const std::vector<std::uint8_t> pixels(64 * 48, 90);
  for (const auto& [name, outputs] :
       {std::pair{"validator_cnn.txt", 30}, {"validator_cnn_68.txt", 20}}) {
    const Result<Validator> validator =
        Validator::load(testing::landmarkModelDir() / "detection_validation" / name);
    ASSERT_TRUE(validator.ok()) << validator.error().text();
    EXPECT_EQ(validator->landmarks(), 68);
    Validation validation(*validator);
    WholeGrayImage image(pixels.data(), 64, 64, 48);
    GrayWindow gray(image);
    std::vector<float> landmarks;
    for (int i = 0; i < 136; ++i) landmarks.push_back(static_cast<float>(5 + i * 7 % 37));
    validation.certainty(gray, {0, 0, 0}, landmarks.data());
    EXPECT_EQ(static_cast<int>(validation.output().size()), outputs);
  }
}

}  // namespace
}  // namespace frontalis
