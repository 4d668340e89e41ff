#pragma once

#include <Eigen/Core>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "face/clnf/clnf_model.h"
#include "face/clnf/gray_source.h"
#include "frontalis/result.h"
#include "frontalis/types.h"
#include "shape/calc_params.h"

namespace frontalis {

/// A part's shape in one frame.
struct ClnfPartState {
  ShapeParams params;
  Eigen::VectorXf landmarks;  ///< 2n px, all x, then all y
  float likelihood = 0;
};

/// What the tracker knows after a frame.
struct ClnfState {
  ShapeParams params;
  Eigen::VectorXf landmarks;             ///< 136 px, all x, then all y
  Eigen::VectorXf landmark_likelihoods;  ///< 68; -1e8 where hidden
  float likelihood = 0;                  ///< mean log likelihood
  float certainty = 0;                   ///< of the validator, 0..1
  bool success = false;                  ///< the model's own verdict
  int view = 0;                          ///< of the patch experts
  std::vector<ClnfPartState> parts;      ///< in the model's order

  [[nodiscard]] Landmarks68 points() const;
};

/// Finds the face's landmarks frame after frame as OpenFace 2.2.0 does (spec clnf 5, 10, 11, 12):
/// from the last frame's shape while the validator is content, from a detected box otherwise. State
/// belongs to one video. One object a thread; the model may be shared.
class ClnfTracker {
 public:
  struct Options {
    /// Start again from boxes nearby when a start looks wrong (4.3), which OpenFace does not. Not
    /// for models with early termination: their likelihoods are on another scale.
    bool guard_start = true;
    /// Threads that share a frame's landmarks; results do not depend on it.
    int threads = 1;
  };
  /// The face's box in the current frame, tight around the 68 landmarks (4.1); empty: no face.
  /// Called only when the rules want a detection.
  using Detect = std::function<Result<std::optional<Box>>()>;

  explicit ClnfTracker(std::shared_ptr<const ClnfModel> model)
      : ClnfTracker(std::move(model), {}) {}
  ClnfTracker(std::shared_ptr<const ClnfModel> model, Options options);

  /// The next frame. True when the frame counts as successful (OpenFace's `success`); on the frame
  /// that initialises this may be so although state().success is not. Errors: those of `detect`.
  Result<bool> track(GraySource& frame, const Detect& detect);

  [[nodiscard]] const ClnfState& state() const { return state_; }
  [[nodiscard]] const ClnfModel& model() const { return *model_; }
  /// Index of a part by its name in the main list, e.g. "left_eye_28"; -1 when there is none.
  [[nodiscard]] int part(std::string_view name) const;
  /// Whether the last frame asked for a detection.
  [[nodiscard]] bool detectorRan() const { return detector_ran_; }

  /// Forget the video.
  void reset();

  // The steps of track(), for tests and benchmarks.

  /// One detection from the current parameters (6 to 11); returns state().success.
  bool fitFrame(GrayWindow& gray, std::span<const int> windows, bool parts_and_validator = true);
  /// All start rotations in a box; the best is kept (5). `first`: no face was tracked before.
  bool fitFromBox(GrayWindow& gray, const Box& box, bool first = true);
  void setState(const ShapeParams& params) { state_.params = params; }

 private:
  struct PartFit {
    LandmarkFit fit;
    CalcParams calc_params;
    Eigen::VectorXf given;
    ShapeParams before;
  };

  void fitParts(GrayWindow& gray);
  void startFrom(const Box& box, const std::array<float, 3>& rotation);
  bool tryBasic(GrayWindow& gray, const Box& box, bool first);
  /// The first `count` start rotations; best_ keeps the likeliest fit.
  void tryRotations(GrayWindow& gray, const Box& box, std::size_t count, bool& any);
  /// Boxes near this one, until the fit is likely enough.
  void tryChangedBoxes(GrayWindow& gray, const Box& box);
  bool tryWithEarlyTermination(GrayWindow& gray, const Box& box);

  std::shared_ptr<const ClnfModel> model_;
  Options options_;

  // Working memory.
  std::unique_ptr<WorkerTeam> team_;  // more than one thread
  LandmarkFit fit_;
  CalcParams calc_params_;
  std::vector<std::unique_ptr<PartFit>> parts_;
  std::optional<Validation> validation_;
  ShapeParams before_;
  ClnfState best_;
  ClnfState remembered_;
  struct Candidate {
    float adjusted = 0;
    ShapeParams params;
  };
  std::array<Candidate, 3> candidates_;  // first-scale fits, best first

  // State of the video.
  ClnfState state_;
  bool initialised_ = false;
  int failures_in_a_row_ = -1;
  bool detector_ran_ = false;
};

}  // namespace frontalis
