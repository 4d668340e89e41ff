#include "pipeline/landmark_sources.h"

#include <algorithm>

#include "face/clnf_source.h"
#include "face/landmark_file.h"
#include "face/mesh68_source.h"
#include "face/pfld.h"
#include "face/retinaface.h"
#include "util/try.h"

namespace frontalis {
namespace {

/// Threads that may share one frame of CLNF, whose videos cannot be measured in pieces: decoding
/// has its own, except where each frame is finished before the next is read.
int threadsOfAFrame(const Config& config) {
  return config.online ? threadsOf(config) : std::max(1, threadsOf(config) - 1);
}

/// OpenFace's own landmarks where their models are there, else those of the open pack.
std::string defaultSource(const Pack& pack) { return pack.file("clnf").ok() ? "clnf" : "mesh68"; }

Result<std::filesystem::path> used(const Pack& pack, const char* role, Provenance& provenance) {
  for (const PackFile& file : pack.files) {
    if (file.role == role) provenance.models.push_back({file.path, file.sha256});
  }
  return pack.file(role);
}

}  // namespace

Result<std::unique_ptr<LandmarkSource>> makeLandmarkSource(const Config& config, const Pack& pack,
                                                           const std::shared_ptr<Runtime>& runtime,
                                                           Provenance& provenance,
                                                           std::unique_ptr<FaceDetector> detector) {
  const std::string name = config.landmarks.empty() ? defaultSource(pack) : config.landmarks;
  if (name.ends_with(".csv")) {
    FRONTALIS_ASSIGN(LandmarkFile file, LandmarkFile::read(name));
    return std::unique_ptr<LandmarkSource>(std::make_unique<LandmarkFile>(std::move(file)));
  }
  const bool clnf = name == "clnf" || name == "ceclm";
  if (name != "mesh68" && name != "pfld" && !clnf) {
    return Error{ErrorCode::kInvalidArgument, "there is no landmark source \"" + name + "\"",
                 "Choose mesh68, pfld, clnf, ceclm, or give an OpenFace-format .csv"};
  }

  FRONTALIS_ASSIGN(const Pack open, findPack("open"));
  FRONTALIS_ASSIGN(const auto detector_file, used(open, "face-detector", provenance));
  if (!detector) {
    detector = std::make_unique<RetinaFace>(runtime, detector_file,
                                            RetinaFaceOptions{.long_side = config.detect_size});
  }
  if (clnf) {
    // CE-CLM shares the eyes' models and the shape model with CLNF.
    for (const char* part : {"clnf", "ceclm"}) {
      if (part == name || name == "ceclm") FRONTALIS_TRY(pack.check(part));
    }
    FRONTALIS_ASSIGN(const auto main_list, used(pack, name.c_str(), provenance));
    FRONTALIS_ASSIGN(auto model, ClnfModel::load(main_list));
    return std::unique_ptr<LandmarkSource>(std::make_unique<ClnfSource>(
        std::move(detector), std::move(model), threadsOfAFrame(config)));
  }
  if (name == "pfld") {
    FRONTALIS_ASSIGN(const Pack pfld, findPack("pfld"));
    FRONTALIS_ASSIGN(const auto network, used(pfld, "landmarks-68", provenance));
    return std::unique_ptr<LandmarkSource>(std::make_unique<PfldTracker>(
        std::move(detector), Pfld(runtime, network), config.detect_every));
  }
  FRONTALIS_ASSIGN(const auto network, used(open, "landmarks", provenance));
  if (readsOnnx(config)) FRONTALIS_TRY(used(open, "landmarks-onnx", provenance));
  return std::unique_ptr<LandmarkSource>(std::make_unique<Mesh68Source>(
      MeshTracker(std::move(detector), FaceMeshNetwork(runtime, network),
                  {.detect_every = config.detect_every})));
}

Result<std::unique_ptr<FaceDetector>> makeLandmarkDetector(const Config& config,
                                                           std::shared_ptr<Runtime> runtime) {
  FRONTALIS_ASSIGN(const Pack open, findPack("open"));
  FRONTALIS_ASSIGN(auto file, open.file("face-detector"));
  return std::unique_ptr<FaceDetector>(std::make_unique<RetinaFace>(
      std::move(runtime), std::move(file), RetinaFaceOptions{.long_side = config.detect_size}));
}

}  // namespace frontalis
