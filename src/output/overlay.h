#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "frontalis/row.h"
#include "image/image.h"

namespace frontalis {

/// Where the bars of the action units go.
enum class OverlayPanel {
  kNone,
  kOver,    ///< on the picture, half transparent, at its right edge
  kBeside,  ///< the canvas grows to the right, nothing is hidden
};

struct OverlayOptions {
  bool landmarks = true;
  bool axes = true;
  bool box = true;
  bool caption = true;  ///< frame, time, success and confidence
  OverlayPanel panel = OverlayPanel::kBeside;
};

/// What the picture is; shown in the caption.
struct OverlayCaption {
  std::int64_t frame = 0;  ///< 1-based; 0: neither it nor the time is shown
  double seconds = 0;      ///< from the first frame
  std::string title;       ///< e.g. a file name; may be empty
};

/// Draws landmarks, pose axes and a box of each face into a B, G, R picture, in the face's colour.
/// `columns` says which groups of the rows are filled. Faces without success are left out. Without
/// 2D landmarks the box is where the head pose puts a head of usual size (OpenFace's camera).
void drawFaces(std::span<const Row> faces, const Columns& columns, const OverlayOptions& options,
               Image& picture);

/// `canvas` becomes the B, G, R `picture` (grey is taken too) with drawFaces(), and caption and
/// bars as chosen: intensity 0..5, a dot where present, left and right below where there are any;
/// with several faces a bar each. The canvas has overlayWidth() x overlayHeight() px.
void drawOverlay(const ImageView& picture, std::span<const Row> faces, const Columns& columns,
                 const OverlayCaption& caption, const OverlayOptions& options, Image& canvas);

/// The face in a picture of a size, px: around the landmarks, else where the head pose puts it.
std::optional<Box> faceBox(const Row& face, const Columns& columns, int width, int height);

/// Size of the canvas for pictures of a size, px.
int overlayWidth(int width, int height, const OverlayOptions& options);
int overlayHeight(int width, int height, const OverlayOptions& options);

}  // namespace frontalis
