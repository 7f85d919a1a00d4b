// SIGINT, SIGTERM, SIGHUP: the run ends in good order (the recording is closed), at a boundary.
#pragma once

#include <functional>
#include <thread>

namespace reprise::tools {

class Signals {
 public:
  // `wake` is called on another thread when one of them arrives. One object at a time.
  explicit Signals(std::function<void()> wake);
  ~Signals();
  Signals(const Signals&) = delete;
  static bool seen();
  // Before any other thread is started: one that takes a signal would end the program.
  static void block();

 private:
  std::thread thread_;
};

}  // namespace reprise::tools
