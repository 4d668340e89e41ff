#pragma once

#include <string>
#include <utility>
#include <vector>

#include "au/agreement.h"
#include "frontalis/result.h"
#include "output/fex_table.h"

namespace frontalis {

/// One measured column of both tables.
struct ComparedValues {
  std::string column;     ///< "AU12_r"; "AU12_r/p" where intensities meet probabilities
  bool one_scale = true;  ///< false: only the correlation means something
  Agreement agreement;
  std::vector<double> a, b;  ///< the pairs
};

struct ComparedPresence {
  std::string column;
  PresenceAgreement agreement;
};

/// How far two tables of one video agree.
struct Comparison {
  std::string name_a, name_b;
  std::string program_a, program_b;
  bool by_time = false;  ///< paired by time, else by frame number
  std::size_t rows_a = 0, rows_b = 0, success_a = 0, success_b = 0;
  std::size_t pairs = 0;  ///< of rows with success in both
  std::vector<ComparedValues> intensities, pose;
  std::vector<ComparedPresence> presences;
  std::vector<std::string> warnings;
};

/// Rows of the same moment and face, each at most once, in the order of `a`; only rows with
/// success. By time, the nearest within half a frame of the coarser table; by frame number where a
/// table has no times. Faces meet by face_id where both tables have several; where one has several,
/// its most frequent one counts.
std::vector<std::pair<std::size_t, std::size_t>> pairRows(const FexTable& a, const FexTable& b,
                                                          std::vector<std::string>& warnings);

/// Errors: kInvalidArgument when no moment or no column is common to both.
Result<Comparison> compareTables(const FexTable& a, const FexTable& b, std::string name_a,
                                 std::string name_b);

/// As JSON, for programs.
std::string comparisonJson(const Comparison& comparison);

/// As one HTML file that needs nothing else: tables, and a Bland-Altman plot for each action unit.
std::string comparisonPage(const Comparison& comparison);

}  // namespace frontalis
