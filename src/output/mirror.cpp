#include "frontalis/mirror.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <thread>

#include "au/asymmetry.h"
#include "output/csv.h"
#include "output/mirror_overlay.h"
#include "output/mirror_report.h"
#include "pipeline/mirror_sides.h"
#include "util/bounded_queue.h"
#include "util/file.h"
#include "util/ordered_worker.h"
#include "util/thread.h"
#include "util/try.h"
#include "video/frame_source.h"
#include "video/video_reader.h"
#include "video/video_writer.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFramesAhead = 4;  // decoded, or waiting for an encoder

constexpr int kRgbMatrix = 0, kBt601Matrix = 6;  // of ITU-T H.273

// The encoder's own threads: a fixed number, since it decides what comes out.
constexpr int kEncoderThreads = 2;

enum Output : std::size_t {
  kRightVideo,
  kLeftVideo,
  kDebugVideo,
  kRightTable,
  kLeftTable,
  kAsymmetryTable,
  kPage,
  kOutputs
};
constexpr std::array<const char*, kOutputs> kNames = {
    "_right_mirrored.mp4", "_left_mirrored.mp4", "_debug.mp4",  "_right_mirrored.csv",
    "_left_mirrored.csv",  "_asymmetry.csv",     "_mirror.html"};

bool wanted(const MirrorOptions& options, std::size_t output) {
  if (output == kDebugVideo) return options.debug_video;
  return output < kDebugVideo ? options.videos : options.measure;
}

fs::path nameOf(const fs::path& video, const fs::path& folder, std::size_t output) {
  return folder / (video.stem().string() + kNames[output]);
}

/// Whether the file is there, and the video was not replaced since.
bool isMadeFrom(const fs::path& video, const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) && fs::file_size(file, error) > 0 &&
         fs::last_write_time(file, error) >= fs::last_write_time(video, error) && !error;
}

/// One video on its way to its file; encodes in a thread of its own where there are several.
class VideoSink {
 public:
  VideoSink(fs::path path, VideoWriterOptions options, bool threaded)
      : path_(std::move(path)),
        options_(std::move(options)),
        worker_(threaded ? kFramesAhead : 0, [this](const Frame& frame) { return work(frame); }) {}

  /// Frames in order; the first decides the size. An error may be that of an earlier frame.
  Status take(const Frame& frame) { return worker_.take(frame); }

  /// Encodes what is left.
  Status finish() {
    FRONTALIS_TRY(worker_.finish());
    return writer_ ? writer_->finish() : Status();
  }

  [[nodiscard]] std::string encoder() const { return writer_ ? writer_->encoder() : ""; }
  [[nodiscard]] bool hasAudio() const { return writer_ && writer_->hasAudio(); }

 private:
  Status work(const Frame& frame) {
    if (!writer_) {
      options_.width = frame.stored_width;
      options_.height = frame.stored_height;
      // What was R, G, B or grey has become BT.601, limited (see Uprighter).
      if (options_.color->matrix == kRgbMatrix) options_.color->matrix = kBt601Matrix;
      options_.color->full_range = frame.full_range || frame.full_range_format;
      FRONTALIS_ASSIGN(writer_, VideoWriter::create(path_, options_));
    }
    if (frame.stored_width != options_.width || frame.stored_height != options_.height) {
      return Error{ErrorCode::kUnsupported,
                   "the picture's size changes at frame " + std::to_string(frame.index + 1) + ": " +
                       std::to_string(frame.stored_width) + " x " +
                       std::to_string(frame.stored_height) + " px after " +
                       std::to_string(options_.width) + " x " + std::to_string(options_.height),
                   "Bring the video to one size first, for example with ffmpeg's scale filter"};
    }
    return writer_->write(frame, frame.timestamp_seconds);
  }

  const fs::path path_;
  VideoWriterOptions options_;
  std::optional<VideoWriter> writer_;
  OrderedWorker<Frame> worker_;  // last: it uses the others until it is gone
};

void number(std::string& out, double value, int decimals) {
  out += ',';
  if (!std::isfinite(value)) return;
  if (std::abs(value) < 0.5 * std::pow(10, -decimals)) value = 0;  // no "-0.000"
  std::array<char, 64> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                 std::chars_format::fixed, decimals);
  out.append(text.data(), end.ptr);
}

/// Table of both halves together.
std::string asymmetryHeader() {
  std::string out = "frame,timestamp,mirrored,usable,yaw,stability,quality";
  for (const int au : kIntensityAuNumbers) {
    for (const char* what : {"_right", "_left", "_index"}) {
      out += ",AU";
      out += auName(au);
      out += what;
    }
  }
  return out + "\n";
}

void appendAsymmetry(const MirrorRow& row, std::string& out) {
  Row sides;
  fillSides(row, sides);
  out += std::to_string(row.frame);
  number(out, row.timestamp, 6);
  out += row.mirrored ? ",1" : ",0";
  out += row.usable ? ",1" : ",0";
  const double none = std::nan("");
  number(out, row.mirrored ? row.yaw : none, 2);
  number(out, row.mirrored ? row.stability : none, 3);
  number(out, row.mirrored ? row.quality : none, 3);
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    number(out, sides.intensity_right[i], 2);
    number(out, sides.intensity_left[i], 2);
    number(out, row.asymmetry[i], 3);
  }
  out += '\n';
}

/// What a table of one half holds: the pack's usual columns; sides of a half mean nothing.
Columns halfColumns(const Columns& filled, const std::string& pack) {
  Columns columns = filled;
  columns.sides = columns.blendshapes = false;
  if (pack == "open") columns.landmarks_2d = columns.landmarks_3d = false;
  return columns;
}

struct Table {
  std::optional<AtomicFile> file;

  Status open(const fs::path& path) {
    FRONTALIS_ASSIGN(file, AtomicFile::create(path));
    return {};
  }
  Status write(const std::string& text) { return file ? file->write(text) : Status(); }
  Status commit() { return file ? file->commit() : Status(); }
};

/// The whole run of one video.
class MirrorRun {
 public:
  MirrorRun(const fs::path& video, const fs::path& folder, const MirrorOptions& options)
      : video_(video), folder_(folder), options_(options) {}

  Result<MirrorReport> run(const std::function<void(const MirrorRow&)>& on_row) {
    FRONTALIS_TRY(plan());
    if (report_.kept) return report_;
    FRONTALIS_TRY(open());
    FRONTALIS_TRY(readAll());
    if (report_.summary.interrupted) {
      return Error{ErrorCode::kCancelled, video_.string() + ": stopped, nothing was written"};
    }
    FRONTALIS_TRY(sides_->finish());
    for (const auto& sink : sinks_) {
      if (!sink) continue;
      FRONTALIS_TRY(sink->finish());
      report_.encoder = sink->encoder();
      report_.audio = sink->hasAudio();
    }
    FRONTALIS_TRY(tabulate(on_row));
    summarise();
    if (wanted(options_, kPage)) FRONTALIS_TRY(writePage());
    return report_;
  }

 private:
  /// All files are written, unless all are there: halves of two runs must not be mixed.
  Status plan() {
    report_.files = mirrorFiles(video_, folder_, options_);
    if (report_.files.empty()) {
      return Error{ErrorCode::kInvalidArgument, "neither videos nor measurements are asked for"};
    }
    report_.kept = !options_.overwrite;
    for (const fs::path& file : report_.files) {
      FRONTALIS_TRY(checkOutput(file, std::span(&video_, 1)));
      report_.kept = report_.kept && isMadeFrom(video_, file);
    }
    return {};
  }

  Status open() {
    threads_ = threadsOf(options_.config);
    FRONTALIS_ASSIGN(reader_, VideoReader::open(video_, {.threads = threads_}));
    const VideoInfo& info = reader_->info();
    report_.input = inputInfo(video_, info);

    Config config = options_.config;
    config.online = config.features = config.mirror_sides = false;
    FRONTALIS_ASSIGN(analysis_, makeAnalysis(config, false));
    FRONTALIS_ASSIGN(meter_, analysis_->meter());
    FRONTALIS_ASSIGN(sides_, MirrorSides::create(*analysis_, config, false, options_.measure));
    VideoWriterOptions encoding;
    if (info.average_fps.numerator > 0) encoding.frame_rate = info.average_fps;
    encoding.time_base = info.time_base;
    encoding.crf = options_.crf;
    encoding.preset = options_.preset;
    encoding.threads = kEncoderThreads;
    encoding.audio_from = video_;
    encoding.color = info.color;
    encoding.hardware = options_.hardware_encoder;
    for (const Output output : {kRightVideo, kLeftVideo, kDebugVideo}) {
      if (!wanted(options_, output)) continue;
      sinks_[output] =
          std::make_unique<VideoSink>(nameOf(video_, folder_, output), encoding, threads_ > 1);
    }
    for (const Output output : {kRightTable, kLeftTable, kAsymmetryTable}) {
      if (wanted(options_, output))
        FRONTALIS_TRY(tables_[output].open(nameOf(video_, folder_, output)));
    }
    MirrorObserver observer;
    if (sinks_[kRightVideo]) {
      observer.right = [this](const Frame& frame) { return sinks_[kRightVideo]->take(frame); };
    }
    if (sinks_[kLeftVideo]) {
      observer.left = [this](const Frame& frame) { return sinks_[kLeftVideo]->take(frame); };
    }
    if (sinks_[kDebugVideo]) {
      observer.original = [this](const HalvedFrame& halved) {
        return sinks_[kDebugVideo]->take(drawMidline(halved, pool_));
      };
    }
    sides_->show(std::move(observer));
    return {};
  }

  Result<std::optional<Frame>> decode() {
    const auto scope = decode_times_.time(decode_times_.stage("decode"));
    return reader_->next();
  }

  /// False when the caller asks to stop.
  Result<bool> take(const Frame& frame) {
    FRONTALIS_TRY(meter_->measure(frame, whole_));
    FRONTALIS_TRY(sides_->take(frame, whole_.record.row));
    const Progress now{++report_.summary.frames, report_.input.expected_frames};
    if (options_.progress && !options_.progress(now)) report_.summary.interrupted = true;
    return !report_.summary.interrupted;
  }

  Status readAll() {
    if (threads_ == 1) return readInTurn();
    BoundedQueue<Frame> queue(kFramesAhead);
    Status decoded;
    Result<std::thread> decoder = startThread([&] {
      while (true) {
        Result<std::optional<Frame>> frame = decode();
        if (!frame.ok()) decoded = frame.error();
        if (!frame.ok() || !*frame || !queue.push(*std::move(*frame))) break;
      }
      queue.close();
    });
    if (!decoder.ok()) return readInTurn();
    Status taken;
    while (const std::optional<Frame> frame = queue.pop()) {
      const Result<bool> go_on = take(*frame);
      if (!go_on.ok()) taken = go_on.error();
      if (!go_on.ok() || !*go_on) {
        queue.abandon();
        break;
      }
    }
    decoder->join();
    return taken.ok() ? decoded : taken;
  }

  Status readInTurn() {
    while (true) {
      FRONTALIS_ASSIGN(const std::optional<Frame> frame, decode());
      if (!frame) return {};
      FRONTALIS_ASSIGN(const bool go_on, take(*frame));
      if (!go_on) return {};
    }
  }

  /// Second pass: what the whole video told about the person's neutral goes into every row.
  Status tabulate(const std::function<void(const MirrorRow&)>& on_row) {
    const Columns columns = halfColumns(analysis_->columns(), options_.config.pack);
    const CsvFormat csv(columns,
                        columns.failed_keep_state ? CsvStyle::kOpenFace : CsvStyle::kFrontalis);
    FRONTALIS_TRY(tables_[kRightTable].write(csv.header()));
    FRONTALIS_TRY(tables_[kLeftTable].write(csv.header()));
    FRONTALIS_TRY(tables_[kAsymmetryTable].write(asymmetryHeader()));
    std::string text;
    MirrorRow row;
    for (std::int64_t frame = 0; frame < report_.summary.frames; ++frame) {
      FRONTALIS_TRY(sides_->complete(row, options_.max_yaw));
      if (row.mirrored) ++report_.summary.frames_with_face;
      if (options_.measure) {
        text.clear();
        csv.append(row.right, {}, text);
        FRONTALIS_TRY(tables_[kRightTable].write(text));
        text.clear();
        csv.append(row.left, {}, text);
        FRONTALIS_TRY(tables_[kLeftTable].write(text));
        text.clear();
        appendAsymmetry(row, text);
        FRONTALIS_TRY(tables_[kAsymmetryTable].write(text));
      }
      study_.add(row, options_.max_yaw);
      if (wanted(options_, kPage)) curves_.add(row);
      if (on_row) on_row(row);
    }
    for (Table& table : tables_) FRONTALIS_TRY(table.commit());
    return {};
  }

  Status writePage() {
    std::array<ReportSeries, 2> series;
    series[0] = {"right half", nameOf(video_, folder_, kRightTable), {}};
    series[1] = {"left half", nameOf(video_, folder_, kLeftTable), {}};
    if (options_.videos) {
      series[0].video = nameOf(video_, folder_, kRightVideo);
      series[1].video = nameOf(video_, folder_, kLeftVideo);
    }
    ReportOptions page;
    page.title = video_.filename().string() + ": both halves of the face";
    page.sections = curves_.sections(report_);
    return writeReport(series, page, nameOf(video_, folder_, kPage));
  }

  void summarise() {
    Summary& summary = report_.summary;
    const VideoStats& stats = reader_->stats();
    summary.decode_errors = stats.packet_errors + stats.damaged_frames;
    summary.truncated = stats.truncated;
    summary.warnings = sides_->warnings();
    warnOfPixels(report_.input, summary);
    if (summary.frames_with_face == 0) {  // and nothing else matters
      summary.warnings = {"no face was found in any frame"};
    }
    if (summary.truncated) {
      summary.warnings.insert(
          summary.warnings.begin(),
          "the file is truncated: " + std::to_string(summary.frames) + " frames could be decoded");
    }
    StageTimer times = decode_times_;
    times.merge(meter_->times());
    times.merge(sides_->times());
    describe(*analysis_, times, summary);
    report_.usability = study_.usability();
    if (options_.measure) {
      report_.aus = study_.aus();
      report_.synkinesis = study_.synkinesis();
    }
  }

  const fs::path video_, folder_;
  const MirrorOptions& options_;
  MirrorReport report_;
  int threads_ = 1;

  // Declared before the halves, whose threads use them until it is gone.
  std::array<std::unique_ptr<VideoSink>, kDebugVideo + 1> sinks_;
  std::array<Table, kOutputs> tables_;
  FramePool pool_;
  std::optional<VideoReader> reader_;
  std::unique_ptr<Analysis> analysis_;
  std::unique_ptr<FaceMeter> meter_;
  Measurement whole_;
  std::unique_ptr<MirrorSides> sides_;
  StageTimer decode_times_;
  AsymmetryStudy study_;
  MirrorCurves curves_;
};

}  // namespace

std::vector<fs::path> mirrorFiles(const fs::path& video, const fs::path& folder,
                                  const MirrorOptions& options) {
  std::vector<fs::path> files;
  for (std::size_t output = 0; output < kOutputs; ++output) {
    if (wanted(options, output)) files.push_back(nameOf(video, folder, output));
  }
  return files;
}

Result<MirrorReport> mirror(const fs::path& video, const fs::path& folder,
                            const MirrorOptions& options,
                            const std::function<void(const MirrorRow&)>& on_row) {
  return MirrorRun(video, folder, options).run(on_row);
}

}  // namespace frontalis
