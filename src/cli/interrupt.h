#pragma once

namespace frontalis::cli {

/// While one exists, the first Ctrl-C (or SIGTERM) is a request to end in good order and a second
/// one ends the process at once. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] static bool requested();
};

}  // namespace frontalis::cli
