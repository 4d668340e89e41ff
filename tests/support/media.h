#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// Tiny videos made by the ffmpeg program while a test runs.
namespace frontalis::testing {

/// A folder that goes away with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "frontalis-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& name) const {
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline std::string quoted(const std::filesystem::path& path) {
  std::string out = "'";
  for (const char c : path.string()) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// What a command writes to its standard output; fails the test when the command fails.
inline std::string outputOf(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    ADD_FAILURE() << "cannot run " << command;
    return {};
  }
  std::string out;
  char chunk[4096];
  std::size_t got = 0;
  while ((got = std::fread(chunk, 1, sizeof chunk, pipe)) > 0) out.append(chunk, got);
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "failed: " << command;
  return out;
}

inline bool haveFfmpeg() {
  static const bool have = std::system("ffmpeg -version > /dev/null 2>&1") == 0 &&
                           std::system("ffprobe -version > /dev/null 2>&1") == 0;
  return have;
}

/// `output` made by ffmpeg with these arguments before it; the path it was made at.
inline std::filesystem::path ffmpeg(const std::string& arguments,
                                    const std::filesystem::path& output) {
  outputOf("ffmpeg -v error -nostdin -y " + arguments + " " + quoted(output));
  return output;
}

/// Frames that ffprobe decodes from the first video stream.
inline std::int64_t probedFrames(const std::filesystem::path& video) {
  const std::string count = outputOf(
      "ffprobe -v error -count_frames -select_streams v:0 -show_entries "
      "stream=nb_read_frames -of default=nokey=1:noprint_wrappers=1 " +
      quoted(video));
  return std::atoll(count.c_str());
}

inline std::string bytesOf(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void writeBytes(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(out.good()) << path;
}

}  // namespace frontalis::testing

/// Ends the test as skipped when the ffmpeg and ffprobe programs are not installed.
#define FRONTALIS_NEEDS_FFMPEG() \
  if (!frontalis::testing::haveFfmpeg()) GTEST_SKIP() << "needs the ffmpeg and ffprobe programs"
