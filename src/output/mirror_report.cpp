#include "output/mirror_report.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "output/csv.h"

namespace frontalis {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t kMostHints = 12;

std::string fixed(double value, int decimals) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string auLabel(int number) { return "AU" + auName(number); }

ReportSection usabilitySection(const MirrorReport& report) {
  const Usability& use = report.usability;
  ReportSection section;
  section.title = "How usable is this video";
  section.paragraphs.push_back(std::string("For comparing sides: ") + wordFor(use.verdict) + ". " +
                               fixed(100 * use.usable_share, 1) + " % of " +
                               std::to_string(report.summary.frames) +
                               " frames show the face frontally, with both halves measured.");
  for (const std::string& reason : use.reasons) section.paragraphs.push_back("- " + reason);
  return section;
}

ReportSection synkinesisSection(const MirrorReport& report) {
  ReportSection section;
  section.title = "Synkinesis hints";
  section.paragraphs.emplace_back(
      "Movements that something else goes along with on one side only. A hint where to look, no "
      "finding: it rests on intensities that have errors of their own.");
  if (report.synkinesis.empty()) {
    section.paragraphs.emplace_back("None in this video.");
    return section;
  }
  ReportTable table;
  table.header = {"side", "movement", "goes along", "rise", "rise on the other side",
                  "r",    "frames"};
  for (const SynkinesisHint& hint : report.synkinesis) {
    if (table.rows.size() == kMostHints) break;
    table.rows.push_back({hint.side == FaceSide::kRight ? "right" : "left", auLabel(hint.au),
                          auLabel(hint.with), fixed(hint.rise, 1), fixed(hint.other_rise, 1),
                          fixed(hint.correlation, 2), std::to_string(hint.frames)});
  }
  section.tables.push_back(std::move(table));
  return section;
}

}  // namespace

const char* wordFor(Usability::Verdict verdict) {
  switch (verdict) {
    case Usability::Verdict::kGood:
      return "good";
    case Usability::Verdict::kFair:
      return "fair";
    case Usability::Verdict::kPoor:
      return "poor";
    case Usability::Verdict::kUnusable:
      break;
  }
  return "unusable";
}

void MirrorCurves::add(const MirrorRow& row) {
  seconds_.push_back(row.timestamp);
  yaw_.push_back(row.mirrored ? row.yaw : kNone);
  quality_.push_back(row.mirrored ? row.quality : 0);
  for (std::size_t i = 0; i < kIntensityAus; ++i) {
    index_[i].push_back(row.usable ? row.asymmetry[i] : kNone);
  }
}

std::vector<ReportSection> MirrorCurves::sections(const MirrorReport& report) const {
  ReportSection sides;
  sides.title = "Right against left";
  sides.paragraphs.emplace_back(
      "Each half of the face was mirrored to a whole one and measured as such. Index: (right - "
      "left) / (right + left), with at least 1 in the denominator; above 0 the patient's right "
      "side is stronger. Peak: the highest intensity held for three frames.");
  ReportTable table;
  table.header = {"AU",    "peak right",         "at, s",      "peak left",
                  "at, s", "index at the peaks", "mean index", "frames with movement"};
  for (std::size_t i = 0; i < report.aus.size(); ++i) {
    const AuAsymmetry& au = report.aus[i];
    const bool moves = au.active_frames > 0;
    table.rows.push_back({auLabel(au.au), fixed(au.right_peak, 1), fixed(au.right_peak_seconds, 2),
                          fixed(au.left_peak, 1), fixed(au.left_peak_seconds, 2),
                          moves ? fixed(au.at_peak, 2) : "", moves ? fixed(au.mean, 2) : "",
                          std::to_string(au.active_frames)});
    if (!moves) continue;
    ReportPanel panel;
    panel.title = auLabel(au.au) + " asymmetry";
    panel.low = -1;
    panel.high = 1;
    panel.note = "right stronger above 0";
    panel.lines.push_back({"index", seconds_, index_[i], 0, false});
    sides.panels.push_back(std::move(panel));
  }
  sides.tables.push_back(std::move(table));

  ReportSection usable = usabilitySection(report);
  ReportPanel yaw;
  yaw.title = "Head turned";
  yaw.unit = "degrees";
  yaw.low = -15;
  yaw.high = 15;
  yaw.lines.push_back({"yaw", seconds_, yaw_, 0, false});
  ReportPanel quality;
  quality.title = "Frame quality";
  quality.lines.push_back({"quality", seconds_, quality_, 0, false});
  usable.panels = {std::move(yaw), std::move(quality)};
  return {std::move(usable), std::move(sides), synkinesisSection(report)};
}

}  // namespace frontalis
