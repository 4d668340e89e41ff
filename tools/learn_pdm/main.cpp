// Learns a 68-point shape model from the open pack's face meshes; see data/face68/README.md.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "appearance/shape_learning.h"
#include "face/face_crop.h"
#include "face/face_mesh.h"
#include "face/retinaface.h"
#include "inference/network.h"
#include "models/pack.h"
#include "shape/canonical_face.h"
#include "shape/mesh68.h"
#include "util/file.h"
#include "util/try.h"
#include "video/frame_source.h"

namespace frontalis {
namespace {

constexpr float kSureOfAFace = 0.9f;

struct Options {
  std::string pack = "open";
  std::string out;
  LearnOptions learning;
  int frames = 60;
  std::vector<std::string> media;
};

struct Networks {
  RetinaFace detector;
  FaceMeshNetwork mesh;
};

Landmarks68In3d pick(const FaceMesh& mesh) {
  Landmarks68In3d points;
  for (std::size_t i = 0; i < kLandmarks; ++i) points[i] = mesh[kMesh68Indices[i]];
  return points;
}

/// The faces of one file. A picture's faces are different people; a video's largest face is one.
Status addFaces(const std::string& path, int frames, Networks& networks,
                std::vector<ShapeSource>& sources) {
  std::int64_t total = 0;
  {
    FRONTALIS_ASSIGN(const auto count, openFrameSource(path));
    while (true) {
      FRONTALIS_ASSIGN(const auto frame, count->next());
      if (!frame) break;
      ++total;
    }
  }
  FRONTALIS_ASSIGN(const auto source, openFrameSource(path));
  const std::int64_t step = std::max<std::int64_t>(1, total / frames);
  ShapeSource person{path, {}};
  for (std::int64_t index = 0;; ++index) {
    FRONTALIS_ASSIGN(const auto frame, source->next());
    if (!frame) break;
    if (index % step != 0) continue;
    FRONTALIS_ASSIGN(const std::span<const FaceDetection> found, networks.detector.detect(*frame));
    std::vector<FaceDetection> faces(found.begin(), found.end());
    std::sort(faces.begin(), faces.end(), [](const FaceDetection& a, const FaceDetection& b) {
      return a.box.area() > b.box.area();
    });
    for (std::size_t i = 0; i < faces.size(); ++i) {
      // Twice, as in tracking: the second crop is levelled by the first landmarks.
      FRONTALIS_ASSIGN(MeshFit fit, networks.mesh.locate(*frame, cropFromDetection(faces[i])));
      if (fit.presence < kSureOfAFace) continue;
      FRONTALIS_ASSIGN(fit, networks.mesh.locate(*frame, cropFromMesh(fit.mesh)));
      if (fit.presence < kSureOfAFace) continue;
      if (total > 1) {
        person.faces.push_back(pick(fit.mesh));
        break;
      }
      sources.push_back({path + " #" + std::to_string(i + 1), {pick(fit.mesh)}});
    }
  }
  if (!person.faces.empty()) sources.push_back(person);
  return {};
}

Status run(const Options& options) {
  FRONTALIS_ASSIGN(const Pack pack, findPack(options.pack));
  FRONTALIS_ASSIGN(std::shared_ptr<Runtime> runtime, makeRuntime({}));
  FRONTALIS_ASSIGN(const auto detector, pack.file("face-detector"));
  FRONTALIS_ASSIGN(const auto landmarks, pack.file("landmarks"));
  FRONTALIS_ASSIGN(const auto canonical_file, pack.file("canonical-face"));
  FRONTALIS_ASSIGN(const CanonicalFace canonical, readCanonicalFace(canonical_file));

  Landmarks68In3d reference;
  for (std::size_t i = 0; i < kLandmarks; ++i) reference[i] = canonical.vertices[kMesh68Indices[i]];
  std::vector<ShapeSource> sources = {{"canonical face", {reference}}};
  for (const std::string& path : options.media) {
    // A detector for each file: its network is prepared for one size of frames.
    Networks networks{RetinaFace(runtime, detector, {.long_side = 640}),
                      FaceMeshNetwork(runtime, landmarks)};
    const std::size_t before = sources.size();
    FRONTALIS_TRY(addFaces(path, options.frames, networks, sources));
    std::size_t faces = 0;
    for (std::size_t i = before; i < sources.size(); ++i) faces += sources[i].faces.size();
    std::printf("%s: %zu people, %zu faces\n", path.c_str(), sources.size() - before, faces);
  }
  FRONTALIS_ASSIGN(const Pdm pdm, learnPdm(sources, reference, options.learning));
  FRONTALIS_TRY(writeFile(options.out + "/pdm.txt",
                          pdm.text("68-point face shape learned by tools/learn_pdm, Apache-2.0")));
  FRONTALIS_TRY(writeFile(options.out + "/triangles.txt", triangulationText(delaunay(pdm))));
  FRONTALIS_ASSIGN(const double left_out, leaveOneOut(sources, reference, options.learning));
  std::printf("%zu people; left out in turn, they are explained to %.2f mm\n", sources.size(),
              left_out);
  std::printf("variances %.3g to %.3g mm^2, together %.4g\n",
              static_cast<double>(pdm.eigenvalues()[0]),
              static_cast<double>(pdm.eigenvalues()[options.learning.modes - 1]),
              static_cast<double>(pdm.eigenvalues().sum()));
  return {};
}

}  // namespace
}  // namespace frontalis

int main(int argc, char** argv) {
  frontalis::Options options;
  CLI::App app("Learns a 68-point shape model from pictures and videos of faces");
  app.add_option("--pack", options.pack, "Model pack with the face mesh");
  app.add_option("-o,--out", options.out, "Folder for pdm.txt and triangles.txt")->required();
  app.add_option("--modes", options.learning.modes);
  app.add_option("--unseen-deviation", options.learning.unseen_deviation,
                 "Smooth changes that the faces do not show: standard deviation, mm");
  app.add_option("--unseen-length", options.learning.unseen_length, "... and their extent, mm");
  app.add_option("--frames", options.frames, "Frames taken from a video, evenly spread");
  app.add_option("media", options.media)->required();
  CLI11_PARSE(app, argc, argv);
  const frontalis::Status status = frontalis::run(options);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.error().text().c_str());
  return status.ok() ? 0 : 1;
}
