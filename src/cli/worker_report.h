#pragma once

#include <chrono>
#include <string>

#include "frontalis/result.h"
#include "output/extract_file.h"

namespace frontalis::cli {

/// What `extract --report-fd` tells the batch that started it: JSON lines, see docs/batch.md.
class WorkerReport {
 public:
  /// -1: silent. Otherwise this process is a worker from now on: it ends when the one that reads
  /// the descriptor does, also where that is killed. Errors: kInvalidArgument (no such descriptor).
  static Result<WorkerReport> create(int descriptor);

  void opened(const InputInfo& input);
  void progress(const Progress& now);
  void done(const ExtractReport& report);
  void failed(const Error& error);

 private:
  explicit WorkerReport(int descriptor) : descriptor_(descriptor) {}
  void send(const std::string& line) const;

  int descriptor_ = -1;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace frontalis::cli
