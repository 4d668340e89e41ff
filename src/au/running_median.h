#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "au/descriptor.h"

namespace frontalis {

/// One histogram a dimension and, for each, a cursor on the bin of the median (spec pipeline 7).
/// An insertion moves the cursor by at most one occupied bin, found in a bitmap of occupied bins,
/// so an update costs O(1) a dimension however the values are spread.
class MedianHistogram {
 public:
  /// `bins` equal bins over [low, high]; values outside count in the first or last bin.
  MedianHistogram(std::size_t dimensions, int bins, double low, double high);

  /// Adds one value a dimension. No allocation.
  template <class T>
  void add(std::span<const T> values);
  /// Adds another histogram of the same shape.
  void merge(const MedianHistogram& other);
  void reset();

  [[nodiscard]] std::int64_t count() const { return count_; }
  /// Centre of the first bin whose cumulative count reaches (count+1) div 2; of the first bin when
  /// the count is 0.
  [[nodiscard]] double median(std::size_t dimension) const {
    return low_ + (cursors_[dimension].bin + 0.5) * (high_ - low_) / bins_;
  }

 private:
  struct Cursor {
    std::int32_t bin = 0;
    std::uint32_t below = 0;  ///< entries in the bins before `bin`
  };
  void insert(std::size_t dimension, std::int32_t bin, std::uint32_t target);
  void settle(std::size_t dimension, std::uint32_t target);
  [[nodiscard]] std::int32_t occupiedAfter(std::size_t dimension, std::int32_t bin) const;
  [[nodiscard]] std::int32_t occupiedBefore(std::size_t dimension, std::int32_t bin) const;

  std::size_t dimensions_;
  int bins_;
  double low_;
  double high_;
  std::size_t words_;  ///< of the bitmap, a dimension
  std::int64_t count_ = 0;
  std::vector<std::uint32_t> counts_;    ///< dimensions x bins
  std::vector<std::uint64_t> occupied_;  ///< dimensions x words
  std::vector<Cursor> cursors_;
  std::vector<std::int32_t> slots_;  ///< bins of the values being added
};

/// The person's neutral descriptor: the running median of a video with OpenFace's bins, schedule
/// and edge cases (spec pipeline 7). Belongs to one video and wants every frame, in order.
class RunningMedian {
 public:
  /// `frames_before`: frames of the video before the first one given here; a piece of a video
  /// starts with the number of frames in front of it.
  explicit RunningMedian(std::int64_t frames_before = 0);

  /// One frame, also when landmarks failed (`success` false; the values are then not looked at and
  /// count as zeros). True when the median was renewed (every second frame). No allocation.
  bool update(const DescriptorView& descriptor, bool success);

  /// Neutral of the frames so far: 4464 FHOG values, never negative, then 238 geometry values.
  [[nodiscard]] std::span<const double> median() const { return median_; }
  /// Frames that went into it.
  [[nodiscard]] std::int64_t count() const { return fhog_.count(); }

  /// Appends the frames that `later` saw, as if they had been given here. `later` was started with
  /// frames_before = all frames up to here.
  void append(const RunningMedian& later);

  void reset(std::int64_t frames_before = 0);

 private:
  void takeMedian();

  MedianHistogram fhog_;
  MedianHistogram geometry_;
  std::vector<double> median_;
  std::int64_t frames_ = 0;
  bool called_ = false;  ///< the update routine has run at least once
};

}  // namespace frontalis
