#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "frontalis/result.h"
#include "video/libav.h"

namespace frontalis::libav {

/// A media file opened by libav and shut in: its bytes come from the named file through our own
/// reads, only known containers are let in, and nothing inside can open anything else.
class InputFile {
 public:
  /// Streams are probed. Errors: as VideoReader::open(), without those about streams.
  static Result<std::unique_ptr<InputFile>> open(const std::filesystem::path& path,
                                                 std::int64_t max_pixels);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  [[nodiscard]] AVFormatContext& format() { return *format_; }
  [[nodiscard]] const AVFormatContext& format() const { return *format_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::int64_t bytesRead() const { return bytes_read_; }
  /// Whether the file could not be read to where libav wanted.
  [[nodiscard]] bool failed() const { return failed_ || io_->error < 0; }
  /// A Matroska file that ends before the size written in its Segment's header.
  [[nodiscard]] bool segmentIsCut() const;

 private:
  explicit InputFile(std::string name) : name_(std::move(name)) {}
  static int read(void* self, std::uint8_t* to, int size);
  static std::int64_t seek(void* self, std::int64_t offset, int whence);
  Status openContainer(std::int64_t max_pixels);

  std::string name_;
  int descriptor_ = -1;
  std::int64_t size_ = 0;
  std::int64_t bytes_read_ = 0;
  bool failed_ = false;
  AVIOContext* io_ = nullptr;
  AVFormatContext* format_ = nullptr;
};

/// Streams of a file or live source that are let in.
inline constexpr int kMaxStreams = 256;

/// Finds out what the streams are; decoders take part in it, with pictures up to `max_pixels`.
/// libav's code.
int probeStreams(AVFormatContext& format, std::int64_t max_pixels);

/// The stream that holds the moving pictures; -1 when there is none but, say, cover art.
int chooseVideoStream(const AVFormatContext& format);

}  // namespace frontalis::libav
