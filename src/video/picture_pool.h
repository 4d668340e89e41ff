#pragma once

#include <memory>
#include <vector>

#include "video/libav.h"

namespace frontalis::libav {

/// Decoded pictures in use by frames that are still alive, and those to be used again.
class PicturePool {
 public:
  /// A picture that nobody else holds; null when out of memory.
  std::shared_ptr<AVFrame> take() {
    std::shared_ptr<AVFrame> free;
    for (std::shared_ptr<AVFrame>& slot : slots_) {
      if (slot.use_count() != 1) continue;
      // Taking and dropping a share orders us after the last holder's reads.
      std::shared_ptr<AVFrame>(slot).reset();
      av_frame_unref(slot.get());
      if (!free) free = slot;
    }
    if (!free) {
      AVFrame* picture = av_frame_alloc();
      if (picture == nullptr) return nullptr;
      slots_.emplace_back(picture, Free{});
      free = slots_.back();
    }
    return free;
  }

 private:
  std::vector<std::shared_ptr<AVFrame>> slots_;
};

}  // namespace frontalis::libav
