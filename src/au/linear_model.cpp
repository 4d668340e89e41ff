#include "au/linear_model.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "au/descriptor.h"
#include "util/binary_reader.h"
#include "util/file.h"
#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMaxModelBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxListBytes = std::size_t{1} << 16;

enum Kind : std::int32_t {
  kStaticSvr = 0,
  kDynamicSvr = 1,
  kStaticSvm = 4,
  kDynamicSvm = 5,
  kLastKind = 7
};

bool allFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

/// 0.0 or 1.0; anything else marks the file as malformed.
bool readClass(BinaryReader& reader, std::string_view what) {
  const double value = reader.f64();
  if (value != 0 && value != 1) {
    reader.fail(std::string(what) + " class is " + std::to_string(value) + ", expected 0 or 1");
  }
  return value == 1;
}

}  // namespace

Result<LinearModel> parseLinearModel(std::string_view bytes, const std::string& name) {
  BinaryReader reader(bytes, name);
  const std::int32_t kind = reader.i32In(0, kLastKind, "kind of model");
  FRONTALIS_TRY(reader.status());
  if (kind != kStaticSvr && kind != kDynamicSvr && kind != kStaticSvm && kind != kDynamicSvm) {
    return Error{ErrorCode::kUnsupported,
                 name + " is a model of kind " + std::to_string(kind) +
                     ", expected a linear SVR (0, 1) or a linear SVM (4, 5)"};
  }
  LinearModel model;
  model.dynamic = kind == kDynamicSvr || kind == kDynamicSvm;
  model.presence = kind == kStaticSvm || kind == kDynamicSvm;
  if (kind == kDynamicSvr) {
    model.cutoff = reader.f64();
    if (model.cutoff != -1 && !(model.cutoff >= 0 && model.cutoff <= 1)) {
      reader.fail("cutoff is " + std::to_string(model.cutoff) + ", expected 0 to 1, or -1");
    }
  }
  RawMatrix<double> means = reader.matrix<double>("means");
  const auto columns = static_cast<std::size_t>(means.cols);
  if (!reader.failed() && (means.rows != 1 || (columns != kFeatures && columns != kFhogSize))) {
    reader.fail("means are " + std::to_string(means.rows) + " x " + std::to_string(means.cols) +
                ", expected 1 x " + std::to_string(kFeatures) + " or 1 x " +
                std::to_string(kFhogSize));
  }
  RawMatrix<double> weights = reader.matrix<double>("weights");
  if (!reader.failed() && (weights.rows != means.cols || weights.cols != 1)) {
    reader.fail("weights are " + std::to_string(weights.rows) + " x " +
                std::to_string(weights.cols) + ", expected " + std::to_string(means.cols) + " x 1");
  }
  model.bias = reader.f64();
  if (!allFinite(means.values) || !allFinite(weights.values) || !std::isfinite(model.bias)) {
    reader.fail("a value before this is not a finite number");
  }
  if (model.presence) {
    model.class_above = readClass(reader, "positive");
    model.class_below = readClass(reader, "negative");
  }
  if (!reader.failed() && reader.remaining() > 0) {
    reader.fail(std::to_string(reader.remaining()) + " bytes too many");
  }
  FRONTALIS_TRY(reader.status());
  model.means = std::move(means.values);
  model.weights = std::move(weights.values);
  return model;
}

Result<LinearModel> readLinearModel(const fs::path& path) {
  FRONTALIS_ASSIGN(const std::string bytes, readFile(path, kMaxModelBytes));
  return parseLinearModel(bytes, path.string());
}

namespace {

/// "first rest" of one line, without surrounding white space.
struct Line {
  int number = 0;
  std::string_view first;
  std::string_view rest;
};

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::vector<Line> splitLines(std::string_view text) {
  std::vector<Line> lines;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
    lines.push_back({number, line.substr(0, space), trimmed(line.substr(space))});
  }
  return lines;
}

Error badLine(const fs::path& list, int number, const std::string& what) {
  return {ErrorCode::kCorrupt, list.string() + " line " + std::to_string(number) + ": " + what};
}

/// `text` under `folder`, if it stays there.
Result<fs::path> pathInside(const fs::path& folder, const fs::path& list, const Line& line,
                            std::string_view text) {
  const fs::path relative(text);
  if (!staysInside(relative)) {
    return badLine(list, line.number,
                   "\"" + std::string(text) + "\" is not a path inside this folder");
  }
  return folder / relative;
}

/// "AU04" or "AU04,AU07" as 4 or 4, 7.
Result<std::vector<int>> auNumbers(const fs::path& list, const Line& line) {
  std::vector<int> numbers;
  std::string_view names = line.rest;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(','), names.size());
    const std::string_view name = trimmed(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
    int number = 0;
    const char* last = name.data() + name.size();
    if (!name.starts_with("AU") || std::from_chars(name.data() + 2, last, number).ptr != last ||
        number <= 0) {
      return badLine(list, line.number, "\"" + std::string(name) + "\" is not an AU name");
    }
    numbers.push_back(number);
  }
  if (numbers.empty()) return badLine(list, line.number, "names no AU");
  return numbers;
}

}  // namespace

Result<AuModelList> readAuModelList(const fs::path& main_list) {
  const fs::path folder = main_list.parent_path();
  FRONTALIS_ASSIGN(const std::string text, readFile(main_list, kMaxListBytes));
  AuModelList out;
  fs::path predictors;
  for (const Line& line : splitLines(text)) {
    fs::path* target = line.first == "AUPredictor"     ? &predictors
                       : line.first == "PDM"           ? &out.pdm
                       : line.first == "Triangulation" ? &out.triangulation
                                                       : nullptr;
    if (target == nullptr) {
      return badLine(
          main_list, line.number,
          "\"" + std::string(line.first) + "\", expected AUPredictor, PDM or Triangulation");
    }
    FRONTALIS_ASSIGN(*target, pathInside(folder, main_list, line, line.rest));
  }
  if (predictors.empty() || out.pdm.empty() || out.triangulation.empty()) {
    return Error{ErrorCode::kCorrupt,
                 main_list.string() + ": expected lines AUPredictor, PDM and Triangulation"};
  }
  FRONTALIS_ASSIGN(const std::string list, readFile(predictors, kMaxListBytes));
  for (const Line& line : splitLines(list)) {
    AuModelList::Entry entry;
    FRONTALIS_ASSIGN(entry.file,
                     pathInside(predictors.parent_path(), predictors, line, line.first));
    FRONTALIS_ASSIGN(entry.aus, auNumbers(predictors, line));
    out.models.push_back(std::move(entry));
  }
  return out;
}

}  // namespace frontalis
