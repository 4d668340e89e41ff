#include "face/landmark_file.h"

#include <cmath>

#include "util/csv_table.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr float kCertainty = 0.725f;  // OpenFace's limit
constexpr double kLargestFrame = 1e15;

}  // namespace

Result<LandmarkFile> LandmarkFile::read(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const CsvTable table, CsvTable::read(path));
  std::array<std::size_t, kLandmarks> xs{};
  std::array<std::size_t, kLandmarks> ys{};
  const auto missing = [&](const std::string& name) {
    return Error{ErrorCode::kCorrupt, path.string() + " has no column " + name,
                 "Landmark files need frame, x_0..x_67 and y_0..y_67, as OpenFace's CSVs have"};
  };
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    for (const auto& [prefix, columns] : {std::pair{"x_", &xs}, std::pair{"y_", &ys}}) {
      const std::string name = prefix + std::to_string(i);
      const auto column = table.column(name);
      if (!column) return missing(name);
      (*columns)[i] = *column;
    }
  }
  const auto frame = table.column("frame");
  if (!frame) return missing("frame");
  const auto success = table.column("success");
  const auto confidence = table.column("confidence");
  const bool of_openface = confidence && table.column("p_scale");  // its tracker's own columns

  LandmarkFile file;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    LandmarkObservation observation;
    bool whole = true;
    for (std::size_t i = 0; i < kLandmarks; ++i) {
      const auto x = table.number(row, xs[i]);
      const auto y = table.number(row, ys[i]);
      whole = whole && x && y;
      observation.landmarks[i] = {static_cast<float>(x.value_or(0)),
                                  static_cast<float>(y.value_or(0))};
    }
    observation.success = whole && (!success || table.number(row, *success).value_or(0) != 0);
    observation.confidence =
        static_cast<float>(confidence            ? table.number(row, *confidence).value_or(0)
                           : observation.success ? 1
                                                 : 0);
    // On the frame that starts its tracker OpenFace writes success 1 whatever the certainty; its
    // own action units leave such a frame out (spec clnf 12).
    observation.believed =
        observation.success && (!of_openface || observation.confidence > kCertainty);
    const auto number = table.number(row, *frame);
    const bool counts = number && std::abs(*number) <= kLargestFrame;
    if (!counts ||
        !file.rows_.emplace(static_cast<std::int64_t>(*number), file.observations_.size()).second) {
      return Error{ErrorCode::kCorrupt,
                   path.string() + ": data row " + std::to_string(row + 1) +
                       " has no frame number of its own",
                   "Only tables of one face per frame can be used"};
    }
    file.observations_.push_back(observation);
  }
  return file;
}

Result<LandmarkObservation> LandmarkFile::locate(const Frame& frame) {
  const auto found = rows_.find(frame.index + 1);
  return found == rows_.end() ? LandmarkObservation() : observations_[found->second];
}

}  // namespace frontalis
