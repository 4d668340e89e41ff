#include "batch/manifest.h"
#include "batch/path_text.h"
#include "batch/worker.h"
#include "fuzz/input.h"

using namespace frontalis;

/// A batch's manifest, and what a worker says of itself.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::bytes(data, size);
  const ManifestContent content = parseManifest(text, "input");
  fuzz::require(content.size <= size, "no more than was there");
  std::string again;
  for (const auto& [input, record] : content.last) {
    fuzz::require(input == record.input && input.is_absolute(), "absolute inputs");
    fuzz::require(!record.output.is_absolute(), "outputs in the folder");
    again += toLine(record);
  }
  const ManifestContent second = parseManifest(again, "again");
  fuzz::require(second.last.size() == content.last.size() && second.warnings.empty(),
                "records that read back");
  if (content.run) (void)toLine(*content.run);
  WorkerWords words;
  words.take(text);
  (void)pathFromText(text);
  return 0;
}
