#include "video/video_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "util/try.h"
#include "video/input_file.h"
#include "video/libav.h"
#include "video/picture_pool.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

// After this many failures without a picture in between, what is left is given up.
constexpr int kMaxFailuresInARow = 10'000;

const std::int32_t* displayMatrix(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(60, 15, 100)
  const AVPacketSideData* data =
      av_packet_side_data_get(stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data,
                              AV_PKT_DATA_DISPLAYMATRIX);
  if (data == nullptr || data->size < 9 * sizeof(std::int32_t)) return nullptr;
  return reinterpret_cast<const std::int32_t*>(data->data);
#else
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data == nullptr || size < 9 * sizeof(std::int32_t)) return nullptr;
  return reinterpret_cast<const std::int32_t*>(data);
#endif
}

std::int64_t durationOf(const AVFrame& frame) {
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(57, 30, 100)
  return frame.duration;
#else
  return frame.pkt_duration;
#endif
}

}  // namespace

struct VideoReader::State {
  std::string name;
  std::unique_ptr<libav::InputFile> input;
  libav::CodecContext codec;
  libav::Packet packet;
  libav::FramePointer decoded;
  libav::Converter converter;
  libav::PicturePool pool;
  int stream_index = -1;
  VideoInfo info;
  VideoStats stats;

  bool demuxed = false;  // no packets are left
  bool finished = false;
  int failures_in_a_row = 0;
  std::int64_t first_timestamp = AV_NOPTS_VALUE;
  double last_seconds = 0;
  double nominal_seconds = 0.04;
  std::int64_t packets_end = AV_NOPTS_VALUE;  // presentation end of the latest packet
  std::optional<KeyFrame> start;              // where reading began, if not at the beginning

  [[nodiscard]] AVStream& stream() const { return *input->format().streams[stream_index]; }
  Status openDecoder(const VideoOptions& options);
  void describeStream();
  Status seekTo(const KeyFrame& key);
  [[nodiscard]] bool precedesStart(const AVFrame& picture) const;
  void readPacket();
  void noteEnd(int code);
  double secondsOf(const AVFrame& picture);
  Result<std::optional<Frame>> give(std::shared_ptr<AVFrame> picture);
};

Status VideoReader::State::openDecoder(const VideoOptions& options) {
  stream_index = libav::chooseVideoStream(input->format());
  if (stream_index < 0) {
    return Error{ErrorCode::kNoVideoStream,
                 name + ": has no video stream" +
                     (input->format().nb_streams == 0
                          ? ""
                          : ", only " + std::to_string(input->format().nb_streams) + " other"),
                 "Give a file with moving pictures"};
  }
  for (unsigned k = 0; k < input->format().nb_streams; ++k) {
    AVStream& other = *input->format().streams[k];
    info.has_audio |= other.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
    if (static_cast<int>(k) != stream_index) other.discard = AVDISCARD_ALL;
  }
  const AVCodecParameters& parameters = *stream().codecpar;
  info.codec = avcodec_get_name(parameters.codec_id);
  if (std::int64_t{parameters.width} * parameters.height > options.max_pixels) {
    return Error{ErrorCode::kUnsupported,
                 name + ": pictures of " + std::to_string(parameters.width) + " x " +
                     std::to_string(parameters.height) + " px are above the limit of " +
                     std::to_string(options.max_pixels) + " px",
                 "Scale the video down first"};
  }
  const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
  if (decoder == nullptr) {
    return Error{ErrorCode::kUnsupported, name + ": FFmpeg has no decoder for " + info.codec,
                 "Convert the video to H.264"};
  }
  codec.reset(avcodec_alloc_context3(decoder));
  packet.reset(av_packet_alloc());
  decoded.reset(av_frame_alloc());
  if (!codec || !packet || !decoded ||
      avcodec_parameters_to_context(codec.get(), &parameters) < 0) {
    return Error{ErrorCode::kInternal, name + ": out of memory"};
  }
  codec->pkt_timebase = stream().time_base;
  codec->max_pixels = options.max_pixels;
  codec->thread_count = std::max(options.threads, 0);
  codec->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
  const libav::Complaints complaints;
  const int opened = avcodec_open2(codec.get(), decoder, nullptr);
  if (opened < 0) {
    return Error{ErrorCode::kUnsupported,
                 name + ": the " + info.codec + " decoder fails: " + libav::errorText(opened) +
                     complaints.suffix(),
                 "Convert the video to H.264"};
  }
  return {};
}

void VideoReader::State::describeStream() {
  info.container = input->format().iformat->name;
  const AVStream& s = stream();
  info.orientation = libav::orientationOf(displayMatrix(s));
  info.width = s.codecpar->width;
  info.height = s.codecpar->height;
  if (info.orientation.swapsAxes()) std::swap(info.width, info.height);
  if (const char* name_of = av_get_pix_fmt_name(static_cast<AVPixelFormat>(s.codecpar->format))) {
    info.pixel_format = name_of;
  }
  const AVRational fps = s.avg_frame_rate.num > 0 ? s.avg_frame_rate : s.r_frame_rate;
  if (fps.num > 0 && fps.den > 0) {
    info.average_fps = {fps.num, fps.den};
    nominal_seconds = av_q2d(av_inv_q(fps));
  }
  info.time_base = {s.time_base.num, s.time_base.den};
  const AVRational aspect = av_guess_sample_aspect_ratio(&input->format(), &stream(), nullptr);
  if (aspect.num > 0 && aspect.den > 0) info.pixel_aspect = av_q2d(aspect);
  const AVCodecParameters& p = *s.codecpar;
  using libav::codePoint;
  using libav::knownCodePoint;
  info.color = {knownCodePoint(codePoint(p.color_primaries), AVCOL_PRI_NB),
                knownCodePoint(codePoint(p.color_trc), AVCOL_TRC_NB),
                knownCodePoint(codePoint(p.color_space), AVCOL_SPC_NB),
                codePoint(p.color_range) == AVCOL_RANGE_JPEG};
  if (s.duration != AV_NOPTS_VALUE) {
    info.duration_seconds = static_cast<double>(s.duration) * av_q2d(s.time_base);
  } else if (input->format().duration != AV_NOPTS_VALUE) {
    info.duration_seconds = static_cast<double>(input->format().duration) / AV_TIME_BASE;
  }
  stats.file_bytes = input->size();
}

/// Whether the end came too early: read errors, fewer packets than the index has, or a size or
/// length that the container wrote down and did not reach.
void VideoReader::State::noteEnd(int code) {
  demuxed = true;
  if (code != AVERROR_EOF || input->failed()) stats.truncated = true;
  const std::string_view container = info.container;
  if (container.substr(0, 4) == "mov," || container == "avi") {
    stats.truncated |=
        avformat_index_get_entries_count(&stream()) > stats.packets + (start ? start->packet : 0);
  }
  if (container.substr(0, 8) == "matroska") {
    stats.truncated |= input->segmentIsCut();
  }
  const bool written = container == "flv" || container == "asf";
  if (written && input->format().duration > 0 && input->format().nb_streams == 1 &&
      packets_end != AV_NOPTS_VALUE) {
    const double end = static_cast<double>(packets_end) * av_q2d(stream().time_base);
    const double expected = static_cast<double>(input->format().duration) / AV_TIME_BASE;
    stats.truncated |= end < expected - std::max(1.0, 2 * nominal_seconds);
  }
}

Status VideoReader::State::seekTo(const KeyFrame& key) {
  const int code = av_seek_frame(&input->format(), stream_index, key.stamp, AVSEEK_FLAG_BACKWARD);
  if (code < 0) {
    return Error{ErrorCode::kCorrupt, name + ": cannot be read from its frame " +
                                          std::to_string(key.frame) + ": " +
                                          libav::errorText(code)};
  }
  start = key;
  first_timestamp = key.first_stamp;
  last_seconds = -1;
  return {};
}

/// Pictures that lead to the start or, shown before it, lack what they were made from.
bool VideoReader::State::precedesStart(const AVFrame& picture) const {
  return start && stats.frames == 0 && picture.best_effort_timestamp < start->stamp;
}

void VideoReader::State::readPacket() {
  for (;;) {
    const int code = av_read_frame(&input->format(), packet.get());
    if (code == AVERROR(EAGAIN)) continue;
    if (code < 0) {
      noteEnd(code);
      (void)avcodec_send_packet(codec.get(), nullptr);
      return;
    }
    if (packet->stream_index == stream_index) break;
    av_packet_unref(packet.get());
  }
  ++stats.packets;
  if ((packet->flags & AV_PKT_FLAG_CORRUPT) != 0) stats.truncated = true;
  if (packet->pts != AV_NOPTS_VALUE) {
    packets_end = std::max(packets_end, av_sat_add64(packet->pts, packet->duration));
  }
  const int code = avcodec_send_packet(codec.get(), packet.get());
  av_packet_unref(packet.get());
  if (code < 0 && code != AVERROR(EAGAIN)) {
    ++stats.packet_errors;
    ++failures_in_a_row;
  }
}

double VideoReader::State::secondsOf(const AVFrame& picture) {
  const AVRational base = stream().time_base;
  const std::int64_t stamp = picture.best_effort_timestamp;
  const double step = durationOf(picture) > 0
                          ? static_cast<double>(durationOf(picture)) * av_q2d(base)
                          : nominal_seconds;
  if (stats.frames == 0 && !start) {
    first_timestamp = stamp;
    if (stamp == AV_NOPTS_VALUE) ++stats.repaired_timestamps;
    return 0;
  }
  if (stamp == AV_NOPTS_VALUE) {
    ++stats.repaired_timestamps;
    return last_seconds + step;
  }
  if (first_timestamp == AV_NOPTS_VALUE) {
    // The first stamp there is: time goes on from the last picture.
    const auto ahead = static_cast<std::int64_t>((last_seconds + step) / av_q2d(base));
    first_timestamp = av_sat_sub64(stamp, ahead);
  }
  const double seconds = static_cast<double>(av_sat_sub64(stamp, first_timestamp)) * av_q2d(base);
  if (seconds > last_seconds) return seconds;
  ++stats.repaired_timestamps;
  // Half a step after a small slip, so that the next picture can keep its own time.
  return last_seconds + (last_seconds - seconds < step ? step / 2 : step);
}

Result<std::optional<Frame>> VideoReader::State::give(std::shared_ptr<AVFrame> picture) {
  const double seconds = secondsOf(*picture);
  const bool damaged =
      (picture->flags & AV_FRAME_FLAG_CORRUPT) != 0 || picture->decode_error_flags != 0;
  Orientation orientation = info.orientation;
  if (const AVFrameSideData* side =
          av_frame_get_side_data(picture.get(), AV_FRAME_DATA_DISPLAYMATRIX);
      orientation.identity() && side != nullptr && side->size >= 9 * sizeof(std::int32_t)) {
    orientation = libav::orientationOf(reinterpret_cast<const std::int32_t*>(side->data));
  }
  const auto kind = libav::layoutOf(static_cast<AVPixelFormat>(picture->format));
  if (kind.nearest != picture->format) {
    std::shared_ptr<AVFrame> converted = pool.take();
    if (!converted || !converter.convert(*picture, *converted)) {
      return Error{ErrorCode::kInternal, name + ": out of memory"};
    }
    picture = std::move(converted);
  }
  Frame frame = libav::describe(*picture, picture);
  frame.full_range_format = kind.full_range_format;
  frame.orientation = orientation;
  frame.index = (start ? start->frame : 0) + stats.frames++;
  frame.timestamp_seconds = seconds;
  frame.duration_seconds = static_cast<double>(durationOf(*picture)) * av_q2d(stream().time_base);
  last_seconds = seconds;
  if (damaged) ++stats.damaged_frames;
  return std::optional<Frame>(std::move(frame));
}

VideoReader::VideoReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;
VideoReader::~VideoReader() = default;

Result<VideoReader> VideoReader::open(const fs::path& path, const VideoOptions& options) {
  auto state = std::make_unique<State>();
  state->name = path.string();
  FRONTALIS_ASSIGN(state->input, libav::InputFile::open(path, options.max_pixels));
  FRONTALIS_TRY(state->openDecoder(options));
  state->describeStream();
  if (options.start) FRONTALIS_TRY(state->seekTo(*options.start));
  return VideoReader(std::move(state));
}

Result<std::optional<Frame>> VideoReader::next() {
  State& s = *state_;
  while (!s.finished) {
    const int code = avcodec_receive_frame(s.codec.get(), s.decoded.get());
    if (code >= 0) {
      s.failures_in_a_row = 0;
      if (s.precedesStart(*s.decoded)) {
        av_frame_unref(s.decoded.get());
        continue;
      }
      std::shared_ptr<AVFrame> picture = s.pool.take();
      if (!picture) return Error{ErrorCode::kInternal, s.name + ": out of memory"};
      av_frame_move_ref(picture.get(), s.decoded.get());
      return s.give(std::move(picture));
    }
    if (code == AVERROR(ENOMEM)) return Error{ErrorCode::kInternal, s.name + ": out of memory"};
    if (code == AVERROR(EAGAIN) && !s.demuxed) {
      s.readPacket();
    } else if (code == AVERROR_EOF || code == AVERROR(EAGAIN)) {
      s.finished = true;
    } else {
      ++s.stats.packet_errors;
      ++s.failures_in_a_row;
    }
    if (s.failures_in_a_row > kMaxFailuresInARow) {
      s.finished = true;
      s.stats.truncated = true;
    }
  }
  if (s.stats.frames == 0) {
    return Error{ErrorCode::kNoFrames,
                 s.name + ": no picture of its " + s.info.codec + " stream could be decoded (" +
                     std::to_string(s.stats.packets) + " packets, " +
                     std::to_string(s.stats.packet_errors) + " with errors)",
                 "The file may be cut off or damaged; copy it again"};
  }
  return std::optional<Frame>();
}

const VideoInfo& VideoReader::info() const { return state_->info; }

const VideoStats& VideoReader::stats() const {
  state_->stats.bytes_read = state_->input->bytesRead();
  return state_->stats;
}

}  // namespace frontalis
