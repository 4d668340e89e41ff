#pragma once

#include "frontalis/types.h"

namespace frontalis {

/// A detector's box reaches from forehead to chin, the fit of a PDM starts from the box tight
/// around the 68 landmarks. Both ways between them, in px; each undoes the other.
Box landmarkBox(const Box& detected);
Box detectorBox(const Box& landmarks);

/// The box tight around landmarks.
Box boundingBox(const Landmarks68& points);

}  // namespace frontalis
