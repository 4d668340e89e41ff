#include "face/clnf/clnf_tracker.h"

#include <algorithm>
#include <cmath>

#include "util/try.h"

namespace frontalis {

namespace {

constexpr float kLeastCertainty = 0.725f;  // above it the landmarks lie on a face
constexpr float kPartScale = 0.9f;         // parts are fitted above this share of their first scale
constexpr int kRedetectEvery = 2;          // frames, while a known face is lost
constexpr int kDetectEvery = 12;           // frames, while no face was ever found
constexpr int kGiveUpAfter = 100;          // failures in a row

constexpr std::size_t kMaxScales = 8;

/// Start rotations, Euler XYZ in rad, in the order they are tried (spec clnf 5).
constexpr std::array<std::array<float, 3>, 11> kStartRotations = {{{0, 0, 0},
                                                                   {0, -0.5236f, 0},
                                                                   {0, 0.5236f, 0},
                                                                   {0, -0.96f, 0},
                                                                   {0, 0.96f, 0},
                                                                   {0, 0, 0.5236f},
                                                                   {0, 0, -0.5236f},
                                                                   {0, -1.57f, 0},
                                                                   {0, 1.57f, 0},
                                                                   {0, -1.22f, 0.698f},
                                                                   {0, 1.22f, -0.698f}}};

// A start that ended in the wrong place keeps a high certainty but has a low likelihood: of 336
// fits from boxes up to 25 % off, all of the 262 above this were right, nearly all below wrong.
constexpr float kGoodStart = 0.62f;

/// Other boxes to start from: shifts as shares of width and height, and factors of the size.
struct BoxChange {
  float x, y, size;
};
constexpr std::array<BoxChange, 10> kBoxChanges = {{{0, -0.15f, 1},
                                                    {0, 0.15f, 1},
                                                    {-0.15f, 0, 1},
                                                    {0.15f, 0, 1},
                                                    {0, 0, 0.8f},
                                                    {0, 0, 1.25f},
                                                    {-0.15f, -0.15f, 1},
                                                    {0.15f, -0.15f, 1},
                                                    {-0.15f, 0.15f, 1},
                                                    {0.15f, 0.15f, 1}}};
constexpr std::size_t kGuardRotations = 3;  // frontal and half profiles

Box changed(const Box& box, const BoxChange& change) {
  const float width = box.width * change.size;
  const float height = box.height * change.size;
  return {box.x + box.width * change.x + (box.width - width) / 2,
          box.y + box.height * change.y + (box.height - height) / 2, width, height};
}

/// The box tight around landmarks (all x, then all y).
Box boxAround(const Eigen::VectorXf& landmarks) {
  const Eigen::Index n = landmarks.size() / 2;
  const float left = landmarks.head(n).minCoeff();
  const float top = landmarks.tail(n).minCoeff();
  return {left, top, landmarks.head(n).maxCoeff() - left, landmarks.tail(n).maxCoeff() - top};
}

bool finite(const ShapeParams& params) {
  const GlobalParams& g = params.global;
  return std::isfinite(g.scale) && std::isfinite(g.rx) && std::isfinite(g.ry) &&
         std::isfinite(g.rz) && std::isfinite(g.tx) && std::isfinite(g.ty) &&
         params.local.allFinite();
}

}  // namespace

Landmarks68 ClnfState::points() const {
  Landmarks68 result;
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    const Eigen::Index k = static_cast<Eigen::Index>(i);
    result[i] = {landmarks[k], landmarks[k + static_cast<Eigen::Index>(kLandmarks)]};
  }
  return result;
}

ClnfTracker::ClnfTracker(std::shared_ptr<const ClnfModel> model, Options options)
    : model_(std::move(model)),
      options_(options),
      team_(options.threads > 1 ? std::make_unique<WorkerTeam>(options.threads) : nullptr),
      fit_(model_->face, team_.get()),
      calc_params_(model_->face.pdm) {
  for (const ClnfPart& part : model_->parts) {
    parts_.push_back(std::make_unique<PartFit>(
        PartFit{LandmarkFit(part.model, team_.get()),
                CalcParams(part.model.pdm),
                Eigen::VectorXf::Zero(2 * static_cast<Eigen::Index>(part.model.landmarks())),
                {}}));
  }
  if (model_->validator) validation_.emplace(*model_->validator);
  reset();
  before_ = state_.params;
  best_ = state_;
  remembered_ = state_;
}

void ClnfTracker::reset() {
  const auto zero = [](const LandmarkModel& model, ShapeParams& params, Eigen::VectorXf& points) {
    params.global = {};
    params.local = Eigen::VectorXf::Zero(model.pdm.modes());
    points = Eigen::VectorXf::Zero(2 * static_cast<Eigen::Index>(model.landmarks()));
  };
  state_ = {};
  zero(model_->face, state_.params, state_.landmarks);
  state_.landmark_likelihoods = Eigen::VectorXf::Zero(model_->face.landmarks());
  state_.parts.resize(model_->parts.size());
  for (std::size_t k = 0; k < state_.parts.size(); ++k) {
    zero(model_->parts[k].model, state_.parts[k].params, state_.parts[k].landmarks);
  }
  fit_.setLikelihood(0);
  initialised_ = false;
  failures_in_a_row_ = -1;
  detector_ran_ = false;
}

int ClnfTracker::part(std::string_view name) const {
  for (std::size_t k = 0; k < model_->parts.size(); ++k) {
    if (model_->parts[k].name == name) return static_cast<int>(k);
  }
  return -1;
}

bool ClnfTracker::fitFrame(GrayWindow& gray, std::span<const int> windows,
                           bool parts_and_validator) {
  before_ = state_.params;
  bool fitted = fit_.run(gray, windows, state_.params);
  if (!finite(state_.params)) {
    state_.params = before_;
    fitted = false;
  }
  state_.landmarks = fit_.shape(state_.params);
  state_.likelihood = fit_.likelihood();
  state_.landmark_likelihoods = fit_.landmarkLikelihoods();
  state_.view = fit_.view();
  if (parts_and_validator && state_.landmarks.allFinite()) fitParts(gray);
  state_.certainty = fitted ? 1.f : 0.f;
  if (fitted && parts_and_validator && validation_) {
    const GlobalParams& g = state_.params.global;
    state_.certainty = validation_->certainty(gray, {g.rx, g.ry, g.rz}, state_.landmarks.data());
  }
  state_.success = state_.certainty > kLeastCertainty;
  return state_.success;
}

void ClnfTracker::fitParts(GrayWindow& gray) {
  const Eigen::Index n = model_->face.landmarks();
  bool any = false;
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    const ClnfPart& part = model_->parts[k];
    PartFit& work = *parts_[k];
    ClnfPartState& out = state_.parts[k];
    const Eigen::Index m = part.model.landmarks();
    work.given.setZero();
    for (const auto& [face, own] : part.main_to_part) {
      work.given[own] = state_.landmarks[face];
      work.given[m + own] = state_.landmarks[n + face];
    }
    const CalcParams::Fit& start = work.calc_params.fit(work.given);
    out.params.global = start.global;
    out.params.local = start.local;
    const float first_scale = part.model.scales.front()->scale();
    if (start.valid && state_.params.global.scale > kPartScale * first_scale) {
      work.before = out.params;
      work.fit.run(gray, part.model.settings.tracking_windows, out.params);
      if (!finite(out.params)) out.params = work.before;
      any = true;
    }
    out.likelihood = work.fit.likelihood();
    out.landmarks = work.fit.shape(out.params);
  }
  if (!any) return;
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    const ClnfPart& part = model_->parts[k];
    const Eigen::Index m = part.model.landmarks();
    for (const auto& [face, own] : part.main_to_part) {
      state_.landmarks[face] = state_.parts[k].landmarks[own];
      state_.landmarks[n + face] = state_.parts[k].landmarks[m + own];
    }
  }
  const CalcParams::Fit& merged = calc_params_.fit(state_.landmarks);
  if (merged.valid) {
    state_.params.global = merged.global;
    state_.params.local = merged.local;
  }
  state_.landmarks = fit_.shape(state_.params);
}

void ClnfTracker::startFrom(const Box& box, const std::array<float, 3>& rotation) {
  state_.params.local.setZero();
  for (ClnfPartState& part : state_.parts) part.params.local.setZero();
  state_.params.global =
      model_->face.pdm.fromBox(box, rotation[0], rotation[1], rotation[2], state_.params.local);
}

void ClnfTracker::tryRotations(GrayWindow& gray, const Box& box, std::size_t count, bool& any) {
  for (std::size_t k = 0; k < count; ++k) {
    startFrom(box, kStartRotations[k]);
    fitFrame(gray, model_->face.settings.initial_windows);
    if (!any || state_.likelihood > best_.likelihood) best_ = state_;
    any = true;
  }
}

void ClnfTracker::tryChangedBoxes(GrayWindow& gray, const Box& box) {
  bool any = true;
  for (const BoxChange& change : kBoxChanges) {
    if (best_.likelihood >= kGoodStart) return;
    tryRotations(gray, changed(box, change), kGuardRotations, any);
  }
}

bool ClnfTracker::tryBasic(GrayWindow& gray, const Box& box, bool first) {
  bool any = false;
  tryRotations(gray, box, kStartRotations.size(), any);
  // A later start that does not validate is undone anyway.
  if (options_.guard_start && (first || best_.success)) {
    // Around the given box, then around the best fit so far, which has often moved halfway.
    tryChangedBoxes(gray, box);
    tryChangedBoxes(gray, boxAround(best_.landmarks));
  }
  state_ = best_;
  return state_.success;
}

bool ClnfTracker::tryWithEarlyTermination(GrayWindow& gray, const Box& box) {
  const EarlyTermination& rule = *model_->face.early_termination;
  const std::vector<int>& windows = model_->face.settings.initial_windows;
  std::array<int, kMaxScales> first{};
  std::array<int, kMaxScales> rest{};
  const std::size_t scales = std::min(windows.size(), first.size());
  first[0] = windows[0];
  for (std::size_t k = 1; k < scales; ++k) rest[k] = windows[k];
  const std::span<const int> first_windows(first.data(), scales);
  const std::span<const int> rest_windows(rest.data(), scales);

  // The three most promising first-scale fits, best first.
  std::size_t promising = 0;
  for (const std::array<float, 3>& rotation : kStartRotations) {
    startFrom(box, rotation);
    fitFrame(gray, first_windows, false);
    const std::size_t v = static_cast<std::size_t>(state_.view);
    const float adjusted = state_.likelihood * rule.weights[v] + rule.biases[v];
    if (adjusted > rule.cutoffs[v]) return fitFrame(gray, rest_windows);
    std::size_t place = promising;
    while (place > 0 && adjusted > candidates_[place - 1].adjusted) --place;
    if (place == candidates_.size()) continue;
    promising = std::min(promising + 1, candidates_.size());
    for (std::size_t k = promising - 1; k > place; --k)
      std::swap(candidates_[k], candidates_[k - 1]);
    candidates_[place].adjusted = adjusted;
    candidates_[place].params = state_.params;
  }
  for (std::size_t k = 0; k < promising; ++k) {
    state_.params = candidates_[k].params;
    for (ClnfPartState& part : state_.parts) part.params.local.setZero();
    fitFrame(gray, rest_windows);
    if (k == 0 || state_.likelihood > best_.likelihood) best_ = state_;
  }
  state_ = best_;
  return state_.success;
}

bool ClnfTracker::fitFromBox(GrayWindow& gray, const Box& box, bool first) {
  return model_->face.early_termination ? tryWithEarlyTermination(gray, box)
                                        : tryBasic(gray, box, first);
}

Result<bool> ClnfTracker::track(GraySource& frame, const Detect& detect) {
  GrayWindow gray(frame);
  detector_ran_ = false;
  const FitSettings& settings = model_->face.settings;
  if (initialised_) {
    fitFrame(gray, state_.success ? settings.tracking_windows : settings.initial_windows);
    failures_in_a_row_ = state_.success ? -1 : failures_in_a_row_ + 1;
  }
  const bool wanted = initialised_ ? !state_.success && failures_in_a_row_ % kRedetectEvery == 0
                                   : (failures_in_a_row_ + 1) % kDetectEvery == 0;
  if (wanted) {
    detector_ran_ = true;
    FRONTALIS_ASSIGN(const std::optional<Box> box, detect());
    if (box) {
      const bool first = !initialised_;
      initialised_ = true;
      remembered_ = state_;
      const bool validated = fitFromBox(gray, *box, first);
      if (!first && !validated) {
        state_.params = remembered_.params;
        state_.landmarks = remembered_.landmarks;
        state_.likelihood = remembered_.likelihood;
        state_.landmark_likelihoods = remembered_.landmark_likelihoods;
        fit_.setLikelihood(remembered_.likelihood);
        return false;
      }
      failures_in_a_row_ = -1;
      return true;
    }
  }
  if (!initialised_) ++failures_in_a_row_;
  if (failures_in_a_row_ > kGiveUpAfter) initialised_ = false;
  return state_.success;
}

}  // namespace frontalis
