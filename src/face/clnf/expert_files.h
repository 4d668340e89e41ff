#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"
#include "util/binary_reader.h"

// Patch-expert files of the OpenFace family as they lie on disk (spec clnf 1.4, 1.5 and pipeline
// 10.3). An expert scores how much the picture around one landmark, seen from one view, looks like
// that landmark. All loaders report kNotFound, kUnreadable or, with offset or line, kCorrupt.

namespace frontalis {

inline constexpr float kDegree = 3.14159265358979f / 180.f;  ///< rad; the files' angles are degrees

/// The head orientations ("views") that one file has experts for.
struct ExpertViews {
  std::vector<std::array<float, 3>> centers;       ///< Euler XYZ, rad
  std::vector<std::vector<std::uint8_t>> visible;  ///< [view][landmark], 0 or 1

  [[nodiscard]] int count() const { return static_cast<int>(centers.size()); }
  [[nodiscard]] int landmarks() const {
    return visible.empty() ? 0 : static_cast<int>(visible.front().size());
  }
  /// The view whose centre is nearest to a head rotation (rad); the first wins a tie (1.6).
  [[nodiscard]] int nearest(const std::array<float, 3>& rotation) const;
};

struct CcnfNeuron {
  int type = 0;  ///< 0: plain intensity
  double norm = 0;
  double bias = 0;
  double alpha = 0;
  RawMatrix<float> weights;
};

struct CcnfExpert {
  int width = 0;
  int height = 0;
  std::vector<CcnfNeuron> neurons;  ///< empty: the landmark is hidden in this view
  std::vector<double> betas;        ///< one for each sigma matrix
  double confidence = 0;
};

/// Matrices over the cells of a window x window response map (index row * window + column) that,
/// weighted by an expert's betas, make the field that smooths the map.
struct SigmaWindow {
  int window = 0;
  std::vector<RawMatrix<float>> matrices;
};

struct CcnfFile {
  double scale = 0;  ///< px of the reference frame per mm
  ExpertViews views;
  std::vector<SigmaWindow> windows;
  std::vector<CcnfExpert> experts;  ///< [view * landmarks + landmark]
};

struct SvrModality {
  int type = 0;  ///< 0: intensity, 1: squared gradient
  double confidence = 0;
  double scaling = 0;
  double bias = 0;
  RawMatrix<float> weights;  ///< same orientation as the picture (transposed after reading)
};

struct SvrExpert {
  int width = 0;
  int height = 0;
  std::vector<SvrModality> modalities;
};

struct SvrFile {
  double scale = 0;
  ExpertViews views;
  std::vector<SvrExpert> experts;  ///< [view * landmarks + landmark]
};

/// What a layer does to its sums; code 1 (tanh) is left linear as OpenFace 2.2.0 does.
enum class CenActivation { kSigmoid, kRelu, kLinear };

struct CenLayer {
  CenActivation activation = CenActivation::kLinear;
  std::vector<float> bias;   ///< [out]
  RawMatrix<float> weights;  ///< out x in
};

struct CenExpert {
  int width = 0;
  int height = 0;
  std::vector<CenLayer> layers;  ///< empty: the mirror twin's expert is used
  double confidence = 0;
};

struct CenFile {
  double scale = 0;
  ExpertViews views;
  std::vector<int> mirror_landmarks;  ///< landmark -> its twin on the other side of the face
  std::vector<int> mirror_views;      ///< view -> the view of the mirrored head
  std::vector<CenExpert> experts;     ///< [view * landmarks + landmark]
};

/// When the first scale alone is good enough to stop trying start rotations (spec clnf 5): the
/// value weight * likelihood + bias must exceed the cutoff of the view used.
struct EarlyTermination {
  std::vector<float> weights;
  std::vector<float> biases;
  std::vector<float> cutoffs;
};

Result<CcnfFile> parseCcnf(std::string_view bytes, const std::string& name);
Result<SvrFile> parseSvr(std::string_view bytes, const std::string& name);
Result<CenFile> parseCen(std::string_view bytes, const std::string& name);
Result<EarlyTermination> parseEarlyTermination(std::string_view bytes, const std::string& name,
                                               int views);

Result<CcnfFile> loadCcnf(const std::filesystem::path& path);
Result<SvrFile> loadSvr(const std::filesystem::path& path);
Result<CenFile> loadCen(const std::filesystem::path& path);
Result<EarlyTermination> loadEarlyTermination(const std::filesystem::path& path, int views);

}  // namespace frontalis
