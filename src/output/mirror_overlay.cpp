#include "output/mirror_overlay.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <opencv2/imgproc.hpp>

namespace frontalis {
namespace {

constexpr float kGreenYaw = 3, kOrangeYaw = 5;  // degrees (spec pipeline 11.6)
constexpr int kSubPixelBits = 4;                // OpenCV's `shift`: coordinates in 1/16 px
constexpr double kGlyphHeight = 21;             // px of a capital of Hershey's font at scale 1

/// Y, U, V of BT.601, limited range: near enough for other ranges and matrices.
struct Paint {
  double y, u, v;
};
constexpr Paint kRed{81, 90, 240}, kGreen{120, 80, 70}, kOrange{150, 50, 175}, kGray{90, 128, 128};
constexpr Paint kInk{235, 128, 128}, kDots{170, 166, 16};

/// The planes of a frame as OpenCV draws on them, each shape on all three.
class Canvas {
 public:
  Canvas(const WritableFrame& frame) {
    for (std::size_t k = 0; k < 3; ++k) {
      const Plane& plane = frame.frame.planes[k];
      planes_[k] = cv::Mat(plane.height, plane.width, CV_8UC1, frame.planes[k],
                           static_cast<std::size_t>(plane.stride));
    }
  }

  void line(Point2f a, Point2f b, const Paint& paint, int thickness) {
    each(paint, [&](cv::Mat& plane, double value, float scale) {
      cv::line(plane, fixed(a, scale), fixed(b, scale), cv::Scalar(value),
               std::max(1, cvRound(scale * static_cast<float>(thickness))), cv::LINE_AA,
               kSubPixelBits);
    });
  }
  void dot(Point2f at, float radius, const Paint& paint) {
    each(paint, [&](cv::Mat& plane, double value, float scale) {
      cv::circle(plane, fixed(at, scale),
                 std::max(1, cvRound(scale * radius * (1 << kSubPixelBits))), cv::Scalar(value),
                 cv::FILLED, cv::LINE_AA, kSubPixelBits);
    });
  }
  void banner(int height, const Paint& paint) {
    each(paint, [&](cv::Mat& plane, double value, float scale) {
      const int rows = std::min(plane.rows, cvRound(scale * static_cast<float>(height)));
      plane.rowRange(0, rows).setTo(cv::Scalar(value));
    });
  }
  /// `x`: left end; or right end when negative, from the right border.
  void write(const std::string& text, int x, int height, int base, const Paint& paint) {
    const double scale = height / kGlyphHeight;
    const int thickness = std::max(1, cvRound(height / 9.0));
    if (x < 0) {
      int below = 0;
      x += planes_[0].cols -
           cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, thickness, &below).width;
    }
    // Ink has no colour of its own: the banner's chroma stays beneath.
    cv::putText(planes_[0], text, {x, base}, cv::FONT_HERSHEY_SIMPLEX, scale, cv::Scalar(paint.y),
                thickness, cv::LINE_AA);
  }

 private:
  template <class Draw>
  void each(const Paint& paint, Draw&& draw) {
    draw(planes_[0], paint.y, 1.f);
    draw(planes_[1], paint.u, 0.5f);
    draw(planes_[2], paint.v, 0.5f);
  }
  static cv::Point fixed(Point2f p, float scale) {
    const auto limit = [](float v) { return std::isfinite(v) ? std::clamp(v, -1e5f, 1e5f) : 0.f; };
    const float unit = scale * (1 << kSubPixelBits);
    return {cvRound(limit(p.x) * unit), cvRound(limit(p.y) * unit)};
  }

  std::array<cv::Mat, 3> planes_;
};

/// Where a line crosses the picture's top and bottom, or its sides when it is rather level.
std::array<Point2f, 2> across(const Line& line, int width, int height) {
  const auto w = static_cast<float>(width - 1);
  const auto h = static_cast<float>(height - 1);
  if (std::abs(line.direction.y) >= std::abs(line.direction.x)) {
    const float slope = line.direction.x / line.direction.y;
    return {Point2f{line.point.x - slope * line.point.y, 0},
            Point2f{line.point.x + slope * (h - line.point.y), h}};
  }
  const float slope = line.direction.y / line.direction.x;
  return {Point2f{0, line.point.y - slope * line.point.x},
          Point2f{w, line.point.y + slope * (w - line.point.x)}};
}

}  // namespace

Frame drawMidline(const HalvedFrame& halved, FramePool& pool) {
  const Frame& from = halved.frame;
  const int width = from.stored_width;
  const int height = from.stored_height;
  const WritableFrame out = pool.take(from, width, height);
  for (std::size_t k = 0; k < 3; ++k) {
    const Plane& plane = from.planes[k];
    for (int y = 0; y < plane.height; ++y) {
      std::memcpy(out.planes[k] + y * out.frame.planes[k].stride, plane.data + y * plane.stride,
                  static_cast<std::size_t>(plane.width));
    }
  }
  Canvas canvas(out);
  const int banner = std::max(14, height / 20);
  const float unit = static_cast<float>(std::max(width, height)) / 640.f;
  const float yaw = halved.position.yaw;
  Paint paint = kGray;
  const long long number = from.index + 1;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%lld  no face", number);
  if (halved.midline) {
    paint = std::abs(yaw) <= kGreenYaw ? kGreen : std::abs(yaw) <= kOrangeYaw ? kOrange : kRed;
    for (const Point2f& p : halved.landmarks) canvas.dot(p, std::max(1.f, 1.2f * unit), kDots);
    const auto [a, b] = across(halved.midline->line(), width, height);
    canvas.line(a, b, kRed, std::max(1, cvRound(1.5f * unit)));
    std::snprintf(text.data(), text.size(), "%lld  yaw %+.1f", number, static_cast<double>(yaw));
  }
  canvas.banner(banner, paint);
  const int glyph = std::max(6, banner / 2);
  const int base = (banner + glyph) / 2;
  canvas.write("R", banner / 4, glyph, base, kInk);
  canvas.write("L", -banner / 4, glyph, base, kInk);
  canvas.write(text.data(), banner + banner / 2, glyph, base, kInk);
  return out.frame;
}

}  // namespace frontalis
