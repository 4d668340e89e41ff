#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/synthetic_au_models.h"
#include "util/sha256.h"

namespace frontalis::testing {

/// A pack like a lab's own, on any machine: made-up linear models and the free face model of
/// `data`, the source tree's folder.
inline void writeOwnPack(const std::filesystem::path& folder,
                         const std::vector<SyntheticAuModel>& models,
                         const std::filesystem::path& data) {
  namespace fs = std::filesystem;
  fs::remove_all(folder);
  writeAuModels(folder, models);
  fs::copy(data / "face68" / "pdm.txt", folder / "pdm.txt");
  fs::copy(data / "face68" / "triangles.txt", folder / "tris.txt");
  nlohmann::json files = nlohmann::json::array();
  const auto list = [&](const fs::path& path, const std::string& role) {
    files.push_back({{"path", path.string()},
                     {"bytes", fs::file_size(folder / path)},
                     {"sha256", sha256File(folder / path).value()},
                     {"role", role}});
  };
  list("main.txt", "au-models");
  list("main.txt", "au-models-static");
  list("pdm.txt", "pdm");
  list("tris.txt", "triangulation");
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) list(fs::relative(entry.path(), folder), "");
  }
  std::ofstream(folder / "manifest.json")
      << nlohmann::json{{"name", "mine"}, {"version", "1"}, {"files", files}};
}

}  // namespace frontalis::testing
