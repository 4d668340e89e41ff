#include "face/clnf/model_list.h"

#include <algorithm>
#include <charconv>

#include "util/file.h"
#include "util/try.h"

namespace frontalis {

namespace {

struct Directive {
  int line = 0;
  std::vector<std::string> words;
};

std::vector<Directive> split(std::string_view text) {
  std::vector<Directive> directives;
  int line = 0;
  while (!text.empty()) {
    ++line;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view rest = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    Directive directive{line, {}};
    constexpr std::string_view kBlanks = " \t\r";
    while (true) {
      rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
      if (rest.empty()) break;
      const std::size_t word = std::min(rest.find_first_of(kBlanks), rest.size());
      directive.words.emplace_back(rest.substr(0, word));
      rest.remove_prefix(word);
    }
    if (!directive.words.empty()) directives.push_back(std::move(directive));
  }
  return directives;
}

Error malformed(const std::filesystem::path& path, int line, const std::string& what) {
  return {ErrorCode::kCorrupt,
          path.string() + " is malformed in line " + std::to_string(line) + ": " + what};
}

/// The file that a directive names, if it lies under the list's folder.
Result<std::filesystem::path> resolve(const std::filesystem::path& list,
                                      const Directive& directive) {
  if (directive.words.size() < 2) {
    return malformed(list, directive.line, directive.words.front() + " names no file");
  }
  std::string relative = directive.words[1];
  std::replace(relative.begin(), relative.end(), '\\', '/');
  if (!staysInside(relative)) {
    return malformed(list, directive.line,
                     "\"" + directive.words[1] + "\" is not a path inside this folder");
  }
  return list.parent_path() / relative;
}

bool parseIndex(const std::string& word, int& index) {
  const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), index);
  return code == std::errc() && end == word.data() + word.size() && index >= 0 && index < 1024;
}

}  // namespace

Result<MainList> parseMainList(std::string_view text, const std::filesystem::path& path) {
  MainList list;
  for (const Directive& directive : split(text)) {
    const auto& [line, words] = directive;
    const std::string& kind = words.front();
    if (kind != "LandmarkDetector" && kind != "LandmarkDetector_part" &&
        kind != "DetectionValidator") {
      continue;
    }
    FRONTALIS_ASSIGN(std::filesystem::path file, resolve(path, directive));
    if (kind == "LandmarkDetector") {
      list.model = std::move(file);
    } else if (kind == "DetectionValidator") {
      list.validator = std::move(file);
    } else {
      PartReference part;
      part.list = std::move(file);
      if (words.size() < 3) return malformed(path, line, "the part has no name");
      part.name = words[2];
      if (words.size() < 5 || words.size() % 2 == 0) {
        return malformed(path, line, "expected pairs of landmark indices");
      }
      for (std::size_t i = 3; i + 1 < words.size(); i += 2) {
        std::pair<int, int> pair;
        if (!parseIndex(words[i], pair.first) || !parseIndex(words[i + 1], pair.second)) {
          return malformed(path, line,
                           "\"" + words[i] + " " + words[i + 1] + "\" is no pair of indices");
        }
        part.main_to_part.push_back(pair);
      }
      list.parts.push_back(std::move(part));
    }
  }
  if (list.model.empty()) {
    return Error{ErrorCode::kCorrupt, path.string() + " has no line \"LandmarkDetector FILE\"",
                 "Name a list such as main_clnf_general.txt"};
  }
  return list;
}

Result<ModelDescription> parseModelDescription(std::string_view text,
                                               const std::filesystem::path& path) {
  ModelDescription description;
  for (const Directive& directive : split(text)) {
    const std::string& kind = directive.words.front();
    if (kind != "PDM" && kind != "PatchesIntensity" && kind != "PatchesCCNF" &&
        kind != "PatchesCEN" && kind != "EarlyTermination") {
      continue;
    }
    FRONTALIS_ASSIGN(const std::filesystem::path file, resolve(path, directive));
    if (kind == "PDM") description.pdm = file;
    if (kind == "PatchesIntensity") description.svr.push_back(file);
    if (kind == "PatchesCCNF") description.ccnf.push_back(file);
    if (kind == "PatchesCEN") description.cen.push_back(file);
    if (kind == "EarlyTermination") description.early_termination = file;
  }
  if (description.pdm.empty()) {
    return Error{ErrorCode::kCorrupt, path.string() + " has no line \"PDM FILE\""};
  }
  if (description.svr.empty() && description.ccnf.empty() && description.cen.empty()) {
    return Error{ErrorCode::kCorrupt, path.string() + " names no patch experts"};
  }
  return description;
}

Result<MainList> loadMainList(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string text, readFile(path));
  return parseMainList(text, path);
}

Result<ModelDescription> loadModelDescription(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string text, readFile(path));
  return parseModelDescription(text, path);
}

}  // namespace frontalis
