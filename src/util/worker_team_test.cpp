#include "util/worker_team.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace frontalis {
namespace {

TEST(WorkerTeam, DoesEveryTaskOnceJobAfterJob) {
  for (const int members : {1, 2, 5}) {
    WorkerTeam team(members);
    ASSERT_EQ(team.members(), members);
    for (int job = 0; job < 500; ++job) {
      const int count = job % 70;
      std::array<int, 70> done{};
      std::array<int, 70> by{};
      auto task = [&](int index, int member) {
        ++done[static_cast<std::size_t>(index)];
        by[static_cast<std::size_t>(index)] = member;
      };
      team.run(count, task);
      for (int i = 0; i < 70; ++i) {
        ASSERT_EQ(done[static_cast<std::size_t>(i)], i < count ? 1 : 0) << "job " << job;
        ASSERT_LT(by[static_cast<std::size_t>(i)], members);
      }
    }
  }
}

TEST(WorkerTeam, MembersWorkAtTheSameTime) {
  WorkerTeam team(3);
  std::atomic<int> arrived{0};
  // Nobody leaves before all three are there: this ends only if three threads work at once.
  auto task = [&](int, int) {
    arrived.fetch_add(1);
    while (arrived.load() < 3) std::this_thread::yield();
  };
  team.run(3, task);
  EXPECT_EQ(arrived.load(), 3);
}

}  // namespace
}  // namespace frontalis
