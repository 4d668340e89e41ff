#include "util/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace frontalis {
namespace {

TEST(BoundedQueue, KeepsOrderAcrossThreadsAndNeverOverfills) {
  BoundedQueue<int> queue(3);
  std::atomic<int> waiting{0};
  int most = 0;
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(queue.push(i));
      ++waiting;
    }
    queue.close();
  });
  int expected = 0;
  while (std::optional<int> value = queue.pop()) {
    most = std::max(most, waiting.load());
    --waiting;
    ASSERT_EQ(*value, expected++);
  }
  producer.join();
  EXPECT_EQ(expected, 1000);
  EXPECT_LE(most, 5);  // capacity, one being pushed, one being popped
}

TEST(BoundedQueue, AbandonReleasesAWaitingProducer) {
  BoundedQueue<int> queue(1);
  std::thread producer([&] {
    int pushed = 0;
    while (queue.push(pushed)) ++pushed;
  });
  EXPECT_EQ(queue.pop(), 0);
  queue.abandon();
  producer.join();
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, ClosedQueueIsDrained) {
  BoundedQueue<int> queue(4);
  EXPECT_TRUE(queue.push(7));
  queue.close();
  EXPECT_FALSE(queue.push(8));
  EXPECT_EQ(queue.pop(), 7);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

}  // namespace
}  // namespace frontalis
