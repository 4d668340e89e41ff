#include "video/video_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "util/file.h"
#include "util/try.h"
#include "video/input_file.h"
#include "video/libav.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr int kWriteBuffer = 1 << 16;

struct FreeFormat {
  void operator()(AVFormatContext* context) const { avformat_free_context(context); }
};

/// The temporary file as libav's only place to write.
struct Output {
  int descriptor = -1;
  int error = 0;  // errno of the first failure
  AVIOContext* io = nullptr;

  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() {
    if (io != nullptr) {
      av_freep(&io->buffer);
      avio_context_free(&io);
    }
    if (descriptor >= 0) ::close(descriptor);
  }

#if LIBAVFORMAT_VERSION_MAJOR >= 61
  static int write(void* self, const std::uint8_t* from, int size){
#else
  static int write(void* self, std::uint8_t* from, int size) {
#endif
      auto* output = static_cast<Output*>(self);
  int done = 0;
  while (done < size) {
    const ssize_t put =
        ::write(output->descriptor, from + done, static_cast<std::size_t>(size - done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      if (output->error == 0) output->error = errno;
      return AVERROR(errno);
    }
    done += static_cast<int>(put);
  }
  return size;
}

static std::int64_t
seek(void* self, std::int64_t offset, int whence) {
  auto* output = static_cast<Output*>(self);
  if ((whence & AVSEEK_SIZE) != 0) return AVERROR(ENOSYS);
  const off_t at = ::lseek(output->descriptor, offset, whence & ~AVSEEK_FORCE);
  return at < 0 ? AVERROR(errno) : at;
}
};  // namespace

std::string lowerExtension(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return extension;
}

/// Encoders in order of preference.
std::vector<const AVCodec*> encodersFor(bool webm, bool hardware) {
  constexpr std::array<const char*, 4> kH264 = {"libx264", "h264_videotoolbox", "libopenh264",
                                                "mpeg4"};
  constexpr std::array<const char*, 2> kWebm = {"libvpx-vp9", "libvpx"};
  std::vector<const AVCodec*> found;
  const auto add = [&](const char* name) {
    if (const AVCodec* codec = avcodec_find_encoder_by_name(name)) found.push_back(codec);
  };
  if (hardware && !webm) {  // those that take pictures from main memory as they are
    add("h264_videotoolbox");
    add("h264_nvenc");
  }
  webm ? std::for_each(kWebm.begin(), kWebm.end(), add)
       : std::for_each(kH264.begin(), kH264.end(), add);
  return found;
}

}  // namespace frontalis

struct VideoWriter::State {
  std::string name;
  VideoWriterOptions options;
  std::optional<AtomicFile> file;
  Output output;
  std::unique_ptr<AVFormatContext, FreeFormat> format;
  libav::CodecContext codec;
  libav::FramePointer picture;
  libav::Packet packet;
  libav::Scaler scaler;
  int scaler_channels = 0;
  Image padded;
  AVStream* stream = nullptr;
  std::string encoder;
  std::int64_t last_time = -1;
  std::int64_t last_duration = 0;  // 0: one by the frame rate
  // Of the pictures inside the encoder: when each is shown, and how long.
  std::deque<std::pair<std::int64_t, std::int64_t>> durations;

  std::unique_ptr<libav::InputFile> audio;
  int audio_index = -1;
  AVStream* audio_stream = nullptr;
  std::int64_t audio_origin = 0;  // time of the first picture in the sound's time base
  libav::Packet audio_packet;
  bool audio_pending = false;
  bool audio_ended = false;

  Status openOutput(const fs::path& path);
  Status openEncoder();
  Status openAudio();
  Status start();
  Status failure(const char* what, int code) const;
  Status drainEncoder();
  Status copyAudioUntil(double seconds);
  Status prepare(double seconds, double duration);
  Status encode(const ImageView& image);
  Status encode(const Frame& frame);
  Status send(const AVFrame& frame);
};

Status VideoWriter::State::failure(const char* what, int code) const {
  const int error = output.error != 0 ? output.error : (code < 0 ? AVUNERROR(code) : 0);
  const bool full = error == ENOSPC || error == EDQUOT;
  return Error{full ? ErrorCode::kDiskFull : ErrorCode::kUnwritable,
               name + ": " + what + ": " +
                   (output.error != 0 ? std::strerror(output.error) : libav::errorText(code)),
               full ? "Free space or choose another place" : ""};
}

Status VideoWriter::State::openOutput(const fs::path& path) {
  const std::string extension = lowerExtension(path);
  constexpr std::array<std::pair<std::string_view, const char*>, 6> kContainers = {
      {{".mp4", "mp4"},
       {".m4v", "mp4"},
       {".mov", "mov"},
       {".mkv", "matroska"},
       {".avi", "avi"},
       {".webm", "webm"}}};
  const auto* const kind =
      std::find_if(kContainers.begin(), kContainers.end(),
                   [&](const auto& entry) { return entry.first == extension; });
  if (kind == kContainers.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 name + ": videos are not written as '" + extension + "'",
                 "Use .mp4, .mov, .mkv, .avi or .webm"};
  }
  if (options.width <= 0 || options.height <= 0 || options.time_base.value() <= 0 ||
      options.frame_rate.value() <= 0) {
    return Error{ErrorCode::kInvalidArgument,
                 name + ": size, frame rate and time base must be positive"};
  }
  FRONTALIS_ASSIGN(file, AtomicFile::create(path));
  output.descriptor = ::open(file->temporaryPath().c_str(), O_WRONLY | O_CLOEXEC);
  if (output.descriptor < 0) {
    return Error{ErrorCode::kUnwritable, name + ": " + std::strerror(errno)};
  }
  auto* buffer = static_cast<unsigned char*>(av_malloc(kWriteBuffer));
  if (buffer != nullptr) {
    output.io = avio_alloc_context(buffer, kWriteBuffer, 1, &output, nullptr, &Output::write,
                                   &Output::seek);
    if (output.io == nullptr) av_free(buffer);
  }
  AVFormatContext* context = nullptr;
  avformat_alloc_output_context2(&context, nullptr, kind->second, nullptr);
  format.reset(context);
  packet.reset(av_packet_alloc());
  picture.reset(av_frame_alloc());
  if (output.io == nullptr || !format || !packet || !picture) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  format->pb = output.io;
  format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  return {};
}

Status VideoWriter::State::openEncoder() {
  const libav::Complaints complaints;
  std::string tried;
  const bool webm = std::string_view(format->oformat->name) == "webm";
  for (const AVCodec* candidate : encodersFor(webm, options.hardware)) {
    codec.reset(avcodec_alloc_context3(candidate));
    if (!codec) return Error{ErrorCode::kInternal, name + ": out of memory"};
    codec->width = (options.width + 1) & ~1;
    codec->height = (options.height + 1) & ~1;
    codec->pix_fmt = AV_PIX_FMT_YUV420P;
    codec->color_range = AVCOL_RANGE_MPEG;
    // What players assume by size where they do not look.
    codec->colorspace = options.height >= 720 ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    if (options.color) {
      codec->color_range = options.color->full_range ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
      using libav::knownCodePoint;
      codec->colorspace =
          static_cast<AVColorSpace>(knownCodePoint(options.color->matrix, AVCOL_SPC_NB));
      codec->color_primaries =
          static_cast<AVColorPrimaries>(knownCodePoint(options.color->primaries, AVCOL_PRI_NB));
      codec->color_trc = static_cast<AVColorTransferCharacteristic>(
          knownCodePoint(options.color->transfer, AVCOL_TRC_NB));
    }
    codec->time_base = {options.time_base.numerator, options.time_base.denominator};
    codec->framerate = {options.frame_rate.numerator, options.frame_rate.denominator};
    codec->max_b_frames = 0;  // with them an mp4's length is wrong when times are uneven
    codec->thread_count = std::max(options.threads, 0);
    codec->flags |= AV_CODEC_FLAG_BITEXACT;
    if ((format->oformat->flags & AVFMT_GLOBALHEADER) != 0) {
      codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    AVDictionary* settings = nullptr;
    encoder = candidate->name;
    if (encoder == "libx264") {
      av_dict_set(&settings, "preset", options.preset.c_str(), 0);
      av_dict_set_int(&settings, "crf", options.crf, 0);
      // The macroblock tree looks at rows below the picture that nobody wrote, so that its output
      // depends on what was in memory (seen with heights that are no multiple of 16).
      av_dict_set(&settings, "mbtree", "0", 0);
    } else if (encoder == "h264_nvenc") {
      av_dict_set(&settings, "preset", "p4", 0);
      av_dict_set(&settings, "rc", "vbr", 0);
      av_dict_set_int(&settings, "cq", options.crf, 0);
    } else if (encoder.substr(0, 6) == "libvpx") {
      av_dict_set_int(&settings, "crf", options.crf, 0);
      av_dict_set(&settings, "b", "0", 0);
      av_dict_set(&settings, "deadline", "realtime", 0);
      av_dict_set(&settings, "cpu-used", "6", 0);
    } else {
      // Without constant quality: a rate that looks the same, about 0.2 bits a pixel.
      codec->bit_rate = static_cast<std::int64_t>(0.2 * codec->width * codec->height *
                                                  options.frame_rate.value());
      // MPEG-4 cannot count finer than 1/65535 s.
      if (encoder == "mpeg4" && codec->time_base.den > 65535) codec->time_base = {1, 60000};
    }
    const int code = avcodec_open2(codec.get(), candidate, &settings);
    av_dict_free(&settings);
    if (code >= 0) return {};
    tried += (tried.empty() ? "" : ", ") + encoder + " (" + libav::errorText(code) + ")";
  }
  return Error{ErrorCode::kUnsupported,
               name + ": no video encoder works: " + (tried.empty() ? "none found" : tried) +
                   complaints.suffix(),
               "Install an FFmpeg with libx264"};
}

Status VideoWriter::State::openAudio() {
  if (options.audio_from.empty()) return {};
  FRONTALIS_ASSIGN(audio, libav::InputFile::open(options.audio_from, VideoOptions().max_pixels));
  AVFormatContext& source = audio->format();
  audio_index = av_find_best_stream(&source, AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0);
  const bool holds =
      audio_index >= 0 &&
      avformat_query_codec(format->oformat, source.streams[audio_index]->codecpar->codec_id,
                           FF_COMPLIANCE_NORMAL) == 1;
  if (!holds) {
    audio_index = -1;
    return {};
  }
  for (unsigned k = 0; k < source.nb_streams; ++k) {
    if (static_cast<int>(k) != audio_index) source.streams[k]->discard = AVDISCARD_ALL;
  }
  const AVStream& sound = *source.streams[audio_index];
  audio_stream = avformat_new_stream(format.get(), nullptr);
  audio_packet.reset(av_packet_alloc());
  if (audio_stream == nullptr || !audio_packet ||
      avcodec_parameters_copy(audio_stream->codecpar, sound.codecpar) < 0) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  audio_stream->codecpar->codec_tag = 0;
  audio_stream->time_base = sound.time_base;
  const int video_index = libav::chooseVideoStream(source);
  if (video_index >= 0 && source.streams[video_index]->start_time != AV_NOPTS_VALUE) {
    const AVStream& video = *source.streams[video_index];
    audio_origin = av_rescale_q(video.start_time, video.time_base, sound.time_base);
  }
  return {};
}

Status VideoWriter::State::start() {
  stream = avformat_new_stream(format.get(), nullptr);
  if (stream == nullptr || avcodec_parameters_from_context(stream->codecpar, codec.get()) < 0) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  stream->time_base = codec->time_base;
  stream->avg_frame_rate = codec->framerate;
  FRONTALIS_TRY(openAudio());
  const libav::Complaints complaints;
  const int code = avformat_write_header(format.get(), nullptr);
  if (code < 0) return failure("cannot begin the file", code);
  picture->format = AV_PIX_FMT_YUV420P;
  picture->width = codec->width;
  picture->height = codec->height;
  return {};
}

/// Sound up to a time goes in before the picture of that time, so that neither waits for the other.
Status VideoWriter::State::copyAudioUntil(double seconds) {
  while (audio_index >= 0 && !audio_ended) {
    if (!audio_pending) {
      if (av_read_frame(&audio->format(), audio_packet.get()) < 0) {
        audio_ended = true;
        break;
      }
      if (audio_packet->stream_index != audio_index) {
        av_packet_unref(audio_packet.get());
        continue;
      }
      const AVRational base = audio->format().streams[audio_index]->time_base;
      for (std::int64_t* time : {&audio_packet->pts, &audio_packet->dts}) {
        if (*time == AV_NOPTS_VALUE) continue;
        *time = av_rescale_q(av_sat_sub64(*time, audio_origin), base, audio_stream->time_base);
      }
      audio_packet->duration = av_rescale_q(audio_packet->duration, base, audio_stream->time_base);
      audio_packet->stream_index = audio_stream->index;
      audio_packet->pos = -1;
      if (audio_packet->pts == AV_NOPTS_VALUE || audio_packet->pts < 0) {
        av_packet_unref(audio_packet.get());  // before the first picture
        continue;
      }
      audio_pending = true;
    }
    const double at = static_cast<double>(audio_packet->pts) * av_q2d(audio_stream->time_base);
    if (at > seconds) break;
    audio_pending = false;
    const int code = av_interleaved_write_frame(format.get(), audio_packet.get());
    if (code < 0) return failure("cannot write sound", code);
  }
  return {};
}

Status VideoWriter::State::drainEncoder() {
  for (;;) {
    const int received = avcodec_receive_packet(codec.get(), packet.get());
    if (received == AVERROR(EAGAIN) || received == AVERROR_EOF) return {};
    if (received < 0) return failure("the encoder failed", received);
    const auto shown = std::find_if(durations.begin(), durations.end(),
                                    [&](const auto& entry) { return entry.first == packet->pts; });
    if (shown != durations.end()) {
      packet->duration = shown->second;
      durations.erase(shown);
    }
    av_packet_rescale_ts(packet.get(), codec->time_base, stream->time_base);
    packet->stream_index = stream->index;
    const int written = av_interleaved_write_frame(format.get(), packet.get());
    if (written < 0) return failure("cannot write", written);
  }
}

/// Takes note of the next picture's time.
Status VideoWriter::State::prepare(double seconds, double duration) {
  if (!std::isfinite(seconds)) {
    return Error{ErrorCode::kInvalidArgument, name + ": a picture without a time"};
  }
  FRONTALIS_TRY(copyAudioUntil(seconds));
  const double grain = av_q2d(codec->time_base);
  last_time = std::max(static_cast<std::int64_t>(std::llround(seconds / grain)), last_time + 1);
  const double shown = duration > 0 ? duration : 1 / options.frame_rate.value();
  last_duration = std::max<std::int64_t>(1, std::llround(shown / grain));
  durations.emplace_back(last_time, last_duration);
  return {};
}

Status VideoWriter::State::send(const AVFrame& frame) {
  const int code = avcodec_send_frame(codec.get(), &frame);
  if (code < 0) return failure("the encoder refuses a picture", code);
  return drainEncoder();
}

Status VideoWriter::State::encode(const ImageView& image) {
  ImageView source = image;
  if (codec->width != image.width || codec->height != image.height) {
    padded.resize(codec->width, codec->height, image.channels);
    for (int y = 0; y < codec->height; ++y) {
      const std::uint8_t* from = image.row(std::min(y, image.height - 1));
      std::uint8_t* to = padded.row(y);
      std::copy_n(from, image.width * image.channels, to);
      if (codec->width > image.width) {
        std::copy_n(from + (image.width - 1) * image.channels, image.channels,
                    to + image.width * image.channels);
      }
    }
    source = padded.view();
  }
  if (!scaler || scaler_channels != source.channels) {
    scaler.reset(sws_getContext(
        source.width, source.height, source.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_BGR24,
        source.width, source.height, AV_PIX_FMT_YUV420P, SWS_BICUBIC, nullptr, nullptr, nullptr));
    if (!scaler) return Error{ErrorCode::kInternal, name + ": out of memory"};
    scaler_channels = source.channels;
    const int* matrix =
        sws_getCoefficients(codec->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709 : SWS_CS_ITU601);
    sws_setColorspaceDetails(scaler.get(), matrix, 1, matrix, 0, 0, 1 << 16, 1 << 16);
  }
  if (picture->buf[0] == nullptr && av_frame_get_buffer(picture.get(), 0) < 0) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  if (av_frame_make_writable(picture.get()) < 0) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  const std::uint8_t* from[4] = {source.data};
  const int strides[4] = {static_cast<int>(source.stride)};
  sws_scale(scaler.get(), from, strides, 0, source.height, picture->data, picture->linesize);
  picture->pts = last_time;
  return send(*picture);
}

Status VideoWriter::State::encode(const Frame& frame) {
  libav::FramePointer borrowed(av_frame_alloc());
  if (!borrowed) return Error{ErrorCode::kInternal, name + ": out of memory"};
  borrowed->format = AV_PIX_FMT_YUV420P;
  borrowed->width = codec->width;
  borrowed->height = codec->height;
  borrowed->pts = last_time;
  const bool whole = codec->width == frame.stored_width && codec->height == frame.stored_height;
  if (whole) {
    for (int k = 0; k < 3; ++k) {
      const Plane& plane = frame.planes[k];
      borrowed->data[k] = const_cast<std::uint8_t*>(plane.data);
      borrowed->linesize[k] = static_cast<int>(plane.stride);
    }
    // The encoder may keep the picture: it then shares the frame's memory.
    auto* owner = new std::shared_ptr<const void>(frame.owner);
    borrowed->buf[0] = av_buffer_create(
        borrowed->data[0], static_cast<std::size_t>(frame.planes[0].stride) * codec->height,
        [](void* opaque, std::uint8_t*) {
          delete static_cast<std::shared_ptr<const void>*>(opaque);
        },
        owner, AV_BUFFER_FLAG_READONLY);
    if (borrowed->buf[0] == nullptr) {
      delete owner;
      return Error{ErrorCode::kInternal, name + ": out of memory"};
    }
  } else {  // an odd last column or row is doubled; its chroma is there already
    if (av_frame_get_buffer(borrowed.get(), 0) < 0) {
      return Error{ErrorCode::kInternal, name + ": out of memory"};
    }
    for (int k = 0; k < 3; ++k) {
      const Plane& plane = frame.planes[k];
      const int width = k == 0 ? codec->width : codec->width / 2;
      const int height = k == 0 ? codec->height : codec->height / 2;
      for (int y = 0; y < height; ++y) {
        const std::uint8_t* from = plane.data + std::min(y, plane.height - 1) * plane.stride;
        std::uint8_t* to = borrowed->data[k] + y * borrowed->linesize[k];
        std::copy_n(from, plane.width, to);
        if (width > plane.width) to[plane.width] = from[plane.width - 1];
      }
    }
  }
  return send(*borrowed);
}

VideoWriter::VideoWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;
VideoWriter::~VideoWriter() = default;

Result<VideoWriter> VideoWriter::create(const fs::path& path, const VideoWriterOptions& options) {
  auto state = std::make_unique<State>();
  state->name = path.string();
  state->options = options;
  FRONTALIS_TRY(state->openOutput(path));
  FRONTALIS_TRY(state->openEncoder());
  FRONTALIS_TRY(state->start());
  return VideoWriter(std::move(state));
}

Status VideoWriter::write(const ImageView& picture, double seconds) {
  State& s = *state_;
  if (picture.width != s.options.width || picture.height != s.options.height ||
      (picture.channels != 1 && picture.channels != 3)) {
    return Error{ErrorCode::kInvalidArgument,
                 s.name + ": a picture of " + std::to_string(picture.width) + " x " +
                     std::to_string(picture.height) + " px, expected " +
                     std::to_string(s.options.width) + " x " + std::to_string(s.options.height)};
  }
  const libav::Complaints complaints;
  FRONTALIS_TRY(s.prepare(seconds, 0));
  return s.encode(picture);
}

Status VideoWriter::write(const Frame& frame, double seconds) {
  State& s = *state_;
  if (frame.layout != PixelLayout::kYuv420 || frame.bit_depth != 8 ||
      !frame.orientation.identity() || frame.stored_width != s.options.width ||
      frame.stored_height != s.options.height) {
    return Error{ErrorCode::kInvalidArgument,
                 s.name + ": a frame of " + std::to_string(frame.width()) + " x " +
                     std::to_string(frame.height()) + " px, expected upright 8-bit 4:2:0 of " +
                     std::to_string(s.options.width) + " x " + std::to_string(s.options.height)};
  }
  const libav::Complaints complaints;
  FRONTALIS_TRY(s.prepare(seconds, frame.duration_seconds));
  return s.encode(frame);
}

Status VideoWriter::finish() {
  State& s = *state_;
  if (s.last_time < 0) {
    return Error{ErrorCode::kNoFrames, s.name + ": no picture was written"};
  }
  const libav::Complaints complaints;
  const int flushed = avcodec_send_frame(s.codec.get(), nullptr);
  if (flushed < 0) return s.failure("the encoder failed", flushed);
  FRONTALIS_TRY(s.drainEncoder());
  const double end =
      static_cast<double>(s.last_time + s.last_duration) * av_q2d(s.codec->time_base);
  FRONTALIS_TRY(s.copyAudioUntil(end));
  int code = av_write_trailer(s.format.get());
  avio_flush(s.output.io);
  if (code >= 0 && s.output.io->error < 0) code = s.output.io->error;
  if (code < 0) return s.failure("cannot complete the file", code);
  const int descriptor = std::exchange(s.output.descriptor, -1);
  if (::close(descriptor) != 0) {
    s.output.error = errno;
    return s.failure("cannot complete the file", 0);
  }
  return s.file->commit();
}

bool VideoWriter::hasAudio() const { return state_->audio_index >= 0; }
const std::string& VideoWriter::encoder() const { return state_->encoder; }

}  // namespace frontalis
