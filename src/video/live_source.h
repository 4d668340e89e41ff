#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "frontalis/result.h"
#include "image/frame.h"

namespace frontalis {

struct LiveSourceOptions {
  /// What libavdevice calls the kind of device: "v4l2", "avfoundation", "x11grab", "lavfi", ..;
  /// then the source is named as that device wants it. Empty: by the form of the name.
  std::string device;
  int width = 0, height = 0;  ///< px asked of a device; 0: its own choice
  double frame_rate = 0;      ///< asked of a device; 0: its own choice
  bool paced = true;          ///< a file is played at its own pace, else as fast as it is taken
  std::chrono::milliseconds timeout{10'000};  ///< without a picture the source counts as lost
  /// Asked often, from the thread that reads: when true, open() and next() end with kCancelled.
  std::function<bool()> stopped;
};

struct LiveSourceInfo {
  enum class Kind { kDevice, kStream, kPipe, kFile };
  Kind kind = Kind::kFile;
  std::string name;           ///< for people
  int width = 0, height = 0;  ///< px, as displayed
  double frame_rate = 0;      ///< 0: unknown
};

/// A picture and when it was there to be seen.
struct LiveFrame {
  /// `index` counts all pictures of the source. Time stamps come from the source and strictly
  /// increase; where its clock jumps or is missing, they go on by ours.
  Frame frame;
  /// Of a device or stream: its bytes arrived. Of a file: its time had come.
  std::chrono::steady_clock::time_point captured;
};

/// Pictures as they happen: a camera, a network stream, a pipe, or a file played at its own pace.
/// Used by one thread, which may be another than that of open().
class LiveSource {
 public:
  virtual ~LiveSource() = default;

  /// `source`: a device ("/dev/video0"), a URL (rtsp, rtmp, http, udp, ..), "-" for standard input,
  /// a FIFO, or a video file; empty: the first camera. A network stream cannot make us read files.
  /// Errors: kNotFound, kUnreadable, kNotAVideo, kNoVideoStream, kUnsupported, kTimeout,
  /// kCancelled; for files those of VideoReader::open().
  static Result<std::unique_ptr<LiveSource>> open(const std::string& source,
                                                  const LiveSourceOptions& options);

  /// Waits for the next picture; nothing at the end of a file, stream or pipe. Errors: kUnreadable
  /// (the device is gone, the connection broke), kTimeout, kCancelled, kNoFrames.
  virtual Result<std::optional<LiveFrame>> next() = 0;
  [[nodiscard]] virtual const LiveSourceInfo& info() const = 0;
};

}  // namespace frontalis
