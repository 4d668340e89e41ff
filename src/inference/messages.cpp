#include "inference/messages.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "util/try.h"

namespace frontalis {
namespace {

struct Header {
  std::uint32_t kind;
  std::uint32_t network;
  std::uint32_t bytes;
};
constexpr std::uint32_t kMostBytes = 1U << 20;

#if defined(MSG_NOSIGNAL)
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;  // the socket has SO_NOSIGPIPE there
#endif

Error gone() { return {ErrorCode::kInference, "the other process is gone"}; }

Status sendAll(int socket, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, data, size, kSendFlags);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return gone();
    data += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return {};
}

/// Waits until there is something to read, or the other end is gone.
Status wait(int socket, Deadline deadline) {
  while (true) {
    int milliseconds = -1;
    if (deadline != kNoDeadline) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      milliseconds = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30));
    }
    pollfd entry{socket, POLLIN, 0};
    const int ready = ::poll(&entry, 1, milliseconds);
    if (ready > 0) return {};
    if (ready == 0) return Error{ErrorCode::kTimeout, "no answer in time"};
    if (errno != EINTR) return gone();
  }
}

/// Reads exactly `size` bytes, and the descriptor that may come with the first of them.
Status receiveAll(int socket, Deadline deadline, char* data, std::size_t size, int* descriptor) {
  while (size > 0) {
    FRONTALIS_TRY(wait(socket, deadline));
    iovec part{data, size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(socket, &header, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return gone();
    for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr;
         item = CMSG_NXTHDR(&header, item)) {
      if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
      int passed = -1;
      std::memcpy(&passed, CMSG_DATA(item), sizeof(passed));
      if (descriptor != nullptr && *descriptor < 0) {
        *descriptor = passed;
      } else {
        ::close(passed);
      }
    }
    data += got;
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

}  // namespace

Status sendMessage(int socket, const Message& message) {
  Header head{static_cast<std::uint32_t>(message.kind), message.network,
              static_cast<std::uint32_t>(message.text.size())};
  if (message.text.size() > kMostBytes) {
    return Error{ErrorCode::kInternal, "a message to the inference helper is too long"};
  }
  iovec part{&head, sizeof(head)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (message.descriptor >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(item), &message.descriptor, sizeof(int));
  }
  ssize_t sent = -1;
  do {
    sent = ::sendmsg(socket, &header, kSendFlags);
  } while (sent < 0 && errno == EINTR);
  if (sent <= 0) return gone();
  const auto done = static_cast<std::size_t>(sent);
  FRONTALIS_TRY(sendAll(socket, reinterpret_cast<const char*>(&head) + done, sizeof(head) - done));
  return sendAll(socket, message.text.data(), message.text.size());
}

Result<Message> receiveMessage(int socket, Deadline deadline) {
  Header head{};
  Message message;
  Status got = receiveAll(socket, deadline, reinterpret_cast<char*>(&head), sizeof(head),
                          &message.descriptor);
  if (got.ok() &&
      (head.kind > static_cast<std::uint32_t>(MessageKind::kFailed) || head.bytes > kMostBytes)) {
    got = Error{ErrorCode::kInference, "the other process does not speak this version's language"};
  }
  if (got.ok()) {
    message.kind = static_cast<MessageKind>(head.kind);
    message.network = head.network;
    message.text.resize(head.bytes);
    got = receiveAll(socket, deadline, message.text.data(), head.bytes, nullptr);
  }
  if (!got.ok()) {
    if (message.descriptor >= 0) ::close(message.descriptor);
    return got.error();
  }
  return message;
}

}  // namespace frontalis
