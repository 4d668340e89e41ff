#include "batch/inputs.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "util/file.h"
#include "util/try.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 30> kVideoSuffixes = {
    ".3g2", ".3gp", ".asf",  ".avi",   ".dv",  ".flv", ".gif", ".ivf",  ".m2t", ".m2ts",
    ".m2v", ".m4v", ".mjpg", ".mjpeg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts",
    ".mxf", ".nut", ".ogg",  ".ogv",   ".qt",  ".ts",  ".vob", ".webm", ".wmv", ".y4m"};

std::string lowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool isVideoName(const fs::path& path) {
  const std::string suffix = lowerCase(path.extension().string());
  return std::find(kVideoSuffixes.begin(), kVideoSuffixes.end(), suffix) != kVideoSuffixes.end();
}

bool isHidden(const fs::path& path) { return path.filename().native().starts_with('.'); }

class Search {
 public:
  explicit Search(const fs::path& out) : out_(fs::weakly_canonical(out, ignored_)) {}

  void add(const fs::path& path, const fs::path& name) {
    if (seen_.insert(path).second) found_.inputs.push_back({path, name});
  }

  void addFileOrFolder(const fs::path& argument) {
    fs::path path = fs::absolute(argument, ignored_).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();
    if (fs::is_directory(path, ignored_)) {
      addFolder(path);
    } else {
      add(path, path.filename());
    }
  }

  FoundInputs take() { return std::move(found_); }

 private:
  void addFolder(const fs::path& folder) {
    std::vector<fs::path> videos;
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, error);
    while (!error && entry != fs::recursive_directory_iterator()) {
      const fs::path& path = entry->path();
      if (isHidden(path) ||
          (entry->is_directory(ignored_) && fs::weakly_canonical(path, ignored_) == out_)) {
        entry.disable_recursion_pending();
      } else if (isVideoName(path) && !entry->is_directory(ignored_)) {
        videos.push_back(path);
      }
      entry.increment(error);
    }
    if (error) {
      found_.warnings.push_back(folder.string() +
                                " could not be searched to its end: " + error.message());
    }
    std::sort(videos.begin(), videos.end());
    for (const fs::path& video : videos) add(video, video.lexically_relative(folder));
  }

  std::error_code ignored_;
  fs::path out_;
  std::set<fs::path> seen_;
  FoundInputs found_;
};

/// The names an input may get, from short to certain: with 0, 1, 2, ... folders above its own name,
/// each without and with its suffix.
fs::path candidate(const BatchInput& input, std::size_t level, const std::string& extension) {
  const std::size_t folders = level / 2;
  fs::path name = input.name;
  // Folders above the name, from the innermost out; the root itself is none.
  fs::path above = input.path;
  for (const fs::path& part : input.name) {
    if (!part.empty()) above = above.parent_path();
  }
  for (std::size_t i = 0; i < folders && above.has_filename(); ++i) {
    name = above.filename() / name;
    above = above.parent_path();
  }
  if (level % 2 == 0) return name.replace_extension(extension);
  name += extension;
  return name;
}

std::size_t lastLevel(const BatchInput& input) {
  const auto parts = std::distance(input.path.begin(), input.path.end());
  return static_cast<std::size_t>(2 * parts + 1);
}

}  // namespace

Result<FoundInputs> findInputs(const std::vector<fs::path>& arguments, const fs::path& out) {
  Search search(out);
  std::error_code ignored;
  for (const fs::path& argument : arguments) {
    if (lowerCase(argument.extension().string()) != ".txt" || fs::is_directory(argument, ignored)) {
      search.addFileOrFolder(argument);
      continue;
    }
    FRONTALIS_ASSIGN(const std::string list, readFile(argument));
    std::size_t start = list.starts_with("\xEF\xBB\xBF") ? 3 : 0;
    while (start < list.size()) {
      const std::size_t end = std::min(list.find('\n', start), list.size());
      std::string line = list.substr(start, end - start);
      start = end + 1;
      if (line.ends_with('\r')) line.pop_back();
      if (line.empty() || line[0] == '#') continue;
      if (line.find('\0') != std::string::npos) {
        return Error{ErrorCode::kCorrupt, argument.string() + ": is no text: it has zero bytes",
                     "Give a list of paths, one a line"};
      }
      search.addFileOrFolder(line);
    }
  }
  FoundInputs found = search.take();
  if (found.inputs.empty()) {
    return Error{
        ErrorCode::kNotFound, "there are no videos in what was given",
        found.warnings.empty() ? "Name videos, or a folder that has some" : found.warnings.front()};
  }
  return found;
}

std::vector<fs::path> outputNames(const std::vector<BatchInput>& inputs,
                                  const std::string& extension,
                                  const std::map<fs::path, fs::path>& given) {
  // What the batch itself writes is never a video's.
  std::set<std::string> fixed = {"manifest.jsonl", "summary.csv"};
  for (const auto& [input, name] : given) fixed.insert(lowerCase(name.string()));
  std::vector<fs::path> names(inputs.size());
  std::vector<std::size_t> level(inputs.size(), 0);
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (const auto found = given.find(inputs[i].path); found != given.end()) {
      names[i] = found->second;
    } else {
      names[i] = candidate(inputs[i], 0, extension);
      open.push_back(i);
    }
  }
  while (true) {
    std::map<std::string, std::vector<std::size_t>> groups;
    for (const std::size_t i : open) groups[lowerCase(names[i].string())].push_back(i);
    bool changed = false;
    for (const auto& [name, members] : groups) {
      if (members.size() < 2 && fixed.count(name) == 0) continue;
      for (const std::size_t i : members) {
        if (level[i] >= lastLevel(inputs[i])) continue;
        names[i] = candidate(inputs[i], ++level[i], extension);
        changed = true;
      }
    }
    if (!changed) return names;
  }
}

}  // namespace frontalis
