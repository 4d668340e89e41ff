#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "appearance/mesh_signals.h"
#include "frontalis/extractor.h"
#include "image/frame.h"
#include "util/stage_timer.h"

namespace frontalis {

/// A row and what its pack needs to complete it once the whole video is known.
struct FrameRecord {
  Row row;
  OpenSignals signals;
};
static_assert(std::is_trivially_copyable_v<FrameRecord>);

/// With what the numbers were made.
struct Provenance {
  std::string pack;
  std::string pack_version;
  std::string runtime;
  std::vector<ModelUsed> models;
};

using AppearanceObserver = std::function<Status(const Appearance&)>;

/// One pack's way from a frame to a row, for one video. Call process() for each frame in order,
/// then finish(), then complete() for each record in order. Online: process() alone, its rows are
/// final.
class Analysis {
 public:
  virtual ~Analysis() = default;

  [[nodiscard]] virtual Columns columns() const = 0;
  virtual Result<FrameRecord> process(const Frame& frame) = 0;
  virtual Status finish() = 0;
  virtual Status complete(FrameRecord& record) = 0;
  /// Forgets the video.
  virtual void reset() = 0;
  /// Shows each frame's appearance as it is made; packs without one never call.
  void observe(AppearanceObserver observer) { observer_ = std::move(observer); }
  [[nodiscard]] virtual bool hasAppearance() const { return false; }
  /// For people, after finish().
  [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;
  [[nodiscard]] virtual const StageTimer& times() const = 0;
  [[nodiscard]] virtual const Provenance& provenance() const = 0;

 protected:
  AppearanceObserver observer_;
};

/// `image`: single pictures, without a person's neutral. Errors: kInvalidArgument for choices that
/// do not fit together, kModelMissing, kModelCorrupt.
Result<std::unique_ptr<Analysis>> makeAnalysis(const Config& config, bool image);

/// Pack, models, runtime and stage times into a summary.
void describe(const Analysis& analysis, const StageTimer& times, Summary& summary);

}  // namespace frontalis
