#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace frontalis::testing {

/// What a shell command gave.
struct Outcome {
  int code = -1;  ///< exit code, or 128 + signal
  std::string out;
  std::string err;
};

inline std::string readText(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Runs a command line; `scratch` holds what it writes to stderr meanwhile.
inline Outcome run(const std::string& command, const std::filesystem::path& scratch) {
  Outcome outcome;
  std::filesystem::create_directories(scratch);
  const std::filesystem::path err = scratch / "stderr.txt";
  std::FILE* pipe = ::popen(("{ " + command + "; } 2>'" + err.string() + "'").c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer{};
  std::size_t got = 0;
  while ((got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    outcome.out.append(buffer.data(), got);
  }
  const int status = ::pclose(pipe);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.err = readText(err);
  return outcome;
}

}  // namespace frontalis::testing
