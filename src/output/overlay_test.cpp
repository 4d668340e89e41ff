#include "output/overlay.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace frontalis {
namespace {

constexpr std::uint8_t kGround = 120;

Image flat(int width, int height) {
  Image image(width, height, 3);
  std::fill_n(image.data(), image.bytes(), kGround);
  return image;
}

/// A face of points on a circle, turned to the camera.
Row face(float x, float y, float radius, int id = 0) {
  Row row;
  row.success = true;
  row.face_id = id;
  row.confidence = 0.9f;
  for (std::size_t i = 0; i < kLandmarks; ++i) {
    const float angle = 6.2831853f * static_cast<float>(i) / kLandmarks;
    row.landmarks[i] = {x + radius * std::cos(angle), y + radius * std::sin(angle)};
  }
  row.landmarks[30] = {x, y};
  row.pose = {0, 0, 600, 0, 0, 0};
  row.intensity.fill(2.5f);
  return row;
}

Columns all() {
  Columns columns;
  columns.landmarks_2d = true;
  return columns;
}

/// Of the pixels in a region, those that differ from the ground.
int changed(const Image& image, Region part) {
  int count = 0;
  for (int y = part.y; y < part.y + part.height; ++y) {
    for (int x = part.x; x < part.x + part.width; ++x) {
      const std::uint8_t* p = image.at(x, y);
      if (p[0] != kGround || p[1] != kGround || p[2] != kGround) ++count;
    }
  }
  return count;
}

/// Columns of a line of pixels that are as bright as the bars.
int brightIn(const Image& image, int y, int from) {
  int count = 0;
  for (int x = from; x < image.width(); ++x) {
    const std::uint8_t* p = image.at(x, y);
    if (p[0] > 190 && p[1] > 190 && p[2] > 190) ++count;
  }
  return count;
}

TEST(Overlay, DrawsAtTheFaceAndNowhereElse) {
  Image picture = flat(400, 300);
  const std::vector<Row> faces = {face(300, 150, 40)};
  drawFaces(faces, all(), {}, picture);
  EXPECT_GT(changed(picture, {240, 90, 120, 120}), 300);
  EXPECT_EQ(changed(picture, {0, 0, 230, 300}), 0);
  // Every landmark's pixel was drawn on.
  for (const Point2f& p : faces[0].landmarks) {
    EXPECT_GT(changed(picture, {std::lround(p.x) > 0 ? static_cast<int>(std::lround(p.x)) - 1 : 0,
                                static_cast<int>(std::lround(p.y)) - 1, 3, 3}),
              0);
  }
}

TEST(Overlay, SeveralFacesAreEachDrawnAndTheLostOneIsNot) {
  Image picture = flat(600, 200);
  std::vector<Row> faces = {face(100, 100, 40, 0), face(300, 100, 40, 1), face(500, 100, 40, 2)};
  faces[1].success = false;
  drawFaces(faces, all(), {}, picture);
  EXPECT_GT(changed(picture, {40, 40, 120, 120}), 300);
  EXPECT_EQ(changed(picture, {200, 0, 200, 200}), 0);
  EXPECT_GT(changed(picture, {440, 40, 120, 120}), 300);
}

TEST(Overlay, EachPartCanBeLeftOut) {
  const std::vector<Row> faces = {face(200, 150, 60)};
  OverlayOptions none;
  none.landmarks = none.axes = none.box = false;
  Image picture = flat(400, 300);
  drawFaces(faces, all(), none, picture);
  EXPECT_EQ(changed(picture, {0, 0, 400, 300}), 0);
  for (bool OverlayOptions::*part :
       {&OverlayOptions::landmarks, &OverlayOptions::axes, &OverlayOptions::box}) {
    OverlayOptions one = none;
    one.*part = true;
    Image with = flat(400, 300);
    drawFaces(faces, all(), one, with);
    EXPECT_GT(changed(with, {0, 0, 400, 300}), 50);
  }
}

TEST(Overlay, AxesFollowTheHead) {
  const auto axes = [](float yaw) {
    Row row = face(200, 150, 60);
    row.pose.ry = yaw;
    OverlayOptions only;
    only.landmarks = only.box = false;
    Image picture = flat(400, 300);
    drawFaces(std::vector<Row>{row}, all(), only, picture);
    return picture;
  };
  // The axis out of the face: hidden in itself when frontal, to one side when the head turns.
  EXPECT_EQ(changed(axes(0), {150, 145, 40, 10}), 0);
  EXPECT_GT(changed(axes(0.7f), {165, 140, 25, 20}), 10);
  EXPECT_EQ(changed(axes(-0.7f), {165, 140, 25, 20}), 0);
}

TEST(Overlay, WithoutLandmarksTheBoxIsWhereThePoseIs) {
  Row row;
  row.success = true;
  row.pose = {60, 0, 600, 0, 0, 0};
  const Columns columns;
  const auto box = faceBox(row, columns, 640, 480);
  ASSERT_TRUE(box);
  EXPECT_NEAR(box->center().x, 320 + 500 * 60 / 600., 1e-3);
  EXPECT_NEAR(box->center().y, 240, 1e-3);
  row.pose.tz = 0;
  EXPECT_FALSE(faceBox(row, columns, 640, 480));
}

TEST(Overlay, PanelStandsBesideThePictureAndBarsHaveTheirLengths) {
  OverlayOptions plain;
  plain.landmarks = plain.axes = plain.box = false;
  Row row = face(200, 150, 60);
  row.intensity.fill(0);
  row.intensity[0] = 5;
  row.intensity[1] = 2.5f;
  Image canvas;
  drawOverlay(flat(400, 300), std::vector<Row>{row}, all(), {7, 0.25, "clip"}, plain, canvas);
  ASSERT_EQ(canvas.width(), overlayWidth(400, 300, plain));
  ASSERT_EQ(canvas.height(), overlayHeight(400, 300, plain));
  EXPECT_GT(canvas.width(), 400);
  EXPECT_EQ(canvas.width() % 2, 0);
  EXPECT_EQ(changed(canvas, {0, 0, 400, 300}), 0);
  // The two longest bars: one twice the other.
  std::vector<int> lengths;
  for (int y = 0; y < canvas.height(); ++y) lengths.push_back(brightIn(canvas, y, 400));
  std::vector<int> rows = lengths;
  std::sort(rows.rbegin(), rows.rend());
  EXPECT_GT(rows[0], 50);
  const int whole = rows[2];
  EXPECT_TRUE(std::any_of(lengths.begin(), lengths.end(),
                          [&](int n) { return std::abs(n - whole / 2) <= 0.15 * whole; }));
}

TEST(Overlay, SuccessAndAbsenceLookDifferent) {
  Image seen, lost, absent;
  Row row = face(200, 150, 60);
  drawOverlay(flat(400, 300), std::vector<Row>{row}, all(), {1, 0, ""}, {}, seen);
  row.success = false;
  drawOverlay(flat(400, 300), std::vector<Row>{row}, all(), {1, 0, ""}, {}, lost);
  drawOverlay(flat(400, 300), {}, all(), {1, 0, ""}, {}, absent);
  const auto same = [](const Image& a, const Image& b) {
    return a.bytes() == b.bytes() && std::equal(a.data(), a.data() + a.bytes(), b.data());
  };
  EXPECT_FALSE(same(seen, lost));
  EXPECT_FALSE(same(lost, absent));
  EXPECT_EQ(changed(lost, {0, 0, 400, 300}), 0);
}

TEST(Overlay, NothingThatIsNoNumberOrFarOutsideDisturbs) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float inf = std::numeric_limits<float>::infinity();
  for (const float bad : {nan, inf, -inf, 3e9f, -3e9f}) {
    Row row = face(200, 150, 60);
    row.landmarks[3] = {bad, bad};
    row.pose = {bad, bad, bad, bad, bad, bad};
    row.intensity.fill(bad);
    row.intensity_left.fill(bad);
    row.intensity_right.fill(bad);
    Columns columns = all();
    columns.sides = true;
    for (const bool landmarks : {true, false}) {
      columns.landmarks_2d = landmarks;
      for (const OverlayPanel panel :
           {OverlayPanel::kNone, OverlayPanel::kOver, OverlayPanel::kBeside}) {
        OverlayOptions options;
        options.panel = panel;
        Image canvas;
        drawOverlay(flat(64, 48), std::vector<Row>{row}, columns, {1, 0, ""}, options, canvas);
        EXPECT_EQ(canvas.width(), overlayWidth(64, 48, options));
      }
    }
  }
}

TEST(Overlay, GreyPicturesAreTaken) {
  Image grey(40, 30, 1);
  std::fill_n(grey.data(), grey.bytes(), kGround);
  Image canvas;
  OverlayOptions none;
  none.panel = OverlayPanel::kNone;
  none.caption = false;
  drawOverlay(grey, {}, all(), {}, none, canvas);
  ASSERT_EQ(canvas.channels(), 3);
  EXPECT_EQ(changed(canvas, {0, 0, 40, 30}), 0);
}

}  // namespace
}  // namespace frontalis
