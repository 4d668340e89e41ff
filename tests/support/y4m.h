#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace frontalis::testing {

/// A video of grey frames without a face, written without any program: YUV4MPEG2, 4:2:0.
inline std::filesystem::path writeGrayVideo(const std::filesystem::path& path, int frames,
                                            int fps = 25, int side = 48) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary);
  const std::string size = std::to_string(side);
  out << "YUV4MPEG2 W" << size << " H" << size << " F" << fps << ":1 Ip A1:1 C420jpeg\n";
  const std::string luma(static_cast<std::size_t>(side * side), '\x70');
  const std::string chroma(static_cast<std::size_t>(side * side / 2), '\x80');
  for (int i = 0; i < frames; ++i) out << "FRAME\n" << luma << chroma;
  return path;
}

}  // namespace frontalis::testing
