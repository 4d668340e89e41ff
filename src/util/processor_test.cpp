#include "util/processor.h"

#include <gtest/gtest.h>

namespace frontalis {
namespace {

TEST(Processor, RunsWhatItWasBuiltFor) {
  for (const ProcessorFeature& feature : processorFeatures()) {
    EXPECT_FALSE(feature.name.empty());
    // This very program runs here.
    EXPECT_TRUE(feature.present || !feature.needed) << feature.name;
  }
#if defined(__x86_64__)
  EXPECT_EQ(processorArchitecture(), "x86-64");
  EXPECT_FALSE(processorFeatures().empty());
#endif
}

}  // namespace
}  // namespace frontalis
