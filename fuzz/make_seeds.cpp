// Writes the seeds of every fuzz target into a folder: `make_seeds FOLDER`. They are made up,
// small, and well-formed, so that mutations reach what lies behind the first checks. What is easier
// to write by hand lies in fuzz/corpus; videos and pictures are made by the ffmpeg program
// (run.sh).

#include <array>
#include <cstdio>
#include <filesystem>
#include <numeric>

#include "batch/manifest.h"
#include "support/clnf_files.h"
#include "support/synthetic_au_models.h"
#include "support/synthetic_pdm.h"
#include "util/file.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

std::string hogBytes(int frames) {
  testing::ByteWriter out;
  for (int k = 0; k < frames; ++k) {
    out.i32(2).i32(3).i32(31).put(k == 1 ? -1.f : 1.f);
    for (int i = 0; i < 2 * 3 * 31; ++i) out.put(static_cast<float>(i % 7) / 10);
  }
  return out.bytes();
}

std::string canonicalFaceText() {
  std::string text = "# a made-up face\nvertices 468\n";
  for (int i = 0; i < 468; ++i) {
    text += std::to_string(i % 20 - 10) + " " + std::to_string(i / 20 - 11) + " 0.5\n";
  }
  return text + "procrustes 2\n4 0.07\n33 0.1\ntriangles 2\n0 1 2\n465 466 467\n";
}

std::string tableText(const std::string& third = "\"3\"") {
  std::string header = "frame, face_id, timestamp, confidence, success";
  std::string row = ", 0, 0.040, 0.98, 1";
  for (const char axis : {'x', 'y'}) {
    for (int i = 0; i < 68; ++i) {
      header += std::string(", ") + axis + "_" + std::to_string(i);
      row += ", " + std::to_string(100 + i) + ".5";
    }
  }
  return header + ", AU12_r, AU12_c\n1" + row + ", 1.20, 1\n2" + row + ", , \n" + third + row +
         ", 4.9, 0\n";
}

std::string manifestText() {
  RunRecord run;
  run.time = "2026-01-01T00:00:00Z";
  run.pack = "open";
  run.arguments = {"--sides"};
  run.inputs = {"/videos"};
  VideoRecord video;
  video.input = "/videos/a.mp4";
  video.output = "a.csv";
  std::string text = toLine(run) + toLine(video);
  video.state = VideoState::kDone;
  video.files = {{"a.csv", 100}, {"a.meta.json", 10}};
  video.warnings = {"one"};
  return text + toLine(video);
}

LinearModel linearModel(bool presence, bool dynamic) {
  std::mt19937 random(1);
  LinearModel model = testing::syntheticLinearModel(random, presence, dynamic);
  model.means.resize(kFhogSize);
  model.weights.resize(kFhogSize);
  return model;
}

Status writeSeeds(const fs::path& folder) {
  const testing::SyntheticCcnf small{.views = {.landmarks = 2}, .windows = {3}, .neurons = 2};
  const std::string zero(1, '\0');
  const std::string early = "1 2 3\n0.5 0.5 0.5\n1 1 1\n";
  const std::vector<std::pair<fs::path, std::string>> seeds = {
      {"pdm/small", testing::syntheticPdm(5, 2).text("made up")},
      {"pdm/face", testing::syntheticPdm(12, 4).text("made up")},
      {"triangulation/two", "2\n3\n4\n0 1 2\n2 3 67\n"},
      {"linear_model/svr_static", testing::linearModelBytes(linearModel(false, false))},
      {"linear_model/svr_dynamic", testing::linearModelBytes(linearModel(false, true))},
      {"linear_model/svm", testing::linearModelBytes(linearModel(true, false))},
      {"ccnf/small", testing::ccnfBytes(small)},
      {"ccnf/windows", testing::ccnfBytes()},
      {"cen/small", zero + testing::cenBytes({.landmarks = 2, .support = 3})},
      {"cen/wide", zero + testing::cenBytes()},
      {"cen/early_termination", "\x07" + early},
      {"svr/small", testing::svrText(2, 3)},
      {"svr/wide", testing::svrText()},
      {"validator/whole", testing::validatorBytes()},
      {"hog/three", hogBytes(3)},
      {"canonical_face/made_up", canonicalFaceText()},
      {"table/landmarks", tableText()},
      {"table/far_frame", tableText("1e300")},
      {"batch_manifest/done", manifestText()},
  };
  for (const auto& [name, bytes] : seeds) {
    if (const Status written = writeFile(folder / name, bytes); !written.ok()) return written;
  }
  return {};
}

}  // namespace
}  // namespace frontalis

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_seeds FOLDER\n");
    return 2;
  }
  const frontalis::Status written = frontalis::writeSeeds(argv[1]);
  if (!written.ok()) std::fprintf(stderr, "make_seeds: %s\n", written.error().text().c_str());
  return written.ok() ? 0 : 1;
}
