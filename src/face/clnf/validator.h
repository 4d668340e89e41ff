#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "face/clnf/gray_window.h"
#include "frontalis/result.h"

namespace frontalis {

/// One layer of the validator's networks (spec clnf 4.2, 11.1).
struct ValidatorLayer {
  enum class Kind { kConvolution, kPooling, kLinear, kRelu, kSigmoid };
  Kind kind = Kind::kRelu;
  int inputs = 0;   ///< maps or values
  int outputs = 0;  ///< maps or values
  int kernel = 0;   ///< side of a convolution
  std::vector<float> bias;
  /// Convolution: [block of ten outputs][input][row][column][10], zero-padded. Linear:
  /// [input][outputs rounded up to eight].
  std::vector<float> weights;
};

/// Judges whether landmarks lie on a face: the face is warped to a fixed shape, normalised and seen
/// by a small convolutional network, one for each head orientation (spec clnf 11). Immutable.
class Validator {
 public:
  /// Errors: kNotFound, kUnreadable, kCorrupt with offset.
  static Result<Validator> load(const std::filesystem::path& path);
  static Result<Validator> parse(std::string_view bytes, const std::string& name);

  /// Landmarks that the warp expects.
  [[nodiscard]] int landmarks() const { return landmarks_; }

 private:
  friend class Validation;

  struct Pixel {
    std::int16_t column, row;  // of the warped picture
    std::array<std::int16_t, 3> corners;
    std::array<double, 2> weights;  // of the second and third corner
    float mean, inverse_deviation;
  };
  struct View {
    std::array<float, 3> center;  // Euler XYZ, rad
    std::vector<Pixel> pixels;    // in the order of the file's mean: column by column
    std::vector<ValidatorLayer> layers;
    std::size_t outputs = 0;
  };

  Validator() = default;

  int landmarks_ = 0;
  int side_ = 0;  // of the warped picture
  std::size_t widest_ = 0;
  std::vector<View> views_;
};

/// Evaluates a Validator; holds the working memory, so one a thread.
class Validation {
 public:
  explicit Validation(const Validator& validator);

  /// 0..1, on a grid of 1 / (number of outputs). `landmarks`: 2n px, all x, then all y.
  float certainty(GrayWindow& gray, const std::array<float, 3>& rotation, const float* landmarks);

  // What the last call saw, for tests.
  [[nodiscard]] int view() const { return view_; }
  [[nodiscard]] const PixelRect& crop() const { return crop_; }
  /// Grey levels of the warped picture, side x side.
  [[nodiscard]] const std::vector<float>& warped() const { return warped_; }
  [[nodiscard]] const std::vector<float>& output() const { return output_; }

 private:
  void warp(const GrayView& gray, const float* landmarks);
  void forward();

  const Validator* validator_;
  int view_ = 0;
  PixelRect crop_;
  std::vector<float> warped_;
  std::vector<float> values_;
  std::vector<float> in_;
  std::vector<float> out_;
  std::vector<float> output_;
};

}  // namespace frontalis
