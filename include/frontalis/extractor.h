#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "frontalis/config.h"
#include "frontalis/result.h"
#include "frontalis/row.h"

namespace frontalis {

/// What is being read.
struct InputInfo {
  std::filesystem::path path;
  bool is_video = false;      ///< false: one image, or a folder of images
  int width = 0, height = 0;  ///< px, as displayed
  int rotation = 0;           ///< degrees clockwise that the container asks for
  bool mirrored = false;
  double pixel_aspect = 1;  ///< width of a stored pixel by its height; faces want 1
  std::string codec;
  double average_fps = 0;            ///< 0 when the container does not tell
  std::int64_t expected_frames = 0;  ///< an estimate for progress; 0 when unknown
};

/// A model file that took part.
struct ModelUsed {
  std::string file;  ///< name within its pack
  std::string sha256;
};

/// What the linear AU models of a frame looked at (openface pack). Borrowed: valid in the callback.
struct Appearance {
  std::int64_t frame = 0;                 ///< 1-based
  bool success = false;                   ///< false: all values are zero
  int aligned_size = 0;                   ///< px, Config::aligned_size
  std::span<const std::uint8_t> aligned;  ///< size x size x 3, row-major B, G, R
  std::span<const float> fhog;            ///< 12 x 12 x 31, OpenFace's order
  ShapeParameters shape;                  ///< fit of the 68-point face model (CalcParams)
  std::span<const double> geometry;       ///< 238: V p (mm, all x, y, z), then p
};

/// Time a stage took.
struct StageTime {
  std::string stage;
  std::int64_t calls = 0;
  double total_ms = 0, median_ms = 0, p95_ms = 0;
};

/// What was seen; complete once next() has returned nothing.
struct Summary {
  std::int64_t frames = 0;            ///< decoded and analysed
  std::int64_t frames_with_face = 0;  ///< rows with success
  std::int64_t decode_errors = 0;     ///< packets or frames that did not decode
  bool truncated = false;             ///< the input ends before its own index says
  bool interrupted = false;           ///< the caller asked to stop
  std::vector<std::string> warnings;  ///< one sentence each, for people
  std::string pack;                   ///< name of the pack
  std::string pack_version;
  std::string runtime;  ///< name, version and device; empty while no network was needed
  /// Failures of the runtime after which the CPU went on; Config::notice was told.
  std::vector<std::string> incidents;
  std::vector<ModelUsed> models;
  std::vector<StageTime> stages;
};

struct Progress {
  std::int64_t frames = 0;
  std::int64_t expected_frames = 0;  ///< 0 when unknown
};

/// Rows of one input. Unless Config::online is set the whole input is read at the first next(), as
/// the person's neutral and OpenFace's corrections come from the whole video; memory stays bounded.
class Extractor {
 public:
  /// Errors: as the cause says, see ErrorCode; missing or corrupt models name the repair.
  static Result<Extractor> open(const std::filesystem::path& input, const Config& config = {});

  Extractor(Extractor&&) noexcept;
  Extractor& operator=(Extractor&&) noexcept;
  ~Extractor();

  [[nodiscard]] const InputInfo& input() const;
  /// The groups of columns that rows of this configuration have.
  [[nodiscard]] Columns columns() const;
  /// Called after each frame read; return false to stop: rows until then are completed as usual.
  void onProgress(std::function<bool(const Progress&)> callback);

  /// Whether this pack makes an appearance (aligned face, FHOG) of each frame.
  [[nodiscard]] bool hasAppearance() const;
  /// Called for each frame in order while the input is read; an Error ends the run. Only packs with
  /// linear AU models have an appearance to show.
  void onAppearance(std::function<Status(const Appearance&)> callback);

  /// The next row, in frame order; nothing at the end.
  Result<std::optional<Row>> next();
  /// Name of the image file the last row belongs to; empty for a video.
  [[nodiscard]] const std::string& itemName() const;
  [[nodiscard]] Summary summary() const;

 private:
  struct Impl;
  explicit Extractor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace frontalis
