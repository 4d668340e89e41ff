// Opened and closed many times in one process, nothing piles up; and no more threads are busy than
// were asked for.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "frontalis/extractor.h"
#include "frontalis/pipeline.h"
#include "inference/network.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/sanitized.h"

namespace frontalis {
namespace {

using testing::sample;
using testing::TempFolder;

#if defined(__linux__)
constexpr bool kMeasuresMemory = !testing::kSanitized;
#else
constexpr bool kMeasuresMemory = false;
#endif

/// MB of memory in use, of the process.
double memoryMb() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

std::ptrdiff_t threads() {
  const std::filesystem::path tasks = "/proc/self/task";
  if (!std::filesystem::exists(tasks)) return 0;
  return std::distance(std::filesystem::directory_iterator(tasks), {});
}

/// Does `work` `times` times; from a tenth of them on, neither threads nor memory may grow.
template <class Work>
void expectNoGrowth(int times, double allowed_mb, const Work& work) {
  double memory = 0;
  std::ptrdiff_t tasks = 0;
  for (int i = 0; i < times; ++i) {
    work();
    if (i != times / 10) continue;
    memory = memoryMb();
    tasks = threads();
  }
  EXPECT_LE(threads(), tasks);
  if (kMeasuresMemory) {
    EXPECT_LT(memoryMb() - memory, allowed_mb) << "from " << memory << " MB";
  }
}

/// A network of one operation, in OpenVINO's own format: it costs nothing but opening it.
std::filesystem::path oneOperation(const TempFolder& folder) {
  const std::string port = "precision='FP32'><dim>1</dim><dim>16</dim></port>";
  testing::writeBytes(
      folder / "relu.xml",
      "<?xml version='1.0'?><net name='relu' version='11'><layers>"
      "<layer id='0' name='x' type='Parameter' version='opset1'>"
      "<data shape='1,16' element_type='f32'/><output><port id='0' " +
          port +
          "</output></layer><layer id='1' name='y' type='ReLU' version='opset1'><input>"
          "<port id='0' " +
          port + "</input><output><port id='1' " + port +
          "</output></layer><layer id='2' name='r' type='Result' version='opset1'><input>"
          "<port id='0' " +
          port +
          "</input></layer></layers><edges>"
          "<edge from-layer='0' from-port='0' to-layer='1' to-port='0'/>"
          "<edge from-layer='1' from-port='1' to-layer='2' to-port='0'/></edges></net>");
  return folder / "relu.xml";
}

TEST(Lifecycle, TwoHundredRuntimes) {
  const TempFolder folder;
  const NetworkFile file{oneOperation(folder), {}};
  expectNoGrowth(testing::kSanitized ? 20 : 200, 10, [&] {
    auto runtime = makeRuntime(RuntimeOptions());
    auto network = (*runtime)->prepare(file);
    ASSERT_TRUE(network.ok()) << network.error().text();
    ASSERT_TRUE((*network)->run().ok());
  });
}

TEST(Lifecycle, FiftyPipelines) {
  const std::vector<std::uint8_t> grey(std::size_t{3} * 64 * 48, 90);
  Picture picture;
  picture.data = grey.data();
  picture.stride = 3 * 64;
  picture.width = 64;
  picture.height = 48;
  expectNoGrowth(testing::kSanitized ? 10 : 50, 10, [&] {
    auto pipeline = Pipeline::open();
    ASSERT_TRUE(pipeline.ok()) << pipeline.error().text();
    ASSERT_TRUE(pipeline->process(picture, 0).ok());
  });
}

/// Processor time of this process and of the ended ones it started, s.
double processorSeconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    ::getrusage(who, &used);
    for (const timeval& time : {used.ru_utime, used.ru_stime}) {
      seconds += static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    }
  }
  return seconds;
}

TEST(Threads, OneMeansOneBusyThread) {
  using Clock = std::chrono::steady_clock;
  Config config;
  config.threads = 1;
  auto extractor = Extractor::open(sample("single_face.mp4"), config);
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  Clock::time_point began;
  double used = 0;
  extractor->onProgress([&](const Progress& now) {
    if (now.frames == 2) {  // the networks are ready
      began = Clock::now();
      used = processorSeconds();
    }
    return true;
  });
  while (true) {
    const auto row = extractor->next();
    ASSERT_TRUE(row.ok()) << row.error().text();
    if (!*row) break;
  }
  const double wall = std::chrono::duration<double>(Clock::now() - began).count();
  EXPECT_LT(processorSeconds() - used, 1.15 * wall + 0.05);
}

TEST(Lazy, NothingIsLoadedBeforeTheFirstFrame) {
  const auto runtime = makeRuntime(RuntimeOptions());
  EXPECT_FALSE((*runtime)->loaded());
  const auto extractor = Extractor::open(sample("single_face.mp4"));
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  EXPECT_EQ(extractor->summary().runtime, "");
}

}  // namespace
}  // namespace frontalis
