// The live command, from outside: sources that play, end and break, and everything that clients of
// its page may do. A lavfi graph stands for the camera.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "support/http_server.h"
#include "support/media.h"
#include "support/paths.h"
#include "support/process.h"

namespace frontalis {
namespace {

namespace fs = std::filesystem;
using testing::Outcome;
using testing::readText;
using testing::sample;
using Clock = std::chrono::steady_clock;

const std::string kFrontalis = FRONTALIS_EXECUTABLE;
// Generous: the machine may be busy with everything else.
constexpr auto kDeadline = std::chrono::seconds(60);

std::string camera(const std::string& movie_options) {
  return "--capture lavfi 'movie=" + sample("single_face.mp4").string() + movie_options +
         ",realtime'";
}

std::vector<nlohmann::json> jsonLines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

/// A connection to the page's server.
class Client {
 public:
  explicit Client(int port, int receive_buffer = 0) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    connected_ =
        ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  Client(Client&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), connected_(other.connected_) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() {
    if (socket_ >= 0) ::close(socket_);
  }

  [[nodiscard]] bool connected() const { return connected_; }
  void send(const std::string& bytes) const {
    (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void sendNoMore() const { ::shutdown(socket_, SHUT_WR); }
  /// Reads until `part` has come; all that was read. Ends early when the server closes.
  std::string until(const std::string& part) {
    const Clock::time_point deadline = Clock::now() + kDeadline;
    while (got_.find(part) == std::string::npos && Clock::now() < deadline) {
      pollfd wait{socket_, POLLIN, 0};
      if (::poll(&wait, 1, 1000) <= 0) continue;
      char buffer[65536];
      const ssize_t n = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (n <= 0) break;
      got_.append(buffer, static_cast<std::size_t>(n));
    }
    return got_;
  }
  /// Until the server closes the connection.
  std::string all() { return until(std::string(1, '\0') + "never sent"); }

 private:
  int socket_ = -1;
  bool connected_ = false;
  std::string got_;
};

/// `frontalis live ... --serve 0` in the background.
class Live {
 public:
  Live(const std::string& arguments, const fs::path& folder) : err_(folder / "err.txt") {
    const std::string command = "exec '" + kFrontalis + "' live " + arguments + " --serve 0 > '" +
                                (folder / "out.jsonl").string() + "' 2> '" + err_.string() + "'";
    const char* argv[] = {"sh", "-c", command.c_str(), nullptr};
    ::posix_spawn(&process_, "/bin/sh", nullptr, nullptr, const_cast<char* const*>(argv), environ);
    const Clock::time_point deadline = Clock::now() + kDeadline;
    const std::string before = "127.0.0.1:";
    while (port == 0 && Clock::now() < deadline) {
      const std::string said = err();
      const std::size_t at = said.find(before);
      if (at != std::string::npos && said.find('/', at) != std::string::npos) {
        port = std::stoi(said.substr(at + before.size()));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_GT(port, 0) << err();
    host = "Host: 127.0.0.1:" + std::to_string(port) + "\r\n";
  }
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;
  ~Live() { stop(SIGKILL); }

  /// Its exit code.
  int wait() {
    int status = 0;
    if (process_ <= 0) return -1;
    ::waitpid(process_, &status, 0);
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int stop(int signal) {
    if (process_ <= 0) return -1;
    ::kill(process_, signal);
    return wait();
  }

  /// The whole answer to a request whose lines these are.
  [[nodiscard]] std::string answer(const std::string& request) const {
    Client client(port);
    client.send(request);
    return client.all();
  }
  [[nodiscard]] std::string get(const std::string& path, const std::string& headers = "") const {
    return answer("GET " + path + " HTTP/1.1\r\n" + host + headers + "Connection: close\r\n\r\n");
  }
  /// A client that has asked for the stream of events.
  [[nodiscard]] Client listener(int receive_buffer = 0) const {
    Client client(port, receive_buffer);
    client.send("GET /events HTTP/1.1\r\n" + host + "\r\n");
    return client;
  }
  [[nodiscard]] std::string err() const { return readText(err_); }

  int port = 0;
  std::string host;

 private:
  pid_t process_ = 0;
  fs::path err_;
};

bool answered(const std::string& answer, int status) {
  return answer.starts_with("HTTP/1.1 " + std::to_string(status) + " ");
}

/// The data of the last whole message of this kind.
nlohmann::json lastMessage(const std::string& stream, const std::string& event) {
  const std::string head = "event: " + event + "\ndata: ";
  const std::size_t end = stream.rfind("\n\n");
  if (end == std::string::npos) return {};
  const std::size_t at = stream.rfind(head, end);
  if (at == std::string::npos) return {};
  const std::size_t from = at + head.size();
  return nlohmann::json::parse(stream.substr(from, stream.find('\n', from) - from));
}

class LiveTest : public ::testing::Test {
 protected:
  [[nodiscard]] Outcome run(const std::string& arguments) const {
    return testing::run("'" + kFrontalis + "' live " + arguments, folder_.path() / "run");
  }
  testing::TempFolder folder_;
};

TEST_F(LiveTest, AFilePlaysAtItsOwnPace) {
  const Clock::time_point start = Clock::now();
  const Outcome done = run("'" + sample("single_face.mp4").string() + "'");
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_GE(Clock::now() - start, std::chrono::milliseconds(2300));  // its length
  const auto rows = jsonLines(done.out);
  ASSERT_FALSE(rows.empty());
  std::int64_t frame = 0;
  for (const auto& row : rows) {
    EXPECT_GT(row["frame"].get<std::int64_t>(), frame);
    frame = row["frame"];
    EXPECT_GT(row["age_ms"].get<double>(), 0);
    EXPECT_NEAR(row["timestamp"].get<double>(), static_cast<double>(frame - 1) / 30, 1e-3);
  }
  // Every picture was analysed or counted as dropped.
  EXPECT_EQ(frame, 72);
  EXPECT_EQ(static_cast<std::int64_t>(rows.size()) + rows.back()["dropped"].get<std::int64_t>(),
            72);
}

TEST_F(LiveTest, WithoutAPaceItGivesTheRowsOfExtractOnline) {
  const std::string video = "'" + sample("single_face.mp4").string() + "'";
  const Outcome live = run(video + " --no-realtime");
  ASSERT_EQ(live.code, 0) << live.err;
  const Outcome extract =
      testing::run("'" + kFrontalis + "' extract -q --online --format jsonl -o - " + video,
                   folder_.path() / "run");
  auto rows = jsonLines(live.out);
  const auto expected = jsonLines(extract.out);
  ASSERT_EQ(rows.size(), 72u);
  ASSERT_EQ(expected.size(), 72u);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i]["dropped"], 0);
    EXPECT_EQ(rows[i]["neutral_frames"], i + 1);
    for (const char* key : {"age_ms", "dropped", "neutral_frames"}) rows[i].erase(key);
    EXPECT_EQ(rows[i], expected[i]) << i;
  }
}

TEST_F(LiveTest, APipeIsReadAsItComes) {
  FRONTALIS_NEEDS_FFMPEG();
  const Outcome done = testing::run("ffmpeg -v error -i '" + sample("single_face.mp4").string() +
                                        "' -f mpegts - | '" + kFrontalis + "' live - --no-realtime",
                                    folder_.path() / "run");
  EXPECT_EQ(done.code, 0) << done.err;
  const auto rows = jsonLines(done.out);
  ASSERT_EQ(rows.size(), 72u);
  EXPECT_NEAR(rows.back()["timestamp"].get<double>(), 71.0 / 30, 0.01);
}

TEST_F(LiveTest, ABrokenConnectionIsAnErrorAfterTheRowsThatCame) {
  FRONTALIS_NEEDS_FFMPEG();
  const fs::path video = testing::ffmpeg(
      "-i " + testing::quoted(sample("single_face.mp4")) + " -g 10", folder_ / "stream.ts");
  testing::HttpServer server;
  // libav may look at the beginning first, and ask again for the whole.
  server.put("stream.ts", {.content = testing::bytesOf(video), .cut_first = 1000});
  const Outcome done = run(server.url() + "stream.ts --no-realtime");
  EXPECT_EQ(done.code, 3) << done.err;
  const std::size_t rows = jsonLines(done.out).size();
  EXPECT_GT(rows, 5u);
  EXPECT_LT(rows, 72u);
  EXPECT_NE(done.err.find("broke off"), std::string::npos) << done.err;
}

TEST_F(LiveTest, SourcesThatAreNotThereAreNamed) {
  std::ofstream(folder_ / "text.mp4") << "no video";
  const std::pair<std::string, std::string> wrong[] = {
      {"nothing.mp4", "nothing.mp4"},
      {"/dev/video97", "/dev/video97"},
      {"'" + (folder_ / "text.mp4").string() + "'", "text.mp4"},
      {"rtsp://127.0.0.1:1/x", "rtsp://127.0.0.1:1/x"},
      {"file:///etc/passwd", "whitelist"},
      {"--capture nosuch x", "nosuch"},
      {"--capture lavfi 'nosuchfilter'", "nosuchfilter"},
      {"- < /dev/null", "standard input"}};
  for (const auto& [arguments, named] : wrong) {
    const Outcome done = run(arguments);
    EXPECT_EQ(done.code, 1) << arguments;
    EXPECT_NE(done.err.find("error: "), std::string::npos) << arguments;
    EXPECT_NE(done.err.find(named), std::string::npos) << done.err;
    EXPECT_TRUE(done.out.empty());
  }
  EXPECT_EQ(run("--size 12 x").code, 2);
  EXPECT_EQ(run("--serve 70000 x").code, 2);
}

TEST_F(LiveTest, ASilentSourceIsGivenUp) {
  const Outcome done =
      testing::run("sleep 3 | '" + kFrontalis + "' live - --timeout 1", folder_.path() / "run");
  EXPECT_EQ(done.code, 1);
  EXPECT_NE(done.err.find("no picture for 1 s"), std::string::npos) << done.err;
}

TEST_F(LiveTest, AnUnpluggedCameraIsToldToThePageAndByTheExitCode) {
  // The camera gives one round of the video, then nothing more.
  Live live(camera(""), folder_.path());
  Client client = live.listener();
  const std::string stream = client.all();
  EXPECT_EQ(live.wait(), 3);
  EXPECT_NE(live.err().find("is gone"), std::string::npos) << live.err();
  const nlohmann::json state = lastMessage(stream, "state");
  EXPECT_EQ(state["state"], "failed");
  EXPECT_NE(state["message"].get<std::string>().find("is gone"), std::string::npos);
  EXPECT_NE(stream.find("event: frame"), std::string::npos);
  EXPECT_GT(jsonLines(readText(folder_ / "out.jsonl")).size(), 5u);
}

TEST_F(LiveTest, ThePageItsStreamItsPicturesAndTheNeutral) {
  Live live(camera(":loop=0,setpts=N/30/TB"), folder_.path());
  const std::string page = live.get("/");
  EXPECT_TRUE(answered(page, 200));
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(page.find("Access-Control"), std::string::npos);
  EXPECT_TRUE(answered(live.get("/live.js"), 200));
  EXPECT_TRUE(answered(live.get("/live.css"), 200));
  EXPECT_TRUE(answered(live.get("/", "Sec-Fetch-Site: cross-site\r\n"), 200));  // a link to it

  Client client = live.listener();
  std::string stream = client.until("event: frame");
  EXPECT_TRUE(answered(stream, 200)) << stream;
  const nlohmann::json hello = lastMessage(stream, "hello");
  EXPECT_EQ(hello["aus"].size(), 17u);
  EXPECT_EQ(lastMessage(stream, "state")["state"], "running");

  // Two pictures, one newer than the other, each named by its number.
  const std::string first = live.get("/picture");
  EXPECT_TRUE(answered(first, 200));
  EXPECT_NE(first.find("\r\n\r\n\xff\xd8\xff"), std::string::npos) << "no JPEG";
  const auto number = [](const std::string& answer) {
    const std::size_t at = answer.find("X-Picture: ");
    return at == std::string::npos ? -1 : std::stoi(answer.substr(at + 11));
  };
  EXPECT_GT(number(live.get("/picture?after=" + std::to_string(number(first)))), number(first));
  EXPECT_TRUE(answered(live.get("/picture?after=999999999"), 204));

  // The neutral is learnt, and forgotten when asked to.
  stream = client.until("\"neutral_frames\":20,");
  const std::string reset = "POST /reset HTTP/1.1\r\n" + live.host +
                            "X-Frontalis: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  EXPECT_TRUE(answered(live.answer(reset), 204));
  stream = client.until("event: neutral");
  stream = stream.substr(stream.rfind("event: neutral"));
  client.until("\"neutral_frames\":1,");
  EXPECT_TRUE(stream.find("event: neutral") != std::string::npos);

  EXPECT_EQ(live.stop(SIGINT), 130);
  EXPECT_EQ(lastMessage(client.all(), "state")["state"], "ended");
}

TEST_F(LiveTest, OnlyOurOwnPageIsServed) {
  Live live(camera(":loop=0,setpts=N/30/TB"), folder_.path());
  const std::string port = ":" + std::to_string(live.port);
  const auto with = [&](const std::string& head) { return live.answer(head + "\r\n"); };
  const std::string close = "Connection: close\r\n";

  // Another name that leads here, as after DNS rebinding.
  EXPECT_TRUE(answered(with("GET / HTTP/1.1\r\nHost: evil.example" + port + "\r\n" + close), 403));
  EXPECT_TRUE(answered(with("GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n" + close), 403));
  EXPECT_TRUE(answered(with("GET /picture HTTP/1.1\r\n" + close), 403));
  EXPECT_TRUE(answered(with("GET / HTTP/1.1\r\nHost: localhost" + port + "\r\n" + close), 200));
  // Another site's page.
  EXPECT_TRUE(answered(live.get("/events", "Origin: http://evil.example\r\n"), 403));
  EXPECT_TRUE(answered(live.get("/picture", "Sec-Fetch-Site: cross-site\r\n"), 403));
  const std::string post = "POST /reset HTTP/1.1\r\n" + live.host + close;
  EXPECT_TRUE(answered(with(post + "Content-Length: 0\r\n"), 403));
  EXPECT_TRUE(
      answered(with(post + "X-Frontalis: 1\r\nOrigin: null\r\nContent-Length: 0\r\n"), 403));
  EXPECT_TRUE(answered(with("OPTIONS /reset HTTP/1.1\r\n" + live.host + close), 405));
  // What is no request of ours.
  EXPECT_TRUE(answered(live.get("/../../etc/passwd"), 404));
  EXPECT_TRUE(answered(live.get("/nothing"), 404));
  EXPECT_TRUE(answered(live.get("/picture?after=x"), 400));
  EXPECT_TRUE(answered(live.get("/" + std::string(20000, 'a')), 414));
  EXPECT_FALSE(answered(live.answer(post + "X-Frontalis: 1\r\nContent-Length: 100000\r\n\r\n" +
                                    std::string(100000, 'x')),
                        204));
  for (const std::string& garbage :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(300, '\0') + "\r\n\r\n",
        "GET / HTTP/1.1\r\n" + std::string(20000, 'h') + ": 1\r\n\r\n",
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 TLS\r\n\r\n")}) {
    Client client(live.port);
    client.send(garbage);
    client.sendNoMore();
    EXPECT_FALSE(answered(client.all(), 200));
  }
  EXPECT_TRUE(answered(live.get("/"), 200)) << "it still answers";

  // The port is ours alone.
  const Outcome second =
      run("'" + sample("single_face.mp4").string() + "' --serve " + std::to_string(live.port));
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("cannot be served"), std::string::npos) << second.err;
  EXPECT_EQ(live.stop(SIGTERM), 130);
}

TEST_F(LiveTest, ManyClientsAndOneThatDoesNotRead) {
  Live live(camera(":loop=0,setpts=N/30/TB"), folder_.path());
  Client slow = live.listener(4096);  // never reads
  std::vector<Client> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(live.listener());
  // All ten see the same picture's rows, well after the slow one's buffers are full.
  for (Client& client : clients) {
    EXPECT_NE(client.until("\"picture\":90,").find("\"picture\":90,"), std::string::npos);
  }
  // More than are allowed are told so; the sixteen are not disturbed.
  for (int i = 0; i < 5; ++i) clients.push_back(live.listener());
  EXPECT_NE(clients.back().until("event: frame").find("event: frame"), std::string::npos);
  const std::string refused = live.listener().until("\r\n\r\n");
  EXPECT_TRUE(answered(refused, 503) || answered(refused, 200));  // the slow one may be gone
  EXPECT_NE(clients.front().until("\"picture\":120,").find("\"picture\":120,"), std::string::npos);
  EXPECT_EQ(live.stop(SIGINT), 130);
  // Nobody made the analysis wait: it kept up with the camera, but for what the machine itself did.
  const auto rows = jsonLines(readText(folder_ / "out.jsonl"));
  ASSERT_GT(rows.size(), 100u);
  // Who reads is told the end; the others were left behind when their buffers were full.
  EXPECT_EQ(lastMessage(clients.front().all(), "state")["state"], "ended");
}

// A filter that looks for a later picture in a film that starts again and again never returns.
TEST_F(LiveTest, ASourceThatNeverAnswersIsLeft) {
  const Outcome done = run("--capture lavfi 'movie=" + sample("single_face.mp4").string() +
                           ":loop=0,fps=30[out0]' --timeout 1");
  EXPECT_EQ(done.code, 3) << done.err;
  EXPECT_NE(done.err.find("no longer answers"), std::string::npos) << done.err;
}

}  // namespace
}  // namespace frontalis
