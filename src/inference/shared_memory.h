#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "frontalis/result.h"
#include "inference/network.h"

namespace frontalis {

/// Memory that two processes see, without a name: it goes away with the last of them.
class SharedMemory {
 public:
  SharedMemory() = default;
  /// Zeroed. Errors: kInference.
  static Result<SharedMemory> create(std::size_t bytes);
  /// What another process created; takes the descriptor over. Errors: kInference.
  static Result<SharedMemory> map(int descriptor, std::size_t bytes);

  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory& operator=(SharedMemory&& other) noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  ~SharedMemory();

  [[nodiscard]] std::byte* data() const { return data_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t bytes_ = 0;
  int descriptor_ = -1;
};

/// A network's tensors in shared memory: inputs, then outputs, each on its own cache lines.
class TensorRegion {
 public:
  TensorRegion() = default;
  /// Errors: kInference.
  static Result<TensorRegion> create(const std::vector<TensorShape>& inputs,
                                     const std::vector<TensorShape>& outputs);
  static Result<TensorRegion> map(int descriptor, const std::vector<TensorShape>& inputs,
                                  const std::vector<TensorShape>& outputs);

  [[nodiscard]] std::span<float> input(std::size_t i) const { return inputs_[i]; }
  [[nodiscard]] std::span<float> output(std::size_t i) const { return outputs_[i]; }
  [[nodiscard]] int descriptor() const { return memory_.descriptor(); }

 private:
  void lay(const std::vector<TensorShape>& inputs, const std::vector<TensorShape>& outputs);

  SharedMemory memory_;
  std::vector<std::span<float>> inputs_, outputs_;
};

}  // namespace frontalis
