// Smiles of a video: time and intensity of AU12 (lip corner puller) in each frame with a face.

#include <frontalis/extractor.h>

#include <algorithm>
#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: extract_video VIDEO\n");
    return 2;
  }
  auto extractor = frontalis::Extractor::open(argv[1]);
  if (!extractor.ok()) {
    std::fprintf(stderr, "%s\n", extractor.error().text().c_str());
    return 1;
  }
  const auto& numbers = frontalis::kIntensityAuNumbers;
  const auto au12 =
      static_cast<std::size_t>(std::find(numbers.begin(), numbers.end(), 12) - numbers.begin());
  while (true) {
    const auto row = extractor->next();
    if (!row.ok()) {
      std::fprintf(stderr, "%s\n", row.error().text().c_str());
      return 1;
    }
    if (!row->has_value()) return 0;  // the end
    if ((*row)->success) std::printf("%.3f %.2f\n", (*row)->timestamp, (*row)->intensity[au12]);
  }
}
