#include "video/key_frames.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "util/try.h"
#include "video/input_file.h"
#include "video/libav.h"

namespace frontalis {
namespace {

/// Containers in which libav finds the key frame that is asked for by its time stamp.
bool seeksExactly(const AVFormatContext& format) {
  const std::string_view name = format.iformat->name;
  return name.substr(0, 4) == "mov," || name.substr(0, 8) == "matroska";
}

}  // namespace

Result<std::vector<KeyFrame>> findKeyFrames(const std::filesystem::path& path,
                                            std::int64_t max_pixels) {
  std::vector<KeyFrame> none;
  FRONTALIS_ASSIGN(const auto input, libav::InputFile::open(path, max_pixels));
  AVFormatContext& format = input->format();
  const int wanted = libav::chooseVideoStream(format);
  if (wanted < 0 || !seeksExactly(format)) return none;
  for (unsigned k = 0; k < format.nb_streams; ++k) {
    if (static_cast<int>(k) != wanted) format.streams[k]->discard = AVDISCARD_ALL;
  }
  const libav::Packet packet(av_packet_alloc());
  if (!packet) return Error{ErrorCode::kInternal, path.string() + ": out of memory"};

  std::vector<std::int64_t> stamps;  // of the pictures that are shown
  std::vector<KeyFrame> keys;
  std::int64_t packets = 0;
  int code = 0;
  while ((code = av_read_frame(&format, packet.get())) >= 0 || code == AVERROR(EAGAIN)) {
    if (code < 0) continue;
    const int stream = packet->stream_index;
    const std::int64_t stamp = packet->pts;
    const int flags = packet->flags;
    av_packet_unref(packet.get());
    if (stream != wanted) continue;
    if (stamp == AV_NOPTS_VALUE || (flags & AV_PKT_FLAG_CORRUPT) != 0) return none;
    // An edit list hides pictures that others may still be decoded from.
    if ((flags & AV_PKT_FLAG_DISCARD) == 0) {
      stamps.push_back(stamp);
      if ((flags & AV_PKT_FLAG_KEY) != 0) keys.push_back({0, stamp, 0, packets});
    }
    ++packets;
  }
  const bool cut_off = code != AVERROR_EOF || input->failed() || input->segmentIsCut() ||
                       avformat_index_get_entries_count(format.streams[wanted]) > packets;
  if (cut_off || keys.empty()) return none;

  std::sort(stamps.begin(), stamps.end());
  if (std::adjacent_find(stamps.begin(), stamps.end()) != stamps.end()) return none;
  for (KeyFrame& key : keys) {
    key.frame = std::lower_bound(stamps.begin(), stamps.end(), key.stamp) - stamps.begin();
    key.first_stamp = stamps.front();
  }
  std::sort(keys.begin(), keys.end(),
            [](const KeyFrame& a, const KeyFrame& b) { return a.frame < b.frame; });
  return keys;
}

}  // namespace frontalis
