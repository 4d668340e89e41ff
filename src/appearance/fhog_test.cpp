#include "appearance/fhog.h"

#include <dlib/array2d.h>
#include <dlib/image_transforms/fhog.h>
#include <dlib/pixel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "support/libav.h"
#include "support/reference.h"
#include "util/sha256.h"

namespace frontalis {
namespace {

std::vector<float> fhog(const ImageView& image) {
  std::vector<float> out(kFhogSize);
  static Fhog extractor;  // used again and again: nothing of the last picture may remain
  extractor.extract(image, std::span<float, kFhogSize>(out.data(), kFhogSize));
  return out;
}

Image selfTestImage() {
  Image image(112, 112, 3);
  for (int y = 0; y < 112; ++y) {
    for (int x = 0; x < 112; ++x) {
      image.at(x, y)[0] = static_cast<std::uint8_t>((3 * x + 5 * y) % 256);
      image.at(x, y)[1] = static_cast<std::uint8_t>(x * y / 7 % 256);
      image.at(x, y)[2] = static_cast<std::uint8_t>((x * x + 2 * y) / 9 % 256);
    }
  }
  return image;
}

Image randomImage(unsigned seed, bool smooth) {
  std::mt19937 random(seed);
  Image image(112, 112, 3);
  for (std::size_t i = 0; i < image.bytes(); ++i) {
    image.data()[i] = static_cast<std::uint8_t>(random() >> 24);
  }
  if (smooth) {
    // Few levels and flat patches: ties between colours and between directions.
    for (int y = 0; y < 112; ++y) {
      for (int x = 0; x < 112; ++x) {
        for (int c = 0; c < 3; ++c) {
          image.at(x, y)[c] = static_cast<std::uint8_t>(*image.at(x / 3 * 3, y / 5 * 5) / 64 * 64);
        }
      }
    }
  }
  return image;
}

std::vector<float> dlibFhog(const Image& image) {
  dlib::array2d<dlib::bgr_pixel> pixels(112, 112);
  for (int y = 0; y < 112; ++y) {
    for (int x = 0; x < 112; ++x) {
      const std::uint8_t* p = image.at(x, y);
      pixels[y][x] = dlib::bgr_pixel(p[0], p[1], p[2]);
    }
  }
  dlib::array2d<dlib::matrix<float, 31, 1>> hog;
  dlib::extract_fhog_features(pixels, hog, 8, 1, 1);
  std::vector<float> out;
  for (long r = 0; r < hog.nr(); ++r) {
    for (long c = 0; c < hog.nc(); ++c) {
      for (long k = 0; k < 31; ++k) out.push_back(hog[r][c](k));
    }
  }
  return out;
}

/// Spec pipeline 5 word for word in double.
std::vector<double> plainFhog(const Image& image) {
  const auto at = [&](int x, int y, int c) { return static_cast<double>(image.at(x, y)[c]); };
  static const double kX[9] = {1, .9397, .7660, .5, .1736, -.1736, -.5, -.7660, -.9397};
  static const double kY[9] = {0, .3420, .6428, .8660, .9848, .9848, .8660, .6428, .3420};
  std::vector<double> grid(16 * 16 * 18, 0.0);
  const auto h = [&](int row, int column, int o) -> double& {
    return grid[static_cast<std::size_t>(((row + 1) * 16 + column + 1) * 18 + o)];
  };
  for (int y = 1; y <= 110; ++y) {
    for (int x = 1; x <= 110; ++x) {
      double gx[3], gy[3], square[3];
      for (int c = 0; c < 3; ++c) {
        gx[c] = at(x + 1, y, c) - at(x - 1, y, c);
        gy[c] = at(x, y + 1, c) - at(x, y - 1, c);
        square[c] = gx[c] * gx[c] + gy[c] * gy[c];
      }
      int color = 2;
      if (x <= 104) {
        color = square[2] > square[1] ? 2 : 1;
        color = square[color] > square[0] ? color : 0;
      } else {
        if (square[1] > square[color]) color = 1;
        if (square[0] > square[color]) color = 0;
      }
      double best = 0;
      int bin = 0;
      for (int o = 0; o < 9; ++o) {
        const double d = gx[color] * kX[o] + gy[color] * kY[o];
        if (d > best) {
          best = d;
          bin = o;
        } else if (-d > best) {
          best = -d;
          bin = o + 9;
        }
      }
      const double v = std::sqrt(square[color]);
      const double xp = (x + .5) / 8 - .5, yp = (y + .5) / 8 - .5;
      const int ix = static_cast<int>(std::floor(xp)), iy = static_cast<int>(std::floor(yp));
      const double fx = xp - ix, fy = yp - iy;
      h(iy, ix, bin) += v * (1 - fx) * (1 - fy);
      h(iy, ix + 1, bin) += v * fx * (1 - fy);
      h(iy + 1, ix, bin) += v * (1 - fx) * fy;
      h(iy + 1, ix + 1, bin) += v * fx * fy;
    }
  }
  const auto energy = [&](int row, int column) {
    double sum = 0;
    for (int o = 0; o < 9; ++o) sum += std::pow(h(row, column, o) + h(row, column, o + 9), 2);
    return sum;
  };
  const auto block = [&](int r, int c) {
    return energy(r, c) + energy(r, c + 1) + energy(r + 1, c) + energy(r + 1, c + 1);
  };
  std::vector<double> out;
  for (int r = 0; r < 12; ++r) {
    for (int c = 0; c < 12; ++c) {
      const double b[4] = {block(r + 1, c + 1), block(r, c + 1), block(r + 1, c), block(r, c)};
      const auto f = [&](int k, double value) {
        const double limit = 0.2 * std::sqrt(b[k] + 1e-4);
        return std::min(value, limit) * 0.1 / limit;
      };
      const auto cell = [&](int o) { return h(r + 1, c + 1, o); };
      for (int o = 0; o < 18; ++o) {
        out.push_back(f(0, cell(o)) + f(1, cell(o)) + f(2, cell(o)) + f(3, cell(o)));
      }
      for (int o = 0; o < 9; ++o) {
        const double both = cell(o) + cell(o + 9);
        out.push_back(f(0, both) + f(1, both) + f(2, both) + f(3, both));
      }
      for (int k = 0; k < 4; ++k) {
        double sum = 0;
        for (int o = 0; o < 18; ++o) sum += f(k, cell(o));
        out.push_back(0.4714 * sum);
      }
    }
  }
  return out;
}

template <class A, class B>
double largestDifference(const A& a, const B& b) {
  EXPECT_EQ(a.size(), b.size());
  double worst = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return worst;
}

TEST(Fhog, SelfTestOfTheSpec) {
  const Image image = selfTestImage();
  ASSERT_EQ(sha256({reinterpret_cast<const char*>(image.data()), image.bytes()}),
            "33611b417348212b1c05f00cfa615c9151122c1ac84d567cbe7605d6f7584c7e");
  const std::vector<float> out = fhog(image);
  double sum = 0, squares = 0;
  for (const float v : out) {
    sum += v;
    squares += static_cast<double>(v) * v;
  }
  EXPECT_NEAR(sum, 343.36929, 1e-4);
  EXPECT_NEAR(squares, 105.775739, 1e-5);
  struct Expected {
    int row, column;
    std::map<int, double> channels;
  };
  const std::vector<Expected> cells = {
      {0, 0, {{3, .4}, {21, .4}, {27, .04714}, {28, .04714}, {29, .04714}, {30, .04714}}},
      {0,
       11,
       {{0, .4},
        {9, .4},
        {11, .0465934},
        {14, .1354189},
        {18, .4},
        {20, .0465934},
        {23, .1354189},
        {27, .1142851},
        {28, .1158351},
        {29, .1152375},
        {30, .1175628}}},
      {5,
       3,
       {{0, .0132512},
        {1, .0294333},
        {2, .2988665},
        {9, .32534},
        {11, .4},
        {18, .3385912},
        {19, .0294333},
        {20, .4},
        {27, .1208683},
        {28, .1101951},
        {29, .1321013},
        {30, .1397678}}},
      {3,
       5,
       {{0, .3299128},
        {9, .4},
        {11, .4},
        {14, .2780752},
        {18, .4},
        {20, .4},
        {23, .2780752},
        {27, .1755781},
        {28, .1695115},
        {29, .1579655},
        {30, .1606705}}},
      {11,
       0,
       {{0, .4},
        {1, .0312903},
        {9, .2078841},
        {11, .4},
        {14, .2972086},
        {18, .4},
        {19, .0312903},
        {20, .4},
        {23, .2972086},
        {27, .156196},
        {28, .1457629},
        {29, .1644748},
        {30, .1635373}}},
      {11,
       11,
       {{0, .4},
        {9, .2682111},
        {11, .4},
        {12, .0138078},
        {14, .0970448},
        {18, .4},
        {20, .4},
        {21, .0138078},
        {23, .0970448},
        {27, .1434068},
        {28, .1350365},
        {29, .1421681},
        {30, .1351993}}}};
  for (const Expected& cell : cells) {
    for (int channel = 0; channel < 31; ++channel) {
      const auto found = cell.channels.find(channel);
      const double expected = found == cell.channels.end() ? 0 : found->second;
      EXPECT_NEAR(out[static_cast<std::size_t>((cell.row * 12 + cell.column) * 31 + channel)],
                  expected, 2e-7)
          << cell.row << "," << cell.column << " channel " << channel;
    }
  }
}

TEST(Fhog, EqualsPlainVersionAndDlib) {
  double worst_plain = 0, worst_dlib = 0;
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Image image = randomImage(seed, seed % 2 == 1);
    const std::vector<float> out = fhog(image);
    worst_plain = std::max(worst_plain, largestDifference(out, plainFhog(image)));
    worst_dlib = std::max(worst_dlib, largestDifference(out, dlibFhog(image)));
  }
  std::printf("largest difference: plain %.2g, dlib %.2g\n", worst_plain, worst_dlib);
  EXPECT_LT(worst_plain, 1e-6);
  EXPECT_LT(worst_dlib, 1e-6);
}

TEST(Fhog, BlackIsZeroAndOtherSizesToo) {
  Image image(112, 112, 3);
  std::memset(image.data(), 0, image.bytes());
  EXPECT_EQ(fhog(image), std::vector<float>(kFhogSize, 0.f));
  EXPECT_EQ(fhog(Image(112, 112, 1)), std::vector<float>(kFhogSize, 0.f));
  EXPECT_EQ(fhog(Image(111, 112, 3)), std::vector<float>(kFhogSize, 0.f));
  EXPECT_EQ(fhog(ImageView{}), std::vector<float>(kFhogSize, 0.f));
}

TEST(FhogReference, AlignedFacesGiveTheHogFile) {
  FRONTALIS_NEEDS_SHARED("reference");
  const std::string hog =
      testing::gunzip(testing::referenceDir("single_face") / "single_face.hog.gz");
  constexpr std::size_t kFrame = 16 + 4 * kFhogSize;
  ASSERT_EQ(hog.size(), 72 * kFrame);
  double worst = 0;
  std::vector<float> expected(kFhogSize);
  for (std::size_t frame = 0; frame < 72; ++frame) {
    std::memcpy(expected.data(), hog.data() + frame * kFrame + 16, 4 * kFhogSize);
    char name[32];
    std::snprintf(name, sizeof name, "frame_%06zu.png", frame + 1);
    const Image image = testing::firstBgr(testing::referenceDir("single_face") / "aligned" / name);
    worst = std::max(worst, largestDifference(fhog(image), expected));
  }
  std::printf("largest difference from the .hog file: %.2g\n", worst);
  EXPECT_LT(worst, 1e-6);
}

}  // namespace
}  // namespace frontalis
