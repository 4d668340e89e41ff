#include "batch/batch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <list>
#include <set>
#include <thread>
#include <utility>

#include "batch/inputs.h"
#include "batch/job_queue.h"
#include "batch/path_text.h"
#include "batch/worker.h"
#include "frontalis/version.h"
#include "models/pack.h"
#include "util/error_name.h"
#include "util/file.h"
#include "util/sha256.h"
#include "util/system_memory.h"
#include "util/try.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kSilenceLimit{600};
constexpr milliseconds kTick{100};
constexpr milliseconds kMemoryTick{500};

std::string argumentValue(const std::vector<std::string>& arguments, const std::string& name,
                          const std::string& otherwise) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with(name + "=")) return argument.substr(name.size() + 1);
  }
  return otherwise;
}

std::string tableExtension(const std::vector<std::string>& arguments) {
  return "." + argumentValue(arguments, "--format", "csv");
}

struct InputState {
  bool there = false;
  std::uint64_t bytes = 0;
  std::int64_t mtime_ns = 0;

  static InputState of(const fs::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
#if defined(__APPLE__)
    const timespec& time = status.st_mtimespec;
#else
    const timespec& time = status.st_mtim;
#endif
    return {true, static_cast<std::uint64_t>(status.st_size),
            static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec};
  }
};

/// Of a file; of a folder all its files together; nothing where it is not there.
std::optional<std::uint64_t> bytesAt(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    std::uint64_t sum = 0;
    for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (entry->is_regular_file(ignored)) sum += entry->file_size(ignored);
    }
    if (error) return std::nullopt;
    return sum;
  }
  const std::uintmax_t bytes = fs::file_size(path, error);
  if (error) return std::nullopt;
  return bytes;
}

void flushToDisk(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
#if defined(__linux__)
    ::syncfs(descriptor);
#else
    ::sync();
#endif
  } else {
    ::fsync(descriptor);
  }
  ::close(descriptor);
}

void flushFolder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

Error placeError(const fs::path& path, const std::error_code& error) {
  const bool full = error == std::errc::no_space_on_device;
  return {full ? ErrorCode::kDiskFull : ErrorCode::kUnwritable,
          "cannot put " + path.string() + " into place: " + error.message(),
          full ? "Free space, then go on with --resume" : "Check that you may write there"};
}

/// Files of a finished video from where they were written to where they belong.
Result<std::vector<WrittenFile>> putIntoPlace(const fs::path& staging, const fs::path& out,
                                              const fs::path& folder) {
  std::error_code error;
  fs::create_directories(out / folder, error);
  if (error) return placeError(out / folder, error);
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(staging, error), end; !error && entry != end;
       entry.increment(error)) {
    entries.push_back(entry->path());
  }
  if (error) return placeError(staging, error);
  std::sort(entries.begin(), entries.end());
  std::vector<WrittenFile> files;
  for (const fs::path& entry : entries) {
    flushToDisk(entry);
    files.push_back({folder / entry.filename(), bytesAt(entry).value_or(0)});
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const fs::path to = out / files[i].path;
    std::error_code ignored;
    if (fs::is_directory(entries[i], ignored))
      fs::remove_all(to, error);  // nothing renames over it
    fs::rename(entries[i], to, error);
    if (error) return placeError(to, error);
  }
  flushFolder(out / folder);
  return files;
}

/// Name, version and content of the pack these arguments choose.
Status describePack(RunRecord& run) {
  FRONTALIS_ASSIGN(const Pack pack, findPack(argumentValue(run.arguments, "--pack", "open")));
  run.pack = pack.name;
  run.pack_version = pack.version;
  const Result<std::string> sha = sha256File(pack.folder / "manifest.json");
  run.pack_sha256 = sha.ok() ? *sha : std::string();
  return {};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text.empty() ? "none" : text;
}

/// One folder, one way of making it.
Status checkSame(const RunRecord& before, const RunRecord& now, const fs::path& out) {
  std::string what;
  if (before.arguments != now.arguments) {
    what = "options: " + joined(before.arguments) + "; now " + joined(now.arguments);
  } else if (before.frontalis != now.frontalis) {
    what = "version: " + before.frontalis + "; now " + now.frontalis;
  } else if (before.pack != now.pack || before.pack_version != now.pack_version ||
             before.pack_sha256 != now.pack_sha256) {
    what = "model pack: " + before.pack + " " + before.pack_version + "; now " + now.pack + " " +
           now.pack_version;
  }
  if (what.empty()) return {};
  return Error{ErrorCode::kInvalidArgument, out.string() + " was begun with other " + what,
               "Go on as it was begun, or choose another folder, or do everything again by --redo"};
}

class Batch {
 public:
  Batch(const BatchRequest& request, const BatchObserver& observer, Manifest manifest,
        BatchReport report)
      : request_(request),
        observer_(observer),
        manifest_(std::move(manifest)),
        report_(std::move(report)),
        work_(request.out / ".work"),
        limit_(request.memory > 0 ? request.memory : availableMemory() / 5 * 4) {
    if (limit_ == 0) limit_ = std::uint64_t{1} << 62;  // the system does not tell
  }

  /// Leaves finished videos alone, queues the rest.
  Status plan(const std::vector<BatchInput>& inputs) {
    std::map<fs::path, fs::path> given;
    for (const auto& [input, record] : manifest_.content().last) given[input] = record.output;
    const std::vector<fs::path> names =
        outputNames(inputs, tableExtension(report_.run.arguments), given);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      VideoRecord waiting;
      waiting.input = inputs[i].path;
      waiting.output = names[i];
      waiting.state = VideoState::kInterrupted;
      waiting.attempt = 0;
      videos_.emplace(inputs[i].path, std::move(waiting));
    }
    std::vector<BatchJob> jobs;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto last = manifest_.content().last.find(inputs[i].path);
      const InputState state = InputState::of(inputs[i].path);
      const bool known = last != manifest_.content().last.end();
      if (known && finished(last->second, state)) {
        ++report_.earlier;
        note(inputs[i].path, last->second);
        continue;
      }
      BatchJob job;
      job.input = inputs[i].path;
      job.output = names[i];
      job.bytes = state.bytes;
      job.mtime_ns = state.mtime_ns;
      job.earlier = known ? last->second.attempt : 0;
      total_ += weight(job);
      if (!state.there) {
        FRONTALIS_TRY(failWithoutTry(std::move(job)));
      } else {
        jobs.push_back(std::move(job));
      }
    }
    queue_ = JobQueue(std::move(jobs));
    manifest_.forgetVideos();
    return {};
  }

  BatchReport work() {
    std::error_code ignored;
    fs::remove_all(work_, ignored);
    begun_ = std::chrono::steady_clock::now();
    while (!report_.broken && (!queue_.empty() || !running_.empty())) {
      const SteadyTime now = std::chrono::steady_clock::now();
      if (Status started = startJobs(now); !started.ok()) {
        report_.broken = started.error();
        break;
      }
      wait();
      look();
      if (observer_.progress && !observer_.progress(progress())) {
        report_.stopped = true;
        break;
      }
    }
    abandonRunning();
    fs::remove_all(work_, ignored);
    collect();
    return std::move(report_);
  }

 private:
  bool finished(const VideoRecord& last, const InputState& now) const {
    if (last.state == VideoState::kFailed) {
      return failsForGood(last.code) && !request_.retry_failed && now.there &&
             last.bytes == now.bytes && last.mtime_ns == now.mtime_ns;
    }
    if (!last.written() || !now.there || last.bytes != now.bytes || last.files.empty()) {
      return false;
    }
    for (const WrittenFile& file : last.files) {
      if (bytesAt(request_.out / file.path) != file.bytes) return false;
    }
    if (last.mtime_ns == now.mtime_ns) return true;
    const Result<std::string> sha = sha256File(last.input);
    return sha.ok() && *sha == last.sha256;
  }

  static double weight(const BatchJob& job) { return static_cast<double>(job.bytes) + 1; }

  static VideoRecord recordOf(const BatchJob& job, VideoState state) {
    VideoRecord record;
    record.input = job.input;
    record.output = job.output;
    record.state = state;
    record.attempt = job.earlier + job.tries;
    record.time = timeText();
    record.bytes = job.bytes;
    record.mtime_ns = job.mtime_ns;
    char host[256] = "";
    ::gethostname(host, sizeof(host) - 1);
    record.worker = std::string(host) + ":" + std::to_string(::getpid());
    return record;
  }

  Status failWithoutTry(BatchJob job) {
    ++job.tries;
    VideoRecord record = recordOf(job, VideoState::kFailed);
    record.code = errorName(ErrorCode::kNotFound);
    record.message = job.input.string() + ": no such file. Check the name and the folder";
    FRONTALIS_TRY(manifest_.append(record));
    end(job, record);
    return {};
  }

  std::uint64_t memoryTaken() const {
    std::uint64_t sum = 0;
    for (const Worker& worker : running_) sum += need(worker.job);
    return sum;
  }
  std::uint64_t assumed() const { return memoryNeed(1920, 1080, report_.run.threads); }
  std::uint64_t need(const BatchJob& job) const { return job.memory > 0 ? job.memory : assumed(); }

  Status startJobs(SteadyTime now) {
    while (running_.size() < static_cast<std::size_t>(report_.run.jobs)) {
      const std::uint64_t taken = memoryTaken();
      std::optional<BatchJob> job =
          queue_.take(now, limit_ > taken ? limit_ - taken : 0, assumed(), running_.empty());
      if (!job) return {};
      FRONTALIS_TRY(start(*std::move(job), now));
    }
    return {};
  }

  std::vector<std::string> workerArguments(const BatchJob& job, const fs::path& staging) const {
    std::vector<std::string> arguments = {"extract", "--quiet", "--report-fd=3",
                                          "--threads=" + std::to_string(report_.run.threads)};
    const std::string table = (staging / job.output.filename()).string();
    const std::string stem = (staging / job.output.stem()).string();
    for (const std::string& argument : report_.run.arguments) {
      if (argument == "--hog") {
        arguments.push_back("--hog=" + stem + ".hog");
      } else if (argument == "--aligned") {
        arguments.push_back("--aligned=" + stem + "_aligned");
      } else if (argument == "--features") {
        arguments.push_back("--features=" + staging.string());
      } else {
        arguments.push_back(argument);
      }
    }
    arguments.insert(arguments.end(), {"--output=" + table, "--", job.input.string()});
    return arguments;
  }

  Status start(BatchJob job, SteadyTime now) {
    ++job.tries;
    const fs::path staging = work_ / std::to_string(++stagings_);
    std::error_code error;
    fs::create_directories(staging, error);
    if (error) return placeError(staging, error);
    FRONTALIS_TRY(manifest_.append(recordOf(job, VideoState::kRunning)));
    const std::vector<std::string> arguments = workerArguments(job, staging);
    FRONTALIS_ASSIGN(Worker worker,
                     Worker::start(std::move(job), request_.program, arguments, staging, now));
    running_.push_back(std::move(worker));
    return {};
  }

  void wait() const {
    std::vector<pollfd> ends;
    bool ending = false;
    for (const Worker& worker : running_) {
      if (!worker.reportEnded()) ends.push_back({worker.process.report(), POLLIN, 0});
      if (!worker.errorsEnded()) ends.push_back({worker.process.errors(), POLLIN, 0});
      ending = ending || worker.silent();
    }
    ::poll(ends.data(), static_cast<nfds_t>(ends.size()),
           ending ? 1 : static_cast<int>(kTick.count()));
  }

  void look() {
    const SteadyTime now = std::chrono::steady_clock::now();
    for (auto worker = running_.begin(); worker != running_.end() && !report_.broken;) {
      const bool sized = worker->words.width > 0;
      worker->listen(now);
      if (const std::optional<ProcessEnd> ended = worker->process.end()) {
        worker->listen(now);
        if (Status settled = settle(*worker, *ended, now); !settled.ok()) {
          report_.broken = settled.error();
        }
        worker = running_.erase(worker);
        continue;
      }
      if (!sized && worker->words.width > 0) {
        worker->job.memory =
            memoryNeed(worker->words.width, worker->words.height, report_.run.threads);
        // Larger than thought: it has only begun, and waits until there is room.
        if (memoryTaken() > limit_ && running_.size() > 1) {
          worker = postpone(worker);
          continue;
        }
      }
      checkDeadlines(*worker, now);
      ++worker;
    }
    if (now - last_memory_ > kMemoryTick) {
      last_memory_ = now;
      watchMemory();
    }
  }

  /// Back into the queue without counting as an attempt.
  std::list<Worker>::iterator postpone(std::list<Worker>::iterator worker) {
    worker->process.kill();
    BatchJob job = worker->job;
    --job.tries;
    const fs::path staging = worker->staging;
    const auto next = running_.erase(worker);  // waits for its end
    std::error_code ignored;
    fs::remove_all(staging, ignored);
    queue_.putBack(std::move(job));
    return next;
  }

  void checkDeadlines(const Worker& worker, SteadyTime now) {
    const bool late = request_.timeout.count() > 0 && now - worker.started > request_.timeout;
    if (late || now - worker.last_sign > kSilenceLimit) {
      given_up_.insert(worker.job.input);
      worker.process.kill();
    }
  }

  /// Estimates may be wrong: what is held counts. The youngest goes back, then runs alone.
  void watchMemory() {
    if (running_.size() < 2) return;
    std::uint64_t held = 0;
    for (const Worker& worker : running_) held += worker.process.residentBytes();
    if (held <= limit_) return;
    const auto youngest = std::prev(running_.end());
    youngest->job.memory = limit_;
    postpone(youngest);
  }

  Status settle(Worker& worker, const ProcessEnd& ended, SteadyTime now) {
    BatchJob& job = worker.job;
    VideoRecord record = recordOf(job, VideoState::kFailed);
    record.frames = worker.words.frames;
    record.frames_with_face = worker.words.frames_with_face;
    record.seconds =
        static_cast<double>(duration_cast<milliseconds>(now - worker.started).count()) / 1000;
    record.peak_mb = static_cast<std::int64_t>(ended.peak_bytes >> 20);
    record.warnings = worker.words.warnings;
    const bool given_up = given_up_.erase(job.input) > 0;
    const bool good = ended.signal == 0 && !given_up && !worker.words.state.empty() &&
                      (ended.exit_code == 0 || ended.exit_code == 3);
    if (good) {
      const InputState after = InputState::of(job.input);
      if (!after.there || after.bytes != job.bytes || after.mtime_ns != job.mtime_ns) {
        record.code = errorName(ErrorCode::kUnreadable);
        record.message = job.input.string() + " was changed while it was read";
        job.bytes = after.bytes;
        job.mtime_ns = after.mtime_ns;
      } else {
        const Result<std::vector<WrittenFile>> files =
            putIntoPlace(worker.staging, request_.out, job.output.parent_path());
        if (!files.ok()) {
          record.code = errorName(files.error().code);
          record.message = files.error().text();
        } else {
          record.files = *files;
          record.sha256 = worker.words.sha256;
          record.state = worker.words.state == "damaged" ? VideoState::kDamaged : VideoState::kDone;
        }
      }
    } else if (given_up) {
      record.code = errorName(ErrorCode::kTimeout);
      record.message = job.input.string() + " took longer than it may and was given up";
    } else if (ended.signal == 0 && !worker.words.code.empty()) {
      record.code = worker.words.code;
      record.message = worker.words.message;
    } else {
      record.code = "crashed";
      record.message =
          job.input.string() + ": its process " +
          (ended.signal != 0 ? std::string("was ended by the signal ") + ::strsignal(ended.signal)
                             : "ended with code " + std::to_string(ended.exit_code)) +
          (worker.lastErrors().empty() ? "" : ": " + worker.lastErrors());
    }
    std::error_code ignored;
    fs::remove_all(worker.staging, ignored);
    FRONTALIS_TRY(manifest_.append(record));
    wrote_any_ = wrote_any_ || record.written();
    if (const auto concern = concernOfAll(record)) {
      end(job, record);
      return Error{*concern, record.message};
    }
    if (!record.written() && mayPass(record.code) && job.tries <= request_.retries) {
      job.not_before = now + seconds(1 << std::min(job.tries - 1, 6));
      queue_.putBack(std::move(job));
      return {};
    }
    end(job, record);
    return {};
  }

  /// Why all videos would fail alike, if they would.
  std::optional<ErrorCode> concernOfAll(const VideoRecord& record) const {
    if (record.written()) return std::nullopt;
    for (const ErrorCode code :
         {ErrorCode::kUnwritable, ErrorCode::kInvalidArgument, ErrorCode::kDiskFull,
          ErrorCode::kModelMissing, ErrorCode::kModelCorrupt}) {
      if (record.code != errorName(code)) continue;
      // Else it is about this video, or its name.
      const bool of_all = code == ErrorCode::kUnwritable ? !writeFile(work_ / "probe", "probe").ok()
                          : code == ErrorCode::kInvalidArgument ? !wrote_any_
                                                                : true;
      if (of_all) return code;
    }
    return std::nullopt;
  }

  /// Keeps of the record what the summary tells: memory is to be that of the inputs' list.
  void note(const fs::path& input, const VideoRecord& record) {
    const auto found = videos_.find(input);
    if (found == videos_.end()) return;
    VideoRecord& video = found->second;
    ++ended_;
    video.state = record.state;
    video.attempt = record.attempt;
    video.frames = record.frames;
    video.frames_with_face = record.frames_with_face;
    video.seconds = record.seconds;
    video.peak_mb = record.peak_mb;
    video.code = record.code;
    video.message = record.message;
    video.warnings = record.warnings;
  }

  void end(const BatchJob& job, const VideoRecord& record) {
    done_ += weight(job);
    if (record.state == VideoState::kFailed) ++failed_;
    note(record.input, record);
    if (observer_.ended) observer_.ended(record);
  }

  /// What runs writes to .work only: it can be killed.
  void abandonRunning() {
    for (const Worker& worker : running_) worker.process.kill();
    for (const Worker& worker : running_) {
      VideoRecord record = recordOf(worker.job, VideoState::kInterrupted);
      record.code = errorName(ErrorCode::kCancelled);
      record.message = "the batch was stopped";
      if (Status written = manifest_.append(record); !written.ok() && !report_.broken) {
        report_.broken = written.error();
      }
      note(record.input, record);
    }
    running_.clear();
  }

  void collect() {
    for (auto& [input, video] : videos_) report_.videos.push_back(std::move(video));
    videos_.clear();
    std::sort(report_.videos.begin(), report_.videos.end(),
              [](const VideoRecord& a, const VideoRecord& b) { return a.output < b.output; });
    report_.seconds =
        static_cast<double>(
            duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun_).count()) /
        1000;
    if (Status written = writeFile(request_.out / "summary.csv", summaryCsv(report_.videos));
        !written.ok() && !report_.broken) {
      report_.broken = written.error();
    }
  }

  BatchProgress progress() const {
    BatchProgress now;
    now.videos = videos_.size();
    now.ended = ended_;
    now.failed = failed_;
    now.running = running_.size();
    double done = done_;
    for (const Worker& worker : running_) {
      if (worker.words.expected_frames <= 0) continue;
      done +=
          weight(worker.job) * std::min(1.0, static_cast<double>(worker.words.frames) /
                                                 static_cast<double>(worker.words.expected_frames));
    }
    now.share = total_ > 0 ? std::min(1.0, done / total_) : 1;
    return now;
  }

  const BatchRequest& request_;
  const BatchObserver& observer_;
  Manifest manifest_;
  BatchReport report_;
  fs::path work_;
  std::uint64_t limit_;
  SteadyTime begun_ = std::chrono::steady_clock::now();
  SteadyTime last_memory_{};
  JobQueue queue_{{}};
  std::list<Worker> running_;
  std::set<fs::path> given_up_;             // killed for being late
  std::map<fs::path, VideoRecord> videos_;  // by input; attempt 0 until one has ended
  std::size_t ended_ = 0;                   // in this run, or before and left as they were
  std::size_t failed_ = 0;
  std::size_t stagings_ = 0;
  bool wrote_any_ = false;
  double total_ = 0, done_ = 0;  // weights
};

std::string quotedCell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

}  // namespace

std::size_t BatchReport::count(VideoState state) const {
  return static_cast<std::size_t>(
      std::count_if(videos.begin(), videos.end(),
                    [&](const VideoRecord& video) { return video.state == state; }));
}

bool mayPass(const std::string& code) {
  return code == "crashed" || code == errorName(ErrorCode::kTimeout) ||
         code == errorName(ErrorCode::kUnreadable) || code == errorName(ErrorCode::kInference) ||
         code == errorName(ErrorCode::kOutOfMemory) || code == errorName(ErrorCode::kInternal) ||
         code == errorName(ErrorCode::kCancelled);
}

bool failsForGood(const std::string& code) {
  return code == errorName(ErrorCode::kNotAVideo) || code == errorName(ErrorCode::kNoVideoStream) ||
         code == errorName(ErrorCode::kNoFrames) || code == errorName(ErrorCode::kCorrupt) ||
         code == errorName(ErrorCode::kUnsupported);
}

Share shareCores(int cores, int jobs, int threads, std::size_t videos) {
  cores = std::max(cores, 1);
  const int most = static_cast<int>(std::clamp<std::size_t>(videos, 1, 1 << 20));
  Share share;
  share.threads = std::clamp(threads, 0, cores);
  share.jobs = jobs > 0 ? std::min(jobs, cores) : cores / std::max(share.threads, 1);
  share.jobs = std::max(1, std::min(share.jobs, most));
  const int room = cores / share.jobs;
  share.threads = share.threads == 0 ? room : std::min(share.threads, room);
  return share;
}

std::string summaryCsv(const std::vector<VideoRecord>& videos) {
  std::string text =
      "input,output,state,attempts,frames,frames_with_face,seconds,peak_mb,code,message,warnings\n";
  for (const VideoRecord& v : videos) {
    char elapsed[32];
    std::snprintf(elapsed, sizeof(elapsed), "%.1f", v.seconds);
    std::string warnings;
    for (const std::string& warning : v.warnings)
      warnings += (warnings.empty() ? "" : "; ") + warning;
    const bool waits = v.attempt == 0;
    for (const std::string& cell :
         {v.input.string(), v.output.string(), std::string(waits ? "waiting" : stateName(v.state)),
          std::to_string(v.attempt), std::to_string(v.frames), std::to_string(v.frames_with_face),
          std::string(elapsed), std::to_string(v.peak_mb), v.code, v.message}) {
      text += quotedCell(cell) + ",";
    }
    text += quotedCell(warnings) + "\n";
  }
  return text;
}

Result<BatchReport> runBatch(const BatchRequest& request, const BatchObserver& observer) {
  if (!request.resume && request.inputs.empty()) {
    return Error{ErrorCode::kInvalidArgument, "no videos are named",
                 "Name videos, a folder or a list; or go on with --resume"};
  }
  const fs::path file = Manifest::file(request.out);
  std::error_code ignored;
  if (request.resume && !request.redo && !fs::exists(file, ignored) && request.inputs.empty()) {
    return Error{ErrorCode::kNotFound, file.string() + ": there is no batch to go on with",
                 "Name the folder it was begun in"};
  }
  FoundInputs found;
  if (!request.inputs.empty()) {
    FRONTALIS_ASSIGN(found, findInputs(request.inputs, request.out));
  }
  FRONTALIS_ASSIGN(Manifest manifest, Manifest::open(request.out));
  const ManifestContent& before = manifest.content();

  BatchReport report;
  report.warnings = before.warnings;
  RunRecord& run = report.run;
  run.time = timeText();
  run.frontalis = version();
  run.redo = request.redo && before.run;
  run.arguments = request.arguments;
  run.inputs = request.inputs;
  for (fs::path& input : run.inputs) input = fs::absolute(input, ignored).lexically_normal();
  if (before.run && !request.resume && !request.redo) {
    std::size_t done = 0;
    for (const auto& [input, record] : before.last) done += record.written() ? 1 : 0;
    return Error{ErrorCode::kInvalidArgument,
                 request.out.string() + " already holds a batch (" + std::to_string(done) + " of " +
                     std::to_string(before.last.size()) + " videos seen are done)",
                 "Go on with --resume, do everything again with --redo, or choose another folder"};
  }
  if (before.run && !request.redo && run.arguments.empty()) run.arguments = before.run->arguments;
  if (request.inputs.empty()) {
    if (!before.run) {
      return Error{ErrorCode::kCorrupt, file.string() + ": does not say what was to be done",
                   "Name the videos again"};
    }
    run.inputs = before.run->inputs;
    FRONTALIS_ASSIGN(found, findInputs(run.inputs, request.out));
  }
  report.warnings.insert(report.warnings.end(), found.warnings.begin(), found.warnings.end());
  FRONTALIS_TRY(describePack(run));
  if (before.run && !request.redo) FRONTALIS_TRY(checkSame(*before.run, run, request.out));

  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const Share share = shareCores(cores, request.jobs, request.threads, found.inputs.size());
  run.jobs = share.jobs;
  run.threads = share.threads;
  const int wanted = static_cast<int>(
      std::min<std::size_t>(static_cast<std::size_t>(request.jobs), found.inputs.size()));
  if (share.jobs < wanted || share.threads < request.threads) {
    report.warnings.push_back("this machine has " + std::to_string(cores) +
                              " cores: " + std::to_string(share.jobs) +
                              " videos at once, threads a video: " + std::to_string(share.threads));
  }
  FRONTALIS_TRY(manifest.append(run));
  Batch batch(request, observer, std::move(manifest), std::move(report));
  FRONTALIS_TRY(batch.plan(found.inputs));
  return batch.work();
}

}  // namespace frontalis
