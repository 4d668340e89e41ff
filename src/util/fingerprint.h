#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace frontalis {

/// 64 bits that tell whether two runs saw the same bytes; not against an adversary.
class Fingerprint {
 public:
  void addBytes(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const unsigned char*>(data);
    // Four chains side by side: one would wait for its own multiplication.
    for (; size >= 32; bytes += 32, size -= 32) {
      for (std::size_t lane = 0; lane < 4; ++lane) mix(lanes_[lane], word(bytes + 8 * lane, 8));
    }
    for (; size > 0; bytes += 8) {
      const std::size_t part = size < 8 ? size : 8;
      mix(lanes_[0], word(bytes, part));
      size -= part;
    }
  }

  /// Bit by bit: 0 and -0 differ.
  template <class T>
  void add(const T& value) {
    static_assert(std::is_arithmetic_v<T>, "padding would count");
    addBytes(&value, sizeof value);
  }

  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t all = lanes_[0];
    for (std::size_t lane = 1; lane < 4; ++lane) mix(all, lanes_[lane]);
    return all;
  }

 private:
  static std::uint64_t word(const unsigned char* bytes, std::size_t size) {
    std::uint64_t w = 0;
    std::memcpy(&w, bytes, size);
    return w;
  }
  static void mix(std::uint64_t& state, std::uint64_t w) {
    state = std::rotl((state ^ w) * 0x9E3779B97F4A7C15u, 29);
  }

  std::uint64_t lanes_[4] = {1, 2, 3, 4};
};

}  // namespace frontalis
