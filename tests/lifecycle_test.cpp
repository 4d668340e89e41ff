// Opened and closed many times in one process, nothing piles up; and no more threads are busy than
// were asked for.

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
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

#if defined(__linux__)
/// Looks, often, how many threads of this process but itself run or want to.
class BusyThreads {
 public:
  ~BusyThreads() { mean(); }

  /// Over the time so far; ends the looking.
  double mean() {
    stop_ = true;
    if (looker_.joinable()) looker_.join();
    return looks_ == 0 ? 0 : static_cast<double>(busy_) / static_cast<double>(looks_);
  }

 private:
  void look() {
    const std::string self = std::to_string(::gettid());
    while (!stop_) {
      for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        if (task.path().filename() == self) continue;
        std::ifstream file(task.path() / "stat");
        std::string line;
        std::getline(file, line);
        const std::size_t name = line.rfind(')');  // then a blank and the state
        busy_ += name != std::string::npos && line.substr(name + 1, 2) == " R" ? 1 : 0;
      }
      ++looks_;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::int64_t busy_ = 0, looks_ = 0;
  std::atomic<bool> stop_{false};
  std::thread looker_{[this] { look(); }};
};

class BusyThreadsOf : public ::testing::TestWithParam<std::string> {};

TEST_P(BusyThreadsOf, AreNeverMoreThanAskedFor) {
  for (const int threads : {1, 2, 3}) {
    RuntimeOptions options;
    options.runtime = GetParam();
    options.device = "cpu";
    options.threads = threads;
    auto runtime = makeLocalRuntime(options);
    if (!runtime.ok()) GTEST_SKIP() << runtime.error().text();
    auto network =
        (*runtime)->prepare({testing::openPackDir() / "retinaface.onnx", {{1, 3, 320, 320}}});
    ASSERT_TRUE(network.ok()) << network.error().text();
    BusyThreads busy;
    for (int run = 0; run < 25; ++run) ASSERT_TRUE((*network)->run().ok());
    const double mean = busy.mean();
    std::printf("%s, %d threads: %.2f busy\n", GetParam().c_str(), threads, mean);
    EXPECT_GT(mean, 0.5);
    EXPECT_LT(mean, threads + 0.2);
  }
}

INSTANTIATE_TEST_SUITE_P(Runtimes, BusyThreadsOf, ::testing::Values("openvino", "onnxruntime"),
                         [](const auto& test) { return test.param; });

TEST(Threads, OfAWholeAnalysisAreNeverMoreThanAskedFor) {
  for (const int threads : {2, 3}) {
    Config config;
    config.threads = threads;
    auto extractor = Extractor::open(sample("single_face.mp4"), config);
    ASSERT_TRUE(extractor.ok()) << extractor.error().text();
    BusyThreads busy;
    while (true) {
      const auto row = extractor->next();
      ASSERT_TRUE(row.ok()) << row.error().text();
      if (!*row) break;
    }
    const double mean = busy.mean();
    std::printf("%d threads: %.2f busy\n", threads, mean);
    EXPECT_LT(mean, threads + 0.2);
  }
}
#endif

TEST(Lazy, NothingIsLoadedBeforeTheFirstFrame) {
  const auto runtime = makeRuntime(RuntimeOptions());
  EXPECT_FALSE((*runtime)->loaded());
  const auto extractor = Extractor::open(sample("single_face.mp4"));
  ASSERT_TRUE(extractor.ok()) << extractor.error().text();
  EXPECT_EQ(extractor->summary().runtime, "");
}

}  // namespace
}  // namespace frontalis
