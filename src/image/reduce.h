#pragma once

#include <cstdint>
#include <vector>

#include "image/color.h"
#include "image/frame.h"
#include "image/image.h"

namespace frontalis {

/// Makes a small BGR picture of a frame by averaging areas of its planes, without converting the
/// frame. Keeps its tables and row buffers between calls, so that one size allocates once.
class Reducer {
 public:
  /// `bgr` becomes width x height in display orientation, colours by `rule`. Meant for sizes not
  /// above the frame's. Mean difference from converting and OpenCV's INTER_AREA: below 2 grey
  /// levels.
  void reduce(const Frame& frame, int width, int height, Image& bgr,
              ColorRule rule = ColorRule::kStream);

 private:
  /// Weighted windows of source samples, one for each output sample.
  struct Axis {
    int source = 0, target = 0;
    double step = 0;  ///< source samples per output sample
    int taps = 0;     ///< window length, padded with zero weights to a multiple of 8
    std::vector<int> first;
    std::vector<int> count;
    std::vector<std::int16_t> weights;  ///< target x taps, each window sums to 128
    void build(int source_size, int target_size, double source_step);
    [[nodiscard]] bool identity() const { return source == target && step == 1; }
  };
  struct PlaneAxes {
    Axis x, y;
  };

  void reduceRow(const Plane& plane, int bit_depth, const PlaneAxes& axes, int row,
                 std::uint8_t* out);
  void reducePackedRow(const Plane& plane, int row, std::uint8_t* out);

  PlaneAxes luma_, chroma_;
  std::vector<std::int16_t> columns_;
  std::vector<std::uint8_t> rows_;
  Image turned_;
};

/// Width and height for a picture reduced to `longest` px on its longer side, never enlarged.
struct Size {
  int width = 0;
  int height = 0;
};
Size reducedSize(const Frame& frame, int longest);

}  // namespace frontalis
