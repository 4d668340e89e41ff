#include "face/clnf/ccnf.h"

#include <array>

#include "fuzz/experts.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<CcnfFile> file = parseCcnf(fuzz::bytes(data, size), "input");
  if (!file.ok()) return 0;
  const std::array windows = {3, 5};
  const auto experts = CcnfExperts::create(*file, windows, "input");
  if (experts.ok()) fuzz::useExperts(**experts, 5);
  return 0;
}
