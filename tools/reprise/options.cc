// One table says what each option is called, what it takes, and what it does.
#include "tools/reprise/options.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <functional>
#include <random>

#include "cpu/system/model.h"
#include "tools/reprise/suboptions.h"

namespace reprise::tools {
namespace {

namespace po = boost::program_options;

struct Parser {
  Options options;
  std::map<std::string, ChardevOptions> chardevs;
  std::vector<std::string> serial_texts;  // looked at when all chardevs are known
  std::string debugcon_text, monitor_text, display;
  bool nographic = false, seeded = false, rtc_set = false;
};

using Apply = Result<void> (*)(Parser&, const std::string&);
struct Row {
  const char* name;
  const char* argument;  // null: takes none
  const char* help;      // null: for tests; not in -help
  Apply apply;
};

Result<void> machine(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-machine", text, "type", {"type", "accel", "hpet"}));
  const std::string type = values.text("type", "pc");
  if (type != "pc" && type != "pc-i440fx-2.11")
    return fail("-machine " + type + ": no such machine; " +
                expected_one_of(type, {"pc", "pc-i440fx-2.11"}));
  p.options.config.machine = "pc-i440fx-2.11";
  p.options.config.hpet = TRY(values.on_off("hpet", p.options.config.hpet));
  p.options.given.insert("machine");
  if (values.find("hpet")) p.options.given.insert("hpet");
  const std::string accel = values.text("accel", "interp");
  if (accel != "interp" && accel != "tcg")
    return fail("-machine accel=" + accel + ": expected interp (there is no other)");
  return {};
}

std::string cpu_help() {
  std::string text = "Models:\n ";
  for (const std::string& model : cpu::CpuModel::names()) text += " " + model;
  text += "\nFeatures, as +name or -name, or name=on or name=off:\n ";
  std::size_t column = 1;
  for (const std::string& feature : cpu::CpuModel::feature_names()) {
    if (column + feature.size() > 76) text += "\n ", column = 1;
    text += " " + feature;
    column += feature.size() + 1;
  }
  return text + "\nclock=HZ; timing=fixed (one cycle an instruction) or test\n";
}

Result<void> cpu_feature(MachineConfig& config, const std::string& option) {
  // One at a time: here only the name counts.
  if (!cpu::CpuModel::knows_feature(option.substr(1)))
    return fail("-cpu ..." + option + ": no such feature; " +
                expected_one_of(option.substr(1), cpu::CpuModel::feature_names()));
  config.cpu_features.push_back(option);
  return {};
}

Result<void> cpu(Parser& p, const std::string& text) {
  MachineConfig& config = p.options.config;
  const auto values = TRY(Suboptions::parse("-cpu", text, "model", {}));
  for (const auto& [key, value] : values.all()) {
    if (key == "model") {
      if (value == "help" || value == "?") {
        p.options.say = cpu_help();
        return {};
      }
      const auto models = cpu::CpuModel::names();
      if (std::find(models.begin(), models.end(), value) == models.end())
        return fail("-cpu " + value + ": no such model; " + expected_one_of(value, models));
      config.cpu_model = value;
      p.options.given.insert("cpu_model");
    } else if (key == "timing") {
      if (value != "fixed" && value != "test")
        return fail("-cpu timing=" + value + ": no such timing model; " +
                    expected_one_of(value, {"fixed", "test"}));
      config.timing = value;
      p.options.given.insert("timing");
    } else if (key == "clock") {
      const auto hz = parse_number(value, 1'000'000, 100'000'000'000);
      if (!hz) return fail("-cpu clock=" + value + ": " + hz.error().message + " (Hz)");
      config.cpu_hz = *hz;
      p.options.given.insert("cpu_hz");
    } else if (key[0] == '+' || key[0] == '-') {
      TRY(cpu_feature(config, key));
    } else if (value == "on" || value == "off") {
      TRY(cpu_feature(config, (value == "on" ? "+" : "-") + key));
    } else {
      return fail("-cpu " + key + "=" + value +
                  ": expected timing=, clock=, or a feature as +name, -name, name=on, name=off");
    }
  }
  if (!config.cpu_features.empty()) p.options.given.insert("cpu_features");
  TRY(cpu::CpuModel::create(config.cpu_model, config.cpu_features));  // what needs what
  return {};
}

Result<void> smp(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse(
      "-smp", text, "cpus", {"cpus", "maxcpus", "sockets", "cores", "threads", "quantum"}));
  const u64 sockets = TRY(values.number("sockets", 1, 1, 255));
  const u64 cores = TRY(values.number("cores", 1, 1, 255));
  const u64 threads = TRY(values.number("threads", 1, 1, 255));
  const u64 product = sockets * cores * threads;
  const u64 cpus = TRY(values.number("cpus", product, 1, 255));
  if (product > 255 || (product != 1 && product != cpus))
    return fail("-smp " + text + ": sockets x cores x threads is " + std::to_string(product) +
                ", but cpus is " + std::to_string(cpus));
  if (TRY(values.number("maxcpus", cpus, 1, 255)) != cpus)
    return fail("-smp " + text + ": maxcpus other than cpus needs hotplug, which is not there yet");
  p.options.config.cpus = unsigned(cpus);
  p.options.given.insert("cpus");
  if (values.find("quantum")) p.options.given.insert("quantum");
  p.options.config.quantum =
      TRY(values.number("quantum", p.options.config.quantum, 100, 1'000'000'000));
  return {};
}

Result<void> memory(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-m", text, "size", {"size"}));
  const auto size = parse_size(values.text("size"), u64(1) << 20);
  if (!size) return fail("-m " + text + ": " + size.error().message);
  if (*size < (u64(1) << 20) || *size > (u64(1) << 40))
    return fail("-m " + text + ": RAM can be 1 MiB to 1 TiB (a bare number counts MiB)");
  p.options.config.ram_bytes = (*size + 8191) / 8192 * 8192;
  p.options.given.insert("ram_bytes");
  return {};
}

// "2026-11-20" or "2026-11-20T12:00:00", in UTC.
Result<i64> parse_date(const std::string& text) {
  int year, hour = 0, minute = 0, second = 0, used = 0;
  unsigned month, day;
  int count = std::sscanf(text.c_str(), "%4d-%2u-%2u%n", &year, &month, &day, &used);
  if (count == 3 && std::size_t(used) < text.size()) {
    const int date_end = used;
    count = std::sscanf(text.c_str() + date_end, "T%2d:%2d:%2d%n", &hour, &minute, &second, &used);
    used += date_end;
  }
  using namespace std::chrono;
  const auto date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
  if (count != 3 || std::size_t(used) != text.size() || !date.ok() || year < 1970 || hour > 23 ||
      minute > 59 || second > 59 || hour < 0 || minute < 0 || second < 0)
    return fail("-rtc base=" + text +
                ": expected utc, localtime, or a date such as "
                "2026-11-20T12:00:00");
  return i64(sys_days(date).time_since_epoch().count()) * 86400 + hour * 3600 + minute * 60 +
         second;
}

i64 host_time(bool local) {
  const std::time_t now = std::time(nullptr);
  std::tm broken{};
  if (!local || !localtime_r(&now, &broken)) return now;
  return now + broken.tm_gmtoff;
}

Result<void> rtc(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-rtc", text, "base", {"base", "clock", "driftfix"}));
  const std::string clock = values.text("clock", "vm");
  if (clock != "vm" && clock != "host" && clock != "rt")
    return fail("-rtc clock=" + clock + ": expected vm");
  if (clock != "vm")
    return fail("-rtc clock=" + clock + ": the guest's clock follows the machine's: expected vm");
  const std::string base = values.text("base", "utc");
  p.options.config.rtc_base = base == "utc"         ? host_time(false)
                              : base == "localtime" ? host_time(true)
                                                    : TRY(parse_date(base));
  p.rtc_set = true;
  p.options.given.insert("rtc_base");
  return {};
}

Result<void> device(Parser& p, const std::string& text) {
  const std::string kind = text.substr(0, text.find(','));
  if (kind != "isa-debug-exit")
    return fail("-device " + kind + ": no such device; " +
                expected_one_of(kind, {"isa-debug-exit"}));
  const auto values =
      TRY(Suboptions::parse("-device", text, "driver", {"driver", "id", "iobase", "iosize"}));
  TRY(values.number("iobase", 0x501, 0, 0xFFFF));
  TRY(values.number("iosize", 2, 1, 4));
  DeviceOption option{kind, {}};
  for (const auto& [key, value] : values.all())
    if (key != "driver") option.properties[key] = value;
  p.options.config.devices.push_back(std::move(option));
  p.options.given.insert("devices");
  return {};
}

Result<void> accel(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-accel", text, "accel", {"accel", "blocks"}));
  const std::string name = values.text("accel", "interp");
  if (name != "interp" && name != "tcg")
    return fail("-accel " + name + ": expected interp (there is no other)");
  p.options.blocks = TRY(values.on_off("blocks", true));
  return {};
}

Result<void> log_items(Parser& p, const std::string& text) {
  std::string item;
  for (const char c : text + ",") {
    if (c != ',') {
      item += c;
    } else {
      if (item != "in_asm" && item != "int" && item != "exec")
        return fail("-d " + text + ": no item '" + item + "'; " +
                    expected_one_of(item, {"in_asm", "int", "exec"}));
      p.options.log.insert(std::exchange(item, ""));
    }
  }
  return {};
}

Result<void> display(Parser& p, const std::string& text) {
  if (text != "none") return fail("-display " + text + ": expected none (there is no display yet)");
  p.display = text;
  return {};
}

Result<void> pace(Parser& p, const std::string& text) {
  if (text != "real" && text != "max")
    return fail("-pace " + text + ": " + expected_one_of(text, {"real", "max"}));
  p.options.pace = text == "real" ? Pace::Real : Pace::Max;
  return {};
}

Result<void> name(Parser& p, const std::string& text) {
  const auto values =
      TRY(Suboptions::parse("-name", text, "guest", {"guest", "process", "debug-threads"}));
  p.options.config.name = values.text("guest");
  p.options.given.insert("name");
  return {};
}

template <u64 Lo>
Result<u64> number_of(const char* option, const std::string& text) {
  const auto value = parse_number(text, Lo, ~u64(0));
  if (!value) return fail(std::string(option) + " " + text + ": " + value.error().message);
  return *value;
}

#define DO(...)                                                             \
  [](Parser& p, [[maybe_unused]] const std::string& text) -> Result<void> { \
    [[maybe_unused]] Options& o = p.options;                                \
    __VA_ARGS__;                                                            \
    return {};                                                              \
  }

constexpr Row kRows[] = {
    {"help", nullptr, "this list", DO(o.help = true)},
    {"h", nullptr, nullptr, DO(o.help = true)},
    {"version", nullptr, "the version", DO(o.version = true)},
    {"name", "NAME", "the machine's name", name},
    {"machine", "pc[,hpet=on|off]", "the board: pc is pc-i440fx-2.11; also -M", machine},
    {"M", "TYPE", nullptr, machine},
    {"cpu", "MODEL[,+F][,-F][,clock=HZ][,timing=T]",
     "the processor; -cpu help lists models and features", cpu},
    {"smp", "N[,quantum=CYCLES]", "vCPUs, and the cycles of a turn", smp},
    {"m", "SIZE", "RAM: MiB, or with a suffix: 512M, 1G", memory},
    {"kernel", "FILE", "a Linux bzImage or a multiboot ELF", DO(o.kernel = text)},
    {"initrd", "FILE", "its initial RAM disk, or a module for multiboot", DO(o.initrd = text)},
    {"append", "TEXT", "the kernel's command line",
     DO(o.config.append = text; o.given.insert("append"))},
    {"bios", "FILE", "the firmware instead of SeaBIOS", DO(o.bios = text)},
    {"L", "DIR", "where to look for firmware first", DO(o.firmware_dirs.push_back(text))},
    {"serial", "DEV",
     "a serial port (repeat for more): stdio, mon:stdio, file:PATH, null, none,\n"
     "                       tcp:HOST:PORT[,server][,nowait], unix:PATH[,...], chardev:ID",
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
    {"device", "KIND,...", "isa-debug-exit[,iobase=P][,iosize=N]", device},
    {"rtc", "base=utc|localtime|DATE", "the guest's clock at power-on", rtc},
    {"seed", "N", "of everything random in the machine; otherwise drawn anew for each run",
     DO(o.config.seed = TRY(number_of<0>("-seed", text)); p.seeded = true; o.given.insert("seed"))},
    {"no-reboot", nullptr, "a reset ends the run",
     DO(o.config.reboot = false; o.given.insert("reboot"))},
    {"no-shutdown", nullptr, "a power-off stops the machine and waits for the monitor",
     DO(o.shutdown = false)},
    {"S", nullptr, "start stopped; `cont` in the monitor goes on", DO(o.paused = true)},
    {"record", "FILE", "keep the run in FILE", DO(o.record = text)},
    {"replay", "FILE", "play the run in FILE again; no other option is needed",
     DO(o.replay = text)},
    {"pace", "real|max", "whether virtual time may run ahead of the host's", pace},
    {"state-hash", nullptr, "print position and hash of the whole machine at exit",
     DO(o.state_hash = true)},
    {"hash-at-text", "TEXT", "print both when serial port 0 has said TEXT",
     DO(if (text.empty()) return fail("-hash-at-text: expected a text"); o.hash_at_text = text)},
    {"d", "ITEM[,...]", "log in_asm, int, exec", log_items},
    {"D", "FILE", "where -d logs to, instead of stderr", DO(o.log_file = text)},
    {"accel", "interp[,blocks=on|off]", "the interpreter, with or without its block cache", accel},
    {"test-slices", "SEED", nullptr, DO(o.test_slices = TRY(number_of<1>("-test-slices", text)))},
    {"dump-config", nullptr, nullptr, DO(o.dump_config = true)},
};
#undef DO

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const Row& row : kRows)
    if (row.help) result.push_back(std::string("-") + row.name);
  return result;
}

Error unknown(const std::string& given) {
  const std::string word = "-" + given.substr(std::min(given.find_first_not_of('-'), given.size()));
  std::string message = word + ": no such option";
  if (const std::string close = nearest(word, names()); !close.empty())
    message += "; did you mean '" + close + "'?";
  return fail(message + " (-help lists all)");
}

// Boost has found the command line wrong: which word is it?
Error diagnose(int argc, const char* const* argv, const std::string& otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.size() < 2 || word[0] != '-')
      return fail("'" + word + "': expected an option; there are no disk images yet");
    const std::string name = word.substr(word[1] == '-' ? 2 : 1);
    const Row* row = std::find_if(std::begin(kRows), std::end(kRows),
                                  [&](const Row& r) { return r.name == name; });
    if (row == std::end(kRows)) return unknown(word);
    if (!row->argument) continue;
    const std::string wanted = word + ": expected " + row->argument + " after it";
    if (++i == argc) return fail(wanted);
    for (const Row& r : kRows)
      if (argv[i] == std::string("-") + r.name || argv[i] == std::string("--") + r.name)
        return fail(wanted + ", not the option " + argv[i]);
  }
  return fail(otherwise + " (-help lists all options)");
}

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

// The host end of a port; null for "none".
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

// What depends on several options at once.
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

}  // namespace

Result<Options> parse_options(int argc, const char* const* argv) {
  po::options_description description;
  for (const Row& row : kRows) {
    const std::string both = std::string(row.name);
    if (row.argument)
      description.add_options()(both.c_str(), po::value<std::vector<std::string>>());
    else
      description.add_options()(both.c_str(), "");
  }
  po::positional_options_description none;
  using Style = po::command_line_style::style_t;
  std::vector<po::option> found;
  try {
    po::command_line_parser parser(argc, argv);
    found = parser.options(description)
                .positional(none)
                .style(Style::allow_long | Style::long_allow_next | Style::allow_long_disguise)
                .run()
                .options;
  } catch (const po::error& problem) {
    return diagnose(argc, argv, problem.what());
  }

  Parser parser;
  for (const po::option& option : found) {
    const Row* row = std::find_if(std::begin(kRows), std::end(kRows),
                                  [&](const Row& r) { return r.name == option.string_key; });
    if (row == std::end(kRows)) return unknown(option.string_key);
    TRY(row->apply(parser, option.value.empty() ? "" : option.value[0]));
  }
  TRY(finish(parser));
  return std::move(parser.options);
}

std::string help_text() {
  std::string text =
      "Reprise: a PC that can play any run again.\n"
      "usage: reprise [options]        with none: a built-in guest that tests the machine\n\n";
  for (const Row& row : kRows) {
    if (!row.help) continue;
    std::string line = std::string("  -") + row.name + (row.argument ? " " : "") +
                       (row.argument ? row.argument : "");
    line += line.size() < 23 ? std::string(23 - line.size(), ' ') : "\n" + std::string(23, ' ');
    text += line + row.help + "\n";
  }
  return text +
         "\nOn a terminal, Ctrl-A x ends the emulator, Ctrl-A c switches to the monitor, "
         "Ctrl-A h helps.\n";
}

}  // namespace reprise::tools
