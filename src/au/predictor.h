#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "au/descriptor.h"
#include "au/linear_model.h"
#include "frontalis/result.h"
#include "frontalis/types.h"

namespace frontalis {

/// One value a model: SVR outputs (unclamped) and SVM decision values, in column order.
struct AuScores {
  std::array<double, kIntensityAus> intensity{};  ///< as kIntensityAuNumbers
  std::array<double, kPresenceAus> decision{};    ///< as kPresenceAuNumbers
};

inline AuScores operator-(AuScores a, const AuScores& b) {
  for (std::size_t i = 0; i < kIntensityAus; ++i) a.intensity[i] -= b.intensity[i];
  for (std::size_t i = 0; i < kPresenceAus; ++i) a.decision[i] -= b.decision[i];
  return a;
}

/// Bit i: AU kPresenceAuNumbers[i] is present.
using PresenceBits = std::uint32_t;

/// All AU models as one matrix (spec pipeline 8.2). Being linear, a prediction is the difference of
/// what the features give and what the neutral gives: prediction = features() - neutral(). So a
/// frame is predicted anew with another neutral without its features. Immutable, allocation-free
/// after creation; threads may share one.
class AuPredictor {
 public:
  struct Named {
    LinearModel model;
    std::vector<int> aus;
  };
  /// Wants every AU of kIntensityAuNumbers exactly once, and of kPresenceAuNumbers each once or
  /// none at all; models of other AUs are an error. Errors: kCorrupt.
  static Result<AuPredictor> create(const std::vector<Named>& models);
  /// Reads every model of the list. Errors: those of readLinearModel and of create.
  static Result<AuPredictor> read(const AuModelList& list);

  /// (f - means) . w + b.
  [[nodiscard]] AuScores features(const DescriptorView& descriptor) const;
  /// median . w for dynamic models, 0 for static ones.
  [[nodiscard]] AuScores neutral(std::span<const double, kFeatures> median) const;
  /// The class that each decision value picks, from the stored class pairs.
  [[nodiscard]] PresenceBits presence(const std::array<double, kPresenceAus>& decision) const;

  /// False where no model decides on presences: all are then absent.
  [[nodiscard]] bool hasPresences() const { return has_presences_; }
  /// Any model subtracts the median.
  [[nodiscard]] bool dynamic() const { return static_blocks_ < blocks(); }
  /// Quantile whose value is an intensity's zero level, -1 where there is none.
  [[nodiscard]] const std::array<double, kIntensityAus>& cutoffs() const { return cutoffs_; }

 private:
  static constexpr std::size_t kLanes = 8;  ///< models a block
  using Lanes = std::array<double, kLanes>;

  AuPredictor() = default;
  [[nodiscard]] std::size_t blocks() const { return biases_.size() / kLanes; }
  template <class T>
  void accumulate(std::size_t block, std::size_t first_feature, std::span<const T> values,
                  Lanes& sums) const;
  void scatter(std::size_t block, const Lanes& sums, AuScores& scores) const;

  /// Blocks of 8 models, static ones first; in a block feature by feature. Single precision: the
  /// rounding moves a prediction by less than 1e-6, and half the bytes are twice the speed.
  std::vector<float> weights_;
  std::vector<double> biases_;         ///< b - means . w
  std::vector<std::int32_t> columns_;  ///< of a model in AuScores (decisions after intensities), -1
  std::size_t static_blocks_ = 0;
  bool has_presences_ = false;
  std::array<double, kIntensityAus> cutoffs_{};
  PresenceBits class_above_ = 0;
  PresenceBits class_below_ = 0;
};

}  // namespace frontalis
