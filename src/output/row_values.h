#pragma once

#include <string>
#include <vector>

#include "frontalis/result.h"
#include "frontalis/row.h"

namespace frontalis {

/// The groups of columns both asked for and filled; how they are filled comes from `filled`.
inline Columns both(const Columns& wanted, const Columns& filled) {
  Columns c = filled;
  c.gaze &= wanted.gaze;
  c.pose &= wanted.pose;
  c.landmarks_2d &= wanted.landmarks_2d;
  c.landmarks_3d &= wanted.landmarks_3d;
  c.shape &= wanted.shape;
  c.intensity &= wanted.intensity;
  c.sides &= wanted.sides;
  c.presence &= wanted.presence;
  c.blendshapes &= wanted.blendshapes;
  return c;
}

/// kInvalidArgument where sides or coefficients are wanted of a pack that does not measure them.
Status checkWanted(const Columns& wanted, const Columns& filled, const std::string& pack);

/// Names of the columns that hold a row's measured values: all but those that say which row it is
/// (file, frame, face_id, timestamp, confidence, success). OpenFace's names and order (spec
/// pipeline 9.1).
std::vector<std::string> valueNames(const Columns& columns);

/// Calls see(value, decimals) for each of valueNames(), in that order; `decimals` is how many
/// tables print. Presences are 0 or 1.
template <class See>
void forEachValue(const Row& row, const Columns& columns, See&& see) {
  constexpr std::size_t kAu28 = 16;  // its place in kPresenceAuNumbers
  const auto points = [&](const auto& all, auto member) {
    for (const auto& p : all) see(p.*member, 1);
  };
  if (columns.gaze) {
    for (const Point3f& g : row.gaze.direction) {
      for (const float v : {g.x, g.y, g.z}) see(v, 6);
    }
    see(row.gaze.angle_x, 3);
    see(row.gaze.angle_y, 3);
    for (const auto& eye : row.gaze.eyes) points(eye, &Point2f::x);
    for (const auto& eye : row.gaze.eyes) points(eye, &Point2f::y);
    for (const auto& eye : row.gaze.eyes_in_3d) points(eye, &Point3f::x);
    for (const auto& eye : row.gaze.eyes_in_3d) points(eye, &Point3f::y);
    for (const auto& eye : row.gaze.eyes_in_3d) points(eye, &Point3f::z);
  }
  if (columns.pose) {
    for (const float v : {row.pose.tx, row.pose.ty, row.pose.tz}) see(v, 1);
    for (const float v : {row.pose.rx, row.pose.ry, row.pose.rz}) see(v, 3);
  }
  if (columns.landmarks_2d) {
    points(row.landmarks, &Point2f::x);
    points(row.landmarks, &Point2f::y);
  }
  if (columns.landmarks_3d) {
    points(row.landmarks_3d, &Point3f::x);
    points(row.landmarks_3d, &Point3f::y);
    points(row.landmarks_3d, &Point3f::z);
  }
  if (columns.shape) {
    const ShapeParameters& s = row.shape;
    for (const float v : {s.scale, s.rx, s.ry, s.rz, s.tx, s.ty}) see(v, 3);
    for (const float v : s.local) see(v, 3);
  }
  if (columns.intensity) {
    for (const float v : row.intensity) see(v, 2);
  }
  if (columns.sides) {
    for (std::size_t i = 0; i < kIntensityAus; ++i) {
      see(row.intensity_left[i], 2);
      see(row.intensity_right[i], 2);
    }
  }
  if (columns.presence) {
    for (std::size_t i = 0; i < kPresenceAus; ++i) {
      if (i != kAu28 || columns.au28) see(row.presence[i] ? 1.f : 0.f, 2);
    }
  }
  if (columns.blendshapes) {
    for (const float v : row.blendshapes) see(v, 4);
  }
}

}  // namespace frontalis
