#include "qmp/hmp/hmp.h"

#include <iomanip>
#include <sstream>

#include "qmp/hmp/console.h"
#include "qmp/hmp/drives.h"
#include "qmp/hmp/registers.h"

namespace reprise {
namespace {

// The prompt that scripts written for QEMU's monitor wait for.
constexpr const char* kPrompt = "(qemu) ";
constexpr std::size_t kMaxLine = 4096;

}  // namespace

struct HmpTable {
  using Words = std::vector<std::string>;
  struct Command {
    const char* name;
    const char* other;  // a second name, or null
    const char* arguments;
    const char* help;
    std::string (*run)(Operator&, const Words&);
  };

  static std::string text(const Result<void>& result) {
    return result ? "" : "Error: " + result.error().message + "\n";
  }
  static std::string info_registers(Operator& op, const Words& words) {
    const auto cpus = op.cpus();
    const bool all = words.size() > 1 && words[1] == "-a";
    std::string out;
    for (std::size_t i = 0; i < (all ? cpus.size() : std::min<std::size_t>(1, cpus.size())); ++i)
      out += (all ? "CPU#" + std::to_string(i) + "\n" : "") + registers_text(*cpus[i]);
    return out;
  }
  static std::string info_status(Operator& op, const Words&) {
    const RunState state = op.run_state();
    if (state == RunState::Running) return "VM status: running\n";
    if (state == RunState::Paused) return "VM status: paused\n";
    return "VM status: paused (" + std::string(name(state)) + ")\n";
  }
  static std::string gdbserver(Operator& op, const Words& words) {
    if (words.size() > 2) return "Error: expected: gdbserver [device|none]\n";
    const auto said = op.gdbserver(words.size() > 1 ? words[1] : "tcp::1234");
    return said ? *said + "\n" : "Error: " + said.error().message + "\n";
  }
  static std::string info(Operator& op, const Words& words);
  static std::string help(Operator& op, const Words& words);

  static constexpr Command kInfo[] = {
      {"block", nullptr, "[device]", "show the drives and what is in them", hmp_info_block},
      {"registers", nullptr, "[-a]", "show the registers of the first or of all vCPUs",
       info_registers},
      {"status", nullptr, "", "show whether the machine runs", info_status},
  };
  static constexpr Command kCommands[] = {
      {"change", nullptr, "device file [format [read-only-mode]]",
       "put another medium into a drive", hmp_change},
      {"cont", "c", "", "resume the machine",
       [](Operator& op, const Words&) { return text(op.cont()); }},
      {"eject", nullptr, "[-f] device",
       "take the medium out of a drive; -f: even from a locked tray", hmp_eject},
      {"gdbserver", nullptr, "[device|none]",
       "let gdb connect there, by default at tcp::1234; none: no more", gdbserver},
      {"help", "?", "[command]", "show this list", help},
      {"info", nullptr, "[subcommand]", "show what is known about drives, registers, status", info},
      {"mouse_button", nullptr, "buttons", "hold down: 1 left, 2 middle, 4 right, or a sum; 0 none",
       hmp_mouse_button},
      {"mouse_move", nullptr, "dx dy [dz]", "move the mouse right, down; turn its wheel up",
       hmp_mouse_move},
      {"quit", "q", "", "end the emulator",
       [](Operator& op, const Words&) { return op.quit(), std::string(); }},
      {"screendump", nullptr, "file [-f ppm|png]", "save the screen; png also by the file's name",
       hmp_screendump},
      {"sendkey", nullptr, "keys [ms]", "press keys together for a time: sendkey ctrl-alt-f1 200",
       hmp_sendkey},
      {"stop", "s", "", "stop the machine",
       [](Operator& op, const Words&) { return op.stop(), std::string(); }},
      {"system_reset", nullptr, "", "reset the machine",
       [](Operator& op, const Words&) { return text(op.system_reset()); }},
  };

  template <std::size_t N>
  static const Command* find(const Command (&table)[N], const std::string& word) {
    for (const Command& command : table)
      if (word == command.name || (command.other && word == command.other)) return &command;
    return nullptr;
  }
  static std::string line(const Command& command, const char* before = "") {
    std::string text = std::string(before) + command.name;
    if (command.other) text += std::string("|") + command.other;
    if (command.arguments[0]) text += std::string(" ") + command.arguments;
    return text + " -- " + command.help + "\n";
  }
};

std::string HmpTable::info(Operator& op, const Words& words) {
  if (words.size() > 1) {
    const Command* command = find(kInfo, words[1]);
    if (command) return command->run(op, Words(words.begin() + 1, words.end()));
    return "unknown command: 'info " + words[1] + "'; 'info' lists what there is\n";
  }
  std::string out;
  for (const Command& command : kInfo) out += line(command, "info ");
  return out;
}

std::string HmpTable::help(Operator& op, const Words& words) {
  if (words.size() > 1) {
    if (words[1] == "info") return info(op, {"info"});
    const Command* command = find(kCommands, words[1]);
    return command ? line(*command) : "unknown command: '" + words[1] + "'\n";
  }
  std::string out;
  for (const Command& command : kCommands) out += line(command);
  return out;
}

std::string Hmp::execute(const std::string& line) {
  std::istringstream in(line);
  HmpTable::Words words;
  for (std::string word; in >> std::quoted(word);) words.push_back(word);
  if (words.empty()) return "";
  const HmpTable::Command* command = HmpTable::find(HmpTable::kCommands, words[0]);
  if (!command) return "unknown command: '" + words[0] + "'; 'help' lists what there is\n";
  return command->run(operator_, words);
}

void HmpTerminal::greet() {
  line_.clear();  // of whoever was here before
  out_("Reprise monitor - type 'help' for more information\r\n" + std::string(kPrompt));
}

void HmpTerminal::feed(std::string_view bytes) {
  for (const char c : bytes) {
    const char before = std::exchange(last_, c);
    if (escape_) {  // ESC [ ... letter: keys that this line editor does not know
      escape_ = escape_ == 1 && c == '[' ? 2 : escape_ == 2 && u8(c) < 0x40 ? 2 : 0;
    } else if (c == '\x1b') {
      escape_ = 1;
    } else if (c == '\r' || (c == '\n' && before != '\r')) {
      enter();
    } else if (c == '\x7f' || c == '\b') {
      if (line_.empty()) continue;
      line_.pop_back();
      out_("\b \b");
    } else if (c == '\x15') {  // Ctrl-U
      for (; !line_.empty(); line_.pop_back()) out_("\b \b");
    } else if (u8(c) >= 0x20 && line_.size() < kMaxLine) {
      line_ += c;
      out_(std::string(1, c));
    }
  }
}

void HmpTerminal::enter() {
  std::string answer = "\r\n";
  for (const char c : hmp_.execute(std::exchange(line_, {}))) {
    if (c == '\n') answer += '\r';
    answer += c;
  }
  out_(answer + kPrompt);
}

}  // namespace reprise
