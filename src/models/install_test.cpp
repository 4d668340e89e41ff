#include "models/install.h"

#include <gtest/gtest.h>

#include "support/environment.h"
#include "support/http_server.h"
#include "util/file.h"
#include "util/sha256.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using testing::HttpServer;
using testing::ScopedVariable;

class InstallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const Result<Downloader> downloader = Downloader::create();
    if (!downloader.ok()) GTEST_SKIP() << downloader.error().text();
    base_ =
        fs::path(::testing::TempDir()) /
        (std::string("install_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(base_);
    pack_.name = "mine";
    pack_.folder = base_ / "packs" / "mine";
    pack_.download = server_.url();
    options_.https_only = false;
    options_.back_off = milliseconds(1);
    options_.stall_timeout = milliseconds(5000);
  }
  void TearDown() override { fs::remove_all(base_); }

  /// Lists a file in the manifest and serves it.
  void offer(const std::string& path, HttpServer::Page page) {
    PackFile file;
    file.path = file.remote = path;
    file.bytes = page.content.size();
    file.sha256 = sha256(page.content);
    pack_.files.push_back(file);
    server_.put(path, std::move(page));
  }

  Result<std::size_t> install(
      const std::function<bool(const InstallProgress&)>& progress = nullptr) {
    return installPack(pack_, options_, progress);
  }

  void expectOnly(const std::vector<std::string>& names) const {
    std::vector<std::string> found;
    if (fs::exists(pack_.folder)) {
      for (const auto& entry : fs::recursive_directory_iterator(pack_.folder)) {
        if (entry.is_regular_file()) {
          found.push_back(entry.path().lexically_relative(pack_.folder).string());
        }
      }
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, names);
  }

  ScopedVariable no_proxy_{"no_proxy", "127.0.0.1"};
  HttpServer server_;
  fs::path base_;
  Pack pack_;
  DownloadOptions options_;
  const std::string big_ = std::string(300000, 'x') + std::string(300000, 'y');
};

TEST_F(InstallTest, LoadsWhatIsMissingOrCorrupt) {
  offer("a.txt", {.content = "first"});
  offer("sub/b.bin", {.content = big_});
  offer("sub/c.bin", {.content = "third"});
  ASSERT_TRUE(writeFile(pack_.folder / "a.txt", "first").ok());
  ASSERT_TRUE(writeFile(pack_.folder / "sub/c.bin", "wrong").ok());
  std::vector<std::string> seen;
  const Result<std::size_t> loaded = install([&](const InstallProgress& now) {
    EXPECT_EQ(now.files, 2u);
    EXPECT_LE(now.bytes, now.total);
    if (seen.empty() || seen.back() != now.name) seen.push_back(now.name);
    return true;
  });
  ASSERT_TRUE(loaded.ok()) << loaded.error().text();
  EXPECT_EQ(*loaded, 2u);
  EXPECT_EQ(seen, (std::vector<std::string>{"sub/b.bin", "sub/c.bin"}));
  EXPECT_EQ(readFile(pack_.folder / "sub/b.bin").value(), big_);
  EXPECT_EQ(readFile(pack_.folder / "sub/c.bin").value(), "third");
  expectOnly({"a.txt", "sub/b.bin", "sub/c.bin"});
  EXPECT_EQ(install().value(), 0u) << "nothing is left to do";
  EXPECT_EQ(server_.requests().size(), 2u);
}

TEST_F(InstallTest, TriesAgainAndGoesOnWhereItStopped) {
  offer("a.bin", {.content = big_, .fail_first = 1, .cut_first = 1});
  ASSERT_TRUE(install().ok());
  EXPECT_EQ(readFile(pack_.folder / "a.bin").value(), big_);
  EXPECT_EQ(server_.requests(),
            (std::vector<std::string>{"/a.bin", "/a.bin", "/a.bin bytes=300000-"}));
}

TEST_F(InstallTest, StartsAnewWhereTheServerKnowsNoRanges) {
  offer("a.bin", {.content = big_, .cut_first = 1, .ranges = false});
  ASSERT_TRUE(install().ok());
  EXPECT_EQ(readFile(pack_.folder / "a.bin").value(), big_);
}

TEST_F(InstallTest, GivesUpAfterFourTries) {
  offer("a.bin", {.content = big_, .fail_first = 100});
  const Result<std::size_t> loaded = install();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModelMissing);
  EXPECT_NE(loaded.error().message.find("503"), std::string::npos);
  EXPECT_EQ(server_.requests().size(), 4u);
}

TEST_F(InstallTest, OtherContentIsRefused) {
  offer("a.bin", {.content = big_});
  server_.put("a.bin", {.content = std::string(big_.size(), 'z')});
  const Result<std::size_t> loaded = install();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModelCorrupt);
  EXPECT_NE(loaded.error().message.find(sha256(big_)), std::string::npos);
  EXPECT_NE(loaded.error().message.find(server_.url()), std::string::npos);
  expectOnly({});
}

TEST_F(InstallTest, MoreOrLessThanListedIsRefused) {
  offer("a.bin", {.content = big_, .appended = "more"});
  EXPECT_NE(install().error().message.find("more than"), std::string::npos);
  expectOnly({});
  server_.put("a.bin", {.content = "little"});
  EXPECT_NE(install().error().message.find("6 bytes instead of"), std::string::npos);
  expectOnly({});
}

TEST_F(InstallTest, AMissingPageIsNotAskedForTwice) {
  offer("a.bin", {.content = big_});
  pack_.files[0].remote = "elsewhere.bin";
  const Result<std::size_t> loaded = install();
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModelMissing);
  EXPECT_NE(loaded.error().message.find("404"), std::string::npos);
  EXPECT_EQ(server_.requests().size(), 1u);
}

TEST_F(InstallTest, WithoutNetworkItSaysSoAndNamesImport) {
  offer("a.bin", {.content = big_});
  pack_.download = "http://127.0.0.1:1/";  // nobody listens there
  int notes = 0;
  const Result<std::size_t> loaded = install([&](const InstallProgress& now) {
    notes += !now.note.empty();
    return true;
  });
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModelMissing);
  EXPECT_NE(loaded.error().message.find("no network"), std::string::npos);
  EXPECT_NE(loaded.error().remedy.find("models import"), std::string::npos);
  EXPECT_EQ(notes, 3);
  expectOnly({});
}

TEST_F(InstallTest, StoppedAndResumedInAnotherRun) {
  offer("a.bin", {.content = big_, .cut_first = 1});
  const Result<std::size_t> stopped =
      install([](const InstallProgress& now) { return now.note.empty(); });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, ErrorCode::kCancelled);
  expectOnly({"a.bin.download"});
  ASSERT_TRUE(install().ok());
  EXPECT_EQ(server_.requests().back(), "/a.bin bytes=300000-");
  expectOnly({"a.bin"});
}

TEST_F(InstallTest, TheRestOfSomethingElseIsNotGoneOnWith) {
  offer("a.bin", {.content = big_});
  ASSERT_TRUE(writeFile(pack_.folder / "a.bin.download", std::string(1000, '?')).ok());
  ASSERT_TRUE(install().ok());
  EXPECT_EQ(readFile(pack_.folder / "a.bin").value(), big_);
}

TEST_F(InstallTest, OnlyHttpsUnlessToldOtherwise) {
  offer("a.bin", {.content = big_});
  options_.https_only = true;
  EXPECT_FALSE(install().ok());
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(InstallTest, AServerThatNeverAnswersIsATimeout) {
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 4), 0);
  ::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size);
  offer("a.bin", {.content = big_});
  pack_.download = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
  options_.stall_timeout = milliseconds(1000);
  options_.tries = 1;
  const Result<std::size_t> loaded = install();
  ::close(silent);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kModelMissing);
  EXPECT_NE(loaded.error().message.find("Timeout"), std::string::npos) << loaded.error().message;
}

TEST_F(InstallTest, TheLockIsTheOneOfTheCache) {
  const Result<FileLock> held = lockPack(pack_, milliseconds(0));
  ASSERT_TRUE(held.ok());
  EXPECT_TRUE(fs::exists(base_ / "packs" / ".lock"));
  EXPECT_EQ(lockPack(pack_, milliseconds(5)).error().code, ErrorCode::kTimeout);
}

TEST(InstallModels, NothingHappensWithoutConsent) {
  const fs::path folder = fs::path(::testing::TempDir()) / "frontalis_consent";
  fs::remove_all(folder);
  const testing::ModelFolders folders(folder);
  const ScopedVariable refused("OPENFACE_MODELS_ACCEPT_LICENSE", "yes please");
  for (const char* pack : {"openface", "pfld"}) {
    const Result<std::size_t> installed = installModels(pack, {});
    ASSERT_FALSE(installed.ok());
    EXPECT_EQ(installed.error().code, ErrorCode::kCancelled);
    EXPECT_NE(installed.error().remedy.find("--accept-license"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(folder));
  EXPECT_EQ(installModels("open", {.accept_licence = true, .progress = {}}).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_NE(licenceNotice("openface")->find("non-commercial"), std::string::npos);
  EXPECT_NE(licenceNotice("openface")->find("OpenFace-license.txt"), std::string::npos);
  EXPECT_NE(licenceNotice("pfld")->find("No licence is stated"), std::string::npos);
}

}  // namespace
}  // namespace frontalis
