#pragma once

#include <Eigen/Core>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "face/clnf/fit_settings.h"
#include "face/clnf/gray_window.h"
#include "face/clnf/mean_shift.h"
#include "face/clnf/model_list.h"
#include "face/clnf/patch_area.h"
#include "face/clnf/patch_experts.h"
#include "frontalis/result.h"
#include "shape/normal_equations.h"
#include "shape/pdm.h"
#include "util/worker_team.h"

namespace frontalis {

/// A shape model with patch experts at several scales: a whole face or a part of one. Immutable
/// after loading.
struct LandmarkModel {
  Pdm pdm;
  std::vector<std::unique_ptr<const PatchExperts>> scales;  ///< ascending
  std::optional<EarlyTermination> early_termination;
  FitSettings settings;

  [[nodiscard]] int landmarks() const { return pdm.points(); }
  /// Reads a model description (spec clnf 1.2) and prepares its experts for the settings' windows.
  /// Errors: those of the files; kCorrupt where they do not fit together.
  static Result<LandmarkModel> load(const std::filesystem::path& description,
                                    const FitSettings& settings);
};

/// Parameters of a PDM: pose and shape.
struct ShapeParams {
  GlobalParams global;
  Eigen::VectorXf local;
};

/// Fits one landmark model to a picture by regularised landmark mean shift (spec clnf 6 to 9).
/// Holds the working memory: one object a thread and model; nothing allocates after construction.
class LandmarkFit {
 public:
  /// `model` must outlive this, and `team`, which shares the landmarks' responses when given;
  /// results do not depend on it.
  explicit LandmarkFit(const LandmarkModel& model, WorkerTeam* team = nullptr);

  /// All scales whose window is not 0, from `params` on, which are replaced by the result. False
  /// when the face became too small (below 0.25 px per mm) or the parameters lost their sense.
  bool run(GrayWindow& gray, std::span<const int> windows, ShapeParams& params);

  /// Image points of the parameters: 2n px, all x, then all y.
  const Eigen::VectorXf& shape(const ShapeParams& params);

  /// Mean log likelihood per visible landmark at the last scale that was fitted (spec clnf 9), and
  /// its parts; the latter -1e8 for hidden landmarks.
  [[nodiscard]] float likelihood() const { return likelihood_; }
  [[nodiscard]] const Eigen::VectorXf& landmarkLikelihoods() const { return landmark_likelihoods_; }
  /// Index of the experts' view at the last scale that was fitted.
  [[nodiscard]] int view() const { return view_; }
  void setLikelihood(float likelihood) { likelihood_ = likelihood; }

  // The steps of run(), for tests and benchmarks.

  /// View, base shape and similarities for the shape of `params` (spec clnf 1.6, 7.1).
  void enterScale(int scale, const ShapeParams& params);
  /// Replaces the similarities of enterScale().
  void useSimilarity(const Matrix2& to_reference, const Matrix2& to_image);
  /// Response maps around the base shape (7.2 to 7.5).
  void respond(GrayWindow& gray, int window);
  /// One pass of at most settings.iterations updates (8); returns how many.
  int pass(bool rigid, ShapeParams& params);
  /// Mean shift of each landmark of a shape in image px (8 steps 2 to 4); hidden ones 0.
  const Eigen::VectorXf& meanShift(const Eigen::VectorXf& shape);
  /// From the positions of the last meanShift() (9).
  void updateLikelihood();

  [[nodiscard]] const ResponseMaps& responses() const { return responses_; }
  [[nodiscard]] const Matrix2& toReference() const { return to_reference_; }
  [[nodiscard]] const Matrix2& toImage() const { return to_image_; }
  /// Positions in the response maps at the last meanShift(), cells: all x, then all y.
  [[nodiscard]] const Eigen::VectorXf& positions() const { return positions_; }

 private:
  [[nodiscard]] const MeanShift& kernel(int scale, int window);
  [[nodiscard]] NormalEquations& equations(int scale, int view);

  const LandmarkModel* model_;
  std::vector<ScaleSettings> scale_settings_;
  struct Kernel {
    int scale;
    MeanShift shift;
  };
  std::vector<Kernel> kernels_;
  struct Weighted {
    Eigen::VectorXf weights;
    NormalEquations equations;
  };
  std::vector<std::unique_ptr<Weighted>> weighted_;
  std::vector<std::size_t> equations_of_;  // [scale * views + view] -> weighted_

  // The scale being fitted.
  int scale_ = 0;
  int view_ = 0;
  Matrix2 to_reference_;
  Matrix2 to_image_;
  ResponseMaps responses_;
  WorkerTeam* team_;
  struct Workplace {
    ResponseScratch scratch;
    std::vector<float> area;
  };
  std::vector<Workplace> workplaces_;  // one a member of the team
  Eigen::VectorXf base_shape_;

  float likelihood_ = 0;
  Eigen::VectorXf landmark_likelihoods_;
  Eigen::VectorXf positions_;
  Eigen::VectorXf shift_;
  Eigen::VectorXf shape_;
  Eigen::VectorXf previous_shape_;
  Eigen::VectorXf reference_shape_;
  Eigen::VectorXf shape3d_;
  Eigen::MatrixXd exact_basis_;
  Eigen::VectorXd exact_shape3d_;
  Eigen::VectorXd exact_local_;
  Eigen::VectorXf rigid_step_;
  Eigen::VectorXf step_;
};

}  // namespace frontalis
