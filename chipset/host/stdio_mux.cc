#include "chipset/host/stdio_mux.h"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace reprise {

namespace {

constexpr u8 kCtrlA = 1;
constexpr std::string_view kHelp =
    "\n"
    "Ctrl-A h    this help\n"
    "Ctrl-A x    end the program\n"
    "Ctrl-A c    switch between serial line and monitor\n"
    "Ctrl-A b    send a break\n"
    "Ctrl-A Ctrl-A  send Ctrl-A\n";

}  // namespace

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

void OutputQueue::run_to(int fd) {
  block_signals();  // SIGPIPE too: a reader that has gone is an error of write()
  bool broken = false;
  for (;;) {
    const std::vector<u8> bytes = pop(4096);
    if (bytes.empty()) return;
    std::size_t done = 0;
    for (int stalled = 0; !broken && done < bytes.size();) {
      pollfd p{fd, POLLOUT, 0};
      if (::poll(&p, 1, 100) == 0) {
        if (closed() && ++stalled >= 10) broken = true;
        continue;
      }
      const auto n =
          ::write(fd, bytes.data() + done, std::min<std::size_t>(bytes.size() - done, 512));
      if (n > 0) {
        done += std::size_t(n);
      } else if (n < 0 && errno != EINTR && errno != EAGAIN) {
        broken = true;  // nobody is there to be told: output is lost from here on
      }
    }
    written();
  }
}

StdioMux::StdioMux(const Options& options, StdioCallbacks callbacks)
    : options_(options),
      callbacks_(std::move(callbacks)),
      tty_(::isatty(options.in)),
      writer_([this] { queue_.run_to(options_.out); }) {
  if (!options.cooked) raw_.emplace(options.in, options.signals);
}

StdioMux::~StdioMux() {
  disconnect();
  stop_ = true;
  wake_.notify();
  if (reader_.joinable()) reader_.join();
  queue_.close();
  writer_.join();
}

void StdioMux::connected() {
  if (!reader_.joinable()) reader_ = std::thread([this] { read_loop(); });
}

void StdioMux::print(std::string_view text) {
  queue_.push({reinterpret_cast<const u8*>(text.data()), text.size()}, false);
}

void StdioMux::focus_monitor(bool on) {
  if (monitor_focused_.exchange(on) != on && callbacks_.focus) callbacks_.focus(on);
}

// Without escapes nothing is read that the port has no room for. With them, input waits here.
void StdioMux::read_loop() {
  block_signals();
  bool ended = false;
  while (!stop_) {
    const bool retry = !post_pending();
    const u64 credit = in_ ? in_->credit() : 0;
    std::size_t want = 0;
    if (options_.escapes) {
      want = pending_.size() < kTypeAhead ? 256 : tty_ ? 1 : 0;
    } else if (pending_.empty()) {
      want = std::min<u64>(credit, 256);
    }
    if (ended) want = 0;
    pollfd fds[2] = {{want ? options_.in : -1, POLLIN, 0}, {wake_.fd(), POLLIN, 0}};
    ::poll(fds, 2, retry ? 10 : -1);
    if (fds[1].revents) wake_.clear();
    if (!fds[0].revents) continue;
    u8 buffer[256];
    const auto n = ::read(options_.in, buffer, want);
    if (n > 0) {
      take({buffer, std::size_t(n)});
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
      ended = true;
    }
  }
}

bool StdioMux::post_pending() {
  while (!pending_.empty() && in_) {
    const std::size_t count = std::min<u64>(in_->credit(), pending_.size());
    if (count == 0) return true;
    const auto end = pending_.begin() + std::ptrdiff_t(count);
    if (!in_->door().post(*in_, {pending_.begin(), end})) return false;
    pending_.erase(pending_.begin(), end);
  }
  return true;
}

void StdioMux::take(std::span<const u8> bytes) {
  std::string keys;  // for the monitor
  const auto tell_monitor = [&] {
    if (!keys.empty() && callbacks_.monitor) callbacks_.monitor(keys);
    keys.clear();
  };
  for (const u8 byte : bytes) {
    if (options_.escapes && escaped_ && byte != kCtrlA) {
      escaped_ = false;
      tell_monitor();
      escape(byte);
    } else if (options_.escapes && byte == kCtrlA && !escaped_) {
      escaped_ = true;
    } else {
      escaped_ = false;
      if (monitor_focused_) {
        keys += char(byte);
      } else if (tty_ && in_ && in_->door().replaying()) {
        // Typed at a run that takes nothing now.
      } else if (pending_.size() < kTypeAhead + 256) {
        pending_.push_back(byte);
      }
    }
  }
  tell_monitor();
}

void StdioMux::escape(u8 key) {
  switch (key) {
    case 'h':
    case '?':
      print(kHelp);
      break;
    case 'x':
      if (callbacks_.quit) callbacks_.quit();
      break;
    case 'c':
      if (callbacks_.monitor) focus_monitor(!monitor_focused_);
      break;
    case 'b':
      if (break_ && break_->credit() > 0) break_->door().post(*break_, {1});
      break;
    default:
      break;
  }
}

}  // namespace reprise
