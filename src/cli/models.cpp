#include "frontalis/models.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <set>

#include "cli/commands.h"
#include "models/pack.h"

namespace frontalis::cli {
namespace {

struct Options {
  std::string pack;
  std::string source;
  bool files = false;
  bool accept_licence = false;
};

std::string humanSize(std::uint64_t bytes) {
  char text[32];
  if (bytes < 1000) {
    std::snprintf(text, sizeof(text), "%d B", static_cast<int>(bytes));
  } else if (bytes < 1000000) {
    std::snprintf(text, sizeof(text), "%.0f kB", static_cast<double>(bytes) / 1e3);
  } else {
    std::snprintf(text, sizeof(text), "%.1f MB", static_cast<double>(bytes) / 1e6);
  }
  return text;
}

std::string fullName(const ModelPart& part) {
  return part.part.empty() ? part.pack : part.pack + "/" + part.part;
}

std::size_t usableFiles(const ModelPart& part) {
  return static_cast<std::size_t>(
      std::count_if(part.files.begin(), part.files.end(), [](const ModelFile& file) {
        return file.state == ModelState::kInstalled || file.state == ModelState::kUnverified;
      }));
}

int list(const Options& options) {
  const auto parts = listModels(options.pack, ModelCheck::kSize);
  if (!parts.ok()) return report(parts.error());
  std::printf("%-22s %-11s %7s %10s  %s\n", "MODELS", "STATE", "FILES", "SIZE", "FOR");
  for (const ModelPart& part : *parts) {
    std::uint64_t bytes = 0;
    for (const ModelFile& file : part.files) bytes += file.bytes;
    const std::string files =
        std::to_string(usableFiles(part)) + "/" + std::to_string(part.files.size());
    std::printf("%-22s %-11s %7s %10s  %s%s\n", fullName(part).c_str(),
                modelStateName(part.state()), files.c_str(), humanSize(bytes).c_str(),
                part.purpose.c_str(), part.optional ? " (optional)" : "");
    if (!options.files) continue;
    for (const ModelFile& file : part.files) {
      std::printf("  %-11s %10s  %s\n", modelStateName(file.state), humanSize(file.bytes).c_str(),
                  file.path.c_str());
    }
  }
  std::printf("\n");
  std::set<std::string> seen;
  for (const ModelPart& part : *parts) {
    if (!seen.insert(part.pack).second) continue;
    std::printf("%s: %s\n", part.pack.c_str(), part.folder.lexically_normal().c_str());
    std::set<std::string> licences;
    for (const ModelPart& other : *parts) {
      if (other.pack != part.pack) continue;
      for (const ModelFile& file : other.files) {
        if (!file.licence.empty() && licences.insert(file.licence).second) {
          std::printf("  licence: %s\n", file.licence.c_str());
        }
      }
    }
  }
  return kOk;
}

int path(const Options& options) {
  const std::vector<std::string> names = options.pack.empty()
                                             ? std::vector<std::string>{"open", "openface", "pfld"}
                                             : std::vector<std::string>{options.pack};
  for (const std::string& name : names) {
    const Result<Pack> pack = findPack(name);
    if (!pack.ok()) {
      if (!options.pack.empty()) return report(pack.error());
      std::printf("%s\t-\n", name.c_str());
      continue;
    }
    if (options.pack.empty()) std::printf("%s\t", name.c_str());
    std::printf("%s\n", pack->folder.lexically_normal().c_str());
  }
  return kOk;
}

int verify(const Options& options) {
  const auto parts = listModels(options.pack, ModelCheck::kHash);
  if (!parts.ok()) return report(parts.error());
  bool wrong = false;
  for (const ModelPart& part : *parts) {
    const ModelState state = part.state();
    std::printf("%-22s %s\n", fullName(part).c_str(), modelStateName(state));
    if (state == ModelState::kUnverified) {
      std::printf("  nobody has published hashes of some of these files\n");
    }
    for (const ModelFile& file : part.files) {
      // That a pack is not installed at all is no fault unless it was asked for.
      const bool asked_for = !options.pack.empty() && !part.optional;
      const bool fault =
          file.state == ModelState::kCorrupt || (file.state == ModelState::kMissing && asked_for);
      if (fault) std::fprintf(stderr, "  %s\n", file.problem.c_str());
      wrong = wrong || fault;
    }
  }
  return wrong ? kFailed : kOk;
}

int importFiles(const Options& options) {
  const Result<ImportReport> imported = importModels(options.source);
  if (!imported.ok()) return report(imported.error());
  for (const ImportReport::Filed& filed : imported->filed) {
    std::printf("%s -> %s%s\n", filed.from.c_str(), filed.to.c_str(),
                filed.verified ? "" : " (unverified: its hash is not published)");
  }
  std::printf("%zu imported, %zu already there, %zu not known\n", imported->filed.size(),
              imported->already_there, imported->unknown);
  if (imported->filed.empty() && imported->already_there == 0) {
    return report({ErrorCode::kNotFound, options.source + " holds no model file that is known here",
                   "`frontalis models list --files` names them"});
  }
  return kOk;
}

/// True once the user typed YES.
bool agreesOnTerminal() {
  if (::isatty(STDIN_FILENO) == 0) return false;
  std::fprintf(stderr, "Type YES to accept: ");
  std::string answer;
  return std::getline(std::cin, answer) && answer == "YES";
}

/// One line that is written over on a terminal, one line a file elsewhere.
class InstallReport {
 public:
  bool operator()(const InstallProgress& now) {
    if (!now.note.empty() && now.note != last_note_) {
      std::fprintf(stderr, "%s%s\n", terminal_ ? "\n" : "", now.note.c_str());
    }
    last_note_ = now.note;
    if (terminal_) {
      std::fprintf(stderr, "\r[%zu/%zu] %s %s of %s\033[K", now.file, now.files, now.name.c_str(),
                   humanSize(now.bytes).c_str(), humanSize(now.total).c_str());
    } else if (now.file != last_file_) {
      std::fprintf(stderr, "[%zu/%zu] %s %s\n", now.file, now.files, now.name.c_str(),
                   humanSize(now.total).c_str());
    }
    last_file_ = now.file;
    return true;
  }
  void end() const {
    if (terminal_ && last_file_ > 0) std::fprintf(stderr, "\n");
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) != 0;
  std::size_t last_file_ = 0;
  std::string last_note_;
};

int install(const Options& options) {
  const Result<std::string> notice = licenceNotice(options.pack);
  if (!notice.ok()) return report(notice.error());
  std::fprintf(stderr, "%s\n", notice->c_str());
  InstallReport progress;
  InstallOptions install_options;
  install_options.accept_licence = options.accept_licence;
  install_options.progress = [&](const InstallProgress& now) { return progress(now); };
  Result<std::size_t> installed = installModels(options.pack, install_options);
  if (!installed.ok() && installed.error().code == ErrorCode::kCancelled && agreesOnTerminal()) {
    install_options.accept_licence = true;
    installed = installModels(options.pack, install_options);
  }
  progress.end();
  if (!installed.ok()) return report(installed.error());
  if (*installed == 0) {
    std::printf("Everything of the pack \"%s\" was there already\n", options.pack.c_str());
  } else {
    std::printf("%zu files installed\n", *installed);
  }
  return kOk;
}

}  // namespace

void addModels(CLI::App& app, Action& action) {
  CLI::App* models = app.add_subcommand("models", "Model packs: see, check, import, install");
  models->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* help, int (*run)(const Options&)) {
    CLI::App* command = models->add_subcommand(name, help);
    command->callback(
        [&action, options, run] { action = [options, run] { return run(*options); }; });
    return command;
  };
  CLI::App* command = add("list", "All model files by use, with state, size and licence", list);
  command->add_option("pack", options->pack, "open, openface or pfld; all when left out");
  command->add_flag("--files", options->files, "Every file with its place");
  command = add("path", "Where a pack's files lie or belong", path);
  command->add_option("pack", options->pack, "open, openface or pfld; all when left out");
  command = add("verify", "Compare every file with its SHA-256", verify);
  command->add_option("pack", options->pack, "open, openface or pfld; all when left out");
  command =
      add("import", "Copy model files from a file or folder to where they belong", importFiles);
  command->add_option("source", options->source, "Model file, or folder to search")->required();
  command = add("install", "Download a pack after you accepted its terms", install);
  command->add_option("pack", options->pack, "openface or pfld")->required();
  command->add_flag("--accept-license,--accept-licence", options->accept_licence,
                    "Accept the terms, without being asked");
}

}  // namespace frontalis::cli
