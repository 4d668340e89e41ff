#include "appearance/hog_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "util/try.h"

namespace frontalis {

namespace {

static_assert(std::endian::native == std::endian::little, "the file is written as it lies");

constexpr std::int64_t kHeaderBytes = 16;
constexpr int kMaxSide = 4096;
constexpr int kMaxChannels = 1024;

struct Header {
  std::int32_t columns, rows, channels;
  float flag;
};
static_assert(sizeof(Header) == kHeaderBytes);

bool readBytes(std::FILE* file, void* to, std::int64_t count) {
  const auto size = static_cast<std::size_t>(count);
  return std::fread(to, 1, size, file) == size;
}

}  // namespace

Result<HogWriter> HogWriter::create(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(AtomicFile file, AtomicFile::create(path));
  return HogWriter(std::move(file));
}

Status HogWriter::write(bool good, std::span<const float, kFhogSize> values) {
  const Header header{kFhogCells, kFhogCells, kFhogChannels, good ? 1.f : -1.f};
  FRONTALIS_TRY(file_.write({reinterpret_cast<const char*>(&header), sizeof header}));
  return file_.write({reinterpret_cast<const char*>(values.data()), values.size_bytes()});
}

Status HogWriter::commit() { return file_.commit(); }

Error HogReader::corrupt(const std::string& what) const {
  return {ErrorCode::kCorrupt,
          name_ + ": frame " + std::to_string(read_ + 1) + " (offset " +
              std::to_string(read_ * frameBytes()) + "): " + what,
          "Check that this is a .hog file and that it was copied whole"};
}

std::int64_t HogReader::frameBytes() const {
  return kHeaderBytes + std::int64_t{4} * columns_ * rows_ * channels_;
}

Result<HogReader> HogReader::open(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Error{ErrorCode::kNotFound, path.string() + ": no such file"};
  }
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(path, error));
  if (error) return Error{ErrorCode::kUnreadable, path.string() + ": " + error.message()};
  HogReader reader(File(std::fopen(path.c_str(), "rb"), std::fclose), path.string());
  if (!reader.file_) {
    return Error{ErrorCode::kUnreadable, path.string() + ": " + std::strerror(errno)};
  }
  Header header{};
  if (size < kHeaderBytes || !readBytes(reader.file_.get(), &header, kHeaderBytes)) {
    return reader.corrupt("the file ends within the header");
  }
  const auto within = [](int value, int most) { return value >= 1 && value <= most; };
  if (!within(header.columns, kMaxSide) || !within(header.rows, kMaxSide) ||
      !within(header.channels, kMaxChannels)) {
    return reader.corrupt("size " + std::to_string(header.columns) + " x " +
                          std::to_string(header.rows) + " x " + std::to_string(header.channels) +
                          ", expected 1 to " + std::to_string(kMaxSide) +
                          " columns and rows, 1 to " + std::to_string(kMaxChannels) + " channels");
  }
  reader.columns_ = header.columns;
  reader.rows_ = header.rows;
  reader.channels_ = header.channels;
  // Nothing is allocated for a frame that the file cannot hold.
  if (size < reader.frameBytes()) return reader.corrupt("the file ends within the frame");
  reader.frames_ = size / reader.frameBytes();
  std::rewind(reader.file_.get());
  return reader;
}

Result<bool> HogReader::next(HogFrame& frame) {
  Header header{};
  const std::size_t got = std::fread(&header, 1, sizeof header, file_.get());
  if (got == 0 && std::feof(file_.get()) != 0) return false;
  if (got != sizeof header) return corrupt("the file ends within the header");
  if (header.columns != columns_ || header.rows != rows_ || header.channels != channels_) {
    return corrupt("size " + std::to_string(header.columns) + " x " + std::to_string(header.rows) +
                   " x " + std::to_string(header.channels) + " differs from the first frame's");
  }
  if (header.flag != 1.f && header.flag != -1.f) return corrupt("the flag is neither 1 nor -1");
  frame.good = header.flag == 1.f;
  const std::int64_t bytes = frameBytes() - kHeaderBytes;
  frame.values.resize(static_cast<std::size_t>(bytes) / sizeof(float));
  if (!readBytes(file_.get(), frame.values.data(), bytes)) {
    return corrupt("the file ends within the frame");
  }
  if (!std::all_of(frame.values.begin(), frame.values.end(),
                   [](float v) { return std::isfinite(v); })) {
    return corrupt("a value is not finite");
  }
  ++read_;
  return true;
}

Result<HogInfo> readHogInfo(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(HogReader reader, HogReader::open(path));
  HogInfo info;
  info.columns = reader.columns();
  info.rows = reader.rows();
  info.channels = reader.channels();
  HogFrame frame;
  while (true) {
    FRONTALIS_ASSIGN(const bool more, reader.next(frame));
    if (!more) return info;
    ++info.frames;
    if (!frame.good) continue;
    const auto [low, high] = std::minmax_element(frame.values.begin(), frame.values.end());
    info.smallest = info.good_frames == 0 ? *low : std::min(info.smallest, *low);
    info.largest = info.good_frames == 0 ? *high : std::max(info.largest, *high);
    ++info.good_frames;
  }
}

}  // namespace frontalis
