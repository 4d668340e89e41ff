#include "face/clnf/expert_files.h"

#include <cmath>

#include "util/file.h"
#include "util/text_reader.h"
#include "util/try.h"

namespace frontalis {

namespace {

// Far above anything published; they only keep a damaged file from asking for absurd work.
constexpr int kMaxViews = 64;
constexpr int kMaxLandmarks = 1024;
constexpr int kMaxWindow = 63;
constexpr int kMaxSupport = 63;
constexpr int kMaxParts = 64;

bool finite(const std::vector<float>& values) {
  for (const float v : values) {
    if (!std::isfinite(v)) return false;
  }
  return true;
}

double finiteScalar(BinaryReader& in, std::string_view what) {
  const double value = in.f64();
  if (!in.failed() && !std::isfinite(value)) in.fail(std::string(what) + " is not a finite number");
  return in.failed() ? 0 : value;
}

double positiveScale(BinaryReader& in) {
  const double scale = finiteScalar(in, "scale");
  if (!in.failed() && !(scale > 0 && scale < 100)) {
    in.fail("scale is " + std::to_string(scale) + ", expected 0 to 100");
  }
  return scale;
}

ExpertViews readViews(BinaryReader& in) {
  ExpertViews views;
  const int count = in.i32In(1, kMaxViews, "number of views");
  for (int v = 0; v < count && !in.failed(); ++v) {
    const RawMatrix<double> center = in.matrix<double>("view centre");
    if (in.failed()) break;
    if (center.values.size() != 3) {
      in.fail("view centre has " + std::to_string(center.values.size()) + " values, expected 3");
      break;
    }
    std::array<float, 3> radians{};
    for (std::size_t i = 0; i < 3; ++i) {
      if (!std::isfinite(center.values[i])) in.fail("view centre is not finite");
      radians[i] = static_cast<float>(center.values[i]) * kDegree;
    }
    views.centers.push_back(radians);
  }
  for (int v = 0; v < count && !in.failed(); ++v) {
    const RawMatrix<std::int32_t> flags = in.matrix<std::int32_t>("visibility");
    if (in.failed()) break;
    const std::size_t n = flags.values.size();
    if (n < 1 || n > kMaxLandmarks || (v > 0 && n != views.visible.front().size())) {
      in.fail("visibility of view " + std::to_string(v) + " has " + std::to_string(n) + " values");
      break;
    }
    std::vector<std::uint8_t> visible;
    visible.reserve(n);
    for (const std::int32_t flag : flags.values) visible.push_back(flag != 0 ? 1 : 0);
    views.visible.push_back(std::move(visible));
  }
  return views;
}

/// A patch expert's support must be the same in the whole file; 0 while none was seen.
struct Support {
  int width = 0;
  int height = 0;

  template <class Reader>
  void check(Reader& in, int w, int h) {
    if (in.failed()) return;
    if (width == 0) {
      width = w;
      height = h;
    }
    if (w != width || h != height) {
      in.fail("expert of " + std::to_string(w) + " x " + std::to_string(h) +
              " px in a file whose others have " + std::to_string(width) + " x " +
              std::to_string(height));
    } else if (w != h || w % 2 == 0) {
      in.fail("expert of " + std::to_string(w) + " x " + std::to_string(h) +
              " px, expected an odd square");
    }
  }
};

CcnfExpert readCcnfExpert(BinaryReader& in, int sigmas, Support& support) {
  CcnfExpert expert;
  in.i32In(5, 5, "type code of a CCNF expert");
  expert.width = in.i32In(0, kMaxSupport, "expert width");
  expert.height = in.i32In(0, kMaxSupport, "expert height");
  const int neurons = in.i32In(0, kMaxParts, "number of neurons");
  if (in.failed()) return expert;
  if (neurons == 0) {
    in.i32();
    return expert;
  }
  support.check(in, expert.width, expert.height);
  for (int i = 0; i < neurons && !in.failed(); ++i) {
    CcnfNeuron neuron;
    in.i32In(2, 2, "type code of a neuron");
    neuron.type = in.i32In(0, 0, "neuron type");
    neuron.norm = finiteScalar(in, "neuron norm");
    neuron.bias = finiteScalar(in, "neuron bias");
    neuron.alpha = finiteScalar(in, "neuron alpha");
    neuron.weights = in.matrix<float>("neuron weights");
    if (in.failed()) break;
    if (neuron.weights.rows != expert.height || neuron.weights.cols != expert.width) {
      in.fail("neuron weights do not have the expert's size");
    } else if (!finite(neuron.weights.values)) {
      in.fail("neuron weights are not finite");
    }
    expert.neurons.push_back(std::move(neuron));
  }
  for (int b = 0; b < sigmas && !in.failed(); ++b) {
    expert.betas.push_back(finiteScalar(in, "beta"));
  }
  expert.confidence = finiteScalar(in, "confidence");
  return expert;
}

/// float32 or float64 on disk, float32 in memory.
RawMatrix<float> realMatrix(BinaryReader& in, std::string_view what) {
  RawMatrix<float> m;
  const std::int32_t rows = in.i32In(0, 1 << 20, what);
  const std::int32_t cols = in.i32In(0, 1 << 20, what);
  const std::int32_t type = in.i32In(5, 6, "matrix type");
  if (in.failed()) return m;
  const std::uint64_t count = static_cast<std::uint64_t>(rows) * static_cast<std::uint64_t>(cols);
  if (type == 5) {
    m.values = in.array<float>(count, what);
  } else {
    const std::vector<double> values = in.array<double>(count, what);
    m.values.assign(values.begin(), values.end());
  }
  if (in.failed()) return m;
  m.rows = rows;
  m.cols = cols;
  if (!finite(m.values)) in.fail(std::string(what) + " are not finite");
  return m;
}

CenExpert readCenExpert(BinaryReader& in, Support& support) {
  CenExpert expert;
  in.i32In(6, 6, "type code of a CEN expert");
  expert.width = in.i32In(0, kMaxSupport, "expert width");
  expert.height = in.i32In(0, kMaxSupport, "expert height");
  const int layers = in.i32In(0, kMaxParts, "number of layers");
  if (in.failed()) return expert;
  if (layers > 0) support.check(in, expert.width, expert.height);
  int inputs = expert.width * expert.height + 1;
  for (int l = 0; l < layers && !in.failed(); ++l) {
    CenLayer layer;
    const std::int32_t code = in.i32();
    layer.activation = code == 0   ? CenActivation::kSigmoid
                       : code == 2 ? CenActivation::kRelu
                                   : CenActivation::kLinear;
    layer.bias = realMatrix(in, "layer bias").values;
    layer.weights = realMatrix(in, "layer weights");
    if (in.failed()) break;
    if (layer.weights.cols != inputs || layer.weights.rows < 1 ||
        layer.bias.size() != static_cast<std::size_t>(layer.weights.rows)) {
      in.fail("layer of " + std::to_string(layer.weights.rows) + " x " +
              std::to_string(layer.weights.cols) + " weights and " +
              std::to_string(layer.bias.size()) + " biases after " + std::to_string(inputs) +
              " values");
      break;
    }
    inputs = layer.weights.rows;
    expert.layers.push_back(std::move(layer));
  }
  if (layers > 0 && !in.failed() && inputs != 1) {
    in.fail("last layer gives " + std::to_string(inputs) + " values, expected 1");
  }
  expert.confidence = finiteScalar(in, "confidence");
  return expert;
}

SvrExpert readSvrExpert(TextReader& in, Support& support) {
  SvrExpert expert;
  in.skipComments();
  in.integer(3, 3, "type code of an SVR expert");
  expert.width = static_cast<int>(in.integer(0, kMaxSupport, "expert width"));
  expert.height = static_cast<int>(in.integer(0, kMaxSupport, "expert height"));
  const std::int64_t modalities = in.integer(0, kMaxParts, "number of modalities");
  if (modalities > 0) support.check(in, expert.width, expert.height);
  for (std::int64_t m = 0; m < modalities && !in.failed(); ++m) {
    SvrModality modality;
    in.skipComments();
    in.integer(2, 2, "type code of a modality");
    modality.type = static_cast<int>(in.integer(0, 1, "modality type"));
    modality.confidence = in.number("confidence");
    modality.scaling = in.number("scaling");
    modality.bias = in.number("bias");
    in.skipComments();
    in.integer(expert.width, expert.width, "rows of the weights");
    in.integer(expert.height, expert.height, "columns of the weights");
    in.integer(5, 6, "type code of the weights");
    if (in.failed()) break;
    RawMatrix<float>& weights = modality.weights;
    weights.rows = expert.height;
    weights.cols = expert.width;
    weights.values.resize(static_cast<std::size_t>(expert.width) * expert.height);
    for (int x = 0; x < expert.width; ++x) {
      for (int y = 0; y < expert.height; ++y) {
        weights.values[static_cast<std::size_t>(y) * expert.width + x] =
            static_cast<float>(in.number("weight"));
      }
    }
    expert.modalities.push_back(std::move(modality));
  }
  return expert;
}

std::vector<int> readIndices(BinaryReader& in, int count, std::string_view what) {
  const RawMatrix<std::int32_t> m = in.matrix<std::int32_t>(what);
  std::vector<int> indices;
  if (in.failed()) return indices;
  if (m.values.size() != static_cast<std::size_t>(count)) {
    in.fail(std::string(what) + " has " + std::to_string(m.values.size()) + " values, expected " +
            std::to_string(count));
    return indices;
  }
  for (const std::int32_t i : m.values) {
    if (i < 0 || i >= count) in.fail(std::string(what) + " holds " + std::to_string(i));
    indices.push_back(i);
  }
  return indices;
}

void expectEnd(BinaryReader& in) {
  if (!in.failed() && in.remaining() > 0) {
    in.fail(std::to_string(in.remaining()) + " bytes follow the last expert");
  }
}

/// Twins must lead to an expert that has layers, or a response could not be computed.
void checkTwins(BinaryReader& in, const CenFile& file) {
  if (in.failed()) return;
  const int n = file.views.landmarks();
  for (int v = 0; v < file.views.count(); ++v) {
    for (int i = 0; i < n; ++i) {
      const std::size_t own = static_cast<std::size_t>(v) * n + i;
      if (file.views.visible[v][i] == 0 || !file.experts[own].layers.empty()) continue;
      const int twin_view = v == 0 ? 0 : file.mirror_views[v];
      const std::size_t twin = static_cast<std::size_t>(twin_view) * n + file.mirror_landmarks[i];
      if (file.experts[twin].layers.empty()) {
        in.fail("landmark " + std::to_string(i) + " of view " + std::to_string(v) +
                " has no expert and no mirror twin with one");
        return;
      }
    }
  }
}

}  // namespace

int ExpertViews::nearest(const std::array<float, 3>& rotation) const {
  int best = 0;
  float best_distance = 0;
  for (int v = 0; v < count(); ++v) {
    float distance = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const float d = rotation[i] - centers[v][i];
      distance += d * d;
    }
    if (v == 0 || distance < best_distance) {
      best = v;
      best_distance = distance;
    }
  }
  return best;
}

Result<CcnfFile> parseCcnf(std::string_view bytes, const std::string& name) {
  BinaryReader in(bytes, name);
  CcnfFile file;
  file.scale = positiveScale(in);
  file.views = readViews(in);
  const int windows = in.i32In(0, kMaxParts, "number of windows");
  for (int w = 0; w < windows && !in.failed(); ++w) {
    SigmaWindow window;
    window.window = in.i32In(1, kMaxWindow, "window size");
    const int sigmas = in.i32In(0, kMaxParts, "number of sigma matrices");
    for (int s = 0; s < sigmas && !in.failed(); ++s) {
      RawMatrix<float> sigma = in.matrix<float>("sigma matrix");
      if (in.failed()) break;
      if (sigma.rows != window.window * window.window || sigma.cols != sigma.rows) {
        in.fail("sigma matrix of " + std::to_string(sigma.rows) + " x " +
                std::to_string(sigma.cols) + " for window " + std::to_string(window.window));
      } else if (!finite(sigma.values)) {
        in.fail("sigma matrix is not finite");
      }
      window.matrices.push_back(std::move(sigma));
    }
    if (!in.failed() && !file.windows.empty() &&
        window.matrices.size() != file.windows.front().matrices.size()) {
      in.fail("windows differ in the number of sigma matrices");
    }
    file.windows.push_back(std::move(window));
  }
  const int sigmas =
      file.windows.empty() ? 0 : static_cast<int>(file.windows.front().matrices.size());
  Support support;
  const int experts = file.views.count() * file.views.landmarks();
  for (int e = 0; e < experts && !in.failed(); ++e) {
    file.experts.push_back(readCcnfExpert(in, sigmas, support));
    const int v = e / file.views.landmarks();
    const int i = e % file.views.landmarks();
    if (!in.failed() && file.views.visible[v][i] != 0 && file.experts.back().neurons.empty()) {
      in.fail("landmark " + std::to_string(i) + " is visible in view " + std::to_string(v) +
              " but has no expert");
    }
  }
  expectEnd(in);
  FRONTALIS_TRY(in.status());
  return file;
}

Result<CenFile> parseCen(std::string_view bytes, const std::string& name) {
  BinaryReader in(bytes, name);
  CenFile file;
  file.scale = positiveScale(in);
  file.views = readViews(in);
  file.mirror_landmarks = readIndices(in, file.views.landmarks(), "mirror indices");
  file.mirror_views = readIndices(in, file.views.count(), "mirror views");
  Support support;
  const int experts = file.views.count() * file.views.landmarks();
  for (int e = 0; e < experts && !in.failed(); ++e) {
    file.experts.push_back(readCenExpert(in, support));
  }
  expectEnd(in);
  checkTwins(in, file);
  FRONTALIS_TRY(in.status());
  return file;
}

Result<SvrFile> parseSvr(std::string_view bytes, const std::string& name) {
  TextReader in(bytes, name);
  SvrFile file;
  in.skipComments();
  file.scale = in.number("scale");
  if (!in.failed() && !(file.scale > 0 && file.scale < 100)) in.fail("scale is not in 0 to 100");
  in.skipComments();
  const int count = static_cast<int>(in.integer(1, kMaxViews, "number of views"));
  for (int v = 0; v < count && !in.failed(); ++v) {
    const std::vector<double> center = in.matrix(6, 3, 3, "view centre").values;
    if (in.failed()) break;
    if (center.size() != 3) {
      in.fail("view centre has " + std::to_string(center.size()) + " values, expected 3");
      break;
    }
    std::array<float, 3> radians{};
    for (std::size_t i = 0; i < 3; ++i) radians[i] = static_cast<float>(center[i]) * kDegree;
    file.views.centers.push_back(radians);
  }
  for (int v = 0; v < count && !in.failed(); ++v) {
    const std::vector<double> flags = in.matrix(4, kMaxLandmarks, 1, "visibility").values;
    if (in.failed()) break;
    if (v > 0 && flags.size() != file.views.visible.front().size()) {
      in.fail("visibility of view " + std::to_string(v) + " has another size");
    }
    std::vector<std::uint8_t> visible;
    visible.reserve(flags.size());
    for (const double flag : flags) visible.push_back(flag != 0 ? 1 : 0);
    file.views.visible.push_back(std::move(visible));
  }
  Support support;
  const int landmarks = file.views.landmarks();
  for (int e = 0; e < count * landmarks && !in.failed(); ++e) {
    file.experts.push_back(readSvrExpert(in, support));
    const int v = e / landmarks;
    const int i = e % landmarks;
    if (!in.failed() && file.views.visible[v][i] != 0 && file.experts.back().modalities.empty()) {
      in.fail("landmark " + std::to_string(i) + " is visible in view " + std::to_string(v) +
              " but has no expert");
    }
  }
  in.skipComments();
  if (!in.failed() && !in.atEnd()) in.fail("text follows the last expert");
  FRONTALIS_TRY(in.status());
  return file;
}

Result<EarlyTermination> parseEarlyTermination(std::string_view bytes, const std::string& name,
                                               int views) {
  TextReader in(bytes, name);
  EarlyTermination rule;
  for (std::vector<float>* group : {&rule.weights, &rule.biases, &rule.cutoffs}) {
    for (int v = 0; v < views && !in.failed(); ++v) {
      in.skipComments();
      group->push_back(static_cast<float>(in.number("early-termination value")));
    }
  }
  in.skipComments();
  if (!in.failed() && !in.atEnd()) in.fail("text follows the last value");
  FRONTALIS_TRY(in.status());
  return rule;
}

Result<CcnfFile> loadCcnf(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string bytes, readFile(path));
  return parseCcnf(bytes, path.string());
}

Result<SvrFile> loadSvr(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string bytes, readFile(path));
  return parseSvr(bytes, path.string());
}

Result<CenFile> loadCen(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string bytes, readFile(path));
  return parseCen(bytes, path.string());
}

Result<EarlyTermination> loadEarlyTermination(const std::filesystem::path& path, int views) {
  FRONTALIS_ASSIGN(const std::string bytes, readFile(path));
  return parseEarlyTermination(bytes, path.string(), views);
}

}  // namespace frontalis
