#include "frontalis/extractor.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "pipeline/analysis.h"
#include "pipeline/spool.h"
#include "util/bounded_queue.h"
#include "util/try.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

// Decoded frames that wait for analysis: enough to even out both sides, few enough for 4K.
constexpr std::size_t kFramesAhead = 8;

int coreCount(int requested) {
  return requested > 0 ? requested
                       : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

struct Extractor::Impl {
  std::unique_ptr<FrameSource> source;
  std::unique_ptr<Analysis> analysis;
  std::unique_ptr<FaceMeter> meter;
  std::unique_ptr<FaceInterpreter> interpreter;
  Measurement measurement;
  InputInfo info;
  bool online = false;
  int threads = 1;
  std::function<bool(const Progress&)> progress;

  StageTimer decode_times;
  Spool<FrameRecord> spool;
  std::vector<std::string> names;  // of the images of a folder
  std::string item_name;
  std::int64_t frames = 0;
  std::int64_t frames_with_face = 0;
  bool read_all = false;
  bool interrupted = false;

  Result<std::optional<Frame>> decode() {
    const auto scope = decode_times.time(decode_times.stage("decode"));
    return source->next();
  }

  /// Counts, tells the caller; false when it asks to stop.
  bool account() {
    ++frames;
    if (!info.is_video) names.push_back(source->itemName());
    if (progress && !progress({frames, info.expected_frames})) interrupted = true;
    return !interrupted;
  }

  Result<FrameRecord> analyse(const Frame& frame) {
    FRONTALIS_TRY(meter->measure(frame, measurement));
    return interpreter->interpret(measurement);
  }

  Result<bool> take(const Frame& frame) {
    FRONTALIS_ASSIGN(const FrameRecord record, analyse(frame));
    FRONTALIS_TRY(spool.append(record));
    return account();
  }

  Status readInOneThread() {
    while (true) {
      FRONTALIS_ASSIGN(const std::optional<Frame> frame, decode());
      if (!frame) return {};
      FRONTALIS_ASSIGN(const bool go_on, take(*frame));
      if (!go_on) return {};
    }
  }

  /// Decoding runs ahead in a thread of its own; the order of frames is kept by the queue.
  Status readOverlapped() {
    BoundedQueue<Frame> queue(kFramesAhead);
    Status decoded;
    std::thread decoder([&] {
      while (true) {
        Result<std::optional<Frame>> frame = decode();
        if (!frame.ok()) decoded = frame.error();
        if (!frame.ok() || !*frame || !queue.push(*std::move(*frame))) break;
      }
      queue.close();
    });
    Status analysed;
    while (std::optional<Frame> frame = queue.pop()) {
      const Result<bool> go_on = take(*frame);
      if (!go_on.ok()) analysed = go_on.error();
      if (!go_on.ok() || !*go_on) {
        queue.abandon();
        break;
      }
    }
    decoder.join();
    return analysed.ok() ? decoded : analysed;
  }

  Status readAll() {
    FRONTALIS_TRY(threads > 1 && info.is_video ? readOverlapped() : readInOneThread());
    interpreter->finish();
    return spool.rewind();
  }

  Result<std::optional<FrameRecord>> nextRecord() {
    if (online) {
      if (interrupted) return std::optional<FrameRecord>();
      FRONTALIS_ASSIGN(const std::optional<Frame> frame, decode());
      if (!frame) return std::optional<FrameRecord>();
      FRONTALIS_ASSIGN(const FrameRecord record, analyse(*frame));
      account();
      return std::optional<FrameRecord>(record);
    }
    if (!read_all) {
      FRONTALIS_TRY(readAll());
      read_all = true;
    }
    FRONTALIS_ASSIGN(std::optional<FrameRecord> record, spool.next());
    if (record) interpreter->complete(*record);
    return record;
  }
};

Extractor::Extractor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;
Extractor::~Extractor() = default;

Result<Extractor> Extractor::open(const std::filesystem::path& input, const Config& config) {
  auto impl = std::make_unique<Impl>();
  impl->threads = coreCount(config.threads);
  impl->online = config.online;
  FRONTALIS_ASSIGN(impl->source, openFrameSource(input, {.threads = impl->threads}));
  impl->info = impl->source->info();
  FRONTALIS_ASSIGN(impl->analysis, makeAnalysis(config, !impl->info.is_video));
  FRONTALIS_ASSIGN(impl->meter, impl->analysis->meter());
  impl->interpreter = impl->analysis->interpreter();
  return Extractor(std::move(impl));
}

const InputInfo& Extractor::input() const { return impl_->info; }
Columns Extractor::columns() const { return impl_->analysis->columns(); }
void Extractor::onProgress(std::function<bool(const Progress&)> callback) {
  impl_->progress = std::move(callback);
}
bool Extractor::hasAppearance() const { return impl_->analysis->hasAppearance(); }
void Extractor::onAppearance(std::function<Status(const Appearance&)> callback) {
  impl_->meter->observe(std::move(callback));
}
const std::string& Extractor::itemName() const { return impl_->item_name; }

Result<std::optional<Row>> Extractor::next() {
  FRONTALIS_ASSIGN(const std::optional<FrameRecord> record, impl_->nextRecord());
  if (!record) return std::optional<Row>();
  if (record->row.success) ++impl_->frames_with_face;
  const auto index = static_cast<std::size_t>(record->row.frame - 1);
  impl_->item_name = index < impl_->names.size() ? impl_->names[index] : "";
  return std::optional<Row>(record->row);
}

Summary Extractor::summary() const {
  Summary summary;
  summary.frames = impl_->frames;
  summary.frames_with_face = impl_->frames_with_face;
  const SourceStats stats = impl_->source->stats();
  summary.decode_errors = stats.decode_errors;
  summary.truncated = stats.truncated;
  summary.interrupted = impl_->interrupted;
  summary.warnings = impl_->interpreter->warnings();
  if (summary.frames > 0 && summary.frames_with_face == 0) {
    summary.warnings.insert(summary.warnings.begin(), "no face was found in any frame");
  }
  if (summary.truncated) {
    summary.warnings.insert(summary.warnings.begin(),
                            "the file is truncated: " + std::to_string(summary.frames) +
                                (impl_->info.expected_frames > summary.frames
                                     ? " of about " + std::to_string(impl_->info.expected_frames)
                                     : "") +
                                " frames could be decoded");
  } else if (summary.decode_errors > 0) {
    summary.warnings.insert(summary.warnings.begin(),
                            std::to_string(summary.decode_errors) +
                                " damaged packets were skipped; the rest was analysed");
  }
  StageTimer times = impl_->decode_times;
  times.merge(impl_->meter->times());
  times.merge(impl_->interpreter->times());
  describe(*impl_->analysis, times, summary);
  return summary;
}

}  // namespace frontalis
