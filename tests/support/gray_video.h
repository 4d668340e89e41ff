#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <filesystem>
#include <stdexcept>
#include <vector>

#include "support/pgm.h"

namespace frontalis::testing {

/// All frames of a video as OpenFace saw them: swscale's BGR (bicubic), then OpenCV's grey. A plain
/// path of its own, for tests only.
inline std::vector<GrayPicture> decodeGray(const std::filesystem::path& path) {
  AVFormatContext* format = nullptr;
  if (avformat_open_input(&format, path.c_str(), nullptr, nullptr) < 0 ||
      avformat_find_stream_info(format, nullptr) < 0) {
    throw std::runtime_error("cannot open " + path.string());
  }
  const AVCodec* codec = nullptr;
  const int stream = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  AVCodecContext* decoder = avcodec_alloc_context3(codec);
  avcodec_parameters_to_context(decoder, format->streams[stream]->codecpar);
  avcodec_open2(decoder, codec, nullptr);
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();
  SwsContext* scaler = nullptr;
  std::vector<GrayPicture> pictures;
  std::vector<std::uint8_t> bgr;
  const auto take = [&] {
    while (avcodec_receive_frame(decoder, frame) == 0) {
      const int width = frame->width;
      const int height = frame->height;
      scaler = sws_getCachedContext(scaler, width, height,
                                    static_cast<AVPixelFormat>(frame->format), width, height,
                                    AV_PIX_FMT_BGR24, SWS_BICUBIC, nullptr, nullptr, nullptr);
      const int stride = (3 * width + 63) / 64 * 64;
      bgr.resize(static_cast<std::size_t>(stride) * height + 64);
      std::uint8_t* planes[4] = {bgr.data(), nullptr, nullptr, nullptr};
      const int strides[4] = {stride, 0, 0, 0};
      sws_scale(scaler, frame->data, frame->linesize, 0, height, planes, strides);
      GrayPicture picture{width, height, {}};
      picture.pixels.resize(static_cast<std::size_t>(width) * height);
      for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
          const std::uint8_t* p = bgr.data() + static_cast<std::size_t>(y) * stride + 3 * x;
          picture.pixels[static_cast<std::size_t>(y) * width + x] =
              static_cast<std::uint8_t>((3735 * p[0] + 19235 * p[1] + 9798 * p[2] + 16384) >> 15);
        }
      }
      pictures.push_back(std::move(picture));
    }
  };
  while (av_read_frame(format, packet) >= 0) {
    if (packet->stream_index == stream && avcodec_send_packet(decoder, packet) == 0) take();
    av_packet_unref(packet);
  }
  avcodec_send_packet(decoder, nullptr);
  take();
  sws_freeContext(scaler);
  av_frame_free(&frame);
  av_packet_free(&packet);
  avcodec_free_context(&decoder);
  avformat_close_input(&format);
  return pictures;
}

}  // namespace frontalis::testing
