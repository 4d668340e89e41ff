#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "image/image.h"

namespace frontalis {

/// Sizes of the descriptor of a 112 x 112 face with 8 px cells.
inline constexpr int kFhogImageSize = 112;
inline constexpr int kFhogCells = 12;  ///< rows and columns; the outermost of 14 cells is lost
inline constexpr int kFhogChannels = 31;
inline constexpr std::size_t kFhogSize =
    static_cast<std::size_t>(kFhogCells) * kFhogCells * kFhogChannels;  // 4464

/// Felzenszwalb's histogram of oriented gradients (PAMI 2010) as OpenFace takes it from dlib
/// (spec pipeline 5): 18 signed and 9 unsigned directions, 4 texture energies, all 0 to 0.4.
/// Holds its scratch: one object a thread. Never allocates.
class Fhog {
 public:
  /// `bgr`: 112 x 112, 3 channels. Value (row, column, channel) goes to
  /// out[(row * 12 + column) * 31 + channel]. An image of another shape gives all zeros.
  void extract(const ImageView& bgr, std::span<float, kFhogSize> out);

 private:
  static constexpr std::size_t kWidth = kFhogImageSize;
  static constexpr std::size_t kDirections = 18;
  static constexpr std::size_t kCellLanes = 24;         // 18 directions, then zeros
  static constexpr std::size_t kGrid = kFhogCells + 4;  // 14 real cells and a border all around

  using Row = std::array<float, kWidth>;
  /// Shares of the four cells around a pixel: upper left, upper right, lower left, lower right.
  using Corners = std::array<float, 4>;
  /// What pixels between the same four cell centres have voted, by direction.
  using Votes = std::array<Corners, kDirections>;

  void loadRow(const std::uint8_t* bgr, std::size_t slot);
  void gradients(std::size_t above, std::size_t below, std::size_t here);
  void addRow(std::size_t y);
  void closeBand(std::size_t upper);
  void normalise(std::span<float, kFhogSize> out) const;

  /// The last three picture rows as separate B, G, R.
  alignas(32) std::array<std::array<Row, 3>, 3> colors_;
  alignas(32) Row magnitude_;
  alignas(32) std::array<std::int32_t, kWidth> direction_;
  /// Votes of the rows between two rows of cell centres, from left to right. Even and odd pixels
  /// apart: neighbours often vote for the same entry, and would have to wait for each other.
  alignas(32) std::array<std::array<Votes, 2>, kGrid - 1> votes_;
  alignas(32) std::array<std::array<std::array<float, kCellLanes>, kGrid>, kGrid> cells_;
};

}  // namespace frontalis
