#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>

#include "frontalis/version.h"
#include "output/comparison.h"

namespace frontalis {

extern const std::string_view kComparisonCss;  // web/comparison.css

namespace {

// Of a plot, in its own units.
constexpr double kWidth = 300, kHeight = 190, kLeft = 30, kRight = 6, kTop = 8, kBottom = 24;
constexpr int kAcross = 75, kDown = 40;  // cells that points are counted in

/// Text as HTML shows it.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string decimal(double value, int digits = 3) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  const std::string out = text.data();
  return out.find_first_not_of("-0.") == std::string::npos && out[0] == '-' ? out.substr(1) : out;
}

std::string decimal(const std::optional<double>& value, int digits = 3) {
  return value ? decimal(*value, digits) : "–";
}

/// A number and a bar as long.
std::string barred(const std::optional<double>& value) {
  if (!value) return "–";
  return decimal(*value) +
         "<span class=\"bar\"><i style=\"width:" + decimal(100 * std::clamp(*value, 0.0, 1.0), 0) +
         "%\"></i></span>";
}

std::string tableRow(const std::vector<std::string>& cells, const char* tag) {
  std::string out = "<tr>";
  for (const std::string& cell : cells) {
    out += std::string("<") + tag + ">" + cell + "</" + tag + ">";
  }
  return out + "</tr>\n";
}

/// A round number of at least `value`: 1 to 5 times a power of ten.
double roundUp(double value) {
  const double power = std::pow(10, std::floor(std::log10(std::max(value, 1e-3))));
  for (const double factor : {1.0, 2.0, 3.0, 4.0, 5.0}) {
    if (factor * power >= value * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\" x1=\"" + decimal(x1, 1) + "\" y1=\"" +
         decimal(y1, 1) + "\" x2=\"" + decimal(x2, 1) + "\" y2=\"" + decimal(y2, 1) + "\"/>";
}

std::string label(double x, double y, const char* anchor, const std::string& text) {
  return "<text x=\"" + decimal(x, 1) + "\" y=\"" + decimal(y, 1) + "\" text-anchor=\"" + anchor +
         "\">" + text + "</text>";
}

/// Difference over mean. Points are counted in cells, so that an hour of video makes no larger a
/// page than a minute; darker where there are more.
std::string blandAltman(const ComparedValues& values, double highest, double reach) {
  const auto x = [&](double mean) {
    return kLeft + std::clamp(mean / highest, 0.0, 1.0) * (kWidth - kLeft - kRight);
  };
  const auto y = [&](double difference) {
    return kTop +
           (0.5 - std::clamp(difference / reach, -1.0, 1.0) / 2) * (kHeight - kTop - kBottom);
  };
  std::map<std::pair<int, int>, std::size_t> cells;
  std::size_t most = 1;
  for (std::size_t i = 0; i < values.a.size(); ++i) {
    const double mean = (values.a[i] + values.b[i]) / 2;
    const double difference = values.b[i] - values.a[i];
    const int column = static_cast<int>(std::clamp(mean / highest, 0.0, 1.0) * kAcross);
    const int row =
        static_cast<int>(std::lround(std::clamp(difference / reach, -1.0, 1.0) * kDown));
    most = std::max(most, ++cells[{column, row}]);
  }
  const Agreement& found = values.agreement;
  std::string svg = "<svg viewBox=\"0 0 300 190\" role=\"img\" aria-label=\"Bland-Altman plot of " +
                    shown(values.column) + ": bias " + decimal(found.bias) + "\">";
  for (int step = 0; step <= 5; ++step) {
    const double at = highest * step / 5;
    svg += line("grid", x(at), kTop, x(at), kHeight - kBottom);
    svg += label(x(at), kHeight - kBottom + 13, "middle", decimal(at, highest < 5 ? 1 : 0));
  }
  for (const double at : {-reach, -reach / 2, reach / 2, reach}) {
    svg += line("grid", kLeft, y(at), kWidth - kRight, y(at));
  }
  for (const double at : {-reach, 0.0, reach}) {
    svg += label(kLeft - 5, y(at) + 3, "end", decimal(at, reach < 2 ? 1 : 0));
  }
  svg += line("zero", kLeft, y(0), kWidth - kRight, y(0)) + "<g class=\"dots\">";
  for (const auto& [cell, count] : cells) {
    const double share =
        std::log1p(static_cast<double>(count)) / std::log1p(static_cast<double>(most));
    svg += "<circle cx=\"" + decimal(x((cell.first + 0.5) / kAcross * highest), 1) + "\" cy=\"" +
           decimal(y(reach * cell.second / kDown), 1) + "\" r=\"2.2\" fill-opacity=\"" +
           decimal(0.25 + 0.65 * share, 2) + "\"/>";
  }
  svg += "</g>" + line("bias", kLeft, y(found.bias), kWidth - kRight, y(found.bias));
  for (const std::optional<double>& limit : {found.low, found.high}) {
    if (limit) svg += line("limits", kLeft, y(*limit), kWidth - kRight, y(*limit));
  }
  return svg + "</svg>";
}

std::string valuesTable(const std::vector<ComparedValues>& all) {
  std::string out = "<div class=\"scroll\"><table>\n" +
                    tableRow({"", "pairs", "r", "ICC(3,1)", "MAE", "bias", "limits of agreement",
                              "mean A", "mean B", "SD A", "SD B"},
                             "th");
  for (const ComparedValues& values : all) {
    const Agreement& f = values.agreement;
    std::vector<std::string> cells = {shown(values.column), std::to_string(f.pairs), barred(f.r)};
    if (values.one_scale) {
      cells.insert(cells.end(), {barred(f.icc), decimal(f.mae), decimal(f.bias),
                                 decimal(f.low) + " … " + decimal(f.high)});
    } else {
      cells.insert(cells.end(), 4, "–");
    }
    cells.insert(cells.end(), {decimal(f.mean_a), decimal(f.mean_b), decimal(f.deviation_a),
                               decimal(f.deviation_b)});
    out += tableRow(cells, "td");
  }
  return out + "</table></div>\n";
}

}  // namespace

std::string comparisonPage(const Comparison& found) {
  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n<title>" +
      shown(found.name_a) + " and " + shown(found.name_b) + "</title>\n<style>" +
      std::string(kComparisonCss) + "</style>\n</head>\n<body>\n<h1>" + shown(found.name_a) +
      " <span>(A) and</span> " + shown(found.name_b) + " <span>(B)</span></h1>\n";
  page += "<p>" + std::to_string(found.pairs) + " pairs of rows with a face in both, by " +
          (found.by_time ? "time" : "frame number") + ". A: " + shown(found.program_a) + ", " +
          std::to_string(found.rows_a) + " rows, " + std::to_string(found.success_a) +
          " with success. B: " + shown(found.program_b) + ", " + std::to_string(found.rows_b) +
          " rows, " + std::to_string(found.success_b) + " with success.</p>\n";
  for (const std::string& warning : found.warnings) {
    page += "<p class=\"warning\">" + shown(warning) + ".</p>\n";
  }
  if (!found.intensities.empty()) {
    page +=
        "<h2>Intensities</h2>\n<p>Where both deviations (SD) are small, next to nothing was "
        "seen, and r and ICC mean nothing, high or low.</p>\n" +
        valuesTable(found.intensities);
    double highest = 0, reach = 0;
    for (const ComparedValues& values : found.intensities) {
      if (!values.one_scale) continue;
      for (std::size_t i = 0; i < values.a.size(); ++i) {
        highest = std::max({highest, values.a[i], values.b[i]});
        reach = std::max(reach, std::abs(values.b[i] - values.a[i]));
      }
      reach = std::max({reach, std::abs(values.agreement.low.value_or(0)),
                        std::abs(values.agreement.high.value_or(0))});
    }
    highest = highest <= 1 ? 1 : std::max(5.0, roundUp(highest));
    reach = roundUp(std::max(reach, 0.1));
    page +=
        "<h2>Bland–Altman plots</h2>\n<p>Across: mean of A and B. Up: B − A. Line: bias; dashed: "
        "limits of agreement, bias ± 1.96 SD; darker: more frames. All on one scale.</p>\n"
        "<div class=\"plots\">\n";
    for (const ComparedValues& values : found.intensities) {
      if (!values.one_scale) continue;
      const Agreement& f = values.agreement;
      page += "<figure><figcaption><b>" + shown(values.column) + "</b><span>r " + decimal(f.r, 2) +
              "</span><span>ICC " + decimal(f.icc, 2) + "</span><span>bias " + decimal(f.bias, 2) +
              "</span></figcaption>" + blandAltman(values, highest, reach) + "</figure>\n";
    }
    page += "</div>\n";
  }
  if (!found.presences.empty()) {
    page +=
        "<h2>Presences</h2>\n<p>F1: of B, with A as the truth. κ: Cohen's kappa.</p>\n"
        "<div class=\"scroll\"><table>\n" +
        tableRow({"", "pairs", "equal", "F1", "κ", "present in A", "present in B"}, "th");
    for (const ComparedPresence& values : found.presences) {
      const PresenceAgreement& p = values.agreement;
      page += tableRow({shown(values.column), std::to_string(p.pairs), barred(p.equal),
                        barred(p.f1), decimal(p.kappa), decimal(p.share_a), decimal(p.share_b)},
                       "td");
    }
    page += "</table></div>\n";
  }
  if (!found.pose.empty()) {
    page += "<h2>Head pose</h2>\n<p>T: mm. R: rad.</p>\n" + valuesTable(found.pose);
  }
  return page + "<footer>frontalis " + shown(version()) +
         ". ICC(3,1): two-way mixed, single, consistency (Shrout &amp; Fleiss 1979). SD: over the "
         "pairs.</footer>\n</body>\n</html>\n";
}

}  // namespace frontalis
