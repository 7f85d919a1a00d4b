// How the run goes and what is kept of it: nothing here is the guest's business.
#include "tools/reprise/options/table.h"
#include "tools/reprise/replay_options.h"

namespace reprise::tools {
namespace {

Result<void> log_items(Parser& p, const std::string& text) {
  std::string item;
  if (text == "help" || text == "?") {
    p.options.say =
        "Log items (comma separated):\n"
        "in_asm     show guest code when it is first decoded\n"
        "int        show interrupts and exceptions\n"
        "exec       show each instruction\n"
        "branch     show jumps, calls and returns that are taken\n"
        "mem        show what instructions read and write\n"
        "lines=N    stop logging after N lines\n";
    return {};
  }
  for (const char c : text + ",") {
    if (c != ',') {
      item += c;
    } else {
      if (item.starts_with("lines=")) {
        const auto lines = parse_number(item.substr(6), 1, ~u64(0));
        if (!lines) return fail("-d " + shown(item) + ": " + lines.error().message);
      } else if (item != "in_asm" && item != "int" && item != "exec" && item != "branch" &&
                 item != "mem") {
        return fail("-d " + shown(text) + ": no item '" + shown(item) + "'; " +
                    expected_one_of(item, {"in_asm", "int", "exec", "branch", "mem", "lines=N"}));
      }
      p.options.log.insert(std::exchange(item, ""));
    }
  }
  return {};
}

Result<void> pace(Parser& p, const std::string& text) {
  if (text != "real" && text != "max")
    return fail("-pace " + shown(text) + ": " + expected_one_of(text, {"real", "max"}));
  p.options.pace = text == "real" ? Pace::Real : Pace::Max;
  return {};
}

// A bare name, which may have commas, as ever; with more, `,,` stands for a comma.
Result<void> recorded_file(Parser& p, const std::string& option, const std::string& text,
                           std::string& file) {
  if (text.find(",embed=") == std::string::npos && text.find(",keyframes=") == std::string::npos) {
    file = text;
    return {};
  }
  const Suboptions values =
      TRY(Suboptions::parse(option, text, "file", {"file", "embed", "keyframes"}));
  file = values.text("file");
  const std::string embed = values.text("embed");
  if (!embed.empty() && embed != "disks" && embed != "none")
    return fail(option + " " + text + ": embed=: " + expected_one_of(embed, {"disks", "none"}));
  p.options.embed_disks = embed == "disks";
  if (values.text("keyframes") == "off")
    p.options.keyframes = 0;
  else
    p.options.keyframes =
        TRY(values.number("keyframes", p.options.keyframes, 1'000'000, u64(1) << 50));
  return {};
}

Result<void> record(Parser& p, const std::string& text) {
  return recorded_file(p, "-record", text, p.options.record);
}
Result<void> snapshots(Parser& p, const std::string& text) {
  return recorded_file(p, "-snapshots", text, p.options.snapshots);
}

Result<void> replay(Parser& p, const std::string& text) {
  const RecordingName name = TRY(recording_name(text));
  p.options.replay = name.file;
  p.options.branch = name.branch;
  return {};
}

// size=SIZE, SIZE, or off.
Result<void> flight_recorder(Parser& p, const std::string& text) {
  constexpr u64 kLeast = 1 << 20;
  if (text == "off" || text == "size=off" || text == "size=0") {
    p.options.flight_recorder = 0;
    return {};
  }
  const auto size = parse_size(text.starts_with("size=") ? text.substr(5) : text, 1);
  if (!size || *size < kLeast)
    return fail("-flight-recorder " + shown(text) + ": expected off, or size= and at least 1M");
  p.options.flight_recorder = *size;
  return {};
}

// ICOUNT: in machines of this process that have blocks if this one has; ICOUNT,all: in all of them;
// ICOUNT,once: in the first one only.
Result<void> test_flip(Parser& p, const std::string& text) {
  using In = Options::FlipIn;
  const std::size_t comma = std::min(text.find(','), text.size());
  const std::string in = text.substr(comma);
  if (!in.empty() && in != ",all" && in != ",once")
    return fail("-test-flip " + shown(text) + ": expected ICOUNT, ICOUNT,all or ICOUNT,once");
  p.options.test_flip = TRY(number_of<1>("-test-flip", text.substr(0, comma)));
  p.options.test_flip_in = in.empty() ? In::OwnBlocks : in == ",all" ? In::All : In::Once;
  return {};
}

// QEMU's words for the clock and for record and replay. Instructions are always counted here, so
// that only what an instruction takes (2^N ns) is left to say of the clock.
Result<void> icount(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse(
      "-icount", text, "shift", {"shift", "align", "sleep", "rr", "rrfile", "rrsnapshot"}));
  const std::string rr = values.text("rr"), file = values.text("rrfile", "replay.bin");
  if (!rr.empty() && rr != "record" && rr != "replay")
    return fail("-icount " + shown(text) + ": rr=: " + expected_one_of(rr, {"record", "replay"}));
  if (rr == "record") p.options.record = file;
  if (rr == "replay") p.options.replay = file;
  if (const std::string* name = values.find("rrsnapshot"))
    p.options.warnings.push_back(
        "-icount rrsnapshot=" + shown(*name) +
        " has no effect: a recording has its start, and states on the way");
  if (values.text("shift", "auto") == "auto" || rr == "replay") return {};
  const u64 shift = TRY(values.number("shift", 0, 0, 9));
  p.options.config.cpu_hz = 1'000'000'000 >> shift;
  p.options.given.insert("cpu_hz");
  return {};
}

Result<void> replay_disk(Parser& p, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return fail("-replay-disk " + text + ": expected ID=PATH, as in ide0-hd0=disk.img");
  p.options.replay_disks[text.substr(0, equals)] = text.substr(equals + 1);
  return {};
}

constexpr Row kRows[] = {
    {"help", nullptr, "this list", DO(o.help = true)},
    {"h", nullptr, nullptr, DO(o.help = true)},
    {"version", nullptr, "the version", DO(o.version = true)},
    {"no-reboot", nullptr, "a reset ends the run",
     DO(o.config.reboot = false; o.given.insert("reboot"))},
    {"no-shutdown", nullptr, "a power-off stops the machine and waits for the monitor",
     DO(o.shutdown = false)},
    {"S", nullptr, "start stopped; `cont` in the monitor goes on", DO(o.paused = true)},
    {"record", "FILE[,embed=disks][,keyframes=N|off]",
     "keep the run in FILE; with what it reads of disks, so that it plays without them; a state to "
     "begin from each N instructions",
     record},
    {"icount", "shift=N|auto,rr=record|replay,rrfile=FILE",
     "QEMU's words for -cpu MODEL,clock=, -record and -replay", icount},
    {"flight-recorder", "size=SIZE|off",
     "how much memory the states take by which one can go back (256M)", flight_recorder},
    {"snapshots", "FILE[,embed=disks][,keyframes=N|off]",
     "where savevm keeps the machine's states; each run that names the file goes on in it",
     snapshots},
    {"loadvm", "TAG", "begin at a snapshot in the file of -snapshots, or of -replay",
     DO(o.loadvm = text)},
    {"replay", "FILE[,branch=N]",
     "play the run in FILE again; no other option is needed; of several, the last begun", replay},
    {"replay-disk", "ID=PATH",
     "where a disk of the recorded run is; else it is looked for beside the recording",
     replay_disk},
    {"pace", "real|max", "whether virtual time may run ahead of the host's", pace},
    {"state-hash", nullptr, "print position and hash of the whole machine at exit",
     DO(o.state_hash = true)},
    {"hash-at-text", "TEXT", "print both when serial port 0 has said TEXT",
     DO(if (text.empty()) return fail("-hash-at-text: expected a text"); o.hash_at_text = text)},
    {"d", "ITEM[,...]", "log in_asm, int, exec, branch, mem; lines=N", log_items},
    {"D", "FILE", "where -d logs to, instead of stderr", DO(o.log_file = text)},
    {"pidfile", "FILE", "write the process id there; it goes away at the end",
     DO(o.pidfile = text)},
    {"daemonize", nullptr, "go into the background once the machine is ready",
     DO(o.daemonize = true)},
    {"against", "BINARY", "another build of this program, to find where a replay goes wrong",
     DO(o.against = text)},
    {"test-flip", "ICOUNT", nullptr, test_flip},
    {"test-slices", "SEED", nullptr, DO(o.test_slices = TRY(number_of<1>("-test-slices", text)))},
    {"test-faults", "ID:OP:NUMBER:ERROR,...", nullptr, DO(o.test_faults = text)},
    {"test-disk-delay", "SEED", nullptr,
     DO(o.test_disk_delay = TRY(number_of<1>("-test-disk-delay", text)))},
    {"dump-config", nullptr, nullptr, DO(o.dump_config = true)},
};

}  // namespace

std::span<const Row> run_rows() { return kRows; }

}  // namespace reprise::tools
