// The models and hog commands, from outside.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <vector>

#include "appearance/hog_file.h"
#include "support/paths.h"
#include "support/process.h"
#include "util/file.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;

const std::string kFrontalis = FRONTALIS_EXECUTABLE;

class ModelsCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("models_command_") +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  /// Own, empty stores, and no way to any server.
  [[nodiscard]] std::string command(const std::string& arguments) const {
    return "env -u OPENFACE_MODELS_ACCEPT_LICENSE FRONTALIS_HOME='" + (folder_ / "home").string() +
           "' OPENFACE_MODELS_DIR='" + (folder_ / "cache").string() +
           "' https_proxy=http://127.0.0.1:1 '" + kFrontalis + "' " + arguments;
  }
  [[nodiscard]] Outcome run(const std::string& arguments) const {
    return testing::run(command(arguments) + " </dev/null", folder_ / "run");
  }

  /// The same on a terminal where somebody types `answer` at the prompt.
  [[nodiscard]] std::string runOnTerminal(const std::string& arguments,
                                          const std::string& answer) const {
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    ::grantpt(terminal);
    ::unlockpt(terminal);
    const std::string device = ::ptsname(terminal);
    const std::string line = command(arguments);
    const pid_t child = ::fork();
    if (child == 0) {
      ::setsid();
      const int own = ::open(device.c_str(), O_RDWR);
      for (const int stream : {0, 1, 2}) ::dup2(own, stream);
      ::execl("/bin/sh", "sh", "-c", line.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    std::string shown;
    bool answered = false;
    char buffer[4096];
    for (;;) {
      pollfd ready{terminal, POLLIN, 0};
      if (::poll(&ready, 1, 60000) <= 0) break;
      const ssize_t n = ::read(terminal, buffer, sizeof(buffer));
      if (n <= 0) break;
      shown.append(buffer, static_cast<std::size_t>(n));
      if (!answered && shown.find("Type YES") != std::string::npos) {
        answered = true;
        EXPECT_EQ(::write(terminal, answer.data(), answer.size()),
                  static_cast<ssize_t>(answer.size()));
      }
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(terminal);
    EXPECT_TRUE(answered) << shown;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << shown;
    return shown;
  }

  static void expectContains(const std::string& text, const std::vector<std::string>& parts) {
    for (const std::string& part : parts) {
      EXPECT_NE(text.find(part), std::string::npos) << part << " is not in: " << text;
    }
  }

  fs::path folder_;
};

TEST_F(ModelsCommand, ListShowsStateSizeAndLicence) {
  const Outcome all = run("models list");
  EXPECT_EQ(all.code, 0) << all.err;
  expectContains(all.out, {"open ", "openface/intensities", "openface/clnf", "pfld/landmarks",
                           "missing", "licence: OpenFace licence", "0/20", "MB"});
  const Outcome files = run("models list pfld --files");
  EXPECT_EQ(files.code, 0);
  expectContains(files.out, {(folder_ / "home/packs/pfld/pfld_cunjian.onnx").string()});
  EXPECT_EQ(run("models list nonsense").code, 2);
  EXPECT_EQ(run("models").code, 2);
}

TEST_F(ModelsCommand, PathAndVerify) {
  EXPECT_EQ(run("models path openface").out, (folder_ / "cache/2.2.0/originals").string() + "\n");
  EXPECT_EQ(run("models verify").code, 0) << "a pack that nobody wanted is no fault";
  const Outcome missing = run("models verify pfld");
  EXPECT_EQ(missing.code, 1);
  expectContains(missing.err, {"pfld_cunjian.onnx", "missing", "models install pfld"});
  ASSERT_TRUE(writeFile(folder_ / "home/packs/pfld/pfld_cunjian.onnx", "not a network").ok());
  const Outcome corrupt = run("models verify");
  EXPECT_EQ(corrupt.code, 1);
  expectContains(corrupt.err, {"corrupt", "13 bytes, expected 2987921"});
}

TEST_F(ModelsCommand, Import) {
  const Outcome none = run("models import '" + (folder_ / "none").string() + "'");
  EXPECT_EQ(none.code, 1);
  expectContains(none.err, {"no such file or folder"});
  ASSERT_TRUE(writeFile(folder_ / "source/readme.txt", "hello").ok());
  const Outcome unknown = run("models import '" + (folder_ / "source").string() + "'");
  EXPECT_EQ(unknown.code, 1);
  expectContains(unknown.err, {"no model file that is known"});
  FRONTALIS_NEEDS_SHARED("models/research/pfld_cunjian.onnx");
  const Outcome imported =
      run("models import '" + (testing::sharedDir() / "models/research").string() + "'");
  EXPECT_EQ(imported.code, 0) << imported.err;
  expectContains(imported.out, {"1 imported"});
  EXPECT_EQ(run("models verify pfld").code, 0);
}

TEST_F(ModelsCommand, InstallWantsConsent) {
  const Outcome refused = run("models install openface");
  EXPECT_EQ(refused.code, 1);
  expectContains(refused.err, {"non-commercial", "OpenFace-license.txt", "--accept-license",
                               "OPENFACE_MODELS_ACCEPT_LICENSE"});
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
  expectContains(runOnTerminal("models install pfld", "yes\n"), {"were not accepted"});
  EXPECT_FALSE(fs::exists(folder_ / "home/packs/pfld"));
  EXPECT_EQ(run("models install open").code, 2);
}

TEST_F(ModelsCommand, InstallWithoutNetworkNamesImport) {
  const std::string shown = runOnTerminal("models install pfld", "YES\n");
  expectContains(shown, {"No licence is stated", "[1/1]", "another try", "no network",
                         "frontalis models import FOLDER"});
}

TEST_F(ModelsCommand, HogInfo) {
  const fs::path file = folder_ / "a.hog";
  Result<HogWriter> writer = HogWriter::create(file);
  ASSERT_TRUE(writer.ok());
  std::vector<float> values(kFhogSize, 0.25f);
  ASSERT_TRUE(writer->write(true, std::span<const float, kFhogSize>(values)).ok());
  ASSERT_TRUE(writer->write(false, std::span<const float, kFhogSize>(values)).ok());
  ASSERT_TRUE(writer->commit().ok());
  const Outcome info = run("hog info '" + file.string() + "'");
  EXPECT_EQ(info.code, 0) << info.err;
  expectContains(info.out, {"frames    2", "faces     1", "12 columns x 12 rows x 31 channels",
                            "0.25 to 0.25"});
  ASSERT_TRUE(writeFile(file, "no hog at all").ok());
  const Outcome bad = run("hog info '" + file.string() + "'");
  EXPECT_EQ(bad.code, 1);
  expectContains(bad.err, {"a.hog"});
}

}  // namespace
}  // namespace frontalis
