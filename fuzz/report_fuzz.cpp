#include <array>

#include "fuzz/input.h"
#include "output/report.h"
#include "util/file.h"

using namespace frontalis;

namespace {

std::size_t count(std::string_view text, std::string_view word) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string_view::npos; ++at) ++found;
  return found;
}

}  // namespace

/// A report's page about a table of anybody.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::MemoryFile table(data, size);
  static const fuzz::TemporaryFolder folder("fuzz_report");
  const std::filesystem::path page = folder.path() / "page.html";
  const std::array<ReportSeries, 1> series = {{{"a <b> name</script>", table.path()}}};
  if (!writeReport(series, {}, page).ok()) return 0;
  const Result<std::string> text = readFile(page);
  fuzz::require(text.ok(), "a page where the call says so");
  // However the table's text reads, it is no markup: the page's tags are the template's.
  static const std::array<std::size_t, 2> tags = {count(*text, "<script"),
                                                  count(*text, "</script")};
  fuzz::require(count(*text, "<script") == tags[0] && count(*text, "</script") == tags[1],
                "no markup from a table");
  return 0;
}
