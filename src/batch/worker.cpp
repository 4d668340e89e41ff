#include "batch/worker.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "util/try.h"

namespace frontalis {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kErrorsKept = 2048;
constexpr std::size_t kLongestLine = std::size_t{1} << 20;

std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t whole(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

}  // namespace

void WorkerWords::take(std::string_view line) {
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return;
  const std::string event = text(json, "event");
  if (event == "opened") {
    width = static_cast<int>(std::clamp<std::int64_t>(whole(json, "width"), 0, 1 << 20));
    height = static_cast<int>(std::clamp<std::int64_t>(whole(json, "height"), 0, 1 << 20));
    expected_frames = whole(json, "expected_frames");
  } else if (event == "progress") {
    frames = whole(json, "frames");
  } else if (event == "done") {
    state = text(json, "state");
    sha256 = text(json, "sha256");
    frames = whole(json, "frames");
    frames_with_face = whole(json, "frames_with_face");
    if (const auto found = json.find("warnings"); found != json.end() && found->is_array()) {
      for (const Json& warning : *found) {
        if (warning.is_string()) warnings.push_back(warning.get<std::string>());
      }
    }
  } else if (event == "failed") {
    code = text(json, "code");
    message = text(json, "message");
  }
}

Worker::Worker(BatchJob the_job, std::filesystem::path the_staging, SteadyTime now,
               ChildProcess the_process)
    : job(std::move(the_job)),
      staging(std::move(the_staging)),
      started(now),
      last_sign(now),
      process(std::move(the_process)) {}

Result<Worker> Worker::start(BatchJob job, const std::filesystem::path& program,
                             const std::vector<std::string>& arguments,
                             std::filesystem::path staging, SteadyTime now) {
  FRONTALIS_ASSIGN(ChildProcess process, ChildProcess::start(program, arguments));
  return Worker(std::move(job), std::move(staging), now, std::move(process));
}

void Worker::listen(SteadyTime now) {
  if (!report_ended_) {
    report_ended_ = !readAvailable(process.report(), lines_);
    std::size_t start = 0;
    for (std::size_t end = lines_.find('\n'); end != std::string::npos;
         end = lines_.find('\n', start)) {
      words.take(std::string_view(lines_).substr(start, end - start));
      last_sign = now;
      start = end + 1;
    }
    lines_.erase(0, start);
    if (lines_.size() > kLongestLine) lines_.clear();
  }
  if (!errors_ended_) {
    errors_ended_ = !readAvailable(process.errors(), errors_);
    if (errors_.size() > kErrorsKept) errors_.erase(0, errors_.size() - kErrorsKept);
  }
}

std::string Worker::lastErrors() const {
  const std::size_t start = errors_.find_first_not_of(" \n\r\t");
  if (start == std::string::npos) return {};
  return errors_.substr(start, errors_.find_last_not_of(" \n\r\t") - start + 1);
}

}  // namespace frontalis
