#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "image/frame.h"

namespace frontalis {

/// An upright 8-bit 4:2:0 frame of our own, and where to write its planes (stride = width).
struct WritableFrame {
  Frame frame;
  std::array<std::uint8_t*, 3> planes{};
};

/// Memory of frames that come and go: what the last holder of a frame lets go is used again, so
/// that a video allocates as many pictures as are alive at once. Frames may outlive the pool, and
/// be let go by any thread.
class FramePool {
 public:
  /// Unspecified content; colours, time and number as `like`.
  WritableFrame take(const Frame& like, int width, int height) {
    const int chroma_width = (width + 1) / 2;
    const int chroma_height = (height + 1) / 2;
    const std::size_t luma = std::size_t(width) * std::size_t(height);
    const std::size_t chroma = std::size_t(chroma_width) * std::size_t(chroma_height);
    std::unique_ptr<Memory> memory = shelf_->take();
    memory->resize(luma + 2 * chroma);

    WritableFrame out;
    out.planes = {memory->data(), memory->data() + luma, memory->data() + luma + chroma};
    out.frame = like;
    out.frame.layout = PixelLayout::kYuv420;
    out.frame.bit_depth = 8;
    out.frame.stored_width = width;
    out.frame.stored_height = height;
    out.frame.orientation = {};
    out.frame.planes[0] = {out.planes[0], width, width, height};
    out.frame.planes[1] = {out.planes[1], chroma_width, chroma_width, chroma_height};
    out.frame.planes[2] = {out.planes[2], chroma_width, chroma_width, chroma_height};
    out.frame.owner = std::shared_ptr<const Memory>(
        memory.release(), [shelf = shelf_](Memory* used) { shelf->put(used); });
    return out;
  }

 private:
  using Memory = std::vector<std::uint8_t>;

  class Shelf {
   public:
    std::unique_ptr<Memory> take() {
      const std::lock_guard lock(mutex_);
      if (free_.empty()) return std::make_unique<Memory>();
      std::unique_ptr<Memory> memory = std::move(free_.back());
      free_.pop_back();
      return memory;
    }
    void put(Memory* memory) {
      const std::lock_guard lock(mutex_);
      free_.emplace_back(memory);
    }

   private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<Memory>> free_;
  };

  std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace frontalis
