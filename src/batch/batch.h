#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "batch/manifest.h"
#include "frontalis/result.h"

namespace frontalis {

/// What to extract, where to, and within which bounds (docs/batch.md).
struct BatchRequest {
  std::vector<std::filesystem::path> inputs;  ///< empty on resume: the manifest's
  std::filesystem::path out;
  /// Of `extract`, what changes the files written; empty on resume: the manifest's. "--hog",
  /// "--aligned" and "--features" stand without a value here: they go beside the table.
  std::vector<std::string> arguments;
  std::filesystem::path program;    ///< the frontalis executable
  int jobs = 0;                     ///< videos at once; 0: as many as the cores allow
  int threads = 0;                  ///< per video; 0: cores / jobs
  std::uint64_t memory = 0;         ///< bytes, all videos together; 0: 80 % of what is free
  std::chrono::seconds timeout{0};  ///< per attempt; 0: none
  int retries = 1;
  bool resume = false;
  bool retry_failed = false;
  bool redo = false;
};

struct BatchProgress {
  std::size_t videos = 0;  ///< of this run, those done earlier included
  std::size_t ended = 0;   ///< done, damaged or failed
  std::size_t failed = 0;
  std::size_t running = 0;
  double share = 0;  ///< of this run's work (bytes of input), 0..1
};

struct BatchObserver {
  /// Often; false stops the batch. May be empty.
  std::function<bool(const BatchProgress&)> progress;
  /// When a video has ended for this run. May be empty.
  std::function<void(const VideoRecord&)> ended;
};

struct BatchReport {
  RunRecord run;
  std::vector<VideoRecord>
      videos;                   ///< one an input, by output name; attempt 0: its turn never came;
                                ///< without files, sum, time and worker, which the manifest has
  std::size_t earlier = 0;      ///< of these, left as an earlier run finished them
  bool stopped = false;         ///< by the observer
  std::optional<Error> broken;  ///< why it had to stop
  std::vector<std::string> warnings;
  double seconds = 0;

  [[nodiscard]] std::size_t count(VideoState state) const;
};

/// Every video in a process of its own; see docs/batch.md. The manifest and OUT/summary.csv tell
/// what came of each. Errors, before anything was begun: kInvalidArgument (the folder holds another
/// batch, or other options), kNotFound (no videos), kTimeout (another batch is at work there),
/// kModelMissing, kUnwritable.
Result<BatchReport> runBatch(const BatchRequest& request, const BatchObserver& observer);

/// The videos of a report as CSV, for OUT/summary.csv.
std::string summaryCsv(const std::vector<VideoRecord>& videos);

/// Whether a further attempt may help after a failure of this code, and whether none ever will as
/// long as the input stays (docs/batch.md, table of codes).
bool mayPass(const std::string& code);
bool failsForGood(const std::string& code);

/// Jobs and threads a job so that jobs x threads stay within `cores`; 0 = choose.
struct Share {
  int jobs = 1, threads = 1;
};
Share shareCores(int cores, int jobs, int threads, std::size_t videos);

}  // namespace frontalis
