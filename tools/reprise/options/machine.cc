// The board: its kind, name, memory, clock.
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

Result<void> name(Parser& p, const std::string& text) {
  const auto values =
      TRY(Suboptions::parse("-name", text, "guest", {"guest", "process", "debug-threads"}));
  p.options.config.name = values.text("guest");
  p.options.given.insert("name");
  return {};
}

constexpr Row kRows[] = {
    {"name", "NAME", "the machine's name", name},
    {"machine", "pc[,hpet=on|off]", "the board: pc is pc-i440fx-2.11; also -M", machine},
    {"M", "TYPE", nullptr, machine},
    {"m", "SIZE", "RAM: MiB, or with a suffix: 512M, 1G", memory},
    {"rtc", "base=utc|localtime|DATE", "the guest's clock at power-on", rtc},
    {"seed", "N", "of everything random in the machine; otherwise drawn anew for each run",
     DO(o.config.seed = TRY(number_of<0>("-seed", text)); p.seeded = true; o.given.insert("seed"))},
};

}  // namespace

std::span<const Row> machine_rows() { return kRows; }

}  // namespace reprise::tools
