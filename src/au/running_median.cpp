#include "au/running_median.h"

#include <algorithm>
#include <bit>

namespace frontalis {

namespace {

constexpr int kFhogBins = 1000;
constexpr double kFhogLow = -0.005;
constexpr double kFhogHigh = 1.0;
constexpr int kGeometryBins = 10000;
constexpr double kGeometryLow = -60;
constexpr double kGeometryHigh = 60;
constexpr int kWordBits = 64;

}  // namespace

MedianHistogram::MedianHistogram(std::size_t dimensions, int bins, double low, double high)
    : dimensions_(dimensions),
      bins_(bins),
      low_(low),
      high_(high),
      words_((static_cast<std::size_t>(bins) + kWordBits - 1) / kWordBits),
      counts_(dimensions * static_cast<std::size_t>(bins)),
      occupied_(dimensions * words_),
      cursors_(dimensions),
      slots_(dimensions) {}

template <class T>
void MedianHistogram::add(std::span<const T> values) {
  const double range = high_ - low_;
  const double bins = bins_;
  const double last = bins_ - 1;
  for (std::size_t j = 0; j < dimensions_; ++j) {
    // Truncation towards zero, then clamping; written so that NaN falls into the first bin.
    double slot = (static_cast<double>(values[j]) - low_) * bins / range;
    slot = slot > 0 ? slot : 0;
    slot = slot < last ? slot : last;
    slots_[j] = static_cast<std::int32_t>(slot);
  }
  ++count_;
  const auto target = static_cast<std::uint32_t>((count_ + 1) / 2);
  // Every dimension has its counts elsewhere in memory: fetch them before they are needed.
  constexpr std::size_t kAhead = 12;
  for (std::size_t j = 0; j < dimensions_; ++j) {
    if (j + kAhead < dimensions_) {
      const std::uint32_t* ahead = &counts_[(j + kAhead) * static_cast<std::size_t>(bins_)];
      __builtin_prefetch(ahead + slots_[j + kAhead], 1);
      __builtin_prefetch(ahead + cursors_[j + kAhead].bin);
    }
    insert(j, slots_[j], target);
  }
}

template void MedianHistogram::add(std::span<const float> values);
template void MedianHistogram::add(std::span<const double> values);

inline void MedianHistogram::insert(std::size_t dimension, std::int32_t bin, std::uint32_t target) {
  std::uint32_t* counts = &counts_[dimension * static_cast<std::size_t>(bins_)];
  if (counts[bin]++ == 0) {
    occupied_[dimension * words_ + static_cast<std::size_t>(bin / kWordBits)] |=
        std::uint64_t{1} << (bin % kWordBits);
  }
  Cursor& cursor = cursors_[dimension];
  cursor.below += bin < cursor.bin ? 1 : 0;
  if (cursor.below >= target || cursor.below + counts[cursor.bin] < target) {
    settle(dimension, target);
  }
}

void MedianHistogram::settle(std::size_t dimension, std::uint32_t target) {
  const std::uint32_t* counts = &counts_[dimension * static_cast<std::size_t>(bins_)];
  Cursor& cursor = cursors_[dimension];
  while (cursor.below >= target) {
    cursor.bin = occupiedBefore(dimension, cursor.bin);
    cursor.below -= counts[cursor.bin];
  }
  while (cursor.below + counts[cursor.bin] < target) {
    cursor.below += counts[cursor.bin];
    cursor.bin = occupiedAfter(dimension, cursor.bin);
  }
}

// Both searches find a bin: settle() only looks where the target says that entries are left.
std::int32_t MedianHistogram::occupiedAfter(std::size_t dimension, std::int32_t bin) const {
  const std::uint64_t* words = &occupied_[dimension * words_];
  auto word = static_cast<std::size_t>((bin + 1) / kWordBits);
  std::uint64_t bits = words[word] & (~std::uint64_t{0} << ((bin + 1) % kWordBits));
  while (bits == 0) bits = words[++word];
  return static_cast<std::int32_t>(word) * kWordBits + std::countr_zero(bits);
}

std::int32_t MedianHistogram::occupiedBefore(std::size_t dimension, std::int32_t bin) const {
  const std::uint64_t* words = &occupied_[dimension * words_];
  auto word = static_cast<std::size_t>((bin - 1) / kWordBits);
  std::uint64_t bits = words[word] & (~std::uint64_t{0} >> (kWordBits - 1 - (bin - 1) % kWordBits));
  while (bits == 0) bits = words[--word];
  return static_cast<std::int32_t>(word) * kWordBits + (kWordBits - 1 - std::countl_zero(bits));
}

void MedianHistogram::merge(const MedianHistogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  for (std::size_t i = 0; i < occupied_.size(); ++i) occupied_[i] |= other.occupied_[i];
  count_ += other.count_;
  if (count_ == 0) return;  // no occupied bin to look for
  const auto target = static_cast<std::uint32_t>((count_ + 1) / 2);
  for (std::size_t j = 0; j < dimensions_; ++j) {
    cursors_[j] = {};
    settle(j, target);
  }
}

void MedianHistogram::reset() {
  std::fill(counts_.begin(), counts_.end(), 0);
  std::fill(occupied_.begin(), occupied_.end(), 0);
  std::fill(cursors_.begin(), cursors_.end(), Cursor{});
  count_ = 0;
}

RunningMedian::RunningMedian(std::int64_t frames_before)
    : fhog_(kFhogSize, kFhogBins, kFhogLow, kFhogHigh),
      geometry_(kGeometrySize, kGeometryBins, kGeometryLow, kGeometryHigh),
      median_(kFeatures),
      frames_(frames_before) {}

bool RunningMedian::update(const DescriptorView& descriptor, bool success) {
  ++frames_;
  if (frames_ % 2 == 0) return false;
  if (success) {
    fhog_.add(std::span<const float>(descriptor.fhog));
    geometry_.add(std::span<const double>(descriptor.geometry));
  }
  const bool first_call = !called_;
  called_ = true;
  if (!first_call && count() != 1) {
    takeMedian();
  } else if (success) {
    // The first descriptor serves as it is, unbinned.
    for (std::size_t j = 0; j < kFhogSize; ++j) median_[j] = std::max(descriptor.fhog[j], 0.f);
    std::copy(descriptor.geometry.begin(), descriptor.geometry.end(), median_.begin() + kFhogSize);
  } else {
    std::fill(median_.begin(), median_.end(), 0.0);
  }
  return true;
}

void RunningMedian::takeMedian() {
  for (std::size_t j = 0; j < kFhogSize; ++j) median_[j] = std::max(fhog_.median(j), 0.0);
  for (std::size_t j = 0; j < kGeometrySize; ++j) {
    median_[kFhogSize + j] = geometry_.median(j);
  }
}

void RunningMedian::append(const RunningMedian& later) {
  frames_ = later.frames_;
  if (!later.called_) return;
  const bool first_call = !called_;
  called_ = true;
  fhog_.merge(later.fhog_);
  geometry_.merge(later.geometry_);
  if (first_call || (count() == 1 && later.count() == 1)) {
    median_ = later.median_;
  } else if (count() == 1) {
    std::fill(median_.begin(), median_.end(), 0.0);  // the last routine call saw a failed frame
  } else {
    takeMedian();
  }
}

void RunningMedian::reset(std::int64_t frames_before) {
  fhog_.reset();
  geometry_.reset();
  std::fill(median_.begin(), median_.end(), 0.0);
  frames_ = frames_before;
  called_ = false;
}

}  // namespace frontalis
