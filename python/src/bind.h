#pragma once

#include <nanobind/nanobind.h>

#include <functional>

#include "frontalis/extractor.h"
#include "interruptible.h"

namespace frontalis::python {

/// Manifest, inputs and names of batches.
void bindBatch(nanobind::module_& m);
/// What is made of whole videos or of tables: mirrored halves, reports, features and face shapes.
void bindStudies(nanobind::module_& m);

/// Tells how far an Extractor is, and stops it where the dialogue says so.
inline std::function<bool(const Progress&)> reportTo(Dialogue& dialogue) {
  return [&dialogue](const Progress& now) {
    dialogue.frames = now.frames;
    dialogue.expected = now.expected_frames;
    return !dialogue.stop;
  };
}

}  // namespace frontalis::python
