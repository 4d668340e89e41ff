#include "video/image_writer.h"

#include <string>

#include "util/file.h"
#include "util/try.h"
#include "video/libav.h"

namespace frontalis {
namespace {

struct Format {
  AVCodecID codec;
  AVPixelFormat pixels;
};

Result<Format> formatFor(const std::filesystem::path& path, int channels) {
  const std::string extension = path.extension().string();
  const bool gray = channels == 1;
  if (extension == ".bmp")
    return Format{AV_CODEC_ID_BMP, gray ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_BGR24};
  if (extension == ".png")
    return Format{AV_CODEC_ID_PNG, gray ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_RGB24};
  if (extension == ".jpg" || extension == ".jpeg")
    return Format{AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P};
  return Error{ErrorCode::kInvalidArgument,
               path.string() + ": images are written as .bmp, .png or .jpg"};
}

}  // namespace

Status writeImage(const std::filesystem::path& path, const ImageView& image) {
  if (image.empty() || (image.channels != 1 && image.channels != 3)) {
    return Error{ErrorCode::kInvalidArgument, path.string() + ": there is no picture to write"};
  }
  FRONTALIS_ASSIGN(const Format format, formatFor(path, image.channels));
  const Error failed{ErrorCode::kInternal, path.string() + ": the image could not be encoded"};
  const AVCodec* codec = avcodec_find_encoder(format.codec);
  if (codec == nullptr) {
    return Error{ErrorCode::kUnsupported, path.string() + ": this FFmpeg has no encoder for it"};
  }
  const libav::Complaints complaints;
  const libav::CodecContext context(avcodec_alloc_context3(codec));
  const libav::FramePointer frame(av_frame_alloc());
  const libav::Packet packet(av_packet_alloc());
  if (!context || !frame || !packet) return failed;
  context->width = frame->width = image.width;
  context->height = frame->height = image.height;
  context->pix_fmt = format.pixels;
  frame->format = format.pixels;
  context->time_base = {1, 1};
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE;
  context->global_quality = frame->quality = 2 * FF_QP2LAMBDA;
  if (avcodec_open2(context.get(), codec, nullptr) < 0 || av_frame_get_buffer(frame.get(), 0) < 0) {
    return failed;
  }
  const AVPixelFormat source = image.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_BGR24;
  const libav::Scaler scaler(
      sws_getContext(image.width, image.height, source, image.width, image.height, format.pixels,
                     SWS_BICUBIC | SWS_ACCURATE_RND, nullptr, nullptr, nullptr));
  if (!scaler) return failed;
  const std::uint8_t* planes[] = {image.data};
  const int strides[] = {static_cast<int>(image.stride)};
  sws_scale(scaler.get(), planes, strides, 0, image.height, frame->data, frame->linesize);
  if (avcodec_send_frame(context.get(), frame.get()) < 0 ||
      avcodec_receive_packet(context.get(), packet.get()) < 0) {
    return failed;
  }
  return writeFile(
      path, {reinterpret_cast<const char*>(packet->data), static_cast<std::size_t>(packet->size)});
}

}  // namespace frontalis
