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

}  // namespace

Result<void> finish(Parser& p) {
  Options& o = p.options;
  if (!is_utf8(o.config.append)) return fail("-append: expected UTF-8 text");
  if (!is_utf8(o.config.name)) return fail("-name: expected UTF-8 text");
  for (const std::string& text : p.serial_texts)
    o.serials.push_back(TRY(host_end(p, "-serial", text)));
  if (o.serials.size() > 4) return fail("-serial: a PC has at most 4 serial ports");
  if (!p.debugcon_text.empty()) {
    o.debugcon = TRY(host_end(p, "-debugcon", p.debugcon_text));
    o.config.debugcon = o.debugcon.has_value();
    o.given.insert("debugcon");
  }
  if (!p.monitor_text.empty()) o.monitor = TRY(host_end(p, "-monitor", p.monitor_text));

  unsigned terminals = 0;
  const auto is_terminal = [](const auto& end) { return end && end->kind == "stdio"; };
  for (const auto& end : o.serials) terminals += is_terminal(end);
  terminals += is_terminal(o.debugcon) + is_terminal(o.monitor);
  if (terminals > 1)
    return fail(
        "stdio is used by more than one of -serial, -debugcon, -monitor; give the others "
        "file:, tcp:, unix: or null");
  if (o.serials.empty()) {
    // With no display to look at, the first serial port and the monitor share the terminal.
    ChardevOptions terminal;
    terminal.kind = terminals || (p.display == "none" && !p.nographic) ? "null" : "stdio";
    terminal.mux = terminal.kind == "stdio" && p.monitor_text.empty();
    terminal.signal = !terminal.mux;
    o.serials.push_back(terminal);
  } else {
    o.given.insert("serials");
  }
  o.config.serials = 0;
  for (const auto& end : o.serials) o.config.serials += end.has_value();
  if (p.nographic) {
    o.config.graphics = false;
    o.given.insert("graphics");
  }

  if (!o.log_file.empty() && o.log.empty())
    return fail("-D " + o.log_file + ": nothing is logged; give -d as well");
  if (!o.record.empty() && !o.replay.empty())
    return fail("-record " + o.record + " and -replay " + o.replay + ": expected one of them");
  if (o.kernel.empty()) {
    if (!o.initrd.empty()) return fail("-initrd " + o.initrd + ": needs -kernel");
    if (!o.config.append.empty() && o.replay.empty()) return fail("-append: needs -kernel");
  }
  if (!p.rtc_set) o.config.rtc_base = host_time(false);
  if (!p.seeded) {
    std::random_device random;
    o.config.seed = u64(random()) << 32 | random();
  }
  return {};
}

}  // namespace reprise::tools
