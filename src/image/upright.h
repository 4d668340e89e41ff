#pragma once

#include <memory>

#include "frontalis/result.h"
#include "image/frame.h"
#include "image/frame_pool.h"

struct SwsContext;

namespace frontalis {

/// Frames as mirroring and encoding want them: turned as they are displayed, 8 bits, planar 4:2:0.
/// What is so already is passed on without a copy. Colours keep matrix and range; grey and packed
/// pictures become BT.601, limited range. A turned picture's chroma is taken as centred, at most
/// half a pixel off.
class Uprighter {
 public:
  /// Errors: kInternal (out of memory).
  Result<Frame> make(const Frame& frame);

 private:
  struct FreeScaler {
    void operator()(SwsContext* scaler) const;
  };

  Result<Frame> reduced(const Frame& frame);
  Frame turned(const Frame& frame);

  FramePool pool_;
  std::unique_ptr<SwsContext, FreeScaler> scaler_;
  int scaler_width_ = 0, scaler_height_ = 0, scaler_format_ = -1;
};

}  // namespace frontalis
