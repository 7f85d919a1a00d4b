// The board: its kind, name, memory, clock.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include "tools/reprise/options/table.h"

namespace reprise::tools {

i64 host_time(bool local) {
  const std::time_t now = std::time(nullptr);
  std::tm broken{};
  if (!local || !localtime_r(&now, &broken)) return now;
  return now + broken.tm_gmtoff;
}

namespace {

// Properties of QEMU's machine that ask for what is so anyway, or that only its host would notice.
Result<void> check_properties(const Suboptions& values) {
  struct Property {
    const char* key;
    std::vector<std::string> values;
  };
  const std::vector<std::string> any = {"on", "off", "auto"};
  const Property properties[] = {{"usb", {"off"}},
                                 {"vmport", {"off", "auto"}},
                                 {"smm", {"on", "auto"}},
                                 {"nvdimm", {"off"}},
                                 {"igd-passthru", {"off"}},
                                 {"dump-guest-core", any},
                                 {"mem-merge", any},
                                 {"suppress-vmdesc", any},
                                 {"enforce-config-section", any},
                                 {"kernel-irqchip", {"on", "off", "split"}},
                                 {"kernel_irqchip", {"on", "off", "split"}},
                                 {"smbus", {"on"}},
                                 {"sata", {"off"}},
                                 {"pit", {"on"}},
                                 {"i8042", {"on"}},
                                 {"x-south-bridge", {"PIIX3"}}};
  for (const Property& property : properties) {
    const std::string* value = values.find(property.key);
    if (!value) continue;
    if (std::find(property.values.begin(), property.values.end(), *value) == property.values.end())
      return fail("-machine " + std::string(property.key) + "=" + shown(*value) +
                  ": this machine has no other than " +
                  expected_one_of("", property.values).substr(9));
  }
  return {};
}

const char kMachines[] =
    "Supported machines are:\n"
    "pc                   PC (i440FX + PIIX) (alias of pc-i440fx-2.11)\n"
    "pc-i440fx-2.11       PC (i440FX + PIIX) (default)\n";

Result<void> machine(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-machine", text, "type",
                                            {"type",
                                             "accel",
                                             "hpet",
                                             "acpi",
                                             "graphics",
                                             "memory-backend",
                                             "usb",
                                             "vmport",
                                             "smm",
                                             "nvdimm",
                                             "igd-passthru",
                                             "dump-guest-core",
                                             "mem-merge",
                                             "suppress-vmdesc",
                                             "enforce-config-section",
                                             "kernel-irqchip",
                                             "kernel_irqchip",
                                             "smbus",
                                             "sata",
                                             "pit",
                                             "i8042",
                                             "pcspk-audiodev",
                                             "x-south-bridge"}));
  const std::string type = values.text("type", "pc");
  if (type == "help" || type == "?") {
    p.options.say = kMachines;
    return {};
  }
  if (type != "pc" && type != "pc-i440fx-2.11")
    return fail("-machine " + shown(type) + ": no such machine; " +
                expected_one_of(type, {"pc", "pc-i440fx-2.11"}));
  MachineConfig& config = p.options.config;
  config.machine = "pc-i440fx-2.11";
  config.hpet = TRY(values.on_off("hpet", config.hpet));
  config.acpi = TRY(values.on_off("acpi", config.acpi));
  config.graphics = TRY(values.on_off("graphics", config.graphics));
  p.options.given.insert("machine");
  for (const char* key : {"hpet", "acpi", "graphics"})
    if (values.find(key)) p.options.given.insert(key);
  p.speaker_audiodev = values.text("pcspk-audiodev", p.speaker_audiodev);
  if (const std::string* accel = values.find("accel")) p.accels.push_back(*accel);
  p.memory_backend = values.text("memory-backend", p.memory_backend);
  return check_properties(values);
}

Result<void> memory(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-m", text, "size", {"size", "slots", "maxmem"}));
  const auto size = parse_size(values.text("size", "128"), u64(1) << 20);
  if (!size) return fail("-m " + shown(text) + ": " + size.error().message);
  if (*size < (u64(1) << 20) || *size > (u64(1) << 40))
    return fail("-m " + shown(text) + ": RAM can be 1 MiB to 1 TiB (a bare number counts MiB)");
  p.options.config.ram_bytes = (*size + 8191) / 8192 * 8192;
  p.options.given.insert("ram_bytes");
  const auto most = parse_size(values.text("maxmem", values.text("size", "128")), u64(1) << 20);
  if (!most || *most != *size || values.text("slots", "0") != "0")
    return fail(values.option() +
                ": more slots or a maxmem other than the size need memory "
                "hotplug, which is not there yet");
  return {};
}

// -object memory-backend-ram of the size of -m is what libvirt says of plain RAM.
Result<void> object(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-object", text, "qom-type", {}));
  const std::string type = values.text("qom-type"), id = values.text("id");
  if (id.empty()) return fail(values.option() + ": expected id=");
  if (type == "memory-backend-ram") {
    const auto size = parse_size(values.text("size"), 1);
    if (!size) return fail(values.option() + ": size=: " + size.error().message);
    p.memory_backends[id] = *size;
  } else if (type != "secret" && type != "iothread") {  // nothing here uses these
    return fail(values.option() + ": " +
                (type.empty() ? "expected a type" : "no " + shown(type) + " yet") +
                "; there are memory-backend-ram, secret, iothread");
  }
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

Result<void> rtc(Parser& p, const std::string& text) {
  const auto values = TRY(Suboptions::parse("-rtc", text, "base", {"base", "clock", "driftfix"}));
  const std::string clock = values.text("clock", "vm");
  if (clock != "vm" && clock != "host" && clock != "rt")
    return fail("-rtc clock=" + clock + ": expected vm");
  if (clock != "vm")
    return fail("-rtc clock=" + clock + ": the guest's clock follows the machine's: expected vm");
  TRY(values.one_of("driftfix", "none", {"none", "slew"}));  // no tick is ever lost
  const std::string base = values.text("base", "utc");
  p.options.config.rtc_base = base == "utc"         ? host_time(false)
                              : base == "localtime" ? host_time(true)
                                                    : TRY(parse_date(base));
  p.rtc_set = true;
  p.options.given.insert("rtc_base");
  return {};
}

Result<void> name(Parser& p, const std::string& text) {
  const auto values =
      TRY(Suboptions::parse("-name", text, "guest", {"guest", "process", "debug-threads"}));
  TRY(values.on_off("debug-threads", false));
  p.options.config.name = values.text("guest");
  p.options.process_name = values.text("process");
  p.options.given.insert("name");
  return {};
}

constexpr Row kRows[] = {
    {"name", "NAME[,process=NAME]", "the machine's name, and the process's", name},
    {"machine", "pc[,hpet=on|off][,acpi=on|off]",
     "the board: pc is pc-i440fx-2.11; -machine help; also -M", machine},
    {"M", "TYPE", nullptr, machine},
    {"m", "SIZE", "RAM: MiB, or with a suffix: 512M, 1G", memory},
    {"rtc", "base=utc|localtime|DATE", "the guest's clock at power-on", rtc},
    {"localtime", nullptr, nullptr, DO(return rtc(p, "base=localtime"))},
    {"startdate", "DATE", nullptr, DO(return rtc(p, "base=" + (text == "now" ? "utc" : text)))},
    {"seed", "N", "of everything random in the machine; otherwise drawn anew for each run",
     DO(o.config.seed = TRY(number_of<0>("-seed", text)); p.seeded = true; o.given.insert("seed"))},
    {"nodefaults", nullptr, "no serial port, parallel port, VGA, floppy or CD unless asked for",
     DO(p.default_serial = p.default_parallel = p.default_vga = p.default_cdrom = p.default_floppy =
            false)},
    {"no-acpi", nullptr, "neither ACPI tables nor power management",
     DO(o.config.acpi = false; o.given.insert("acpi"))},
    {"no-hpet", nullptr, "no HPET", DO(o.config.hpet = false; o.given.insert("hpet"))},
    {"global", "DRIVER.PROPERTY=VALUE", "the default of a property of the board's or a -device",
     global},
    {"object", "TYPE,id=ID,...", "memory-backend-ram of the size of -m, secret, iothread", object},
};

}  // namespace

std::span<const Row> machine_rows() { return kRows; }

}  // namespace reprise::tools
