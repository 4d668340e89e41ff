#include "output/overlay.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <opencv2/imgproc.hpp>
#include <optional>
#include <vector>

#include "output/csv.h"
#include "shape/rotation.h"

namespace frontalis {
namespace {

using Colour = cv::Scalar;  // B, G, R

// Okabe and Ito's palette: told apart with any kind of colour vision.
const std::array<Colour, 6> kFaceColours = {Colour(233, 180, 86),  Colour(0, 159, 230),
                                            Colour(115, 158, 0),   Colour(66, 228, 240),
                                            Colour(167, 121, 204), Colour(0, 94, 213)};
const Colour kLeft(233, 180, 86);
const Colour kRight(0, 159, 230);
const Colour kAxisX(0, 94, 213);
const Colour kAxisY(115, 158, 0);
const Colour kAxisZ(233, 180, 86);
const Colour kPaper(34, 27, 24);
const Colour kTrack(66, 56, 50);
const Colour kInk(245, 240, 236);
const Colour kFaint(160, 148, 140);
const Colour kBar(214, 204, 196);
const Colour kAlarm(0, 159, 230);

constexpr int kSubPixelBits = 4;     // OpenCV's `shift`: coordinates in 1/16 px
constexpr int kSmallestRow = 11;     // px of panel a line of text needs
constexpr float kRowsInWidth = 20;   // lines as high as a tall picture is wide, at most
constexpr int kPanelRows = 22;       // lines: caption 3, action units 17, legend
constexpr float kHeadSize = 150;     // mm, side of the box where there are no landmarks
constexpr float kMaxIntensity = 5;   // of the FACS scale A..E
constexpr double kGlyphHeight = 21;  // px of a capital of Hershey's font at scale 1

const Colour& colourOf(const Row& face) {
  const auto n = static_cast<int>(kFaceColours.size());
  return kFaceColours[static_cast<std::size_t>(((face.face_id % n) + n) % n)];
}

cv::Mat matOf(Image& image) {
  return {image.height(), image.width(), CV_8UC3, image.data(),
          static_cast<std::size_t>(image.stride())};
}

/// Coordinates far outside would overflow OpenCV's fixed point.
bool drawable(const Point2f& p) {
  return std::isfinite(p.x) && std::isfinite(p.y) && std::abs(p.x) < 1e5f && std::abs(p.y) < 1e5f;
}

cv::Point fixed(const Point2f& p) {
  return {cvRound(p.x * (1 << kSubPixelBits)), cvRound(p.y * (1 << kSubPixelBits))};
}

void line(cv::Mat& to, const Point2f& a, const Point2f& b, const Colour& colour, int thickness) {
  if (!drawable(a) || !drawable(b)) return;
  cv::line(to, fixed(a), fixed(b), colour, thickness, cv::LINE_AA, kSubPixelBits);
}

void dot(cv::Mat& to, const Point2f& at, float radius, const Colour& colour) {
  if (!drawable(at)) return;
  cv::circle(to, fixed(at), cvRound(radius * (1 << kSubPixelBits)), colour, cv::FILLED, cv::LINE_AA,
             kSubPixelBits);
}

/// `height`: of a capital, px. `at`: left end of the base line.
void write(cv::Mat& to, const std::string& text, const Point2f& at, double height,
           const Colour& colour) {
  const int thickness = std::max(1, cvRound(height / 9));
  cv::putText(to, text, {cvRound(at.x), cvRound(at.y)}, cv::FONT_HERSHEY_SIMPLEX,
              height / kGlyphHeight, colour, thickness, cv::LINE_AA);
}

float widthOf(const std::string& text, double height) {
  const int thickness = std::max(1, cvRound(height / 9));
  int below = 0;
  return static_cast<float>(
      cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, height / kGlyphHeight, thickness, &below)
          .width);
}

void rectangle(cv::Mat& to, float x, float y, float width, float height, const Colour& colour) {
  if (!(width >= 0.5f) || !(height >= 0.5f)) return;  // also what is not a number
  cv::rectangle(to, cv::Rect(cvRound(x), cvRound(y), cvRound(width), cvRound(height)), colour,
                cv::FILLED);
}

/// Mixes a rectangle with a colour: `share` of the colour.
void tint(cv::Mat& to, cv::Rect where, const Colour& colour, double share) {
  where &= cv::Rect(0, 0, to.cols, to.rows);
  if (where.empty()) return;
  cv::Mat part = to(where);
  const cv::Mat flat(part.size(), part.type(), colour);
  cv::addWeighted(part, 1 - share, flat, share, 0, part);
}

struct Contour {
  std::size_t first, last;
  bool closed;
};
constexpr std::array<Contour, 9> kContours = {{{0, 16, false},
                                               {17, 21, false},
                                               {22, 26, false},
                                               {27, 30, false},
                                               {31, 35, false},
                                               {36, 41, true},
                                               {42, 47, true},
                                               {48, 59, true},
                                               {60, 67, true}}};

void drawLandmarks(cv::Mat& to, const Row& face, float unit) {
  const Colour& colour = colourOf(face);
  const int thickness = std::max(1, cvRound(unit));
  for (const Contour& contour : kContours) {
    for (std::size_t i = contour.first; i < contour.last; ++i) {
      line(to, face.landmarks[i], face.landmarks[i + 1], colour, thickness);
    }
    if (contour.closed) {
      line(to, face.landmarks[contour.last], face.landmarks[contour.first], colour, thickness);
    }
  }
  for (const Point2f& point : face.landmarks) dot(to, point, 0.9f * unit, kInk);
}

/// Corners instead of a frame: the face stays free.
void drawBox(cv::Mat& to, const Box& box, const Colour& colour, int thickness) {
  const float arm = 0.18f * std::min(box.width, box.height);
  for (const float x : {box.x, box.right()}) {
    for (const float y : {box.y, box.bottom()}) {
      const float dx = x == box.x ? arm : -arm;
      const float dy = y == box.y ? arm : -arm;
      line(to, {x, y}, {x + dx, y}, colour, thickness);
      line(to, {x, y}, {x, y + dy}, colour, thickness);
    }
  }
}

/// Right of the picture, up, and out of the face.
void drawAxes(cv::Mat& to, const Row& face, const Point2f& origin, float length, int thickness) {
  const Eigen::Matrix3f r = rotationFromEuler(face.pose.rx, face.pose.ry, face.pose.rz);
  if (!r.allFinite()) return;
  const auto arrow = [&](const Eigen::Vector3f& axis, const Colour& colour) {
    const Point2f end{origin.x + length * axis.x(), origin.y + length * axis.y()};
    line(to, origin, end, kPaper, thickness + 2);
    line(to, origin, end, colour, thickness);
  };
  arrow(r.col(0), kAxisX);
  arrow(-r.col(1), kAxisY);
  arrow(-r.col(2), kAxisZ);
}

std::string fixedText(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string clockText(double seconds) {
  const long long thousandths = std::llround(seconds * 1000);
  char text[64];
  std::snprintf(text, sizeof(text), "%lld:%02lld.%03lld", thousandths / 60'000,
                thousandths / 1000 % 60, thousandths % 1000);
  return text;
}

/// Height of a line of text, px, for pictures of a size.
float rowHeight(int width, int height) {
  const float fitting =
      std::min(static_cast<float>(height) / kPanelRows, static_cast<float>(width) / kRowsInWidth);
  return std::max(fitting, static_cast<float>(kSmallestRow));
}

int panelWidth(int width, int height) {
  const int panel = cvRound(rowHeight(width, height) * 11);
  return panel + panel % 2;
}

/// The status of a frame: how many faces, or one's confidence.
std::string statusText(std::span<const Row> faces) {
  const auto seen =
      std::count_if(faces.begin(), faces.end(), [](const Row& f) { return f.success; });
  if (faces.empty()) return "no row";
  if (seen == 0) return "no face";
  if (faces.size() > 1) return std::to_string(seen) + (seen == 1 ? " face" : " faces");
  return "face " + fixedText(static_cast<double>(faces.front().confidence), 2);
}

/// Three lines at most; returns the height used, px.
float drawCaption(cv::Mat& to, const Point2f& at, float row, std::span<const Row> faces,
                  const OverlayCaption& caption) {
  const double size = 0.5 * static_cast<double>(row);
  float y = at.y + row;
  if (caption.frame > 0) {
    write(to, "frame " + std::to_string(caption.frame) + "  " + clockText(caption.seconds),
          {at.x, y}, size, kInk);
    y += 1.1f * row;
  }
  const bool seen = std::any_of(faces.begin(), faces.end(), [](const Row& f) { return f.success; });
  const float mark = 0.22f * row;
  const Point2f center{at.x + mark, y - 0.25f * row};
  if (seen) {
    dot(to, center, mark, Colour(115, 158, 0));
  } else {  // a cross: not by colour alone
    line(to, {center.x - mark, center.y - mark}, {center.x + mark, center.y + mark}, kAlarm,
         std::max(1, cvRound(row / 10)));
    line(to, {center.x - mark, center.y + mark}, {center.x + mark, center.y - mark}, kAlarm,
         std::max(1, cvRound(row / 10)));
  }
  write(to, statusText(faces), {at.x + 0.8f * row, y}, size, seen ? kInk : kAlarm);
  if (!caption.title.empty()) {
    y += 1.1f * row;
    write(to, caption.title, {at.x, y}, size, kFaint);
  }
  return y - at.y;
}

/// One line an action unit.
void drawBars(cv::Mat& to, float left, float top, float width, float row,
              std::span<const Row> faces, const Columns& columns) {
  std::vector<const Row*> shown;
  for (const Row& face : faces) {
    if (face.success) shown.push_back(&face);
  }
  const bool sides = columns.sides && shown.size() == 1;
  const double size = 0.46 * static_cast<double>(row);
  const float bar_left = left + 2.9f * row;
  const float bar_width = width - 2.9f * row - 1.7f * row;
  const auto length = [&](float value) {
    return bar_width * std::clamp(value, 0.f, kMaxIntensity) / kMaxIntensity;
  };
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    const float y = top + static_cast<float>(i) * row;
    const float base = y + 0.72f * row;
    const int number = kIntensityAuNumbers[i];
    const auto presence_at = static_cast<std::size_t>(
        std::find(kPresenceAuNumbers.begin(), kPresenceAuNumbers.end(), number) -
        kPresenceAuNumbers.begin());
    const bool present = columns.presence &&
                         std::any_of(shown.begin(), shown.end(),
                                     [&](const Row* face) { return face->presence[presence_at]; });
    if (present) dot(to, {left + 0.2f * row, y + 0.48f * row}, 0.16f * row, kInk);
    write(to, "AU" + auName(number), {left + 0.6f * row, base}, size, present ? kInk : kFaint);
    if (!columns.intensity) continue;
    const float track_height = sides ? 0.36f * row : 0.64f * row;
    rectangle(to, bar_left, y + 0.14f * row, bar_width, track_height, kTrack);
    const float each = track_height / static_cast<float>(std::max<std::size_t>(1, shown.size()));
    for (std::size_t f = 0; f < shown.size(); ++f) {
      const float value = shown[f]->intensity[i];
      if (!std::isfinite(value)) continue;
      rectangle(to, bar_left, y + 0.14f * row + static_cast<float>(f) * each, length(value), each,
                shown.size() == 1 ? kBar : colourOf(*shown[f]));
    }
    if (shown.size() == 1 && std::isfinite(shown[0]->intensity[i])) {
      const std::string text = fixedText(static_cast<double>(shown[0]->intensity[i]), 1);
      write(to, text, {left + width - widthOf(text, size), base}, size, present ? kInk : kFaint);
    }
    if (sides) {
      const float thin = std::max(1.f, 0.17f * row);
      rectangle(to, bar_left, y + 0.58f * row, length(shown[0]->intensity_left[i]), thin, kLeft);
      rectangle(to, bar_left, y + 0.58f * row + thin, length(shown[0]->intensity_right[i]), thin,
                kRight);
    }
  }
  if (!sides) return;
  const float y = top + static_cast<float>(kIntensityAus) * row + 0.72f * row;
  rectangle(to, bar_left, y - 0.4f * row, 0.5f * row, 0.4f * row, kLeft);
  write(to, "left", {bar_left + 0.7f * row, y}, size, kFaint);
  rectangle(to, bar_left + 2.9f * row, y - 0.4f * row, 0.5f * row, 0.4f * row, kRight);
  write(to, "right", {bar_left + 3.6f * row, y}, size, kFaint);
}

}  // namespace

std::optional<Box> faceBox(const Row& face, const Columns& columns, int width, int height) {
  if (columns.landmarks_2d) {
    float left = 1e9f, top = 1e9f, right = -1e9f, bottom = -1e9f;
    for (const Point2f& p : face.landmarks) {
      if (!drawable(p)) return std::nullopt;
      left = std::min(left, p.x);
      right = std::max(right, p.x);
      top = std::min(top, p.y);
      bottom = std::max(bottom, p.y);
    }
    const float margin = 0.06f * std::max(right - left, bottom - top);
    return Box{left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin};
  }
  if (!columns.pose || !(face.pose.tz > 1)) return std::nullopt;
  const Camera camera = Camera::forImageSize(width, height);
  const float px_per_mm = camera.fx / face.pose.tz;
  const float side = kHeadSize * px_per_mm;
  const Point2f center{camera.cx + face.pose.tx * px_per_mm, camera.cy + face.pose.ty * px_per_mm};
  if (!drawable(center) || !(side < 1e5f)) return std::nullopt;
  return Box{center.x - side / 2, center.y - side / 2, side, side};
}

void drawFaces(std::span<const Row> faces, const Columns& columns, const OverlayOptions& options,
               Image& picture) {
  if (picture.empty() || picture.channels() != 3) return;
  cv::Mat to = matOf(picture);
  for (const Row& face : faces) {
    if (!face.success) continue;
    const std::optional<Box> box = faceBox(face, columns, picture.width(), picture.height());
    if (!box) continue;
    const float size = std::max(box->width, box->height);
    const float unit = std::clamp(size / 260, 0.7f, 4.f);
    const int thickness = std::max(1, cvRound(1.6f * unit));
    if (options.landmarks && columns.landmarks_2d) drawLandmarks(to, face, unit);
    if (options.box) {
      drawBox(to, *box, colourOf(face), thickness);
      if (faces.size() > 1) {
        write(to, std::to_string(face.face_id), {box->x, box->y - 5 * unit},
              std::max(8.0, 14.0 * static_cast<double>(unit)), colourOf(face));
      }
    }
    if (options.axes && columns.pose) {
      const Point2f origin = columns.landmarks_2d ? face.landmarks[30] : box->center();
      drawAxes(to, face, origin, 0.4f * size, cvRound(1.5f * unit) + 1);
    }
  }
}

int overlayWidth(int width, int height, const OverlayOptions& options) {
  return options.panel == OverlayPanel::kBeside ? width + panelWidth(width, height) : width;
}

int overlayHeight(int width, int height, const OverlayOptions& options) {
  return options.panel == OverlayPanel::kBeside
             ? std::max(height, cvRound(kPanelRows * rowHeight(width, height)))
             : height;
}

void drawOverlay(const ImageView& picture, std::span<const Row> faces, const Columns& columns,
                 const OverlayCaption& caption, const OverlayOptions& options, Image& canvas) {
  if (picture.empty() || (picture.channels != 1 && picture.channels != 3)) return;
  Image drawn(picture.width, picture.height, 3);
  cv::Mat upright = matOf(drawn);
  const cv::Mat source(picture.height, picture.width, picture.channels == 1 ? CV_8UC1 : CV_8UC3,
                       const_cast<std::uint8_t*>(picture.data),
                       static_cast<std::size_t>(picture.stride));
  if (picture.channels == 1) {
    cv::cvtColor(source, upright, cv::COLOR_GRAY2BGR);
  } else {
    source.copyTo(upright);
  }
  drawFaces(faces, columns, options, drawn);

  canvas.resize(overlayWidth(picture.width, picture.height, options),
                overlayHeight(picture.width, picture.height, options), 3);
  cv::Mat to = matOf(canvas);
  to.setTo(kPaper);
  upright.copyTo(to(cv::Rect(0, 0, picture.width, picture.height)));

  const float row = rowHeight(picture.width, picture.height);
  const float margin = 0.5f * row;
  const auto panel = static_cast<float>(panelWidth(picture.width, picture.height));
  const float left = static_cast<float>(canvas.width()) - panel;
  if (options.panel == OverlayPanel::kOver) {
    tint(to, {cvRound(left), 0, cvRound(panel), canvas.height()}, kPaper, 0.65);
  }
  float used = 0;
  if (options.caption && options.panel != OverlayPanel::kNone) {
    used = drawCaption(to, {left + margin, 0}, row, faces, caption);
  } else if (options.caption) {
    const float height = (caption.title.empty() ? 2.7f : 3.8f) * row;
    const float y = static_cast<float>(canvas.height()) - height;
    tint(to, {0, cvRound(y), cvRound(panel), cvRound(height)}, kPaper, 0.65);
    drawCaption(to, {margin, y}, row, faces, caption);
  }
  if (options.panel != OverlayPanel::kNone) {
    drawBars(to, left + margin, used + 0.5f * row, panel - 2 * margin, row, faces, columns);
  }
}

}  // namespace frontalis
