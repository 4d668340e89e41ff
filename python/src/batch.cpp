#include "batch/batch.h"

#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "batch/inputs.h"
#include "batch/manifest.h"
#include "bind.h"
#include "errors.h"
#include "models/pack.h"
#include "util/sha256.h"

namespace nb = nanobind;

namespace frontalis::python {
namespace {

namespace fs = std::filesystem;
using Path = fs::path;

/// A batch's manifest, held alone; records come and go as its JSON lines (docs/batch.md).
class PyManifest {
 public:
  explicit PyManifest(const Path& out) : manifest_(unwrap(Manifest::open(out))) {}

  [[nodiscard]] std::optional<std::string> run() const {
    const std::optional<RunRecord>& run = content().run;
    return run ? std::optional(toLine(*run)) : std::nullopt;
  }
  [[nodiscard]] std::vector<std::string> videos() const {
    std::vector<std::string> lines;
    for (const auto& [input, record] : content().last) lines.push_back(toLine(record));
    return lines;
  }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return content().warnings; }

  void append(const std::string& line) {
    if (!manifest_) throw CodedError({ErrorCode::kInvalidArgument, "the manifest is closed", {}});
    const ManifestContent one = parsed(line);
    if (one.run) check(manifest_->append(*one.run));
    for (const auto& [input, record] : one.last) check(manifest_->append(record));
  }
  void close() { manifest_.reset(); }

  static ManifestContent parsed(const std::string& lines) {
    ManifestContent content = parseManifest(lines, "the records given");
    if (!content.warnings.empty()) {
      throw CodedError({ErrorCode::kInvalidArgument, content.warnings.front(), {}});
    }
    return content;
  }

 private:
  [[nodiscard]] const ManifestContent& content() const {
    if (!manifest_) throw CodedError({ErrorCode::kInvalidArgument, "the manifest is closed", {}});
    return manifest_->content();
  }
  std::optional<Manifest> manifest_;
};

using PathPair = std::pair<Path, Path>;

std::pair<std::vector<PathPair>, std::vector<std::string>> inputsOf(
    const std::vector<Path>& arguments, const Path& out) {
  FoundInputs found = unwrap(findInputs(arguments, out));
  std::vector<PathPair> inputs;
  for (BatchInput& input : found.inputs) inputs.emplace_back(input.path, input.name);
  return {std::move(inputs), std::move(found.warnings)};
}

std::vector<Path> namesOf(const std::vector<PathPair>& inputs, const std::string& extension,
                          const std::vector<PathPair>& given) {
  std::vector<BatchInput> list;
  list.reserve(inputs.size());
  for (const auto& [path, name] : inputs) list.push_back({path, name});
  return outputNames(list, extension, {given.begin(), given.end()});
}

std::string summaryOf(const std::vector<std::string>& lines) {
  std::vector<VideoRecord> videos;
  for (const std::string& line : lines) {
    for (auto& [input, record] : PyManifest::parsed(line).last) videos.push_back(record);
  }
  return summaryCsv(videos);
}

std::tuple<std::string, std::string, std::string> packOf(const std::string& name) {
  const Pack pack = unwrap(findPack(name));
  const Result<std::string> sha = sha256File(pack.folder / "manifest.json");
  return {pack.name, pack.version, sha.ok() ? *sha : std::string()};
}

}  // namespace

void bindBatch(nb::module_& m) {
  nb::class_<PyManifest>(m, "Manifest", "A batch's manifest, held alone (docs/batch.md).")
      .def(nb::init<fs::path>(), nb::arg("out"))
      .def_prop_ro("run", &PyManifest::run)
      .def_prop_ro("videos", &PyManifest::videos)
      .def_prop_ro("warnings", &PyManifest::warnings)
      .def("append", &PyManifest::append, nb::arg("line"))
      .def("close", &PyManifest::close);
  m.def("find_inputs", &inputsOf, nb::arg("arguments"), nb::arg("out"));
  m.def("output_names", &namesOf, nb::arg("inputs"), nb::arg("extension"), nb::arg("given"));
  m.def("summary_csv", &summaryOf, nb::arg("lines"));
  m.def("pack_of", &packOf, nb::arg("pack"));
  m.def("may_pass", &mayPass, nb::arg("code"));
  m.def("fails_for_good", &failsForGood, nb::arg("code"));
}

}  // namespace frontalis::python
