// Monitors of their own: HMP and QMP on sockets, the terminal, a console of the display.
#pragma once

#include <memory>
#include <vector>

#include "qmp/operator.h"
#include "tools/reprise/options.h"

namespace reprise {
class TextConsole;
namespace qmp {
class Server;
}
}  // namespace reprise

namespace reprise::tools {

class Monitors {
 public:
  Monitors();
  ~Monitors();
  // `server`: for QMP. `wake`, on any thread: something was said; poll() is to be called.
  Result<void> open(const std::vector<MonitorOptions>& monitors, Operator& op, qmp::Server* server,
                    std::function<void()> wake);
  // Machine thread, between slices: answers what was said, as far as answers are read, until
  // `enough`.
  void poll(const std::function<bool()>& enough);
  void flush();
  std::vector<OperatorChardev> list() const;
  std::vector<TextConsole*> text_consoles() const;

 private:
  class Line;
  class HmpLine;
  class QmpLine;
  std::vector<std::unique_ptr<Line>> lines_;
};

}  // namespace reprise::tools
