#include "au/predictor.h"

#include <algorithm>
#include <string>

#include "util/try.h"

namespace frontalis {

namespace {

template <std::size_t N>
std::ptrdiff_t columnOf(const std::array<int, N>& numbers, int au) {
  const auto found = std::find(numbers.begin(), numbers.end(), au);
  return found == numbers.end() ? -1 : found - numbers.begin();
}

Error badModels(const std::string& what, int au) {
  const std::string name = (au < 10 ? "AU0" : "AU") + std::to_string(au);
  return {ErrorCode::kCorrupt, "the list of AU models " + what + " " + name};
}

}  // namespace

Result<AuPredictor> AuPredictor::create(const std::vector<Named>& models) {
  // A model and the column it fills: intensities first, then decisions.
  struct Row {
    const LinearModel* model;
    std::int32_t column;
  };
  std::vector<Row> rows;
  std::array<bool, kIntensityAus + kPresenceAus> filled{};
  for (const Named& named : models) {
    for (const int au : named.aus) {
      const bool presence = named.model.presence;
      const std::ptrdiff_t column =
          presence ? columnOf(kPresenceAuNumbers, au) : columnOf(kIntensityAuNumbers, au);
      if (column < 0) {
        return badModels(presence ? "has an unknown presence" : "has an unknown intensity", au);
      }
      const auto index = static_cast<std::size_t>(column) + (presence ? kIntensityAus : 0);
      if (filled[index]) {
        return badModels(presence ? "has twice a presence of" : "has twice an intensity of", au);
      }
      filled[index] = true;
      rows.push_back({&named.model, static_cast<std::int32_t>(index)});
    }
  }
  const bool has_presences = std::any_of(filled.begin() + kIntensityAus, filled.end(),
                                         [](bool is_filled) { return is_filled; });
  for (std::size_t i = 0; i < (has_presences ? filled.size() : kIntensityAus); ++i) {
    if (filled[i]) continue;
    if (i < kIntensityAus) return badModels("lacks the intensity of", kIntensityAuNumbers[i]);
    return badModels("lacks the presence of", kPresenceAuNumbers[i - kIntensityAus]);
  }
  const auto first_dynamic = std::stable_partition(
      rows.begin(), rows.end(), [](const Row& row) { return !row.model->dynamic; });

  AuPredictor out;
  out.has_presences_ = has_presences;
  const auto addBlocks = [&out](auto begin, auto end) {
    for (; begin < end; begin += std::min<std::ptrdiff_t>(kLanes, end - begin)) {
      const std::size_t base = out.weights_.size();
      out.weights_.resize(base + kFeatures * kLanes, 0.f);
      out.biases_.resize(out.biases_.size() + kLanes, 0.0);
      out.columns_.resize(out.columns_.size() + kLanes, -1);
      double* biases = &out.biases_[out.biases_.size() - kLanes];
      std::int32_t* columns = &out.columns_[out.columns_.size() - kLanes];
      for (std::size_t lane = 0; lane < kLanes && begin + lane < end; ++lane) {
        const LinearModel& model = *begin[lane].model;
        columns[lane] = begin[lane].column;
        biases[lane] = model.bias;
        for (std::size_t k = 0; k < model.weights.size(); ++k) {
          out.weights_[base + k * kLanes + lane] = static_cast<float>(model.weights[k]);
          biases[lane] -= model.means[k] * model.weights[k];
        }
      }
    }
  };
  addBlocks(rows.begin(), first_dynamic);
  out.static_blocks_ = out.blocks();
  addBlocks(first_dynamic, rows.end());

  out.cutoffs_.fill(-1);
  for (const Row& row : rows) {
    const auto column = static_cast<std::size_t>(row.column);
    if (!row.model->presence) {
      out.cutoffs_[column] = row.model->cutoff;
    } else {
      const PresenceBits bit = PresenceBits{1} << (column - kIntensityAus);
      out.class_above_ |= row.model->class_above ? bit : 0;
      out.class_below_ |= row.model->class_below ? bit : 0;
    }
  }
  return out;
}

Result<AuPredictor> AuPredictor::read(const AuModelList& list) {
  std::vector<Named> models;
  for (const AuModelList::Entry& entry : list.models) {
    FRONTALIS_ASSIGN(LinearModel model, readLinearModel(entry.file));
    models.push_back({std::move(model), entry.aus});
  }
  return create(models);
}

template <class T>
void AuPredictor::accumulate(std::size_t block, std::size_t first_feature,
                             std::span<const T> values, Lanes& sums) const {
  // Four partial sums a model hide the latency of the additions. Their order is fixed, so the
  // result does not depend on compiler or processor.
  constexpr std::size_t kPartial = 4;
  const float* weights = &weights_[(block * kFeatures + first_feature) * kLanes];
  std::array<Lanes, kPartial> partial{};
  std::size_t k = 0;
  for (; k + kPartial <= values.size(); k += kPartial) {
    for (std::size_t p = 0; p < kPartial; ++p) {
      const auto value = static_cast<double>(values[k + p]);
      const float* row = weights + (k + p) * kLanes;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        partial[p][lane] += static_cast<double>(row[lane]) * value;
      }
    }
  }
  for (; k < values.size(); ++k) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      partial[0][lane] +=
          static_cast<double>(weights[k * kLanes + lane]) * static_cast<double>(values[k]);
    }
  }
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    sums[lane] += (partial[0][lane] + partial[1][lane]) + (partial[2][lane] + partial[3][lane]);
  }
}

void AuPredictor::scatter(std::size_t block, const Lanes& sums, AuScores& scores) const {
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const std::int32_t column = columns_[block * kLanes + lane];
    if (column < 0) continue;
    const auto index = static_cast<std::size_t>(column);
    (index < kIntensityAus ? scores.intensity[index] : scores.decision[index - kIntensityAus]) =
        sums[lane];
  }
}

AuScores AuPredictor::features(const DescriptorView& descriptor) const {
  AuScores scores;
  for (std::size_t block = 0; block < blocks(); ++block) {
    Lanes sums;
    std::copy_n(&biases_[block * kLanes], kLanes, sums.begin());
    accumulate(block, 0, std::span<const float>(descriptor.fhog), sums);
    accumulate(block, kFhogSize, std::span<const double>(descriptor.geometry), sums);
    scatter(block, sums, scores);
  }
  return scores;
}

AuScores AuPredictor::neutral(std::span<const double, kFeatures> median) const {
  AuScores scores;
  for (std::size_t block = static_blocks_; block < blocks(); ++block) {
    Lanes sums{};
    accumulate(block, 0, std::span<const double>(median), sums);
    scatter(block, sums, scores);
  }
  return scores;
}

PresenceBits AuPredictor::presence(const std::array<double, kPresenceAus>& decision) const {
  PresenceBits above = 0;
  for (std::size_t i = 0; i < kPresenceAus; ++i) {
    above |= PresenceBits{decision[i] > 0 ? 1u : 0u} << i;
  }
  return (above & class_above_) | (~above & class_below_);
}

}  // namespace frontalis
