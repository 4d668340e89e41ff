#include "util/text_reader.h"

#include <charconv>
#include <cmath>

#if !defined(__cpp_lib_to_chars)
#include <locale>
#include <sstream>
#endif

namespace frontalis {
namespace {

constexpr std::size_t kLongestToken = 64;

bool isSpace(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

bool parseDouble(std::string_view token, double& value) {
#if defined(__cpp_lib_to_chars)
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
  return error == std::errc() && end == token.data() + token.size();
#else
  std::istringstream stream{std::string(token)};
  stream.imbue(std::locale::classic());
  return (stream >> value) && stream.peek() == std::istringstream::traits_type::eof();
#endif
}

}  // namespace

void TextReader::skipSpace() {
  while (offset_ < text_.size() && isSpace(text_[offset_])) {
    if (text_[offset_] == '\n') ++line_;
    ++offset_;
  }
}

void TextReader::skipComments() {
  skipSpace();
  while (offset_ < text_.size() && text_[offset_] == '#') {
    while (offset_ < text_.size() && text_[offset_] != '\n') ++offset_;
    skipSpace();
  }
}

bool TextReader::atEnd() {
  skipSpace();
  return offset_ == text_.size();
}

std::string_view TextReader::token(std::string_view what) {
  if (failed_) return {};
  skipSpace();
  const std::size_t begin = offset_;
  while (offset_ < text_.size() && !isSpace(text_[offset_]) && offset_ - begin <= kLongestToken) {
    ++offset_;
  }
  const std::string_view found = text_.substr(begin, offset_ - begin);
  if (found.empty()) {
    fail(std::string(what) + " is missing, the file ends early");
  } else if (found.size() > kLongestToken) {
    fail(std::string(what) + ": not a number");
  }
  return failed_ ? std::string_view() : found;
}

std::int64_t TextReader::integer(std::int64_t low, std::int64_t high, std::string_view what) {
  const std::string_view text = token(what);
  if (failed_) return 0;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    fail(std::string(what) + " is '" + std::string(text) + "', expected a whole number");
    return 0;
  }
  if (value < low || value > high) {
    fail(std::string(what) + " is " + std::to_string(value) + ", expected " + std::to_string(low) +
         " to " + std::to_string(high));
    return 0;
  }
  return value;
}

double TextReader::number(std::string_view what) {
  std::string_view text = token(what);
  if (failed_) return 0;
  const std::string_view whole = text;
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  double value = 0;
  if (!parseDouble(text, value) || !std::isfinite(value)) {
    fail(std::string(what) + " is '" + std::string(whole) + "', expected a finite number");
    return 0;
  }
  return value;
}

TextReader::Matrix TextReader::matrix(int type_code, int max_rows, int max_cols,
                                      std::string_view what) {
  const std::string name(what);
  skipComments();
  Matrix result;
  const auto rows = integer(1, max_rows, name + " rows");
  const auto cols = integer(1, max_cols, name + " columns");
  integer(type_code, type_code, name + " type code");
  if (failed_) return result;
  const auto count = static_cast<std::size_t>(rows * cols);
  // Every number takes a character and all but the last a separator.
  if (count > (text_.size() - offset_) / 2 + 1) {
    fail(name + ": matrix of " + std::to_string(rows) + " x " + std::to_string(cols) +
         " is larger than the file");
    return result;
  }
  result.values.reserve(count);
  for (std::size_t i = 0; i < count && !failed_; ++i) result.values.push_back(number(what));
  if (failed_) return {};
  result.rows = static_cast<int>(rows);
  result.cols = static_cast<int>(cols);
  return result;
}

void TextReader::fail(const std::string& what) {
  if (failed_) return;
  failed_ = true;
  cause_ = "malformed at line " + std::to_string(line_) + " (offset " + std::to_string(offset_) +
           "): " + what;
}

Status TextReader::status() const {
  if (!failed_) return {};
  return Error{ErrorCode::kCorrupt, name_ + " is " + cause_,
               "Install the file again or check that it is the right one"};
}

}  // namespace frontalis
