#pragma once

#include <string>

#include "output/extract_file.h"

namespace frontalis {

/// OpenFace's `<stem>_of_details.txt` (spec pipeline 9.1): what was read with which camera, the
/// names of the outputs, and which groups of columns there are.
std::string openFaceDetails(const ExtractRequest& request, const InputInfo& input,
                            const Columns& columns);

}  // namespace frontalis
