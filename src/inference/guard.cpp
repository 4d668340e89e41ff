#include "inference/guard.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "inference/helper_process.h"
#include "inference/shared_memory.h"
#include "util/try.h"

namespace frontalis {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{2};
constexpr double kLeastRunLimit = 2;  // s
constexpr double kRunsOfWarmUp = 20;

Deadline after(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(
                            std::chrono::duration<double>(std::min(seconds, 1e6)));
}

std::string secondsText(double seconds) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.3g s", seconds);
  return text;
}

/// "ONNX Runtime coreml"
std::string nameOf(const RuntimeOptions& options) {
  return (options.runtime == "openvino" ? "OpenVINO " : "ONNX Runtime ") + options.device;
}

/// The helper process with all its networks, shared by them. Requests go one at a time; who comes
/// meanwhile waits.
class Accelerator {
 public:
  explicit Accelerator(RuntimeOptions options)
      : options_(std::move(options)), name_(nameOf(options_)) {}

  /// Still to be asked; after a fault it is not.
  [[nodiscard]] bool usable() {
    const std::lock_guard lock(mutex_);
    return incidents_.empty();
  }

  /// Starts the process; it does nothing yet.
  Status start() {
    const std::lock_guard lock(mutex_);
    if (helper_ || !incidents_.empty()) return verdict_;
    Result<HelperProcess> started = HelperProcess::start();
    if (!started.ok()) return fault("cannot be used: " + started.error().text());
    helper_.emplace(*std::move(started));
    return {};
  }

  /// The runtime's description; nothing of it is loaded before.
  Status open() {
    const std::lock_guard lock(mutex_);
    return openLocked(after(options_.prepare_limit_s));
  }

  /// Seconds of a warm-up run; nothing after a fault.
  Result<std::optional<double>> prepare(std::uint32_t id, const NetworkFile& file,
                                        const TensorRegion& region,
                                        const std::vector<TensorShape>& inputs,
                                        const std::vector<TensorShape>& outputs) {
    const std::lock_guard lock(mutex_);
    const Deadline deadline = after(options_.prepare_limit_s);
    FRONTALIS_TRY(openLocked(deadline));
    if (!incidents_.empty()) {
      FRONTALIS_TRY(Status(verdict_));
      return std::optional<double>();
    }
    Message request{MessageKind::kPrepare, id,
                    Json{{"inputs", inputs}, {"outputs", outputs}}.dump(), region.descriptor()};
    request.text += "\n" + file.path.string();
    const std::string network = file.path.filename().string();
    Result<std::string> answer =
        helper_->ask(request, deadline, Clock::now() + kPatience, [&] { tellWaiting(network); });
    if (!answer.ok()) {
      FRONTALIS_TRY(fault(cause(answer.error(), "preparing " + network, options_.prepare_limit_s),
                          answer.error().code));
      return std::optional<double>();
    }
    return std::optional<double>(Json::parse(*answer, nullptr, false).value("warm_up_s", 0.0));
  }

  /// Seconds it took. Errors: why the result is not to be had.
  Result<double> run(std::uint32_t id, const std::string& network, double limit_s) {
    const std::lock_guard lock(mutex_);
    if (!incidents_.empty()) return Error{ErrorCode::kInference, incidents_.front()};
    const Clock::time_point began = Clock::now();
    const Result<std::string> answer =
        helper_->ask({MessageKind::kRun, id, {}, -1}, after(limit_s));
    if (!answer.ok()) {
      return Error{answer.error().code, cause(answer.error(), "running " + network, limit_s)};
    }
    return std::chrono::duration<double>(Clock::now() - began).count();
  }

  void release(std::uint32_t id) {
    const std::lock_guard lock(mutex_);
    if (!helper_ || !incidents_.empty()) return;
    const Result<std::string> answer =
        helper_->ask({MessageKind::kRelease, id, {}, -1}, after(kLeastRunLimit));
    if (!answer.ok()) {
      (void)fault(cause(answer.error(), "closing a network", kLeastRunLimit), answer.error().code);
    }
  }

  /// Ends the process for good. Errors, when strict: the fault itself.
  Status abandon(const Error& why) {
    const std::lock_guard lock(mutex_);
    if (!incidents_.empty()) return verdict_;  // told already, by another network
    return fault(why.message, why.code);
  }

  [[nodiscard]] std::vector<std::string> incidents() {
    const std::lock_guard lock(mutex_);
    return incidents_;
  }
  [[nodiscard]] std::string description() {
    const std::lock_guard lock(mutex_);
    return description_.empty() ? name_ : description_;
  }

 private:
  Status openLocked(Deadline deadline) {
    if (!helper_ || !incidents_.empty() || !description_.empty()) return verdict_;
    const Json json = {
        {"runtime", options_.runtime}, {"device", options_.device}, {"threads", options_.threads}};
    const Result<std::string> answer =
        helper_->ask({MessageKind::kOpen, 0, json.dump(), -1}, deadline);
    if (!answer.ok()) {
      return fault(cause(answer.error(), "starting", options_.prepare_limit_s),
                   answer.error().code);
    }
    description_ = *answer;
    return {};
  }

  [[nodiscard]] static std::string cause(const Error& error, const std::string& doing,
                                         double limit_s) {
    if (error.code == ErrorCode::kTimeout) {
      return "did not answer within " + secondsText(limit_s) + " while " + doing;
    }
    return "failed while " + doing + ": " + error.message;
  }

  Status fault(const std::string& what, ErrorCode code = ErrorCode::kInference) {
    if (helper_) helper_->kill();
    helper_.reset();
    std::string line = name_ + " " + what;
    std::replace(line.begin(), line.end(), '\n', ' ');
    if (options_.strict) {
      incidents_.push_back(line);
      verdict_ = Error{code, line, "Without --runtime-strict the CPU goes on"};
      return verdict_;
    }
    incidents_.push_back(line + "; the CPU does the rest");
    if (options_.notice) options_.notice(incidents_.back());
    return {};
  }

  void tellWaiting(const std::string& network) {
    if (!options_.notice) return;
    const std::string target = options_.device.starts_with("coreml") ? "Core ML" : name_;
    options_.notice("compiling " + network + " for " + target + ", once, can take a minute");
  }

  const RuntimeOptions options_;
  const std::string name_;
  std::mutex mutex_;
  std::optional<HelperProcess> helper_;
  std::string description_;
  std::vector<std::string> incidents_;  // one at most, as the first ends it
  Status verdict_;                      // the fault itself, when strict
};

std::vector<TensorShape> inputShapes(const Network& network) {
  std::vector<TensorShape> shapes;
  shapes.reserve(network.inputCount());
  for (std::size_t i = 0; i < network.inputCount(); ++i) shapes.push_back(network.inputShape(i));
  return shapes;
}

std::vector<TensorShape> outputShapes(const Network& network) {
  std::vector<TensorShape> shapes;
  shapes.reserve(network.outputCount());
  for (std::size_t i = 0; i < network.outputCount(); ++i) shapes.push_back(network.outputShape(i));
  return shapes;
}

class GuardedNetwork final : public Network {
 public:
  GuardedNetwork(std::shared_ptr<Accelerator> accelerator, std::unique_ptr<Network> cpu,
                 TensorRegion region, std::uint32_t id, std::string name)
      : accelerator_(std::move(accelerator)),
        cpu_(std::move(cpu)),
        region_(std::move(region)),
        id_(id),
        name_(std::move(name)) {}
  GuardedNetwork(const GuardedNetwork&) = delete;
  GuardedNetwork& operator=(const GuardedNetwork&) = delete;
  ~GuardedNetwork() override {
    if (meter_) accelerator_->release(id_);
  }

  Status open(const NetworkFile& file, const RuntimeOptions& options) {
    FRONTALIS_ASSIGN(
        const std::optional<double> warm_up_s,
        accelerator_->prepare(id_, file, region_, inputShapes(*cpu_), outputShapes(*cpu_)));
    if (!warm_up_s) return {};
    limit_s_ = options.run_limit_s > 0 ? options.run_limit_s
                                       : std::max(kLeastRunLimit, kRunsOfWarmUp * *warm_up_s);
    meter_.emplace(*warm_up_s, limit_s_);
    return {};
  }

  [[nodiscard]] std::size_t inputCount() const override { return cpu_->inputCount(); }
  [[nodiscard]] std::size_t outputCount() const override { return cpu_->outputCount(); }
  [[nodiscard]] const TensorShape& inputShape(std::size_t i) const override {
    return cpu_->inputShape(i);
  }
  [[nodiscard]] const TensorShape& outputShape(std::size_t i) const override {
    return cpu_->outputShape(i);
  }
  [[nodiscard]] std::span<float> input(std::size_t i) override { return region_.input(i); }
  [[nodiscard]] std::span<const float> output(std::size_t i) const override {
    return from_cpu_ ? cpu_->output(i) : region_.output(i);
  }

  Status run() override {
    from_cpu_ = true;
    if (!accelerator_->usable()) {
      FRONTALIS_TRY(accelerator_->abandon({}));
      return runOnCpu();
    }
    ++runs_;
    Status good = runThere();
    if (good.ok()) good = checkFinite();
    bool have_cpu = false;
    if (good.ok() && parityDue(runs_)) {
      FRONTALIS_TRY(runOnCpu());
      have_cpu = true;
      good = compare();
    }
    if (good.ok()) {
      from_cpu_ = false;
      return {};
    }
    FRONTALIS_TRY(accelerator_->abandon(good.error()));
    return have_cpu ? Status() : runOnCpu();
  }

 private:
  Status runThere() {
    FRONTALIS_ASSIGN(const double seconds, accelerator_->run(id_, name_, limit_s_));
    if (meter_->add(seconds)) return {};
    return Error{ErrorCode::kTimeout, "became slow: " + secondsText(seconds) + " for a run of " +
                                          name_ + ", " + secondsText(limit_s_) + " late in sum"};
  }

  [[nodiscard]] Status checkFinite() const {
    for (std::size_t i = 0; i < outputCount(); ++i) {
      const std::span<const float> values = region_.output(i);
      if (std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
        continue;
      }
      return Error{ErrorCode::kInference, "gave a value that is no number in output " +
                                              std::to_string(i) + " of " + name_};
    }
    return {};
  }

  [[nodiscard]] Status compare() const {
    for (std::size_t i = 0; i < outputCount(); ++i) {
      const std::span<const float> ours = cpu_->output(i);
      const std::span<const float> theirs = region_.output(i);
      float largest = 1;
      float difference = 0;
      for (std::size_t k = 0; k < ours.size(); ++k) {
        largest = std::max(largest, std::abs(ours[k]));
        difference = std::max(difference, std::abs(ours[k] - theirs[k]));
      }
      const float tolerance = kParityTolerance * largest;
      if (difference <= tolerance) continue;
      char text[160];
      std::snprintf(text, sizeof(text),
                    " differs from the CPU by %.3g (tolerance %.3g) in run %lld",
                    static_cast<double>(difference), static_cast<double>(tolerance),
                    static_cast<long long>(runs_));
      return Error{ErrorCode::kInference,
                   "is wrong: output " + std::to_string(i) + " of " + name_ + text};
    }
    return {};
  }

  Status runOnCpu() {
    for (std::size_t i = 0; i < inputCount(); ++i) {
      const std::span<const float> values = region_.input(i);
      std::copy(values.begin(), values.end(), cpu_->input(i).begin());
    }
    return cpu_->run();
  }

  const std::shared_ptr<Accelerator> accelerator_;
  const std::unique_ptr<Network> cpu_;
  const TensorRegion region_;
  const std::uint32_t id_;
  const std::string name_;
  std::optional<LatenessMeter> meter_;  // only when it was prepared there
  double limit_s_ = 0;
  std::int64_t runs_ = 0;
  bool from_cpu_ = true;
};

class GuardedRuntime final : public Runtime {
 public:
  explicit GuardedRuntime(const RuntimeOptions& options)
      : options_(options), accelerator_(std::make_shared<Accelerator>(options)) {}

  Result<std::unique_ptr<Network>> prepare(const NetworkFile& file) override {
    if (options_.runtime == "onnxruntime") FRONTALIS_TRY(asOnnx(file));
    FRONTALIS_TRY(accelerator_->start());  // before anything heavy is in this process
    FRONTALIS_ASSIGN(std::unique_ptr<Network> cpu, cpuRuntime()->prepare(file));
    FRONTALIS_ASSIGN(TensorRegion region,
                     TensorRegion::create(inputShapes(*cpu), outputShapes(*cpu)));
    const std::uint32_t id = next_id_++;
    auto network = std::make_unique<GuardedNetwork>(accelerator_, std::move(cpu), std::move(region),
                                                    id, file.path.filename().string());
    FRONTALIS_TRY(network->open(file, options_));
    return std::unique_ptr<Network>(std::move(network));
  }

  Result<std::string> describe() override {
    FRONTALIS_TRY(accelerator_->start());
    FRONTALIS_TRY(accelerator_->open());
    std::string text = accelerator_->description();
    if (!accelerator_->usable()) {
      FRONTALIS_ASSIGN(const std::string cpu, cpuRuntime()->describe());
      text += ", then " + cpu;
    }
    return text;
  }

  [[nodiscard]] bool loaded() const override {
    const std::lock_guard lock(mutex_);
    return cpu_ != nullptr;
  }

  [[nodiscard]] std::vector<std::string> incidents() const override {
    return accelerator_->incidents();
  }

 private:
  Runtime* cpuRuntime() {
    const std::lock_guard lock(mutex_);
    if (cpu_ == nullptr) {
      RuntimeOptions plain;
      plain.threads = options_.threads;
      plain.callers = options_.callers;
      cpu_ = *makeLocalRuntime(plain);  // always in the build, and nothing is loaded yet
    }
    return cpu_.get();
  }

  const RuntimeOptions options_;
  const std::shared_ptr<Accelerator> accelerator_;
  mutable std::mutex mutex_;
  std::unique_ptr<Runtime> cpu_;
  std::atomic<std::uint32_t> next_id_{0};
};

}  // namespace

std::unique_ptr<Runtime> makeGuardedRuntime(const RuntimeOptions& options) {
  return std::make_unique<GuardedRuntime>(options);
}

bool parityDue(std::int64_t run) { return run <= 3 || (run & (run - 1)) == 0; }

bool LatenessMeter::add(double seconds) {
  late_ = std::max(0.0, late_ + seconds - allowed_);
  return late_ < limit_;
}

double LatenessMeter::allowance(double warm_up_s) {
  return std::max(5 * warm_up_s, warm_up_s + 0.02);
}

}  // namespace frontalis
