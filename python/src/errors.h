#pragma once

#include <stdexcept>
#include <utility>

#include "frontalis/result.h"

namespace frontalis::python {

/// An Error on its way to Python, where it becomes the exception class of its code.
class CodedError : public std::runtime_error {
 public:
  explicit CodedError(Error error) : std::runtime_error(error.text()), error_(std::move(error)) {}
  [[nodiscard]] const Error& error() const { return error_; }

 private:
  Error error_;
};

template <class T>
T unwrap(Result<T> result) {
  if (!result.ok()) throw CodedError(result.error());
  return std::move(result).value();
}

inline void check(const Status& status) {
  if (!status.ok()) throw CodedError(status.error());
}

}  // namespace frontalis::python
