#include "tools/reprise/host_ends.h"

#include <algorithm>

#include "chipset/host/stdio_mux.h"
#include "chipset/host/text_console.h"

namespace reprise::tools {
namespace {

constexpr std::chrono::milliseconds kFlush{2000};

}  // namespace

HostEnds::~HostEnds() { close(); }

void HostEnds::close() {
  chardevs_.clear();
  guest_ends_.clear();
  mux_ = nullptr;
}

bool HostEnds::uses_terminal(const Options& options) {
  for (const auto* ends : {&options.serials, &options.parallels})
    for (const auto& end : *ends)
      if (end && end->kind == "stdio") return true;
  for (const MonitorOptions& monitor : options.monitors)
    if (!monitor.control && monitor.end.kind == "stdio") return true;
  return false;
}

Result<void> HostEnds::open(const Options& options, PcI440fx& machine) {
  const auto join_all = [&](const auto& ends, const std::string& device) -> Result<void> {
    for (std::size_t i = 0; i < ends.size(); ++i)
      if (ends[i]) TRY(join(*ends[i], machine, device + std::to_string(i)));
    return {};
  };
  TRY(join_all(options.serials, "/isa/serial"));
  TRY(join_all(options.parallels, "/isa/parallel"));
  if (options.port_e9) TRY(join(*options.port_e9, machine, "/isa/port-e9"));
  if (options.debugcon) TRY(join(*options.debugcon, machine, "/isa/debugcon"));
  return {};
}

Result<void> HostEnds::join(const ChardevOptions& end, PcI440fx& machine,
                            const std::string& device) {
  Door& door = machine.door();
  Port* out = door.find(device + ":out");
  if (!out) return {};  // a recording of a machine with fewer ports
  const bool shared = end.kind == "stdio" && end.mux;
  auto chardev = TRY(open_chardev(end, shared ? terminal_callbacks() : StdioCallbacks{}));
  if (shared) mux_ = static_cast<StdioMux*>(chardev.get());
  chardev->on_room(room_);
  guest_ends_.push_back(chardev.get());
  chardev->connect_to(door.find(device + ":in"), out, door.find(device + ":break"));
  if (watch_ && device == "/isa/serial0") {
    out->connect([this, host = chardev.get()](std::span<const u8> bytes) {
      host->write(bytes);
      watch_(bytes);
    });
  }
  const std::string name = device.substr(device.rfind('/') + 1);
  chardevs_.push_back({end.id.empty() ? name : end.id, std::move(chardev)});
  return {};
}

// Ctrl-A c: the monitor on the terminal that a serial port uses too.
StdioCallbacks HostEnds::terminal_callbacks() {
  terminal_monitor_ = std::make_unique<HmpTerminal>(hmp_, [this](const std::string& text) {
    if (mux_) mux_->print(text);
  });
  StdioCallbacks callbacks;
  callbacks.monitor = [this](std::string_view keys) {
    queue_.post([this, keys = std::string(keys)] { terminal_monitor_->feed(keys); });
  };
  callbacks.focus = [this](bool on) {
    queue_.post([this, on] {
      if (mux_) mux_->print("\r\n");
      if (!on) return;
      if (!std::exchange(greeted_, true))
        terminal_monitor_->greet();
      else
        terminal_monitor_->feed("\r");
    });
  };
  callbacks.quit = [this] { queue_.post([this] { hmp_.execute("quit"); }); };
  return callbacks;
}

std::vector<TextConsole*> HostEnds::text_consoles() const {
  std::vector<TextConsole*> consoles;
  for (const auto& [label, chardev] : chardevs_)
    if (auto* console = dynamic_cast<TextConsole*>(chardev.get())) consoles.push_back(console);
  return consoles;
}

bool HostEnds::full() const {
  return std::any_of(guest_ends_.begin(), guest_ends_.end(),
                     [](const Chardev* end) { return end->full(); });
}

std::vector<OperatorChardev> HostEnds::list() const {
  std::vector<OperatorChardev> all;
  for (const auto& [label, chardev] : chardevs_) all.push_back({label, chardev->address()});
  return all;
}

void HostEnds::flush() {
  for (const auto& [label, chardev] : chardevs_) chardev->flush(kFlush);
}

}  // namespace reprise::tools
