#include "face/clnf/svr.h"

#include "fuzz/experts.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<SvrFile> file = parseSvr(fuzz::bytes(data, size), "input");
  if (!file.ok()) return 0;
  const auto experts = SvrExperts::create(*file, "input");
  if (experts.ok()) fuzz::useExperts(**experts, 5);
  return 0;
}
