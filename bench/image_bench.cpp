// Cost of taking pixels out of decoded frames; compare with converting the whole frame.
#include <benchmark/benchmark.h>

#include <vector>

#include "image/convert.h"
#include "image/reduce.h"
#include "image/sample.h"
#include "support/test_frames.h"

namespace frontalis {
namespace {

Frame frameOf(const benchmark::State& state) {
  const int depth = static_cast<int>(state.range(2));
  return testing::makeFrame({static_cast<int>(state.range(0)), static_cast<int>(state.range(1)),
                             PixelLayout::kYuv420, depth},
                            testing::scenery(20));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Unit(benchmark::kMicrosecond)
      ->ArgNames({"width", "height", "bits"})
      ->Args({640, 360, 8})
      ->Args({1920, 1080, 8})
      ->Args({1920, 1080, 10})
      ->Args({3840, 2160, 8});
}

void reduceTo320(benchmark::State& state) {
  const Frame frame = frameOf(state);
  const Size size = reducedSize(frame, 320);
  Reducer reducer;
  Image bgr;
  for (auto _ : state) {
    reducer.reduce(frame, size.width, size.height, bgr);
    benchmark::DoNotOptimize(bgr.data());
  }
}
BENCHMARK(reduceTo320)->Apply(sizes);

/// A face as wide as a third of the picture, turned by 10 degrees.
Affine faceCrop(const Frame& frame, int size) {
  const double scale = frame.height() * .6 / size;
  return {scale * .985, -scale * .174, frame.width() * .35,
          scale * .174, scale * .985,  frame.height() * .15};
}

void sampleRgb256(benchmark::State& state) {
  const Frame frame = frameOf(state);
  const Affine map = faceCrop(frame, 256);
  std::vector<float> rgb(256 * 256 * 3);
  for (auto _ : state) {
    sampleAffine(frame, map, 256, 256, Border::kReplicate, rgb.data());
    benchmark::DoNotOptimize(rgb.data());
  }
}
BENCHMARK(sampleRgb256)->Apply(sizes);

void sampleBgr112(benchmark::State& state) {
  const Frame frame = frameOf(state);
  const Affine map = faceCrop(frame, 112);
  Image bgr;
  for (auto _ : state) {
    sampleAffine(frame, map, 112, 112, Border::kReplicate, bgr);
    benchmark::DoNotOptimize(bgr.data());
  }
}
BENCHMARK(sampleBgr112)->Apply(sizes);

void wholeToBgr(benchmark::State& state) {
  const Frame frame = frameOf(state);
  FrameConverter converter;
  Image bgr;
  for (auto _ : state) {
    converter.toBgr(frame, {0, 0, frame.width(), frame.height()}, bgr);
    benchmark::DoNotOptimize(bgr.data());
  }
}
BENCHMARK(wholeToBgr)->Apply(sizes);

void faceToGray(benchmark::State& state) {
  const Frame frame = frameOf(state);
  FrameConverter converter;
  Image gray;
  const Region face{frame.width() / 3, frame.height() / 4, frame.height() / 2, frame.height() / 2};
  for (auto _ : state) {
    converter.toGray(frame, face, gray);
    benchmark::DoNotOptimize(gray.data());
  }
}
BENCHMARK(faceToGray)->Apply(sizes);

}  // namespace
}  // namespace frontalis
