#include "inference/helper.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "inference/messages.h"
#include "inference/shared_memory.h"
#include "util/try.h"

namespace frontalis {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kWarmUpRuns = 3;

/// A runtime may be in a call that never returns: then this thread ends the process with its user.
void endWithUser(int socket) {
  std::thread([socket] {
    while (true) {
      pollfd entry{socket, 0, 0};  // only hang-ups and errors
      if (::poll(&entry, 1, -1) > 0) ::_exit(0);
    }
  }).detach();
}

class Server {
 public:
  explicit Server(const RuntimeMaker& make) : make_(make) {}

  Result<std::string> answer(Message& request) {
    switch (request.kind) {
      case MessageKind::kOpen:
        return open(Json::parse(request.text));
      case MessageKind::kPrepare:
        return prepare(request);
      case MessageKind::kRun:
        return run(request.network);
      case MessageKind::kRelease:
        networks_.erase(request.network);
        return std::string();
      default:
        return Error{ErrorCode::kInternal, "an unknown request"};
    }
  }

 private:
  struct Prepared {
    TensorRegion region;
    std::unique_ptr<Network> network;
  };

  Result<std::string> open(const Json& json) {
    RuntimeOptions options;
    options.runtime = json.at("runtime");
    options.device = json.at("device");
    options.threads = json.at("threads");
    options.prepare_limit_s = 1e9;  // who asks looks at the clock
    FRONTALIS_ASSIGN(runtime_, make_(options));
    return runtime_->describe();
  }

  Result<std::string> prepare(const Message& request) {
    const std::size_t line = request.text.find('\n');
    const Json json = Json::parse(request.text.substr(0, line));
    NetworkFile file;
    file.path = request.text.substr(line + 1);
    file.input_shapes = json.at("inputs").get<std::vector<TensorShape>>();
    const auto outputs = json.at("outputs").get<std::vector<TensorShape>>();
    Prepared prepared;
    FRONTALIS_ASSIGN(prepared.region,
                     TensorRegion::map(request.descriptor, file.input_shapes, outputs));
    FRONTALIS_ASSIGN(prepared.network, runtime_->prepare(file));
    Network& network = *prepared.network;
    bool same =
        network.inputCount() == file.input_shapes.size() && network.outputCount() == outputs.size();
    for (std::size_t i = 0; same && i < file.input_shapes.size(); ++i) {
      same = network.input(i).size() == prepared.region.input(i).size();
    }
    for (std::size_t i = 0; same && i < outputs.size(); ++i) {
      same = network.output(i).size() == prepared.region.output(i).size();
    }
    if (!same) return Error{ErrorCode::kInference, "its tensors have other shapes than the CPU's"};

    std::vector<double> times;
    for (int i = 0; i < kWarmUpRuns; ++i) {
      const Clock::time_point began = Clock::now();
      FRONTALIS_TRY(network.run());
      times.push_back(std::chrono::duration<double>(Clock::now() - began).count());
    }
    std::sort(times.begin(), times.end());
    networks_[request.network] = std::move(prepared);
    return Json{{"warm_up_s", times[times.size() / 2]}}.dump();
  }

  Result<std::string> run(std::uint32_t id) {
    const auto found = networks_.find(id);
    if (found == networks_.end()) return Error{ErrorCode::kInternal, "an unknown network"};
    const auto& [region, network] = found->second;
    for (std::size_t i = 0; i < network->inputCount(); ++i) {
      std::copy_n(region.input(i).data(), region.input(i).size(), network->input(i).data());
    }
    FRONTALIS_TRY(network->run());
    for (std::size_t i = 0; i < network->outputCount(); ++i) {
      std::copy_n(network->output(i).data(), region.output(i).size(), region.output(i).data());
    }
    return std::string();
  }

  const RuntimeMaker& make_;
  std::unique_ptr<Runtime> runtime_;
  std::map<std::uint32_t, Prepared> networks_;  // destroyed before the runtime
};

}  // namespace

int serveInference(int socket, const RuntimeMaker& make) {
  endWithUser(socket);
  Server server(make);
  while (true) {
    Result<Message> request = receiveMessage(socket, kNoDeadline);
    if (!request.ok()) return 1;
    if (request->kind == MessageKind::kQuit) return 0;
    Result<std::string> answered = Error{};
    try {
      answered = server.answer(*request);
    } catch (const std::exception& error) {
      answered = Error{ErrorCode::kInference, error.what()};
    }
    Message answer;
    answer.kind = answered.ok() ? MessageKind::kDone : MessageKind::kFailed;
    answer.text = answered.ok() ? *answered : answered.error().message.substr(0, 4096);
    if (!sendMessage(socket, answer).ok()) return 1;
  }
}

}  // namespace frontalis
