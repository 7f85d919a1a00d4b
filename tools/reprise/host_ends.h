// Joins the machine's serial and parallel ports and debug consoles to their host ends.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "chipset/board/pc_i440fx.h"
#include "chipset/host/chardev.h"
#include "qmp/hmp/hmp.h"
#include "tools/reprise/options.h"

namespace reprise {
class StdioMux;
class TextConsole;
}  // namespace reprise

namespace reprise::tools {

class HostEnds {
 public:
  HostEnds(Hmp& hmp, OperatorQueue& queue) : hmp_(hmp), queue_(queue) {}
  ~HostEnds();

  static bool uses_terminal(const Options& options);
  // Told what serial port 0 puts out, live and in replay. Before open().
  void watch_serial(Port::Sink watch) { watch_ = std::move(watch); }
  // In replay, the guest's output is shown, but the door takes nothing from the host.
  Result<void> open(const Options& options, PcI440fx& machine);
  // Joins nothing any more; open() may follow, with another machine. What was typed on the
  // terminal's monitor stays in the queue.
  void close();
  // The guest has put out more than somebody takes: the machine is to wait. `wake` is told, on any
  // thread, when it may go on; before open().
  bool full() const;
  void on_room(std::function<void()> wake) { room_ = std::move(wake); }
  void flush();
  std::vector<OperatorChardev> list() const;
  // Ports that a display shows (-serial vc).
  std::vector<TextConsole*> text_consoles() const;

 private:
  Result<void> join(const ChardevOptions& end, PcI440fx& machine, const std::string& device);
  StdioCallbacks terminal_callbacks();

  Hmp& hmp_;
  OperatorQueue& queue_;
  Port::Sink watch_;
  std::function<void()> room_;
  std::unique_ptr<HmpTerminal> terminal_monitor_;
  StdioMux* mux_ = nullptr;
  std::vector<Chardev*> guest_ends_;
  bool greeted_ = false;
  struct Joined {
    std::string label;
    std::unique_ptr<Chardev> chardev;
  };
  std::vector<Joined> chardevs_;  // first to go: their threads use the rest
};

}  // namespace reprise::tools
