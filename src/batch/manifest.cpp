#include "batch/manifest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

#include "batch/path_text.h"
#include "util/file.h"
#include "util/try.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr std::array kStates = {VideoState::kRunning, VideoState::kDone, VideoState::kDamaged,
                                VideoState::kFailed, VideoState::kInterrupted};

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A field of the wrong kind counts as absent.
std::string text(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}
template <class T>
T number(const Json& json, const char* key, T otherwise) {
  const auto found = json.find(key);
  const bool fits = found != json.end() &&
                    (std::is_floating_point_v<T> ? found->is_number() : found->is_number_integer());
  return fits ? found->get<T>() : otherwise;
}
std::vector<std::string> texts(const Json& json, const char* key) {
  std::vector<std::string> all;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return all;
  for (const Json& entry : *found) {
    if (entry.is_string()) all.push_back(entry.get<std::string>());
  }
  return all;
}

/// A path that stays in the output folder.
std::optional<fs::path> inside(const std::string& text) {
  std::optional<fs::path> path = pathFromText(text);
  if (!path || path->empty() || path->is_absolute()) return std::nullopt;
  for (const fs::path& part : *path) {
    if (part == "..") return std::nullopt;
  }
  return path;
}

RunRecord runRecord(const Json& json) {
  RunRecord record;
  record.time = text(json, "time");
  record.frontalis = text(json, "frontalis");
  if (const auto pack = json.find("pack"); pack != json.end() && pack->is_object()) {
    record.pack = text(*pack, "name");
    record.pack_version = text(*pack, "version");
    record.pack_sha256 = text(*pack, "sha256");
  }
  record.arguments = texts(json, "arguments");
  for (const std::string& input : texts(json, "inputs")) {
    if (const auto path = pathFromText(input)) record.inputs.push_back(*path);
  }
  record.jobs = number(json, "jobs", 1);
  record.threads = number(json, "threads", 1);
  const auto redo = json.find("redo");
  record.redo = redo != json.end() && redo->is_boolean() && redo->get<bool>();
  return record;
}

std::optional<VideoRecord> videoRecord(const Json& json) {
  VideoRecord record;
  const std::optional<fs::path> input = pathFromText(text(json, "input"));
  const std::optional<fs::path> output = inside(text(json, "output"));
  if (!input || !input->is_absolute() || !output) return std::nullopt;
  record.input = *input;
  record.output = *output;
  bool known = false;
  for (const VideoState state : kStates) {
    if (text(json, "state") != stateName(state)) continue;
    record.state = state;
    known = true;
  }
  if (!known) return std::nullopt;
  record.attempt = number(json, "attempt", 1);
  record.time = text(json, "time");
  record.bytes = number(json, "bytes", std::uint64_t{0});
  record.mtime_ns = number(json, "mtime_ns", std::int64_t{0});
  record.worker = text(json, "worker");
  record.sha256 = text(json, "sha256");
  if (const auto files = json.find("files"); files != json.end() && files->is_array()) {
    for (const Json& entry : *files) {
      if (!entry.is_object()) return std::nullopt;
      const std::optional<fs::path> path = inside(text(entry, "path"));
      if (!path) return std::nullopt;
      record.files.push_back({*path, number(entry, "bytes", std::uint64_t{0})});
    }
  }
  record.frames = number(json, "frames", std::int64_t{0});
  record.frames_with_face = number(json, "frames_with_face", std::int64_t{0});
  record.seconds = number(json, "seconds", 0.0);
  record.peak_mb = number(json, "peak_mb", std::int64_t{0});
  record.code = text(json, "code");
  record.message = text(json, "message");
  record.warnings = texts(json, "warnings");
  return record;
}

}  // namespace

std::string_view stateName(VideoState state) {
  switch (state) {
    case VideoState::kRunning:
      return "running";
    case VideoState::kDone:
      return "done";
    case VideoState::kDamaged:
      return "damaged";
    case VideoState::kFailed:
      return "failed";
    case VideoState::kInterrupted:
      return "interrupted";
  }
  return "";
}

std::string timeText() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string toLine(const RunRecord& record) {
  Json json = {
      {"record", "run"},
      {"format", kFormat},
      {"time", record.time},
      {"frontalis", record.frontalis},
      {"pack",
       {{"name", record.pack}, {"version", record.pack_version}, {"sha256", record.pack_sha256}}},
      {"arguments", record.arguments}};
  json["inputs"] = Json::array();
  for (const fs::path& input : record.inputs) json["inputs"].push_back(pathText(input));
  json["jobs"] = record.jobs;
  json["threads"] = record.threads;
  if (record.redo) json["redo"] = true;
  return dump(json);
}

std::string toLine(const VideoRecord& record) {
  Json json = {{"record", "video"},
               {"input", pathText(record.input)},
               {"output", pathText(record.output)},
               {"state", stateName(record.state)},
               {"attempt", record.attempt},
               {"time", record.time},
               {"bytes", record.bytes},
               {"mtime_ns", record.mtime_ns},
               {"worker", record.worker}};
  if (record.state == VideoState::kRunning) return dump(json);
  json["sha256"] = record.sha256;
  json["files"] = Json::array();
  for (const WrittenFile& file : record.files) {
    json["files"].push_back({{"path", pathText(file.path)}, {"bytes", file.bytes}});
  }
  json["frames"] = record.frames;
  json["frames_with_face"] = record.frames_with_face;
  json["seconds"] = record.seconds;
  json["peak_mb"] = record.peak_mb;
  json["code"] = record.code;
  json["message"] = record.message;
  json["warnings"] = record.warnings;
  return dump(json);
}

ManifestContent parseManifest(std::string_view text, const std::string& name) {
  ManifestContent content;
  std::size_t line = 0;
  while (content.size < text.size()) {
    const std::size_t end = text.find('\n', content.size);
    if (end == std::string_view::npos) break;  // torn
    const std::string_view bytes = text.substr(content.size, end - content.size);
    content.size = end + 1;
    ++line;
    const Json json = Json::parse(bytes, nullptr, false);
    const auto bad = [&] {
      content.warnings.push_back(name + ": line " + std::to_string(line) +
                                 " is no record; what it said is forgotten");
    };
    if (!json.is_object()) {
      bad();
      continue;
    }
    const std::string kind = frontalis::text(json, "record");
    if (kind == "run") {
      content.run = runRecord(json);
      if (content.run->redo) content.last.clear();
    } else if (kind == "video") {
      if (std::optional<VideoRecord> record = videoRecord(json)) {
        fs::path input = record->input;
        content.last.insert_or_assign(std::move(input), *std::move(record));
      } else {
        bad();
      }
    }
  }
  return content;
}

Manifest::Manifest(FileLock lock, fs::path path) : lock_(std::move(lock)), path_(std::move(path)) {}

Manifest::Manifest(Manifest&& other) noexcept
    : lock_(std::move(other.lock_)),
      path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      content_(std::move(other.content_)),
      keeps_videos_(other.keeps_videos_) {}

Manifest& Manifest::operator=(Manifest&& other) noexcept {
  std::swap(lock_, other.lock_);
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(content_, other.content_);
  std::swap(keeps_videos_, other.keeps_videos_);
  return *this;
}

Manifest::~Manifest() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Manifest> Manifest::open(const fs::path& out) {
  std::error_code error;
  fs::create_directories(out, error);
  if (!fs::is_directory(out, error)) {
    return Error{ErrorCode::kUnwritable, "cannot make the folder " + out.string(),
                 "Choose a folder you may write to"};
  }
  Result<FileLock> lock =
      FileLock::acquire(out / ".manifest.lock", std::chrono::milliseconds::zero());
  if (!lock.ok()) {
    if (lock.error().code != ErrorCode::kTimeout) return lock.error();
    return Error{ErrorCode::kTimeout, "another batch is at work in " + out.string(),
                 "Wait for it, or choose another folder"};
  }
  Manifest manifest(*std::move(lock), file(out));
  std::string text;
  if (fs::exists(manifest.path_, error)) {
    FRONTALIS_ASSIGN(text, readFile(manifest.path_));
  }
  manifest.content_ = parseManifest(text, manifest.path_.string());
  manifest.descriptor_ =
      ::open(manifest.path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (manifest.descriptor_ < 0 ||
      (manifest.content_.size < text.size() &&
       ::ftruncate(manifest.descriptor_, static_cast<off_t>(manifest.content_.size)) != 0)) {
    return Error{ErrorCode::kUnwritable,
                 "cannot write " + manifest.path_.string() + ": " + strerror(errno),
                 "Choose a folder you may write to"};
  }
  return manifest;
}

Status Manifest::write(const std::string& line) {
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0 && status.st_nlink == 0) {
    return Error{ErrorCode::kUnwritable, path_.string() + " was removed while the batch worked",
                 "Start it again: what was in the folder is lost"};
  }
  const off_t before = status.st_size;
  std::size_t done = 0;
  while (done < line.size()) {
    const ssize_t wrote = ::write(descriptor_, line.data() + done, line.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) break;
    done += static_cast<std::size_t>(wrote);
  }
  if (done == line.size() && ::fsync(descriptor_) == 0) return {};
  const int code = errno;
  // A torn record must not be glued to the next one.
  (void)!::ftruncate(descriptor_, before);
  const bool full = code == ENOSPC || code == EDQUOT;
  return Error{full ? ErrorCode::kDiskFull : ErrorCode::kUnwritable,
               "cannot write " + path_.string() + ": " + strerror(code),
               full ? "Free space, then go on with --resume" : ""};
}

Status Manifest::append(const RunRecord& record) {
  FRONTALIS_TRY(write(toLine(record)));
  if (record.redo) content_.last.clear();
  content_.run = record;
  return {};
}

Status Manifest::append(const VideoRecord& record) {
  FRONTALIS_TRY(write(toLine(record)));
  if (keeps_videos_) content_.last.insert_or_assign(record.input, record);
  return {};
}

}  // namespace frontalis
