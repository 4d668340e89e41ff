#pragma once

#include <cstdint>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/reference.h"

namespace frontalis::testing {

struct GrayPicture {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> pixels;
};

/// A gzipped binary PGM of 8 bits.
inline GrayPicture readPgm(const std::filesystem::path& path) {
  const std::string bytes = gunzip(path);
  std::istringstream header(bytes);
  std::string magic;
  GrayPicture picture;
  int levels = 0;
  header >> magic >> picture.width >> picture.height >> levels;
  const std::size_t begin = static_cast<std::size_t>(header.tellg()) + 1;
  const std::size_t size = static_cast<std::size_t>(picture.width) * picture.height;
  if (magic != "P5" || levels != 255 || bytes.size() < begin + size) {
    throw std::runtime_error("cannot read " + path.string());
  }
  picture.pixels.assign(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                        bytes.begin() + static_cast<std::ptrdiff_t>(begin + size));
  return picture;
}

}  // namespace frontalis::testing
