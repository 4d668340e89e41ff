#include "frontalis/extractor.h"

#include <algorithm>
#include <cmath>

#include "pipeline/analysis.h"
#include "pipeline/decode_ahead.h"
#include "pipeline/many_faces.h"
#include "pipeline/mirror_sides.h"
#include "pipeline/piecewise_meter.h"
#include "pipeline/spool.h"
#include "util/try.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

// More of them hold more pictures and are no faster.
constexpr int kMaxDecoderThreads = 8;

std::string damageOf(const SourceStats& stats) {
  if (stats.lost_images.empty()) return " damaged packets were skipped; the rest was analysed";
  std::string text = " images are damaged; not read:";
  for (const std::string& name : stats.lost_images) text += " " + name;
  return text;
}

}  // namespace

struct Extractor::Impl {
  std::unique_ptr<FrameSource> source;
  std::unique_ptr<Analysis> analysis;
  std::unique_ptr<FaceMeter> meter;
  std::unique_ptr<FaceInterpreter> interpreter;
  std::unique_ptr<MirrorSides> sides;  // with Config::mirror_sides
  std::unique_ptr<ManyFaces> many;     // in place of both, when several faces are asked for
  Measurement measurement;
  std::vector<FrameRecord> records;  // of the frame in hand
  std::size_t next_record = 0;       // of them, when online
  InputInfo info;
  bool online = false;
  int threads = 1;
  std::function<bool(const Progress&)> progress;

  StageTimer times;  // what the meter and the interpreter do not time
  Spool<FrameRecord> spool;
  std::vector<std::string> names;  // of the images of a folder
  std::string item_name;
  std::int64_t frames = 0;
  std::int64_t frames_with_face = 0;
  std::int64_t last_with_face = 0;  // its number
  bool read_all = false;
  bool interrupted = false;
  bool observed = false;               // somebody looks at each frame's appearance
  std::unique_ptr<DecodeAhead> ahead;  // while the video is read

  [[nodiscard]] int decoderThreads() const { return std::min(threads, kMaxDecoderThreads); }

  /// Counts, tells the caller; false when it asks to stop.
  bool account() {
    ++frames;
    if (!info.is_video) names.push_back(source->itemName());
    if (progress && !progress({frames, info.expected_frames})) interrupted = true;
    return !interrupted;
  }

  /// With more than one thread, decoding has its own and runs ahead.
  Result<DecodedFrame> decode() {
    if (threads == 1 || !info.is_video) return decodeNext(*source, times);
    if (!ahead) ahead = std::make_unique<DecodeAhead>(*source, times);
    return ahead->next();
  }

  /// The next frame's way, from top to bottom; no records at the end.
  Status analyseNext() {
    records.clear();
    FRONTALIS_ASSIGN(const DecodedFrame next, decode());
    if (!next.frame) return {};
    if (many) return many->process(*next.frame, records);
    FRONTALIS_TRY(meter->measure(*next.frame, measurement));
    if (sides) FRONTALIS_TRY(sides->take(*next.frame, measurement.record.row));
    records.push_back(interpreter->interpret(measurement));
    return {};
  }

  Status readInOrder() {
    while (true) {
      FRONTALIS_TRY(analyseNext());
      if (records.empty()) return {};
      for (const FrameRecord& record : records) FRONTALIS_TRY(spool.append(record));
      if (!account()) return {};
    }
  }

  /// As analyseNext(), but decoding and measuring are done by other threads. False when only
  /// readInOrder() will do; nothing is then kept.
  Result<bool> readInPieces() {
    PiecewiseMeter pieces(info.path, *source, *meter, [&] { return analysis->meter(); },
                          {.threads = threads});
    while (true) {
      FRONTALIS_ASSIGN(const auto next, pieces.next(measurement));
      if (next == PiecewiseMeter::Next::kStartAgain) break;
      if (next == PiecewiseMeter::Next::kMeasurement) {
        FRONTALIS_TRY(spool.append(interpreter->interpret(measurement)));
        if (account()) continue;
      }
      times.merge(pieces.finish());
      return true;
    }
    pieces.finish();
    return false;
  }

  Status startAgain() {
    FRONTALIS_ASSIGN(source, openFrameSource(info.path, {.threads = decoderThreads()}));
    FRONTALIS_ASSIGN(meter, analysis->meter());
    interpreter = analysis->interpreter();
    spool = {};
    frames = 0;
    return {};
  }

  Status readAll() {
    bool read = false;
    if (threads > 1 && info.is_video && !observed && !sides && !many) {
      FRONTALIS_ASSIGN(read, readInPieces());
      if (!read) FRONTALIS_TRY(startAgain());
    }
    if (!read) FRONTALIS_TRY(readInOrder());
    ahead.reset();
    if (many) {
      many->finish();
    } else {
      interpreter->finish();
    }
    if (sides) FRONTALIS_TRY(sides->finish());
    return spool.rewind();
  }

  Result<std::optional<FrameRecord>> nextOnline() {
    if (next_record == records.size()) {
      next_record = 0;
      records.clear();
      if (!interrupted) FRONTALIS_TRY(analyseNext());
      if (records.empty()) {
        ahead.reset();
        return std::optional<FrameRecord>();
      }
      account();
    }
    return std::optional<FrameRecord>(records[next_record++]);
  }

  Result<std::optional<FrameRecord>> nextRecord() {
    if (online) return nextOnline();
    if (!read_all) {
      FRONTALIS_TRY(readAll());
      read_all = true;
    }
    FRONTALIS_ASSIGN(std::optional<FrameRecord> record, spool.next());
    if (!record) return record;
    if (many) {
      many->complete(*record);
      return record;
    }
    interpreter->complete(*record);
    if (sides) {
      MirrorRow halves;
      FRONTALIS_TRY(sides->complete(halves, 0));
      fillSides(halves, record->row);
    }
    return record;
  }
};

Extractor::Extractor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Extractor::Extractor(Extractor&&) noexcept = default;
Extractor& Extractor::operator=(Extractor&&) noexcept = default;
Extractor::~Extractor() = default;

Result<Extractor> Extractor::open(const std::filesystem::path& input, const Config& config) {
  auto impl = std::make_unique<Impl>();
  impl->threads = threadsOf(config);
  impl->online = config.online;
  FRONTALIS_ASSIGN(impl->source, openFrameSource(input, {.threads = impl->decoderThreads()}));
  impl->info = impl->source->info();
  FRONTALIS_ASSIGN(impl->analysis, makeAnalysis(config, !impl->info.is_video));
  FRONTALIS_ASSIGN(impl->meter, impl->analysis->meter());
  impl->interpreter = impl->analysis->interpreter();
  if (config.mirror_sides) {
    FRONTALIS_ASSIGN(impl->sides,
                     MirrorSides::create(*impl->analysis, config, !impl->info.is_video));
  }
  if (config.faces > 1) {
    FRONTALIS_ASSIGN(impl->many, ManyFaces::create(*impl->analysis, config, !impl->info.is_video));
  }
  return Extractor(std::move(impl));
}

const InputInfo& Extractor::input() const { return impl_->info; }
Columns Extractor::columns() const {
  Columns columns = impl_->analysis->columns();
  if (impl_->sides) columns.sides = true;
  return columns;
}
void Extractor::onProgress(std::function<bool(const Progress&)> callback) {
  impl_->progress = std::move(callback);
}
bool Extractor::hasAppearance() const { return impl_->analysis->hasAppearance(); }
void Extractor::onAppearance(std::function<Status(const Appearance&)> callback) {
  impl_->observed = callback != nullptr;
  impl_->meter->observe(std::move(callback));
}
const std::string& Extractor::itemName() const { return impl_->item_name; }

Result<std::optional<Row>> Extractor::next() {
  FRONTALIS_ASSIGN(const std::optional<FrameRecord> record, impl_->nextRecord());
  if (!record) return std::optional<Row>();
  if (record->row.success && record->row.frame != impl_->last_with_face) {
    ++impl_->frames_with_face;
    impl_->last_with_face = record->row.frame;
  }
  const auto index = static_cast<std::size_t>(record->row.frame - 1);
  impl_->item_name = index < impl_->names.size() ? impl_->names[index] : "";
  return std::optional<Row>(record->row);
}

Summary Extractor::summary() const {
  Summary summary;
  summary.frames = impl_->frames;
  summary.frames_with_face = impl_->frames_with_face;
  const bool busy = impl_->ahead != nullptr;  // another thread still counts
  const SourceStats stats = busy ? SourceStats() : impl_->source->stats();
  summary.decode_errors = stats.decode_errors;
  summary.truncated = stats.truncated;
  summary.interrupted = impl_->interrupted;
  summary.warnings = impl_->many ? impl_->many->warnings() : impl_->interpreter->warnings();
  if (impl_->sides) {
    for (std::string& warning : impl_->sides->warnings()) {
      summary.warnings.push_back(std::move(warning));
    }
  }
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
                            std::to_string(summary.decode_errors) + damageOf(stats));
  }
  warnOfPixels(impl_->info, summary);
  StageTimer times = busy ? StageTimer() : impl_->times;
  times.merge(impl_->meter->times());
  times.merge(impl_->interpreter->times());
  if (impl_->sides) times.merge(impl_->sides->times());
  if (impl_->many) times.merge(impl_->many->times());
  describe(*impl_->analysis, times, summary);
  return summary;
}

}  // namespace frontalis
