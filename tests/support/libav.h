#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "image/image.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

// An oracle, independent of src/video: whole frames decoded by libav and converted by swscale with
// the flags that OpenCV's VideoCapture uses.
namespace frontalis::testing {

/// Calls `use(frame)` with each picture of a video or image file as B, G, R, in order, until it
/// returns false. Throws where the file cannot be decoded.
inline void decodeBgr(const std::filesystem::path& path,
                      const std::function<bool(const Image&)>& use) {
  const auto require = [&](bool good, const char* what) {
    if (!good) throw std::runtime_error(std::string(what) + ": " + path.string());
  };
  AVFormatContext* format = nullptr;
  require(avformat_open_input(&format, path.c_str(), nullptr, nullptr) == 0, "open");
  const auto close = [](AVFormatContext* f) { avformat_close_input(&f); };
  const std::unique_ptr<AVFormatContext, decltype(close)> format_owner(format, close);
  require(avformat_find_stream_info(format, nullptr) >= 0, "stream info");
  const AVCodec* codec = nullptr;
  const int stream = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  require(stream >= 0, "video stream");
  const auto free_codec = [](AVCodecContext* c) { avcodec_free_context(&c); };
  const std::unique_ptr<AVCodecContext, decltype(free_codec)> decoder(avcodec_alloc_context3(codec),
                                                                      free_codec);
  avcodec_parameters_to_context(decoder.get(), format->streams[stream]->codecpar);
  decoder->thread_count = 1;
  require(avcodec_open2(decoder.get(), codec, nullptr) == 0, "decoder");
  const auto free_frame = [](AVFrame* f) { av_frame_free(&f); };
  const std::unique_ptr<AVFrame, decltype(free_frame)> frame(av_frame_alloc(), free_frame);
  const auto free_packet = [](AVPacket* p) { av_packet_free(&p); };
  const std::unique_ptr<AVPacket, decltype(free_packet)> packet(av_packet_alloc(), free_packet);
  const std::unique_ptr<SwsContext, void (*)(SwsContext*)> scaler(
      sws_getContext(decoder->width, decoder->height, decoder->pix_fmt, decoder->width,
                     decoder->height, AV_PIX_FMT_BGR24, SWS_BICUBIC, nullptr, nullptr, nullptr),
      sws_freeContext);
  Image image;
  const auto receive = [&]() {
    while (avcodec_receive_frame(decoder.get(), frame.get()) == 0) {
      image.resize(frame->width, frame->height, 3);
      std::uint8_t* planes[] = {image.data(), nullptr, nullptr, nullptr};
      const int strides[] = {static_cast<int>(image.stride()), 0, 0, 0};
      sws_scale(scaler.get(), frame->data, frame->linesize, 0, frame->height, planes, strides);
      if (!use(image)) return false;
    }
    return true;
  };
  while (av_read_frame(format, packet.get()) >= 0) {
    const bool wanted = packet->stream_index == stream;
    if (wanted) avcodec_send_packet(decoder.get(), packet.get());
    av_packet_unref(packet.get());
    if (wanted && !receive()) return;
  }
  avcodec_send_packet(decoder.get(), nullptr);
  receive();
}

/// The first picture of a file.
inline Image firstBgr(const std::filesystem::path& path) {
  Image first;
  decodeBgr(path, [&](const Image& image) {
    first = image;
    return false;
  });
  return first;
}

}  // namespace frontalis::testing
