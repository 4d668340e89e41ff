#include "util/thread.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <memory>

#include "support/sanitized.h"
#include "util/worker_team.h"

namespace frontalis {
namespace {

using std::chrono::milliseconds;

const Error kLate{ErrorCode::kTimeout, "late"};

TEST(Within, GivesWhatTheJobGives) {
  EXPECT_EQ(*within(milliseconds(60000), kLate, [] { return Result<int>(7); }), 7);
  const auto failed = within(milliseconds(60000), kLate, [] {
    return Result<int>(Error{ErrorCode::kCorrupt, "its own"});
  });
  EXPECT_EQ(failed.error().message, "its own");
}

TEST(Within, LeavesALateJobToItself) {
  const auto released = std::make_shared<std::atomic<bool>>(false);
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  const auto late = within(milliseconds(1), kLate, [released, ended] {
    while (!*released) std::this_thread::sleep_for(milliseconds(1));
    *ended = true;
    return Result<int>(7);
  });
  EXPECT_EQ(late.error().code, ErrorCode::kTimeout);
  EXPECT_FALSE(*ended);
  *released = true;
  while (!*ended) std::this_thread::sleep_for(milliseconds(1));
}

[[noreturn]] void workWithoutThreads() {
  const rlimit none{1 << 20, 1 << 20};  // what is mapped already stays
  (void)::setrlimit(RLIMIT_AS, &none);
  const Result<std::thread> thread = startThread([] {});
  if (thread.ok() || thread.error().code != ErrorCode::kOutOfMemory) std::_Exit(1);
  WorkerTeam team(4);
  int sum = 0;
  auto add = [&](int index, int) { sum += index; };
  team.run(5, add);
  std::_Exit(team.members() == 1 && sum == 10 ? 0 : 2);
}

TEST(StartThread, SaysWhenTheSystemGivesNone) {
  if (testing::kSanitized) GTEST_SKIP() << "a sanitizer needs more address space than the limit";
  EXPECT_EXIT(workWithoutThreads(), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace frontalis
