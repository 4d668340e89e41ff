#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "frontalis/config.h"
#include "frontalis/extractor.h"
#include "frontalis/result.h"
#include "frontalis/row.h"

namespace frontalis {

/// 8-bit samples.
enum class PixelFormat {
  kGray,    ///< one plane
  kBgr,     ///< packed B, G, R
  kRgb,     ///< packed R, G, B; costs a copy of the picture
  kYuv420,  ///< planes Y, U, V; U and V of half width and height, rounded up
};

/// Which matrix made Y, U, V of R, G, B. Usual: kBt601 for SD and JPEG, kBt709 for HD.
enum class ColorMatrix { kBt601, kBt709, kBt2020 };

/// A picture in the caller's memory. It is only looked at during the call it is given to.
struct Picture {
  const std::uint8_t* data = nullptr;  ///< packed pixels, grey, or Y
  std::ptrdiff_t stride = 0;           ///< bytes from row to row; negative: bottom row first
  int width = 0;                       ///< px
  int height = 0;
  PixelFormat format = PixelFormat::kBgr;

  /// kYuv420 only. Chroma lies as in MPEG-2 and H.264: beside the left luma sample.
  const std::uint8_t* u = nullptr;
  const std::uint8_t* v = nullptr;
  std::ptrdiff_t chroma_stride = 0;  ///< bytes
  ColorMatrix matrix = ColorMatrix::kBt601;
  bool full_range = false;  ///< Y from 0 to 255, as in JPEG; else from 16 to 235

  /// To be applied before the picture is upright: first the mirroring, then clockwise degrees.
  /// Landmarks are given in the upright picture's px.
  bool mirrored = false;
  int rotation = 0;  ///< 0, 90, 180 or 270
};

/// Rows of pictures that the caller has: a camera, a decoder of one's own. Each row is final when
/// it is given, as with Config::online, which is taken to be set: the person's neutral grows with
/// the pictures. One object belongs to one thread at a time, and to one video until reset().
class Pipeline {
 public:
  /// Checks and loads the models; the networks are prepared at the first picture.
  /// Errors: kInvalidArgument for choices that do not fit together, kModelMissing, kModelCorrupt,
  /// kUnsupported, kInference.
  static Result<Pipeline> open(const Config& config = {});

  Pipeline(Pipeline&&) noexcept;
  Pipeline& operator=(Pipeline&&) noexcept;
  ~Pipeline();

  /// The next picture's row. `timestamp`: seconds, greater than the last one's. No face is no
  /// error: Row::success is false. Errors: kInvalidArgument for a picture or time that cannot be
  /// (nothing is changed then), kInference.
  Result<Row> process(const Picture& picture, double timestamp);

  /// Another video or person: forgets all pictures and counts frames from 1 again. Networks stay.
  void reset();

  /// The groups of columns that rows have.
  [[nodiscard]] Columns columns() const;
  /// Since open(): models, runtime, time per stage; frames and frames with a face since reset().
  [[nodiscard]] Summary summary() const;

 private:
  struct Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace frontalis
