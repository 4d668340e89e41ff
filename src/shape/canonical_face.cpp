#include "shape/canonical_face.h"

#include <cmath>
#include <locale>
#include <sstream>
#include <string>

#include "util/file.h"
#include "util/try.h"

namespace frontalis {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kMaxRows = 10'000;
constexpr double kMaxCm = 1000;  // of a coordinate

/// Lines with numbers and section headings, comments dropped; the first error sticks.
class Lines {
 public:
  Lines(const std::string& text, std::string name) : stream_(text), name_(std::move(name)) {
    stream_.imbue(std::locale::classic());
  }

  /// "word count" -> count.
  std::size_t heading(const std::string& word) {
    std::string found;
    std::size_t count = 0;
    std::istringstream row = next();
    if (!(row >> found >> count) || found != word || count > kMaxRows) {
      fail("expected \"" + word + " N\"");
      return 0;
    }
    return count;
  }

  template <class T>
  std::array<T, 3> triple() {
    std::array<T, 3> values{};
    std::istringstream row = next();
    if (!(row >> values[0] >> values[1] >> values[2])) fail("expected three numbers");
    return values;
  }

  void skip(std::size_t rows) {
    for (std::size_t i = 0; i < rows && ok(); ++i) next();
  }

  void fail(const std::string& what) {
    if (ok()) problem_ = name_ + ", line " + std::to_string(number_) + ": " + what;
  }
  [[nodiscard]] bool ok() const { return problem_.empty(); }
  [[nodiscard]] Status status() const {
    if (ok()) return {};
    return Error{ErrorCode::kModelCorrupt, problem_,
                 "Run the set-up again, it repairs the open pack"};
  }

 private:
  std::istringstream next() {
    std::string line;
    while (ok()) {
      ++number_;
      if (!std::getline(stream_, line)) {
        fail("ends early");
        line.clear();
        break;
      }
      if (!line.empty() && line[0] != '#') break;
    }
    std::istringstream row(ok() ? line : std::string());
    row.imbue(std::locale::classic());
    return row;
  }

  std::istringstream stream_;
  std::string name_;
  std::string problem_;
  std::size_t number_ = 0;
};

}  // namespace

Result<CanonicalFace> readCanonicalFace(const std::filesystem::path& path) {
  FRONTALIS_ASSIGN(const std::string text, readFile(path, kMaxBytes));
  Lines lines(text, path.string());
  CanonicalFace face;

  const std::size_t vertices = lines.heading("vertices");
  if (lines.ok() && vertices != kCanonicalVertices) {
    lines.fail("found " + std::to_string(vertices) + " vertices, expected " +
               std::to_string(kCanonicalVertices));
  }
  for (std::size_t i = 0; i < vertices && lines.ok(); ++i) {
    const auto [x, y, z] = lines.triple<double>();
    for (const double cm : {x, y, z}) {
      if (!(std::abs(cm) <= kMaxCm)) lines.fail("a vertex of no face");
    }
    constexpr double kMmPerCm = 10;
    face.vertices[i] = {static_cast<float>(kMmPerCm * x), static_cast<float>(-kMmPerCm * y),
                        static_cast<float>(-kMmPerCm * z)};
  }
  lines.skip(lines.heading("procrustes"));
  const std::size_t triangles = lines.heading("triangles");
  for (std::size_t i = 0; i < triangles && lines.ok(); ++i) {
    const auto corners = lines.triple<std::uint16_t>();
    for (const std::uint16_t corner : corners) {
      if (corner >= kCanonicalVertices) lines.fail("a triangle names a vertex that is not there");
    }
    face.triangles.push_back(corners);
  }
  FRONTALIS_TRY(lines.status());
  return face;
}

}  // namespace frontalis
