#include "qmp/hmp/hmp.h"

#include <charconv>
#include <iomanip>
#include <sstream>

#include "qmp/hmp/console.h"
#include "qmp/hmp/drives.h"
#include "qmp/hmp/memory.h"
#include "qmp/hmp/registers.h"
#include "qmp/hmp/travel.h"

namespace reprise {
namespace {

// The prompt that scripts written for QEMU's monitor wait for.
constexpr const char* kPrompt = "(qemu) ";
constexpr std::size_t kMaxLine = 4096;

}  // namespace

struct HmpTable {
  using Words = HmpWords;
  struct Command {
    const char* name;
    const char* other;  // a second name, or null
    const char* arguments;
    const char* help;
    std::string (*run)(HmpState&, const Words&);
  };

  // Commands that do not care about the vCPU.
  template <auto kRun>
  static std::string on(HmpState& state, const Words& words) {
    return kRun(state.op, words);
  }
  static std::string info_registers(HmpState& state, const Words& words) {
    const auto cpus = state.op.cpus();
    const bool all = words.size() > 1 && words[1] == "-a";
    std::string out;
    for (std::size_t i = 0; i < cpus.size(); ++i)
      if (all || i == state.cpu)
        out += (all ? "CPU#" + std::to_string(i) + "\n" : "") + registers_text(*cpus[i]);
    return out;
  }
  static std::string info_timing(HmpState& state, const Words&) {
    const auto cpus = state.op.cpus();
    return state.cpu < cpus.size() ? timing_text(*cpus[state.cpu]) : "";
  }
  static std::string cpu(HmpState& state, const Words& words) {
    unsigned index = 0;
    const char* end = words.back().data() + words.back().size();
    const auto parsed = std::from_chars(words.back().data(), end, index);
    if (words.size() != 2 || parsed.ec != std::errc() || parsed.ptr != end ||
        index >= state.op.cpus().size())
      return "Error: expected: cpu INDEX, 0 for the first vCPU\n";
    state.cpu = index;
    return "";
  }
  static std::string info_status(HmpState& s, const Words&) {
    const RunState state = s.op.run_state();
    if (state == RunState::Running) return "VM status: running\n";
    if (state == RunState::Paused) return "VM status: paused\n";
    return "VM status: paused (" + std::string(name(state)) + ")\n";
  }
  static std::string gdbserver(HmpState& state, const Words& words) {
    if (words.size() > 2) return "Error: expected: gdbserver [device|none]\n";
    const auto said = state.op.gdbserver(words.size() > 1 ? words[1] : "tcp::1234");
    return said ? *said + "\n" : "Error: " + said.error().message + "\n";
  }
  static std::string info(HmpState& state, const Words& words);
  static std::string help(HmpState& state, const Words& words);

  static constexpr Command kInfo[] = {
      {"block", nullptr, "[device]", "show the drives and what is in them", on<hmp_info_block>},
      {"branches", nullptr, "", "show the runs in the file that is recorded to, or played",
       hmp_info_branches},
      {"registers", nullptr, "[-a]", "show the registers of the first or of all vCPUs",
       info_registers},
      {"replay", nullptr, "", "show where the run is, and how far one can go", hmp_info_replay},
      {"snapshots", nullptr, "", "show the snapshots", hmp_info_snapshots},
      {"status", nullptr, "", "show whether the machine runs", info_status},
      {"timing", nullptr, "", "show what the timing model has counted", info_timing},
  };
  static constexpr Command kCommands[] = {
      {"change", nullptr, "device file [format [read-only-mode]]",
       "put another medium into a drive", on<hmp_change>},
      {"cont", "c", "", "resume the machine",
       [](HmpState& s, const Words&) { return hmp_said(s.op.cont()); }},
      {"cpu", nullptr, "index", "look at this vCPU", cpu},
      {"delvm", nullptr, "tag", "delete a snapshot", hmp_delvm},
      {"eject", nullptr, "[-f] device",
       "take the medium out of a drive; -f: even from a locked tray", on<hmp_eject>},
      {"gdbserver", nullptr, "[device|none]",
       "let gdb connect there, by default at tcp::1234; none: no more", gdbserver},
      {"help", "?", "[command]", "show this list", help},
      {"info", nullptr, "[subcommand]", "show what is known about drives, registers, status", info},
      {"loadvm", nullptr, "tag", "go to a snapshot", hmp_loadvm},
      {"mouse_button", nullptr, "buttons", "hold down: 1 left, 2 middle, 4 right, or a sum; 0 none",
       on<hmp_mouse_button>},
      {"mouse_move", nullptr, "dx dy [dz]", "move the mouse right, down; turn its wheel up",
       on<hmp_mouse_move>},
      {"nmi", nullptr, "", "send a non-maskable interrupt to the processors",
       [](HmpState& s, const Words&) { return hmp_said(s.op.inject_nmi()); }},
      {"quit", "q", "", "end the emulator",
       [](HmpState& s, const Words&) { return s.op.quit(), std::string(); }},
      {"record_save", nullptr, "file", "save what the flight recorder has", hmp_record_save},
      {"record_start", nullptr, "file", "record the run from here on", hmp_record_start},
      {"record_stop", nullptr, "", "end the recording", hmp_record_stop},
      {"replay_break", nullptr, "icount", "stop there, in a replay or in the past",
       hmp_replay_break},
      {"replay_continue", nullptr, "[-r]", "run on to a breakpoint, or back", hmp_replay_continue},
      {"replay_delete_break", nullptr, "", "remove that breakpoint", hmp_replay_delete_break},
      {"replay_live", nullptr, "[branch [file]]", "go on live from here, recorded to a file",
       hmp_replay_live},
      {"replay_open", nullptr, "file [branch]", "play that recording in place of this run",
       hmp_replay_open},
      {"replay_seek", nullptr, "icount|percent%|begin|end", "go there", hmp_replay_seek},
      {"replay_step", nullptr, "[-r] [count]", "execute instructions, or take them back",
       hmp_replay_step},
      {"savevm", nullptr, "tag", "keep a snapshot of the machine", hmp_savevm},
      {"screendump", nullptr, "file [-f ppm|png]", "save the screen; png also by the file's name",
       on<hmp_screendump>},
      {"sendkey", nullptr, "keys [ms]", "press keys together for a time: sendkey ctrl-alt-f1 200",
       on<hmp_sendkey>},
      {"stop", "s", "", "stop the machine",
       [](HmpState& s, const Words&) { return s.op.stop(), std::string(); }},
      {"system_powerdown", nullptr, "", "press the power button",
       [](HmpState& s, const Words&) { return hmp_said(s.op.system_powerdown()); }},
      {"system_reset", nullptr, "", "reset the machine",
       [](HmpState& s, const Words&) { return hmp_said(s.op.system_reset()); }},
      {"x", nullptr, "[/fmt] address", "show memory as the vCPU sees it: x /4xg $rsp, x /10i $pc",
       hmp_x},
      {"xp", nullptr, "[/fmt] address", "show physical memory", hmp_xp},
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

std::string HmpTable::info(HmpState& state, const Words& words) {
  if (words.size() > 1) {
    const Command* command = find(kInfo, words[1]);
    if (command) return command->run(state, Words(words.begin() + 1, words.end()));
    return "unknown command: 'info " + words[1] + "'; 'info' lists what there is\n";
  }
  std::string out;
  for (const Command& command : kInfo) out += line(command, "info ");
  return out;
}

std::string HmpTable::help(HmpState& state, const Words& words) {
  if (words.size() > 1) {
    if (words[1] == "info") return info(state, {"info"});
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
  if (const std::size_t slash = words[0].find('/'); slash != std::string::npos && slash > 0) {
    words.insert(words.begin() + 1, words[0].substr(slash));  // x/4xg
    words[0].resize(slash);
  }
  const HmpTable::Command* command = HmpTable::find(HmpTable::kCommands, words[0]);
  if (!command) return "unknown command: '" + words[0] + "'; 'help' lists what there is\n";
  return command->run(state_, words);
}

bool Hmp::select_cpu(u64 cpu) {
  if (cpu >= state_.op.cpus().size()) return false;
  state_.cpu = unsigned(cpu);
  return true;
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
