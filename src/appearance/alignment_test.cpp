#include "appearance/alignment.h"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <Eigen/SVD>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <random>

#include "shape/calc_params.h"
#include "shape/similarity2d.h"
#include "support/libav.h"
#include "support/reference.h"
#include "support/sanitized.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

constexpr std::array<int, 24> kRigid = {1,  2,  3,  4,  12, 13, 14, 15, 27, 28, 29, 31,
                                        32, 33, 34, 35, 36, 39, 40, 41, 42, 45, 46, 47};

Image noiseImage(int width, int height, unsigned seed) {
  std::mt19937 random(seed);
  Image image(width, height, 3);
  for (std::size_t i = 0; i < image.bytes(); ++i) {
    image.data()[i] = static_cast<std::uint8_t>(random() >> 24);
  }
  return image;
}

/// All 68 points in one fan, so that the mask is the points' star around point 30.
Triangulation fan() {
  Triangulation triangles;
  for (int i = 0; i + 1 < 68; ++i) triangles.push_back({30, i, i + 1});
  return triangles;
}

FaceAligner aligner(const Pdm& pdm, FaceAligner::Options options = {}) {
  return FaceAligner::create(pdm, fan(), options).value();
}

Eigen::VectorXf transformed(const Eigen::VectorXf& points, double scale, double angle, double tx,
                            double ty) {
  const Eigen::Index n = points.size() / 2;
  Eigen::VectorXf out(2 * n);
  for (Eigen::Index i = 0; i < n; ++i) {
    out[i] = static_cast<float>(
        scale * (std::cos(angle) * points[i] - std::sin(angle) * points[n + i]) + tx);
    out[n + i] = static_cast<float>(
        scale * (std::sin(angle) * points[i] + std::cos(angle) * points[n + i]) + ty);
  }
  return out;
}

/// Spec pipeline 4, item 4, with the SVD.
Eigen::Matrix2d plainSimilarity(const Eigen::VectorXf& from, const Eigen::VectorXf& to,
                                std::span<const int> indices) {
  const auto n = static_cast<Eigen::Index>(indices.size());
  Eigen::MatrixXd s(n, 2), d(n, 2);
  for (Eigen::Index i = 0; i < n; ++i) {
    const int k = indices[static_cast<std::size_t>(i)];
    s.row(i) << from[k], from[from.size() / 2 + k];
    d.row(i) << to[k], to[to.size() / 2 + k];
  }
  s.rowwise() -= s.colwise().mean().eval();
  d.rowwise() -= d.colwise().mean().eval();
  const double from_size = std::sqrt(s.squaredNorm() / static_cast<double>(n));
  const double to_size = std::sqrt(d.squaredNorm() / static_cast<double>(n));
  const Eigen::Matrix2d h = (s / from_size).transpose() * (d / to_size);
  const Eigen::JacobiSVD<Eigen::Matrix2d> svd(h, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const Eigen::Matrix2d u = svd.matrixU(), v = svd.matrixV();
  Eigen::Vector2d signs(1, (v * u.transpose()).determinant() > 0 ? 1 : -1);
  return to_size / from_size * v * signs.asDiagonal() * u.transpose();
}

TEST(Similarity, EqualsTheSvd) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const Eigen::VectorXf to = 0.7f * pdm.mean().head(136);
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::srand(seed);
    Eigen::VectorXf from = transformed(to, 1.5, 0.1 * seed, 300, 200);
    from += 10 * Eigen::VectorXf::Random(136);
    if (seed % 5 == 4) from.head(68) *= -1;  // mirrored: still no reflection
    const Eigen::Matrix2f a = similarity2d(from, to, kRigid);
    EXPECT_GT(a.determinant(), 0);
    EXPECT_LT((a.cast<double>() - plainSimilarity(from, to, kRigid)).cwiseAbs().maxCoeff(), 1e-6);
  }
  EXPECT_EQ(similarity2d(Eigen::VectorXf::Ones(136), to, kRigid), Eigen::Matrix2f::Zero());
}

TEST(FaceAligner, WarpUndoesTurnScaleAndShift) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const FaceAligner face = aligner(pdm);
  const double angle = 0.3, k = 1.7;
  const WarpMatrix warp =
      face.warp(transformed(pdm.mean().head(136), k, angle, 320, 180), 325.5f, 171.25f);
  Eigen::Matrix2d expected;
  expected << std::cos(angle), std::sin(angle), -std::sin(angle), std::cos(angle);
  expected *= 0.7 / k;
  EXPECT_LT((warp.leftCols<2>().cast<double>() - expected).cwiseAbs().maxCoeff(), 1e-6);
  const Eigen::Vector2f middle =
      warp.leftCols<2>() * Eigen::Vector2f(325.5f, 171.25f) + warp.col(2);
  EXPECT_LT((middle - Eigen::Vector2f(56, 56)).norm(), 1e-4f);
}

TEST(FaceAligner, BadOptionsAreErrors) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  EXPECT_FALSE(FaceAligner::create(pdm, fan(), {.size = 0}).ok());
  EXPECT_FALSE(FaceAligner::create(pdm, fan(), {.size = 100000}).ok());
  EXPECT_FALSE(FaceAligner::create(pdm, fan(), {.scale = 0}).ok());
  EXPECT_FALSE(FaceAligner::create(pdm, fan(), {.scale = NAN}).ok());
  EXPECT_FALSE(FaceAligner::create(pdm, {{0, 1, 68}}, {}).ok());
  EXPECT_FALSE(FaceAligner::create(testing::syntheticPdm(51, 32), fan(), {}).ok());
}

cv::Mat opencvWarp(const ImageView& source, const WarpMatrix& warp, int size) {
  const cv::Mat in(source.height, source.width, CV_8UC3, const_cast<std::uint8_t*>(source.data),
                   static_cast<std::size_t>(source.stride));
  cv::Mat matrix(2, 3, CV_32F), out;
  for (int r = 0; r < 2; ++r) {
    for (int c = 0; c < 3; ++c) matrix.at<float>(r, c) = warp(r, c);
  }
  cv::warpAffine(in, out, matrix, cv::Size(size, size), cv::INTER_LINEAR, cv::BORDER_CONSTANT);
  return out;
}

bool equal(const Image& image, const cv::Mat& other) {
  for (int y = 0; y < image.height(); ++y) {
    if (std::memcmp(image.row(y), other.ptr(y), static_cast<std::size_t>(image.stride())) != 0) {
      return false;
    }
  }
  return true;
}

WarpMatrix randomWarp(std::mt19937& random, int width, int height, int size) {
  std::uniform_real_distribution<float> uniform(0, 1);
  const float angle = 6.3f * uniform(random), scale = std::exp2(4 * uniform(random) - 3);
  WarpMatrix warp;
  warp << scale * std::cos(angle), -scale * std::sin(angle), 0, scale * std::sin(angle),
      scale * std::cos(angle), 0;
  // Centres anywhere in the picture and somewhat beyond, so that borders are met often.
  const Eigen::Vector2f centre(1.4f * (uniform(random) - 0.2f) * static_cast<float>(width),
                               1.4f * (uniform(random) - 0.2f) * static_cast<float>(height));
  warp.col(2) =
      Eigen::Vector2f::Constant(static_cast<float>(size) / 2) - warp.leftCols<2>() * centre;
  return warp;
}

TEST(FaceAligner, SamplingEqualsOpenCvBitForBit) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const Image source = noiseImage(320, 240, 3);
  std::mt19937 random(7);
  for (const int size : {112, 57, 300}) {
    const FaceAligner face = aligner(pdm, {.size = size});
    Image out;
    for (int i = 0; i < 100; ++i) {
      const WarpMatrix warp = randomWarp(random, 320, 240, size);
      face.align(warp, source, {0, 0, 320, 240}, out);
      ASSERT_TRUE(equal(out, opencvWarp(source, warp, size))) << size << " " << i << "\n" << warp;
    }
    WarpMatrix identity;
    identity << 1, 0, 0, 0, 1, 0;
    face.align(identity, source, {0, 0, 320, 240}, out);
    ASSERT_TRUE(equal(out, opencvWarp(source, identity, size)));
  }
}

TEST(FaceAligner, OnlyTheSourceRegionIsNeeded) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const FaceAligner face = aligner(pdm);
  const Image source = noiseImage(320, 240, 4);
  std::mt19937 random(8);
  Image whole, part;
  for (int i = 0; i < 200; ++i) {
    const WarpMatrix warp = randomWarp(random, 320, 240, 112);
    const Region region = face.sourceRegion(warp, 320, 240);
    face.align(warp, source, {0, 0, 320, 240}, whole);
    // A copy without anything around it: reading beyond would show, to sanitizers at least.
    Image cut(region.width, region.height, 3);
    for (int y = 0; y < region.height && region.width > 0; ++y) {
      std::memcpy(cut.row(y), source.at(region.x, region.y + y),
                  static_cast<std::size_t>(cut.stride()));
    }
    face.align(warp, cut, region, part);
    ASSERT_EQ(std::memcmp(whole.data(), part.data(), whole.bytes()), 0) << i;
  }
}

TEST(FaceAligner, UnusableWarpsGiveBlack) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const FaceAligner face = aligner(pdm);
  const Image source = noiseImage(32, 24, 4);
  Image out, mask;
  for (const float value : {0.f, NAN, INFINITY, 1e30f, -1e30f, 1e-30f}) {
    const WarpMatrix warp = WarpMatrix::Constant(value);
    const Region region = face.sourceRegion(warp, 32, 24);
    EXPECT_GE(region.x, 0);
    EXPECT_LE(region.x + region.width, 32);
    face.align(warp, source, {0, 0, 32, 24}, out);
    EXPECT_EQ(std::count(out.data(), out.data() + out.bytes(), 0), 112 * 112 * 3) << value;
    face.mask(warp, Eigen::VectorXf::Constant(136, value), mask);
    EXPECT_EQ(mask.width(), 112);
  }
  const WarpMatrix fine = WarpMatrix::Identity();
  face.align(fine, ImageView{}, Region{}, out);
  EXPECT_EQ(std::count(out.data(), out.data() + out.bytes(), 0), 112 * 112 * 3);
}

/// Spec pipeline 4, item 7, pixel by pixel.
Image plainMask(const WarpMatrix& warp, const Eigen::VectorXf& landmarks,
                const Triangulation& triangles, int size, float scale) {
  std::array<Eigen::Vector2f, 68> points;
  for (int i = 0; i < 68; ++i) {
    auto& p = points[static_cast<std::size_t>(i)];
    p = warp.leftCols<2>() * Eigen::Vector2f(landmarks[i], landmarks[68 + i]) + warp.col(2);
    if (i == 0 || i == 16 || (i >= 17 && i <= 26)) p.y() -= 30.f / 0.7f * scale;
  }
  const auto cross = [](const Eigen::Vector2f& a, const Eigen::Vector2f& b,
                        const Eigen::Vector2f& p) {
    return (b.x() - a.x()) * (p.y() - a.y()) - (b.y() - a.y()) * (p.x() - a.x());
  };
  Image mask(size, size, 1);
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      const Eigen::Vector2f p(static_cast<float>(x), static_cast<float>(y));
      bool inside = false;
      for (const auto& t : triangles) {
        const auto& a = points[static_cast<std::size_t>(t[0])];
        const auto& b = points[static_cast<std::size_t>(t[1])];
        const auto& c = points[static_cast<std::size_t>(t[2])];
        const Eigen::Vector2f low = a.cwiseMin(b).cwiseMin(c), high = a.cwiseMax(b).cwiseMax(c);
        if ((p.array() < low.array()).any() || (p.array() > high.array()).any()) continue;
        inside = inside ||
                 (cross(a, b, p) * cross(a, b, c) >= 0 && cross(b, c, p) * cross(b, c, a) >= 0 &&
                  cross(c, a, p) * cross(c, a, b) >= 0);
      }
      *mask.at(x, y) = inside ? 255 : 0;
    }
  }
  return mask;
}

TEST(FaceAligner, MaskEqualsPlainVersion) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  std::mt19937 random(5);
  for (const int size : {112, 40, 201}) {
    const float scale = 0.7f * static_cast<float>(size) / 112;
    const FaceAligner face = aligner(pdm, {.size = size, .scale = scale});
    Image mask;
    for (unsigned seed = 0; seed < (testing::kSanitized ? 4 : 20); ++seed) {
      Eigen::VectorXf shape, landmarks;
      pdm.shape2d({1.3f, 0.1f, 0.2f, 0.4f, 320, 200}, testing::randomLocal(pdm, seed), shape,
                  landmarks);
      if (seed % 4 == 0) landmarks = landmarks.array().round();  // pixels on edges
      WarpMatrix warp = face.warp(landmarks, 320, 200);
      if (seed % 4 == 0) {
        warp << 1, 0, static_cast<float>(size / 2) - 320, 0, 1, static_cast<float>(size / 2) - 200;
      }
      face.mask(warp, landmarks, mask);
      const Image expected = plainMask(warp, landmarks, fan(), size, scale);
      int different = 0;
      for (std::size_t i = 0; i < mask.bytes(); ++i) {
        different += mask.data()[i] != expected.data()[i] ? 1 : 0;
      }
      EXPECT_EQ(different, 0) << size << " " << seed;
      EXPECT_GT(std::count(mask.data(), mask.data() + mask.bytes(), 255), size);
    }
  }
}

TEST(FaceAligner, MaskedPictureIsThePictureUnderTheMask) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const FaceAligner face = aligner(pdm);
  const Image source = noiseImage(640, 360, 9);
  Eigen::VectorXf shape, landmarks;
  pdm.shape2d({1.1f, 0.1f, 0.2f, 0.1f, 320, 200}, testing::randomLocal(pdm, 2), shape, landmarks);
  const WarpMatrix warp = face.warp(landmarks, 320, 200);
  Image mask, masked, unmasked;
  face.mask(warp, landmarks, mask);
  face.align(warp, source, {0, 0, 640, 360}, masked, &mask);
  face.align(warp, source, {0, 0, 640, 360}, unmasked);
  for (int y = 0; y < 112; ++y) {
    for (int x = 0; x < 112; ++x) {
      for (int c = 0; c < 3; ++c) {
        ASSERT_EQ(masked.at(x, y)[c], *mask.at(x, y) != 0 ? unmasked.at(x, y)[c] : 0);
      }
    }
  }
}

TEST(TriangulationFile, ReadsAndChecks) {
  const Result<Triangulation> good = parseTriangulation("2\n3\n4\n0 1 2\n3 4 5\n", "t.txt", 6);
  ASSERT_TRUE(good.ok());
  EXPECT_EQ((*good)[1], (std::array<int, 3>{3, 4, 5}));
  const std::string text = "2\n3\n4\n0 1 2\n3 4 5";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(parseTriangulation(text.substr(0, size), "t.txt", 6).error().code,
              ErrorCode::kCorrupt);
  }
  for (const char* bad :
       {"2\n3\n4\n0 1 2\n3 4 6\n", "2\n3\n4\n0 1 2\n3 4 -1\n", "1\n3\n6\n0 1 2\n", "1\n2\n4\n0 1\n",
        "0\n3\n4\n", "-1\n3\n4\n", "2147483647\n3\n4\n0 1 2", "1\n3\n4\n0 1 2 3\n",
        "1\n3\n4\n0 1 nan\n", "1\n3\n4\n0 1 1e0\n", "99999999999999999999\n3\n4\n"}) {
    const Result<Triangulation> result = parseTriangulation(bad, "t.txt", 6);
    ASSERT_FALSE(result.ok()) << bad;
    EXPECT_NE(result.error().message.find("t.txt"), std::string::npos);
  }
  EXPECT_EQ(readTriangulation("/nowhere/t.txt", 68).error().code, ErrorCode::kNotFound);
}

TEST(FaceAlignerReference, WarpMaskAndPictureOfEveryFrame) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = Pdm::read(testing::auPredictorsDir() / "In-the-wild_aligned_PDM_68.txt").value();
  Triangulation triangles =
      readTriangulation(testing::auPredictorsDir() / "tris_68_full.txt", 68).value();
  EXPECT_EQ(triangles.size(), 111u);
  const FaceAligner face = FaceAligner::create(pdm, std::move(triangles), {}).value();
  const auto stages = testing::gunzipJson(testing::referenceDir("single_face") / "stages.json.gz");
  CalcParams solver(pdm);
  std::size_t frame = 0;
  float worst_warp = 0;
  int mask_differences = 0, identical = 0;
  double difference = 0, inside = 0;
  Image mask, picture;
  testing::decodeBgr(
      testing::referenceDir("single_face") / "single_face.mp4", [&](const Image& source) {
        const auto& stage = stages.at("frames").at(frame++);
        const auto values = stage.at("landmarks").get<std::vector<float>>();
        const Eigen::VectorXf landmarks = Eigen::Map<const Eigen::VectorXf>(values.data(), 136);
        const GlobalParams global = solver.fit(landmarks).global;
        const WarpMatrix warp = face.warp(landmarks, global.tx, global.ty);
        const auto rows = stage.at("au_warp").get<std::vector<std::vector<float>>>();
        for (int i = 0; i < 6; ++i) {
          worst_warp = std::max(
              worst_warp, std::abs(warp(i / 3, i % 3) - rows.at(static_cast<std::size_t>(i / 3))
                                                            .at(static_cast<std::size_t>(i % 3))));
        }
        face.mask(warp, landmarks, mask);
        const Region region = face.sourceRegion(warp, source.width(), source.height());
        const ImageView part{source.at(region.x, region.y), source.stride(), region.width,
                             region.height, 3};
        face.align(warp, part, region, picture, &mask);
        char name[32];
        std::snprintf(name, sizeof name, "frame_%06zu.png", frame);
        const Image expected =
            testing::firstBgr(testing::referenceDir("single_face") / "aligned" / name);
        int changed = 0;
        for (int y = 0; y < 112; ++y) {
          for (int x = 0; x < 112; ++x) {
            const std::uint8_t* e = expected.at(x, y);
            const std::uint8_t* p = picture.at(x, y);
            const bool shown = e[0] != 0 || e[1] != 0 || e[2] != 0;
            mask_differences += shown != (*mask.at(x, y) != 0) ? 1 : 0;
            if (!shown) continue;
            inside += 3;
            for (int c = 0; c < 3; ++c) {
              difference += std::abs(e[c] - p[c]);
              changed += e[c] != p[c] ? 1 : 0;
            }
          }
        }
        identical += changed == 0 ? 1 : 0;
        return true;
      });
  std::printf(
      "warp %.2g; mask differs in %d of %zu px; mean difference %.4f; %d of %zu identical\n",
      static_cast<double>(worst_warp), mask_differences, frame * 112 * 112, difference / inside,
      identical, frame);
  EXPECT_EQ(frame, 72u);
  EXPECT_LT(worst_warp, 1e-4f);
  EXPECT_LT(mask_differences, static_cast<int>(frame * 112 * 112 / 1000));
  EXPECT_LT(difference / inside, 0.5);
}

}  // namespace
}  // namespace frontalis
