#include "au/open_pose_leak.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <numeric>
#include <vector>

#include "appearance/blendshape_index.h"
#include "au/open_neutral.h"

namespace frontalis {
namespace {

constexpr float kStep = 20;     // degrees per unit of yaw and pitch
constexpr double kReach = 1.5;  // in those units; further out the leak is held
constexpr double kRidge = .1;   // per frame

std::vector<float> column(std::span<const OpenSignals> frames, float OpenSignals::*angle) {
  std::vector<float> values;
  values.reserve(frames.size());
  for (const OpenSignals& s : frames) values.push_back(s.*angle);
  return values;
}

}  // namespace

bool PoseLeak::worthFitting(std::span<const OpenSignals> frames) {
  if (frames.empty()) return false;
  const auto span = [&](float OpenSignals::*angle) {
    std::vector<float> values = column(frames, angle);
    const float high = quantileOf(values, .99);
    return high - quantileOf(values, .01);
  };
  return span(&OpenSignals::yaw) > kSmallestSpan || span(&OpenSignals::pitch) > kSmallestSpan;
}

PoseLeak::Terms PoseLeak::terms(const OpenSignals& s) const {
  const double y = std::clamp<double>((s.yaw - yaw_) / kStep, -kReach, kReach);
  const double p = std::clamp<double>((s.pitch - pitch_) / kStep, -kReach, kReach);
  return {y, p, y * y, p * p};
}

template <class Signals>
auto& PoseLeak::channel(Signals& s, std::size_t index) {
  if (index < kMeshSignals) return s.right[index];
  if (index < 2 * kMeshSignals) return s.left[index - kMeshSignals];
  return s.blendshapes[index == 2 * kMeshSignals ? blendshape::kBrowDown.right
                                                 : blendshape::kBrowDown.left];
}

PoseLeak PoseLeak::fit(std::span<const OpenSignals> frames,
                       std::span<const float> expression_energy) {
  PoseLeak leak;
  std::vector<float> angles = column(frames, &OpenSignals::yaw);
  leak.yaw_ = medianOf(angles);
  angles = column(frames, &OpenSignals::pitch);
  leak.pitch_ = medianOf(angles);

  std::vector<std::uint32_t> calm(frames.size());
  std::iota(calm.begin(), calm.end(), 0u);
  std::sort(calm.begin(), calm.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(expression_energy[a], a) < std::pair(expression_energy[b], b);
  });
  calm.resize((calm.size() + 1) / 2);
  const auto count = static_cast<double>(calm.size());

  Eigen::Vector4d term_mean = Eigen::Vector4d::Zero();
  std::vector<Eigen::Vector4d> rows;
  rows.reserve(calm.size());
  for (const std::uint32_t i : calm) {
    const Terms t = leak.terms(frames[i]);
    rows.emplace_back(t[0], t[1], t[2], t[3]);
    term_mean += rows.back();
  }
  term_mean /= count;
  Eigen::Matrix4d normal = kRidge * count * Eigen::Matrix4d::Identity();
  for (Eigen::Vector4d& row : rows) {
    row -= term_mean;
    normal += row * row.transpose();
  }
  const Eigen::LDLT<Eigen::Matrix4d> solver(normal);
  for (std::size_t k = 0; k < kTerms; ++k) leak.mean_[k] = term_mean[static_cast<Eigen::Index>(k)];

  for (std::size_t c = 0; c < kChannels; ++c) {
    if (c % kMeshSignals == kLipgap && c < 2 * kMeshSignals) continue;
    // The terms are centred, so the signal's own mean drops out.
    Eigen::Vector4d moment = Eigen::Vector4d::Zero();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      moment += static_cast<double>(channel(frames[calm[i]], c)) * rows[i];
    }
    const Eigen::Vector4d weight = solver.solve(moment);
    for (std::size_t k = 0; k < kTerms; ++k) {
      leak.weights_[c][k] = weight[static_cast<Eigen::Index>(k)];
    }
  }
  return leak;
}

void PoseLeak::remove(OpenSignals& signals) const {
  const Terms t = terms(signals);
  for (std::size_t c = 0; c < kChannels; ++c) {
    double leak = 0;
    for (std::size_t k = 0; k < kTerms; ++k) leak += weights_[c][k] * (t[k] - mean_[k]);
    float& value = channel(signals, c);
    value = static_cast<float>(value - leak);
  }
}

}  // namespace frontalis
