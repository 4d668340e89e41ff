#pragma once

#include <zlib.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/paths.h"

// Readers for the reference data under ../shared. They throw: a reference file that is there but
// unreadable is a broken test set-up, which GoogleTest reports as a failure.
namespace frontalis::testing {

/// Where one reference video's files lie: name "single_face", "default" or "face_noface".
inline std::filesystem::path referenceDir(const std::string& video) {
  return sharedDir() / "reference" / "openface-2.2.0-clnf" / video;
}
/// The original model files, in OpenFace's own folder layout from "lib" on.
inline std::filesystem::path openfaceOriginals() {
  return sharedDir() / "models" / "OpenFaceModels" / "2.2.0" / "originals";
}
inline std::filesystem::path auPredictorsDir() {
  return openfaceOriginals() / "lib" / "local" / "FaceAnalyser" / "AU_predictors";
}
inline std::filesystem::path landmarkModelDir() {
  return openfaceOriginals() / "lib" / "local" / "LandmarkDetector" / "model";
}

/// Content of a .gz file.
inline std::string gunzip(const std::filesystem::path& path) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) throw std::runtime_error("cannot open " + path.string());
  std::string bytes;
  std::string chunk(std::size_t{1} << 18, '\0');
  int got = 0;
  while ((got = gzread(file, chunk.data(), static_cast<unsigned>(chunk.size()))) > 0) {
    bytes.append(chunk, 0, static_cast<std::size_t>(got));
  }
  gzclose(file);
  if (got < 0) throw std::runtime_error("cannot read " + path.string());
  return bytes;
}

inline nlohmann::json gunzipJson(const std::filesystem::path& path) {
  return nlohmann::json::parse(gunzip(path));
}

/// One row a frame; columns by name.
struct CsvTable {
  std::map<std::string, std::size_t> columns;
  std::vector<std::vector<double>> rows;

  [[nodiscard]] double at(std::size_t row, const std::string& column) const {
    return rows.at(row).at(columns.at(column));
  }
  /// prefix0, prefix1, ... prefix<count-1> of a row.
  [[nodiscard]] std::vector<double> group(std::size_t row, const std::string& prefix,
                                          int count) const {
    std::vector<double> values;
    for (int i = 0; i < count; ++i) values.push_back(at(row, prefix + std::to_string(i)));
    return values;
  }
};

inline CsvTable parseCsv(const std::string& text) {
  CsvTable table;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream cells(line);
    std::string cell;
    std::vector<double> row;
    while (std::getline(cells, cell, ',')) {
      if (table.rows.empty() && row.empty() && line.find("frame") == 0) {
        table.columns.emplace(cell, table.columns.size());
      } else {
        row.push_back(std::stod(cell));
      }
    }
    if (!row.empty()) table.rows.push_back(std::move(row));
  }
  return table;
}

/// The CSV that OpenFace wrote for a reference video.
inline CsvTable referenceCsv(const std::string& video) {
  return parseCsv(gunzip(referenceDir(video) / (video + ".csv.gz")));
}

/// A base64 block {dtype, shape, base64} of little-endian float32.
inline std::vector<float> decodeFloats(const nlohmann::json& block) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned buffer = 0;
  int bits = 0;
  for (const char c : block.at("base64").get_ref<const std::string&>()) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) continue;
    buffer = (buffer << 6) | static_cast<unsigned>(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((buffer >> bits) & 0xff);
    }
  }
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

/// Pearson's r.
inline double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  double mean_a = 0, mean_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / static_cast<double>(a.size());
    mean_b += b[i] / static_cast<double>(a.size());
  }
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace frontalis::testing
