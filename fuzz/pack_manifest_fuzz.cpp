#include <fstream>

#include "fuzz/input.h"
#include "models/pack.h"

using namespace frontalis;
namespace fs = std::filesystem;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::TemporaryFolder made("fuzz_pack");
  const fs::path& folder = made.path();
  std::ofstream(folder / "manifest.json", std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<long>(size));
  const Result<Pack> pack = Pack::read(folder);
  if (!pack.ok()) return 0;
  for (const PackFile& entry : pack->files) {
    const fs::path relative =
        pack->locate(entry).lexically_normal().lexically_relative(folder.lexically_normal());
    fuzz::require(!relative.empty() && *relative.begin() != "..", "files inside the pack");
    (void)pack->file(entry.role);
  }
  for (const PackPart& part : pack->parts) (void)pack->check(part.name);
  return 0;
}
