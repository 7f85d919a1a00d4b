// The human monitor: one table of commands, run on the machine thread.
#pragma once

#include <string>
#include <vector>

#include "qmp/operator.h"

namespace reprise {

class Hmp {
 public:
  explicit Hmp(Operator& op) : operator_(op) {}
  // The answer to one line, ending in a newline unless empty.
  std::string execute(const std::string& line);

 private:
  friend struct HmpTable;
  Operator& operator_;
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
