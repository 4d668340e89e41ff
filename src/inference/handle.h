#pragma once

#include <utility>

namespace frontalis {

/// Owns an object of a C library through the function that releases it.
template <class T>
class Handle {
 public:
  Handle() = default;
  explicit Handle(void (*release)(T*)) : release_(release) {}
  Handle(Handle&& other) noexcept
      : pointer_(std::exchange(other.pointer_, nullptr)), release_(other.release_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(pointer_, other.pointer_);
    std::swap(release_, other.release_);
    return *this;
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (pointer_ != nullptr) release_(pointer_);
  }
  [[nodiscard]] T* get() const { return pointer_; }
  T** out() { return &pointer_; }

 private:
  T* pointer_ = nullptr;
  void (*release_)(T*) = nullptr;
};

}  // namespace frontalis
