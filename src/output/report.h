#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// A table of `extract` or OpenFace, shown in one colour. A table of several faces becomes a series
/// a face.
struct ReportSeries {
  std::string name;  ///< shown as it is, as text; empty: the file's name
  std::filesystem::path table;
  std::filesystem::path video = {};  ///< of which the table is; may be empty
};

/// A curve over the report's time.
struct ReportLine {
  std::string name;
  std::vector<double> seconds;  ///< increasing
  std::vector<float> values;    ///< as many; NaN: a gap
  int series = 0;               ///< whose colour it has
  bool dashed = false;
};

/// A strip on the shared time axis, with the curves of others in it.
struct ReportPanel {
  std::string title;
  std::string unit;
  float low = 0, high = 1;  ///< range of the vertical axis
  std::vector<ReportLine> lines;
  std::string note;  ///< one sentence, shown beside the title; may be empty
};

struct ReportTable {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  ///< each as long as the header
};

/// Something more that a report shows: strips under the action units, then text and tables below.
/// Everything is text: nothing in it is taken as HTML.
struct ReportSection {
  std::string title;
  std::vector<std::string> paragraphs;
  std::vector<ReportTable> tables;
  std::vector<ReportPanel> panels;
};

struct ReportOptions {
  std::string title;         ///< empty: the names of the series
  bool embed_video = false;  ///< videos as part of the page, instead of a link from beside it
  std::vector<ReportSection> sections;
  /// Called while a video is read for the pictures: frames so far, frames needed. False stops.
  std::function<bool(std::int64_t frames, std::int64_t expected)> progress;
  /// Told in one line where a video and its table do not fit; may be empty.
  std::function<void(const std::string&)> notice;
};

/// A moment at which an action unit is strongest.
struct ReportPeak {
  std::size_t row = 0;  ///< of the table
  std::int64_t frame = 0;
  double seconds = 0;
  float intensity = 0;
};

/// What a table says of an action unit, over its rows with a face.
struct ReportSummary {
  int number = 0;  ///< of the action unit
  float mean = 0;  ///< intensity; NaN without intensities
  float p95 = 0;
  float present = 0;              ///< share of rows, 0..1; NaN without presences
  std::vector<ReportPeak> peaks;  ///< at most three, the strongest first
};

/// The strongest local maxima of at least 0.5, a second apart; on a plateau its middle. `values`:
/// NaN where nothing was seen. `seconds`: increasing.
std::vector<ReportPeak> findPeaks(std::span<const double> seconds, std::span<const float> values);

/// One HTML file that needs no network and no other file (but a linked video): charts over a shared
/// time axis, summary, pictures of the peaks. Written when complete. Errors: those of reading
/// tables and videos; kInvalidArgument without series; kCancelled; kUnwritable, kDiskFull.
Status writeReport(std::span<const ReportSeries> series, const ReportOptions& options,
                   const std::filesystem::path& path);

}  // namespace frontalis
