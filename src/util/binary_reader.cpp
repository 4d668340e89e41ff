#include "util/binary_reader.h"

namespace frontalis {

std::int32_t BinaryReader::i32In(std::int32_t low, std::int32_t high, std::string_view what) {
  const std::int32_t value = i32();
  if (!failed_ && (value < low || value > high)) {
    fail(std::string(what) + " is " + std::to_string(value) + ", expected " + std::to_string(low) +
         " to " + std::to_string(high));
  }
  return failed_ ? low : value;
}

void BinaryReader::fail(const std::string& what) {
  if (failed_) return;
  failed_ = true;
  cause_ = "malformed at offset " + std::to_string(offset_) + ": " + what;
}

Status BinaryReader::status() const {
  if (!failed_) return {};
  return Error{ErrorCode::kCorrupt, name_ + " is " + cause_};
}

void BinaryReader::read(void* to, std::size_t size) {
  if (failed_) return;
  if (size > remaining()) {
    fail("file ends " + std::to_string(size - remaining()) + " bytes early");
    return;
  }
  if (size > 0) std::memcpy(to, bytes_.data() + offset_, size);
  offset_ += size;
}

}  // namespace frontalis
