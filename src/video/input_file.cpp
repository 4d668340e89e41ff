#include "video/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "util/try.h"

namespace frontalis::libav {

namespace fs = std::filesystem;

namespace {

constexpr int kReadBuffer = 1 << 16;
constexpr const char* kNotAVideoRemedy = "Give a video file that FFmpeg can play";

/// Containers that are opened. All others are refused, above all playlists and scripts, which could
/// make libav open something else.
constexpr std::string_view kContainers[] = {
    "mov",  "matroska", "webm",    "avi",      "asf",    "mpegts", "mpeg",      "mpegvideo",
    "h264", "hevc",     "vvc",     "flv",      "ogg",    "mxf",    "gif",       "apng",
    "ivf",  "obu",      "av1",     "dv",       "nut",    "rm",     "m4v",       "wtv",
    "y4m",  "vc1",      "vc1test", "mjpeg",    "mpjpeg", "h263",   "h261",      "yuv4mpegpipe",
    "swf",  "3gp",      "mp4",     "live_flv", "nsv",    "ivr",    "cavsvideo", "dirac"};
/// Sound only: opened to be able to say that they hold no pictures.
constexpr std::string_view kSoundContainers[] = {"mp3", "wav", "flac", "aac",  "aiff", "amr",
                                                 "au",  "caf", "ac3",  "eac3", "w64",  "ape"};

bool anyIn(std::string_view names, const auto& list) {
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    if (std::find(std::begin(list), std::end(list), names.substr(0, comma)) != std::end(list)) {
      return true;
    }
    if (comma == std::string_view::npos) break;
    names.remove_prefix(comma + 1);
  }
  return false;
}

int refuseToOpen(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

}  // namespace

InputFile::~InputFile() {
  avformat_close_input(&format_);
  if (io_ != nullptr) {
    av_freep(&io_->buffer);
    avio_context_free(&io_);
  }
  if (descriptor_ >= 0) ::close(descriptor_);
}

int InputFile::read(void* self, std::uint8_t* to, int size) {
  auto* input = static_cast<InputFile*>(self);
  ssize_t got = -1;
  do {
    got = ::read(input->descriptor_, to, static_cast<std::size_t>(size));
  } while (got < 0 && errno == EINTR);
  if (got < 0) {
    input->failed_ = true;
    return AVERROR(errno);
  }
  if (got == 0) return AVERROR_EOF;
  input->bytes_read_ += got;
  return static_cast<int>(got);
}

std::int64_t InputFile::seek(void* self, std::int64_t offset, int whence) {
  auto* input = static_cast<InputFile*>(self);
  if ((whence & AVSEEK_SIZE) != 0) return input->size_;
  const off_t at = ::lseek(input->descriptor_, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}

Result<std::unique_ptr<InputFile>> InputFile::open(const fs::path& path, std::int64_t max_pixels) {
  const std::string name = path.string();
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (status.type() == fs::file_type::not_found) {
    return Error{ErrorCode::kNotFound, name + ": no such file", "Check the name and the folder"};
  }
  if (fs::is_directory(status)) {
    return Error{ErrorCode::kUnreadable, name + ": is a folder, expected a video file",
                 "Name the video inside it"};
  }
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    return Error{ErrorCode::kUnreadable, name + ": is not a regular file",
                 "Copy the video to a file first"};
  }
  std::unique_ptr<InputFile> input(new InputFile(name));
  input->descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (input->descriptor_ < 0) {
    return Error{ErrorCode::kUnreadable, name + ": " + std::strerror(errno),
                 "Check that you may read it"};
  }
  struct stat about {};
  if (::fstat(input->descriptor_, &about) != 0) {
    return Error{ErrorCode::kUnreadable, name + ": " + std::strerror(errno)};
  }
  input->size_ = about.st_size;
  if (input->size_ == 0) {
    return Error{ErrorCode::kNotAVideo, name + ": is empty (0 bytes)",
                 "Copy or download the video again"};
  }
  FRONTALIS_TRY(input->openContainer(max_pixels));
  return input;
}

Status InputFile::openContainer(std::int64_t max_pixels) {
  auto* buffer = static_cast<unsigned char*>(av_malloc(kReadBuffer));
  if (buffer != nullptr) {
    io_ = avio_alloc_context(buffer, kReadBuffer, 0, this, &InputFile::read, nullptr,
                             &InputFile::seek);
    if (io_ == nullptr) av_free(buffer);
  }
  if (io_ == nullptr) return Error{ErrorCode::kInternal, name_ + ": out of memory"};

  limitAllocations();
  const Complaints complaints;
  const AVInputFormat* kind = nullptr;
  const std::string file_name = fs::path(name_).filename().string();
  const int score = av_probe_input_buffer2(io_, &kind, file_name.c_str(), nullptr, 0, 0);
  const bool sound = kind != nullptr && anyIn(kind->name, kSoundContainers);
  if (score < 0 || kind == nullptr || (sound && score < AVPROBE_SCORE_MAX / 4)) {
    return Error{ErrorCode::kNotAVideo, name_ + ": is not a video that is known here",
                 kNotAVideoRemedy};
  }
  if (!sound && !anyIn(kind->name, kContainers)) {
    return Error{ErrorCode::kNotAVideo,
                 name_ + ": is of the kind '" + kind->name + "', which is not opened",
                 kNotAVideoRemedy};
  }
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return Error{ErrorCode::kInternal, name_ + ": out of memory"};
  context->pb = io_;
  context->max_streams = kMaxStreams;
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = refuseToOpen;
  // Nothing has the name "none": no protocol may be used, also by demuxers inside this one.
  context->protocol_whitelist = av_strdup("none");
  const int opened = avformat_open_input(&context, file_name.c_str(), kind, nullptr);
  if (opened < 0 && complaints.suffix().find("max_streams") != std::string::npos) {
    return Error{ErrorCode::kUnsupported,
                 name_ + ": has more than " + std::to_string(kMaxStreams) + " streams",
                 "Copy its video alone: ffmpeg -i OLD -map 0:v:0 -c copy NEW"};
  }
  if (opened < 0) {
    // Content that is recognised but does not open is damaged; a mere name says nothing.
    return Error{score > AVPROBE_SCORE_EXTENSION ? ErrorCode::kCorrupt : ErrorCode::kNotAVideo,
                 name_ + ": cannot be opened as " + kind->name + ": " + errorText(opened) +
                     complaints.suffix(),
                 "The file may be cut off or damaged; copy it again"};
  }
  format_ = context;
  (void)probeStreams(*format_, max_pixels);  // what it cannot find out is found by decoding
  return {};
}

bool InputFile::segmentIsCut() const {
  std::array<std::uint8_t, 4096> head{};
  const ssize_t got = ::pread(descriptor_, head.data(), head.size(), 0);
  std::int64_t at = 0;
  // An EBML number: the leading zeros of its first byte tell its length.
  const auto number = [&](bool keep_marker) -> std::int64_t {
    if (at >= got || head[at] == 0) return -1;
    const int length = std::countl_zero(head[at]) + 1;
    if (at + length > got) return -1;
    std::int64_t value = keep_marker ? head[at] : head[at] & (0xff >> length);
    bool unknown = value == (0xff >> length);
    for (int k = 1; k < length; ++k) {
      value = value << 8 | head[at + k];
      unknown = unknown && head[at + k] == 0xff;
    }
    at += length;
    return unknown && !keep_marker ? -1 : value;
  };
  constexpr std::int64_t kEbml = 0x1A45DFA3;
  constexpr std::int64_t kSegment = 0x18538067;
  if (number(true) != kEbml) return false;
  const std::int64_t header = number(false);
  if (header < 0 || header > got) return false;
  at += header;
  if (number(true) != kSegment) return false;
  const std::int64_t segment = number(false);
  return segment > size_ - at;
}

int probeStreams(AVFormatContext& format, std::int64_t max_pixels) {
  std::vector<AVDictionary*> limits(format.nb_streams, nullptr);
  for (AVDictionary*& limit : limits) {
    av_dict_set_int(&limit, "max_pixels", max_pixels, 0);
  }
  const int code = avformat_find_stream_info(&format, limits.empty() ? nullptr : limits.data());
  for (AVDictionary*& limit : limits) av_dict_free(&limit);
  return code;
}

int chooseVideoStream(const AVFormatContext& format) {
  const auto shows_video = [](const AVStream& stream) {
    return stream.codecpar->codec_type == AVMEDIA_TYPE_VIDEO &&
           (stream.disposition & (AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS)) ==
               0;
  };
  const int best = av_find_best_stream(const_cast<AVFormatContext*>(&format), AVMEDIA_TYPE_VIDEO,
                                       -1, -1, nullptr, 0);
  if (best >= 0 && shows_video(*format.streams[best])) return best;
  for (unsigned k = 0; k < format.nb_streams; ++k) {
    if (shows_video(*format.streams[k])) return static_cast<int>(k);
  }
  return -1;
}

}  // namespace frontalis::libav
