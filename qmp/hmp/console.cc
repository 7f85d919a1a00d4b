#include "qmp/hmp/console.h"

#include <charconv>

#include "qmp/operator_console.h"

namespace reprise {
namespace {

constexpr u64 kHoldMs = 100;

std::string said(const std::string& command, const Result<void>& result) {
  return result ? "" : "Error: " + command + ": " + result.error().message + "\n";
}
std::string usage(const std::string& text) { return "Error: expected: " + text + "\n"; }

std::optional<int> number(const std::string& word, int lo, int hi) {
  int value = 0;
  const char* end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < lo || value > hi)
    return std::nullopt;
  return value;
}

// By name, or 0xNN.
std::optional<QKeyCode> key(const std::string& name) {
  if (!name.starts_with("0x")) {
    const auto found = key_by_name(name == "enter" ? "ret" : name);
    return found == QKeyCode::k_unmapped ? std::nullopt : found;
  }
  unsigned code = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + 2, end, code, 16);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return key_by_number(code);
}

OperatorConsole* console(Operator& op) { return op.console(); }
constexpr const char* kNoConsole = "Error: this machine has no screen and keyboard\n";

}  // namespace

std::optional<QKeyCode> key_by_number(unsigned code) {
  if (!code || code > 0xff) return std::nullopt;
  for (unsigned i = 1; i < kKeyCount; ++i) {
    const u16 set2 = kKeys[i].set2;
    if (set2 && (set2 > 0xff) == (code > 0x7f) && set1_of(u8(set2)) == (code & 0x7f))
      return QKeyCode(i);
  }
  return std::nullopt;
}

std::string hmp_screendump(Operator& op, const HmpWords& words) {
  std::string file, format;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-f" && i + 1 < words.size()) {
      format = words[++i];
    } else if (file.empty() && words[i] != "-f") {
      file = words[i];
    } else {
      return usage("screendump file [-f ppm|png]");
    }
  }
  if (file.empty()) return usage("screendump file [-f ppm|png]");
  if (!console(op)) return kNoConsole;
  return said("screendump", console(op)->screendump(file, format));
}

std::string hmp_sendkey(Operator& op, const HmpWords& words) {
  if (words.size() < 2 || words.size() > 3) return usage("sendkey key[-key...] [ms]");
  u64 hold = kHoldMs;
  if (words.size() == 3) {
    const auto ms = number(words[2], 0, 60'000);
    if (!ms) return "Error: sendkey: '" + words[2] + "': expected 0 to 60000 ms\n";
    hold = u64(*ms);
  }
  std::vector<QKeyCode> keys;
  for (std::string word = words[1] + "-"; !word.empty();) {
    const std::string name = word.substr(0, word.find('-'));
    const auto found = key(name);
    if (!found)
      return "Error: sendkey: no key '" + name +
             "'; keys are called as in QEMU: a, 1, ret, spc, esc, f1, ctrl, alt, shift, delete\n";
    keys.push_back(*found);
    word.erase(0, name.size() + 1);
  }
  if (!console(op)) return kNoConsole;
  return said("sendkey", console(op)->send_keys(keys, hold));
}

std::string hmp_mouse_move(Operator& op, const HmpWords& words) {
  std::vector<int> counts;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto count = number(words[i], -32767, 32767);
    if (!count) return "Error: mouse_move: '" + words[i] + "': expected -32767 to 32767\n";
    counts.push_back(*count);
  }
  if (counts.size() < 2 || counts.size() > 3) return usage("mouse_move dx dy [dz]");
  counts.resize(3);
  if (!console(op)) return kNoConsole;
  return said("mouse_move", console(op)->mouse_move(counts[0], counts[1], counts[2]));
}

std::string hmp_mouse_button(Operator& op, const HmpWords& words) {
  const auto buttons = words.size() == 2 ? number(words[1], 0, 7) : std::nullopt;
  if (!buttons) return usage("mouse_button buttons (1 left, 2 middle, 4 right, or sums of these)");
  if (!console(op)) return kNoConsole;
  return said("mouse_button", console(op)->mouse_buttons(unsigned(*buttons)));
}

}  // namespace reprise
