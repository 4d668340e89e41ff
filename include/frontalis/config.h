#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <string>

namespace frontalis {

/// Part of a video, s, both ends within: 0 <= from < to.
struct TimeSpan {
  double from_s = 0;
  double to_s = 0;

  [[nodiscard]] bool valid() const { return from_s >= 0 && to_s > from_s && std::isfinite(to_s); }
  [[nodiscard]] bool holds(double seconds) const { return seconds >= from_s && seconds <= to_s; }
};

/// Everything a user can choose about an analysis. Defaults suit a video of one person.
struct Config {
  /// "open" (default), "openface", or the folder of a pack.
  std::string pack = "open";
  /// Where landmarks come from; empty: the pack's own default. "mesh" (open pack); "mesh68",
  /// "pfld", "clnf", "ceclm" or an OpenFace-format .csv (openface pack).
  std::string landmarks;

  /// Faces followed at a time. With more than one, a frame has a row for each face seen, and
  /// Row::face_id stays with the person.
  int faces = 1;

  /// Frames between checks by the detector: 1 = detect in every frame, 0 = only when lost.
  int detect_every = 30;
  /// Longer side of the picture the detector sees, px.
  int detect_size = 320;

  /// Busy threads at most, at least 1; 0 = as many as the machine has cores.
  int threads = 0;
  /// Results of a frame as soon as it is seen: the person's neutral adapts, later frames change
  /// nothing. Otherwise values are final only at the end of the video, and better.
  bool online = false;
  /// Models that do not use the person's neutral (OpenFace's -au_static). Always on for images.
  bool static_models = false;
  /// Open pack: when the face is neutral, by Row::timestamp; without, the frames at
  /// rest are looked for. The median of its frames with a face is taken as it is (those with
  /// confidence below .5 left out, evenly thinned beyond 1000). kInvalidArgument for other packs,
  /// images, and together with static_models.
  std::optional<TimeSpan> neutral;

  /// Left and right from the mirrored halves of each frame, analysed beside it: see
  /// frontalis/mirror.h. Not with `online`.
  bool mirror_sides = false;

  /// Open pack: describe faces too (aligned face, FHOG, shape, geometry; see Appearance), with the
  /// free face model that comes with Frontalis. The openface pack always does, with its own.
  bool features = false;
  /// Aligned faces that are shown (onAppearance, --aligned): their size, px; px per mm, 0 = 0.7 at
  /// 112 px and in proportion; black outside the face or not. What is measured does not change.
  int aligned_size = 112;
  float aligned_scale = 0;
  bool aligned_mask = true;

  /// What runs the networks: "openvino" or "onnxruntime", and the runtime's own name of a device or
  /// provider, with options after a colon: "coreml:units=CPUAndGPU". All but OpenVINO on the CPU
  /// runs in a process of its own, which the CPU replaces when it fails (docs/inference.md).
  std::string runtime = "openvino";
  std::string device = "CPU";
  /// Such a failure is an error instead.
  bool runtime_strict = false;
  /// Seconds in which a network must be ready (on the CPU too, which is an error then), and in
  /// which a run must end there; 0: 20 times as long as at first, at least 2 s.
  double prepare_limit_s = 180;
  double run_limit_s = 0;
  /// Told in one line when something takes long or has failed; may be empty. Called by the thread
  /// that analyses, while it does.
  std::function<void(const std::string&)> notice;
};

}  // namespace frontalis
