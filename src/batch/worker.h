#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "batch/job_queue.h"
#include "frontalis/result.h"
#include "util/child_process.h"

namespace frontalis {

/// What a worker said of itself (docs/batch.md, "A worker").
struct WorkerWords {
  int width = 0, height = 0;  ///< px, once opened
  std::int64_t expected_frames = 0;
  std::int64_t frames = 0;
  std::int64_t frames_with_face = 0;
  std::string state;  ///< "done", "damaged", or empty
  std::string sha256;
  std::string code, message;  ///< of a failure
  std::vector<std::string> warnings;

  /// Takes one line in; other lines than those known are left out.
  void take(std::string_view line);
};

/// One video in the hands of a process.
class Worker {
 public:
  /// Errors: kInternal.
  static Result<Worker> start(BatchJob job, const std::filesystem::path& program,
                              const std::vector<std::string>& arguments,
                              std::filesystem::path staging, SteadyTime now);

  BatchJob job;
  std::filesystem::path staging;  ///< folder its files are written to
  WorkerWords words;
  SteadyTime started{}, last_sign{};
  ChildProcess process;

  /// Reads what has come.
  void listen(SteadyTime now);
  /// The end of its standard error, without blanks around.
  [[nodiscard]] std::string lastErrors() const;
  /// Both pipes are at their end: it is ending, or has ended.
  [[nodiscard]] bool silent() const { return report_ended_ && errors_ended_; }
  [[nodiscard]] bool reportEnded() const { return report_ended_; }
  [[nodiscard]] bool errorsEnded() const { return errors_ended_; }

 private:
  Worker(BatchJob job, std::filesystem::path staging, SteadyTime now, ChildProcess process);

  std::string lines_;   // of the report, not yet complete
  std::string errors_;  // the last of standard error
  bool report_ended_ = false, errors_ended_ = false;
};

}  // namespace frontalis
