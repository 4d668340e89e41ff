#include "inference/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "util/try.h"

namespace frontalis {
namespace {

constexpr std::size_t kLine = 64;  // bytes

Error failure(const char* what) {
  return {ErrorCode::kInference, std::string(what) + ": " + std::strerror(errno)};
}

int createNameless() {
#if defined(__linux__)
  return ::memfd_create("frontalis", MFD_CLOEXEC);
#else
  static std::atomic<unsigned> count{0};  // only makes names differ
  const std::string name =
      "/frontalis-" + std::to_string(::getpid()) + "-" + std::to_string(count.fetch_add(1));
  const int descriptor = ::shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
  if (descriptor >= 0) ::shm_unlink(name.c_str());
  return descriptor;
#endif
}

std::size_t bytesOf(const TensorShape& shape) {
  const std::size_t bytes = tensorSize(shape) * sizeof(float);
  return (bytes + kLine - 1) / kLine * kLine;
}

std::size_t bytesOf(const std::vector<TensorShape>& a, const std::vector<TensorShape>& b) {
  std::size_t bytes = kLine;
  for (const auto* shapes : {&a, &b}) {
    for (const TensorShape& shape : *shapes) bytes += bytesOf(shape);
  }
  return bytes;
}

}  // namespace

Result<SharedMemory> SharedMemory::create(std::size_t bytes) {
  const int descriptor = createNameless();
  if (descriptor < 0) return failure("no shared memory");
  if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) {
    const Error error = failure("no shared memory");
    ::close(descriptor);
    return error;
  }
  return map(descriptor, bytes);
}

Result<SharedMemory> SharedMemory::map(int descriptor, std::size_t bytes) {
  SharedMemory memory;
  memory.descriptor_ = descriptor;
  struct stat seen {};
  // Reading beyond the end would end the process.
  if (::fstat(descriptor, &seen) != 0 || static_cast<std::size_t>(seen.st_size) < bytes) {
    return Error{ErrorCode::kInference, "shared memory is smaller than its tensors"};
  }
  void* data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (data == MAP_FAILED) return failure("no shared memory");
  memory.data_ = static_cast<std::byte*>(data);
  memory.bytes_ = bytes;
  return memory;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(other.bytes_),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

SharedMemory::~SharedMemory() {
  if (data_ != nullptr) ::munmap(data_, bytes_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<TensorRegion> TensorRegion::create(const std::vector<TensorShape>& inputs,
                                          const std::vector<TensorShape>& outputs) {
  TensorRegion region;
  FRONTALIS_ASSIGN(region.memory_, SharedMemory::create(bytesOf(inputs, outputs)));
  region.lay(inputs, outputs);
  return region;
}

Result<TensorRegion> TensorRegion::map(int descriptor, const std::vector<TensorShape>& inputs,
                                       const std::vector<TensorShape>& outputs) {
  TensorRegion region;
  FRONTALIS_ASSIGN(region.memory_, SharedMemory::map(descriptor, bytesOf(inputs, outputs)));
  region.lay(inputs, outputs);
  return region;
}

void TensorRegion::lay(const std::vector<TensorShape>& inputs,
                       const std::vector<TensorShape>& outputs) {
  std::byte* at = memory_.data();
  const auto place = [&](const std::vector<TensorShape>& shapes,
                         std::vector<std::span<float>>& tensors) {
    for (const TensorShape& shape : shapes) {
      tensors.emplace_back(reinterpret_cast<float*>(at), tensorSize(shape));
      at += bytesOf(shape);
    }
  };
  place(inputs, inputs_);
  place(outputs, outputs_);
}

}  // namespace frontalis
