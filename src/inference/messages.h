#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "frontalis/result.h"

namespace frontalis {

/// What a process and its inference helper tell each other over a socket pair. A request is
/// answered by kDone or kFailed before the next one is sent; tensors go through shared memory.
enum class MessageKind : std::uint32_t {
  kOpen,     ///< text: options; answer: the runtime's description
  kPrepare,  ///< text: shapes, then a line end and the path; with the tensors' memory
             ///< (descriptor); answer: a warm-up run's seconds
  kRun,      ///< network
  kRelease,  ///< network
  kQuit,     ///< no answer but the process's end
  kDone,
  kFailed,  ///< text: why
};

struct Message {
  MessageKind kind = MessageKind::kDone;
  std::uint32_t network = 0;
  std::string text;     ///< JSON of requests
  int descriptor = -1;  ///< passed on to the receiver, who closes it; -1: none
};

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

/// Errors: kInference when the other end is gone.
Status sendMessage(int socket, const Message& message);
/// Errors: kTimeout, kInference when the other end is gone.
Result<Message> receiveMessage(int socket, Deadline deadline);

}  // namespace frontalis
