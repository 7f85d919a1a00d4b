// The human monitor: one table of commands, run on the machine thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "qmp/hmp/command.h"

namespace reprise {

class Hmp {
 public:
  explicit Hmp(Operator& op) : state_{op} {}
  // The answer to one line, ending in a newline unless empty.
  std::string execute(const std::string& line);
  bool select_cpu(u64 cpu);  // false: there is none

 private:
  friend struct HmpTable;
  HmpState state_;
};

// A monitor on a byte stream: prompt, echo, editing of the line, answers.
class HmpTerminal {
 public:
  using Out = std::function<void(const std::string&)>;
  HmpTerminal(Hmp& hmp, Out out) : hmp_(hmp), out_(std::move(out)) {}
  void greet();
  void feed(std::string_view bytes);  // what was typed; machine thread

 private:
  void enter();
  Hmp& hmp_;
  Out out_;
  std::string line_;
  char last_ = 0;
  unsigned escape_ = 0;  // inside an escape sequence of an arrow key
};

}  // namespace reprise
