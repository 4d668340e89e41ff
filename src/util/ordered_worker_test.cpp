#include "util/ordered_worker.h"

#include <gtest/gtest.h>

#include <vector>

namespace frontalis {
namespace {

class OrderedWorkerTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  std::vector<int> done_;
  OrderedWorker<int> worker_{GetParam(), [this](const int& value) {
                               if (value < 0) return Status(Error{ErrorCode::kCorrupt, "negative"});
                               done_.push_back(value);
                               return Status();
                             }};
};

TEST_P(OrderedWorkerTest, DoesAllInOrderAndCanGoOn) {
  std::vector<int> expected;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(worker_.take(i).ok());
      expected.push_back(i);
    }
    ASSERT_TRUE(worker_.finish().ok());
    EXPECT_EQ(done_, expected);
  }
}

TEST_P(OrderedWorkerTest, AnErrorStaysUntilReset) {
  ASSERT_TRUE(worker_.take(1).ok());
  (void)worker_.take(-1);  // told now or later
  for (int i = 0; i < 100 && worker_.take(2).ok(); ++i) {
  }
  EXPECT_EQ(worker_.finish().error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(worker_.take(3).error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(done_, std::vector<int>{1});
  worker_.reset();
  EXPECT_TRUE(worker_.take(4).ok());
  EXPECT_TRUE(worker_.finish().ok());
  EXPECT_EQ(done_, (std::vector<int>{1, 4}));
}

INSTANTIATE_TEST_SUITE_P(Ahead, OrderedWorkerTest, ::testing::Values(0, 1, 4));

}  // namespace
}  // namespace frontalis
