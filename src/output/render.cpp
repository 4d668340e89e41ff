#include "output/render.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "image/convert.h"
#include "output/face_table.h"
#include "util/file.h"
#include "util/try.h"
#include "video/image_reader.h"
#include "video/image_writer.h"
#include "video/video_reader.h"
#include "video/video_writer.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;

constexpr int kFinestTimeBase = 1'000'000;
constexpr int kCoarsestTimeBase = 1'000;

/// One that holds the source's times exactly: its own, or a multiple where that is coarse, so that
/// a time between two ticks finds a place too.
Rational timeBaseFor(const Rational& source) {
  if (source.denominator <= 0 || source.denominator > kFinestTimeBase) return {1, 90'000};
  int denominator = source.denominator;
  while (denominator < kCoarsestTimeBase) denominator *= 10;
  return {1, denominator};
}

/// The rows of each frame, asked for in the order of frames.
class RowsOfFrames {
 public:
  RowsOfFrames(const FaceTable& table, double frame_seconds)
      : table_(table), tolerance_(0.5 * frame_seconds), order_(table.rows()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  }

  /// `number`: 1-based.
  const std::vector<Row>& of(std::int64_t number, double seconds) {
    rows_.clear();
    const double wanted = table_.numbered() ? static_cast<double>(number) : seconds;
    const double tolerance = table_.numbered() ? 0.25 : tolerance_;
    while (next_ < order_.size() && key(order_[next_]) < wanted - tolerance) ++next_;
    while (next_ < order_.size() && key(order_[next_]) <= wanted + tolerance) {
      const std::size_t row = order_[next_++];
      rows_.push_back(table_.row(row));
      if (!table_.timestamp().empty()) {
        largest_shift_ = std::max(largest_shift_, std::abs(table_.timestamp()[row] - seconds));
      }
    }
    return rows_;
  }

  /// Between a row's time stamp and its frame's, s.
  [[nodiscard]] double largestShift() const { return largest_shift_; }
  [[nodiscard]] bool used() const { return next_ > 0; }
  [[nodiscard]] std::size_t left() const { return order_.size() - next_; }

 private:
  [[nodiscard]] double key(std::size_t row) const {
    return table_.numbered() ? static_cast<double>(table_.frame()[row]) : table_.timestamp()[row];
  }

  const FaceTable& table_;
  double tolerance_;
  std::vector<std::size_t> order_;
  std::size_t next_ = 0;
  std::vector<Row> rows_;
  double largest_shift_ = 0;
};

/// A stream may change its size; the file that is written does not.
ImageView fitted(const Image& canvas, int width, int height, Image& scratch) {
  if (canvas.width() == width && canvas.height() == height) return canvas;
  scratch.resize(width, height, 3);
  const cv::Mat from(canvas.height(), canvas.width(), CV_8UC3,
                     const_cast<std::uint8_t*>(canvas.data()));
  cv::Mat to(height, width, CV_8UC3, scratch.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_AREA);
  return scratch;
}

}  // namespace

Result<RenderReport> renderVideo(const RenderRequest& request) {
  FRONTALIS_TRY(checkOutput(request.output, std::array{request.video, request.table}));
  FRONTALIS_ASSIGN(const FaceTable table, FaceTable::read(request.table, true));
  if (!table.file().empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 request.table.string() + " is a table of images, not of a video"};
  }
  FRONTALIS_ASSIGN(VideoReader reader, VideoReader::open(request.video));
  const VideoInfo info = reader.info();
  const double rate = info.average_fps.value() > 0 ? info.average_fps.value() : 30;

  VideoWriterOptions options;
  options.width = overlayWidth(info.width, info.height, request.overlay);
  options.height = overlayHeight(info.width, info.height, request.overlay);
  if (info.average_fps.value() > 0) options.frame_rate = info.average_fps;
  options.time_base = timeBaseFor(info.time_base);
  options.crf = request.crf;
  options.audio_from = request.video;
  FRONTALIS_ASSIGN(VideoWriter writer, VideoWriter::create(request.output, options));

  RenderReport report;
  report.has_audio = writer.hasAudio();
  const auto expected = static_cast<std::int64_t>(std::llround(info.duration_seconds * rate));
  RowsOfFrames rows(table, 1 / rate);
  FrameConverter converter(ColorRule::kStream);
  Image picture, canvas, scratch;
  OverlayCaption caption;
  while (!report.interrupted) {
    FRONTALIS_ASSIGN(const std::optional<Frame> frame, reader.next());
    if (!frame) break;
    converter.toBgr(*frame, {0, 0, frame->width(), frame->height()}, picture);
    caption.frame = frame->index + 1;
    caption.seconds = frame->timestamp_seconds;
    const std::vector<Row>& faces = rows.of(caption.frame, caption.seconds);
    if (!faces.empty()) ++report.frames_with_row;
    drawOverlay(picture, faces, table.columns(), caption, request.overlay, canvas);
    FRONTALIS_TRY(writer.write(fitted(canvas, options.width, options.height, scratch),
                               frame->timestamp_seconds));
    ++report.frames;
    if (request.progress && !request.progress(report.frames, expected)) report.interrupted = true;
  }
  FRONTALIS_TRY(writer.finish());

  const VideoStats& stats = reader.stats();
  report.damaged = stats.truncated || stats.packet_errors > 0 || stats.damaged_frames > 0;
  if (report.damaged) {
    report.warnings.emplace_back("the video is cut off or damaged; what decodes was drawn");
  }
  if (info.has_audio && !report.has_audio) {
    report.warnings.emplace_back("its sound does not fit into this kind of file and was left out");
  }
  if (!table.columns().landmarks_2d) {
    report.warnings.emplace_back(
        "the table has no landmarks, so none are drawn: extract with --landmarks-2d");
  }
  if (!report.interrupted && rows.left() > 0) {
    report.warnings.emplace_back("the table goes on after the video's last frame (" +
                                 std::to_string(rows.left()) + " rows left): is it of this video?");
  }
  if (rows.largestShift() > 1.5 / rate) {
    report.warnings.emplace_back("the table's time stamps are up to " +
                                 std::to_string(rows.largestShift()) +
                                 " s away from the video's: is it of this video?");
  }
  return report;
}

Status annotateImage(const fs::path& image, std::span<const Row> faces, const Columns& columns,
                     const fs::path& output) {
  FRONTALIS_ASSIGN(const ReadImage read, readImage(image));
  Image picture, canvas;
  FrameConverter converter(ColorRule::kStream);
  converter.toBgr(read.frame, {0, 0, read.frame.width(), read.frame.height()}, picture);
  OverlayCaption caption;
  caption.title = image.filename().string();
  drawOverlay(picture, faces, columns, caption, {}, canvas);
  return writeImage(output, canvas);
}

}  // namespace frontalis
