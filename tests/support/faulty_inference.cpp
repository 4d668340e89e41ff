// frontalis-inference with a runtime that fails as FRONTALIS_FAULT says: "WHAT" or "WHAT:RUN", RUN
// counting each network's runs after its warm-up, from 1. What it computes is OpenVINO's on the
// CPU, whatever it was asked for.
//   hang-open hang-prepare abort-prepare error-prepare hang-release
//   hang:N sleep:N abort:N segfault:N exit:N error:N nan:N wrong:N   at run N
//   slower:N   from run N on, each run takes 50 ms more than the one before

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <thread>

#include "inference/helper.h"
#include "util/try.h"

namespace frontalis {
namespace {

using std::chrono::milliseconds;

constexpr int kWarmUpRuns = 3;

struct Fault {
  std::string what;
  int run = 0;
};

Fault fault() {
  const char* set = std::getenv("FRONTALIS_FAULT");
  const std::string text = set != nullptr ? set : "";
  const std::size_t colon = text.find(':');
  return {text.substr(0, colon),
          colon == std::string::npos ? 0 : std::stoi(text.substr(colon + 1))};
}

[[noreturn]] void hang() {
  while (true) std::this_thread::sleep_for(milliseconds(1000));
}

class FaultyNetwork final : public Network {
 public:
  explicit FaultyNetwork(std::unique_ptr<Network> network) : network_(std::move(network)) {
    for (std::size_t i = 0; i < network_->outputCount(); ++i) {
      outputs_.emplace_back(network_->output(i).begin(), network_->output(i).end());
    }
  }
  FaultyNetwork(const FaultyNetwork&) = delete;
  FaultyNetwork& operator=(const FaultyNetwork&) = delete;
  ~FaultyNetwork() override {
    if (fault_.what == "hang-release") hang();
  }

  [[nodiscard]] std::size_t inputCount() const override { return network_->inputCount(); }
  [[nodiscard]] std::size_t outputCount() const override { return network_->outputCount(); }
  [[nodiscard]] const TensorShape& inputShape(std::size_t i) const override {
    return network_->inputShape(i);
  }
  [[nodiscard]] const TensorShape& outputShape(std::size_t i) const override {
    return network_->outputShape(i);
  }
  [[nodiscard]] std::span<float> input(std::size_t i) override { return network_->input(i); }
  [[nodiscard]] std::span<const float> output(std::size_t i) const override { return outputs_[i]; }

  Status run() override {
    FRONTALIS_TRY(network_->run());
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      outputs_[i].assign(network_->output(i).begin(), network_->output(i).end());
    }
    const int run = ++runs_ - kWarmUpRuns;
    if (fault_.what == "slower" && run >= fault_.run) {
      std::this_thread::sleep_for(milliseconds(50) * (run - fault_.run + 1));
    }
    return run == fault_.run ? fail() : Status();
  }

 private:
  Status fail() {
    if (fault_.what == "hang") hang();
    if (fault_.what == "sleep") std::this_thread::sleep_for(milliseconds(3000));
    if (fault_.what == "exit") ::_exit(7);
    if (fault_.what == "error") return Error{ErrorCode::kInference, "the provider says no"};
    if (fault_.what == "abort" || fault_.what == "segfault") {
      const int signal_number = fault_.what == "abort" ? SIGABRT : SIGSEGV;
      ::signal(signal_number, SIG_DFL);
      ::raise(signal_number);
    }
    for (std::vector<float>& output : outputs_) {
      if (fault_.what == "nan") output.back() = std::numeric_limits<float>::quiet_NaN();
      if (fault_.what == "wrong") output.back() += 40;
    }
    return {};
  }

  const std::unique_ptr<Network> network_;
  const Fault fault_ = fault();
  std::vector<std::vector<float>> outputs_;
  int runs_ = 0;
};

class FaultyRuntime final : public Runtime {
 public:
  explicit FaultyRuntime(std::unique_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

  Result<std::unique_ptr<Network>> prepare(const NetworkFile& file) override {
    if (fault_.what == "hang-prepare") hang();
    if (fault_.what == "abort-prepare") std::abort();
    if (fault_.what == "error-prepare") {
      return Error{ErrorCode::kInference, "the provider says no"};
    }
    FRONTALIS_ASSIGN(auto network, runtime_->prepare(file));
    return std::unique_ptr<Network>(std::make_unique<FaultyNetwork>(std::move(network)));
  }
  [[nodiscard]] bool loaded() const override { return runtime_->loaded(); }
  Result<std::string> describe() override {
    if (fault_.what == "hang-open") hang();
    return std::string("a runtime that fails on demand");
  }

 private:
  const std::unique_ptr<Runtime> runtime_;
  const Fault fault_ = fault();
};

Result<std::unique_ptr<Runtime>> makeFaulty(const RuntimeOptions& options) {
  RuntimeOptions plain;
  plain.threads = options.threads;
  FRONTALIS_ASSIGN(auto runtime, makeLocalRuntime(plain));
  return std::unique_ptr<Runtime>(std::make_unique<FaultyRuntime>(std::move(runtime)));
}

}  // namespace
}  // namespace frontalis

int main() { ::_exit(frontalis::serveInference(frontalis::kHelperSocket, frontalis::makeFaulty)); }
