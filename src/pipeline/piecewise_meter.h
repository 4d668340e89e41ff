#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "pipeline/analysis.h"
#include "pipeline/decode_ahead.h"
#include "video/key_frames.h"

namespace frontalis {

/// Measures one video in pieces on several threads. What comes out is, bit for bit and in order,
/// what one meter gives that sees all frames.
///
/// A piece begins at a key frame, with a meter that knows nothing of the frames before. The piece
/// before it goes on past its own end until both agree in a frame: its number, time and pixels, and
/// the fingerprint of the meter. From there on they would do the same, so the earlier one stops. If
/// they do not agree soon, the later one is given up, and the earlier one measures its frames too.
class PiecewiseMeter {
 public:
  using MakeMeter = std::function<Result<std::unique_ptr<FaceMeter>>()>;

  struct Options {
    int threads = 2;           ///< that measure
    bool cut = true;           ///< false: a single piece, decoded and measured side by side
    int shortest_piece = 120;  ///< frames
    int longest_piece = 600;   ///< frames, where key frames allow
    int pieces_a_thread = 4;   ///< at least, where the video is long enough
  };

  /// `source`, at its beginning, and `meter` serve the first piece; both outlive this object.
  /// `more` is called for each further thread, by one at a time.
  PiecewiseMeter(std::filesystem::path video, FrameSource& source, FaceMeter& meter, MakeMeter more,
                 const Options& options);
  PiecewiseMeter(const PiecewiseMeter&) = delete;
  PiecewiseMeter& operator=(const PiecewiseMeter&) = delete;
  /// Stops what still runs.
  ~PiecewiseMeter();

  enum class Next {
    kMeasurement,
    kEnd,
    kStartAgain,  ///< the video is damaged after it was cut: only one meter can measure it
  };
  /// The next frame's measurement, swapped into `out`. Errors: those of decoding and measuring.
  Result<Next> next(Measurement& out);

  /// Pieces that the result was put together from so far.
  [[nodiscard]] int pieces() const { return pieces_joined_; }
  /// Ends all threads; then the time per stage of all but `meter`, which keeps its own.
  const StageTimer& finish();

 private:
  using Rows = std::deque<std::unique_ptr<Measurement>>;

  struct Piece {
    KeyFrame start;
    Rows rows;                                ///< measured and not yet given out
    std::vector<std::uint64_t> fingerprints;  ///< of its first frames
    bool started = false;
    bool finished = false;  ///< no rows will be added
    bool dropped = false;   ///< given up: the rows do not count
    bool joined = false;    ///< the piece before agrees with it
    Piece* next = nullptr;  ///< that this one agreed with; null: the video ends here
    std::size_t next_row = 0;
  };

  void workFromTheStart();
  std::unique_ptr<FaceMeter> work(FaceMeter* meter, StageTimer& times);
  void cutVideo();
  Piece* take();
  void measure(Piece& piece, FaceMeter& meter, const std::function<Result<DecodedFrame>()>& decode);
  bool keep(Piece& piece, const Frame& frame, const FaceMeter& meter,
            std::unique_ptr<Measurement> row);
  bool noteDamage(Piece& piece);
  Piece* rivalOf(const Piece& piece, std::int64_t frame);
  void drop(Piece& piece);
  void fail(const Error& error);
  void stop();
  std::unique_ptr<Measurement> emptyRow();
  void recycle(Piece& piece);
  void addTimes(const StageTimer& decoding, const FaceMeter* meter);
  [[nodiscard]] std::size_t waitingRows() const;

  const std::filesystem::path video_;
  FrameSource& source_;
  FaceMeter& first_meter_;
  const MakeMeter make_meter_;
  const Options options_;

  mutable std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Piece>> pieces_;  // in order; the first is there from the beginning
  Piece* const first_;                          // does not change: not under mutex_
  Piece* current_;                              // whose rows are given out
  bool cut_ = false;                            // no more pieces will come
  bool damaged_ = false;
  bool stopping_ = false;
  bool start_again_ = false;
  std::optional<Error> error_;
  Rows empty_;
  std::int64_t first_piece_frames_ = 0;
  StageTimer times_;
  int pieces_joined_ = 1;

  std::mutex making_;  // of meters
  std::vector<std::thread> threads_;
};

}  // namespace frontalis
