#pragma once

#include <chrono>

#include "frontalis/models.h"
#include "models/download.h"
#include "models/pack.h"
#include "util/file_lock.h"

namespace frontalis {

constexpr std::chrono::minutes kLockTimeout{15};

/// The lock that whoever changes a pack's files holds; for the OpenFace cache the one that its
/// other users hold (spec pipeline 10.5).
Result<FileLock> lockPack(const Pack& pack, std::chrono::milliseconds timeout = kLockTimeout);

/// installModels for one pack, without asking for consent. Returns the number of files loaded.
Result<std::size_t> installPack(const Pack& pack, const DownloadOptions& download,
                                const std::function<bool(const InstallProgress&)>& progress);

/// importModels for these packs.
Result<ImportReport> importInto(const std::vector<Pack>& packs,
                                const std::filesystem::path& file_or_folder);

}  // namespace frontalis
