#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "cli/live_server.h"
#include "fuzz/input.h"

using namespace frontalis;

namespace {

cli::LiveServer& server() {
  static const std::unique_ptr<cli::LiveServer> running = [] {
    std::signal(SIGPIPE, SIG_IGN);
    auto started = cli::LiveServer::start({}, "{}");
    fuzz::require(started.ok(), "a server");
    static const std::vector<std::uint8_t> gray(64 * 48, 100);
    Frame frame;
    frame.layout = PixelLayout::kGray;
    frame.stored_width = 64;
    frame.stored_height = 48;
    frame.planes[0] = {gray.data(), 64, 64, 48};
    (*started)->publish("{}", frame);
    return std::move(started).value();
  }();
  return *running;
}

std::string answer(int port, const std::string& request) {
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{20, 0};
  (void)::setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  fuzz::require(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0,
                "a server that is still there");
  (void)::send(client, request.data(), request.size(), MSG_NOSIGNAL);
  (void)::shutdown(client, SHUT_WR);
  // The first bytes tell; the stream of events would go on.
  std::array<char, 256> bytes{};
  ssize_t got = 0;
  do {  // libFuzzer's timer interrupts
    got = ::recv(client, bytes.data(), bytes.size(), 0);
  } while (got < 0 && errno == EINTR);
  fuzz::require(got >= 0 || errno == ECONNRESET, "an answer or an end in time");
  ::close(client);
  return {bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
}

}  // namespace

/// A request to the live page's server; "@PORT" stands for its port.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int port = server().port();
  const std::string number = std::to_string(port);
  std::string request(fuzz::bytes(data, size));
  for (std::size_t at = 0; (at = request.find("@PORT", at)) != std::string::npos;) {
    request.replace(at, 5, number);
  }
  const std::string got = answer(port, request);
  const bool named = request.find("127.0.0.1:" + number) != std::string::npos ||
                     request.find("localhost:" + number) != std::string::npos;
  fuzz::require(named || got.find(" 200 ") == std::string::npos,
                "nothing for who does not name this server");
  return 0;
}
