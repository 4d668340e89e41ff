// The stages after the landmarks (OpenFace's chain), one thread each. Needs no model files: shapes
// and pictures are made up, at the sizes of the real ones.
#include <benchmark/benchmark.h>
#include <dlib/array2d.h>
#include <dlib/image_transforms/fhog.h>
#include <dlib/pixel.h>

#include <opencv2/imgproc.hpp>
#include <random>

#include "appearance/alignment.h"
#include "appearance/fhog.h"
#include "shape/calc_params.h"
#include "shape/head_pose.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

Eigen::VectorXf face(const Pdm& pdm) {
  Eigen::VectorXf shape, image;
  pdm.shape2d({1.1f, 0.1f, 0.06f, -0.05f, 297, 214}, testing::randomLocal(pdm, 4), shape, image);
  std::srand(1);
  return image + 0.05f * Eigen::VectorXf::Random(image.size());
}

void calcParams(benchmark::State& state) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const Eigen::VectorXf image = face(pdm);
  CalcParams solver(pdm);
  int iterations = 0;
  for (auto _ : state) {
    iterations = solver.fit(image).iterations;
    benchmark::DoNotOptimize(iterations);
  }
  state.counters["iterations"] = iterations;
}
BENCHMARK(calcParams)->Unit(benchmark::kMicrosecond);

void headPoseBench(benchmark::State& state) {
  const Pdm pdm = testing::syntheticPdm(68, 34);
  const Eigen::VectorXf image = face(pdm);
  CalcParams solver(pdm);
  const CalcParams::Fit& fit = solver.fit(image);
  Eigen::VectorXf shape;
  pdm.shape3d(fit.local, shape);
  const Camera camera = Camera::forImageSize(640, 360);
  for (auto _ : state) benchmark::DoNotOptimize(headPose(fit.global, shape, image, camera));
}
BENCHMARK(headPoseBench)->Name("headPose")->Unit(benchmark::kMicrosecond);

/// Random but smooth, so that gradients have every direction.
Image picture(int width, int height) {
  std::mt19937 random(2);
  cv::Mat small(height / 8, width / 8, CV_8UC3), large;
  for (int y = 0; y < small.rows; ++y) {
    for (int x = 0; x < 3 * small.cols; ++x) {
      small.ptr(y)[x] = static_cast<std::uint8_t>(random() >> 24);
    }
  }
  cv::resize(small, large, {width, height}, 0, 0, cv::INTER_CUBIC);
  Image image(width, height, 3);
  for (int y = 0; y < height; ++y) std::copy_n(large.ptr(y), 3 * width, image.row(y));
  return image;
}

/// An outline and triangles that cover about as much as a face does: rings of points.
struct AlignmentCase {
  Pdm pdm = testing::syntheticPdm(68, 34);
  Eigen::VectorXf landmarks = Eigen::VectorXf(136);
  FaceAligner aligner = FaceAligner::create(pdm, {}, {}).value();
  Image source = picture(640, 360);
  WarpMatrix warp;

  AlignmentCase() {
    Triangulation triangles;
    for (int i = 0; i < 68; ++i) {
      const float ring = i < 34 ? 1.f : 0.5f;
      const float angle = static_cast<float>(i % 34) * 6.2832f / 34;
      landmarks[i] = 320 + 75 * ring * std::cos(angle);
      landmarks[68 + i] = 190 + 85 * ring * std::sin(angle);
      const int next = (i % 34 + 1) % 34;
      if (i < 34) {
        triangles.push_back({i, next, 34 + i});
        triangles.push_back({next, 34 + next, 34 + i});
      } else if (i % 34 > 1) {
        triangles.push_back({34, i - 1, i});
      }
    }
    aligner = FaceAligner::create(pdm, std::move(triangles), {}).value();
    warp << 0.66f, -0.03f, 0, 0.03f, 0.66f, 0;
    warp.col(2) = Eigen::Vector2f(56, 56) - warp.leftCols<2>() * Eigen::Vector2f(320, 190);
  }
};

void alignAndMask(benchmark::State& state) {
  const AlignmentCase data;
  Image mask, out;
  for (auto _ : state) {
    const WarpMatrix unused = data.aligner.warp(data.landmarks, 320, 190);
    benchmark::DoNotOptimize(&unused);
    data.aligner.mask(data.warp, data.landmarks, mask);
    data.aligner.align(data.warp, data.source, {0, 0, 640, 360}, out, &mask);
    benchmark::DoNotOptimize(out.data());
  }
  double covered = 0;
  for (std::size_t i = 0; i < mask.bytes(); ++i) covered += mask.data()[i] != 0 ? 1 : 0;
  state.counters["masked_share"] = covered / static_cast<double>(mask.bytes());
}
BENCHMARK(alignAndMask)->Unit(benchmark::kMicrosecond);

void maskOnly(benchmark::State& state) {
  const AlignmentCase data;
  Image mask;
  for (auto _ : state) {
    data.aligner.mask(data.warp, data.landmarks, mask);
    benchmark::DoNotOptimize(mask.data());
  }
}
BENCHMARK(maskOnly)->Unit(benchmark::kMicrosecond);

void alignWithoutMask(benchmark::State& state) {
  const AlignmentCase data;
  Image out;
  for (auto _ : state) {
    data.aligner.align(data.warp, data.source, {0, 0, 640, 360}, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(alignWithoutMask)->Unit(benchmark::kMicrosecond);

void opencvWarpAffine(benchmark::State& state) {
  const AlignmentCase data;
  cv::setNumThreads(1);
  const cv::Mat source(360, 640, CV_8UC3, const_cast<std::uint8_t*>(data.source.data()));
  cv::Mat warp(2, 3, CV_32F), out;
  for (int i = 0; i < 6; ++i) warp.at<float>(i / 3, i % 3) = data.warp(i / 3, i % 3);
  for (auto _ : state) {
    cv::warpAffine(source, out, warp, {112, 112}, cv::INTER_LINEAR);
    benchmark::DoNotOptimize(out.data);
  }
}
BENCHMARK(opencvWarpAffine)->Unit(benchmark::kMicrosecond);

void fhog(benchmark::State& state) {
  const Image image = picture(112, 112);
  Fhog extractor;
  std::array<float, kFhogSize> out;
  for (auto _ : state) {
    extractor.extract(image, out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(fhog)->Unit(benchmark::kMicrosecond);

void dlibFhog(benchmark::State& state) {
  const Image image = picture(112, 112);
  dlib::array2d<dlib::bgr_pixel> pixels(112, 112);
  for (int y = 0; y < 112; ++y) {
    for (int x = 0; x < 112; ++x) {
      const std::uint8_t* p = image.at(x, y);
      pixels[y][x] = dlib::bgr_pixel(p[0], p[1], p[2]);
    }
  }
  dlib::array2d<dlib::matrix<float, 31, 1>> hog;
  for (auto _ : state) {
    dlib::extract_fhog_features(pixels, hog, 8, 1, 1);
    benchmark::DoNotOptimize(&hog);
  }
}
BENCHMARK(dlibFhog)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace frontalis
