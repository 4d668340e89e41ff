#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "frontalis/result.h"
#include "image/frame.h"

namespace frontalis::cli {

struct LiveServerOptions {
  int port = 0;                  ///< 0: any that is free
  std::size_t max_streams = 16;  ///< event streams at a time; more are answered 503
};

/// The live page and its stream, on 127.0.0.1 only (docs/live.md). Requests are answered by threads
/// of their own; a client that does not keep up misses messages, and nobody waits for it.
class LiveServer {
 public:
  /// `hello`: a JSON object, what every client is told first. Errors: kUnwritable (port in use, not
  /// allowed).
  static Result<std::unique_ptr<LiveServer>> start(const LiveServerOptions& options,
                                                   std::string hello);
  LiveServer(const LiveServer&) = delete;
  LiveServer& operator=(const LiveServer&) = delete;
  ~LiveServer();

  [[nodiscard]] int port() const;
  /// Whether anybody would see what is published.
  [[nodiscard]] bool watched() const;
  /// A picture's rows, a JSON object, and the picture itself, which is kept until the next. Returns
  /// at once.
  void publish(const std::string& json, const Frame& frame);
  /// Another message; the latest "state" is repeated to who comes later.
  void say(const std::string& event, const std::string& json);
  /// Whether a page asked to forget the neutral since the last call.
  bool takeReset();
  /// Says a last "state" and gives clients up to `patience` to take it; then nobody is served.
  void end(const std::string& json, std::chrono::milliseconds patience);

 private:
  struct State;
  explicit LiveServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace frontalis::cli
