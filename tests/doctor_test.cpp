// The doctor command, from outside: a healthy installation, and each way it can be ill.

#include <gtest/gtest.h>

#include <fstream>

#include "support/paths.h"
#include "support/process.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;

class DoctorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("doctor_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// With a home of its own, so that nothing the user installed is seen.
  [[nodiscard]] Outcome doctor(const std::string& environment = "",
                               const std::string& arguments = "") const {
    return testing::run("FRONTALIS_HOME='" + home().string() + "' OPENFACE_MODELS_DIR='" +
                            (folder_ / "openface").string() + "' " + environment + " '" +
                            FRONTALIS_EXECUTABLE + "' doctor " + arguments,
                        folder_ / "run");
  }
  [[nodiscard]] fs::path home() const { return folder_ / "home"; }
  /// A copy of the open pack where it is looked for first.
  [[nodiscard]] fs::path ownPack() const {
    const fs::path pack = home() / "packs" / "open";
    fs::create_directories(pack.parent_path());
    fs::copy(testing::openPackDir(), pack, fs::copy_options::recursive);
    return pack;
  }

  fs::path folder_;
};

TEST_F(DoctorTest, AHealthyInstallationIsWell) {
  const Outcome found = doctor();
  EXPECT_EQ(found.code, 0) << found.err;
  EXPECT_EQ(found.err, "");
  for (const char* expected :
       {"libavformat", "libavcodec", "Eigen", "OpenVINO", "retinaface.onnx",
        "face_landmarks_detector.tflite", "face_blendshapes.tflite", "face_detector.tflite",
        "canonical_face.txt", "openface/intensities", "not installed", "All is well"}) {
    EXPECT_NE(found.out.find(expected), std::string::npos) << expected << "\n" << found.out;
  }
  EXPECT_EQ(found.out.find("CORRUPT"), std::string::npos);
  EXPECT_EQ(found.out.find("FAILED"), std::string::npos);
}

TEST_F(DoctorTest, ACorruptModelIsNamedWithItsRepair) {
  const fs::path file = ownPack() / "face_blendshapes.tflite";
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(4000);
    bytes.put('\x55').put('\xAA');
  }
  const Outcome found = doctor();
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(found.out.find("CORRUPT"), std::string::npos) << found.out;
  EXPECT_NE(found.err.find(file.string()), std::string::npos) << found.err;
  EXPECT_NE(found.err.find("expected 4f36dded"), std::string::npos) << found.err;
  EXPECT_NE(found.err.find("make setup"), std::string::npos) << found.err;
  // Told once, and the other networks are still tried.
  EXPECT_EQ(found.err.find(file.string()), found.err.rfind(file.string())) << found.err;
  EXPECT_NE(found.out.find("  ok\n"), std::string::npos) << found.out;
}

TEST_F(DoctorTest, AMissingModelIsNamed) {
  const fs::path file = ownPack() / "retinaface.onnx";
  fs::remove(file);
  const Outcome found = doctor();
  EXPECT_EQ(found.code, 1);
  EXPECT_NE(found.err.find(file.string() + ": model file is missing"), std::string::npos)
      << found.err;
}

TEST_F(DoctorTest, ARuntimeOrDeviceThatIsNotThereIsAnError) {
  const Outcome other = doctor("", "--runtime nonsense");
  EXPECT_EQ(other.code, 1);
  EXPECT_NE(other.err.find("nonsense"), std::string::npos) << other.err;
  const Outcome device = doctor("", "--device NONSENSE");
  EXPECT_EQ(device.code, 1);
  EXPECT_NE(device.err.find("NONSENSE"), std::string::npos) << device.err;
}

TEST_F(DoctorTest, TriesEveryProvider) {
  const Outcome outcome = doctor("", "--providers");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  for (const char* device : {"CPU ", "GPU ", "NPU ", "AUTO ", "coreml ", "cuda "}) {
    EXPECT_NE(outcome.out.find(device), std::string::npos) << device;
  }
  EXPECT_NE(outcome.out.find("VERDICT"), std::string::npos);
#if !defined(__APPLE__)
  EXPECT_NE(outcome.out.find("onnxruntime  coreml"), std::string::npos);
  const std::string coreml = outcome.out.substr(outcome.out.find("onnxruntime  coreml"));
  EXPECT_NE(coreml.substr(0, coreml.find('\n')).find("no"), std::string::npos);
#endif
}

}  // namespace
}  // namespace frontalis
