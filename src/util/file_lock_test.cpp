#include "util/file_lock.h"

#include <gtest/gtest.h>

#include <thread>

namespace frontalis {
namespace {

using std::chrono::milliseconds;

TEST(FileLock, ExcludesUntilReleased) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "frontalis_file_lock";
  std::filesystem::remove_all(folder);
  const auto path = folder / "new" / ".lock";
  Result<FileLock> first = FileLock::acquire(path, milliseconds(0));
  ASSERT_TRUE(first.ok()) << first.error().text();
  const Result<FileLock> second = FileLock::acquire(path, milliseconds(20));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kTimeout);
  std::thread releaser([held = std::move(first).value()]() mutable {
    std::this_thread::sleep_for(milliseconds(50));
    const FileLock dropped = std::move(held);
  });
  EXPECT_TRUE(FileLock::acquire(path, milliseconds(20000)).ok());
  releaser.join();
  std::filesystem::remove_all(folder);
}

TEST(FileLock, FolderThatCannotBeWritten) {
  const Result<FileLock> lock = FileLock::acquire("/proc/none/.lock", milliseconds(0));
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().code, ErrorCode::kUnwritable);
}

}  // namespace
}  // namespace frontalis
