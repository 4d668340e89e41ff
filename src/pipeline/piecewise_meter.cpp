#include "pipeline/piecewise_meter.h"

#include <algorithm>

#include "util/fingerprint.h"
#include "util/thread.h"
#include "util/try.h"
#include "video/video_reader.h"

namespace frontalis {
namespace {

// Frames in which two pieces may come together: longer than a lost face is remembered.
constexpr std::size_t kMeetingFrames = 200;
// Rows that wait, of one piece and in all, before no more are measured: some 20 kB each.
constexpr std::size_t kMaxRowsOfPiece = 2000;
constexpr std::size_t kMaxRows = 4000;

/// A frame's place, time and pixels, and what the meter makes of it.
std::uint64_t fingerprintOf(const Frame& frame, const FaceMeter& meter) {
  Fingerprint print;
  print.add(frame.index);
  print.add(frame.timestamp_seconds);
  const std::size_t bytes = frame.bit_depth > 8 ? 2 : frame.layout == PixelLayout::kBgr24 ? 3 : 1;
  for (const Plane& plane : frame.planes) {
    if (plane.data == nullptr) continue;
    for (int y = 0; y < plane.height; ++y) {
      print.addBytes(plane.data + y * plane.stride, static_cast<std::size_t>(plane.width) * bytes);
    }
  }
  print.add(meter.fingerprint().value_or(0));
  return print.value();
}

}  // namespace

PiecewiseMeter::PiecewiseMeter(std::filesystem::path video, FrameSource& source, FaceMeter& meter,
                               MakeMeter more, const Options& options)
    : video_(std::move(video)),
      source_(source),
      first_meter_(meter),
      make_meter_(std::move(more)),
      options_(options),
      first_(pieces_.emplace_back(std::make_unique<Piece>()).get()),
      current_(first_) {
  current_->started = current_->joined = true;
  cut_ = !options_.cut || options_.threads < 2 || !first_meter_.fingerprint();
  const int threads = cut_ ? 1 : options_.threads;  // cut_ belongs to them from here on
  Result<std::thread> first = startThread([this] { workFromTheStart(); });
  if (!first.ok()) {
    fail(first.error());
    return;
  }
  threads_.push_back(*std::move(first));
  for (int i = 1; i < threads; ++i) {
    Result<std::thread> helper = startThread([this, cuts = i == 1] {
      if (cuts) cutVideo();
      StageTimer times;
      const std::unique_ptr<FaceMeter> own = work(nullptr, times);
      addTimes(times, own.get());
    });
    if (helper.ok()) {
      threads_.push_back(*std::move(helper));
      continue;
    }
    // Fewer do the same work; without the one that cuts there is one piece.
    const std::lock_guard lock(mutex_);
    if (i == 1) cut_ = true;
    changed_.notify_all();
    break;
  }
}

PiecewiseMeter::~PiecewiseMeter() { finish(); }

const StageTimer& PiecewiseMeter::finish() {
  {
    const std::lock_guard lock(mutex_);
    stop();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  return times_;
}

Result<PiecewiseMeter::Next> PiecewiseMeter::next(Measurement& out) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] {
      return error_ || start_again_ || !current_->rows.empty() || current_->finished;
    });
    if (start_again_) return Next::kStartAgain;
    if (!current_->rows.empty()) {
      std::swap(out, *current_->rows.front());
      recycle(*current_);
      changed_.notify_all();
      return Next::kMeasurement;
    }
    if (error_) return *error_;
    if (current_->next == nullptr) return Next::kEnd;
    const std::size_t known = current_->next_row;
    current_ = current_->next;
    ++pieces_joined_;
    for (std::size_t i = 0; i < known; ++i) recycle(*current_);
  }
}

// ---------------------------------------------------------------- threads

void PiecewiseMeter::workFromTheStart() {
  StageTimer times;
  {
    // The other threads have nothing to do before it is known where to cut.
    DecodeAhead ahead(source_, times);
    measure(*first_, first_meter_, [&] { return ahead.next(); });
  }
  work(&first_meter_, times);
  addTimes(times, nullptr);
}

/// Measures pieces until none is left, with `meter` or else with one that it makes and returns.
std::unique_ptr<FaceMeter> PiecewiseMeter::work(FaceMeter* meter, StageTimer& times) {
  std::unique_ptr<FaceMeter> own;
  while (Piece* piece = take()) {
    if (meter == nullptr) {
      const std::lock_guard lock(making_);
      Result<std::unique_ptr<FaceMeter>> made = make_meter_();
      if (!made.ok()) {
        fail(made.error());
        break;
      }
      own = std::move(made).value();
      meter = own.get();
    }
    const auto reader = openFrameSource(video_, {.threads = 1, .start = piece->start});
    if (!reader.ok()) {
      noteDamage(*piece);
      continue;
    }
    meter->reset();
    measure(*piece, *meter, [&] { return decodeNext(**reader, times); });
  }
  return own;
}

void PiecewiseMeter::measure(Piece& piece, FaceMeter& meter,
                             const std::function<Result<DecodedFrame>()>& decode) {
  bool damaged = false;
  while (true) {
    Result<DecodedFrame> next = decode();
    if (!next.ok()) {
      if (&piece == first_) {
        fail(next.error());
      } else {
        noteDamage(piece);
      }
      return;
    }
    if (next->damaged && !damaged) {
      damaged = true;
      if (!noteDamage(piece)) return;
    }
    if (!next->frame) {
      const std::lock_guard lock(mutex_);
      piece.finished = true;
      changed_.notify_all();
      return;
    }
    std::unique_ptr<Measurement> row = emptyRow();
    if (const Status measured = meter.measure(*next->frame, *row); !measured.ok()) {
      return fail(measured.error());
    }
    if (!keep(piece, *next->frame, meter, std::move(row))) return;
  }
}

// ---------------------------------------------------------------- pieces

/// Cuts what the first piece has not come to yet.
void PiecewiseMeter::cutVideo() {
  const Result<std::vector<KeyFrame>> keys = findKeyFrames(video_);
  const std::lock_guard lock(mutex_);
  cut_ = true;
  changed_.notify_all();
  if (!keys.ok() || keys->empty() || damaged_) return;
  const std::int64_t pieces = std::int64_t{options_.threads} * options_.pieces_a_thread;
  const auto length = std::clamp<std::int64_t>(keys->back().frame / pieces, options_.shortest_piece,
                                               options_.longest_piece);
  std::int64_t last = first_piece_frames_;
  for (const KeyFrame& key : *keys) {
    if (key.frame < last + length) continue;
    pieces_.push_back(std::make_unique<Piece>());
    pieces_.back()->start = key;
    last = key.frame;
  }
}

/// The next piece that nobody measures; null when none is left.
PiecewiseMeter::Piece* PiecewiseMeter::take() {
  std::unique_lock lock(mutex_);
  Piece* piece = nullptr;
  changed_.wait(lock, [&] {
    if (stopping_) return true;
    if (!cut_) return false;
    const auto free = std::find_if(pieces_.begin(), pieces_.end(),
                                   [](const auto& p) { return !p->started && !p->dropped; });
    piece = free == pieces_.end() ? nullptr : free->get();
    return piece == nullptr || waitingRows() < kMaxRows;
  });
  if (stopping_ || piece == nullptr) return nullptr;
  piece->started = true;
  return piece;
}

/// Adds a row to its piece; false when the piece ends here.
bool PiecewiseMeter::keep(Piece& piece, const Frame& frame, const FaceMeter& meter,
                          std::unique_ptr<Measurement> row) {
  std::unique_lock lock(mutex_);
  const bool first = &piece == first_;
  const bool early = !first && piece.fingerprints.size() < kMeetingFrames;
  Piece* const rival = rivalOf(piece, frame.index);
  std::uint64_t fingerprint = 0;
  if (early || rival != nullptr) {
    lock.unlock();
    fingerprint = fingerprintOf(frame, meter);
    lock.lock();
  }
  if (stopping_ || piece.dropped) return false;
  piece.rows.push_back(std::move(row));
  if (early) piece.fingerprints.push_back(fingerprint);
  if (first) first_piece_frames_ = frame.index + 1;
  changed_.notify_all();
  if (rival != nullptr) {
    const auto offset = static_cast<std::size_t>(frame.index - rival->start.frame);
    changed_.wait(lock, [&] {
      return stopping_ || piece.dropped || rival->dropped || rival->finished ||
             rival->fingerprints.size() > offset;
    });
    if (stopping_ || piece.dropped) return false;
    const bool comparable = !rival->dropped && offset < rival->fingerprints.size();
    if (comparable && rival->fingerprints[offset] == fingerprint) {
      rival->joined = true;
      piece.next = rival;
      piece.next_row = offset + 1;
      piece.finished = true;
      changed_.notify_all();
      return false;
    }
    if (!comparable || offset + 1 == kMeetingFrames) drop(*rival);
  }
  changed_.wait(lock,
                [&] { return stopping_ || piece.dropped || piece.rows.size() < kMaxRowsOfPiece; });
  return !stopping_ && !piece.dropped;
}

/// The next piece that is measured, if it has begun at or before this frame. Pieces that nobody has
/// taken by then are not needed any more.
PiecewiseMeter::Piece* PiecewiseMeter::rivalOf(const Piece& piece, std::int64_t frame) {
  auto next = std::find_if(pieces_.begin(), pieces_.end(),
                           [&](const auto& p) { return p.get() == &piece; });
  for (++next; next != pieces_.end() && (*next)->start.frame <= frame; ++next) {
    if ((*next)->started && !(*next)->dropped) return next->get();
    (*next)->dropped = true;
  }
  return nullptr;
}

/// False when the piece cannot go on. A damaged piece is measured by the one before it, as what is
/// shown may depend on all that was decoded before.
bool PiecewiseMeter::noteDamage(Piece& piece) {
  const std::lock_guard lock(mutex_);
  damaged_ = true;
  if (&piece == first_) {
    for (const auto& other : pieces_) {
      if (other.get() != &piece) drop(*other);
    }
    return true;
  }
  if (piece.joined) {
    start_again_ = true;
    stop();
  } else {
    drop(piece);
  }
  return false;
}

void PiecewiseMeter::drop(Piece& piece) {
  piece.dropped = true;
  while (!piece.rows.empty()) recycle(piece);
  changed_.notify_all();
}

void PiecewiseMeter::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  stop();
}

void PiecewiseMeter::stop() {
  stopping_ = true;
  changed_.notify_all();
}

std::unique_ptr<Measurement> PiecewiseMeter::emptyRow() {
  const std::lock_guard lock(mutex_);
  if (empty_.empty()) return std::make_unique<Measurement>();
  std::unique_ptr<Measurement> row = std::move(empty_.back());
  empty_.pop_back();
  return row;
}

void PiecewiseMeter::recycle(Piece& piece) {
  empty_.push_back(std::move(piece.rows.front()));
  piece.rows.pop_front();
}

std::size_t PiecewiseMeter::waitingRows() const {
  std::size_t rows = 0;
  for (const auto& piece : pieces_) {
    if (piece.get() != current_) rows += piece->rows.size();
  }
  return rows;
}

void PiecewiseMeter::addTimes(const StageTimer& decoding, const FaceMeter* meter) {
  const std::lock_guard lock(mutex_);
  times_.merge(decoding);
  if (meter != nullptr) times_.merge(meter->times());
}

}  // namespace frontalis
