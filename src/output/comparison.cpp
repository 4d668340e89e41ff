#include "output/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

namespace frontalis {
namespace {

using Json = nlohmann::ordered_json;

struct Moment {
  int face = 0;
  double key = 0;  // s, or frame number
  std::size_t row = 0;

  friend bool operator<(const Moment& x, const Moment& y) {
    return std::tie(x.face, x.key, x.row) < std::tie(y.face, y.key, y.row);
  }
};

std::map<int, std::size_t> facesOf(const FexTable& table) {
  std::map<int, std::size_t> count;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (table.success[i] != 0) ++count[table.face[i]];
  }
  return count;
}

/// Rows with success, sorted by face and time. `only`: rows of that face; all count as face 0.
std::vector<Moment> momentsOf(const FexTable& table, bool by_time, const std::optional<int>& only,
                              bool faces_matter) {
  std::vector<Moment> moments;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    if (table.success[i] == 0 || (only && table.face[i] != *only)) continue;
    moments.push_back({faces_matter ? table.face[i] : 0,
                       by_time ? table.seconds[i] : static_cast<double>(table.frame[i]), i});
  }
  std::sort(moments.begin(), moments.end());
  return moments;
}

/// The usual time between rows.
double usualStep(const std::vector<Moment>& moments) {
  std::vector<double> steps;
  for (std::size_t i = 1; i < moments.size(); ++i) {
    const double step = moments[i].key - moments[i - 1].key;
    if (moments[i].face == moments[i - 1].face && step > 0) steps.push_back(step);
  }
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

std::optional<int> mostFrequent(const std::map<int, std::size_t>& faces) {
  std::optional<int> best;
  std::size_t most = 0;
  for (const auto& [face, count] : faces) {
    if (count > most) {
      best = face;
      most = count;
    }
  }
  return best;
}

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

const std::vector<double>* columnOf(const FexTable& table, const std::string& name) {
  const auto found = table.columns.find(name);
  return found == table.columns.end() ? nullptr : &found->second;
}

/// Both values of each pair where both are there.
std::pair<std::vector<double>, std::vector<double>> valuesOf(const std::vector<double>& a,
                                                             const std::vector<double>& b,
                                                             const Pairs& pairs) {
  std::pair<std::vector<double>, std::vector<double>> values;
  for (const auto& [i, j] : pairs) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[j])) continue;
    values.first.push_back(a[i]);
    values.second.push_back(b[j]);
  }
  return values;
}

Json number(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json toJson(const ComparedValues& values) {
  const Agreement& found = values.agreement;
  Json json = {{"column", values.column}, {"pairs", found.pairs}, {"r", number(found.r)}};
  if (values.one_scale) {
    json["icc31"] = number(found.icc);
    json["mae"] = found.mae;
    json["bias"] = found.bias;
    json["low"] = number(found.low);
    json["high"] = number(found.high);
  }
  json["mean_a"] = found.mean_a;
  json["mean_b"] = found.mean_b;
  json["sd_a"] = found.deviation_a;
  json["sd_b"] = found.deviation_b;
  return json;
}

}  // namespace

Pairs pairRows(const FexTable& a, const FexTable& b, std::vector<std::string>& warnings) {
  const bool by_time = a.timed && b.timed;
  const auto faces_a = facesOf(a), faces_b = facesOf(b);
  const bool both_many = faces_a.size() > 1 && faces_b.size() > 1;
  const auto only = [&](const auto& faces, const char* which) -> std::optional<int> {
    if (both_many || faces.size() < 2) return std::nullopt;
    const std::optional<int> face = mostFrequent(faces);
    warnings.push_back(std::string("only the ") + which + " table has several faces: its face_id " +
                       std::to_string(*face) + ", the most frequent, is compared");
    return face;
  };
  const std::vector<Moment> left = momentsOf(a, by_time, only(faces_a, "first"), both_many);
  const std::vector<Moment> right = momentsOf(b, by_time, only(faces_b, "second"), both_many);
  // Times are rounded to a millisecond or less.
  const double tolerance =
      by_time ? std::max(usualStep(left), usualStep(right)) * 0.5 * (1 + 1e-9) + 1e-9 : 0;

  struct Match {
    double gap = 0;
    std::size_t left = 0;
  };
  std::map<std::size_t, Match> best;  // by place on the right: a row belongs to one row only
  for (std::size_t i = 0; i < left.size(); ++i) {
    const auto next =
        std::lower_bound(right.begin(), right.end(), left[i], [](const Moment& x, const Moment& y) {
          return std::tie(x.face, x.key) < std::tie(y.face, y.key);
        });
    std::optional<std::size_t> nearest;
    double gap = std::numeric_limits<double>::infinity();
    for (const std::ptrdiff_t step : {-1, 0}) {
      const std::ptrdiff_t place = next - right.begin() + step;
      if (place < 0 || place >= static_cast<std::ptrdiff_t>(right.size())) continue;
      const Moment& other = right[static_cast<std::size_t>(place)];
      if (other.face != left[i].face || std::abs(other.key - left[i].key) >= gap) continue;
      gap = std::abs(other.key - left[i].key);
      nearest = static_cast<std::size_t>(place);
    }
    if (!nearest || gap > tolerance) continue;
    const auto [place, fresh] = best.try_emplace(*nearest, Match{gap, i});
    if (!fresh && gap < place->second.gap) place->second = {gap, i};
  }
  Pairs pairs;
  for (const auto& [place, match] : best)
    pairs.emplace_back(left[match.left].row, right[place].row);
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

Result<Comparison> compareTables(const FexTable& a, const FexTable& b, std::string name_a,
                                 std::string name_b) {
  Comparison found;
  found.name_a = std::move(name_a);
  found.name_b = std::move(name_b);
  found.program_a = a.program;
  found.program_b = b.program;
  found.by_time = a.timed && b.timed;
  found.rows_a = a.rows();
  found.rows_b = b.rows();
  found.success_a = static_cast<std::size_t>(std::count(a.success.begin(), a.success.end(), 1));
  found.success_b = static_cast<std::size_t>(std::count(b.success.begin(), b.success.end(), 1));
  const Pairs pairs = pairRows(a, b, found.warnings);
  found.pairs = pairs.size();
  if (pairs.empty()) {
    return Error{ErrorCode::kUnsupported,
                 found.name_a + " and " + found.name_b + " have no moment with a face in common",
                 "Check that they are of the same video, and their columns timestamp and success"};
  }
  const auto measure = [&](const std::string& of_a, const std::string& of_b,
                           std::vector<ComparedValues>& into) {
    const auto* x = columnOf(a, of_a);
    const auto* y = columnOf(b, of_b);
    if (x == nullptr || y == nullptr) return false;
    auto [values_a, values_b] = valuesOf(*x, *y, pairs);
    if (values_a.empty()) return false;
    ComparedValues compared;
    compared.one_scale = of_a == of_b;
    compared.column = of_a == of_b ? of_a : of_a + "/" + of_b.substr(5);
    compared.agreement = agreement(values_a, values_b);
    compared.a = std::move(values_a);
    compared.b = std::move(values_b);
    into.push_back(std::move(compared));
    return true;
  };
  for (const auto& [name, values] : a.columns) {
    if (name.starts_with("pose_")) {
      measure(name, name, found.pose);
      continue;
    }
    const std::string au = name.substr(0, 4);
    if (name.ends_with("_r")) {
      if (!measure(name, name, found.intensities)) measure(name, au + "_p", found.intensities);
    } else if (name.ends_with("_p")) {
      if (!measure(name, name, found.intensities)) measure(name, au + "_r", found.intensities);
    } else if (const auto* other = columnOf(b, name); other != nullptr) {
      const auto [x, y] = valuesOf(values, *other, pairs);
      if (!x.empty()) found.presences.push_back({name, presenceAgreement(x, y)});
    }
  }
  if (found.intensities.empty() && found.presences.empty() && found.pose.empty()) {
    return Error{ErrorCode::kUnsupported,
                 found.name_a + " and " + found.name_b + " have no column in common",
                 "Give tables with action units"};
  }
  return found;
}

std::string comparisonJson(const Comparison& found) {
  Json json;
  json["a"] = {{"file", found.name_a},
               {"program", found.program_a},
               {"rows", found.rows_a},
               {"success", found.success_a}};
  json["b"] = {{"file", found.name_b},
               {"program", found.program_b},
               {"rows", found.rows_b},
               {"success", found.success_b}};
  json["paired_by"] = found.by_time ? "time" : "frame";
  json["pairs"] = found.pairs;
  json["warnings"] = found.warnings;
  json["intensity"] = Json::array();
  for (const ComparedValues& values : found.intensities)
    json["intensity"].push_back(toJson(values));
  json["presence"] = Json::array();
  for (const ComparedPresence& values : found.presences) {
    const PresenceAgreement& p = values.agreement;
    json["presence"].push_back({{"column", values.column},
                                {"pairs", p.pairs},
                                {"equal", p.equal},
                                {"f1", number(p.f1)},
                                {"kappa", number(p.kappa)},
                                {"share_a", p.share_a},
                                {"share_b", p.share_b}});
  }
  json["pose"] = Json::array();
  for (const ComparedValues& values : found.pose) json["pose"].push_back(toJson(values));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace frontalis
