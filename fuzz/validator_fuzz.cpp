#include "face/clnf/validator.h"

#include "fuzz/input.h"

using namespace frontalis;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Validator> validator = Validator::parse(fuzz::bytes(data, size), "input");
  if (!validator.ok()) return 0;
  constexpr int kSide = 80;
  static const std::vector<std::uint8_t> picture = [] {
    std::vector<std::uint8_t> pixels(kSide * kSide);
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = static_cast<std::uint8_t>(i * i % 251);
    }
    return pixels;
  }();
  WholeGrayImage image(picture.data(), kSide, kSide, kSide);
  GrayWindow gray(image);
  const int n = validator->landmarks();
  std::vector<float> landmarks(2 * static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) {
    landmarks[i] = static_cast<float>(10 + i * 37 % 60);
    landmarks[n + i] = static_cast<float>(10 + i * 53 % 60);
  }
  Validation validation(*validator);
  const float certainty = validation.certainty(gray, {0, 0.1f, 0}, landmarks.data());
  fuzz::require(certainty >= 0 && certainty <= 1, "a certainty from 0 to 1");
  return 0;
}
