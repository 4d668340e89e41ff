#include <cmath>

#include "fuzz/input.h"
#include "output/comparison.h"

using namespace frontalis;

/// Two tables of other programs, one behind the other: a form feed lies between them.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::bytes(data, size);
  const std::size_t between = std::min(text.find('\f'), size);
  const Result<FexTable> a = FexTable::parse(std::string(text.substr(0, between)), "a");
  if (!a.ok()) return 0;
  fuzz::require(a->face.size() == a->rows() && a->success.size() == a->rows() &&
                    a->seconds.size() == (a->timed ? a->rows() : 0),
                "columns as long as the table");
  for (const auto& [name, values] : a->columns) {
    fuzz::require(values.size() == a->rows(), "columns as long as the table");
  }
  Result<FexTable> b = FexTable::parse(std::string(text.substr(std::min(between + 1, size))), "b");
  const Result<Comparison> found = compareTables(*a, b.ok() ? *b : *a, "a", "b");
  if (!found.ok()) return 0;
  for (const auto* group : {&found->intensities, &found->pose}) {
    for (const ComparedValues& values : *group) {
      const std::optional<double>& r = values.agreement.r;
      fuzz::require(!r || (*r >= -1 && *r <= 1), "a correlation from -1 to 1");
    }
  }
  const std::string json = comparisonJson(*found);
  fuzz::require(json.find("nan") == std::string::npos, "numbers in JSON");
  fuzz::require(comparisonPage(*found).find("nan") == std::string::npos, "numbers in a page");
  return 0;
}
