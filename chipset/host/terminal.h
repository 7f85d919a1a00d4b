// The program's terminal in raw mode, and back again however the program ends.
#pragma once

namespace reprise {

// While it lives, `fd` passes keys one by one, without echo. Does nothing unless `fd` is a terminal
// and this program is in its foreground. Restored by the destructor, at exit and on fatal signals.
class RawTerminal {
 public:
  // `signals`: Ctrl-C, Ctrl-\ and Ctrl-Z keep their effect on this program.
  RawTerminal(int fd, bool signals);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  bool active() const { return active_; }

 private:
  bool active_ = false;
};

}  // namespace reprise
