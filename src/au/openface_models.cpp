#include "au/openface_models.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

const PackFile* entryFor(const Pack& pack, const fs::path& path) {
  const auto found = std::find_if(pack.files.begin(), pack.files.end(), [&](const PackFile& entry) {
    return (pack.folder / entry.path).lexically_normal() == path.lexically_normal();
  });
  return found == pack.files.end() ? nullptr : &*found;
}

const PackFile* entryWithRole(const Pack& pack, std::string_view role) {
  const auto found = std::find_if(pack.files.begin(), pack.files.end(),
                                  [&](const PackFile& entry) { return entry.role == role; });
  return found == pack.files.end() ? nullptr : &*found;
}

/// AU number of ".../AU_12_static_intensity_comb.dat"; 0 if the name has none.
int auOfFileName(const fs::path& path) {
  const std::string name = path.filename().string();
  constexpr std::string_view kPrefix = "AU_";
  int number = 0;
  if (name.starts_with(kPrefix)) {
    std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
  }
  return number;
}

AuModelList intensitiesOf(const Pack& pack) {
  AuModelList list;
  for (const PackFile& entry : pack.files) {
    const int au = auOfFileName(entry.path);
    if (entry.part == "intensities" && au > 0) {
      list.models.push_back({pack.folder / entry.path, {au}});
    }
  }
  return list;
}

}  // namespace

Result<OpenFaceModels> readOpenFaceModels(const Pack& pack, bool static_models) {
  const std::string_view role = static_models ? "au-models-static" : "au-models";
  OpenFaceModels out;
  AuModelList list;
  const Result<fs::path> list_file = pack.file(role);
  if (list_file.ok()) {
    FRONTALIS_ASSIGN(list, readAuModelList(*list_file));
  } else if (list_file.error().code == ErrorCode::kModelMissing && !static_models) {
    list = intensitiesOf(pack);
  }
  if (list.models.empty()) {
    if (!list_file.ok()) return list_file.error();
    return Error{ErrorCode::kModelCorrupt, list_file->string() + " names no models", pack.repair};
  }
  for (const AuModelList::Entry& model : list.models) {
    const PackFile* entry = entryFor(pack, model.file);
    if (entry == nullptr) {
      return Error{
          ErrorCode::kModelCorrupt,
          model.file.string() + " is not among the files of the pack \"" + pack.name + "\"",
          pack.repair};
    }
    FRONTALIS_TRY(verifyFile(model.file, *entry, pack.repair));
    out.used.push_back(*entry);
  }
  FRONTALIS_ASSIGN(AuPredictor predictor, AuPredictor::read(list));
  out.predictor = std::make_shared<const AuPredictor>(std::move(predictor));
  FRONTALIS_ASSIGN(out.pdm, pack.file("pdm"));
  FRONTALIS_ASSIGN(out.triangulation, pack.file("triangulation"));
  out.used.push_back(*entryWithRole(pack, "pdm"));
  out.used.push_back(*entryWithRole(pack, "triangulation"));
  return out;
}

}  // namespace frontalis
