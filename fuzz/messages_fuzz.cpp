#include <sys/socket.h>

#include <array>

#include "fuzz/input.h"
#include "inference/messages.h"

using namespace frontalis;

/// What a process that a provider has broken says to the one that asked.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::array<int, 2> ends{};
  fuzz::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "sockets");
  const bool sent = ::send(ends[1], data, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  (void)::shutdown(ends[1], SHUT_WR);
  std::size_t left = size;
  while (sent) {
    const auto soon = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const Result<Message> message = receiveMessage(ends[0], soon);
    if (!message.ok()) {
      fuzz::require(message.error().code != ErrorCode::kTimeout, "an end in time");
      break;
    }
    fuzz::require(message->text.size() < left && message->descriptor < 0, "what was sent");
    left -= message->text.size();
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return 0;
}
