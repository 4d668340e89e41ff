#include "output/extract_file.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <vector>

#include "output/appearance_files.h"
#include "output/csv.h"
#include "output/json_lines.h"
#include "output/meta.h"
#include "output/openface_details.h"
#include "output/render.h"
#include "output/row_values.h"
#include "util/file.h"
#include "util/sha256.h"
#include "util/try.h"

namespace frontalis {
namespace {

/// Where rows go: a file that appears when complete, or standard output line by line.
class RowWriter {
 public:
  static Result<RowWriter> open(const std::filesystem::path& output) {
    RowWriter writer;
    if (output != "-") {
      FRONTALIS_ASSIGN(writer.file_, AtomicFile::create(output));
    }
    return writer;
  }

  Status write(const std::string& text) {
    if (file_) return file_->write(text);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
      return Error{ErrorCode::kUnwritable,
                   errno == EPIPE ? "standard output was closed by its reader"
                                  : std::string("standard output: ") + std::strerror(errno)};
    }
    return {};
  }

  Status commit() { return file_ ? file_->commit() : Status(); }

 private:
  std::optional<AtomicFile> file_;
};

std::filesystem::path metaOf(const std::filesystem::path& output) {
  return std::filesystem::path(output).replace_extension(".meta.json");
}

/// Nothing written may be what is read, or another thing written.
Status checkOutputs(const ExtractRequest& request) {
  std::vector<std::filesystem::path> taken = {request.input};
  if (request.config.landmarks.ends_with(".csv")) taken.emplace_back(request.config.landmarks);
  if (!request.aligned_folder.empty()) FRONTALIS_TRY(checkOutput(request.aligned_folder, taken));
  std::set<std::filesystem::path> names;
  const bool table = request.output != "-";
  for (const auto& output : {table ? request.output : "", table ? metaOf(request.output) : "",
                             request.hog, request.geometry, request.annotated}) {
    if (output.empty()) continue;
    FRONTALIS_TRY(checkOutput(output, taken));
    std::error_code ignored;
    if (!names.insert(std::filesystem::absolute(output, ignored).lexically_normal()).second) {
      return Error{ErrorCode::kInvalidArgument,
                   "two outputs would both be written to " + output.string(),
                   "Choose another name for one of them"};
    }
  }
  return {};
}

}  // namespace

Result<ExtractReport> extractToFile(const ExtractRequest& request) {
  FRONTALIS_TRY(checkOutputs(request));
  // The output first: an unwritable place must not cost an analysis.
  FRONTALIS_ASSIGN(RowWriter writer, RowWriter::open(request.output));
  FRONTALIS_ASSIGN(Extractor extractor, Extractor::open(request.input, request.config));
  if (request.opened) request.opened(extractor.input());
  if (request.progress) extractor.onProgress(request.progress);

  FRONTALIS_TRY(checkWanted(request.wanted, extractor.columns(), request.config.pack));
  FRONTALIS_ASSIGN(AppearanceFiles appearance,
                   AppearanceFiles::create(request.hog, request.aligned_folder, request.geometry));
  if (!request.hog.empty() || !request.aligned_folder.empty() || !request.geometry.empty()) {
    if (request.config.faces > 1) {
      return Error{ErrorCode::kInvalidArgument, "aligned faces and FHOG are those of one face",
                   "Leave --faces out"};
    }
    if (!extractor.hasAppearance()) {
      return Error{ErrorCode::kInvalidArgument,
                   "the pack \"" + request.config.pack + "\" has no aligned faces and no FHOG",
                   "Use the openface pack, or --features"};
    }
    extractor.onAppearance([&](const Appearance& seen) { return appearance.write(seen); });
  }

  if (!request.annotated.empty() &&
      (extractor.input().is_video || std::filesystem::is_directory(request.input))) {
    return Error{ErrorCode::kInvalidArgument,
                 request.input.string() + " is not one image: there is nothing to annotate",
                 "For a video use `frontalis render`"};
  }
  std::vector<Row> annotated;

  const bool named = !extractor.input().is_video && std::filesystem::is_directory(request.input);
  const Columns columns = both(request.wanted, extractor.columns());
  const CsvFormat csv(
      columns, columns.failed_keep_state ? CsvStyle::kOpenFace : CsvStyle::kFrontalis, named);
  const JsonLinesFormat json(columns, named);

  std::string text = request.format == RowFormat::kCsv ? csv.header() : "";
  while (true) {
    FRONTALIS_ASSIGN(const std::optional<Row> row, extractor.next());
    if (!row) break;
    if (request.format == RowFormat::kCsv) {
      csv.append(*row, extractor.itemName(), text);
    } else {
      json.append(*row, extractor.itemName(), text);
    }
    if (!request.annotated.empty()) annotated.push_back(*row);
    FRONTALIS_TRY(writer.write(text));
    text.clear();
  }
  FRONTALIS_TRY(writer.write(text));
  FRONTALIS_TRY(writer.commit());
  FRONTALIS_TRY(appearance.commit());
  if (!request.annotated.empty()) {
    FRONTALIS_TRY(annotateImage(request.input, annotated, extractor.columns(), request.annotated));
  }

  ExtractReport report{extractor.summary(), extractor.input(), {}, request.output, {}};
  if (request.output != "-") {
    report.meta = metaOf(request.output);
    if (std::filesystem::is_regular_file(request.input)) {
      FRONTALIS_ASSIGN(report.input_sha256, sha256File(request.input));
    }
    FRONTALIS_TRY(writeFile(report.meta, metaJson(request, report)));
    if (columns.failed_keep_state) {
      std::filesystem::path details = request.output;
      details.replace_filename(request.output.stem().string() + "_of_details.txt");
      FRONTALIS_TRY(writeFile(details, openFaceDetails(request, report.input, columns)));
    }
  }
  return report;
}

}  // namespace frontalis
