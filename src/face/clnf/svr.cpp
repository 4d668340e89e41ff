#include "face/clnf/svr.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "face/clnf/patch_area.h"

namespace frontalis {

namespace {

constexpr double kFlatTemplate = 2.2e-16;  // smallest variance that still counts (7.4)

/// Mean 0, population standard deviation 1 over the whole area.
void standardise(const float* area, int count, float* out) {
  double sum = 0;
  double square = 0;
  for (int i = 0; i < count; ++i) sum += area[i];
  const double mean = sum / count;
  for (int i = 0; i < count; ++i) square += (area[i] - mean) * (area[i] - mean);
  const double deviation = std::sqrt(square / count);
  const double factor = deviation > 0 ? 1 / deviation : 1;
  for (int i = 0; i < count; ++i) out[i] = static_cast<float>((area[i] - mean) * factor);
}

/// Squared gradient magnitude by central differences, 0 on the outer ring.
void squaredGradient(const float* area, int side, float* out) {
  std::fill(out, out + static_cast<std::ptrdiff_t>(side) * side, 0.f);
  for (int y = 1; y + 1 < side; ++y) {
    for (int x = 1; x + 1 < side; ++x) {
      const float* p = area + y * side + x;
      const float dx = p[1] - p[-1];
      const float dy = p[side] - p[-side];
      out[y * side + x] = dx * dx + dy * dy;
    }
  }
}

}  // namespace

Result<std::unique_ptr<SvrExperts>> SvrExperts::create(const SvrFile& file,
                                                       const std::string& name) {
  int support = 0;
  for (const SvrExpert& e : file.experts) {
    if (!e.modalities.empty()) support = e.width;
  }
  if (support < 1 || support > kMaxExpertSupport) {
    return Error{ErrorCode::kUnsupported, name + " has experts of " + std::to_string(support) +
                                              " px, at most " + std::to_string(kMaxExpertSupport) +
                                              " are supported"};
  }
  std::unique_ptr<SvrExperts> experts(
      new SvrExperts(static_cast<float>(file.scale), support, file.views));
  for (const SvrExpert& source : file.experts) {
    std::vector<Template> templates;
    for (const SvrModality& modality : source.modalities) {
      Template t;
      t.gradient = modality.type == 1;
      t.scaling = static_cast<float>(modality.scaling);
      t.bias = static_cast<float>(modality.bias);
      t.confidence = static_cast<float>(modality.confidence);
      const double cells = static_cast<double>(modality.weights.values.size());
      double mean = 0;
      for (const float w : modality.weights.values) mean += w / cells;
      double variance = 0;
      for (const float w : modality.weights.values) variance += (w - mean) * (w - mean) / cells;
      const double deviation = variance < kFlatTemplate ? 1 : std::sqrt(variance);
      t.deviation = static_cast<float>(deviation * std::sqrt(cells));
      // Sum I (T - mean T) is the numerator sum I T - sum I mean T.
      for (const float w : modality.weights.values) {
        t.weights.push_back(static_cast<float>(w - mean));
      }
      templates.push_back(std::move(t));
    }
    experts->experts_.push_back(std::move(templates));
  }
  return experts;
}

float SvrExperts::confidence(int view, int landmark) const {
  float sum = 0;
  for (const Template& t : expert(view, landmark)) sum += t.confidence;
  return sum;
}

void SvrExperts::respond(int view, int landmark, const float* area, int window, ResponseScratch&,
                         float* response) const {
  const int size = support();
  const int side = window + size - 1;
  std::fill(response, response + static_cast<std::ptrdiff_t>(window) * window, 1.f);
  std::array<float, kMaxAreaCells> input;
  for (const Template& t : expert(view, landmark)) {
    if (t.gradient) {
      squaredGradient(area, side, input.data());
    } else {
      standardise(area, side * side, input.data());
    }
    const double cells = static_cast<double>(size) * size;
    for (int r = 0; r < window; ++r) {
      std::array<double, kMaxResponseWindow> product{};
      std::array<double, kMaxResponseWindow> sum{};
      std::array<double, kMaxResponseWindow> square{};
      for (int y = 0; y < size; ++y) {
        const float* row = input.data() + (r + y) * side;
        for (int x = 0; x < size; ++x) {
          const double w = t.weights[static_cast<std::size_t>(y) * size + x];
          for (int c = 0; c < window; ++c) {
            const double v = row[c + x];
            product[c] += w * v;
            sum[c] += v;
            square[c] += v * v;
          }
        }
      }
      for (int c = 0; c < window; ++c) {
        const double energy = std::max(square[c] - sum[c] * sum[c] / cells, 0.0);
        const double den = std::sqrt(energy) * t.deviation;
        const double num = product[c];
        double ncc = 0;
        if (std::abs(num) < den) {
          ncc = num / den;
        } else if (std::abs(num) < 1.125 * den) {
          ncc = num > 0 ? 1 : -1;
        }
        response[r * window + c] *=
            static_cast<float>(1 / (1 + std::exp(-(t.scaling * ncc + t.bias))));
      }
    }
  }
}

}  // namespace frontalis
