#include "output/report.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "frontalis/version.h"
#include "image/convert.h"
#include "output/csv.h"
#include "output/face_table.h"
#include "output/overlay.h"
#include "util/base64.h"
#include "util/file.h"
#include "util/sha256.h"
#include "util/try.h"
#include "video/image_writer.h"
#include "video/key_frames.h"
#include "video/video_reader.h"

namespace frontalis {

// The parts of the page, see CMakeLists.txt.
extern const std::string_view kReportHtml, kReportCss, kReportJs, kUplotCss, kUplotJs;

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr double kDegrees = 57.295779513082323;
// Beyond this the open pack's action units should not be believed (docs/accuracy.md).
constexpr double kFrontalYaw = 15, kFrontalPitch = 12;  // degrees

constexpr std::size_t kPeaks = 3;       // shown of an action unit
constexpr double kPeakDistance = 1;     // s
constexpr float kSmallestPeak = 0.5f;   // intensity
constexpr int kPictureSize = 160;       // px, side of a peak's picture
constexpr float kPictureMargin = 1.5f;  // side of what it shows, in sizes of the face's box
constexpr std::int64_t kFramesWorthAJump = 30;
constexpr std::size_t kLargestEmbedded = std::size_t{64} << 20;  // bytes of video

const char* auTitle(int number) {
  switch (number) {
    case 1:
      return "Inner brow raiser";
    case 2:
      return "Outer brow raiser";
    case 4:
      return "Brow lowerer";
    case 5:
      return "Upper lid raiser";
    case 6:
      return "Cheek raiser";
    case 7:
      return "Lid tightener";
    case 9:
      return "Nose wrinkler";
    case 10:
      return "Upper lip raiser";
    case 12:
      return "Lip corner puller";
    case 14:
      return "Dimpler";
    case 15:
      return "Lip corner depressor";
    case 17:
      return "Chin raiser";
    case 20:
      return "Lip stretcher";
    case 23:
      return "Lip tightener";
    case 25:
      return "Lips part";
    case 26:
      return "Jaw drop";
    case 28:
      return "Lip suck";
    case 45:
      return "Blink";
    default:
      return "";
  }
}

/// One face of one table.
struct Series {
  std::string name;
  const ReportSeries* source = nullptr;
  const FaceTable* table = nullptr;
  std::vector<std::size_t> rows;  // of the table
  std::vector<double> seconds;
  std::map<std::string, std::vector<float>> columns;  // NaN in rows without success
  std::vector<ReportSummary> summary;
  std::map<std::int64_t, std::string> pictures;  // JPEG by frame
};

template <class T>
std::string bytesOf(const std::vector<T>& values) {
  return base64({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)});
}

/// The smallest of three ways to write a column without loss; the last value of the whole types
/// means that there is none.
json packed(const std::vector<float>& values) {
  bool bits = true, hundredths = true;
  for (const float v : values) {
    if (!std::isfinite(v)) continue;
    const float scaled = std::round(v * 100);
    bits = bits && (v == 0 || v == 1);
    hundredths = hundredths && scaled >= 0 && scaled < 65'000 &&
                 std::abs(v - scaled / 100) < 1e-5f * (1 + v);
  }
  if (bits) {
    std::vector<std::uint8_t> out;
    out.reserve(values.size());
    for (const float v : values) out.push_back(std::isfinite(v) ? (v > 0 ? 1 : 0) : 255);
    return {{"type", "u8"}, {"data", bytesOf(out)}};
  }
  if (hundredths) {
    std::vector<std::uint16_t> out;
    out.reserve(values.size());
    for (const float v : values) {
      out.push_back(std::isfinite(v) ? static_cast<std::uint16_t>(std::lround(v * 100)) : 65'535);
    }
    return {{"type", "u16"}, {"data", bytesOf(out)}};
  }
  return {{"type", "f32"}, {"data", bytesOf(values)}};
}

json packed(const std::vector<double>& values) {
  return {{"type", "f64"}, {"data", bytesOf(values)}};
}

json numberOrNull(float value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1000) / 1000;
}

/// One series a face; a table of images counts its rows instead of seconds.
std::vector<Series> split(const ReportSeries& source, const FaceTable& table, bool by_images) {
  std::vector<Series> out;
  std::map<int, std::size_t> place;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    const auto [found, fresh] = place.emplace(table.faceId()[r], out.size());
    if (fresh) {
      out.emplace_back();
      out.back().source = &source;
      out.back().table = &table;
      out.back().name = source.name.empty() ? source.table.filename().string() : source.name;
    }
    Series& series = out[found->second];
    const double at = by_images || table.timestamp().empty() ? static_cast<double>(table.frame()[r])
                                                             : table.timestamp()[r];
    // Times that do not increase cannot be drawn: the later row is left out.
    if (!series.seconds.empty() && !(at > series.seconds.back())) continue;
    series.rows.push_back(r);
    series.seconds.push_back(at);
  }
  if (out.size() > 1) {
    for (const auto& [id, index] : place) {
      out[index].name += " · face " + std::to_string(id);
    }
  }
  return out;
}

/// A column's values where a face was seen; nothing when the table has no such column.
const std::vector<float>* fill(Series& series, const std::string& name, double factor = 1) {
  const std::vector<float>* values = series.table->column(name);
  if (values == nullptr) return nullptr;
  std::vector<float>& out = series.columns[name];
  out.clear();
  for (const std::size_t r : series.rows) {
    const bool seen = series.table->success()[r] != 0;
    out.push_back(seen ? static_cast<float>((*values)[r] * factor) : kNone);
  }
  return &out;
}

float quantile(std::vector<float> values, double share) {
  if (values.empty()) return kNone;
  const auto at =
      static_cast<std::size_t>(std::llround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

std::optional<ReportSummary> summarize(Series& series, int number) {
  const std::string name = "AU" + auName(number);
  const std::vector<float>* intensity = fill(series, name + "_r");
  const std::vector<float>* presence = fill(series, name + "_c");
  fill(series, name + "_r_left");
  fill(series, name + "_r_right");
  if (intensity == nullptr && presence == nullptr) return std::nullopt;
  ReportSummary summary{number, kNone, kNone, kNone, {}};
  const auto finite = [](const std::vector<float>& values) {
    std::vector<float> out;
    std::copy_if(values.begin(), values.end(), std::back_inserter(out),
                 [](float v) { return std::isfinite(v); });
    return out;
  };
  const auto mean = [](const std::vector<float>& values) {
    double sum = 0;
    for (const float v : values) sum += v;
    return values.empty() ? kNone : static_cast<float>(sum / static_cast<double>(values.size()));
  };
  if (intensity != nullptr) {
    const std::vector<float> seen = finite(*intensity);
    summary.mean = mean(seen);
    summary.p95 = quantile(seen, 0.95);
    summary.peaks = findPeaks(series.seconds, *intensity);
    for (ReportPeak& peak : summary.peaks) {
      peak.row = series.rows[peak.row];
      peak.frame = series.table->frame()[peak.row];
    }
  }
  if (presence != nullptr) summary.present = mean(finite(*presence));
  return summary;
}

/// The face with what is around it, as a JPEG of kPictureSize px.
Result<std::string> picture(const Frame& frame, const Row& row, const Columns& columns,
                            FrameConverter& converter, Image& scratch) {
  Region region{0, 0, frame.width(), frame.height()};
  const std::optional<Box> box = faceBox(row, columns, frame.width(), frame.height());
  if (box) {
    const float side = kPictureMargin * std::max(box->width, box->height);
    const Point2f center = box->center();
    const Region around{static_cast<int>(std::floor(center.x - side / 2)),
                        static_cast<int>(std::floor(center.y - side / 2)),
                        static_cast<int>(std::ceil(side)), static_cast<int>(std::ceil(side))};
    const Region inside = around.clippedTo(frame.width(), frame.height());
    if (!inside.empty()) region = inside;
  }
  converter.toBgr(frame, region, scratch);
  const double scale =
      static_cast<double>(kPictureSize) / std::max(scratch.width(), scratch.height());
  Image small(std::max(1, cvRound(scratch.width() * scale)),
              std::max(1, cvRound(scratch.height() * scale)), 3);
  const cv::Mat from(scratch.height(), scratch.width(), CV_8UC3, scratch.data());
  cv::Mat to(small.height(), small.width(), CV_8UC3, small.data());
  cv::resize(from, to, to.size(), 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return encodeImage(small, ".jpg");
}

/// Pictures of all peaks of the series that share a video, in one pass.
Status takePictures(std::span<Series*> of_video, const ReportOptions& options) {
  std::map<std::int64_t, std::vector<std::pair<Series*, std::size_t>>> wanted;
  for (Series* series : of_video) {
    for (const ReportSummary& summary : series->summary) {
      for (const ReportPeak& peak : summary.peaks) {
        wanted[peak.frame].emplace_back(series, peak.row);
      }
    }
  }
  const fs::path& video = of_video.front()->source->video;
  FRONTALIS_ASSIGN(VideoReader reader, VideoReader::open(video));
  if (options.notice) {
    const std::vector<double>& times = of_video.front()->table->timestamp();
    const double lasts = reader.info().duration_seconds;
    const double seen = times.empty() ? lasts : times.back();
    if (lasts > 0 && std::abs(lasts - seen) > std::max(1.0, 0.05 * lasts)) {
      char text[64];
      std::snprintf(text, sizeof(text), " lasts %.1f s, its table %.1f s", lasts, seen);
      options.notice(video.string() + text + ": are they of the same recording?");
    }
  }
  // Where the container tells them, reading goes on from key frames; else through all frames.
  std::vector<KeyFrame> keys;
  if (Result<std::vector<KeyFrame>> found = findKeyFrames(video); found.ok()) {
    keys = std::move(found).value();
  }
  std::int64_t next = 0;  // 0-based
  FrameConverter converter;
  Image scratch;
  for (const auto& [number, places] : wanted) {
    const auto after =
        std::upper_bound(keys.begin(), keys.end(), number - 1,
                         [](std::int64_t frame, const KeyFrame& key) { return frame < key.frame; });
    if (after != keys.begin() && std::prev(after)->frame > next + kFramesWorthAJump) {
      Result<VideoReader> there = VideoReader::open(video, {.start = *std::prev(after)});
      if (there.ok()) reader = std::move(there).value();
    }
    std::optional<Frame> frame;
    do {
      FRONTALIS_ASSIGN(frame, reader.next());
      if (frame) next = frame->index + 1;
      if (frame && options.progress && !options.progress(next, wanted.rbegin()->first)) {
        return Error{ErrorCode::kCancelled, "stopped: no report was written"};
      }
    } while (frame && next < number);
    if (!frame) break;  // a table of more frames than the video has
    if (frame->index + 1 != number) continue;
    for (const auto& [series, row] : places) {
      if (series->pictures.count(number) != 0) continue;
      FRONTALIS_ASSIGN(
          series->pictures[number],
          picture(*frame, series->table->row(row), series->table->columns(), converter, scratch));
    }
  }
  return {};
}

/// A relative address whose every special character is written as %XX.
std::string addressOf(const fs::path& target, const fs::path& page) {
  std::error_code error;
  const fs::path folder = fs::absolute(page).parent_path();
  fs::path relative = fs::relative(target, folder, error);
  const bool absolute = error || relative.empty();
  if (absolute) relative = fs::absolute(target);
  std::string out = absolute ? "file://" : "./";
  for (const char c : relative.generic_string()) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || std::strchr("/-_.~", c) != nullptr) {
      out += c;
    } else {
      constexpr const char* kHex = "0123456789ABCDEF";
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

Result<std::string> embedded(const fs::path& video) {
  Result<std::string> bytes = readFile(video, kLargestEmbedded);
  if (!bytes.ok()) {
    Error error = bytes.error();
    if (error.code == ErrorCode::kUnreadable) {
      error.remedy = "Videos above 64 MiB are linked: leave out --embed-video";
    }
    return error;
  }
  const std::string extension = video.extension().string();
  const char* type = extension == ".webm" ? "video/webm" : "video/mp4";
  return std::string("data:") + type + ";base64," + base64(*bytes);
}

json describe(const Series& series) {
  json out = {{"name", series.name},
              {"file", series.source->table.filename().string()},
              {"x", packed(series.seconds)}};
  std::vector<float> confidence, success, frames;
  std::size_t seen = 0, posed = 0, frontal = 0;
  const auto rx = series.columns.find("pose_Rx");
  const auto ry = series.columns.find("pose_Ry");
  for (std::size_t i = 0; i < series.rows.size(); ++i) {
    const std::size_t r = series.rows[i];
    confidence.push_back(series.table->confidence()[r]);
    success.push_back(series.table->success()[r] != 0 ? 1.f : 0.f);
    frames.push_back(static_cast<float>(series.table->frame()[r]));
    if (series.table->success()[r] == 0) continue;
    ++seen;
    if (rx == series.columns.end() || ry == series.columns.end()) continue;
    if (!std::isfinite(rx->second[i]) || !std::isfinite(ry->second[i])) continue;
    ++posed;
    if (std::abs(rx->second[i]) <= kFrontalPitch && std::abs(ry->second[i]) <= kFrontalYaw) {
      ++frontal;
    }
  }
  out["frame"] = {{"type", "f32"}, {"data", bytesOf(frames)}};
  out["confidence"] = packed(confidence);
  out["success"] = packed(success);
  out["rows"] = series.rows.size();
  out["seen"] = seen;
  out["frontal"] =
      posed == 0 ? json() : json(static_cast<double>(frontal) / static_cast<double>(posed));
  if (!series.table->file().empty()) {
    json names = json::array();
    for (const std::size_t r : series.rows) names.push_back(series.table->file()[r]);
    out["images"] = std::move(names);
  }
  json columns = json::object();
  for (const auto& [name, values] : series.columns) columns[name] = packed(values);
  out["columns"] = std::move(columns);
  json summary = json::array();
  for (const ReportSummary& au : series.summary) {
    json peaks = json::array();
    for (const ReportPeak& peak : au.peaks) {
      peaks.push_back(
          {{"x", peak.seconds}, {"frame", peak.frame}, {"value", numberOrNull(peak.intensity)}});
    }
    summary.push_back({{"au", au.number},
                       {"mean", numberOrNull(au.mean)},
                       {"p95", numberOrNull(au.p95)},
                       {"present", numberOrNull(au.present)},
                       {"peaks", std::move(peaks)}});
  }
  out["summary"] = std::move(summary);
  json pictures = json::object();
  for (const auto& [frame, jpeg] : series.pictures) {
    pictures[std::to_string(frame)] = "data:image/jpeg;base64," + base64(jpeg);
  }
  out["pictures"] = std::move(pictures);
  return out;
}

json describe(const ReportSection& section) {
  json panels = json::array();
  for (const ReportPanel& panel : section.panels) {
    json lines = json::array();
    for (const ReportLine& line : panel.lines) {
      lines.push_back({{"name", line.name},
                       {"x", packed(line.seconds)},
                       {"y", packed(line.values)},
                       {"series", line.series},
                       {"dashed", line.dashed}});
    }
    panels.push_back({{"title", panel.title},
                      {"unit", panel.unit},
                      {"low", panel.low},
                      {"high", panel.high},
                      {"note", panel.note},
                      {"lines", std::move(lines)}});
  }
  json tables = json::array();
  for (const ReportTable& table : section.tables) {
    tables.push_back({{"title", table.title}, {"header", table.header}, {"rows", table.rows}});
  }
  return {{"title", section.title},
          {"paragraphs", section.paragraphs},
          {"tables", std::move(tables)},
          {"panels", std::move(panels)}};
}

/// JSON that stays inside its <script> element whatever it says: ASCII, without <, > and &.
std::string inScript(const json& data) {
  std::string out;
  for (const char c : data.dump(-1, ' ', true, json::error_handler_t::replace)) {
    if (c == '<') {
      out += "\\u003c";
    } else if (c == '>') {
      out += "\\u003e";
    } else if (c == '&') {
      out += "\\u0026";
    } else {
      out += c;
    }
  }
  return out;
}

/// For the page's content security policy: only these scripts run.
std::string sourceHash(std::string_view script) {
  const std::string hex = sha256(script);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return "'sha256-" + base64(bytes) + "'";
}

std::string page(const json& data) {
  const std::map<std::string_view, std::string> parts = {
      {"policy", sourceHash(kUplotJs) + " " + sourceHash(kReportJs)},
      {"uplot.css", std::string(kUplotCss)},
      {"report.css", std::string(kReportCss)},
      {"data", inScript(data)},
      {"uplot.js", std::string(kUplotJs)},
      {"report.js", std::string(kReportJs)}};
  std::string out;
  std::string_view rest = kReportHtml;
  while (true) {
    const std::size_t open = rest.find("{{");
    const std::size_t close = rest.find("}}", open);
    if (close == std::string_view::npos) break;
    out += rest.substr(0, open);
    out += parts.at(rest.substr(open + 2, close - open - 2));
    rest.remove_prefix(close + 2);
  }
  return out += rest;
}

}  // namespace

std::vector<ReportPeak> findPeaks(std::span<const double> seconds, std::span<const float> values) {
  std::vector<ReportPeak> maxima;
  const std::size_t count = std::min(seconds.size(), values.size());
  const auto below = [&](std::size_t i, float value) {
    return i >= count || !std::isfinite(values[i]) || values[i] < value;
  };
  for (std::size_t i = 0; i < count; ++i) {
    const float value = values[i];
    if (!(value >= kSmallestPeak) || (i > 0 && !below(i - 1, value))) continue;
    std::size_t end = i;
    while (end + 1 < count && values[end + 1] == value) ++end;
    if (!below(end + 1, value)) continue;
    const std::size_t middle = (i + end) / 2;
    maxima.push_back({middle, 0, seconds[middle], value});
    i = end;
  }
  std::stable_sort(maxima.begin(), maxima.end(), [](const ReportPeak& a, const ReportPeak& b) {
    return a.intensity > b.intensity;
  });
  std::vector<ReportPeak> peaks;
  for (const ReportPeak& candidate : maxima) {
    const bool apart = std::all_of(peaks.begin(), peaks.end(), [&](const ReportPeak& peak) {
      return std::abs(peak.seconds - candidate.seconds) >= kPeakDistance;
    });
    if (apart) peaks.push_back(candidate);
    if (peaks.size() == kPeaks) break;
  }
  return peaks;
}

Status writeReport(std::span<const ReportSeries> series, const ReportOptions& options,
                   const fs::path& path) {
  if (series.empty()) return Error{ErrorCode::kInvalidArgument, "a report needs a table"};
  for (const ReportSeries& one : series) {
    FRONTALIS_TRY(checkOutput(path, std::array<fs::path, 2>{one.table, one.video}));
  }
  // The output first: an unwritable place must not cost the reading.
  FRONTALIS_ASSIGN(AtomicFile file, AtomicFile::create(path));

  std::vector<FaceTable> tables;
  tables.reserve(series.size());
  bool by_images = true;
  for (const ReportSeries& one : series) {
    FRONTALIS_ASSIGN(FaceTable table, FaceTable::read(one.table, !one.video.empty()));
    by_images = by_images && !table.file().empty();
    tables.push_back(std::move(table));
  }
  const bool by_frames = !by_images && std::any_of(tables.begin(), tables.end(), [](const auto& t) {
    return t.timestamp().empty();
  });

  std::vector<Series> all;
  json videos = json::array();
  for (std::size_t i = 0; i < series.size(); ++i) {
    std::vector<Series> faces = split(series[i], tables[i], by_images || by_frames);
    std::vector<Series*> of_video;
    for (Series& face : faces) {
      for (const char* name : {"pose_Tx", "pose_Ty", "pose_Tz"}) fill(face, name);
      for (const char* name : {"pose_Rx", "pose_Ry", "pose_Rz"}) fill(face, name, kDegrees);
      for (const int number : kPresenceAuNumbers) {
        if (auto summary = summarize(face, number)) face.summary.push_back(std::move(*summary));
      }
      of_video.push_back(&face);
    }
    if (!series[i].video.empty()) {
      FRONTALIS_TRY(takePictures(of_video, options));
      std::string address = addressOf(series[i].video, path);
      if (options.embed_video) {
        FRONTALIS_ASSIGN(address, embedded(series[i].video));
      }
      videos.push_back({{"series", all.size()},
                        {"name", series[i].video.filename().string()},
                        {"source", std::move(address)}});
    }
    std::move(faces.begin(), faces.end(), std::back_inserter(all));
  }

  json data = {{"version", 1},
               {"generator", std::string("Frontalis ") + version()},
               {"title", options.title},
               {"axis", by_images   ? "image"
                        : by_frames ? "frame"
                                    : "time"},
               {"frontal", {{"yaw", kFrontalYaw}, {"pitch", kFrontalPitch}}},
               {"videos", std::move(videos)}};
  json units = json::array();
  for (const int number : kPresenceAuNumbers) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const Series& one) {
      return std::any_of(one.summary.begin(), one.summary.end(),
                         [&](const ReportSummary& s) { return s.number == number; });
    });
    if (known) {
      units.push_back(
          {{"number", number}, {"name", "AU" + auName(number)}, {"title", auTitle(number)}});
    }
  }
  data["units"] = std::move(units);
  data["series"] = json::array();
  for (const Series& one : all) data["series"].push_back(describe(one));
  data["sections"] = json::array();
  for (const ReportSection& section : options.sections) {
    data["sections"].push_back(describe(section));
  }

  FRONTALIS_TRY(file.write(page(data)));
  return file.commit();
}

}  // namespace frontalis
