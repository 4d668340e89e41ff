#include "pipeline/many_faces.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "face/box_convention.h"
#include "face/face_choice.h"
#include "util/try.h"

namespace frontalis {
namespace {

// The detector looks for missing faces every so many frames, more often after a loss.
constexpr int kSearchEvery = 10;
constexpr int kSearchAfterLoss = 3;
constexpr std::int64_t kRecentlyLost = 60;  // frames
// Two tracks whose boxes share so much of the smaller one follow the same face.
constexpr float kSameFace = 0.55f;
// Boxes that share more may hide each other: who is who is then asked again.
constexpr float kTouching = 0.02f;
// Frames over which a doubtful identity is decided.
constexpr int kEvidence = 5;
// Another person must fit so much better to take a face over.
constexpr float kClearlyBetter = 0.75f;
// Distance to the nearest known signature. A person's own, a second or more apart, is 0.3 to 1.3 in
// the sample videos, that of another 1.2 to 3.9; where place and size agree too, more is believed.
constexpr float kSurely = 1.0f;
constexpr float kKnown = 1.35f;
constexpr float kKnownInPlace = 1.8f;
// Frames that a face may take to be known again: at first it is often half hidden.
constexpr int kIdentify = 12;
constexpr std::int64_t kPlaceLasts = 15;  // frames that a place is still worth something
constexpr float kNearPlace = 0.7f;        // face sizes
constexpr float kSimilarSize = 1.4f;
constexpr float kSureEnough = 0.8f;  // confidence of a face worth remembering
constexpr std::size_t kMostPersons = 64;

float shared(const Box& a, const Box& b) {
  const float w = std::min(a.right(), b.right()) - std::max(a.x, b.x);
  const float h = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y);
  const float least = std::min(a.area(), b.area());
  return w > 0 && h > 0 && least > 0 ? w * h / least : 0;
}

float sizeOf(const Box& box) { return std::sqrt(std::max(box.area(), 1.f)); }

}  // namespace

ManyFaces::ManyFaces(Analysis& analysis, const Config& config, bool image)
    : analysis_(analysis),
      most_(config.faces),
      detect_every_(config.detect_every),
      image_(image),
      online_(config.online),
      // Fitted face models recover by themselves, at OpenFace's own pace.
      patience_(analysis.columns().gaze ? 15 : 0),
      signer_(analysis.columns().failed_keep_state) {}

Result<std::unique_ptr<ManyFaces>> ManyFaces::create(Analysis& analysis, const Config& config,
                                                     bool image) {
  if (config.features) {
    return Error{ErrorCode::kInvalidArgument, "features are described for one face at a time",
                 "Leave --features out, or --faces"};
  }
  if (config.landmarks.ends_with(".csv")) {
    return Error{ErrorCode::kInvalidArgument, "a table of landmarks has one face at a time",
                 "Leave --landmarks out, or --faces"};
  }
  if (config.mirror_sides) {
    return Error{ErrorCode::kInvalidArgument, "halves are mirrored of one face at a time",
                 "Leave --sides mirror out, or --faces"};
  }
  std::unique_ptr<ManyFaces> faces(new ManyFaces(analysis, config, image));
  FRONTALIS_ASSIGN(auto detector, analysis.detector());
  faces->detector_ = std::make_shared<SharedDetector>(std::move(detector));
  return faces;
}

void ManyFaces::reset() {
  for (const auto& track : tracks_) release(*track);
  persons_.clear();
  detector_->reset();
  step_ = -1;
  since_search_ = 0;
  searched_ = false;
}

void ManyFaces::resetNeutral() {
  for (Person& person : persons_) {
    person.interpreter->reset();
    person.neutral_frames = 0;
  }
}

Status ManyFaces::process(const Frame& frame, std::vector<FrameRecord>& out) {
  out.clear();
  ++step_;
  if (image_) return processImage(frame, out);
  FRONTALIS_TRY(follow(frame));
  separate();
  noteOverlaps();
  weighSuspects();
  FRONTALIS_TRY(search(frame));
  for (const auto& track : tracks_) {
    if (track->active && track->seen && track->person < 0) identify(*track);
  }
  remember();
  interpret(frame, out);
  return {};
}

/// Measures the track's face in the frame.
Status ManyFaces::look(const Frame& frame, Track& track) {
  FRONTALIS_TRY(track.meter->measure(frame, track.measurement));
  const Row& row = track.measurement.record.row;
  track.seen = row.success;
  if (!track.seen) {
    if (++track.failures > patience_) release(track);
    return {};
  }
  const Box box = boundingBox(row.landmarks);
  const Point2f a = track.box.center(), b = box.center();
  track.velocity = track.frames == 0 || track.failures > 0
                       ? Point2f{}
                       : Point2f{0.7f * track.velocity.x + 0.3f * (b.x - a.x),
                                 0.7f * track.velocity.y + 0.3f * (b.y - a.y)};
  track.box = box;
  track.failures = 0;
  ++track.frames;
  track.signature = signer_.sign(frame, row.landmarks, row.landmarks_3d);
  return {};
}

Status ManyFaces::follow(const Frame& frame) {
  for (const auto& track : tracks_) {
    if (!track->active) continue;
    std::vector<Box> others;
    for (const auto& other : tracks_) {
      if (other != track && other->active) others.push_back(other->box);
    }
    track->detector->allot(track->box, std::move(others));
    FRONTALIS_TRY(look(frame, *track));
  }
  return {};
}

/// Of two tracks on one face, the one whose person fits less well ends.
void ManyFaces::separate() {
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    for (std::size_t k = i + 1; k < tracks_.size(); ++k) {
      Track &a = *tracks_[i], &b = *tracks_[k];
      if (!a.active || !b.active || !a.seen || !b.seen || shared(a.box, b.box) < kSameFace) {
        continue;
      }
      Track& wrong = fit(a, a.person) <= fit(b, b.person) ? b : a;
      Track& right = &wrong == &a ? b : a;
      if (wrong.person >= 0 && right.person >= 0) {
        right.suspects.push_back({wrong.person, 0});
        right.evidence = 0;
      }
      release(wrong);
    }
  }
}

void ManyFaces::noteOverlaps() {
  for (const auto& a : tracks_) {
    for (const auto& b : tracks_) {
      if (a == b || !a->active || !b->active || a->person < 0 || b->person < 0 ||
          shared(a->box, b->box) < kTouching) {
        continue;
      }
      const bool known = std::any_of(a->suspects.begin(), a->suspects.end(),
                                     [&](const auto& s) { return s.person == b->person; });
      if (!known) a->suspects.push_back({b->person, 0});
    }
  }
}

bool ManyFaces::alone(const Track& track) const {
  return std::none_of(tracks_.begin(), tracks_.end(), [&](const auto& other) {
    return other.get() != &track && other->active && shared(other->box, track.box) >= kTouching;
  });
}

float ManyFaces::fit(const Track& track, int person) const {
  if (person < 0) return std::numeric_limits<float>::infinity();
  return persons_[static_cast<std::size_t>(person)].memory.distance(track.signature);
}

/// After faces were near each other: does each track still follow its person?
void ManyFaces::weighSuspects() {
  for (const auto& track : tracks_) {
    if (!track->active || !track->seen || track->person < 0 || track->suspects.empty()) continue;
    std::vector<Track::Suspect>& suspects = track->suspects;
    if (suspects.front().person != track->person) {
      suspects.insert(suspects.begin(), {track->person, 0});
    }
    if (!alone(*track)) {
      track->evidence = 0;
      for (auto& suspect : suspects) suspect.distance = 0;
      continue;
    }
    ++track->evidence;
    for (auto& suspect : suspects) suspect.distance += fit(*track, suspect.person);
  }
  const auto distanceTo = [](const Track& track, int person) {
    for (const auto& suspect : track.suspects) {
      if (suspect.person == person) return suspect.distance / static_cast<float>(track.evidence);
    }
    return std::numeric_limits<float>::infinity();
  };
  for (const auto& track : tracks_) {
    if (!track->active || track->person < 0 || track->evidence < kEvidence) continue;
    bool wait = false;
    for (std::size_t i = 1; i < track->suspects.size(); ++i) {
      const int other = track->suspects[i].person;
      const int own = track->person;
      const auto holder = std::find_if(tracks_.begin(), tracks_.end(), [&](const auto& t) {
        return t->active && t->person == other;
      });
      if (holder == tracks_.end()) {
        if (distanceTo(*track, other) < kClearlyBetter * distanceTo(*track, own)) {
          give(*track, other);
          break;
        }
      } else if ((*holder)->evidence < kEvidence && !(*holder)->suspects.empty()) {
        wait = true;  // the other track's evidence counts as well
      } else {
        Track& with = **holder;
        const float now = distanceTo(*track, own) + fit(with, other);
        const float swapped = distanceTo(*track, other) + fit(with, own);
        if (swapped < kClearlyBetter * now) {
          give(*track, -1);
          give(with, own);
          give(*track, other);
          with.suspects.clear();
          with.evidence = 0;
          break;
        }
      }
    }
    if (!wait) {
      track->suspects.clear();
      track->evidence = 0;
    }
  }
}

bool ManyFaces::searchIsDue() const {
  const auto active =
      std::count_if(tracks_.begin(), tracks_.end(), [](const auto& t) { return t->active; });
  if (active >= most_) return false;
  if (!searched_ || detect_every_ == 1) return true;
  const bool lost = std::any_of(persons_.begin(), persons_.end(), [&](const Person& p) {
    return !p.active && step_ - p.last_seen < kRecentlyLost;
  });
  const int every = lost                ? kSearchAfterLoss
                    : detect_every_ > 0 ? std::min(kSearchEvery, detect_every_)
                                        : kSearchEvery;
  return since_search_ >= every;
}

Result<ManyFaces::Track*> ManyFaces::freeTrack() {
  for (const auto& track : tracks_) {
    if (!track->active) return track.get();
  }
  if (static_cast<int>(tracks_.size()) >= most_) return static_cast<Track*>(nullptr);
  auto detector = std::make_unique<AllottedDetector>(detector_);
  auto track = std::make_unique<Track>();
  track->detector = detector.get();
  FRONTALIS_ASSIGN(track->meter, analysis_.meter(std::move(detector)));
  tracks_.push_back(std::move(track));
  return tracks_.back().get();
}

/// Looks for faces that nobody follows, and begins to follow them.
Status ManyFaces::search(const Frame& frame) {
  ++since_search_;
  if (!searchIsDue()) return {};
  searched_ = true;
  since_search_ = 0;
  FRONTALIS_ASSIGN(const std::vector<FaceDetection>* all, detector_->detect(frame));
  std::vector<FaceDetection> found = *all;
  std::stable_sort(found.begin(), found.end(), [](const FaceDetection& a, const FaceDetection& b) {
    return a.box.area() > b.box.area();
  });
  for (const FaceDetection& face : found) {
    const bool followed = std::any_of(tracks_.begin(), tracks_.end(), [&](const auto& t) {
      return t->active && confirms(face, t->box);
    });
    if (followed) continue;
    FRONTALIS_ASSIGN(Track* const track, freeTrack());
    if (track == nullptr) break;
    track->meter->reset();
    track->detector->allot(face);
    track->active = true;
    track->person = -1;
    track->frames = track->failures = track->evidence = 0;
    track->suspects.clear();
    FRONTALIS_TRY(look(frame, *track));
    if (!track->seen) release(*track);
  }
  separate();
  return {};
}

/// Whose face is it? Somebody's who is lost, or somebody new's; where it is not clear at once, the
/// next frames help.
void ManyFaces::identify(Track& track) {
  int best = -1;
  bool in_place = false;
  float nearest = std::numeric_limits<float>::infinity();
  bool anybody_lost = false;
  for (std::size_t i = 0; i < persons_.size(); ++i) {
    const Person& person = persons_[i];
    if (person.active) continue;
    anybody_lost = true;
    const auto id = static_cast<int>(i);
    auto suspect = std::find_if(track.suspects.begin(), track.suspects.end(),
                                [&](const auto& s) { return s.person == id; });
    if (suspect == track.suspects.end()) {
      track.suspects.push_back({id, fit(track, id)});
      suspect = track.suspects.end() - 1;
    }
    suspect->distance = std::min(suspect->distance, fit(track, id));
    const std::int64_t gap = step_ - person.last_seen;
    const Point2f was = person.box.center(), is = track.box.center();
    const auto g = static_cast<float>(gap);
    const float size = sizeOf(person.box);
    const float growth = sizeOf(track.box) / size;
    const bool near = gap <= kPlaceLasts && growth < kSimilarSize && growth > 1 / kSimilarSize &&
                      std::hypot(is.x - was.x - g * person.velocity.x,
                                 is.y - was.y - g * person.velocity.y) < kNearPlace * size;
    if (suspect->distance < nearest) {
      nearest = suspect->distance;
      best = id;
      in_place = near;
    }
  }
  ++track.evidence;
  if (anybody_lost && nearest >= kSurely && track.evidence < kIdentify) return;
  const bool known = best >= 0 && nearest < (in_place ? kKnownInPlace : kKnown);
  track.suspects.clear();
  track.evidence = 0;
  const int person = known ? best : newPerson();
  if (person < 0) {
    release(track);  // no room for one more
  } else {
    give(track, person);
  }
}

void ManyFaces::give(Track& track, int person) {
  if (track.person >= 0) persons_[static_cast<std::size_t>(track.person)].active = false;
  track.person = person;
  if (person >= 0) persons_[static_cast<std::size_t>(person)].active = true;
}

void ManyFaces::release(Track& track) {
  give(track, -1);
  track.active = track.seen = false;
  track.suspects.clear();
  track.evidence = 0;
}

int ManyFaces::newPerson() {
  if (persons_.size() >= kMostPersons) {
    too_many_ = true;
    return -1;
  }
  Person person;
  person.interpreter = analysis_.interpreter();
  // A live stream's person begins now; in a file all frames count, as for a single face.
  person.next_frame = online_ ? step_ : 0;
  persons_.push_back(std::move(person));
  return static_cast<int>(persons_.size()) - 1;
}

/// Places, and signatures of faces that are surely their person's.
void ManyFaces::remember() {
  for (const auto& track : tracks_) {
    if (!track->active || !track->seen || track->person < 0) continue;
    Person& person = persons_[static_cast<std::size_t>(track->person)];
    person.box = track->box;
    person.velocity = track->velocity;
    person.last_seen = step_;
    const bool sure = track->suspects.empty() && alone(*track) &&
                      track->measurement.record.row.confidence >= kSureEnough;
    if (person.memory.empty() || sure) person.memory.add(track->signature);
  }
}

void ManyFaces::interpretFailed(Person& person, std::int64_t frame, double timestamp) {
  failed_.record = {};
  failed_.record.row.frame = frame + 1;
  failed_.record.row.timestamp = timestamp;
  person.interpreter->interpret(failed_);
}

void ManyFaces::interpret(const Frame& frame, std::vector<FrameRecord>& out) {
  for (std::size_t i = 0; i < persons_.size(); ++i) {
    Person& person = persons_[i];
    const auto track = std::find_if(tracks_.begin(), tracks_.end(), [&](const auto& t) {
      return t->active && t->seen && t->person == static_cast<int>(i);
    });
    if (track != tracks_.end()) {
      const Measurement& seen = (*track)->measurement;
      failed_.fhog.assign(seen.fhog.size(), 0.f);
      failed_.geometry.assign(seen.geometry.size(), 0.);
      // Frames without this face: all in a file, one in a stream.
      if (online_ && person.next_frame < step_) person.next_frame = step_ - 1;
      for (; person.next_frame < step_; ++person.next_frame) {
        interpretFailed(person, person.next_frame, frame.timestamp_seconds);
      }
      FrameRecord record = person.interpreter->interpret(seen);
      record.row.face_id = static_cast<int>(i);
      out.push_back(record);
      person.next_frame = step_ + 1;
      ++person.neutral_frames;
    }
  }
  if (out.empty()) {
    FrameRecord none;
    none.row.frame = frame.index + 1;
    none.row.timestamp = frame.timestamp_seconds;
    out.push_back(none);
  }
}

void ManyFaces::finish() {
  for (Person& person : persons_) {
    if (!image_) {
      for (; person.next_frame <= step_; ++person.next_frame) {
        interpretFailed(person, person.next_frame, 0);
      }
    }
    person.interpreter->finish();
  }
}

void ManyFaces::complete(FrameRecord& record) {
  if (!record.row.success) return;
  Person& person = persons_[static_cast<std::size_t>(record.row.face_id)];
  if (!image_ && record.row.frame > person.completed_frame + 1) {
    FrameRecord gap;  // presence starts anew after one
    gap.row.frame = record.row.frame - 1;
    person.interpreter->complete(gap);
  }
  person.completed_frame = record.row.frame;
  person.interpreter->complete(record);
}

Status ManyFaces::processImage(const Frame& frame, std::vector<FrameRecord>& out) {
  FRONTALIS_ASSIGN(const std::vector<FaceDetection>* all, detector_->detect(frame));
  std::vector<FaceDetection> found = *all;
  std::stable_sort(found.begin(), found.end(), [](const FaceDetection& a, const FaceDetection& b) {
    return a.box.area() > b.box.area();
  });
  for (const auto& track : tracks_) track->active = false;
  int faces = 0;
  for (const FaceDetection& face : found) {
    FRONTALIS_ASSIGN(Track* const track, freeTrack());
    if (track == nullptr) break;
    track->detector->allot(face);
    FRONTALIS_TRY(track->meter->measure(frame, track->measurement));
    if (!track->measurement.record.row.success) continue;
    track->active = true;
    if (faces == static_cast<int>(persons_.size())) newPerson();
    FrameRecord record =
        persons_[static_cast<std::size_t>(faces)].interpreter->interpret(track->measurement);
    record.row.face_id = faces++;
    out.push_back(record);
  }
  if (out.empty()) {
    FrameRecord none;
    none.row.frame = frame.index + 1;
    none.row.timestamp = frame.timestamp_seconds;
    out.push_back(none);
  }
  return {};
}

std::int64_t ManyFaces::neutralFrames(int face_id) const {
  const auto i = static_cast<std::size_t>(face_id);
  return i < persons_.size() ? persons_[i].neutral_frames : 0;
}

std::vector<std::string> ManyFaces::warnings() const {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < persons_.size(); ++i) {
    for (const std::string& warning : persons_[i].interpreter->warnings()) {
      all.push_back("face " + std::to_string(i) + ": " + warning);
    }
  }
  if (too_many_) {
    all.push_back("more than " + std::to_string(kMostPersons) +
                  " different faces came; the later ones are left out");
  }
  return all;
}

StageTimer ManyFaces::times() const {
  StageTimer times;
  for (const auto& track : tracks_) times.merge(track->meter->times());
  for (const Person& person : persons_) times.merge(person.interpreter->times());
  return times;
}

}  // namespace frontalis
