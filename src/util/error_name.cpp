#include "util/error_name.h"

namespace frontalis {

std::string_view errorName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kUnreadable:
      return "unreadable";
    case ErrorCode::kNotAVideo:
      return "not_a_video";
    case ErrorCode::kNoVideoStream:
      return "no_video_stream";
    case ErrorCode::kNoFrames:
      return "no_frames";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kModelMissing:
      return "model_missing";
    case ErrorCode::kModelCorrupt:
      return "model_corrupt";
    case ErrorCode::kUnwritable:
      return "unwritable";
    case ErrorCode::kDiskFull:
      return "disk_full";
    case ErrorCode::kOutOfMemory:
      return "out_of_memory";
    case ErrorCode::kInference:
      return "inference";
    case ErrorCode::kTimeout:
      return "timeout";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace frontalis
