#pragma once

#include <string>
#include <vector>

#include "appearance/triangulation.h"
#include "frontalis/result.h"
#include "frontalis/types.h"
#include "shape/pdm.h"

namespace frontalis {

/// One person's faces: 68 points in 3D each, any size, place and turn; x right, y down, z away.
/// Every person weighs the same, however many faces they have.
struct ShapeSource {
  std::string name;
  std::vector<Landmarks68In3d> faces;
};

struct LearnOptions {
  int modes = 34;
  /// A few people do not show every way in which faces differ. Smooth changes that none of them
  /// has are added: random displacements of this standard deviation per point and axis (mm), alike
  /// for points closer than the length (mm). Gaussian-process model of Luethi et al. (2018).
  double unseen_deviation = 1.5;
  double unseen_length = 30;
};

/// Point distribution model by generalised Procrustes analysis (Gower 1975) and principal
/// components, with the mirror image of every face, so that left and right are alike.
/// `reference`: 68 points of a frontal face, mm; gives the mean's size and direction. Modes: unit
/// vectors, by falling variance, the largest entry positive. Errors: kInvalidArgument (no faces, a
/// face without extent, fewer ways to vary than modes).
Result<Pdm> learnPdm(const std::vector<ShapeSource>& sources, const Landmarks68In3d& reference,
                     const LearnOptions& options);

/// How well a model learned from the others explains a person it has not seen: root mean square
/// distance of a point, mm, over all people, after fitting as CalcParams does at 1 px per mm.
Result<double> leaveOneOut(const std::vector<ShapeSource>& sources,
                           const Landmarks68In3d& reference, const LearnOptions& options);

/// Delaunay triangles of the mean seen from the front.
Triangulation delaunay(const Pdm& pdm);

/// The text format of parseTriangulation().
std::string triangulationText(const Triangulation& triangles);

/// The point on the other side of the face.
int mirrorPoint(int point);

}  // namespace frontalis
