#include "video/live_source.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string_view>
#include <thread>

#include "util/try.h"
#include "video/input_file.h"
#include "video/libav.h"
#include "video/picture_pool.h"
#include "video/video_reader.h"

extern "C" {
#include <libavdevice/avdevice.h>
}

namespace frontalis {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;
using Kind = LiveSourceInfo::Kind;

// A device without a new picture is asked again after so long.
constexpr auto kPoll = std::chrono::milliseconds(1);
// A source whose clock goes on by more from one picture to the next has begun anew.
constexpr double kLargestClockJump = 10;  // s
// A file that decodes slower than it plays stands still instead of falling ever further behind.
constexpr auto kLargestLag = std::chrono::milliseconds(500);
constexpr int kReadBuffer = 1 << 15;
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;
/// What a network stream may open in turn: no files.
constexpr const char* kNetworkProtocols =
    "rtsp,rtsps,rtp,srtp,rtmp,rtmps,rtmpt,http,https,httpproxy,tls,tcp,udp,srt,crypto,hls";

double seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

Error cancelled() { return {ErrorCode::kCancelled, "stopped"}; }

bool isUrl(const std::string& source) { return source.find("://") != std::string::npos; }

/// libavdevice brings sound, screens and much else along: it is loaded only when a device is asked
/// for, from beside libavformat.
Status registerDevices() {
  static std::once_flag once;
  static bool loaded = false;
  static std::string reason;
  std::call_once(once, [] {
#ifdef __APPLE__
    const std::string file = "libavdevice." + std::to_string(LIBAVDEVICE_VERSION_MAJOR) + ".dylib";
#else
    const std::string file = "libavdevice.so." + std::to_string(LIBAVDEVICE_VERSION_MAJOR);
#endif
    void* library = nullptr;
    Dl_info libavformat{};
    if (::dladdr(reinterpret_cast<void*>(&avformat_version), &libavformat) != 0) {
      const fs::path beside = fs::path(libavformat.dli_fname).parent_path() / file;
      library = ::dlopen(beside.c_str(), RTLD_NOW);
    }
    if (library == nullptr) library = ::dlopen(file.c_str(), RTLD_NOW);
    if (library == nullptr) {
      const char* said = ::dlerror();
      reason = said != nullptr ? said : file;
      return;
    }
    using Register = void (*)();
    if (const auto all = reinterpret_cast<Register>(::dlsym(library, "avdevice_register_all"))) {
      all();
      loaded = true;
    }
  });
  if (loaded) return {};
  return Error{ErrorCode::kUnsupported, "FFmpeg's libavdevice does not load: " + reason,
               "Install it (Debian: libavdevice59), or give a stream or file"};
}

/// Interrupts libav when asked to stop or when nothing has come for too long.
class Watch {
 public:
  explicit Watch(const LiveSourceOptions& options)
      : stopped_(options.stopped), timeout_(options.timeout) {}

  void restart() { deadline_ = Clock::now() + timeout_; }
  [[nodiscard]] bool stopped() const { return stopped_ && stopped_(); }
  [[nodiscard]] bool late() const { return Clock::now() > deadline_; }
  [[nodiscard]] bool over() const { return stopped() || late(); }

 private:
  std::function<bool()> stopped_;
  Clock::duration timeout_;
  Clock::time_point deadline_ = Clock::now() + timeout_;
};

/// Time stamps of pictures that come as they happen: the source's where they make sense.
class LiveClock {
 public:
  /// `stamp`: the source's own, s; NaN when it has none.
  double stamp(double stamp, Clock::time_point captured) {
    if (!started_) {
      started_ = true;
    } else {
      const double ours = std::max(seconds(captured - last_captured_), 1e-3);
      const double theirs = stamp - last_stamp_;  // NaN fails both comparisons
      const bool trusted = theirs > 0 && theirs < kLargestClockJump;
      now_ += trusted ? theirs : ours;
    }
    last_captured_ = captured;
    last_stamp_ = stamp;
    return now_;
  }

 private:
  bool started_ = false;
  double now_ = 0;
  double last_stamp_ = 0;
  Clock::time_point last_captured_;
};

/// A device, a network stream or a pipe, through libavformat.
class AvSource final : public LiveSource {
 public:
  AvSource(std::string name, Kind kind, const LiveSourceOptions& options)
      : watch_(options), timeout_(options.timeout) {
    info_.name = std::move(name);
    info_.kind = kind;
  }
  AvSource(const AvSource&) = delete;
  AvSource& operator=(const AvSource&) = delete;
  ~AvSource() override {
    avformat_close_input(&format_);
    if (io_ != nullptr) {
      av_freep(&io_->buffer);
      avio_context_free(&io_);
    }
    if (own_descriptor_) ::close(descriptor_);
  }

  Status openDevice(const std::string& device, const std::string& source,
                    const LiveSourceOptions& options) {
    FRONTALIS_TRY(registerDevices());
    const AVInputFormat* kind = av_find_input_format(device.c_str());
    if (kind == nullptr) {
      return Error{ErrorCode::kUnsupported, "FFmpeg has no device \"" + device + "\"",
                   "\"ffmpeg -devices\" lists what it has"};
    }
    AVDictionary* wanted = nullptr;
    if (options.width > 0) {
      const std::string size = std::to_string(options.width) + "x" + std::to_string(options.height);
      av_dict_set(&wanted, "video_size", size.c_str(), 0);
    }
    if (options.frame_rate > 0) {
      av_dict_set(&wanted, "framerate", std::to_string(options.frame_rate).c_str(), 0);
    }
    FRONTALIS_TRY(allocate());
    format_->flags |= AVFMT_FLAG_NONBLOCK;
    const Status opened = openFormat(source, kind, &wanted);
    av_dict_free(&wanted);
    if (!opened.ok()) return opened.error();
    return openDecoder();
  }

  Status openStream(const std::string& url) {
    FRONTALIS_TRY(allocate());
    format_->protocol_whitelist = av_strdup(kNetworkProtocols);
    format_->max_analyze_duration = AV_TIME_BASE;
    AVDictionary* wanted = nullptr;
    av_dict_set(&wanted, "rtsp_flags", "prefer_tcp", 0);
    const Status opened = openFormat(url, nullptr, &wanted);
    av_dict_free(&wanted);
    if (!opened.ok()) return opened.error();
    FRONTALIS_TRY(probe());
    return openDecoder();
  }

  /// Takes the descriptor over when `own`.
  Status openPipe(int descriptor, bool own) {
    descriptor_ = descriptor;
    own_descriptor_ = own;
    FRONTALIS_TRY(allocate());
    auto* buffer = static_cast<unsigned char*>(av_malloc(kReadBuffer));
    if (buffer != nullptr) {
      io_ = avio_alloc_context(buffer, kReadBuffer, 0, this, &AvSource::readPipe, nullptr, nullptr);
      if (io_ == nullptr) av_free(buffer);
    }
    if (io_ == nullptr) return noMemory();
    format_->pb = io_;
    format_->flags |= AVFMT_FLAG_CUSTOM_IO;
    format_->io_open = [](AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
      return AVERROR(EPERM);
    };
    format_->protocol_whitelist = av_strdup("none");
    format_->max_analyze_duration = AV_TIME_BASE;
    FRONTALIS_TRY(openFormat("", nullptr, nullptr));
    FRONTALIS_TRY(probe());
    return openDecoder();
  }

  Result<std::optional<LiveFrame>> next() override {
    watch_.restart();
    for (;;) {
      const int code = avcodec_receive_frame(codec_.get(), decoded_.get());
      if (code >= 0) return give();
      if (code == AVERROR_EOF) return end();
      if (code == AVERROR(EAGAIN)) {
        FRONTALIS_TRY(readPacket());
      }  // anything else: a damaged picture, the next may be whole
    }
  }

  [[nodiscard]] const LiveSourceInfo& info() const override { return info_; }

 private:
  struct Arrival {
    std::int64_t stamp = AV_NOPTS_VALUE;
    Clock::time_point time;
  };

  static int interrupted(void* self) { return static_cast<AvSource*>(self)->watch_.over() ? 1 : 0; }

  static int readPipe(void* self, std::uint8_t* to, int size) {
    auto* source = static_cast<AvSource*>(self);
    for (;;) {
      if (source->watch_.over()) return AVERROR_EXIT;
      pollfd wait{source->descriptor_, POLLIN, 0};
      if (::poll(&wait, 1, 100) <= 0) continue;
      const ssize_t got = ::read(source->descriptor_, to, static_cast<std::size_t>(size));
      if (got > 0) return static_cast<int>(got);
      if (got == 0) return AVERROR_EOF;
      if (errno != EINTR && errno != EAGAIN) return AVERROR(errno);
    }
  }

  [[nodiscard]] Error noMemory() const {
    return {ErrorCode::kInternal, info_.name + ": out of memory"};
  }

  [[nodiscard]] Error timedOut() const {
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(timeout_).count();
    return {ErrorCode::kTimeout, info_.name + ": no picture for " + std::to_string(waited) + " s",
            info_.kind == Kind::kDevice ? "Check that the camera is plugged in and free"
                                        : "Check that the sender runs and can be reached"};
  }

  /// What a failed read or open means.
  [[nodiscard]] Error failure(int code, const std::string& doing) const {
    if (watch_.stopped()) return cancelled();
    if (watch_.late()) return timedOut();
    const ErrorCode kind = code == AVERROR(ENOENT) || code == AVERROR_HTTP_NOT_FOUND
                               ? ErrorCode::kNotFound
                           : code == AVERROR_INVALIDDATA ? ErrorCode::kNotAVideo
                                                         : ErrorCode::kUnreadable;
    const char* remedy =
        info_.kind == Kind::kDevice
            ? "Check that the camera is plugged in, free, and may be used by you"
        : info_.kind == Kind::kStream
            ? "Check the address, and that the sender runs"
            : "Send a video that can be read as it comes, e.g. MPEG-TS or Matroska";
    return {kind, info_.name + ": " + doing + ": " + libav::errorText(code), remedy};
  }

  Status allocate() {
    format_ = avformat_alloc_context();
    packet_.reset(av_packet_alloc());
    decoded_.reset(av_frame_alloc());
    if (format_ == nullptr || !packet_ || !decoded_) return noMemory();
    format_->max_streams = libav::kMaxStreams;
    format_->interrupt_callback = {&AvSource::interrupted, this};
    return {};
  }

  Status openFormat(const std::string& url, const AVInputFormat* kind, AVDictionary** wanted) {
    watch_.restart();
    libav::limitAllocations();
    const libav::Complaints complaints;
    const int code = avformat_open_input(&format_, url.c_str(), kind, wanted);
    if (code >= 0) return {};
    Error error = failure(code, "cannot be opened");
    if (error.code != ErrorCode::kCancelled) error.message += complaints.suffix();
    return error;
  }

  Status probe() {
    const libav::Complaints complaints;
    const int code = libav::probeStreams(*format_, kMaxPixels);
    if (watch_.over() || code < 0) return failure(code, "tells too little about its pictures");
    return {};
  }

  Status openDecoder() {
    stream_ = libav::chooseVideoStream(*format_);
    if (stream_ < 0) {
      return Error{ErrorCode::kNoVideoStream, info_.name + ": has no video",
                   "Give a source with moving pictures"};
    }
    for (unsigned k = 0; k < format_->nb_streams; ++k) {
      if (static_cast<int>(k) != stream_) format_->streams[k]->discard = AVDISCARD_ALL;
    }
    const AVStream& stream = *format_->streams[stream_];
    const AVCodecParameters& parameters = *stream.codecpar;
    const char* name = avcodec_get_name(parameters.codec_id);
    if (std::int64_t{parameters.width} * parameters.height > kMaxPixels) {
      return Error{ErrorCode::kUnsupported, info_.name + ": its pictures are too large"};
    }
    const AVCodec* decoder = avcodec_find_decoder(parameters.codec_id);
    if (decoder == nullptr) {
      return Error{ErrorCode::kUnsupported, info_.name + ": FFmpeg has no decoder for " + name};
    }
    codec_.reset(avcodec_alloc_context3(decoder));
    if (!codec_ || avcodec_parameters_to_context(codec_.get(), &parameters) < 0) return noMemory();
    codec_->pkt_timebase = stream.time_base;
    codec_->max_pixels = kMaxPixels;
    codec_->flags |= AV_CODEC_FLAG_LOW_DELAY;
    codec_->thread_count = 1;  // threads of frames would hold pictures back
    const libav::Complaints complaints;
    const int opened = avcodec_open2(codec_.get(), decoder, nullptr);
    if (opened < 0) {
      return Error{ErrorCode::kUnsupported, info_.name + ": the " + name + " decoder fails: " +
                                                libav::errorText(opened) + complaints.suffix()};
    }
    info_.width = parameters.width;
    info_.height = parameters.height;
    const AVRational rate =
        stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
    if (rate.num > 0 && rate.den > 0) info_.frame_rate = av_q2d(rate);
    return {};
  }

  Status readPacket() {
    for (;;) {
      const int code = av_read_frame(format_, packet_.get());
      if (code == AVERROR(EAGAIN)) {
        if (watch_.stopped()) return cancelled();
        if (watch_.late()) return timedOut();
        std::this_thread::sleep_for(kPoll);
        continue;
      }
      if (code < 0) {
        const AVIOContext* io = format_->pb;
        if (io != nullptr && io->error < 0 && io->error != AVERROR_EOF) {
          failed_ = failure(io->error, "broke off");
        } else if (code != AVERROR_EOF && (io == nullptr || io->eof_reached == 0)) {
          // (Some demuxers call the end of their input an error.)
          failed_ = failure(code, info_.kind == Kind::kDevice ? "is gone" : "broke off");
        }
        (void)avcodec_send_packet(codec_.get(), nullptr);
        return {};
      }
      if (packet_->stream_index == stream_) break;
      av_packet_unref(packet_.get());
    }
    arrivals_[next_arrival_++ % arrivals_.size()] = {packet_->pts, Clock::now()};
    // A packet no picture can be made of is passed over.
    (void)avcodec_send_packet(codec_.get(), packet_.get());
    av_packet_unref(packet_.get());
    return {};
  }

  Result<std::optional<LiveFrame>> end() {
    if (failed_) return *failed_;
    if (info_.kind == Kind::kDevice) {
      return Error{ErrorCode::kUnreadable, info_.name + ": is gone",
                   "Check that the camera is plugged in"};
    }
    if (frames_ == 0) {
      return Error{ErrorCode::kNoFrames, info_.name + ": ended before its first picture"};
    }
    return std::optional<LiveFrame>();
  }

  Result<std::optional<LiveFrame>> give() {
    Clock::time_point captured =
        arrivals_[(next_arrival_ + arrivals_.size() - 1) % arrivals_.size()].time;
    if (decoded_->pts != AV_NOPTS_VALUE) {
      for (const Arrival& arrival : arrivals_) {
        if (arrival.stamp == decoded_->pts) captured = arrival.time;
      }
    }
    std::shared_ptr<AVFrame> picture = pool_.take();
    if (!picture) return noMemory();
    av_frame_move_ref(picture.get(), decoded_.get());
    const std::int64_t stamp = picture->best_effort_timestamp;
    const auto kind = libav::layoutOf(static_cast<AVPixelFormat>(picture->format));
    if (kind.nearest != picture->format) {
      std::shared_ptr<AVFrame> converted = pool_.take();
      if (!converted || !converter_.convert(*picture, *converted)) return noMemory();
      picture = std::move(converted);
    }
    LiveFrame live{libav::describe(*picture, picture), captured};
    if (const AVFrameSideData* side =
            av_frame_get_side_data(picture.get(), AV_FRAME_DATA_DISPLAYMATRIX);
        side != nullptr && side->size >= 9 * sizeof(std::int32_t)) {
      live.frame.orientation =
          libav::orientationOf(reinterpret_cast<const std::int32_t*>(side->data));
    }
    live.frame.full_range_format = kind.full_range_format;
    live.frame.index = frames_++;
    live.frame.timestamp_seconds = clock_.stamp(
        stamp == AV_NOPTS_VALUE
            ? std::nan("")
            : static_cast<double>(stamp) * av_q2d(format_->streams[stream_]->time_base),
        captured);
    return std::optional<LiveFrame>(std::move(live));
  }

  LiveSourceInfo info_;
  Watch watch_;
  Clock::duration timeout_;
  AVIOContext* io_ = nullptr;
  int descriptor_ = -1;
  bool own_descriptor_ = false;
  AVFormatContext* format_ = nullptr;
  libav::CodecContext codec_;
  libav::Packet packet_;
  libav::FramePointer decoded_;
  libav::Converter converter_;
  libav::PicturePool pool_;
  int stream_ = -1;
  LiveClock clock_;
  std::int64_t frames_ = 0;
  std::array<Arrival, 32> arrivals_{};  // of packets whose pictures may still come
  std::size_t next_arrival_ = 0;
  std::optional<Error> failed_;
};

/// A video file whose pictures come when their time has.
class PacedFile final : public LiveSource {
 public:
  PacedFile(VideoReader reader, const std::string& name, const LiveSourceOptions& options)
      : reader_(std::move(reader)), stopped_(options.stopped), paced_(options.paced) {
    const VideoInfo& video = reader_.info();
    info_ = {Kind::kFile, name, video.width, video.height, video.average_fps.value()};
  }

  Result<std::optional<LiveFrame>> next() override {
    FRONTALIS_ASSIGN(std::optional<Frame> frame, reader_.next());
    if (!frame) return std::optional<LiveFrame>();
    Clock::time_point due = Clock::now();
    if (paced_) {
      const auto offset = std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(frame->timestamp_seconds));
      if (frame->index == 0) start_ = due;
      const Clock::duration lag = due - (start_ + offset);
      if (lag > kLargestLag) start_ += lag;
      due = start_ + offset;
      while (Clock::now() < due) {
        if (stopped_ && stopped_()) return cancelled();
        std::this_thread::sleep_until(std::min(due, Clock::now() + std::chrono::milliseconds(50)));
      }
    }
    if (stopped_ && stopped_()) return cancelled();
    return std::optional<LiveFrame>(LiveFrame{*std::move(frame), due});
  }

  [[nodiscard]] const LiveSourceInfo& info() const override { return info_; }

 private:
  VideoReader reader_;
  LiveSourceInfo info_;
  std::function<bool()> stopped_;
  bool paced_;
  Clock::time_point start_;
};

struct Camera {
  const char* device;
  const char* first;  ///< the first one's name
};
#ifdef __APPLE__
constexpr Camera kCamera{"avfoundation", "default"};
#else
constexpr Camera kCamera{"v4l2", "/dev/video0"};
#endif

Result<int> openFifo(const std::string& path, const LiveSourceOptions& options) {
  // Not blocking, so that a FIFO without a writer can be given up.
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) {
    return Error{ErrorCode::kUnreadable, path + ": " + std::strerror(errno),
                 "Check that you may read it"};
  }
  // Until a writer comes, reading gives an end at once: wait for the first bytes.
  Watch watch(options);
  pollfd wait{descriptor, POLLIN, 0};
  while (::poll(&wait, 1, 100) <= 0 || (wait.revents & POLLIN) == 0) {
    if (!watch.over()) continue;
    ::close(descriptor);
    if (watch.stopped()) return cancelled();
    return Error{ErrorCode::kTimeout, path + ": nobody writes to this pipe", "Start the sender"};
  }
  return descriptor;
}

}  // namespace

Result<std::unique_ptr<LiveSource>> LiveSource::open(const std::string& source,
                                                     const LiveSourceOptions& options) {
  std::error_code ignored;
  const fs::file_status status = fs::status(source, ignored);
  const bool camera = source.empty() || status.type() == fs::file_type::character ||
                      (source.starts_with("/dev/video") && options.device.empty());
  if (!options.device.empty() || camera) {
    const std::string device = options.device.empty() ? kCamera.device : options.device;
    const std::string name = source.empty() ? kCamera.first : source;
    auto opened = std::make_unique<AvSource>(
        source.empty() || camera ? "camera " + name : device + " " + name, Kind::kDevice, options);
    FRONTALIS_TRY(opened->openDevice(device, name, options));
    return std::unique_ptr<LiveSource>(std::move(opened));
  }
  if (isUrl(source)) {
    auto opened = std::make_unique<AvSource>(source, Kind::kStream, options);
    FRONTALIS_TRY(opened->openStream(source));
    return std::unique_ptr<LiveSource>(std::move(opened));
  }
  if (source == "-") {
    auto opened = std::make_unique<AvSource>("standard input", Kind::kPipe, options);
    FRONTALIS_TRY(opened->openPipe(STDIN_FILENO, false));
    return std::unique_ptr<LiveSource>(std::move(opened));
  }
  if (status.type() == fs::file_type::fifo) {
    auto opened = std::make_unique<AvSource>(source, Kind::kPipe, options);
    FRONTALIS_ASSIGN(const int descriptor, openFifo(source, options));
    FRONTALIS_TRY(opened->openPipe(descriptor, true));
    return std::unique_ptr<LiveSource>(std::move(opened));
  }
  FRONTALIS_ASSIGN(VideoReader reader, VideoReader::open(source, {.threads = 1}));
  return std::unique_ptr<LiveSource>(
      std::make_unique<PacedFile>(std::move(reader), source, options));
}

}  // namespace frontalis
