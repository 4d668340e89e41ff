#include "face/clnf/model_list.h"

#include <fstream>

#include "au/linear_model.h"
#include "batch/inputs.h"
#include "fuzz/input.h"

using namespace frontalis;
namespace fs = std::filesystem;

namespace {

void requireInside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder);
  fuzz::require(!relative.empty() && *relative.begin() != "..", "a path below the list's folder");
}

}  // namespace

/// Lists of models and of videos. The lists of AU models are read from a folder that holds the same
/// bytes under both names that they use.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::TemporaryFolder made("fuzz_lists");
  const fs::path& folder = made.path();
  const std::string_view text = fuzz::bytes(data, size);
  const fs::path name = folder / "list.txt";
  if (const auto list = parseMainList(text, name); list.ok()) {
    requireInside(list->model, folder);
    for (const PartReference& part : list->parts) requireInside(part.list, folder);
    if (list->validator) requireInside(*list->validator, folder);
  }
  if (const auto list = parseModelDescription(text, name); list.ok()) {
    requireInside(list->pdm, folder);
    for (const auto* paths : {&list->svr, &list->ccnf, &list->cen}) {
      for (const fs::path& path : *paths) requireInside(path, folder);
    }
  }
  for (const char* file : {"list.txt", "predictors.txt"}) {
    std::ofstream(folder / file, std::ios::binary).write(text.data(), static_cast<long>(size));
  }
  if (const auto list = readAuModelList(name); list.ok()) {
    for (const auto& entry : list->models) requireInside(entry.file, folder);
  }
  (void)findInputs({name}, folder / "out");
  return 0;
}
