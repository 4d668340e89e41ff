#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// A video a batch is to extract.
struct BatchInput {
  std::filesystem::path path;  ///< absolute
  /// Below the folder that was searched; of a file named by itself its file name.
  std::filesystem::path name;
};

struct FoundInputs {
  std::vector<BatchInput> inputs;     ///< each once, in the order found
  std::vector<std::string> warnings;  ///< folders that could not be searched
};

/// Videos named by files, folders (searched to their depth, by suffix) and .txt lists of both.
/// Files that do not exist are taken too: the batch reports them. `out` is not searched. Errors:
/// those of readFile for a list; kNotFound where there is nothing to do.
Result<FoundInputs> findInputs(const std::vector<std::filesystem::path>& arguments,
                               const std::filesystem::path& out);

/// Where each input's table goes, relative to the output folder, in the order of `inputs`: its name
/// with `extension`; where two would be the same, with the suffix kept, then with the folders above
/// until they differ. No two differ only in case. Names in `given` stay.
std::vector<std::filesystem::path> outputNames(
    const std::vector<BatchInput>& inputs, const std::string& extension,
    const std::map<std::filesystem::path, std::filesystem::path>& given);

}  // namespace frontalis
