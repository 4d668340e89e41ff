#include "face/clnf/cen.h"

#include "fuzz/experts.h"

using namespace frontalis;

/// A CEN file; where its first byte is odd, the values for early termination instead.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::bytes(data + 1, size - 1);
  if (data[0] % 2 == 1) {
    (void)parseEarlyTermination(bytes, "input", data[0] / 2 % 8);
    return 0;
  }
  Result<CenFile> file = parseCen(bytes, "input");
  if (!file.ok()) return 0;
  const auto experts = CenExperts::create(*std::move(file), "input");
  if (experts.ok()) fuzz::useExperts(**experts, 5);
  return 0;
}
