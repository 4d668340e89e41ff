#include "shape/head_pose.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shape/calc_params.h"
#include "shape/rotation.h"
#include "support/reference.h"
#include "support/synthetic_pdm.h"

namespace frontalis {
namespace {

Eigen::VectorXf perspective(const Eigen::VectorXf& model, const RigidTransform& pose,
                            const Camera& camera) {
  const Eigen::Index n = model.size() / 3;
  Eigen::VectorXf image(2 * n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const Eigen::Vector3d p =
        pose.rotation * Eigen::Vector3d(model[i], model[n + i], model[2 * n + i]) +
        pose.translation;
    image[i] = static_cast<float>(camera.fx * p.x() / p.z() + camera.cx);
    image[n + i] = static_cast<float>(camera.fy * p.y() / p.z() + camera.cy);
  }
  return image;
}

TEST(Pnp, FindsAKnownPoseWhateverTheNumberOfPoints) {
  const Camera camera = Camera::forImageSize(1280, 720);
  for (const int n : {6, 68, 468}) {
    const Eigen::VectorXf model = testing::syntheticPdm(n, 3).mean();
    const RigidTransform truth{rotationFromEuler(Eigen::Vector3d(0.3, -0.5, 0.2)), {40, -25, 600}};
    const RigidTransform start{rotationFromEuler(Eigen::Vector3d(0, 0, 0)), {0, 0, 480}};
    const PnpFit fit = solvePnp(model, perspective(model, truth, camera), camera, start);
    ASSERT_TRUE(fit.valid);
    EXPECT_LT(fit.error, 1e-4);
    EXPECT_LT((fit.pose.translation - truth.translation).norm(), 2e-3);
    const HeadPose pose = fit.pose.headPose();
    EXPECT_NEAR(pose.rx, 0.3, 1e-5);
    EXPECT_NEAR(pose.ry, -0.5, 1e-5);
    EXPECT_NEAR(pose.rz, 0.2, 1e-5);
  }
}

TEST(Pnp, ZeroWeightLeavesAPointOut) {
  const Camera camera = Camera::forImageSize(640, 480);
  const Eigen::VectorXf model = testing::syntheticPdm(30, 3).mean();
  const RigidTransform truth{rotationFromEuler(Eigen::Vector3d(0.1, 0.2, 0)), {0, 0, 500}};
  Eigen::VectorXf image = perspective(model, truth, camera);
  image[4] += 200;
  Eigen::VectorXf weights = Eigen::VectorXf::Ones(30);
  weights[4] = 0;
  const PnpFit fit =
      solvePnp(model, image, camera, RigidTransform{truth.rotation, {5, 5, 450}}, weights);
  EXPECT_LT((fit.pose.translation - truth.translation).norm(), 2e-3);
  EXPECT_GT((solvePnp(model, image, camera, truth).pose.translation - truth.translation).norm(), 1);
}

TEST(Pnp, UnusableInputIsNotValid) {
  const Camera camera = Camera::forImageSize(640, 480);
  const Eigen::VectorXf model = testing::syntheticPdm(30, 3).mean();
  const RigidTransform front{Eigen::Matrix3d::Identity(), {0, 0, 500}};
  Eigen::VectorXf image = perspective(model, front, camera);
  EXPECT_TRUE(solvePnp(model, image, camera, front).valid);
  EXPECT_FALSE(solvePnp(model, image, camera, {front.rotation, {0, 0, -500}}).valid);
  EXPECT_FALSE(solvePnp(model, image.head(10), camera, front).valid);
  EXPECT_FALSE(solvePnp(model.head(9), image.head(6), camera, front).valid);
  EXPECT_FALSE(solvePnp(model, image, camera, front, Eigen::VectorXf::Ones(3)).valid);
  EXPECT_FALSE(solvePnp(model, image, camera, front, Eigen::VectorXf::Zero(30)).valid);
  image[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FALSE(solvePnp(model, image, camera, front).valid);
}

TEST(HeadPoseOf, ScaleZeroIsAllZero) {
  const Eigen::VectorXf model = testing::syntheticPdm(30, 3).mean();
  const GlobalParams global{0, 0.1f, 0, 0, 10, 10};
  const HeadPose pose =
      headPose(global, model, Eigen::VectorXf::Ones(60), Camera::forImageSize(640, 480));
  EXPECT_EQ(pose.tz, 0);
  EXPECT_EQ(pose.rx, 0);
  Eigen::VectorXf out;
  landmarksInCamera(global, model, Eigen::VectorXf::Ones(60), Camera::forImageSize(640, 480), out);
  EXPECT_EQ(out, Eigen::VectorXf::Zero(90));
}

TEST(CameraDefaults, SpecExamples) {
  EXPECT_NEAR(Camera::forImageSize(720, 1280).fx, 947.917, 1e-3);
  EXPECT_NEAR(Camera::forImageSize(1080, 1920).fx, 1421.875, 1e-3);
  EXPECT_EQ(Camera::forImageSize(640, 360).fx, 437.5f);
}

TEST(HeadPoseOf, SpecStart) {
  const RigidTransform start =
      startPose({1.1033768f, 0, 0, 0, 296.76813f, 213.80435f}, Camera::forImageSize(640, 360));
  EXPECT_NEAR(start.translation.x(), -21.06, 0.005);
  EXPECT_NEAR(start.translation.y(), 30.64, 0.005);
  EXPECT_NEAR(start.translation.z(), 396.51, 0.005);
}

Eigen::VectorXf vector(const nlohmann::json& values) {
  const auto v = values.get<std::vector<float>>();
  return Eigen::Map<const Eigen::VectorXf>(v.data(), static_cast<Eigen::Index>(v.size()));
}

GlobalParams globalParams(const nlohmann::json& values) {
  const Eigen::VectorXf v = vector(values);
  return {v[0], v[1], v[2], v[3], v[4], v[5]};
}

TEST(HeadPoseReference, TrackerStateGivesTheCsvPoseAndThePointsInSpace) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = Pdm::read(testing::auPredictorsDir() / "In-the-wild_aligned_PDM_68.txt").value();
  const auto stages = testing::gunzipJson(testing::referenceDir("single_face") / "stages.json.gz");
  const testing::CsvTable csv = testing::referenceCsv("single_face");
  const Camera camera = Camera::forImageSize(640, 360);
  Eigen::VectorXf shape, points;
  double worst_t = 0, worst_r = 0, worst_point = 0;
  for (const auto& frame : stages.at("frames")) {
    const auto row = frame.at("frame").get<std::size_t>() - 1;
    const GlobalParams global = globalParams(frame.at("params_global"));
    const Eigen::VectorXf landmarks = vector(frame.at("landmarks"));
    pdm.shape3d(vector(frame.at("params_local")), shape);
    const HeadPose pose = headPose(global, shape, landmarks, camera);
    const Eigen::VectorXf expected = vector(frame.at("pose"));
    const std::array<float, 6> got = {pose.tx, pose.ty, pose.tz, pose.rx, pose.ry, pose.rz};
    for (int i = 0; i < 6; ++i) {
      double& worst = i < 3 ? worst_t : worst_r;
      worst = std::max<double>(worst, std::abs(got[static_cast<std::size_t>(i)] - expected[i]));
    }
    landmarksInCamera(global, shape, landmarks, camera, points);
    const std::array<std::vector<double>, 3> rounded = {
        csv.group(row, "X_", 68), csv.group(row, "Y_", 68), csv.group(row, "Z_", 68)};
    for (int i = 0; i < 3 * 68; ++i) {
      const double value =
          rounded[static_cast<std::size_t>(i / 68)][static_cast<std::size_t>(i % 68)];
      worst_point = std::max(worst_point, std::abs(static_cast<double>(points[i]) - value));
    }
  }
  std::printf("pose: %.2g mm, %.2g rad; points %.4f mm\n", worst_t, worst_r, worst_point);
  EXPECT_LT(worst_t, 1e-3);
  EXPECT_LT(worst_r, 1e-5);
  EXPECT_LT(worst_point, 0.0501);  // the CSV's own rounding
}

struct VideoSize {
  const char* name;
  int width, height;
};

class HeadPoseCsv : public ::testing::TestWithParam<VideoSize> {};

// From what the CSV itself prints: p_ to 0.0005 and landmarks to 0.05 px.
TEST_P(HeadPoseCsv, RoundedColumnsGiveTheCsvPoseAndThePointsInSpace) {
  FRONTALIS_NEEDS_SHARED("reference");
  const Pdm pdm = Pdm::read(testing::auPredictorsDir() / "In-the-wild_aligned_PDM_68.txt").value();
  const testing::CsvTable csv = testing::referenceCsv(GetParam().name);
  const Camera camera = Camera::forImageSize(GetParam().width, GetParam().height);
  Eigen::VectorXf local(34), landmarks(136), shape, points;
  double worst_t = 0, worst_r = 0, worst_point = 0;
  int frames = 0;
  for (std::size_t row = 0; row < csv.rows.size(); ++row) {
    if (csv.at(row, "success") == 0) continue;
    ++frames;
    const auto value = [&](const char* name) { return static_cast<float>(csv.at(row, name)); };
    const GlobalParams g{value("p_scale"), value("p_rx"), value("p_ry"),
                         value("p_rz"),    value("p_tx"), value("p_ty")};
    const auto fill = [&](const char* prefix, int count, auto&& to) {
      const auto v = csv.group(row, prefix, count);
      for (int i = 0; i < count; ++i) to[i] = static_cast<float>(v[static_cast<std::size_t>(i)]);
    };
    fill("p_", 34, local);
    fill("x_", 68, landmarks.head(68));
    fill("y_", 68, landmarks.tail(68));
    pdm.shape3d(local, shape);
    landmarksInCamera(g, shape, landmarks, camera, points);
    const std::array<std::vector<double>, 3> expected = {
        csv.group(row, "X_", 68), csv.group(row, "Y_", 68), csv.group(row, "Z_", 68)};
    // Half a last digit of scale moves every depth by the same fraction.
    const double depth = camera.fx / g.scale;
    const double slack = depth * 0.0005 / g.scale;
    for (int i = 0; i < 3 * 68; ++i) {
      const double value_i =
          expected[static_cast<std::size_t>(i / 68)][static_cast<std::size_t>(i % 68)];
      const double difference = std::abs(static_cast<double>(points[i]) - value_i);
      worst_point = std::max(worst_point, difference - slack);
    }
    const HeadPose pose = headPose(g, shape, landmarks, camera);
    worst_t = std::max({worst_t, std::abs(pose.tx - csv.at(row, "pose_Tx")),
                        std::abs(pose.ty - csv.at(row, "pose_Ty")),
                        std::abs(pose.tz - csv.at(row, "pose_Tz"))});
    worst_r = std::max({worst_r, std::abs(pose.rx - csv.at(row, "pose_Rx")),
                        std::abs(pose.ry - csv.at(row, "pose_Ry")),
                        std::abs(pose.rz - csv.at(row, "pose_Rz"))});
  }
  std::printf("%s: %d frames, pose %.3f mm %.4f rad, points %.3f mm beyond the scale's rounding\n",
              GetParam().name, frames, worst_t, worst_r, worst_point);
  EXPECT_GT(frames, 70);
  EXPECT_LT(worst_t, 0.2);
  EXPECT_LT(worst_r, 0.002);
  EXPECT_LT(worst_point, 0.15);
}

INSTANTIATE_TEST_SUITE_P(Videos, HeadPoseCsv,
                         ::testing::Values(VideoSize{"single_face", 640, 360},
                                           VideoSize{"default", 640, 480},
                                           VideoSize{"face_noface", 960, 540}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace frontalis
