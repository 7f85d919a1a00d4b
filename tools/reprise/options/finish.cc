// What depends on several options at once.
#include <random>

#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

bool is_utf8(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const u8 lead = u8(text[i++]);
    const int more = lead < 0x80                   ? 0
                     : lead >= 0xC2 && lead < 0xE0 ? 1
                     : (lead & 0xF0) == 0xE0       ? 2
                     : lead >= 0xF0 && lead < 0xF5 ? 3
                                                   : -1;
    if (more < 0) return false;
    for (int k = 0; k < more; ++k, ++i)
      if (i >= text.size() || (u8(text[i]) & 0xC0) != 0x80) return false;
  }
  return true;
}

// Text goes into recordings as JSON; the names of files that are read whole do not.
Result<void> check_texts(const Parser& p) {
  for (const auto& [name, text] : p.applied) {
    if (is_utf8(text)) continue;
    bool is_file = false;
    for (const char* file : {"kernel", "initrd", "bios", "L", "record", "replay", "snapshots", "D",
                             "pidfile", "readconfig", "writeconfig", "serial", "chardev"})
      is_file |= name == file;
    if (!is_file) return fail("-" + name + ": expected UTF-8 text");
  }
  return {};
}

Result<void> finish_accelerators(const Parser& p) {
  std::string unknown;
  for (const std::string& list : p.accels) {
    std::string name;
    for (const char c : list + ":") {
      if (c != ':') {
        name += c;
      } else {
        if (name == "interp" || name == "tcg" || name == "help" || name == "?") return {};
        unknown = std::exchange(name, "");
      }
    }
  }
  if (p.accels.empty()) return {};
  return fail("-accel " + shown(unknown) + ": expected interp (there is no other)");
}

Result<void> finish_memory(const Parser& p) {
  const u64 size = p.options.config.ram_bytes;
  for (const auto& [id, bytes] : p.memory_backends)
    if (id != p.memory_backend)
      return fail("-object memory-backend-ram,id=" + shown(id) +
                  ": expected -machine memory-backend=" + shown(id) + " to use it");
    else if (bytes != size)
      return fail("-object memory-backend-ram,id=" + shown(id) + ",size=: " + size_text(bytes) +
                  ", but -m is " + size_text(size));
  if (!p.speaker_audiodev.empty() &&
      (!p.options.audiodev || p.options.audiodev->id != p.speaker_audiodev))
    return fail("-machine pcspk-audiodev=" + shown(p.speaker_audiodev) +
                ": expected an -audiodev of that id");
  if (!p.memory_backend.empty() && !p.memory_backends.contains(p.memory_backend))
    return fail("-machine memory-backend=" + shown(p.memory_backend) +
                ": expected an -object memory-backend-ram of that id");
  return {};
}

// With no display to look at, the first serial port and the monitor share the terminal.
ChardevOptions default_serial(const Parser& p, bool terminal_taken) {
  ChardevOptions terminal;
  if (p.display == "curses") {
    terminal.kind = "vc";
    terminal.id = "-serial";
    return terminal;
  }
  const bool null = terminal_taken || p.options.daemonize || (p.display == "none" && !p.nographic);
  terminal.kind = null ? "null" : "stdio";
  terminal.mux = terminal.kind == "stdio" && !has_readline(p);
  terminal.signal = !terminal.mux;
  return terminal;
}

// Bit i: port i. A -serial none leaves its port out; those behind it stay where they are.
unsigned present(const std::vector<std::optional<ChardevOptions>>& ports) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < ports.size(); ++i) bits |= unsigned(ports[i].has_value()) << i;
  return bits;
}

Result<void> finish_ports(Parser& p) {
  Options& o = p.options;
  for (const std::string& text : p.serial_texts)
    o.serials.push_back(TRY(host_end(p, "-serial", text)));
  for (const std::string& text : p.parallel_texts)
    o.parallels.push_back(TRY(host_end(p, "-parallel", text)));
  if (!p.debugcon_text.empty()) {
    o.debugcon = TRY(host_end(p, "-debugcon", p.debugcon_text));
    o.config.debugcon = o.debugcon.has_value();
    o.given.insert("debugcon");
  }
  if (!has_readline(p) && p.display == "curses") p.monitors.push_back({"-monitor", "vc"});
  for (const MonitorArgument& monitor : p.monitors) {
    auto end = TRY(host_end(p, monitor.option, monitor.end));
    if (!end) continue;
    if (monitor.control) {
      end->cooked = true;
      end->mux = false;
    }
    o.monitors.push_back({*end, monitor.control, monitor.pretty});
  }
  if (p.gdb_text.starts_with("chardev:"))
    o.gdb = TRY(host_end(p, "-gdb", p.gdb_text));
  else if (!p.gdb_text.empty())
    o.gdb = TRY(parse_gdb("-gdb", p.gdb_text));
  TRY(attach_devices(p));
  if (o.serials.size() > 4) return fail("-serial: a PC has at most 4 serial ports");
  if (o.parallels.size() > 3) return fail("-parallel: a PC has at most 3 parallel ports");

  unsigned terminals = 0;
  const auto is_terminal = [](const auto& end) { return end && end->kind == "stdio"; };
  for (const auto* ends : {&o.serials, &o.parallels})
    for (const auto& end : *ends) terminals += is_terminal(end);
  for (const auto& end : {o.debugcon, o.port_e9, o.gdb}) terminals += is_terminal(end);
  for (const MonitorOptions& monitor : o.monitors) terminals += monitor.end.kind == "stdio";
  if (terminals > 1)
    return fail(
        "stdio is used by more than one of -serial, -parallel, -debugcon, -monitor, -qmp, -gdb; "
        "give the others file:, tcp:, unix: or null");
  if (o.display == "curses" && terminals)
    return fail(
        "-display curses: the terminal is used by stdio too; give -serial and the others file:, "
        "tcp:, unix:, vc or null");
  if (o.display == "curses" && o.daemonize)
    return fail("-display curses: -daemonize leaves the terminal; expected -display none");
  if (o.daemonize && (terminals || p.nographic))
    return fail("-daemonize: there is no terminal in the background; give " +
                std::string(terminals ? "stdio's port" : "-nographic's -serial") +
                " file:, tcp:, unix: or null, and -display none");
  if (!o.serials.empty() || !p.default_serial)
    o.given.insert("serial_ports");
  else
    o.serials.push_back(default_serial(p, terminals));
  if (!o.parallels.empty() || !p.default_parallel) {
    o.given.insert("parallel_ports");
  } else {
    ChardevOptions nothing;
    nothing.kind = "null";
    o.parallels.push_back(nothing);
  }
  o.config.serial_ports = present(o.serials);
  o.config.parallel_ports = present(o.parallels);
  return {};
}

// A replay's drives are the recording's.
Result<void> check_replay(const Parser& p) {
  const Options& o = p.options;
  if (o.replay.empty()) return {};
  for (const DriveArgument& drive : p.drives)
    return fail(
        drive.where + ": contradicts -replay " + shown(o.replay) +
        ", whose drives are the recorded ones; -replay-disk ID=FILE says where an image is");
  return {};
}

}  // namespace

Result<void> finish(Parser& p) {
  Options& o = p.options;
  TRY(check_texts(p));
  TRY(finish_accelerators(p));
  TRY(finish_memory(p));
  TRY(apply_globals(p));
  if (p.nographic && !p.display.empty() && p.display != "none")
    return fail("-nographic and -display " + p.display + ": expected one of them");
  o.display = p.display == "none" ? "" : p.display;
  o.default_display = p.display.empty() && !p.nographic && !o.daemonize;
  TRY(finish_ports(p));
  TRY(check_replay(p));
  if (o.replay.empty()) TRY(finish_drives(p));
  if (!p.default_vga && !o.given.contains("vga")) {  // -nodefaults
    o.config.vga = "none";
    o.given.insert("vga");
  }
  if (p.nographic) {
    o.config.graphics = false;
    o.given.insert("graphics");
  }

  if (!o.log_file.empty() && o.log.empty())
    return fail("-D " + o.log_file + ": nothing is logged; give -d as well");
  if (!o.record.empty() && !o.replay.empty())
    return fail("-record " + o.record + " and -replay " + o.replay + ": expected one of them");
  if (!o.snapshots.empty() && !(o.record.empty() && o.replay.empty()))
    return fail("-snapshots " + o.snapshots +
                ": its file is a recording, too: leave out -record and -replay");
  if (!o.loadvm.empty() && o.snapshots.empty() && o.replay.empty())
    return fail("-loadvm " + o.loadvm + ": needs -snapshots FILE, the file that has it");
  if (o.kernel.empty()) {
    if (!o.initrd.empty()) return fail("-initrd " + o.initrd + ": needs -kernel");
    if (!o.config.append.empty() && o.replay.empty()) return fail("-append: needs -kernel");
  }
  if (!p.rtc_set) o.config.rtc_base = host_time(false);
  if (!p.seeded) {
    std::random_device random;
    o.config.seed = u64(random()) << 32 | random();
  }
  if (!o.write_config.empty()) o.config_text = config_text(p);
  return {};
}

}  // namespace reprise::tools
