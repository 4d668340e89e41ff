#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "frontalis/result.h"

namespace frontalis {

/// One of OpenFace's linear AU models: y = (f - means [- median]) . weights + bias (spec pipeline
/// 8.1, 8.2).
struct LinearModel {
  bool dynamic = false;   ///< the person's median is subtracted too
  bool presence = false;  ///< an SVM that decides between two classes; else an SVR
  /// SVR, dynamic: quantile of a video's values that is taken for no activity, 0..1; -1 for none.
  double cutoff = -1;
  std::vector<double> means;  ///< 4702, or 4464 for a model of the FHOG features only
  std::vector<double> weights;
  double bias = 0;
  bool class_above = true;  ///< SVM: the class (AU present or not) where y > 0
  bool class_below = false;
};

/// A whole .dat file. Errors: kCorrupt with `name` and offset, also for trailing bytes and values
/// that are no finite numbers; kUnsupported for kinds other than 0, 1, 4, 5.
Result<LinearModel> parseLinearModel(std::string_view bytes, const std::string& name);

/// Errors: kNotFound, kUnreadable, and those of parseLinearModel.
Result<LinearModel> readLinearModel(const std::filesystem::path& path);

/// What a list like main_dynamic_svms.txt names (spec pipeline 8.3); paths lie under its folder.
struct AuModelList {
  struct Entry {
    std::filesystem::path file;
    std::vector<int> aus;  ///< action units that it predicts: 1, 2, ... 45
  };
  std::vector<Entry> models;
  std::filesystem::path pdm;
  std::filesystem::path triangulation;
};

/// Reads the list and the predictor list in it. A path that is absolute or leads out of the list's
/// folder is an error. Errors: kNotFound, kUnreadable, kCorrupt naming file and line.
Result<AuModelList> readAuModelList(const std::filesystem::path& main_list);

}  // namespace frontalis
