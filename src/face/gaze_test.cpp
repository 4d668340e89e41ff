#include "face/gaze.h"

#include <gtest/gtest.h>

#include <cmath>

#include "shape/head_pose.h"
#include "support/reference.h"

namespace frontalis {
namespace {

Eigen::VectorXf vectorOf(const nlohmann::json& list) {
  Eigen::VectorXf v(static_cast<Eigen::Index>(list.size()));
  for (std::size_t i = 0; i < list.size(); ++i)
    v[static_cast<Eigen::Index>(i)] = list[i].get<float>();
  return v;
}

GlobalParams globalOf(const nlohmann::json& g) {
  return {g[0].get<float>(), g[1].get<float>(), g[2].get<float>(),
          g[3].get<float>(), g[4].get<float>(), g[5].get<float>()};
}

TEST(Gaze, EqualsOpenFacesOnItsOwnFits) {
  FRONTALIS_NEEDS_SHARED("reference/openface-2.2.0-clnf/single_face");
  FRONTALIS_NEEDS_SHARED("models/OpenFaceModels");
  const auto folder = testing::landmarkModelDir();
  const Pdm face_pdm = std::move(Pdm::read(folder / "pdms/In-the-wild_aligned_PDM_68.txt").value());
  const Pdm left =
      std::move(Pdm::read(folder / "model_eye/pdms/pdm_28_l_eye_3D_closed.txt").value());
  const Pdm right =
      std::move(Pdm::read(folder / "model_eye/pdms/pdm_28_eye_3D_closed.txt").value());
  const auto stages = testing::gunzipJson(testing::referenceDir("single_face") / "stages.json.gz");
  const Camera camera{437.5f, 437.5f, 320, 180};
  GazeEstimator estimator;
  int checked = 0;
  for (const auto& frame : stages["frames"]) {
    const auto& l = frame["parts"]["left_eye_28"];
    const auto& r = frame["parts"]["right_eye_28"];
    if (!l.contains("params_global")) continue;
    Eigen::VectorXf shape;
    Eigen::VectorXf points;
    const Eigen::VectorXf landmarks = vectorOf(frame["landmarks"]);
    face_pdm.shape3d(vectorOf(frame["params_local"]), shape);
    const GlobalParams global = globalOf(frame["params_global"]);
    landmarksInCamera(global, shape, landmarks, camera, points);
    const HeadPose head = headPose(global, shape, landmarks, camera);
    const Eigen::VectorXf ll = vectorOf(l["params_local"]);
    const Eigen::VectorXf lp = vectorOf(l["landmarks"]);
    const Eigen::VectorXf rl = vectorOf(r["params_local"]);
    const Eigen::VectorXf rp = vectorOf(r["landmarks"]);
    const Gaze gaze = estimator.estimate({{{&left, globalOf(l["params_global"]), &ll, &lp},
                                           {&right, globalOf(r["params_global"]), &rl, &rp}}},
                                         points, head, camera);
    const Eigen::VectorXf expected = [&] {
      const auto& g = frame["gaze"];
      if (g.is_array()) return vectorOf(g);
      Eigen::VectorXf v(8);
      for (int i = 0; i < 3; ++i) {
        v[i] = g["gaze_0"][static_cast<std::size_t>(i)].get<float>();
        v[3 + i] = g["gaze_1"][static_cast<std::size_t>(i)].get<float>();
      }
      v[6] = g["angle_x"].get<float>();
      v[7] = g["angle_y"].get<float>();
      return v;
    }();
    EXPECT_NEAR(gaze.direction[0].x, expected[0], 1e-4);
    EXPECT_NEAR(gaze.direction[0].y, expected[1], 1e-4);
    EXPECT_NEAR(gaze.direction[0].z, expected[2], 1e-4);
    EXPECT_NEAR(gaze.direction[1].x, expected[3], 1e-4);
    EXPECT_NEAR(gaze.angle_x, expected[6], 1e-4);
    EXPECT_NEAR(gaze.angle_y, expected[7], 1e-4);
    ++checked;
  }
  EXPECT_EQ(checked, 5);
}

}  // namespace
}  // namespace frontalis
