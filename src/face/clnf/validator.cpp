#include "face/clnf/validator.h"

#include <algorithm>
#include <cmath>

#include "face/clnf/expert_files.h"
#include "face/clnf/matrix_kernels.h"
#include "util/binary_reader.h"
#include "util/file.h"
#include "util/simd.h"
#include "util/try.h"

namespace frontalis {

namespace {

constexpr int kMaxSide = 256;          // px of the warped picture
constexpr int kMaxMaps = 1024;         // maps or values of a layer; keeps a damaged file harmless
constexpr int kMaxKernel = 16;         // see mapStride()
constexpr int kLargestWork = 1 << 28;  // multiply-adds of one layer
constexpr int kCropMargin = 3;         // px around the landmarks
constexpr int kLanes = 8;              // columns computed at once
constexpr int kBlock = 10;             // output maps computed at once

/// Row length of a map in memory: a row may be read a kernel's width beyond whole blocks.
int mapStride(int width) {
  return (width + kLanes - 1) / kLanes * kLanes + paddedToVector(kMaxKernel);
}

std::size_t mapSize(int width, int height) {
  return static_cast<std::size_t>(mapStride(width)) * height;
}

/// What flows between the layers: maps of width x height, or `maps` values when width is 0.
struct Extent {
  int maps = 1;
  int width = 0;
  int height = 0;

  [[nodiscard]] int values() const { return width == 0 ? maps : maps * width * height; }
};

int pooled(int size) { return static_cast<int>(std::floor((size - 2) / 2.0 + 0.5)) + 1; }

bool allFinite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
}

ValidatorLayer readConvolution(BinaryReader& in, Extent& extent) {
  ValidatorLayer layer;
  layer.kind = ValidatorLayer::Kind::kConvolution;
  layer.inputs = in.i32In(1, kMaxMaps, "input maps");
  layer.outputs = in.i32In(1, kMaxMaps, "output maps");
  layer.bias = in.array<float>(static_cast<std::uint64_t>(layer.outputs), "convolution bias");
  if (!in.failed() && (extent.width == 0 || layer.inputs != extent.maps)) {
    in.fail("convolution of " + std::to_string(layer.inputs) + " maps after " +
            std::to_string(extent.maps));
  }
  const int blocks = (layer.outputs + kBlock - 1) / kBlock;
  for (int i = 0; i < layer.inputs && !in.failed(); ++i) {
    for (int o = 0; o < layer.outputs && !in.failed(); ++o) {
      const RawMatrix<float> kernel = in.matrix<float>("convolution kernel");
      if (in.failed()) break;
      if (layer.kernel == 0) {
        layer.kernel = kernel.rows;
        if (kernel.rows < 1 || kernel.rows > kMaxKernel || kernel.rows > extent.width ||
            kernel.rows > extent.height) {
          in.fail("convolution kernel of " + std::to_string(kernel.rows) + " rows");
          break;
        }
        layer.weights.assign(
            static_cast<std::size_t>(blocks) * layer.inputs * kernel.rows * kernel.rows * kBlock,
            0.f);
      }
      const int cells = layer.kernel * layer.kernel;
      if (kernel.rows != layer.kernel || kernel.cols != layer.kernel) {
        in.fail("convolution kernels differ in size");
        break;
      }
      if (!allFinite(kernel.values)) in.fail("convolution kernel is not finite");
      for (int k = 0; k < cells; ++k) {
        const std::size_t place =
            ((static_cast<std::size_t>(o / kBlock) * layer.inputs + i) * cells + k) * kBlock +
            o % kBlock;
        layer.weights[place] = kernel.values[static_cast<std::size_t>(k)];
      }
    }
  }
  layer.bias.resize(static_cast<std::size_t>(blocks) * kBlock, 0.f);
  if (in.failed()) return layer;
  extent = {layer.outputs, extent.width - layer.kernel + 1, extent.height - layer.kernel + 1};
  const double work = static_cast<double>(layer.weights.size()) * extent.width * extent.height;
  if (work > kLargestWork) in.fail("a convolution needs " + std::to_string(work) + " operations");
  return layer;
}

ValidatorLayer readLinear(BinaryReader& in, Extent& extent) {
  ValidatorLayer layer;
  layer.kind = ValidatorLayer::Kind::kLinear;
  const RawMatrix<float> bias = in.matrix<float>("linear bias");
  const RawMatrix<float> weights = in.matrix<float>("linear weights");
  if (in.failed()) return layer;
  layer.inputs = weights.rows;
  layer.outputs = weights.cols;
  if (layer.inputs != extent.values() || layer.outputs < 1 || layer.outputs > kMaxMaps ||
      bias.values.size() != static_cast<std::size_t>(layer.outputs)) {
    in.fail("linear layer of " + std::to_string(weights.rows) + " x " +
            std::to_string(weights.cols) + " weights and " + std::to_string(bias.values.size()) +
            " biases after " + std::to_string(extent.values()) + " values");
    return layer;
  }
  if (!allFinite(bias.values) || !allFinite(weights.values)) in.fail("linear layer is not finite");
  const std::size_t stride = static_cast<std::size_t>(paddedToVector(layer.outputs));
  layer.bias = bias.values;
  layer.weights.assign(stride * static_cast<std::size_t>(layer.inputs), 0.f);
  for (int i = 0; i < layer.inputs; ++i) {
    std::copy_n(weights.values.begin() + static_cast<std::ptrdiff_t>(i) * layer.outputs,
                layer.outputs, layer.weights.begin() + static_cast<std::ptrdiff_t>(i * stride));
  }
  extent = {layer.outputs, 0, 0};
  return layer;
}

ValidatorLayer readLayer(BinaryReader& in, Extent& extent) {
  ValidatorLayer layer;
  switch (in.i32In(0, 4, "layer type")) {
    case 0:
      return readConvolution(in, extent);
    case 1:
      layer.kind = ValidatorLayer::Kind::kPooling;
      if (!in.failed() && (extent.width < 2 || extent.height < 2)) in.fail("nothing to pool");
      extent = {extent.maps, pooled(extent.width), pooled(extent.height)};
      return layer;
    case 2:
      return readLinear(in, extent);
    case 3:
      layer.kind = ValidatorLayer::Kind::kRelu;
      return layer;
    default:
      layer.kind = ValidatorLayer::Kind::kSigmoid;
      return layer;
  }
}

/// Valid cross-correlation, ten output maps and eight columns at once; columns beyond the map's
/// width are garbage.
void convolve(const ValidatorLayer& layer, const Extent& from, const float* in, float* out) {
  const int width = from.width - layer.kernel + 1;
  const int height = from.height - layer.kernel + 1;
  const int in_stride = mapStride(from.width);
  const int out_stride = mapStride(width);
  const std::size_t in_size = mapSize(from.width, from.height);
  const std::size_t out_size = mapSize(width, height);
  const float* block_weights = layer.weights.data();
  for (int o = 0; o < layer.outputs; o += kBlock) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; x += kLanes) {
        std::array<F8, kBlock> sum;
        for (int b = 0; b < kBlock; ++b) sum[b] = F8::all(layer.bias[o + b]);
        const float* w = block_weights;
        for (int i = 0; i < layer.inputs; ++i) {
          const float* map = in + i * in_size + static_cast<std::ptrdiff_t>(y) * in_stride + x;
          for (int ky = 0; ky < layer.kernel; ++ky, map += in_stride) {
            for (int kx = 0; kx < layer.kernel; ++kx, w += kBlock) {
              const F8 v = F8::load(map + kx);
              for (int b = 0; b < kBlock; ++b) sum[b] = multiplyAdd(F8::all(w[b]), v, sum[b]);
            }
          }
        }
        float* to = out + o * out_size + static_cast<std::ptrdiff_t>(y) * out_stride + x;
        for (int b = 0; b < kBlock && o + b < layer.outputs; ++b) sum[b].store(to + b * out_size);
      }
    }
    block_weights +=
        static_cast<std::ptrdiff_t>(layer.inputs) * layer.kernel * layer.kernel * kBlock;
  }
}

/// Maximum of 2 x 2 cells, stride 2; windows are cut at the border.
void pool(const Extent& from, const float* in, float* out) {
  const int width = pooled(from.width);
  const int height = pooled(from.height);
  for (int m = 0; m < from.maps; ++m) {
    const float* map = in + m * mapSize(from.width, from.height);
    float* to = out + m * mapSize(width, height);
    for (int y = 0; y < height; ++y) {
      const float* top = map + static_cast<std::ptrdiff_t>(2 * y) * mapStride(from.width);
      const float* bottom =
          map +
          static_cast<std::ptrdiff_t>(std::min(2 * y + 1, from.height - 1)) * mapStride(from.width);
      for (int x = 0; x < width; ++x) {
        const int left = 2 * x;
        const int right = std::min(2 * x + 1, from.width - 1);
        to[y * mapStride(width) + x] =
            std::max(std::max(top[left], top[right]), std::max(bottom[left], bottom[right]));
      }
    }
  }
}

std::size_t storage(const Extent& extent) {
  return extent.width == 0
             ? static_cast<std::size_t>(paddedToVector(extent.maps))
             : static_cast<std::size_t>(extent.maps) * mapSize(extent.width, extent.height);
}

}  // namespace

Result<Validator> Validator::load(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string bytes, readFile(path));
  return parse(bytes, path.string());
}

Result<Validator> Validator::parse(std::string_view bytes, const std::string& name) {
  BinaryReader in(bytes, name);
  Validator validator;
  in.i32In(3, 3, "validator type");
  const int views = in.i32In(1, 64, "number of views");
  for (int v = 0; v < views && !in.failed(); ++v) {
    const RawMatrix<double> center = in.matrix<double>("view centre");
    if (!in.failed() && center.values.size() != 3) in.fail("view centre needs 3 values");
    if (in.failed()) break;
    View view;
    for (std::size_t i = 0; i < 3; ++i) {
      view.center[i] = static_cast<float>(center.values[i]) * kDegree;
    }
    validator.views_.push_back(std::move(view));
  }
  for (View& view : validator.views_) {
    const RawMatrix<double> mean = in.matrix<double>("mean");
    const RawMatrix<double> deviation = in.matrix<double>("standard deviation");
    const int layers = in.i32In(1, 64, "number of layers");
    // The warp, which tells the picture's size, follows the layers; all published ones have 60 px.
    constexpr int kSide = 60;
    Extent extent{1, kSide, kSide};
    validator.widest_ = std::max(validator.widest_, storage(extent));
    for (int l = 0; l < layers && !in.failed(); ++l) {
      view.layers.push_back(readLayer(in, extent));
      if (!in.failed()) validator.widest_ = std::max(validator.widest_, storage(extent));
    }
    if (!in.failed() && (extent.width != 0 || extent.maps < 2)) {
      in.fail("the network does not end in a list of values");
    }
    view.outputs = static_cast<std::size_t>(extent.maps);

    const int count = in.i32In(1, kSide * kSide, "mask pixels");
    const double min_x = in.f64();
    const double min_y = in.f64();
    const RawMatrix<double> shape = in.matrix<double>("destination landmarks");
    const RawMatrix<std::int32_t> triangles = in.matrix<std::int32_t>("triangles");
    const RawMatrix<std::int32_t> ids = in.matrix<std::int32_t>("triangle ids");
    const RawMatrix<std::int32_t> mask = in.matrix<std::int32_t>("mask");
    const RawMatrix<double> alpha = in.matrix<double>("alpha");
    const RawMatrix<double> beta = in.matrix<double>("beta");
    if (in.failed()) break;
    const int points = static_cast<int>(shape.values.size() / 2);
    if (validator.landmarks_ == 0) validator.landmarks_ = points;
    const auto pixels = [&](const auto& m) { return m.rows == kSide && m.cols == kSide; };
    const auto one_a_pixel = [&](const auto& m) {
      return m.values.size() == static_cast<std::size_t>(count);
    };
    if (points < 3 || points != validator.landmarks_ || triangles.cols != 3 || !pixels(ids) ||
        !pixels(mask) || alpha.cols != 3 || beta.cols != 3 || alpha.rows != triangles.rows ||
        beta.rows != triangles.rows || !one_a_pixel(mean) || !one_a_pixel(deviation)) {
      in.fail("the warp's parts do not fit together");
      break;
    }
    for (const std::int32_t corner : triangles.values) {
      if (corner < 0 || corner >= points) in.fail("triangle corner " + std::to_string(corner));
    }
    for (int x = 0; x < kSide && !in.failed(); ++x) {
      for (int y = 0; y < kSide && !in.failed(); ++y) {
        const std::size_t cell = static_cast<std::size_t>(y) * kSide + x;
        if (mask.values[cell] == 0) continue;
        const std::int32_t t = ids.values[cell];
        const std::size_t index = view.pixels.size();
        if (t < 0 || t >= triangles.rows || index == static_cast<std::size_t>(count)) {
          in.fail("mask and triangle ids do not fit together");
          break;
        }
        Pixel pixel;
        pixel.column = static_cast<std::int16_t>(x);
        pixel.row = static_cast<std::int16_t>(y);
        const std::size_t row = static_cast<std::size_t>(t) * 3;
        for (std::size_t k = 0; k < 3; ++k) {
          pixel.corners[k] = static_cast<std::int16_t>(triangles.values[row + k]);
        }
        const double px = x + min_x;
        const double py = y + min_y;
        pixel.weights[0] =
            alpha.values[row] + alpha.values[row + 1] * px + alpha.values[row + 2] * py;
        pixel.weights[1] = beta.values[row] + beta.values[row + 1] * px + beta.values[row + 2] * py;
        pixel.mean = static_cast<float>(mean.values[index]);
        pixel.inverse_deviation = static_cast<float>(1 / deviation.values[index]);
        if (!std::isfinite(pixel.weights[0]) || !std::isfinite(pixel.weights[1]) ||
            !std::isfinite(pixel.mean) || !std::isfinite(pixel.inverse_deviation)) {
          in.fail("the warp is not finite");
        }
        view.pixels.push_back(pixel);
      }
    }
    if (!in.failed() && view.pixels.size() != static_cast<std::size_t>(count)) {
      in.fail("the mask has " + std::to_string(view.pixels.size()) + " pixels, expected " +
              std::to_string(count));
    }
    validator.side_ = kSide;
  }
  if (!in.failed() && in.remaining() > 0) {
    in.fail(std::to_string(in.remaining()) + " bytes follow the last view");
  }
  FRONTALIS_TRY(in.status());
  return validator;
}

Validation::Validation(const Validator& validator) : validator_(&validator) {
  const std::size_t side = static_cast<std::size_t>(validator.side_);
  std::size_t pixels = 0;
  std::size_t outputs = 0;
  for (const Validator::View& view : validator.views_) {
    pixels = std::max(pixels, view.pixels.size());
    outputs = std::max(outputs, view.outputs);
  }
  warped_.assign(side * side, 0.f);
  values_.assign(pixels, 0.f);
  // A convolution's last block may read a kernel's width beyond the last row.
  in_.assign(validator.widest_ + 2 * kLanes, 0.f);
  out_.assign(validator.widest_ + 2 * kLanes, 0.f);
  output_.reserve(outputs);
}

void Validation::warp(const GrayView& gray, const float* landmarks) {
  const Validator::View& view = validator_->views_[view_];
  const int n = validator_->landmarks_;
  std::fill(warped_.begin(), warped_.end(), 0.f);
  // Outside the crop is 0, also where the frame goes on.
  const auto at = [&](int x, int y) -> int {
    return x >= crop_.left && x < crop_.right && y >= crop_.top && y < crop_.bottom ? gray.at(x, y)
                                                                                    : 0;
  };
  const float left = static_cast<float>(crop_.left);
  const float top = static_cast<float>(crop_.top);
  for (std::size_t p = 0; p < view.pixels.size(); ++p) {
    const Validator::Pixel& pixel = view.pixels[p];
    const auto i = pixel.corners[0], j = pixel.corners[1], k = pixel.corners[2];
    const auto place = [&](const float* v, float origin) {
      const double a = v[i] - origin;
      const double b = v[j] - origin;
      const double c = v[k] - origin;
      const float position =
          static_cast<float>(a + pixel.weights[0] * (b - a) + pixel.weights[1] * (c - a));
      return static_cast<int>(std::lrint(std::clamp(position * 32.f, -1e6f, 1e6f)));
    };
    const int x32 = place(landmarks, left);
    const int y32 = place(landmarks + n, top);
    const int x = (x32 >> 5) + crop_.left;
    const int y = (y32 >> 5) + crop_.top;
    const int fx = x32 & 31;
    const int fy = y32 & 31;
    const int upper = at(x, y) * (32 - fx) + at(x + 1, y) * fx;
    const int lower = at(x, y + 1) * (32 - fx) + at(x + 1, y + 1) * fx;
    const float value = static_cast<float>(upper * (32 - fy) + lower * fy) * (1.f / 1024);
    values_[p] = value;
    warped_[static_cast<std::size_t>(pixel.row) * validator_->side_ + pixel.column] = value;
  }
}

void Validation::forward() {
  const Validator::View& view = validator_->views_[view_];
  const std::size_t count = view.pixels.size();
  double sum = 0;
  for (std::size_t p = 0; p < count; ++p) sum += values_[p];
  const double mean = sum / static_cast<double>(count);
  double square = 0;
  for (std::size_t p = 0; p < count; ++p) square += (values_[p] - mean) * (values_[p] - mean);
  const double deviation = std::sqrt(square / static_cast<double>(count));
  const double factor = deviation > 0 ? 1 / deviation : 1;

  Extent extent{1, validator_->side_, validator_->side_};
  std::fill_n(in_.begin(), storage(extent), 0.f);
  for (std::size_t p = 0; p < count; ++p) {
    const Validator::Pixel& pixel = view.pixels[p];
    const float v = static_cast<float>((values_[p] - mean) * factor);
    in_[static_cast<std::size_t>(pixel.row) * mapStride(extent.width) + pixel.column] =
        (v - pixel.mean) * pixel.inverse_deviation;
  }
  for (const ValidatorLayer& layer : view.layers) {
    switch (layer.kind) {
      case ValidatorLayer::Kind::kConvolution:
        convolve(layer, extent, in_.data(), out_.data());
        extent = {layer.outputs, extent.width - layer.kernel + 1, extent.height - layer.kernel + 1};
        std::swap(in_, out_);
        break;
      case ValidatorLayer::Kind::kPooling:
        pool(extent, in_.data(), out_.data());
        extent = {extent.maps, pooled(extent.width), pooled(extent.height)};
        std::swap(in_, out_);
        break;
      case ValidatorLayer::Kind::kLinear: {
        if (extent.width != 0) {
          // Map after map, each column by column.
          float* flat = out_.data();
          for (int m = 0; m < extent.maps; ++m) {
            const float* map = in_.data() + m * mapSize(extent.width, extent.height);
            for (int x = 0; x < extent.width; ++x) {
              for (int y = 0; y < extent.height; ++y) {
                *flat++ = map[static_cast<std::ptrdiff_t>(y) * mapStride(extent.width) + x];
              }
            }
          }
          std::swap(in_, out_);
        }
        vectorTimesMatrix(in_.data(), layer.weights.data(), layer.inputs,
                          paddedToVector(layer.outputs), out_.data());
        for (int o = 0; o < layer.outputs; ++o) out_[o] += layer.bias[o];
        extent = {layer.outputs, 0, 0};
        std::swap(in_, out_);
        break;
      }
      case ValidatorLayer::Kind::kRelu:
        for (std::size_t i = 0; i < storage(extent); ++i) in_[i] = std::max(in_[i], 0.f);
        break;
      case ValidatorLayer::Kind::kSigmoid:
        for (std::size_t i = 0; i < storage(extent); ++i) in_[i] = 1 / (1 + std::exp(-in_[i]));
        break;
    }
  }
  output_.assign(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(view.outputs));
}

float Validation::certainty(GrayWindow& gray, const std::array<float, 3>& rotation,
                            const float* landmarks) {
  float nearest = 0;
  for (std::size_t v = 0; v < validator_->views_.size(); ++v) {
    float distance = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const float d = rotation[i] - validator_->views_[v].center[i];
      distance += d * d;
    }
    if (v == 0 || distance < nearest) {
      view_ = static_cast<int>(v);
      nearest = distance;
    }
  }
  const int n = validator_->landmarks_;
  const auto [left, right] = std::minmax_element(landmarks, landmarks + n);
  const auto [top, bottom] = std::minmax_element(landmarks + n, landmarks + 2 * n);
  const auto whole = [](float v) { return static_cast<int>(std::clamp(v, -1e6f, 1e6f)); };
  crop_ = {std::max(whole(*left - kCropMargin), 0), std::max(whole(*top - kCropMargin), 0),
           std::min(whole(*right + kCropMargin), gray.width() - 1),
           std::min(whole(*bottom + kCropMargin), gray.height() - 1)};
  output_.clear();
  if (crop_.right - crop_.left <= 1 || crop_.bottom - crop_.top <= 1) return 0;

  warp(gray.covering(crop_), landmarks);
  forward();
  const std::size_t best =
      static_cast<std::size_t>(std::max_element(output_.begin(), output_.end()) - output_.begin());
  const double steps = static_cast<double>(output_.size());
  return static_cast<float>(1 - 1 / (2 * steps) - static_cast<double>(best) / steps);
}

}  // namespace frontalis
