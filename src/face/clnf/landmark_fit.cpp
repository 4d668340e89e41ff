#include "face/clnf/landmark_fit.h"

#include <algorithm>
#include <cmath>

#include "face/clnf/ccnf.h"
#include "face/clnf/cen.h"
#include "face/clnf/svr.h"
#include "util/try.h"

namespace frontalis {

namespace {

constexpr float kSmallestScale = 0.25f;    // px per mm; smaller faces are not fitted
constexpr float kLikelihoodScale = 0.30f;  // below it the likelihood is taken at any scale
constexpr float kConverged = 0.01f;        // px, norm over all coordinates
constexpr float kHiddenLikelihood = -1e8f;
constexpr float kLeastLikelihood = 1e-8f;

/// The windows a scale is ever fitted with.
std::vector<int> windowsOf(const FitSettings& settings, std::size_t scale) {
  std::vector<int> windows;
  for (const std::vector<int>* list : {&settings.initial_windows, &settings.tracking_windows}) {
    if (scale >= list->size() || (*list)[scale] == 0) continue;
    if (std::find(windows.begin(), windows.end(), (*list)[scale]) == windows.end()) {
      windows.push_back((*list)[scale]);
    }
  }
  return windows;
}

template <class File, class Experts>
Status addScales(const std::vector<std::filesystem::path>& paths,
                 Result<File> (*load)(const std::filesystem::path&), LandmarkModel& model,
                 Result<std::unique_ptr<Experts>> (*create)(File&&, const std::string&,
                                                            std::span<const int>)) {
  for (std::size_t k = 0; k < paths.size(); ++k) {
    FRONTALIS_ASSIGN(File file, load(paths[k]));
    const std::vector<int> windows = windowsOf(model.settings, k);
    FRONTALIS_ASSIGN(std::unique_ptr<const PatchExperts> experts,
                     create(std::move(file), paths[k].string(), windows));
    const auto corrupt = [&](const std::string& what) {
      return Error{ErrorCode::kCorrupt, paths[k].string() + what};
    };
    if (experts->views().landmarks() != model.landmarks()) {
      return corrupt(" has experts for " + std::to_string(experts->views().landmarks()) +
                     " landmarks, the shape model has " + std::to_string(model.landmarks()));
    }
    if (!model.scales.empty() && experts->scale() <= model.scales.back()->scale()) {
      return corrupt(" must have a larger scale than the file listed before it");
    }
    model.scales.push_back(std::move(experts));
  }
  return {};
}

Result<std::unique_ptr<CcnfExperts>> createCcnf(CcnfFile&& file, const std::string& name,
                                                std::span<const int> windows) {
  return CcnfExperts::create(file, windows, name);
}
Result<std::unique_ptr<SvrExperts>> createSvr(SvrFile&& file, const std::string& name,
                                              std::span<const int>) {
  return SvrExperts::create(file, name);
}
Result<std::unique_ptr<CenExperts>> createCen(CenFile&& file, const std::string& name,
                                              std::span<const int>) {
  return CenExperts::create(std::move(file), name);
}

/// Landmarks about their mean, divided by the root mean square radius; float32 as the original's.
float centreAndScale(const Eigen::VectorXf& points, Eigen::VectorXf& out) {
  const Eigen::Index n = points.size() / 2;
  double mean[2] = {0, 0};
  for (Eigen::Index i = 0; i < n; ++i) {
    mean[0] += points[i];
    mean[1] += points[n + i];
  }
  double energy = 0;
  for (Eigen::Index i = 0; i < 2 * n; ++i) {
    out[i] = static_cast<float>(points[i] - mean[i / n] / static_cast<double>(n));
    energy += out[i] * out[i];
  }
  const float radius = static_cast<float>(std::sqrt(energy / static_cast<double>(n)));
  if (radius > 0) out *= 1.f / radius;
  return radius;
}

/// Similarity that aligns `from` to `to` (2n each) up to translation: scale by the ratio of the
/// root mean square radii, rotation by least squares without reflection (spec clnf 7.1). `a` and
/// `b` are working memory.
void similarity(const Eigen::VectorXf& from, const Eigen::VectorXf& to, Eigen::VectorXf& a,
                Eigen::VectorXf& b, Matrix2& forward, Matrix2& inverse) {
  const Eigen::Index n = from.size() / 2;
  const float from_radius = centreAndScale(from, a);
  const float to_radius = centreAndScale(to, b);
  double dot = 0;
  double cross = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    const double x = a[i], y = a[n + i], u = b[i], v = b[n + i];
    dot += x * u + y * v;
    cross += x * v - y * u;
  }
  const double length = std::hypot(dot, cross);
  const float cosine = length > 0 ? static_cast<float>(dot / length) : 1.f;
  const float sine = length > 0 ? static_cast<float>(cross / length) : 0.f;
  const float scale = from_radius > 0 && to_radius > 0 ? to_radius / from_radius : 1.f;
  forward = {scale * cosine, -(scale * sine), scale * sine, scale * cosine};
  const float factor = 1.f / (forward.m11 * forward.m22 - forward.m12 * forward.m21);
  inverse = {forward.m22 * factor, -forward.m12 * factor, -forward.m21 * factor,
             forward.m11 * factor};
}

bool isFinite(const ShapeParams& params) {
  const GlobalParams& g = params.global;
  return std::isfinite(g.scale) && std::isfinite(g.rx) && std::isfinite(g.ry) &&
         std::isfinite(g.rz) && std::isfinite(g.tx) && std::isfinite(g.ty) &&
         params.local.allFinite();
}

}  // namespace

Result<LandmarkModel> LandmarkModel::load(const std::filesystem::path& path,
                                          const FitSettings& settings) {
  FRONTALIS_ASSIGN(const ModelDescription description, loadModelDescription(path));
  FRONTALIS_ASSIGN(Pdm pdm, Pdm::read(description.pdm));
  LandmarkModel model{std::move(pdm), {}, {}, settings};
  // CEN wins over CCNF over SVR where a description names several kinds.
  if (!description.cen.empty()) {
    FRONTALIS_TRY(addScales(description.cen, loadCen, model, createCen));
  } else if (!description.ccnf.empty()) {
    FRONTALIS_TRY(addScales(description.ccnf, loadCcnf, model, createCcnf));
  } else {
    FRONTALIS_TRY(addScales(description.svr, loadSvr, model, createSvr));
  }
  for (std::size_t k = 0; k < model.scales.size(); ++k) {
    for (const int window : windowsOf(settings, k)) {
      if (window < 1 || window > kMaxResponseWindow || window % 2 == 0) {
        return Error{ErrorCode::kInvalidArgument, "window of " + std::to_string(window) +
                                                      " cells, expected an odd number up to " +
                                                      std::to_string(kMaxResponseWindow)};
      }
    }
  }
  if (description.early_termination) {
    FRONTALIS_ASSIGN(model.early_termination,
                     loadEarlyTermination(*description.early_termination,
                                          model.scales.front()->views().count()));
  }
  return model;
}

LandmarkFit::LandmarkFit(const LandmarkModel& model, WorkerTeam* team)
    : model_(&model), team_(team) {
  const Eigen::Index n = model.landmarks();
  std::vector<float> scales;
  scales.reserve(model.scales.size());
  for (const auto& experts : model.scales) scales.push_back(experts->scale());
  int largest_window = 1;
  int largest_support = 1;
  for (std::size_t k = 0; k < scales.size(); ++k) {
    const int scale = static_cast<int>(k);
    scale_settings_.push_back(settingsAtScale(model.settings, scales, scale));
    for (const int window : windowsOf(model.settings, k)) {
      largest_window = std::max(largest_window, window);
      kernels_.push_back({scale, MeanShift(window, scale_settings_[k].sigma)});
    }
    largest_support = std::max(largest_support, model.scales[k]->support());
    const ExpertViews& views = model.scales[k]->views();
    for (int v = 0; v < views.count(); ++v) {
      Eigen::VectorXf weights(n);
      for (int i = 0; i < model.landmarks(); ++i) {
        const float factor = scale_settings_[k].weight_factor;
        weights[i] = views.visible[v][i] == 0 ? 0.f
                     : factor > 0             ? factor * model.scales[k]->confidence(v, i)
                                              : 1.f;
      }
      std::size_t same = 0;
      while (same < weighted_.size() && weighted_[same]->weights != weights) ++same;
      if (same == weighted_.size()) {
        weighted_.push_back(
            std::make_unique<Weighted>(Weighted{weights, NormalEquations(model.pdm)}));
        weighted_.back()->equations.setWeights(weights);
      }
      equations_of_.push_back(same);
    }
  }
  responses_.reserve(model.landmarks(), largest_window);
  const std::size_t side = static_cast<std::size_t>(largest_window + largest_support - 1);
  workplaces_.resize(team == nullptr ? 1 : static_cast<std::size_t>(team->members()));
  for (Workplace& workplace : workplaces_) workplace.area.assign(side * side, 0.f);
  landmark_likelihoods_ = Eigen::VectorXf::Zero(n);
  for (Eigen::VectorXf* v :
       {&base_shape_, &positions_, &shift_, &shape_, &previous_shape_, &reference_shape_}) {
    *v = Eigen::VectorXf::Zero(2 * n);
  }
  shape3d_ = Eigen::VectorXf::Zero(3 * n);
  exact_basis_ = model.pdm.basis().cast<double>();
  exact_shape3d_ = Eigen::VectorXd::Zero(3 * n);
  exact_local_ = Eigen::VectorXd::Zero(model.pdm.modes());
  rigid_step_ = Eigen::VectorXf::Zero(6);
  step_ = Eigen::VectorXf::Zero(6 + model.pdm.modes());
}

const MeanShift& LandmarkFit::kernel(int scale, int window) {
  for (const Kernel& k : kernels_) {
    if (k.scale == scale && k.shift.window() == window) return k.shift;
  }
  kernels_.push_back({scale, MeanShift(window, scale_settings_[scale].sigma)});
  return kernels_.back().shift;
}

NormalEquations& LandmarkFit::equations(int scale, int view) {
  std::size_t index = static_cast<std::size_t>(view);
  for (int k = 0; k < scale; ++k) index += model_->scales[k]->views().count();
  return weighted_[equations_of_[index]]->equations;
}

const Eigen::VectorXf& LandmarkFit::shape(const ShapeParams& params) {
  // Rounded as the reference build rounds (double sums for the shape, float32 with fused
  // multiply-adds for the projection): 99 % of all coordinates get its last digit, on which a
  // sampling step of 1/32 px may hang.
  const Eigen::Index n = model_->landmarks();
  exact_local_ = params.local.cast<double>();
  exact_shape3d_.noalias() = exact_basis_ * exact_local_;
  shape3d_ = model_->pdm.mean() + exact_shape3d_.cast<float>();
  const GlobalParams& g = params.global;
  const auto sine = [](float angle) {
    return static_cast<float>(std::sin(static_cast<double>(angle)));
  };
  const auto cosine = [](float angle) {
    return static_cast<float>(std::cos(static_cast<double>(angle)));
  };
  const float s1 = sine(g.rx), s2 = sine(g.ry), s3 = sine(g.rz);
  const float c1 = cosine(g.rx), c2 = cosine(g.ry), c3 = cosine(g.rz);
  const float r00 = c2 * c3, r01 = -c2 * s3, r02 = s2, r12 = -c2 * s1;
  const float r10 = std::fma(c1, s3, c3 * s1 * s2);
  const float r11 = std::fma(-(s1 * s2), s3, c1 * c3);
  for (Eigen::Index i = 0; i < n; ++i) {
    const float x = shape3d_[i], y = shape3d_[n + i], z = shape3d_[2 * n + i];
    const float u = std::fma(r02, z, std::fma(r00, x, r01 * y));
    const float v = std::fma(r12, z, std::fma(r10, x, r11 * y));
    shape_[i] = std::fma(g.scale, u, g.tx);
    shape_[n + i] = std::fma(g.scale, v, g.ty);
  }
  return shape_;
}

void LandmarkFit::enterScale(int scale, const ShapeParams& params) {
  const PatchExperts& experts = *model_->scales[scale];
  scale_ = scale;
  view_ = experts.views().nearest({params.global.rx, params.global.ry, params.global.rz});
  base_shape_ = shape(params);
  Pdm::project({experts.scale(), 0, 0, 0, 0, 0}, shape3d_, reference_shape_);
  similarity(base_shape_, reference_shape_, shift_, previous_shape_, to_reference_, to_image_);
}

void LandmarkFit::useSimilarity(const Matrix2& to_reference, const Matrix2& to_image) {
  to_reference_ = to_reference;
  to_image_ = to_image;
}

void LandmarkFit::respond(GrayWindow& gray, int window) {
  const PatchExperts& experts = *model_->scales[scale_];
  const Eigen::Index n = model_->landmarks();
  const PatchAreaSampler sampler(to_image_, window + experts.support() - 1);
  const std::vector<std::uint8_t>& visible = experts.views().visible[view_];
  PixelRect extent;
  for (Eigen::Index i = 0; i < n; ++i) {
    if (visible[i] == 0) continue;
    const PixelRect one = sampler.extent(base_shape_[i], base_shape_[n + i]);
    extent =
        extent.empty()
            ? one
            : PixelRect{std::min(extent.left, one.left), std::min(extent.top, one.top),
                        std::max(extent.right, one.right), std::max(extent.bottom, one.bottom)};
  }
  const GrayView& pixels = gray.covering(extent);
  responses_.setWindow(window);
  auto respond = [&](int i, int member) {
    if (visible[i] == 0) return;
    Workplace& place = workplaces_[static_cast<std::size_t>(member)];
    sampler.sample(pixels, base_shape_[i], base_shape_[n + i], place.area.data());
    experts.respond(view_, i, place.area.data(), window, place.scratch, responses_.map(i));
  };
  if (team_ != nullptr) {
    team_->run(static_cast<int>(n), respond);
  } else {
    for (int i = 0; i < static_cast<int>(n); ++i) respond(i, 0);
  }
}

const Eigen::VectorXf& LandmarkFit::meanShift(const Eigen::VectorXf& shape) {
  const Eigen::Index n = model_->landmarks();
  const int window = responses_.window();
  const MeanShift& mean_shift = kernel(scale_, window);
  const std::vector<std::uint8_t>& visible = model_->scales[scale_]->views().visible[view_];
  const int half = (window - 1) / 2;
  const float center = static_cast<float>(half);
  for (Eigen::Index i = 0; i < n; ++i) {
    const float dx = shape[i] - base_shape_[i];
    const float dy = shape[n + i] - base_shape_[n + i];
    const float x = to_reference_.m11 * dx + to_reference_.m12 * dy + center;
    const float y = to_reference_.m21 * dx + to_reference_.m22 * dy + center;
    positions_[i] = x;
    positions_[n + i] = y;
    if (visible[i] == 0) {
      shift_[i] = shift_[n + i] = 0;
      continue;
    }
    const MeanShift::Shift s = mean_shift.shift(responses_.map(static_cast<int>(i)), x, y);
    shift_[i] = to_image_.m11 * s.x + to_image_.m12 * s.y;
    shift_[n + i] = to_image_.m21 * s.x + to_image_.m22 * s.y;
  }
  return shift_;
}

int LandmarkFit::pass(bool rigid, ShapeParams& params) {
  NormalEquations& normal = equations(scale_, view_);
  const float regularisation = scale_settings_[scale_].regularisation;
  int t = 0;
  for (; t < model_->settings.iterations; ++t) {
    shape(params);
    if (t > 0 && (shape_ - previous_shape_).norm() < kConverged) break;
    previous_shape_ = shape_;
    if (!shape_.allFinite()) break;
    meanShift(shape_);
    if (rigid) {
      normal.solveRigid(params.global, shape3d_, shift_, rigid_step_);
    } else {
      normal.solve(params.global, params.local, shape3d_, shift_, regularisation, step_);
    }
    Pdm::update(rigid ? rigid_step_ : step_, params.global, params.local);
    model_->pdm.clamp(params.local);
  }
  return t;
}

void LandmarkFit::updateLikelihood() {
  const Eigen::Index n = model_->landmarks();
  const MeanShift& mean_shift = kernel(scale_, responses_.window());
  const std::vector<std::uint8_t>& visible = model_->scales[scale_]->views().visible[view_];
  double sum = 0;
  int count = 0;
  for (Eigen::Index i = 0; i < n; ++i) {
    landmark_likelihoods_[i] = kHiddenLikelihood;
    if (visible[i] == 0) continue;
    const float value = mean_shift.likelihood(responses_.map(static_cast<int>(i)), positions_[i],
                                              positions_[n + i]);
    landmark_likelihoods_[i] = value;
    sum += std::log(value + kLeastLikelihood);
    ++count;
  }
  likelihood_ = count > 0 ? static_cast<float>(sum / count) : kHiddenLikelihood;
}

bool LandmarkFit::run(GrayWindow& gray, std::span<const int> windows, ShapeParams& params) {
  const std::size_t scales = std::min(windows.size(), model_->scales.size());
  for (std::size_t k = 0; k < scales; ++k) {
    if (windows[k] == 0) continue;
    if (!isFinite(params) || !(params.global.scale > 0)) return false;
    enterScale(static_cast<int>(k), params);
    respond(gray, windows[k]);
    pass(true, params);
    pass(false, params);
    if (!isFinite(params)) return false;
    if (k + 1 == scales || windows[k + 1] == 0 || params.global.scale < kLikelihoodScale) {
      updateLikelihood();
    }
    if (params.global.scale < kSmallestScale) return false;
  }
  return true;
}

}  // namespace frontalis
