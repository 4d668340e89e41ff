#include "models/install.h"

#include <cstdlib>
#include <string_view>

#include "util/try.h"

namespace frontalis {

namespace fs = std::filesystem;

namespace {

bool consentInEnvironment() {
  const char* value = std::getenv("OPENFACE_MODELS_ACCEPT_LICENSE");
  return value != nullptr && std::string_view(value) == "1";
}

/// Loads one file beside its place, checks it and puts it there.
Status installFile(Downloader& downloader, const Pack& pack, const PackFile& entry,
                   const DownloadProgress& progress) {
  const fs::path target = pack.folder / entry.path;
  fs::path partial = target;
  partial += ".download";
  std::error_code error;
  fs::create_directories(target.parent_path(), error);
  if (error) {
    return Error{ErrorCode::kUnwritable,
                 "cannot create folder " + target.parent_path().string() + ": " + error.message(),
                 "Choose a folder you may write to"};
  }
  const bool resumed = fs::exists(partial, error);
  const std::string url = pack.download + entry.remote;
  FRONTALIS_TRY(downloader.fetch(url, partial, entry.bytes, progress));
  Status right = verifyFile(partial, entry, "");
  if (!right.ok() && resumed) {
    // What an earlier try left may have been the start of something else.
    fs::remove(partial, error);
    FRONTALIS_TRY(downloader.fetch(url, partial, entry.bytes, progress));
    right = verifyFile(partial, entry, "");
  }
  if (!right.ok()) {
    fs::remove(partial, error);
    return Error{right.error().code,
                 "what " + url + " sent is not the file expected: " + right.error().message,
                 "Try again later, or import the file: `frontalis models import FOLDER`"};
  }
  fs::rename(partial, target, error);
  if (error) {
    return Error{ErrorCode::kUnwritable,
                 "cannot rename into place " + target.string() + ": " + error.message()};
  }
  return {};
}

}  // namespace

Result<FileLock> lockPack(const Pack& pack, std::chrono::milliseconds timeout) {
  return FileLock::acquire(pack.folder.parent_path() / ".lock", timeout);
}

Result<std::size_t> installPack(const Pack& pack, const DownloadOptions& download,
                                const std::function<bool(const InstallProgress&)>& progress) {
  FRONTALIS_ASSIGN(Downloader downloader, Downloader::create(download));
  FRONTALIS_ASSIGN(const FileLock lock, lockPack(pack));
  std::vector<const PackFile*> wanted;
  for (const PackFile& entry : pack.files) {
    if (!entry.sha256.empty() && !verifyFile(pack.locate(entry), entry, "").ok()) {
      wanted.push_back(&entry);
    }
  }
  InstallProgress now;
  now.files = wanted.size();
  for (const PackFile* entry : wanted) {
    ++now.file;
    now.name = entry->path;
    now.total = entry->bytes;
    FRONTALIS_TRY(
        installFile(downloader, pack, *entry, [&](std::uint64_t bytes, const std::string& note) {
          now.bytes = bytes;
          now.note = note;
          return !progress || progress(now);
        }));
  }
  return wanted.size();
}

Result<std::string> licenceNotice(const std::string& name) {
  FRONTALIS_ASSIGN(const Pack pack, findPack(name));
  if (name == "openface") {
    return "The models of OpenFace 2.2 belong to Carnegie Mellon University and others. In short,\n"
           "their licence\n"
           "  - is for academic or non-profit organisations, for non-commercial research only;\n"
           "  - forbids to pass the files on, to sell or to rent them or access to them;\n"
           "  - makes derivatives the property of the licensor, to be sent to the authors when\n"
           "    published;\n"
           "  - gives no warranty; publications must cite the authors' papers.\n"
           "This summary is not the licence. Read it before you accept:\n"
           "  " +
           pack.download +
           "OpenFace-license.txt\n"
           "  " +
           pack.download +
           "Copyright.txt\n"
           "Files come from OpenFace's official repository, tag OpenFace_2.2.0, and go to\n"
           "  " +
           pack.folder.string() + "\n";
  }
  if (name == "pfld") {
    return "The PFLD landmark network (68 points) was published by its author in\n"
           "  github.com/cunjian/pytorch_face_landmark\n"
           "No licence is stated there, so there is no permission beyond what the law gives you.\n"
           "It was trained on 300W and the like, collections that are for research only. Do not\n"
           "use it commercially. The file comes from that repository and goes to\n"
           "  " +
           pack.folder.string() + "\n";
  }
  return Error{ErrorCode::kInvalidArgument, "the pack \"" + name + "\" is not for download",
               pack.repair};
}

Result<std::size_t> installModels(const std::string& name, const InstallOptions& options) {
  FRONTALIS_TRY(licenceNotice(name));
  FRONTALIS_ASSIGN(const Pack pack, findPack(name));
  if (!options.accept_licence && !consentInEnvironment()) {
    return Error{
        ErrorCode::kCancelled, "the terms of the pack \"" + name + "\" were not accepted",
        "Type YES when asked, say so (--accept-license; Python: accept_licence=True), or set "
        "OPENFACE_MODELS_ACCEPT_LICENSE=1"};
  }
  return installPack(pack, {}, options.progress);
}

}  // namespace frontalis
