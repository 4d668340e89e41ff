#include "shape/builtin_pdm.h"

#include <string_view>

namespace frontalis {

std::string_view builtinPdmText();  // generated from data/face68/pdm.txt

Result<Pdm> builtinPdm() { return Pdm::parse(builtinPdmText(), "built-in shape model"); }

}  // namespace frontalis
