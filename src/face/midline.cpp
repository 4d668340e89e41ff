#include "face/midline.h"

#include <cmath>

namespace frontalis {
namespace {

// iBUG: inner ends of the brows, and the chin.
constexpr std::size_t kBrowRight = 21, kBrowLeft = 22, kChin = 8;

}  // namespace

Line Midline::line() const {
  const float x = chin.x - glabella.x;
  const float y = chin.y - glabella.y;
  const float length = std::hypot(x, y);
  // Landmarks on one spot are no face; any direction will do.
  if (!(length > 0)) return {glabella, {0, 1}};
  return {glabella, {x / length, y / length}};
}

Midline midlineOf(const Landmarks68& p) {
  return {{(p[kBrowRight].x + p[kBrowLeft].x) / 2, (p[kBrowRight].y + p[kBrowLeft].y) / 2},
          p[kChin]};
}

void MidlineSmoother::push(const std::optional<Midline>& midline) { window_.push_back(midline); }

bool MidlineSmoother::ready() const {
  const auto after = static_cast<int>(window_.size()) - next_ - 1;
  return after >= reach_ || (finished_ && after >= 0);
}

std::optional<Midline> MidlineSmoother::pop() {
  const auto at = [&](int i) -> const std::optional<Midline>& {
    return window_[static_cast<std::size_t>(i)];
  };
  std::optional<Midline> smoothed;
  if (at(next_)) {
    Midline sum{};
    float weights = 0;
    const auto add = [&](const Midline& m, float weight) {
      sum.glabella.x += weight * m.glabella.x;
      sum.glabella.y += weight * m.glabella.y;
      sum.chin.x += weight * m.chin.x;
      sum.chin.y += weight * m.chin.y;
      weights += weight;
    };
    add(*at(next_), 1);
    for (int k = 1; k <= reach_; ++k) {
      const int before = next_ - k;
      const int after = next_ + k;
      if (before < 0 || after >= static_cast<int>(window_.size())) break;
      if (!at(before) || !at(after)) break;
      const float weight = 1 - static_cast<float>(k) / static_cast<float>(reach_ + 1);
      add(*at(before), weight);
      add(*at(after), weight);
    }
    smoothed = Midline{{sum.glabella.x / weights, sum.glabella.y / weights},
                       {sum.chin.x / weights, sum.chin.y / weights}};
  }
  if (next_ == reach_) {
    window_.pop_front();
  } else {
    ++next_;
  }
  return smoothed;
}

void MidlineSmoother::reset() {
  window_.clear();
  next_ = 0;
  finished_ = false;
}

}  // namespace frontalis
