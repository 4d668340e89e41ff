#include "au/open_neutral.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "appearance/blendshape_index.h"

namespace frontalis {
namespace {

namespace bs = blendshape;

struct Population {
  float median;
  float sd;
};

// Spec open_pack 2: medians and spread of five persons, in MeshSignal order.
constexpr std::array<Population, kMeshSignals> kPopulation = {{{26.3f, 5.1f},
                                                               {28.4f, 5.6f},
                                                               {21.6f, 4.5f},
                                                               {2.6f, 1.3f},
                                                               {-2.4f, 1.f},
                                                               {7.7f, 2.5f},
                                                               {-25.9f, 1.5f},
                                                               {26.4f, 1.7f},
                                                               {49.4f, 1.9f},
                                                               {19.3f, 1.f},
                                                               {32.4f, 3.f},
                                                               {1.7f, 2.9f},
                                                               {21.4f, 1.9f},
                                                               {-91.4f, 2.2f},
                                                               {.6f, 1.8f},
                                                               {11.6f, 1.1f},
                                                               {12.9f, 1.1f},
                                                               {132.2f, 3.9f}}};

struct CoefficientValue {
  SidedIndex index;
  float value;
};

constexpr CoefficientValue kPopulationCoefficients[] = {
    {bs::kBrowInnerUp, .05f}, {bs::kBrowOuterUp, .11f},  {bs::kBrowDown, .01f},
    {bs::kEyeSquint, .42f},   {bs::kEyeBlink, .23f},     {bs::kMouthSmile, .38f},
    {bs::kMouthPress, .01f},  {bs::kMouthStretch, .01f}, {bs::kMouthShrugLower, .01f}};

// A neutral above these has an expression in it.
constexpr CoefficientValue kUpperLimits[] = {
    {bs::kMouthSmile, .5f},     {bs::kBrowInnerUp, .4f},  {bs::kBrowOuterUp, .3f},
    {bs::kEyeSquint, .65f},     {bs::kEyeBlink, .5f},     {bs::kMouthUpperUp, .1f},
    {bs::kJawOpen, .1f},        {bs::kMouthStretch, .1f}, {bs::kMouthRollLower, .2f},
    {bs::kMouthRollUpper, .2f}, {bs::kMouthPress, .2f},   {bs::kMouthShrugLower, .3f},
    {bs::kMouthFrown, .15f},    {bs::kMouthDimple, .05f}, {bs::kEyeWide, .03f}};
constexpr float kLipgapLimit = 2;

OpenNeutral makePopulation() {
  OpenNeutral neutral;
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    neutral.right[i] = neutral.left[i] = kPopulation[i].median;
  }
  for (const auto& [index, value] : kPopulationCoefficients) {
    neutral.blendshapes[index.right] = neutral.blendshapes[index.left] = value;
  }
  return neutral;
}

float mean(const OpenSignals& s, SidedIndex index) {
  return (s.blendshapes[index.right] + s.blendshapes[index.left]) / 2;
}
float mean(const OpenSignals& s, MeshSignal signal) {
  return (s.right[signal] + s.left[signal]) / 2;
}

/// clip(t, 0, 1.5) squared.
float squaredStep(float t) {
  const float clipped = std::clamp(t, 0.f, 1.5f);
  return clipped * clipped;
}

}  // namespace

float medianOf(std::span<float> values) {
  const std::size_t middle = values.size() / 2;
  std::nth_element(values.begin(), values.begin() + middle, values.end());
  const float upper = values[middle];
  if (values.size() % 2 == 1) return upper;
  const float lower = *std::max_element(values.begin(), values.begin() + middle);
  return (lower + upper) / 2;
}

float quantileOf(std::span<float> values, double q) {
  const double position = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const float lower = values[below];
  if (below + 1 >= values.size()) return lower;
  const float upper = *std::min_element(values.begin() + below + 1, values.end());
  const double fraction = position - static_cast<double>(below);
  return static_cast<float>(lower + fraction * (upper - lower));
}

const OpenNeutral& populationNeutral() {
  static const OpenNeutral neutral = makePopulation();
  return neutral;
}

OpenNeutral clampNeutral(const OpenNeutral& neutral) {
  OpenNeutral out = neutral;
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    const float reach = 3 * std::max(kPopulation[i].sd, 1.f);
    const float low = kPopulation[i].median - reach;
    float high = kPopulation[i].median + reach;
    if (i == kLipgap) high = std::min(high, kLipgapLimit);
    out.right[i] = std::clamp(out.right[i], low, high);
    out.left[i] = std::clamp(out.left[i], low, high);
  }
  for (const auto& [index, limit] : kUpperLimits) {
    for (const std::uint8_t i : {index.right, index.left}) {
      out.blendshapes[i] = std::min(out.blendshapes[i], limit);
    }
  }
  return out;
}

OpenNeutral RestFinder::median(std::span<const OpenSignals> frames,
                               std::span<const std::uint32_t> chosen) {
  OpenNeutral neutral;
  const auto of = [&](auto value) {
    column_.clear();
    for (const std::uint32_t i : chosen) column_.push_back(value(frames[i]));
    if (chosen.empty()) {
      for (const OpenSignals& s : frames) column_.push_back(value(s));
    }
    return medianOf(column_);
  };
  for (std::size_t i = 0; i < kMeshSignals; ++i) {
    neutral.right[i] = of([i](const OpenSignals& s) { return s.right[i]; });
    neutral.left[i] = of([i](const OpenSignals& s) { return s.left[i]; });
  }
  for (std::size_t i = 0; i < kBlendshapes; ++i) {
    neutral.blendshapes[i] = of([i](const OpenSignals& s) { return s.blendshapes[i]; });
  }
  return neutral;
}

void RestFinder::reserve(std::size_t frames) {
  set_.energy.reserve(frames);
  set_.rest.reserve(frames);
  expression_energy_.reserve(frames);
  column_.reserve(frames);
}

const RestSet& RestFinder::find(std::span<const OpenSignals> frames) {
  const std::size_t n = frames.size();
  set_.energy.assign(n, 0.f);
  set_.rest.clear();
  set_.neutral = populationNeutral();
  expression_energy_.assign(n, 0.f);
  if (n == 0) return set_;
  column_.reserve(n);
  set_.rest.reserve(n);

  const auto fillColumn = [&](auto value) {
    column_.clear();
    for (const OpenSignals& s : frames) column_.push_back(value(s));
  };
  const auto addSteps = [&](auto value, float origin, float width) {
    for (std::size_t i = 0; i < n; ++i) {
      expression_energy_[i] += squaredStep((value(frames[i]) - origin) / width);
    }
  };
  const auto addAboveOwn = [&](auto value, float width) {
    fillColumn(value);
    addSteps(value, quantileOf(column_, .1), width);
  };
  const auto coefficient = [](SidedIndex index) {
    return [index](const OpenSignals& s) { return mean(s, index); };
  };

  addSteps([](const OpenSignals& s) { return mean(s, kLipgap); }, 1.f, 8.f);
  addSteps(coefficient(bs::kJawOpen), 0.f, .3f);
  addSteps(coefficient(bs::kMouthUpperUp), 0.f, .5f);
  addSteps(coefficient(bs::kMouthLowerDown), 0.f, .4f);
  addAboveOwn(coefficient(bs::kMouthSmile), .5f);
  addAboveOwn(coefficient(bs::kMouthPucker), .4f);
  addAboveOwn(coefficient(bs::kMouthShrugLower), .3f);
  addAboveOwn(coefficient(bs::kMouthRollLower), .3f);
  addAboveOwn(coefficient(bs::kBrowInnerUp), .4f);
  addAboveOwn(coefficient(bs::kBrowOuterUp), .4f);
  addAboveOwn(coefficient(bs::kEyeSquint), .4f);
  addAboveOwn(coefficient(bs::kEyeBlink), .4f);
  addAboveOwn(coefficient(bs::kEyeLookDown), .5f);
  addAboveOwn([](const OpenSignals& s) { return mean(s, kCornX); }, 6.f);

  fillColumn(coefficient(bs::kBrowDown));
  const float brow_down = medianOf(column_);
  addSteps(
      [brow_down](const OpenSignals& s) { return std::abs(mean(s, bs::kBrowDown) - brow_down); },
      0.f, .4f);

  fillColumn([](const OpenSignals& s) { return s.yaw; });
  const float yaw = medianOf(column_);
  fillColumn([](const OpenSignals& s) { return s.pitch; });
  const float pitch = medianOf(column_);
  for (std::size_t i = 0; i < n; ++i) {
    const float turn = (frames[i].yaw - yaw) / 15;
    const float nod = (frames[i].pitch - pitch) / 12;
    set_.energy[i] = expression_energy_[i] + turn * turn + nod * nod;
  }

  column_.assign(set_.energy.begin(), set_.energy.end());
  const float quarter = quantileOf(column_, .25);
  const float lowest = quantileOf(column_, .05);
  constexpr std::size_t kFew = 15;
  const std::size_t few = std::min(kFew, n) - 1;
  std::nth_element(column_.begin(), column_.begin() + few, column_.end());
  const float limit = std::min(quarter, std::max(lowest + .5f, column_[few]));
  for (std::uint32_t i = 0; i < n; ++i) {
    if (set_.energy[i] <= limit) set_.rest.push_back(i);
  }

  set_.neutral = median(frames, set_.rest);
  // The chin is never higher than its usual place: a rest with the jaw a little open is no neutral.
  fillColumn([](const OpenSignals& s) { return s.right[kJawF]; });
  set_.neutral.right[kJawF] = std::min(set_.neutral.right[kJawF], medianOf(column_));
  fillColumn([](const OpenSignals& s) { return s.left[kJawF]; });
  set_.neutral.left[kJawF] = std::min(set_.neutral.left[kJawF], medianOf(column_));
  return set_;
}

}  // namespace frontalis
