#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "face/face_signature.h"
#include "face/shared_detector.h"
#include "pipeline/analysis.h"

namespace frontalis {

/// Several faces of one video. Each is followed by a meter of its own; one detector serves all and
/// runs only where faces may be missing. A face's id and neutral stay with the person: across short
/// losses and crossings a face is known again by place, size, proportions and look. Give frames in
/// order to process(), then finish(), then each record in order to complete(); online process()
/// alone. Images: faces are numbered anew in each, largest first.
class ManyFaces {
 public:
  /// `analysis` must live as long. Errors: kInvalidArgument (landmarks or features that only one
  /// face can have), those of Analysis::meter().
  static Result<std::unique_ptr<ManyFaces>> create(Analysis& analysis, const Config& config,
                                                   bool image);

  /// A record for each face seen, by face_id; a frame without any has one that failed, of face 0.
  Status process(const Frame& frame, std::vector<FrameRecord>& out);
  void finish();
  void complete(FrameRecord& record);

  /// Forgets the video, or only the persons' neutrals.
  void reset();
  void resetNeutral();

  /// Frames with this face since its neutral began.
  [[nodiscard]] std::int64_t neutralFrames(int face_id) const;
  [[nodiscard]] std::vector<std::string> warnings() const;
  [[nodiscard]] StageTimer times() const;
  /// How often the detector ran.
  [[nodiscard]] std::int64_t detections() const { return detector_->runs(); }

 private:
  /// A face that is being followed.
  struct Track {
    std::unique_ptr<FaceMeter> meter;
    AllottedDetector* detector = nullptr;  // the meter's
    Measurement measurement;
    bool active = false;
    bool seen = false;  // in this frame
    int person = -1;    // -1: not yet known whose face it is
    Box box;
    Point2f velocity;  // px a frame
    FaceSignature signature;
    int frames = 0;
    int failures = 0;  // in a row
    /// Persons it may be: once near another face, its own and those it may have been confused with;
    /// newly found, those who are lost.
    struct Suspect {
      int person = -1;
      float distance =
          0;  // from what is seen: the sum over `evidence` frames; newly found, the least
    };
    std::vector<Suspect> suspects;
    int evidence = 0;
  };

  /// Somebody with a neutral.
  struct Person {
    std::unique_ptr<FaceInterpreter> interpreter;
    FaceMemory memory;
    bool active = false;
    Box box;           // when last seen
    Point2f velocity;  // px a frame
    std::int64_t last_seen = 0;
    std::int64_t next_frame = 0;  // to be interpreted
    std::int64_t completed_frame = 0;
    std::int64_t neutral_frames = 0;
  };

  ManyFaces(Analysis& analysis, const Config& config, bool image);

  Status processImage(const Frame& frame, std::vector<FrameRecord>& out);
  Status follow(const Frame& frame);
  Status look(const Frame& frame, Track& track);
  Status search(const Frame& frame);
  [[nodiscard]] bool searchIsDue() const;
  Result<Track*> freeTrack();
  void separate();
  void noteOverlaps();
  void weighSuspects();
  void identify(Track& track);
  void give(Track& track, int person);
  void release(Track& track);
  int newPerson();
  void remember();
  void interpret(const Frame& frame, std::vector<FrameRecord>& out);
  void interpretFailed(Person& person, std::int64_t frame, double timestamp);
  [[nodiscard]] float fit(const Track& track, int person) const;
  [[nodiscard]] bool alone(const Track& track) const;

  Analysis& analysis_;
  const int most_;  // faces at a time
  const int detect_every_;
  const bool image_, online_;
  const int patience_;  // frames a tracker may fail before its face counts as lost
  std::shared_ptr<SharedDetector> detector_;
  FaceSigner signer_;
  std::vector<std::unique_ptr<Track>> tracks_;
  std::vector<Person> persons_;  // by face_id
  Measurement failed_;
  std::int64_t step_ = -1;  // number of the frame in hand, from 0
  int since_search_ = 0;
  bool searched_ = false;
  bool too_many_ = false;
};

}  // namespace frontalis
