// Action units of raw pictures from standard input as they come, e.g.
//   ffmpeg -i clip.mp4 -f rawvideo -pix_fmt bgr24 - | live_frames 640 360 30

#include <frontalis/pipeline.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: live_frames WIDTH HEIGHT FPS < BGR24\n");
    return 2;
  }
  frontalis::Picture picture;
  picture.width = std::atoi(argv[1]);
  picture.height = std::atoi(argv[2]);
  const double fps = std::atof(argv[3]);
  if (picture.width < 1 || picture.height < 1 || !(fps > 0)) return 2;
  picture.format = frontalis::PixelFormat::kBgr;
  picture.stride = std::ptrdiff_t{3} * picture.width;
  std::vector<std::uint8_t> pixels(static_cast<std::size_t>(picture.stride * picture.height));
  picture.data = pixels.data();

  auto pipeline = frontalis::Pipeline::open();
  if (!pipeline.ok()) {
    std::fprintf(stderr, "%s\n", pipeline.error().text().c_str());
    return 1;
  }
  for (int i = 0; std::fread(pixels.data(), 1, pixels.size(), stdin) == pixels.size(); ++i) {
    const auto row = pipeline->process(picture, i / fps);
    if (!row.ok()) {
      std::fprintf(stderr, "%s\n", row.error().text().c_str());
      return 1;
    }
    std::printf("%.3f", row->timestamp);
    if (row->success) {
      for (std::size_t au = 0; au < frontalis::kIntensityAus; ++au) {
        std::printf(" AU%02d=%.2f", frontalis::kIntensityAuNumbers[au],
                    static_cast<double>(row->intensity[au]));
      }
    }
    std::printf("\n");
  }
  return 0;
}
