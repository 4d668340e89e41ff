#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "cli/commands.h"
#include "output/comparison.h"
#include "util/file.h"

namespace frontalis::cli {
namespace {

struct Options {
  std::string a, b;
  std::string output;
  bool json = false;
};

std::string cell(const std::optional<double>& value) {
  if (!value) return "-";
  char text[32];
  std::snprintf(text, sizeof(text), "%.3f", std::abs(*value) < 5e-4 ? 0.0 : *value);  // no "-0.000"
  return text;
}

void printValues(const char* title, const std::vector<ComparedValues>& all) {
  if (all.empty()) return;
  std::printf("\n%-10s %7s %7s %8s %8s %8s %8s %8s %8s %8s\n", title, "pairs", "r", "ICC(3,1)",
              "MAE", "bias", "low", "high", "SD A", "SD B");
  for (const ComparedValues& values : all) {
    const Agreement& f = values.agreement;
    const auto scaled = [&](const std::optional<double>& value) {
      return values.one_scale ? cell(value) : std::string("-");
    };
    std::printf("%-10s %7zu %7s %8s %8s %8s %8s %8s %8s %8s\n", values.column.c_str(), f.pairs,
                cell(f.r).c_str(), scaled(f.icc).c_str(), scaled(f.mae).c_str(),
                scaled(f.bias).c_str(), scaled(f.low).c_str(), scaled(f.high).c_str(),
                cell(f.deviation_a).c_str(), cell(f.deviation_b).c_str());
  }
}

void print(const Comparison& found) {
  std::printf(
      "A %s (%s): %zu rows, %zu with success\nB %s (%s): %zu rows, %zu with success\n"
      "%zu pairs with success in both, by %s\n",
      found.name_a.c_str(), found.program_a.c_str(), found.rows_a, found.success_a,
      found.name_b.c_str(), found.program_b.c_str(), found.rows_b, found.success_b, found.pairs,
      found.by_time ? "time" : "frame number");
  printValues("intensity", found.intensities);
  if (!found.presences.empty()) {
    std::printf("\n%-10s %7s %7s %8s %8s %8s %8s\n", "presence", "pairs", "equal", "F1", "kappa",
                "on in A", "on in B");
    for (const ComparedPresence& values : found.presences) {
      const PresenceAgreement& p = values.agreement;
      std::printf("%-10s %7zu %7s %8s %8s %8s %8s\n", values.column.c_str(), p.pairs,
                  cell(p.equal).c_str(), cell(p.f1).c_str(), cell(p.kappa).c_str(),
                  cell(p.share_a).c_str(), cell(p.share_b).c_str());
    }
  }
  printValues("pose", found.pose);
}

int compare(const Options& options) {
  const std::array<std::filesystem::path, 2> inputs = {options.a, options.b};
  if (const Status own = checkOutput(options.output, inputs); !own.ok()) return report(own.error());
  const Result<FexTable> a = FexTable::read(options.a);
  if (!a.ok()) return report(a.error());
  const Result<FexTable> b = FexTable::read(options.b);
  if (!b.ok()) return report(b.error());
  const auto name = [](const std::string& path) {
    return std::filesystem::path(path).filename().string();
  };
  // Tables of one name in two folders are told apart by their paths.
  const bool alike = name(options.a) == name(options.b);
  const Result<Comparison> found = compareTables(*a, *b, alike ? options.a : name(options.a),
                                                 alike ? options.b : name(options.b));
  if (!found.ok()) return report(found.error());
  for (const std::string& warning : found->warnings) {
    std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  if (!options.output.empty()) {
    if (const Status written = writeFile(options.output, comparisonPage(*found)); !written.ok()) {
      return report(written.error());
    }
  }
  if (options.json) {
    std::fputs(comparisonJson(*found).c_str(), stdout);
  } else {
    print(*found);
  }
  return kOk;
}

}  // namespace

void addCompare(CLI::App& app, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand(
      "compare", "How far two tables of one video agree, action unit by action unit");
  command
      ->add_option("a", options->a,
                   "Table of Frontalis, OpenFace, pyfaceau or py-feat; the reference")
      ->required();
  command->add_option("b", options->b, "The other table")->required();
  command->add_option("-o,--output", options->output,
                      "Page to write (.html), with a Bland-Altman plot for each action unit");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options, &action] { action = [options] { return compare(*options); }; });
}

}  // namespace frontalis::cli
