#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

static_assert(std::endian::native == std::endian::little, "model files are read as they lie");

/// A matrix as OpenFace's binary files store it (spec clnf 1.3): row-major.
template <class T>
struct RawMatrix {
  int rows = 0;
  int cols = 0;
  std::vector<T> values;
};

/// Bounds-checked little-endian reading. The first failure sticks: later reads return zeros, and
/// status() names file, offset and cause, so callers check once per group instead of per field.
class BinaryReader {
 public:
  /// `name` is what error messages call the file. `bytes` must outlive the reader.
  BinaryReader(std::string_view bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {}

  std::int32_t i32() { return scalar<std::int32_t>(); }
  float f32() { return scalar<float>(); }
  double f64() { return scalar<double>(); }

  /// int32 in [low, high], else fails naming `what`.
  std::int32_t i32In(std::int32_t low, std::int32_t high, std::string_view what);

  /// int32 rows, cols, type code, data; the type code must be that of T (uint8 0, int32 4,
  /// float 5, double 6). Never allocates more than the bytes that are left.
  template <class T>
  RawMatrix<T> matrix(std::string_view what) {
    RawMatrix<T> m;
    const std::int32_t rows = i32();
    const std::int32_t cols = i32();
    const std::int32_t type = i32();
    if (failed_) return m;
    if (rows < 0 || cols < 0 || type != typeCode<T>()) {
      fail(std::string(what) + ": matrix header " + std::to_string(rows) + " x " +
           std::to_string(cols) + " type " + std::to_string(type) + ", expected type " +
           std::to_string(typeCode<T>()));
      return m;
    }
    const std::uint64_t count = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(cols);
    if (count > remaining() / sizeof(T)) {
      fail(std::string(what) + ": matrix of " + std::to_string(rows) + " x " +
           std::to_string(cols) + " is larger than the file");
      return m;
    }
    m.rows = rows;
    m.cols = cols;
    m.values.resize(count);
    read(m.values.data(), count * sizeof(T));
    return m;
  }

  /// `count` raw values.
  template <class T>
  std::vector<T> array(std::uint64_t count, std::string_view what) {
    std::vector<T> values;
    if (failed_) return values;
    if (count > remaining() / sizeof(T)) {
      fail(std::string(what) + ": " + std::to_string(count) + " values are more than the file has");
      return values;
    }
    values.resize(count);
    read(values.data(), count * sizeof(T));
    return values;
  }

  /// Marks the content as malformed at the current offset.
  void fail(const std::string& what);

  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - offset_; }
  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] bool failed() const { return failed_; }
  /// kCorrupt with file, offset and cause.
  [[nodiscard]] Status status() const;

 private:
  template <class T>
  static constexpr std::int32_t typeCode() {
    if constexpr (std::is_same_v<T, std::uint8_t>) return 0;
    if constexpr (std::is_same_v<T, std::int32_t>) return 4;
    if constexpr (std::is_same_v<T, float>) return 5;
    if constexpr (std::is_same_v<T, double>) return 6;
  }
  template <class T>
  T scalar() {
    T value{};
    read(&value, sizeof(T));
    return value;
  }
  void read(void* to, std::size_t size);

  std::string_view bytes_;
  std::string name_;
  std::size_t offset_ = 0;
  bool failed_ = false;
  std::string cause_;
};

}  // namespace frontalis
