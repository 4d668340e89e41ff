// The compiled part of the Python package: thin, typed, without policy. What users see is in
// python/frontalis; names that begin with an underscore there come from here.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bind.h"
#include "column_table.h"
#include "errors.h"
#include "frontalis/extractor.h"
#include "frontalis/models.h"
#include "frontalis/pipeline.h"
#include "frontalis/version.h"
#include "interruptible.h"
#include "output/extract_file.h"
#include "output/meta.h"
#include "output/row_values.h"
#include "util/error_name.h"
#include "util/sha256.h"

namespace nb = nanobind;

namespace frontalis::python {
namespace {

namespace fs = std::filesystem;
using Path = fs::path;

void raise(const std::exception_ptr& pointer, void*) {
  try {
    std::rethrow_exception(pointer);
  } catch (const CodedError& coded) {
    const Error& error = coded.error();
    const nb::object types = nb::module_::import_("frontalis._errors").attr("BY_CODE");
    const std::string_view code = errorName(error.code);
    const nb::object type = types[nb::str(code.data(), code.size())];
    const nb::object value = type(error.message, error.remedy);
    PyErr_SetObject(type.ptr(), value.ptr());
  }
}

/// The columns to write, as the command line chooses them: packs other than "open" have OpenFace's
/// whole row.
Columns wantedFor(Columns wanted, const Config& config) {
  wanted.shape = true;
  if (config.pack != "open") wanted.gaze = wanted.landmarks_2d = wanted.landmarks_3d = true;
  return wanted;
}

// ---------------------------------------------------------------------------------------- rows

/// Names and places of the values that rows of one configuration have.
struct Layout {
  explicit Layout(const Columns& all) : columns(all), names(valueNames(all)) {
    for (std::size_t i = 0; i < names.size(); ++i) places.emplace(names[i], i);
  }
  Columns columns;
  std::vector<std::string> names;
  std::unordered_map<std::string, std::size_t> places;
};

struct PyRow {
  Row row;
  std::string file;
  std::shared_ptr<const Layout> layout;

  [[nodiscard]] std::vector<double> values() const {
    std::vector<double> all;
    forEachValue(row, layout->columns,
                 [&](float value, int) { all.push_back(static_cast<double>(value)); });
    return all;
  }
  [[nodiscard]] nb::object at(const std::string& name) const {
    if (name == "frame") return nb::int_(row.frame);
    if (name == "face_id") return nb::int_(row.face_id);
    if (name == "timestamp") return nb::float_(row.timestamp);
    if (name == "confidence") return nb::float_(row.confidence);
    if (name == "success") return nb::bool_(row.success);
    if (name == "file") return nb::str(file.c_str(), file.size());
    const auto place = layout->places.find(name);
    if (place == layout->places.end()) throw nb::key_error(name.c_str());
    if (!row.success && !layout->columns.failed_keep_state) return nb::float_(std::nan(""));
    return nb::float_(values()[place->second]);
  }
};

/// A view of the row's own memory; the row lives as long as the array.
template <class Scalar, std::size_t... Shape>
auto viewOf(const PyRow& self, const void* data) {
  return nb::ndarray<nb::numpy, const Scalar, nb::shape<static_cast<nb::ssize_t>(Shape)...>>(
      data, {Shape...}, nb::find(self));
}

void bindRow(nb::module_& m) {
  nb::class_<PyRow>(m, "Row", "What was seen of one face in one frame.")
      .def_prop_ro(
          "file", [](const PyRow& r) { return r.file; }, "name of the image; empty for a video")
      .def_prop_ro(
          "frame", [](const PyRow& r) { return r.row.frame; }, "number of the frame, from 1")
      .def_prop_ro(
          "face_id", [](const PyRow& r) { return r.row.face_id; }, "number of the face, from 0")
      .def_prop_ro(
          "timestamp", [](const PyRow& r) { return r.row.timestamp; }, "s from the first frame")
      .def_prop_ro(
          "confidence", [](const PyRow& r) { return r.row.confidence; }, "0 to 1")
      .def_prop_ro(
          "success", [](const PyRow& r) { return r.row.success; },
          "whether a face was found and its fit is believed; else the values mean nothing")
      .def_prop_ro(
          "pose", [](const PyRow& r) { return viewOf<float, 6>(r, &r.row.pose); },
          "float32[6]: Tx, Ty, Tz in camera space (mm), Rx, Ry, Rz (rad)")
      .def_prop_ro(
          "landmarks",
          [](const PyRow& r) { return viewOf<float, 68, 2>(r, r.row.landmarks.data()); },
          "float32[68, 2]: x, y (px)")
      .def_prop_ro(
          "landmarks_3d",
          [](const PyRow& r) { return viewOf<float, 68, 3>(r, r.row.landmarks_3d.data()); },
          "float32[68, 3]: X, Y, Z in camera space (mm)")
      .def_prop_ro(
          "blendshapes",
          [](const PyRow& r) { return viewOf<float, 52>(r, r.row.blendshapes.data()); },
          "float32[52]: expression coefficients, 0 to 1 (open pack)")
      .def_prop_ro(
          "intensity", [](const PyRow& r) { return viewOf<float, 17>(r, r.row.intensity.data()); },
          "float32[17]: intensities 0 to 5, in the order of frontalis.INTENSITY_AUS")
      .def_prop_ro(
          "intensity_left",
          [](const PyRow& r) { return viewOf<float, 17>(r, r.row.intensity_left.data()); },
          "float32[17]: of the person's left side (open pack); an indication")
      .def_prop_ro(
          "intensity_right",
          [](const PyRow& r) { return viewOf<float, 17>(r, r.row.intensity_right.data()); },
          "float32[17]: of the person's right side (open pack); an indication")
      .def_prop_ro(
          "presence", [](const PyRow& r) { return viewOf<bool, 18>(r, r.row.presence.data()); },
          "bool[18]: presences, in the order of frontalis.PRESENCE_AUS")
      .def("__getitem__", &PyRow::at, nb::arg("name"),
           "A value by its column's name, \"AU12_r\" for example; NaN where there is no face.")
      .def(
          "keys", [](const PyRow& r) { return r.layout->names; }, "Names of the measured values.")
      .def("__repr__", [](const PyRow& r) {
        return "<frontalis.Row frame=" + std::to_string(r.row.frame) +
               " timestamp=" + std::to_string(r.row.timestamp) +
               " success=" + (r.row.success ? "True" : "False") + ">";
      });
}

// ------------------------------------------------------------------------------------ extraction

/// A table on its way to Arrow (PyCapsule interface), with its record.
struct PyTable {
  ColumnTable table;
  std::string meta;
  nb::object toArrow(const nb::object&) { return table.toArrow(meta); }
};

std::string metaOf(const Path& input, const Config& config, const Extractor& extractor) {
  ExtractRequest request;
  request.input = input;
  request.config = config;
  ExtractReport report;
  report.summary = extractor.summary();
  report.input = extractor.input();
  if (fs::is_regular_file(input)) report.input_sha256 = unwrap(sha256File(input));
  return metaJson(request, report);
}

PyTable extract(const Path& input, const Config& config, const Columns& wanted,
                const nb::object& progress) {
  std::optional<PyTable> out;
  Dialogue dialogue;
  runInterruptible(dialogue, progress, [&] {
    Extractor extractor = unwrap(Extractor::open(input, config));
    extractor.onProgress(reportTo(dialogue));
    const bool named = !extractor.input().is_video && fs::is_directory(input);
    check(checkWanted(wanted, extractor.columns(), config.pack));
    out.emplace(
        PyTable{ColumnTable(both(wantedFor(wanted, config), extractor.columns()), named), {}});
    while (const std::optional<Row> row = unwrap(extractor.next())) {
      out->table.append(*row, extractor.itemName());
    }
    out->meta = metaOf(input, config, extractor);
  });
  return std::move(*out);
}

nb::dict extractToFileFor(const Path& input, const Path& output, const Config& config,
                          const Columns& wanted, bool json_lines, const std::string& hog,
                          const std::string& aligned, const std::string& geometry,
                          const nb::object& progress) {
  std::optional<ExtractReport> report;
  Dialogue dialogue;
  runInterruptible(dialogue, progress, [&] {
    ExtractRequest request;
    request.input = input;
    request.output = output;
    request.format = json_lines ? RowFormat::kJsonLines : RowFormat::kCsv;
    request.hog = hog;
    request.aligned_folder = aligned;
    request.geometry = geometry;
    request.wanted = wantedFor(wanted, config);
    request.config = config;
    request.progress = reportTo(dialogue);
    report.emplace(unwrap(extractToFile(request)));
  });
  const Summary& summary = report->summary;
  nb::dict out;
  out["output"] = report->output;
  out["meta"] = report->meta;
  out["frames"] = summary.frames;
  out["frames_with_face"] = summary.frames_with_face;
  out["input_sha256"] = report->input_sha256;
  out["damaged"] = summary.truncated || summary.decode_errors > 0;
  out["interrupted"] = summary.interrupted;
  out["warnings"] = summary.warnings;
  return out;
}

/// Iterates over rows. One thread at a time looks into it; others wait.
class PyExtractor {
 public:
  PyExtractor(Path input, Config config, const Columns& wanted)
      : input_(std::move(input)), config_(std::move(config)) {
    const nb::gil_scoped_release release;
    extractor_.emplace(unwrap(Extractor::open(input_, config_)));
    check(checkWanted(wanted, extractor_->columns(), config_.pack));
    extractor_->onProgress(reportTo(dialogue_));
    layout_ = std::make_shared<Layout>(extractor_->columns());
  }

  PyRow next() {
    std::optional<Row> row;
    // The first row may cost the whole video, so there Ctrl-C is looked for; later ones are quick.
    if (!begun_ && !config_.online) {
      runInterruptible(dialogue_, progress_, [&] { row = take(); });
      begun_ = true;
    } else {
      {
        const nb::gil_scoped_release release;
        row = take();
      }
      if (PyErr_CheckSignals() != 0) throw nb::python_error();
    }
    if (!row) throw nb::stop_iteration();
    return PyRow{*row, extractor_->itemName(), layout_};
  }

  [[nodiscard]] const InputInfo& info() const { return extractor_->input(); }
  [[nodiscard]] std::vector<std::string> names() const { return layout_->names; }
  [[nodiscard]] std::string meta() {
    const nb::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    return metaOf(input_, config_, *extractor_);
  }
  void onProgress(nb::object progress) { progress_ = std::move(progress); }

 private:
  std::optional<Row> take() {
    const std::lock_guard lock(mutex_);
    return unwrap(extractor_->next());
  }

  Path input_;
  Config config_;
  Dialogue dialogue_;
  nb::object progress_ = nb::none();
  std::mutex mutex_;
  std::optional<Extractor> extractor_;
  std::shared_ptr<const Layout> layout_;
  bool begun_ = false;
};

// ---------------------------------------------------------------------------------------- pictures

using PictureArray = nb::ndarray<const std::uint8_t, nb::device::cpu>;

/// An array as a Picture, without a copy where rows are packed: a[::-1] and a[..., ::-1] too.
struct PictureView {
  PictureView(const PictureArray& array, PixelFormat color) {
    const bool gray = array.ndim() == 2;
    if (!gray && !(array.ndim() == 3 && array.shape(2) == 3)) {
      throw CodedError({ErrorCode::kInvalidArgument,
                        "the picture has not the shape (height, width, 3) or "
                        "(height, width)",
                        "Give uint8 pixels, rows first"});
    }
    picture.height = static_cast<int>(std::min<std::size_t>(array.shape(0), 1 << 20));
    picture.width = static_cast<int>(std::min<std::size_t>(array.shape(1), 1 << 20));
    picture.format = gray ? PixelFormat::kGray : color;
    picture.data = array.data();
    picture.stride = array.stride(0);
    if (gray && array.stride(1) == 1) return;
    if (!gray && array.stride(1) == 3 && array.stride(2) == 1) return;
    if (!gray && array.stride(1) == 3 && array.stride(2) == -1) {
      picture.data -= 2;
      picture.format = color == PixelFormat::kBgr ? PixelFormat::kRgb : PixelFormat::kBgr;
      return;
    }
    const std::size_t channels = gray ? 1 : 3;
    copy.resize(array.shape(0) * array.shape(1) * channels);
    std::size_t at = 0;
    for (std::size_t y = 0; y < array.shape(0); ++y) {
      for (std::size_t x = 0; x < array.shape(1); ++x) {
        for (std::size_t c = 0; c < channels; ++c) {
          copy[at++] = array.data()[static_cast<std::int64_t>(y) * array.stride(0) +
                                    static_cast<std::int64_t>(x) * array.stride(1) +
                                    (gray ? 0 : static_cast<std::int64_t>(c) * array.stride(2))];
        }
      }
    }
    picture.data = copy.data();
    picture.stride = static_cast<std::ptrdiff_t>(array.shape(1) * channels);
  }
  Picture picture;
  std::vector<std::uint8_t> copy;
};

class PyPipeline {
 public:
  PyPipeline(const Config& config, const Columns& wanted) {
    const nb::gil_scoped_release release;
    pipeline_.emplace(unwrap(Pipeline::open(config)));
    check(checkWanted(wanted, pipeline_->columns(), config.pack));
    layout_ = std::make_shared<Layout>(pipeline_->columns());
  }

  PyRow process(const PictureArray& array, double timestamp, const std::string& format,
                int rotation, bool mirrored) {
    if (format != "bgr" && format != "rgb") {
      throw CodedError({ErrorCode::kInvalidArgument, "there is no format \"" + format + "\"",
                        "Choose bgr or rgb; arrays of two dimensions are grey"});
    }
    PictureView view(array, format == "bgr" ? PixelFormat::kBgr : PixelFormat::kRgb);
    view.picture.rotation = rotation;
    view.picture.mirrored = mirrored;
    const nb::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    return PyRow{unwrap(pipeline_->process(view.picture, timestamp)), {}, layout_};
  }

  void reset() {
    const nb::gil_scoped_release release;
    const std::lock_guard lock(mutex_);
    pipeline_->reset();
  }
  [[nodiscard]] std::vector<std::string> names() const { return layout_->names; }

 private:
  std::mutex mutex_;
  std::optional<Pipeline> pipeline_;
  std::shared_ptr<const Layout> layout_;
};

/// Collects rows of a Pipeline or Extractor.
class RowTable {
 public:
  void append(const PyRow& row) {
    if (!table_) {
      columns_ = row.layout->columns;
      table_.emplace(columns_, false);
    }
    table_->append(row.row, row.file);
  }
  [[nodiscard]] std::size_t rows() const { return table_ ? table_->rows() : 0; }
  nb::object toArrow(const nb::object&) {
    if (!table_) table_.emplace(columns_, false);
    return table_->toArrow("{}");
  }

 private:
  Columns columns_;
  std::optional<ColumnTable> table_;
};

// ------------------------------------------------------------------------------------------ text

using Numbers = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/// Lines of a CSV file. `decimals` of a column: how many to print, -1 for the fewest that give the
/// number back, -2 for whole numbers. NaN is an empty cell. `first`: texts before the numbers.
nb::bytes csvLines(const std::vector<std::string>& first, const std::vector<Numbers>& columns,
                   const std::vector<int>& decimals) {
  std::string out;
  {
    const nb::gil_scoped_release release;
    const std::size_t rows = columns.empty() ? first.size() : columns[0].shape(0);
    char text[400];
    for (std::size_t r = 0; r < rows; ++r) {
      if (!first.empty()) out += first[r];
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (c > 0 || !first.empty()) out += ',';
        const double value = columns[c].data()[r];
        if (!std::isfinite(value)) continue;
        const std::to_chars_result end =
            decimals[c] >= 0 ? std::to_chars(text, text + sizeof(text), value,
                                             std::chars_format::fixed, decimals[c])
            : decimals[c] == -1
                ? std::to_chars(text, text + sizeof(text), value)
                : std::to_chars(text, text + sizeof(text), static_cast<std::int64_t>(value));
        out.append(text, end.ptr);
      }
      out += '\n';
    }
  }
  return nb::bytes(out.data(), out.size());
}

// ---------------------------------------------------------------------------------------- models

nb::list modelList(const std::string& pack, bool hashes) {
  std::vector<ModelPart> parts;
  {
    const nb::gil_scoped_release release;
    parts = unwrap(listModels(pack, hashes ? ModelCheck::kHash : ModelCheck::kSize));
  }
  nb::list out;
  for (const ModelPart& part : parts) {
    for (const ModelFile& file : part.files) {
      nb::dict d;
      d["pack"] = part.pack;
      d["part"] = part.part;
      d["purpose"] = part.purpose;
      d["optional"] = part.optional;
      d["file"] = file.name;
      d["path"] = file.path;
      d["bytes"] = file.bytes;
      d["licence"] = file.licence;
      d["state"] = modelStateName(file.state);
      d["problem"] = file.problem;
      out.append(d);
    }
  }
  return out;
}

std::size_t installPack(const std::string& pack, bool accept, const nb::object& progress) {
  std::size_t installed = 0;
  Dialogue dialogue;
  runInterruptible(dialogue, progress, [&] {
    InstallOptions options;
    options.accept_licence = accept;
    options.progress = [&](const InstallProgress& now) {
      dialogue.frames = static_cast<std::int64_t>(now.bytes);
      dialogue.expected = static_cast<std::int64_t>(now.total);
      return !dialogue.stop;
    };
    installed = unwrap(installModels(pack, options));
  });
  return installed;
}

std::size_t importPack(const Path& path) {
  const nb::gil_scoped_release release;
  return unwrap(importModels(path)).filed.size();
}

}  // namespace
}  // namespace frontalis::python

NB_MODULE(_native, m) {
  using namespace frontalis;
  using namespace frontalis::python;
  m.doc() = "Compiled part of frontalis; use the package's own names.";
  nb::register_exception_translator(raise);

  nb::class_<Config>(m, "Config", "Everything to choose about an analysis.")
      .def(nb::init<>())
      .def_rw("pack", &Config::pack)
      .def_rw("landmarks", &Config::landmarks)
      .def_rw("faces", &Config::faces)
      .def_rw("detect_every", &Config::detect_every)
      .def_rw("detect_size", &Config::detect_size)
      .def_rw("threads", &Config::threads)
      .def_rw("online", &Config::online)
      .def_rw("static_models", &Config::static_models)
      .def_prop_rw(
          "neutral",
          [](const Config& c) -> std::optional<std::pair<double, double>> {
            if (!c.neutral) return std::nullopt;
            return std::pair(c.neutral->from_s, c.neutral->to_s);
          },
          [](Config& c, const std::optional<std::pair<double, double>>& span) {
            c.neutral.reset();
            if (span) c.neutral = TimeSpan{span->first, span->second};
          },
          nb::arg().none())
      .def_rw("mirror_sides", &Config::mirror_sides)
      .def_rw("features", &Config::features)
      .def_rw("aligned_size", &Config::aligned_size)
      .def_rw("aligned_scale", &Config::aligned_scale)
      .def_rw("aligned_mask", &Config::aligned_mask)
      .def_rw("runtime", &Config::runtime)
      .def_rw("device", &Config::device)
      .def_rw("runtime_strict", &Config::runtime_strict)
      .def_rw("prepare_limit_s", &Config::prepare_limit_s)
      .def_rw("run_limit_s", &Config::run_limit_s);
  nb::class_<Columns>(m, "Columns", "Groups of columns to give, where the pack has them.")
      .def(nb::init<>())
      .def_rw("pose", &Columns::pose)
      .def_rw("landmarks_2d", &Columns::landmarks_2d)
      .def_rw("landmarks_3d", &Columns::landmarks_3d)
      .def_rw("sides", &Columns::sides)
      .def_rw("blendshapes", &Columns::blendshapes);
  nb::class_<InputInfo>(m, "InputInfo", "What is being read.")
      .def_ro("path", &InputInfo::path)
      .def_ro("is_video", &InputInfo::is_video, "False: an image or a folder of images")
      .def_ro("width", &InputInfo::width, "px, as displayed")
      .def_ro("height", &InputInfo::height, "px, as displayed")
      .def_ro("rotation", &InputInfo::rotation, "degrees clockwise that the container asks for")
      .def_ro("mirrored", &InputInfo::mirrored)
      .def_ro("pixel_aspect", &InputInfo::pixel_aspect, "width of a stored pixel by its height")
      .def_ro("codec", &InputInfo::codec)
      .def_ro("average_fps", &InputInfo::average_fps, "0 when the container does not tell")
      .def_ro("expected_frames", &InputInfo::expected_frames, "an estimate; 0 when unknown");
  bindRow(m);
  nb::class_<PyTable>(m, "Table", "A finished table; give it to pyarrow.record_batch().")
      .def_ro("meta", &PyTable::meta, "JSON text: how the table was made")
      .def("__arrow_c_array__", &PyTable::toArrow, nb::arg("requested_schema") = nb::none());
  nb::class_<RowTable>(m, "RowTable", "Collects rows; give it to pyarrow.record_batch().")
      .def(nb::init<>())
      .def("append", &RowTable::append, nb::arg("row"))
      .def("__len__", &RowTable::rows)
      .def("__arrow_c_array__", &RowTable::toArrow, nb::arg("requested_schema") = nb::none());
  nb::class_<PyExtractor>(m, "Extractor")
      .def(nb::init<fs::path, Config, Columns>(), nb::arg("input"), nb::arg("config"),
           nb::arg("columns"))
      .def("__iter__", [](nb::handle self) { return self; })
      .def("__next__", &PyExtractor::next)
      .def("on_progress", &PyExtractor::onProgress, nb::arg("progress").none())
      .def_prop_ro("input", &PyExtractor::info, nb::rv_policy::reference_internal)
      .def_prop_ro("value_names", &PyExtractor::names)
      .def("meta", &PyExtractor::meta);
  nb::class_<PyPipeline>(m, "Pipeline")
      .def(nb::init<Config, Columns>(), nb::arg("config"), nb::arg("columns"))
      .def("process", &PyPipeline::process, nb::arg("picture").noconvert(), nb::arg("timestamp"),
           nb::arg("format") = "bgr", nb::arg("rotation") = 0, nb::arg("mirrored") = false)
      .def("reset", &PyPipeline::reset)
      .def_prop_ro("value_names", &PyPipeline::names);

  m.def("extract", &extract, nb::arg("input"), nb::arg("config"), nb::arg("columns"),
        nb::arg("progress").none());
  m.def("extract_to_file", &extractToFileFor, nb::arg("input"), nb::arg("output"),
        nb::arg("config"), nb::arg("columns"), nb::arg("json_lines"), nb::arg("hog"),
        nb::arg("aligned"), nb::arg("geometry"), nb::arg("progress").none());
  m.def("csv_lines", &csvLines, nb::arg("first"), nb::arg("columns"), nb::arg("decimals"));
  m.def("decimals_of", &decimalsOf, nb::arg("name"));
  m.def("unit_of", &unitOf, nb::arg("name"));
  m.def("models_list", &modelList, nb::arg("pack"), nb::arg("hashes"));
  m.def(
      "models_licence", [](const std::string& pack) { return unwrap(licenceNotice(pack)); },
      nb::arg("pack"));
  m.def("models_install", &installPack, nb::arg("pack"), nb::arg("accept_licence"),
        nb::arg("progress").none());
  m.def("models_import", &importPack, nb::arg("path"));
  bindBatch(m);
  bindStudies(m);
  m.def("version", &version);
  m.def("error_names", [] {
    std::vector<std::string> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
      names.emplace_back(errorName(static_cast<ErrorCode>(code)));
    }
    return names;
  });
  m.attr("INTENSITY_AUS") =
      nb::cast(std::vector<int>(kIntensityAuNumbers.begin(), kIntensityAuNumbers.end()));
  m.attr("PRESENCE_AUS") =
      nb::cast(std::vector<int>(kPresenceAuNumbers.begin(), kPresenceAuNumbers.end()));
}
