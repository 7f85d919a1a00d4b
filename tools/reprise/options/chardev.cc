// Serial and parallel ports, consoles and displays, and their host ends.
#include <algorithm>
#include <cstdio>

#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

Result<void> display(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse(
      "-display", text, "type",
      {"type", "gl", "show-cursor", "window-close", "window_close", "grab-mod", "alt_grab",
       "ctrl_grab", "frame", "grab-on-hover", "zoom-to-fit", "charset", "rendernode"}));
  const std::string kind = values.text("type");
  if (kind == "help" || kind == "?") {
    p.options.say = "Available display backend types:\nnone\ncurses\nsdl\n";
    return {};
  }
  for (const char* missing : {"gtk", "vnc", "spice-app", "egl-headless", "dbus", "cocoa"})
    if (kind == missing)
      return fail("-display " + kind + ": not there; expected curses, sdl or none");
  if (kind != "none" && kind != "curses" && kind != "sdl")
    return fail("-display " + shown(kind) + ": " +
                expected_one_of(kind, {"curses", "sdl", "none"}));
  p.display = kind;
  return {};
}

Result<void> vga(Parser& p, const std::string& text) {
  const std::vector<std::string> cards = {"std", "none"};
  if (text == "help" || text == "?") {
    p.options.say =
        "none                 no graphic card\n"
        "std                  standard VGA (default)\n";
    return {};
  }
  for (const char* missing : {"cirrus", "vmware", "qxl", "xenfb", "virtio", "tcx", "cg3"})
    if (text == missing)
      return fail("-vga " + text + ": no such card yet; " + expected_one_of("", cards));
  if (text != "std" && text != "none")
    return fail("-vga " + shown(text) + ": " + expected_one_of(text, cards));
  p.options.config.vga = text;
  p.default_vga = false;
  p.options.given.insert("vga");
  return {};
}

Result<void> geometry(Parser& p, const std::string& text) {
  unsigned width = 0, height = 0, depth = 32;
  int used = 0;
  int count = std::sscanf(text.c_str(), "%5ux%5u%n", &width, &height, &used);
  if (count == 2 && std::size_t(used) < text.size()) {
    int more = 0;
    if (std::sscanf(text.c_str() + used, "x%2u%n", &depth, &more) == 1) used += more;
  }
  const bool right_depth = depth == 8 || depth == 15 || depth == 16 || depth == 24 || depth == 32;
  if (count != 2 || std::size_t(used) != text.size() || !right_depth || width < 64 || height < 64 ||
      width > 4096 || height > 4096)
    return fail("-g " + shown(text) + ": expected WIDTHxHEIGHT[xDEPTH], such as 1024x768");
  p.options.config.xres = width;
  p.options.config.yres = height;
  p.options.given.insert("xres");
  p.options.given.insert("yres");
  return {};
}

Result<void> add_monitor(Parser& p, MonitorArgument monitor) {
  constexpr std::size_t kMost = 16;
  if (p.monitors.size() == kMost) return fail(monitor.option + ": expected at most 16 monitors");
  p.monitors.push_back(std::move(monitor));
  return {};
}

Result<void> monitor(Parser& p, const std::string& text) {
  return add_monitor(p, {"-monitor", text});
}

Result<void> mon(Parser& p, const std::string& text) {
  const auto values = TRY(
      Suboptions::parse("-mon", text, "chardev", {"chardev", "mode", "pretty", "default", "id"}));
  const bool control = TRY(values.one_of("mode", "readline", {"readline", "control"})) == "control";
  const bool pretty = TRY(values.on_off("pretty", false));
  if (pretty && !control) return fail(values.option() + ": pretty=on: expected mode=control too");
  if (!values.find("chardev")) return fail(values.option() + ": expected chardev=ID");
  return add_monitor(p, {"-mon", "chardev:" + values.text("chardev"), control, pretty});
}

constexpr Row kRows[] = {
    {"serial", "DEV",
     "a serial port (repeat for more): stdio, mon:stdio, file:PATH, null, none,\n"
     "tcp:HOST:PORT[,server][,nowait], unix:PATH[,...], chardev:ID",
     DO(p.serial_texts.push_back(text))},
    {"parallel", "DEV", "a parallel port, likewise", DO(p.parallel_texts.push_back(text))},
    {"chardev", "KIND,id=ID,...", "a host end by name: stdio, file, null, socket",
     DO(auto chardev = TRY(ChardevOptions::parse_chardev(text));
        if (!p.chardevs.emplace(chardev.id, chardev).second) return fail(
            "-chardev " + shown(text) + ": the id is used twice"))},
    {"debugcon", "DEV", "a debug console at port 402h", DO(p.debugcon_text = text)},
    {"monitor", "DEV", "the human monitor (repeat for more)", monitor},
    {"qmp", "DEV", "a monitor for programs: QMP, as in QEMU",
     DO(return add_monitor(p, {"-qmp", text, true}))},
    {"qmp-pretty", "DEV", "likewise, with answers on several lines",
     DO(return add_monitor(p, {"-qmp-pretty", text, true, true}))},
    {"mon", "chardev=ID[,mode=readline|control][,pretty=on]",
     "a monitor: the human one, or with mode=control QMP", mon},
    {"gdb", "DEV", "where gdb connects: tcp::PORT (from this host), unix:PATH,server,nowait, stdio",
     DO(p.gdb_text = text)},
    {"s", nullptr, "-gdb tcp::1234", DO(p.gdb_text = "tcp::1234")},
    {"nographic", nullptr, "no display; serial port and monitor on this terminal",
     DO(p.nographic = true)},
    {"display", "curses|sdl|none",
     "where the screen is shown: this terminal (text modes), a window, nowhere; by default a\n"
     "window if there is a DISPLAY and no -nographic",
     display},
    {"curses", nullptr, nullptr, DO(p.display = "curses")},
    {"sdl", nullptr, nullptr, DO(p.display = "sdl")},
    {"vga", "std|none", "the graphics card", vga},
    {"g", "WxH[xDEPTH]", "the size that the display prefers (its EDID says so)", geometry},
};

}  // namespace

bool has_readline(const Parser& p) {
  return std::any_of(p.monitors.begin(), p.monitors.end(),
                     [](const MonitorArgument& monitor) { return !monitor.control; });
}

Result<std::optional<ChardevOptions>> host_end(Parser& p, const std::string& option,
                                               const std::string& text) {
  if (text == "none") return std::optional<ChardevOptions>();
  if (text == "vc" || text.starts_with("vc:")) {  // a console inside the display
    if (p.display != "curses") return host_end(p, option, "null");
    ChardevOptions console;
    console.kind = "vc";
    console.id = option;
    return std::optional(console);
  }
  if (text.starts_with("chardev:")) {
    const auto it = p.chardevs.find(text.substr(8));
    if (it != p.chardevs.end()) return std::optional(it->second);
    std::vector<std::string> ids;
    for (const auto& [id, chardev] : p.chardevs) ids.push_back(id);
    return fail(option + " " + text + ": no -chardev has that id" +
                (ids.empty() ? "" : "; " + expected_one_of(text.substr(8), ids)));
  }
  auto chardev = ChardevOptions::parse_serial(text);
  const auto named = [&option](const std::string& message) {
    return message.starts_with("-serial") ? option + message.substr(7) : message;
  };
  if (chardev) {
    chardev->option = named(chardev->option);
    return std::optional(*chardev);
  }
  std::string message = named(chardev.error().message);
  const std::string head = text.substr(0, text.find_first_of(":,"));
  const std::string close =
      nearest(head, {"stdio", "mon", "null", "none", "file", "unix", "tcp", "chardev"});
  if (!close.empty() && close != head) message += "; did you mean '" + close + "'?";
  return fail(message);
}

// TCP always listens and never waits, as QEMU's; without a host, only this one is let in.
Result<std::optional<ChardevOptions>> parse_gdb(const std::string& option,
                                                const std::string& text) {
  Parser none;
  auto end = TRY(host_end(none, option, text));
  if (!end) return end;
  if (end->kind != "tcp" && end->kind != "unix" && end->kind != "stdio")
    return fail(option + " " + shown(text) +
                ": expected tcp::PORT, unix:PATH,server,nowait, stdio or none");
  if (end->kind != "tcp") return end;
  if (text.starts_with("tcp::")) end->host = "127.0.0.1";
  end->server = end->nodelay = true;
  end->wait = false;
  return end;
}

std::span<const Row> chardev_rows() { return kRows; }

}  // namespace reprise::tools
