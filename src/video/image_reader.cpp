#include "video/image_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "image/geometry.h"
#include "util/file.h"
#include "util/try.h"
#include "video/libav.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 30;

AVCodecID codecOf(std::string_view bytes) {
  const auto starts = [&](std::string_view magic) {
    return bytes.substr(0, magic.size()) == magic;
  };
  if (starts("\xff\xd8\xff")) return AV_CODEC_ID_MJPEG;
  if (starts("\x89PNG\r\n\x1a\n")) return AV_CODEC_ID_PNG;
  if (starts("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return AV_CODEC_ID_WEBP;
  if (starts(std::string_view("II*\0", 4)) || starts(std::string_view("MM\0*", 4))) {
    return AV_CODEC_ID_TIFF;
  }
  if (starts("BM") && bytes.size() > 14) return AV_CODEC_ID_BMP;
  if (bytes.size() > 2 && bytes[0] == 'P' && std::strchr(" \t\r\n#", bytes[2]) != nullptr) {
    if (bytes[1] == '5') return AV_CODEC_ID_PGM;
    if (bytes[1] == '6') return AV_CODEC_ID_PPM;
  }
  return AV_CODEC_ID_NONE;
}

/// Numbers at an offset, either byte order; 0 outside.
class Bytes {
 public:
  Bytes(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  [[nodiscard]] std::uint32_t u16(std::uint64_t at) const { return number(at, 2); }
  [[nodiscard]] std::uint32_t u32(std::uint64_t at) const { return number(at, 4); }

 private:
  [[nodiscard]] std::uint32_t number(std::uint64_t at, unsigned size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    std::uint32_t value = 0;
    for (unsigned k = 0; k < size; ++k) {
      const unsigned from = big_endian_ ? k : size - 1 - k;
      value = value << 8 | static_cast<unsigned char>(bytes_[at + from]);
    }
    return value;
  }

  std::string_view bytes_;
  bool big_endian_;
};

/// Tag 0x0112 of the first directory of a TIFF structure.
int orientationOfTiff(std::string_view tiff) {
  if (tiff.size() < 8) return 1;
  const Bytes in(tiff, tiff[0] == 'M');
  const std::uint64_t directory = in.u32(4);
  const std::uint32_t entries = in.u16(directory);
  for (std::uint32_t k = 0; k < entries; ++k) {
    const std::uint64_t entry = directory + 2 + 12ull * k;
    if (entry + 12 > tiff.size()) break;
    if (in.u16(entry) != 0x0112) continue;
    const std::uint32_t value = in.u16(entry + 8);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

int orientationOfJpeg(std::string_view file) {
  const Bytes in(file, true);
  std::uint64_t at = 2;
  while (at + 4 <= file.size() && in.u16(at) >> 8 == 0xff) {
    const std::uint32_t marker = in.u16(at) & 0xff;
    if (marker == 0xda || marker == 0xd9) break;  // pixels follow
    if (marker == 0xff) {
      ++at;
      continue;
    }
    const std::uint32_t size = in.u16(at + 2);
    const std::string_view segment = file.substr(at + 4, size < 2 ? 0 : size - 2);
    if (marker == 0xe1 && segment.substr(0, 6) == std::string_view("Exif\0\0", 6)) {
      return orientationOfTiff(segment.substr(6));
    }
    at += 2 + std::uint64_t{std::max(size, 2u)};
  }
  return 1;
}

/// Chunked files: PNG (size, name, data, checksum), RIFF (name, size, data, padding).
int orientationOfChunks(std::string_view file, bool png) {
  const Bytes in(file, png);
  std::uint64_t at = png ? 8 : 12;
  while (at + 8 <= file.size()) {
    const std::uint64_t size = in.u32(at + (png ? 0 : 4));
    const std::string_view name = file.substr(at + (png ? 4 : 0), 4);
    std::string_view data = file.substr(at + 8, size);
    if (name == (png ? "eXIf" : "EXIF")) {
      if (data.substr(0, 6) == std::string_view("Exif\0\0", 6)) data.remove_prefix(6);
      return orientationOfTiff(data);
    }
    at += 8 + (png ? size + 4 : size + size % 2);
  }
  return 1;
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string extensionOf(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), lower);
  return extension;
}

}  // namespace

bool looksLikeImage(std::string_view first_bytes) {
  return codecOf(first_bytes) != AV_CODEC_ID_NONE;
}

int exifOrientation(std::string_view file) {
  switch (codecOf(file)) {
    case AV_CODEC_ID_MJPEG:
      return orientationOfJpeg(file);
    case AV_CODEC_ID_PNG:
      return orientationOfChunks(file, true);
    case AV_CODEC_ID_WEBP:
      return orientationOfChunks(file, false);
    case AV_CODEC_ID_TIFF:
      return orientationOfTiff(file);
    default:
      return 1;
  }
}

Result<ReadImage> readImage(const fs::path& path, std::int64_t max_pixels) {
  const std::string name = path.string();
  FRONTALIS_ASSIGN(std::string bytes, readFile(path, kMaxFileBytes));
  const std::size_t size = bytes.size();
  const AVCodecID id = codecOf(bytes);
  if (id == AV_CODEC_ID_NONE) {
    return Error{ErrorCode::kNotAVideo, name + ": is not an image that is known here",
                 "Give a JPEG, PNG, BMP, WebP or TIFF file"};
  }
  const int tag = exifOrientation(bytes);
  const AVCodec* decoder = avcodec_find_decoder(id);
  if (decoder == nullptr) {
    return Error{ErrorCode::kUnsupported,
                 name + ": FFmpeg has no decoder for " + avcodec_get_name(id),
                 "Convert the image to PNG"};
  }
  libav::limitAllocations();
  const libav::Complaints complaints;
  const libav::CodecContext codec(avcodec_alloc_context3(decoder));
  const libav::Packet packet(av_packet_alloc());
  const std::shared_ptr<AVFrame> decoded(av_frame_alloc(), libav::Free{});
  if (!codec || !packet || !decoded || av_new_packet(packet.get(), static_cast<int>(size)) < 0) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  std::memcpy(packet->data, bytes.data(), size);
  bytes = {};
  codec->thread_count = 1;
  codec->max_pixels = max_pixels;
  int code = avcodec_open2(codec.get(), decoder, nullptr);
  if (code >= 0) code = avcodec_send_packet(codec.get(), packet.get());
  if (code >= 0) code = avcodec_send_packet(codec.get(), nullptr);
  if (code >= 0) code = avcodec_receive_frame(codec.get(), decoded.get());
  if (code < 0) {
    // libav's only sign that its limit stopped it.
    if (complaints.suffix().find("max pixel count") != std::string::npos) {
      return Error{ErrorCode::kUnsupported,
                   name + ": is larger than " + std::to_string(max_pixels) + " px",
                   "Scale the image down first"};
    }
    if (code == AVERROR(ENOMEM)) {
      return Error{ErrorCode::kUnsupported, name + ": needs too much memory to be decoded",
                   "Scale the image down, or save it with 8 bits a channel"};
    }
    return Error{ErrorCode::kCorrupt,
                 name + ": does not decode as " + avcodec_get_name(id) + complaints.suffix(),
                 "The file may be cut off or damaged; copy it again"};
  }
  ReadImage read;
  read.codec = avcodec_get_name(id);
  read.damaged = complaints.any() || decoded->decode_error_flags != 0 ||
                 (decoded->flags & AV_FRAME_FLAG_CORRUPT) != 0;
  std::shared_ptr<AVFrame> picture = decoded;
  const auto format = static_cast<AVPixelFormat>(decoded->format);
  const libav::LayoutOf kind = libav::layoutOf(format);
  if (kind.nearest != format || kind.bit_depth > 8) {
    picture.reset(av_frame_alloc(), libav::Free{});
    if (!picture || !libav::Converter().convertTo8Bit(*decoded, *picture)) {
      return Error{ErrorCode::kInternal, name + ": out of memory"};
    }
  }
  read.frame = libav::describe(*picture, picture);
  read.frame.full_range_format = kind.full_range_format;
  read.frame.orientation = orientationFromExif(tag);
  return read;
}

bool naturalLess(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t k = 0;
  while (i < a.size() && k < b.size()) {
    if (isDigit(a[i]) && isDigit(b[k])) {
      const auto digits = [](std::string_view s, std::size_t& at) {
        while (at < s.size() && s[at] == '0') ++at;
        const std::size_t start = at;
        while (at < s.size() && isDigit(s[at])) ++at;
        return s.substr(start, at - start);
      };
      const std::string_view left = digits(a, i);
      const std::string_view right = digits(b, k);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
      continue;
    }
    if (lower(a[i]) != lower(b[k])) {
      return static_cast<unsigned char>(lower(a[i])) < static_cast<unsigned char>(lower(b[k]));
    }
    ++i;
    ++k;
  }
  if (i == a.size() && k == b.size()) return a < b;  // differ in case or leading zeros only
  return i == a.size();
}

Result<std::vector<fs::path>> listImages(const fs::path& folder) {
  constexpr std::array<std::string_view, 10> kExtensions = {
      ".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm", ".jpe"};
  std::vector<fs::path> images;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string extension = extensionOf(entry->path());
    const bool image =
        std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
    std::error_code ignored;
    if (image && entry->path().filename().native().front() != '.' &&
        entry->is_regular_file(ignored)) {
      images.push_back(entry->path());
    }
  }
  if (error) {
    return Error{ErrorCode::kUnreadable, folder.string() + ": " + error.message(),
                 "Check that you may read the folder"};
  }
  std::sort(images.begin(), images.end(), [](const fs::path& a, const fs::path& b) {
    return naturalLess(a.filename().native(), b.filename().native());
  });
  return images;
}

}  // namespace frontalis
