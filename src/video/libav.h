#pragma once

// libav* behind owning pointers. Only src/video and the tests include this.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <bit>
#include <memory>
#include <string>

#include "image/frame.h"

namespace frontalis::libav {

struct Free {
  void operator()(AVCodecContext* p) const { avcodec_free_context(&p); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVFrame* p) const { av_frame_free(&p); }
  void operator()(SwsContext* p) const { sws_freeContext(p); }
};
using CodecContext = std::unique_ptr<AVCodecContext, Free>;
using Packet = std::unique_ptr<AVPacket, Free>;
using FramePointer = std::unique_ptr<AVFrame, Free>;
using Scaler = std::unique_ptr<SwsContext, Free>;

/// libav's words for one of its error codes.
std::string errorText(int code);

/// From the first call on libav gets at most 1.6 GB at once, in the whole process. Before bytes of
/// others are read.
void limitAllocations();

/// Keeps libav from printing (once per process), and remembers the first line it complains with on
/// this thread while the object lives.
class Complaints {
 public:
  Complaints();
  ~Complaints();
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;

  [[nodiscard]] bool any() const { return !first_.empty(); }
  /// ": <libav's first complaint>" or nothing.
  [[nodiscard]] std::string suffix() const;

 private:
  Complaints* outer_;
  std::string first_;
  friend void collect(void*, int, const char*, va_list);
};

/// A colour's code point as a number. MPEG-2 headers name any of 0..255 and decoders hand it on, so
/// it must not be read as one of its enumeration.
template <typename Enum>
int codePoint(const Enum& value) {
  return std::bit_cast<int>(value);
}
/// The code point, or 2 (unspecified) for one not below `count` (AVCOL_..._NB).
inline int knownCodePoint(int value, int count) { return value >= 0 && value < count ? value : 2; }

/// What a pixel format is to us, and whether frames of it can be used without conversion.
struct LayoutOf {
  PixelLayout layout;
  int bit_depth;
  bool full_range_format;
  AVPixelFormat nearest;  ///< the format itself when usable as it is
};
LayoutOf layoutOf(AVPixelFormat format);

/// Describes a decoded picture without copying; `owner` keeps it alive. The format must be usable
/// as it is (see layoutOf).
Frame describe(const AVFrame& picture, std::shared_ptr<const void> owner);

/// Orientation from side data of a stream or frame; identity when there is none.
Orientation orientationOf(const std::int32_t* display_matrix);

/// Converts pictures in formats the library does not sample, keeping the converter between calls.
class Converter {
 public:
  /// `to` receives the picture in layoutOf(from).nearest. False when out of memory.
  bool convert(const AVFrame& from, AVFrame& to);
  /// The same with deep samples reduced to 8 bits.
  bool convertTo8Bit(const AVFrame& from, AVFrame& to);

 private:
  bool convert(const AVFrame& from, AVFrame& to, AVPixelFormat target);

  Scaler scaler_;
  int width_ = 0, height_ = 0, source_ = -1, target_ = -1;
};

}  // namespace frontalis::libav
