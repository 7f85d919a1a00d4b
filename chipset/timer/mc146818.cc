#include "chipset/timer/mc146818.h"

#include <algorithm>

namespace reprise {

namespace {
enum Index : u8 {
  kSeconds = 0x00,
  kSecondsAlarm = 0x01,
  kMinutes = 0x02,
  kMinutesAlarm = 0x03,
  kHours = 0x04,
  kHoursAlarm = 0x05,
  kWeekday = 0x06,
  kDate = 0x07,
  kMonth = 0x08,
  kYear = 0x09,
  kA = 0x0a,
  kB = 0x0b,
  kC = 0x0c,
  kD = 0x0d,
  kCentury = 0x32
};
enum RegisterA : u8 { kUip = 0x80 };
enum RegisterB : u8 {
  kSet = 0x80,
  kPie = 0x40,
  kAie = 0x20,
  kUie = 0x10,
  kSqwe = 8,
  kDm = 4,
  k24 = 2
};
enum RegisterC : u8 { kIrqf = 0x80, kPf = 0x40, kAf = 0x20, kUf = 0x10 };

constexpr u64 kUipTicks = 73;  // 2228 us
constexpr u64 kDaySeconds = 86400;
constexpr u32 kEpoch = 719468;                // days from 0000-03-01 to 1970-01-01
constexpr i64 kLastSecond = 253'402'300'799;  // 9999-12-31 23:59:59
constexpr u32 kDaysOf400Years = 146097;
constexpr u32 kDaysOf10000Years = 25 * kDaysOf400Years;

// Years begin on March 1st, so that the leap day is the last day of one.
u32 days_from_civil(u32 year, u32 month, u32 date) {
  const u32 y = month <= 2 ? year + 9999 : year;  // year 0 begins in year 9999 of the cycle
  const u32 shifted = (y % 10000), m = (month + 9) % 12;
  return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + (153 * m + 2) / 5 + date - 1;
}

struct Civil {
  u32 year, month, date;
};
Civil civil_from_days(u32 day) {
  const u32 era = day / kDaysOf400Years, in_era = day % kDaysOf400Years;
  const u32 year = (in_era - in_era / 1460 + in_era / 36524 - in_era / (kDaysOf400Years - 1)) / 365;
  const u32 in_year = in_era - (365 * year + year / 4 - year / 100);
  const u32 m = (5 * in_year + 2) / 153;
  const u32 month = (m + 2) % 12 + 1;
  return {(era * 400 + year + (month <= 2)) % 10000, month, in_year - (153 * m + 2) / 5 + 1};
}
}  // namespace

Mc146818::Mc146818(const DeviceContext& context, i64 base_seconds, IrqLine irq8, IrqLine nmi_mask)
    : Device(context),
      clock_(context.scheduler, kHz),
      irq8_(irq8),
      nmi_mask_(nmi_mask),
      update_timer_(context.scheduler, context.path, 0, [this] { on_timer(); }),
      periodic_timer_(context.scheduler, context.path, 1, [this] { on_timer(); }),
      ports_([this](u16 offset) { return offset == 1 ? read_data() : u8(0xff); },
             [this](u16 offset, u8 value) {
               if (offset == 1) return write_data(value);
               if (offset > 1) return;
               regs_.index = value & 0x7f;
               regs_.nmi_mask = value >> 7;
               nmi_mask_.set(regs_.nmi_mask);
             }) {
  regs_.cmos[kA] = 0x26;
  regs_.cmos[kB] = k24;
  const u64 seconds = u64(std::clamp<i64>(base_seconds, 0, kLastSecond));
  set_second_of_day(seconds % kDaySeconds);
  const u32 day = u32(seconds / kDaySeconds);
  regs_.cmos[kWeekday] = encode((day + 4) % 7 + 1);  // 1970-01-01 was a Thursday
  set_day_number(day + kEpoch, 0);
}

void Mc146818::set_cmos(u8 index, u8 value) {
  index &= 0x7f;
  const bool clock = index <= kD || index == kCentury;
  if (!clock) regs_.cmos[index] = value;
}

// RESET clears what can interrupt; time, memory and rates stay.
void Mc146818::reset() {
  regs_.cmos[kB] &= u8(~(kPie | kAie | kUie | kSqwe));
  regs_.flags = 0;
  regs_.periodic_from = divider();
  regs_.index = 0;
  regs_.nmi_mask = false;
}

void Mc146818::settle() {
  irq8_.set(flags() & regs_.cmos[kB]);
  nmi_mask_.set(regs_.nmi_mask);

  update_timer_.cancel();
  if (updates())
    update_timer_.arm(clock_.cycle_of(regs_.divider_zero + (divider() / kHz + 1) * kHz));
  periodic_timer_.cancel();
  const u64 period = periodic_ticks();
  if (period && (regs_.cmos[kB] & kPie) && !(flags() & kPf))
    periodic_timer_.arm(clock_.cycle_of(regs_.divider_zero + (divider() / period + 1) * period));
}

void Mc146818::state(State& s) {
  s("cmos", regs_.cmos)("index", regs_.index, 0, 0x7f)("nmi_mask", regs_.nmi_mask);
  s("flags", regs_.flags, 0, kPf | kAf | kUf)("divider_zero", regs_.divider_zero)("updated",
                                                                                  regs_.updated);
  s("periodic_from", regs_.periodic_from);
}

// Divider, updates, flags

u64 Mc146818::periodic_ticks() const {
  const unsigned rate = regs_.cmos[kA] & 15;
  if (!rate || !divider_runs()) return 0;
  return u64(1) << (rate <= 2 ? rate + 6 : rate - 1);  // 1 and 2 are the rates of 8 and 9
}

bool Mc146818::update_in_progress() const {
  return updates() && divider() % kHz >= kHz - kUipTicks;
}

u8 Mc146818::flags() const {
  const u64 period = periodic_ticks();
  const bool periodic = period && divider() / period > regs_.periodic_from / period;
  return regs_.flags | (periodic ? kPf : 0);
}

void Mc146818::on_timer() {
  if (updates() && divider() / kHz > regs_.updated) update();
  settle();
}

void Mc146818::update() {
  const u64 index = divider() / kHz;
  const u64 passed = index - regs_.updated;
  const u64 from = second_of_day();
  regs_.updated = index;
  regs_.flags |= kUf;
  // More than one second passes at once only behind an instruction that long.
  for (u64 i = 1; i <= std::min(passed, kDaySeconds); ++i)
    if (alarm_matches((from + i) % kDaySeconds)) regs_.flags |= kAf;
  const u64 total = from + passed % (kDaySeconds * kDaysOf10000Years);
  set_second_of_day(total % kDaySeconds);
  const u32 days = u32(total / kDaySeconds % kDaysOf10000Years);
  if (days) set_day_number((day_number() + days) % kDaysOf10000Years, days);
}

bool Mc146818::alarm_matches(u64 second) const {
  const auto matches = [this](u8 index, u8 value) {
    const u8 alarm = regs_.cmos[index];
    return alarm >= 0xc0 || alarm == value;
  };
  const u8 hour = encode_hour(unsigned(second / 3600));
  return matches(kSecondsAlarm, encode(second % 60)) &&
         matches(kMinutesAlarm, encode(second / 60 % 60)) && matches(kHoursAlarm, hour);
}

// Registers

u8 Mc146818::read_data() {
  switch (regs_.index) {
    case kA:
      return u8((regs_.cmos[kA] & 0x7f) | (update_in_progress() ? kUip : 0));
    case kC:
      return read_c();
    case kD:
      return 0x80;
    default:
      return regs_.cmos[regs_.index];
  }
}

u8 Mc146818::read_c() {
  u8 value = flags();
  if (value & regs_.cmos[kB]) value |= kIrqf;
  regs_.flags = 0;
  regs_.periodic_from = divider();
  settle();
  return value;
}

void Mc146818::write_data(u8 value) {
  switch (regs_.index) {
    case kA:
      write_a(value);
      break;
    case kB:
      write_b(value);
      break;
    case kC:
    case kD:
      break;
    default:
      regs_.cmos[regs_.index] = value;
  }
}

void Mc146818::write_a(u8 value) {
  regs_.flags = flags();
  const bool ran = divider_runs();
  const bool was_reset = (regs_.cmos[kA] & 0x60) == 0x60;
  const u64 position = divider();
  regs_.cmos[kA] = value & 0x7f;
  if (!ran && divider_runs()) {
    // Out of reset the first update is half a second away.
    regs_.divider_zero = clock_.ticks() - (was_reset ? kHz / 2 : 0);
    regs_.updated = 0;
  }
  regs_.periodic_from = ran ? position : divider();
  settle();
}

void Mc146818::write_b(u8 value) {
  const bool ran = updates();
  if (value & kSet) value &= u8(~kUie);
  regs_.cmos[kB] = value;
  if (!ran) regs_.updated = divider() / kHz;  // seconds under SET are lost
  settle();
}

// The time as numbers

unsigned Mc146818::decode(u8 value) const {
  return regs_.cmos[kB] & kDm ? value : (value >> 4) * 10 + (value & 15);
}

u8 Mc146818::encode(unsigned value) const {
  return u8(regs_.cmos[kB] & kDm ? value : value / 10 % 10 << 4 | value % 10);
}

u8 Mc146818::encode_hour(unsigned hour) const {
  if (regs_.cmos[kB] & k24) return encode(hour);
  return u8(encode((hour + 11) % 12 + 1) | (hour >= 12 ? 0x80 : 0));
}

u64 Mc146818::second_of_day() const {
  const u8 raw = regs_.cmos[kHours];
  const unsigned hour =
      regs_.cmos[kB] & k24 ? decode(raw) % 24 : decode(raw & 0x7f) % 12 + (raw & 0x80 ? 12 : 0);
  return hour * 3600 + decode(regs_.cmos[kMinutes]) % 60 * 60 + decode(regs_.cmos[kSeconds]) % 60;
}

void Mc146818::set_second_of_day(u64 second) {
  regs_.cmos[kSeconds] = encode(unsigned(second % 60));
  regs_.cmos[kMinutes] = encode(unsigned(second / 60 % 60));
  regs_.cmos[kHours] = encode_hour(unsigned(second / 3600));
}

u32 Mc146818::day_number() const {
  const u32 century = decode(regs_.cmos[kCentury]) % 100;
  const u32 year = century * 100 + decode(regs_.cmos[kYear]) % 100;
  const u32 month = std::clamp(decode(regs_.cmos[kMonth]), 1u, 12u);
  const u32 date = std::clamp(decode(regs_.cmos[kDate]), 1u, 31u);
  return days_from_civil(year, month, date) % kDaysOf10000Years;
}

void Mc146818::set_day_number(u32 day, u32 passed) {
  const Civil civil = civil_from_days(day);
  regs_.cmos[kDate] = encode(civil.date);
  regs_.cmos[kMonth] = encode(civil.month);
  regs_.cmos[kYear] = encode(civil.year % 100);
  regs_.cmos[kCentury] = encode(civil.year / 100);
  const u32 weekday = std::clamp(decode(regs_.cmos[kWeekday]), 1u, 7u);
  regs_.cmos[kWeekday] = encode((weekday - 1 + passed) % 7 + 1);
}

}  // namespace reprise
