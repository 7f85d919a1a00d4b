// Serial ports, consoles and displays, and their host ends.
#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

Result<void> display(Parser& p, const std::string& text) {
  if (text != "none") return fail("-display " + text + ": expected none (there is no display yet)");
  p.display = text;
  return {};
}

constexpr Row kRows[] = {
    {"serial", "DEV",
     "a serial port (repeat for more): stdio, mon:stdio, file:PATH, null, none,\n"
     "tcp:HOST:PORT[,server][,nowait], unix:PATH[,...], chardev:ID",
     DO(p.serial_texts.push_back(text))},
    {"chardev", "KIND,id=ID,...", "a host end by name: stdio, file, null, socket",
     DO(auto chardev = TRY(ChardevOptions::parse_chardev(text));
        if (!p.chardevs.emplace(chardev.id, chardev).second) return fail(
            "-chardev " + text + ": the id is used twice"))},
    {"debugcon", "DEV", "a debug console at port 402h", DO(p.debugcon_text = text)},
    {"monitor", "DEV", "the human monitor", DO(p.monitor_text = text)},
    {"nographic", nullptr, "no display; serial port and monitor on this terminal",
     DO(p.nographic = true)},
    {"display", "none", "no display", display},
};

}  // namespace

Result<std::optional<ChardevOptions>> host_end(Parser& p, const std::string& option,
                                               const std::string& text) {
  if (text == "none") return std::optional<ChardevOptions>();
  if (text.starts_with("chardev:")) {
    const auto it = p.chardevs.find(text.substr(8));
    if (it != p.chardevs.end()) return std::optional(it->second);
    std::vector<std::string> ids;
    for (const auto& [id, chardev] : p.chardevs) ids.push_back(id);
    return fail(option + " " + text + ": no -chardev has that id" +
                (ids.empty() ? "" : "; " + expected_one_of(text.substr(8), ids)));
  }
  auto chardev = ChardevOptions::parse_serial(text);
  if (chardev) return std::optional(*chardev);
  std::string message = chardev.error().message;
  if (message.starts_with("-serial")) message = option + message.substr(7);
  const std::string head = text.substr(0, text.find_first_of(":,"));
  const std::string close =
      nearest(head, {"stdio", "mon", "null", "none", "file", "unix", "tcp", "chardev"});
  if (!close.empty() && close != head) message += "; did you mean '" + close + "'?";
  return fail(message);
}

std::span<const Row> chardev_rows() { return kRows; }

}  // namespace reprise::tools
