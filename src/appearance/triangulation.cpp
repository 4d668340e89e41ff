#include "appearance/triangulation.h"

#include "util/file.h"
#include "util/text_reader.h"
#include "util/try.h"

namespace frontalis {

namespace {
constexpr int kMaxTriangles = 100'000;
constexpr int kInt = 4;  // OpenCV's type code
constexpr std::size_t kMaxBytes = std::size_t{1} << 24;
}  // namespace

Result<Triangulation> parseTriangulation(std::string_view text, const std::string& name,
                                         int points) {
  TextReader reader(text, name);
  reader.skipComments();
  const std::int64_t rows = reader.integer(1, kMaxTriangles, "number of triangles");
  reader.integer(3, 3, "corners of a triangle");
  reader.integer(kInt, kInt, "type code");
  Triangulation triangles;
  for (std::int64_t i = 0; i < rows && !reader.failed(); ++i) {
    std::array<int, 3> corners{};
    for (int& corner : corners) {
      corner = static_cast<int>(reader.integer(0, points - 1, "index of a point"));
    }
    triangles.push_back(corners);
  }
  if (!reader.failed() && !reader.atEnd()) reader.fail("unexpected text after the last triangle");
  FRONTALIS_TRY(reader.status());
  return triangles;
}

Result<Triangulation> readTriangulation(const std::filesystem::path& path, int points) {
  FRONTALIS_ASSIGN(const std::string text, readFile(path, kMaxBytes));
  return parseTriangulation(text, path.string(), points);
}

}  // namespace frontalis
