#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "appearance/shape_learning.h"
#include "au/running_median.h"
#include "bind.h"
#include "errors.h"
#include "frontalis/mirror.h"
#include "models/pack.h"
#include "output/report.h"
#include "shape/canonical_face.h"
#include "shape/mesh68.h"

namespace nb = nanobind;

namespace frontalis::python {
namespace {

namespace fs = std::filesystem;
using Path = fs::path;

template <class T>
nb::object arrayOf(std::vector<T>&& values, std::vector<std::size_t> shape) {
  auto held = std::make_unique<std::vector<T>>(std::move(values));
  const T* data = held->data();
  nb::capsule owner(held.release(),
                    [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  return nb::cast(
      nb::ndarray<nb::numpy, T>(const_cast<T*>(data), shape.size(), shape.data(), owner));
}

/// What linear AU models look at: each `step`-th frame's description, and the video's neutral.
nb::dict features(const Path& input, const Config& config, std::int64_t step,
                  const nb::object& progress) {
  std::vector<std::int64_t> frames;
  std::vector<std::uint8_t> success;
  std::vector<double> timestamps, geometry, neutral;
  std::vector<float> fhog;
  Dialogue dialogue;
  runInterruptible(dialogue, progress, [&] {
    Extractor extractor = unwrap(Extractor::open(input, config));
    if (!extractor.hasAppearance()) {
      throw CodedError(
          {ErrorCode::kInvalidArgument, "this pack describes no faces", "Set features=True"});
    }
    extractor.onProgress(reportTo(dialogue));
    RunningMedian median;
    extractor.onAppearance([&](const Appearance& seen) -> Status {
      median.update({seen.fhog.first<kFhogSize>(), seen.geometry.first<kGeometrySize>()},
                    seen.success);
      if ((seen.frame - 1) % step != 0) return {};
      frames.push_back(seen.frame);
      success.push_back(seen.success ? 1 : 0);
      fhog.insert(fhog.end(), seen.fhog.begin(), seen.fhog.end());
      geometry.insert(geometry.end(), seen.geometry.begin(), seen.geometry.end());
      return {};
    });
    while (const std::optional<Row> row = unwrap(extractor.next())) {
      if ((row->frame - 1) % step != 0) continue;
      timestamps.push_back(row->timestamp);
    }
    neutral.assign(median.median().begin(), median.median().end());
  });
  const std::size_t n = frames.size();
  nb::dict out;
  out["frame"] = arrayOf(std::move(frames), {n});
  out["timestamp"] = arrayOf(std::move(timestamps), {n});
  out["success"] = arrayOf(std::move(success), {n});
  out["fhog"] = arrayOf(std::move(fhog), {n, kFhogSize});
  out["geometry"] = arrayOf(std::move(geometry), {n, kGeometrySize});
  out["neutral"] = arrayOf(std::move(neutral), {kFeatures});
  return out;
}

// ----------------------------------------------------------------------------------- face shapes

using Faces = nb::ndarray<const float, nb::shape<-1, 68, 3>, nb::c_contig, nb::device::cpu>;

/// A point distribution model of people's faces: text of the model and of its triangles, and how
/// well it explains a person left out (mm). Size and direction are the canonical face's.
std::tuple<std::string, std::string, double> learnShape(const std::vector<Faces>& people) {
  std::vector<ShapeSource> sources;
  for (const Faces& faces : people) {
    ShapeSource& source = sources.emplace_back();
    for (std::size_t f = 0; f < faces.shape(0); ++f) {
      Landmarks68In3d& face = source.faces.emplace_back();
      const float* at = faces.data() + f * kLandmarks * 3;
      for (Point3f& p : face) {
        p = {at[0], at[1], at[2]};
        at += 3;
      }
    }
  }
  const nb::gil_scoped_release release;
  const Pack pack = unwrap(findPack("open"));
  const CanonicalFace canonical = unwrap(readCanonicalFace(unwrap(pack.file("canonical-face"))));
  Landmarks68In3d reference;
  for (std::size_t i = 0; i < kLandmarks; ++i) reference[i] = canonical.vertices[kMesh68Indices[i]];
  const Pdm pdm = unwrap(learnPdm(sources, reference, {}));
  const double left_out = sources.size() > 1 ? unwrap(leaveOneOut(sources, reference, {})) : -1;
  return {pdm.text("68-point face shape learned from one's own videos"),
          triangulationText(delaunay(pdm)), left_out};
}

// ------------------------------------------------------------------------------------------ mirror

nb::dict mirrorVideo(const Path& video, const Path& folder, const Config& config, bool measure,
                     bool videos, bool debug_video, bool overwrite, float max_yaw,
                     bool hardware_encoder, const nb::object& progress) {
  std::optional<MirrorReport> report;
  Dialogue dialogue;
  runInterruptible(dialogue, progress, [&] {
    MirrorOptions options;
    options.config = config;
    options.measure = measure;
    options.videos = videos;
    options.debug_video = debug_video;
    options.overwrite = overwrite;
    options.max_yaw = max_yaw;
    options.hardware_encoder = hardware_encoder;
    options.progress = reportTo(dialogue);
    report.emplace(unwrap(mirror(video, folder, options)));
  });
  static constexpr const char* kVerdicts[] = {"good", "fair", "poor", "unusable"};
  nb::dict out;
  out["kept"] = report->kept;
  out["files"] = report->files;
  out["encoder"] = report->encoder;
  out["frames"] = report->summary.frames;
  out["frames_with_face"] = report->summary.frames_with_face;
  out["warnings"] = report->summary.warnings;
  out["usability"] = kVerdicts[static_cast<int>(report->usability.verdict)];
  out["usable_share"] = report->usability.usable_share;
  out["reasons"] = report->usability.reasons;
  nb::list aus;
  for (const AuAsymmetry& au : report->aus) {
    nb::dict d;
    d["au"] = au.au;
    d["right_peak"] = au.right_peak;
    d["left_peak"] = au.left_peak;
    d["right_peak_seconds"] = au.right_peak_seconds;
    d["left_peak_seconds"] = au.left_peak_seconds;
    d["at_peak"] = au.at_peak;
    d["mean"] = au.mean;
    d["active_frames"] = au.active_frames;
    aus.append(d);
  }
  out["aus"] = aus;
  nb::list hints;
  for (const SynkinesisHint& hint : report->synkinesis) {
    nb::dict d;
    d["side"] = hint.side == FaceSide::kRight ? "right" : "left";
    d["au"] = hint.au;
    d["with"] = hint.with;
    d["rise"] = hint.rise;
    d["other_rise"] = hint.other_rise;
    d["correlation"] = hint.correlation;
    d["frames"] = hint.frames;
    hints.append(d);
  }
  out["synkinesis"] = hints;
  return out;
}

// ------------------------------------------------------------------------------------------ report

void reportOf(const std::vector<std::tuple<std::string, Path, std::string>>& series,
              const std::string& title, bool embed_video, const Path& path,
              const nb::object& progress) {
  std::vector<ReportSeries> shown;
  shown.reserve(series.size());
  for (const auto& [name, table, video] : series) shown.push_back({name, table, video});
  Dialogue dialogue;
  runInterruptible(dialogue, progress, [&] {
    ReportOptions options;
    options.title = title;
    options.embed_video = embed_video;
    options.progress = [&](std::int64_t frames, std::int64_t expected) {
      return reportTo(dialogue)({frames, expected});
    };
    check(writeReport(shown, options, path));
  });
}

}  // namespace

void bindStudies(nb::module_& m) {
  m.def("features", &features, nb::arg("input"), nb::arg("config"), nb::arg("step"),
        nb::arg("progress").none());
  m.def("learn_shape", &learnShape, nb::arg("people"));
  m.def("mirror", &mirrorVideo, nb::arg("video"), nb::arg("folder"), nb::arg("config"),
        nb::arg("measure"), nb::arg("videos"), nb::arg("debug_video"), nb::arg("overwrite"),
        nb::arg("max_yaw"), nb::arg("hardware_encoder"), nb::arg("progress").none());
  m.def("report", &reportOf, nb::arg("series"), nb::arg("title"), nb::arg("embed_video"),
        nb::arg("path"), nb::arg("progress").none());
}

}  // namespace frontalis::python
