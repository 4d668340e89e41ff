#include "video/libav_versions.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libswscale/swscale.h>
}

namespace frontalis {
namespace {

std::string text(unsigned version) {
  return std::to_string(AV_VERSION_MAJOR(version)) + "." +
         std::to_string(AV_VERSION_MINOR(version)) + "." +
         std::to_string(AV_VERSION_MICRO(version));
}

LibavVersion compare(const char* name, unsigned running, unsigned built) {
  return {name, text(running), text(built),
          AV_VERSION_MAJOR(running) == AV_VERSION_MAJOR(built) && running >= built};
}

}  // namespace

std::vector<LibavVersion> libavVersions() {
  return {compare("libavformat", avformat_version(), LIBAVFORMAT_VERSION_INT),
          compare("libavcodec", avcodec_version(), LIBAVCODEC_VERSION_INT),
          compare("libavutil", avutil_version(), LIBAVUTIL_VERSION_INT),
          compare("libswscale", swscale_version(), LIBSWSCALE_VERSION_INT)};
}

}  // namespace frontalis
