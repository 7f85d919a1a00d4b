#include "chipset/host/terminal.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>

namespace reprise {

namespace {

// A terminal's mode belongs to the process and outlives it, so what to restore must be where a
// signal handler and atexit() find it.
struct Saved {
  volatile sig_atomic_t fd = -1;
  termios mode;
};
// lint: allow global, the process has one terminal and signal handlers take no argument
Saved saved;

constexpr int kFatal[] = {SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGABRT,
                          SIGSEGV, SIGBUS, SIGILL,  SIGFPE};

void restore() {
  if (saved.fd < 0) return;
  ::tcsetattr(saved.fd, TCSANOW, &saved.mode);
  saved.fd = -1;
}

void restore_and_die(int number) {
  restore();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

}  // namespace

RawTerminal::RawTerminal(int fd, bool signals) {
  if (saved.fd >= 0 || !::isatty(fd) || ::tcgetpgrp(fd) != ::getpgrp()) return;
  if (::tcgetattr(fd, &saved.mode) != 0) return;
  termios raw = saved.mode;
  raw.c_iflag &= tcflag_t(~(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON));
  raw.c_oflag |= OPOST;
  raw.c_lflag &= tcflag_t(~(ECHO | ECHONL | ICANON | IEXTEN));
  if (!signals) raw.c_lflag &= tcflag_t(~ISIG);
  raw.c_cflag = (raw.c_cflag & tcflag_t(~(CSIZE | PARENB))) | CS8;
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  if (::tcsetattr(fd, TCSANOW, &raw) != 0) return;
  saved.fd = fd;
  active_ = true;
  std::atexit(restore);
  for (const int number : kFatal) {  // a handler that is there already ends the program in order
    struct sigaction action {};
    ::sigaction(number, nullptr, &action);
    if (action.sa_handler != SIG_DFL) continue;
    action = {};
    action.sa_handler = restore_and_die;
    ::sigaction(number, &action, nullptr);
  }
}

RawTerminal::~RawTerminal() {
  if (active_) restore();
}

}  // namespace reprise
