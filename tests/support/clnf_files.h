#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <sstream>
#include <string>
#include <vector>

// Small made-up landmark-model files in OpenFace's formats (spec clnf 1), so that readers and
// responses can be tested without OpenFace's own. Same seed, same bytes.
namespace frontalis::testing {

class ByteWriter {
 public:
  template <class T>
  ByteWriter& put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes_.append(raw, sizeof(T));
    return *this;
  }
  ByteWriter& i32(std::int32_t value) { return put(value); }
  ByteWriter& f64(double value) { return put(value); }
  template <class T>
  ByteWriter& matrix(int rows, int cols, const std::vector<T>& values) {
    const int type = std::is_same_v<T, float> ? 5 : std::is_same_v<T, double> ? 6 : 4;
    i32(rows).i32(cols).i32(type);
    for (const T v : values) put(v);
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class Noise {
 public:
  explicit Noise(unsigned seed) : random_(seed) {}
  float one(float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(random_);
  }
  std::vector<float> many(std::size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& v : values) v = one(low, high);
    return values;
  }

 private:
  std::mt19937 random_;
};

struct SyntheticViews {
  std::vector<std::array<double, 3>> centers = {{0, 0, 0}, {0, -20, 0}, {0, 20, 0}};  // degrees
  int landmarks = 4;
  /// Landmark 1 is hidden in view 1 and landmark 2 in view 2, where there are such views.
  [[nodiscard]] bool hidden(int view, int landmark) const { return view > 0 && landmark == view; }
};

inline void putViews(ByteWriter& out, const SyntheticViews& views) {
  out.i32(static_cast<int>(views.centers.size()));
  for (const auto& c : views.centers) {
    out.matrix<double>(3, 1, {c[0], c[1], c[2]});
  }
  for (int v = 0; v < static_cast<int>(views.centers.size()); ++v) {
    std::vector<std::int32_t> flags;
    for (int i = 0; i < views.landmarks; ++i) flags.push_back(views.hidden(v, i) ? 0 : 1);
    out.matrix<std::int32_t>(views.landmarks, 1, flags);
  }
}

/// Laplacian-like matrix of a grid; `lopsided` breaks its flip symmetry.
inline std::vector<float> gridMatrix(int window, bool diagonal, bool lopsided) {
  const int cells = window * window;
  std::vector<float> m(static_cast<std::size_t>(cells) * cells, 0.f);
  const std::vector<std::array<int, 2>> steps =
      diagonal ? std::vector<std::array<int, 2>>{{1, 1}, {1, -1}}
               : std::vector<std::array<int, 2>>{{0, 1}, {1, 0}};
  for (int r = 0; r < window; ++r) {
    for (int c = 0; c < window; ++c) {
      for (const auto& [dr, dc] : steps) {
        const int r2 = r + dr, c2 = c + dc;
        if (r2 >= window || c2 < 0 || c2 >= window) continue;
        const float w = lopsided && c == 0 ? 2.f : 1.f;
        const int a = r * window + c, b = r2 * window + c2;
        m[static_cast<std::size_t>(a) * cells + a] += w;
        m[static_cast<std::size_t>(b) * cells + b] += w;
        m[static_cast<std::size_t>(a) * cells + b] -= w;
        m[static_cast<std::size_t>(b) * cells + a] -= w;
      }
    }
  }
  return m;
}

struct SyntheticCcnf {
  double scale = 0.5;
  SyntheticViews views;
  std::vector<int> windows = {3, 5};
  int sigmas = 2;
  int support = 5;
  int neurons = 3;
  bool lopsided = false;
  unsigned seed = 1;
};

inline std::string ccnfBytes(const SyntheticCcnf& spec = {}) {
  Noise noise(spec.seed);
  ByteWriter out;
  out.f64(spec.scale);
  putViews(out, spec.views);
  out.i32(static_cast<int>(spec.windows.size()));
  for (const int window : spec.windows) {
    out.i32(window).i32(spec.sigmas);
    for (int s = 0; s < spec.sigmas; ++s) {
      out.matrix(window * window, window * window, gridMatrix(window, s % 2 == 1, spec.lopsided));
    }
  }
  const int cells = spec.support * spec.support;
  for (int v = 0; v < static_cast<int>(spec.views.centers.size()); ++v) {
    for (int i = 0; i < spec.views.landmarks; ++i) {
      if (spec.views.hidden(v, i)) {
        out.i32(5).i32(0).i32(0).i32(0).i32(0);
        continue;
      }
      out.i32(5).i32(spec.support).i32(spec.support).i32(spec.neurons);
      for (int k = 0; k < spec.neurons; ++k) {
        out.i32(2).i32(0).f64(noise.one(2, 8)).f64(noise.one(-1, 1));
        // The second neuron's alpha is below the limit under which it is left out of the sum.
        out.f64(k == 1 ? 5e-5 : noise.one(0.2f, 3));
        out.matrix(spec.support, spec.support, noise.many(cells, -1, 1));
      }
      if (!spec.windows.empty()) {
        for (int s = 0; s < spec.sigmas; ++s) out.f64(noise.one(0.1f, 1));
      }
      out.f64(noise.one(0.1f, 0.9f));
    }
  }
  return out.bytes();
}

struct SyntheticCen {
  double scale = 0.5;
  int landmarks = 4;  ///< landmark i's twin is landmarks - 1 - i
  int support = 5;
  std::vector<int> widths = {7, 6, 1};
  std::vector<int> activations = {2, 1, 0};
  unsigned seed = 1;
};

/// Views 0, -20, +20 degrees of yaw; in view 0 the second half of the landmarks has no expert, nor
/// has any in view 2: they use their twins.
inline std::string cenBytes(const SyntheticCen& spec = {}) {
  Noise noise(spec.seed);
  ByteWriter out;
  SyntheticViews views;
  views.landmarks = spec.landmarks;
  out.f64(spec.scale).i32(3);
  for (const auto& c : views.centers) out.matrix<double>(3, 1, {c[0], c[1], c[2]});
  for (int v = 0; v < 3; ++v) {
    out.matrix<std::int32_t>(spec.landmarks, 1, std::vector<std::int32_t>(spec.landmarks, 1));
  }
  std::vector<std::int32_t> mirror;
  for (int i = 0; i < spec.landmarks; ++i) mirror.push_back(spec.landmarks - 1 - i);
  out.matrix(1, spec.landmarks, mirror);
  out.matrix<std::int32_t>(1, 3, {0, 2, 1});
  for (int v = 0; v < 3; ++v) {
    for (int i = 0; i < spec.landmarks; ++i) {
      const bool twin = v == 2 || (v == 0 && 2 * i >= spec.landmarks);
      out.i32(6).i32(spec.support).i32(spec.support);
      if (twin) {
        out.i32(0).f64(0);
        continue;
      }
      out.i32(static_cast<int>(spec.widths.size()));
      int inputs = spec.support * spec.support + 1;
      for (std::size_t l = 0; l < spec.widths.size(); ++l) {
        const int width = spec.widths[l];
        out.i32(spec.activations[l]);
        out.matrix(1, width, noise.many(width, -1, 1));
        out.matrix(width, inputs, noise.many(static_cast<std::size_t>(width) * inputs, -1, 1));
        inputs = width;
      }
      out.f64(noise.one(0.1f, 0.9f));
    }
  }
  return out.bytes();
}

/// Text; landmark 1 is hidden in view 1. The weights are written transposed, as the format wants.
inline std::string svrText(int landmarks = 3, int support = 5, unsigned seed = 1) {
  Noise noise(seed);
  std::ostringstream out;
  out << "# patch experts\n0.25\n# views\n2\n# centres\n";
  for (const double yaw : {0.0, -20.0}) out << "3\n1\n6\n0\n" << yaw << "\n0\n\n";
  out << "# visibility\n";
  for (int v = 0; v < 2; ++v) {
    out << landmarks << "\n1\n4\n";
    for (int i = 0; i < landmarks; ++i) out << (v == 1 && i == 1 ? 0 : 1) << "\n";
    out << "\n";
  }
  for (int v = 0; v < 2; ++v) {
    for (int i = 0; i < landmarks; ++i) {
      out << "# landmark " << i << "\n";
      if (v == 1 && i == 1) {
        out << "3 0 0 0\n";
        continue;
      }
      out << "3 " << support << " " << support << " 2\n";
      for (const int type : {0, 1}) {
        out << "2 " << type << " " << noise.one(0.1f, 0.9f) << " " << noise.one(-8, 8) << " "
            << noise.one(-1, 1) << "\n"
            << support << " " << support << " 5\n";
        for (const float w : noise.many(static_cast<std::size_t>(support) * support, -1, 1)) {
          out << w << " ";
        }
        out << "\n";
      }
    }
  }
  return out.str();
}

/// One view, four landmarks around a 60 x 60 picture, two triangles, a mask of every third pixel;
/// convolution 1->2 5x5, ReLU, pooling, convolution 2->3 4x4, sigmoid, pooling, linear, ReLU,
/// linear.
inline std::string validatorBytes(int outputs = 6, unsigned seed = 1) {
  Noise noise(seed);
  ByteWriter out;
  out.i32(3).i32(1);
  out.matrix<double>(3, 1, {0, 10, 0});
  constexpr int kSide = 60;
  std::vector<std::int32_t> mask, ids;
  int count = 0;
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool in = (x + y) % 3 == 0;
      count += in ? 1 : 0;
      mask.push_back(in ? 1 : 0);
      ids.push_back(in ? (x > y ? 0 : 1) : -1);
    }
  }
  std::vector<double> mean, deviation;
  for (int i = 0; i < count; ++i) {
    mean.push_back(noise.one(-0.2f, 0.2f));
    deviation.push_back(noise.one(0.5f, 1.5f));
  }
  out.matrix(1, count, mean).matrix(1, count, deviation);
  out.i32(9);
  const auto convolution = [&](int inputs, int maps, int side) {
    out.i32(0).i32(inputs).i32(maps);
    for (int m = 0; m < maps; ++m) out.put(noise.one(-0.5f, 0.5f));
    for (int k = 0; k < inputs * maps; ++k)
      out.matrix(side, side, noise.many(side * side, -0.3f, 0.3f));
  };
  const auto linear = [&](int inputs, int values) {
    out.i32(2);
    out.matrix(values, 1, noise.many(values, -0.5f, 0.5f));
    out.matrix(inputs, values, noise.many(static_cast<std::size_t>(inputs) * values, -0.1f, 0.1f));
  };
  convolution(1, 2, 5);  // 56
  out.i32(3).i32(1);     // 28
  convolution(2, 3, 4);  // 25
  out.i32(4).i32(1);     // 13: the last window is cut
  linear(3 * 13 * 13, 7);
  out.i32(3);
  linear(7, outputs);
  out.i32(count).f64(-30).f64(-30);
  // Corners of the square (-30, -30) .. (30, 30); triangle 0 above the diagonal.
  out.matrix<double>(8, 1, {-30, 30, 30, -30, -30, -30, 30, 30});
  out.matrix<std::int32_t>(2, 3, {0, 1, 2, 0, 2, 3});
  out.matrix(kSide, kSide, ids).matrix(kSide, kSide, mask);
  // Barycentric weights of (X, Y): X = -30 + 60 (a + b), Y = -30 + 60 b; then the other triangle.
  const double k = 1.0 / 60;
  out.matrix<double>(2, 3, {0, k, -k, 0.5, k, 0});
  out.matrix<double>(2, 3, {0.5, 0, k, 0, -k, k});
  return out.bytes();
}

}  // namespace frontalis::testing
