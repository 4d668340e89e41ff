#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "frontalis/config.h"
#include "frontalis/row.h"

namespace frontalis::cli {

/// What `extract` and `batch` let a user choose about an analysis and its table.
struct ExtractOptions {
  std::string format = "csv";
  std::string sides;  ///< "", "face" or "mirror"
  Columns columns;
  Config config;
  std::vector<const CLI::Option*> added;

  [[nodiscard]] bool given(const std::string& name) const;
};

void addExtractOptions(CLI::App& command, ExtractOptions& options);

/// After parsing: those given that change what is written (--threads does not), as "--flag" and
/// "--name=value", in the order of the help text.
std::vector<std::string> givenArguments(const ExtractOptions& options);

}  // namespace frontalis::cli
