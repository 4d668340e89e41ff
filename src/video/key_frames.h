#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// A picture that decoding can begin with.
struct KeyFrame {
  std::int64_t frame = 0;        ///< 0-based, in presentation order
  std::int64_t stamp = 0;        ///< its presentation time, in the stream's time base
  std::int64_t first_stamp = 0;  ///< that of the video's first frame
  std::int64_t packet = 0;       ///< packets of the stream before it
};

/// The key frames of a video in order, found by reading all its packets and decoding none. Empty
/// when the container cannot tell: one without an index, packets without or with repeated time
/// stamps, a file that ends early. What is told is what the packets say; who begins in the middle
/// has still to check that the pictures are the right ones. Errors: as VideoReader::open().
Result<std::vector<KeyFrame>> findKeyFrames(const std::filesystem::path& path,
                                            std::int64_t max_pixels = std::int64_t{1} << 26);

}  // namespace frontalis
