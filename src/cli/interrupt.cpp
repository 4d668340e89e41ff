#include "cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace frontalis::cli {
namespace {

std::atomic<bool> interrupted{false};

void onSignal(int) {
  interrupted = true;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

}  // namespace

Interrupt::Interrupt() {
  interrupted = false;
  std::signal(SIGINT, onSignal);
  std::signal(SIGTERM, onSignal);
}

Interrupt::~Interrupt() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interrupt::requested() { return interrupted; }

}  // namespace frontalis::cli
