#include "tools/reprise/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace reprise::tools {
namespace {

std::atomic<bool> signal_seen = false;

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, number);
  return set;
}

}  // namespace

void Signals::block() {
  signal(SIGPIPE, SIG_IGN);
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

// The signals are blocked in every thread started from now on, and taken by one that waits.
Signals::Signals(std::function<void()> wake) {
  block();
  const sigset_t set = watched();
  thread_ = std::thread([wake = std::move(wake), set] {
    for (int number = 0; sigwait(&set, &number) == 0;) {
      if (number == SIGUSR2) return;                        // from the destructor
      if (signal_seen.exchange(true)) _exit(128 + number);  // asked twice: do not wait
      wake();
    }
  });
}

Signals::~Signals() {
  pthread_kill(thread_.native_handle(), SIGUSR2);
  thread_.join();
}

bool Signals::seen() { return signal_seen; }

}  // namespace reprise::tools
