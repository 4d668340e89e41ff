#include "inference/openvino_runtime.h"

#include <openvino/c/openvino.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>

#include "inference/device.h"
#include "inference/handle.h"
#include "inference/model_cache.h"
#include "inference/shared_library.h"
#include "util/executable.h"
#include "util/processor.h"
#include "util/sha256.h"
#include "util/thread.h"
#include "util/try.h"

namespace frontalis {
namespace {

// Every function used, resolved by name; X(name) keeps declaration, loading and use together.
#define FRONTALIS_OPENVINO_FUNCTIONS(X)          \
  X(ov_core_create)                              \
  X(ov_core_free)                                \
  X(ov_core_read_model)                          \
  X(ov_core_compile_model)                       \
  X(ov_core_import_model)                        \
  X(ov_core_set_property)                        \
  X(ov_core_get_versions_by_device_name)         \
  X(ov_core_versions_free)                       \
  X(ov_get_openvino_version)                     \
  X(ov_version_free)                             \
  X(ov_model_free)                               \
  X(ov_model_const_input_by_index)               \
  X(ov_model_reshape_by_port_indexes)            \
  X(ov_output_const_port_free)                   \
  X(ov_partial_shape_create_static)              \
  X(ov_partial_shape_free)                       \
  X(ov_compiled_model_create_infer_request)      \
  X(ov_compiled_model_export_model)              \
  X(ov_compiled_model_inputs_size)               \
  X(ov_compiled_model_outputs_size)              \
  X(ov_compiled_model_free)                      \
  X(ov_infer_request_free)                       \
  X(ov_infer_request_get_input_tensor_by_index)  \
  X(ov_infer_request_get_output_tensor_by_index) \
  X(ov_infer_request_infer)                      \
  X(ov_tensor_get_shape)                         \
  X(ov_tensor_get_element_type)                  \
  X(ov_tensor_data)                              \
  X(ov_tensor_free)                              \
  X(ov_shape_free)                               \
  X(ov_get_error_info)                           \
  X(ov_get_last_err_msg)                         \
  X(ov_free)

struct Api {
#define FRONTALIS_DECLARE(name) decltype(&::name) name = nullptr;
  FRONTALIS_OPENVINO_FUNCTIONS(FRONTALIS_DECLARE)
#undef FRONTALIS_DECLARE
};

Result<Api> loadApi() {
  constexpr const char* kRemedy =
      "Run `make setup`, or set FRONTALIS_OPENVINO to libopenvino_c's path";
  std::vector<std::string> candidates;
  if (const char* set = std::getenv("FRONTALIS_OPENVINO"); set != nullptr)
    candidates.emplace_back(set);
  if (const auto folder = codeFolder(); !folder.empty()) {
    candidates.push_back((folder / ".." / "lib" / "frontalis" / FRONTALIS_OPENVINO_FILE).string());
    candidates.push_back((folder / FRONTALIS_OPENVINO_FILE).string());
  }
  candidates.emplace_back(FRONTALIS_OPENVINO_PATH);
  candidates.emplace_back(FRONTALIS_OPENVINO_FILE);
  FRONTALIS_ASSIGN(const SharedLibrary library,
                   SharedLibrary::open(candidates, "OpenVINO", kRemedy));
  Api api;
#define FRONTALIS_LOAD(name)                                                                       \
  api.name = reinterpret_cast<decltype(api.name)>(library.symbol(#name));                          \
  if (api.name == nullptr) {                                                                       \
    return Error{ErrorCode::kUnsupported, library.path() + " lacks the function " #name, kRemedy}; \
  }
  FRONTALIS_OPENVINO_FUNCTIONS(FRONTALIS_LOAD)
#undef FRONTALIS_LOAD
  return api;
}

Result<const Api*> loadedApi() {
  static const Result<Api> api = loadApi();  // immutable after the first call
  if (!api.ok()) return api.error();
  return &api.value();
}

/// Why the last call failed; empty when OpenVINO does not say.
std::string lastMessage(const Api& api) {
  const char* const text = api.ov_get_last_err_msg();
  if (text == nullptr) return {};
  std::string message = text;
  api.ov_free(text);  // each call gives a copy
  return message;
}

struct Tensor {
  Handle<ov_tensor_t> handle;
  TensorShape shape;
  float* data = nullptr;
  std::size_t size = 0;
};

/// A compiled model, shared by the networks that are prepared alike: compiling takes longer than
/// hundreds of runs.
struct CompiledModel {
  explicit CompiledModel(const Api& api) : handle(api.ov_compiled_model_free) {}
  std::string kept;  // what it was made from, if from a cache: its weights stay in there
  Handle<ov_compiled_model_t> handle;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
};

class OpenVinoNetwork final : public Network {
 public:
  OpenVinoNetwork(const Api& api, std::string name, std::shared_ptr<CompiledModel> compiled)
      : api_(api),
        name_(std::move(name)),
        compiled_(std::move(compiled)),
        request_(api.ov_infer_request_free) {}

  Status open() {
    FRONTALIS_TRY(
        check(api_.ov_compiled_model_create_infer_request(compiled_->handle.get(), request_.out()),
              "cannot create a request"));
    for (std::size_t i = 0; i < compiled_->inputs; ++i) {
      FRONTALIS_ASSIGN(Tensor tensor, view(api_.ov_infer_request_get_input_tensor_by_index, i));
      inputs_.push_back(std::move(tensor));
    }
    // Fixed shapes: the output buffers stay where they are from here on.
    for (std::size_t i = 0; i < compiled_->outputs; ++i) {
      FRONTALIS_ASSIGN(Tensor tensor, view(api_.ov_infer_request_get_output_tensor_by_index, i));
      outputs_.push_back(std::move(tensor));
    }
    return {};
  }

  [[nodiscard]] std::size_t inputCount() const override { return inputs_.size(); }
  [[nodiscard]] std::size_t outputCount() const override { return outputs_.size(); }
  [[nodiscard]] const TensorShape& inputShape(std::size_t i) const override {
    return inputs_[i].shape;
  }
  [[nodiscard]] const TensorShape& outputShape(std::size_t i) const override {
    return outputs_[i].shape;
  }
  [[nodiscard]] std::span<float> input(std::size_t i) override {
    return {inputs_[i].data, inputs_[i].size};
  }
  [[nodiscard]] std::span<const float> output(std::size_t i) const override {
    return {outputs_[i].data, outputs_[i].size};
  }
  Status run() override { return check(api_.ov_infer_request_infer(request_.get()), "cannot run"); }

 private:
  using GetTensor = ov_status_e (*)(const ov_infer_request_t*, std::size_t, ov_tensor_t**);

  Status check(ov_status_e status, const char* what) const {
    if (status == ov_status_e::OK) return {};
    const std::string detail = lastMessage(api_);
    return Error{ErrorCode::kInference, "OpenVINO " + std::string(what) + " " + name_ + ": " +
                                            (detail.empty() ? "no detail given" : detail)};
  }

  Result<Tensor> view(GetTensor get, std::size_t index) const {
    Tensor tensor;
    tensor.handle = Handle<ov_tensor_t>(api_.ov_tensor_free);
    FRONTALIS_TRY(
        check(get(request_.get(), index, tensor.handle.out()), "cannot reach a tensor of"));
    ov_element_type_e type = ov_element_type_e::DYNAMIC;
    FRONTALIS_TRY(
        check(api_.ov_tensor_get_element_type(tensor.handle.get(), &type), "cannot type"));
    if (type != ov_element_type_e::F32) {
      return Error{ErrorCode::kUnsupported,
                   name_ + ": tensor " + std::to_string(index) + " is not float32"};
    }
    ov_shape_t shape{};
    FRONTALIS_TRY(check(api_.ov_tensor_get_shape(tensor.handle.get(), &shape), "cannot measure"));
    tensor.shape.assign(shape.dims, shape.dims + shape.rank);
    api_.ov_shape_free(&shape);
    tensor.size = tensorSize(tensor.shape);
    void* data = nullptr;
    FRONTALIS_TRY(check(api_.ov_tensor_data(tensor.handle.get(), &data), "cannot map"));
    tensor.data = static_cast<float*>(data);
    return tensor;
  }

  const Api& api_;
  std::string name_;
  const std::shared_ptr<CompiledModel> compiled_;
  Handle<ov_infer_request_t> request_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
};

/// Where compiled networks are kept; empty: nowhere.
std::filesystem::path openVinoCache() {
  const std::filesystem::path folder = cacheFolder();
  return folder.empty() ? folder : folder / "openvino";
}

/// OpenVINO itself and what it has compiled.
class OpenVinoCore {
 public:
  OpenVinoCore(std::string device, int threads, int callers)
      : device_(std::move(device)), threads_(threads), callers_(callers) {}

  Result<std::unique_ptr<Network>> prepare(const NetworkFile& file) {
    if (!std::filesystem::exists(file.path)) {
      return Error{ErrorCode::kModelMissing, file.path.string() + ": no such network file",
                   "Run `frontalis models verify`"};
    }
    FRONTALIS_TRY(open());
    const std::string name = file.path.filename().string();
    FRONTALIS_ASSIGN(std::shared_ptr<CompiledModel> compiled, compiledModel(file, name));
    auto network = std::make_unique<OpenVinoNetwork>(*api_, name, std::move(compiled));
    FRONTALIS_TRY(network->open());
    return std::unique_ptr<Network>(std::move(network));
  }

  [[nodiscard]] bool loaded() const { return loaded_; }

  Result<std::string> describe() {
    FRONTALIS_TRY(open());
    ov_core_version_list_t versions{};
    if (api_->ov_core_get_versions_by_device_name(core_.get(), device_.c_str(), &versions) !=
        ov_status_e::OK) {
      return failure(ErrorCode::kInference, "has no device " + device_);
    }
    std::string text = "OpenVINO";
    if (versions.size > 0) {
      text += " " + std::string(versions.versions[0].version.buildNumber) + " " +
              versions.versions[0].device_name;
    }
    api_->ov_core_versions_free(&versions);
    return text;
  }

 private:
  Result<std::shared_ptr<CompiledModel>> compiledModel(const NetworkFile& file,
                                                       const std::string& name) {
    std::string key = file.path.string();
    for (const TensorShape& shape : file.input_shapes) key += " " + shapeText(shape);
    const std::lock_guard lock(compiling_);
    std::weak_ptr<CompiledModel>& shared = compiled_[key];
    if (std::shared_ptr<CompiledModel> known = shared.lock()) return known;
    const std::string kept_key = keyOf(file);
    if (std::shared_ptr<CompiledModel> kept = keptModel(kept_key)) {
      shared = kept;
      return kept;
    }
    Handle<ov_model_t> model(api_->ov_model_free);
    if (api_->ov_core_read_model(core_.get(), file.path.c_str(), nullptr, model.out()) !=
        ov_status_e::OK) {
      return failure(ErrorCode::kModelCorrupt, "cannot read " + file.path.string(),
                     "Run `frontalis models verify`");
    }
    FRONTALIS_TRY(fixShapes(model.get(), file));
    auto compiled = std::make_shared<CompiledModel>(*api_);
    const ov_status_e status =
        api_->ov_core_compile_model(core_.get(), model.get(), device_.c_str(), 2,
                                    compiled->handle.out(), "INFERENCE_PRECISION_HINT", "f32");
    if (status != ov_status_e::OK) {
      return failure(ErrorCode::kInference, "cannot compile " + name + " for device " + device_,
                     "See `frontalis doctor`, or use --device CPU");
    }
    if (!count(*compiled)) return failure(ErrorCode::kInference, "cannot inspect " + name);
    if (!kept_key.empty()) {
      ModelCache(cache_).keep(kept_key, [&](const std::filesystem::path& path) {
        return api_->ov_compiled_model_export_model(compiled->handle.get(), path.c_str()) ==
               ov_status_e::OK;
      });
    }
    shared = compiled;
    return compiled;
  }

  bool count(CompiledModel& compiled) const {
    return api_->ov_compiled_model_inputs_size(compiled.handle.get(), &compiled.inputs) ==
               ov_status_e::OK &&
           api_->ov_compiled_model_outputs_size(compiled.handle.get(), &compiled.outputs) ==
               ov_status_e::OK;
  }

  /// All that the compiled network depends on; empty: it is not to be kept.
  std::string keyOf(const NetworkFile& file) {
    if (cache_.empty() || device_ != "CPU") return {};
    const std::string processor = processorSignature();
    const Result<std::string> network = sha256File(file.path);
    ov_version_t version{};
    if (processor.empty() || !network.ok() ||
        api_->ov_get_openvino_version(&version) != ov_status_e::OK) {
      return {};
    }
    std::string key = "OpenVINO " + std::string(version.buildNumber) + "\nprocessor " + processor +
                      "\nnetwork " + *network + "\nstreams " + std::to_string(callers_) +
                      " threads " + std::to_string(callers_ * threads_) + "\n";
    api_->ov_version_free(&version);
    for (const TensorShape& shape : file.input_shapes) key += shapeText(shape) + "\n";
    return key;
  }

  /// What an earlier run compiled; null when there is nothing of use.
  std::shared_ptr<CompiledModel> keptModel(const std::string& key) {
    if (key.empty()) return nullptr;
    std::optional<std::string> kept = ModelCache(cache_).find(key);
    if (!kept) return nullptr;
    auto compiled = std::make_shared<CompiledModel>(*api_);
    compiled->kept = *std::move(kept);
    if (api_->ov_core_import_model(core_.get(), compiled->kept.data(), compiled->kept.size(), "CPU",
                                   compiled->handle.out()) != ov_status_e::OK ||
        !count(*compiled)) {
      return nullptr;
    }
    return compiled;
  }

  Status open() {
    const std::lock_guard lock(opening_);
    if (core_.get() != nullptr) return {};
    FRONTALIS_ASSIGN(api_, loadedApi());
    Handle<ov_core_t> core(api_->ov_core_free);
    if (api_->ov_core_create(core.out()) != ov_status_e::OK) {
      return failure(ErrorCode::kInference, "cannot start");
    }
    if (device_ == "CPU") {
      // Of the core, as a network that was kept takes them from there. One stream a caller, else
      // they would wait for each other.
      const std::string streams = std::to_string(callers_);
      const std::string threads = std::to_string(callers_ * threads_);
      const std::array<std::pair<const char*, const char*>, 4> properties = {
          {{"INFERENCE_PRECISION_HINT", "f32"},
           {"NUM_STREAMS", streams.c_str()},
           {"INFERENCE_NUM_THREADS", threads.c_str()},
           {"ENABLE_CPU_PINNING", "NO"}}};
      for (const auto& [name, value] : properties) {
        if (api_->ov_core_set_property(core.get(), "CPU", name, value) != ov_status_e::OK) {
          return failure(ErrorCode::kInference, std::string("does not take ") + name);
        }
      }
    }
    core_ = std::move(core);
    loaded_ = true;
    return {};
  }

  Status fixShapes(ov_model_t* model, const NetworkFile& file) {
    if (file.input_shapes.empty()) return {};
    std::vector<std::size_t> indexes;
    std::vector<ov_partial_shape_t> shapes(file.input_shapes.size());
    bool ok = true;
    for (std::size_t i = 0; i < file.input_shapes.size(); ++i) {
      const TensorShape& shape = file.input_shapes[i];
      ok = ok && api_->ov_partial_shape_create_static(static_cast<std::int64_t>(shape.size()),
                                                      shape.data(), &shapes[i]) == ov_status_e::OK;
      indexes.push_back(i);
    }
    ok = ok && api_->ov_model_reshape_by_port_indexes(model, indexes.data(), shapes.data(),
                                                      shapes.size()) == ov_status_e::OK;
    for (ov_partial_shape_t& shape : shapes) api_->ov_partial_shape_free(&shape);
    if (!ok) {
      return failure(ErrorCode::kInference, "cannot fix the input shapes of " + file.path.string());
    }
    return {};
  }

  [[nodiscard]] Error failure(ErrorCode code, const std::string& what,
                              const std::string& remedy = {}) const {
    const std::string cause = reason(lastMessage(*api_));
    return {code, "OpenVINO " + what + (cause.empty() ? "" : ": " + cause), remedy};
  }

  /// What OpenVINO says, without the places in its sources where it was thrown on.
  static std::string reason(const std::string& detail) {
    std::string text;
    for (std::size_t at = 0; at < detail.size();) {
      const std::size_t end = std::min(detail.find('\n', at), detail.size());
      const std::string line = detail.substr(at, end - at);
      at = end + 1;
      if (line.starts_with("Exception from ") || line.starts_with("Check '") || line.empty()) {
        continue;
      }
      text += (text.empty() ? "" : "; ") + line;
    }
    return text;
  }

  std::string device_;
  int threads_;
  int callers_;
  std::mutex opening_;
  std::atomic<bool> loaded_ = false;
  std::mutex compiling_;
  std::map<std::string, std::weak_ptr<CompiledModel>> compiled_;  // by file and shapes
  const std::filesystem::path cache_ = openVinoCache();
  const Api* api_ = nullptr;
  Handle<ov_core_t> core_;
};

/// Preparing has a deadline here too: OpenVINO waits for ever when it is refused a thread.
class OpenVinoRuntime final : public Runtime {
 public:
  explicit OpenVinoRuntime(std::shared_ptr<OpenVinoCore> core, double limit_s)
      : core_(std::move(core)), limit_s_(limit_s) {}

  Result<std::unique_ptr<Network>> prepare(const NetworkFile& file) override {
    return within(limit_s_, late("preparing " + file.path.filename().string()),
                  [core = core_, file] { return core->prepare(file); });
  }
  Result<std::string> describe() override {
    return within(limit_s_, late("starting"), [core = core_] { return core->describe(); });
  }
  [[nodiscard]] bool loaded() const override { return core_->loaded(); }

 private:
  [[nodiscard]] Error late(const std::string& doing) const {
    char seconds[32];
    std::snprintf(seconds, sizeof(seconds), "%.3g s", limit_s_.count());
    return {ErrorCode::kTimeout,
            "OpenVINO did not answer within " + std::string(seconds) + " while " + doing,
            "Allow the process more memory and threads, or raise --prepare-limit"};
  }

  const std::shared_ptr<OpenVinoCore> core_;
  const std::chrono::duration<double> limit_s_;
};

}  // namespace

Result<std::unique_ptr<Runtime>> makeOpenVinoRuntime(const RuntimeOptions& options) {
  FRONTALIS_ASSIGN(Device device, openVinoDevice(options.device));
  auto core =
      std::make_shared<OpenVinoCore>(std::move(device.name), options.threads, options.callers);
  return std::unique_ptr<Runtime>(
      std::make_unique<OpenVinoRuntime>(std::move(core), options.prepare_limit_s));
}

}  // namespace frontalis
