#include "video/image_writer.h"

#include <algorithm>
#include <cctype>

#include "util/file.h"
#include "util/try.h"
#include "video/libav.h"

namespace frontalis {

namespace {

struct Kind {
  AVCodecID codec;
  AVPixelFormat gray, colour;
};

Result<Kind> kindOf(std::string extension) {
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".png") return Kind{AV_CODEC_ID_PNG, AV_PIX_FMT_GRAY8, AV_PIX_FMT_RGB24};
  if (extension == ".bmp") return Kind{AV_CODEC_ID_BMP, AV_PIX_FMT_GRAY8, AV_PIX_FMT_BGR24};
  if (extension == ".jpg" || extension == ".jpeg") {
    return Kind{AV_CODEC_ID_MJPEG, AV_PIX_FMT_YUVJ444P, AV_PIX_FMT_YUVJ444P};
  }
  return Error{ErrorCode::kInvalidArgument, "images are not written as '" + extension + "'",
               "Use .png, .jpg or .bmp"};
}

}  // namespace

Result<std::string> encodeImage(const ImageView& image, const std::string& extension) {
  FRONTALIS_ASSIGN(const Kind kind, kindOf(extension));
  if (image.empty() || (image.channels != 1 && image.channels != 3)) {
    return Error{ErrorCode::kInvalidArgument, "an image to write is empty or neither grey nor BGR"};
  }
  const libav::Complaints complaints;
  const AVCodec* encoder = avcodec_find_encoder(kind.codec);
  if (encoder == nullptr) {
    return Error{ErrorCode::kUnsupported,
                 std::string("FFmpeg has no encoder for ") + avcodec_get_name(kind.codec)};
  }
  const libav::CodecContext codec(avcodec_alloc_context3(encoder));
  const libav::FramePointer picture(av_frame_alloc());
  const libav::Packet packet(av_packet_alloc());
  const Error no_memory{ErrorCode::kInternal, "out of memory for an image to write"};
  if (!codec || !picture || !packet) return no_memory;
  codec->width = picture->width = image.width;
  codec->height = picture->height = image.height;
  codec->pix_fmt = image.channels == 1 ? kind.gray : kind.colour;
  picture->format = codec->pix_fmt;
  codec->time_base = {1, 25};
  codec->thread_count = 1;
  codec->flags |= AV_CODEC_FLAG_BITEXACT;
  if (kind.codec == AV_CODEC_ID_MJPEG) {
    codec->flags |= AV_CODEC_FLAG_QSCALE;
    codec->global_quality = 2 * FF_QP2LAMBDA;
    codec->color_range = picture->color_range = AVCOL_RANGE_JPEG;
    picture->quality = codec->global_quality;
  }
  if (av_frame_get_buffer(picture.get(), 0) < 0) return no_memory;
  const libav::Scaler scaler(sws_getContext(
      image.width, image.height, image.channels == 1 ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_BGR24,
      image.width, image.height, codec->pix_fmt,
      SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, nullptr, nullptr, nullptr));
  if (!scaler) return no_memory;
  const std::uint8_t* from[4] = {image.data};
  const int strides[4] = {static_cast<int>(image.stride)};
  sws_scale(scaler.get(), from, strides, 0, image.height, picture->data, picture->linesize);
  int code = avcodec_open2(codec.get(), encoder, nullptr);
  if (code >= 0) code = avcodec_send_frame(codec.get(), picture.get());
  if (code >= 0) code = avcodec_send_frame(codec.get(), nullptr);
  if (code >= 0) code = avcodec_receive_packet(codec.get(), packet.get());
  if (code < 0) {
    return Error{ErrorCode::kUnsupported, "an image of " + std::to_string(image.width) + " x " +
                                              std::to_string(image.height) +
                                              " px cannot be encoded as " + extension + ": " +
                                              libav::errorText(code) + complaints.suffix()};
  }
  return std::string(reinterpret_cast<const char*>(packet->data),
                     static_cast<std::size_t>(packet->size));
}

Status writeImage(const std::filesystem::path& path, const ImageView& image) {
  const Result<std::string> bytes = encodeImage(image, path.extension().string());
  if (!bytes.ok()) {
    Error error = bytes.error();
    error.message = path.string() + ": " + error.message;
    return error;
  }
  return writeFile(path, *bytes);
}

}  // namespace frontalis
