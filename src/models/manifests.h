#pragma once

namespace frontalis {

/// Manifests of packs that users install themselves: facts about their files, compiled in from
/// manifests/*.json.
extern const char* const kOpenfaceManifest;
extern const char* const kPfldManifest;

}  // namespace frontalis
