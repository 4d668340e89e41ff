#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "frontalis/extractor.h"

namespace frontalis {

enum class RowFormat { kCsv, kJsonLines };

/// What to write of one input, and where.
struct ExtractRequest {
  std::filesystem::path input;
  std::filesystem::path output;  ///< "-" writes rows to standard output, without a meta file
  RowFormat format = RowFormat::kCsv;
  std::filesystem::path hog;             ///< .hog file of the FHOG descriptors; may be empty
  std::filesystem::path aligned_folder;  ///< for the aligned faces; may be empty
  std::filesystem::path annotated;       ///< picture of one image with its rows; may be empty
  std::filesystem::path geometry;        ///< table of shape parameters and geometry; may be empty
  Columns wanted;                        ///< groups the pipeline does not fill are left out
  Config config;
  std::function<void(const InputInfo&)> opened;   ///< called once, before the first frame
  std::function<bool(const Progress&)> progress;  ///< see Extractor::onProgress; may be empty
};

struct ExtractReport {
  Summary summary;
  InputInfo input;
  std::string input_sha256;  ///< empty for folders, and when rows went to standard output
  std::filesystem::path output;
  std::filesystem::path meta;  ///< empty when rows went to standard output
};

/// From an input to its table and `<output stem>.meta.json`, each of which appears under its name
/// only when complete; a stopped or damaged input still gives a valid table of what was seen.
/// Errors: those of Extractor; kUnwritable, kDiskFull.
Result<ExtractReport> extractToFile(const ExtractRequest& request);

}  // namespace frontalis
