// Joins the machine's serial ports, the debug console and the monitor to their host ends.
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
  HostEnds(Hmp& hmp, OperatorQueue& queue);
  ~HostEnds();

  static bool uses_terminal(const Options& options);
  // Told what serial port 0 puts out, live and in replay. Before open().
  void watch_serial(Port::Sink watch) { watch_ = std::move(watch); }
  // In replay, the guest's output is shown, but nothing from the host goes in.
  Result<void> open(const Options& options, PcI440fx& machine, bool replay);
  // Machine thread, between slices: what was typed at a monitor of its own.
  // Not while nobody reads what it says.
  void poll_monitor();
  bool monitor_waits() const { return monitor_door_.waiting(); }
  void on_monitor_input(std::function<void()> wake) { monitor_door_.on_post(std::move(wake)); }
  // The guest has put out more than somebody takes: the machine is to wait. `wake` is told, on any
  // thread, when it may go on; before open().
  bool full() const;
  void on_room(std::function<void()> wake) { room_ = std::move(wake); }
  void flush();
  // Ports and monitor that a display shows (-serial vc), the monitor first.
  std::vector<TextConsole*> text_consoles() const;

 private:
  Result<void> join(const ChardevOptions& end, PcI440fx& machine, const std::string& device,
                    bool replay);
  Result<void> open_monitor(const ChardevOptions& end);
  StdioCallbacks terminal_callbacks();

  Hmp& hmp_;
  OperatorQueue& queue_;
  Port::Sink watch_;
  std::function<void()> room_;
  // A monitor on a socket speaks through ports too, but of a door that no recording sees.
  Door monitor_door_{[] { return Position{}; }};
  Port monitor_in_, monitor_out_;
  std::unique_ptr<HmpTerminal> terminal_monitor_, own_monitor_;
  StdioMux* mux_ = nullptr;
  Chardev* monitor_end_ = nullptr;
  std::vector<Chardev*> guest_ends_;
  bool greeted_ = false;
  std::vector<std::unique_ptr<Chardev>> chardevs_;  // first to go: their threads use the rest
};

}  // namespace reprise::tools
