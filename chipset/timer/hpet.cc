#include "chipset/timer/hpet.h"

namespace reprise {

namespace {
constexpr u64 kCapabilities = u64(10'000'000) << 32 | 0x8086'a201;
enum Config : u64 {
  kLevel = 1 << 1,
  kIntEnable = 1 << 2,
  kPeriodic = 1 << 3,
  kPeriodicCap = 1 << 4,
  kSizeCap = 1 << 5,
  kValSet = 1 << 6,
  k32Mode = 1 << 8,
  kFsbEnable = 1 << 14,
  kFsbCap = 1 << 15,
  kRoute = 0x1f << 9
};
constexpr u64 kConfigWritable =
    kLevel | kIntEnable | kPeriodic | kValSet | k32Mode | kFsbEnable | kRoute;
}  // namespace

Hpet::Hpet(const DeviceContext& context, IrqLine irq0, IrqLine irq8, IrqSink& ioapic, MsiSink& msi)
    : Device(context),
      clock_(context.scheduler, kHz),
      irq0_(irq0),
      irq8_(irq8),
      ioapic_(ioapic),
      msi_(msi),
      timers_{Timer{context.scheduler, context.path, 0, [this] { on_timer(0); }},
              Timer{context.scheduler, context.path, 1, [this] { on_timer(1); }},
              Timer{context.scheduler, context.path, 2, [this] { on_timer(2); }}} {}

void Hpet::Comparator::state(State& s) {
  s("config", config, 0, kConfigWritable)("value", value)("period", period)("fsb", fsb);
  s("match_tick", match_tick)("high", high);
}

void Hpet::state(State& s) {
  s("config", regs_.config, 0, 3)("status", regs_.status, 0, 7)("counter", regs_.counter);
  for (unsigned n = 0; n < kTimers; ++n) s(std::to_string(n), regs_.timers[n]);
  s("from_pit", regs_.legacy_pins[kFromPit])("from_rtc", regs_.legacy_pins[kFromRtc]);
}

// The inputs that loaded registers do not hold up are not this chip's to lower.
void Hpet::settle() {
  driven_ = 0;
  follow();
}

void Hpet::follow() {
  for (unsigned n = 0; n < kTimers; ++n)
    timers_[n].arm(enabled() ? clock_.cycle_of(regs_.timers[n].match_tick) : kNever);
  drive();
}

// Matches

u64 Hpet::mask_of(const Comparator& timer) {
  return timer.config & k32Mode ? 0xffff'ffff : ~u64(0);
}

// `now_counts`: a comparator equal to the counter matches now, not after the counter has wrapped.
void Hpet::schedule(unsigned n, bool now_counts) {
  Comparator& timer = regs_.timers[n];
  const u64 mask = mask_of(timer);
  u64 wait = (timer.value - counter()) & mask;
  if (wait == 0 && !now_counts) wait = mask;
  const u64 now = clock_.ticks();
  timer.match_tick = enabled() && wait < kNever - now ? now + wait : kNever;
}

void Hpet::on_timer(unsigned n) {
  Comparator& timer = regs_.timers[n];
  const u64 mask = mask_of(timer);
  if ((timer.config & kPeriodic) && (timer.period & mask)) {
    // More than one period passes only behind an instruction that long.
    const u64 period = timer.period & mask;
    const u64 late = (counter() - timer.value) & mask;
    timer.value = (timer.value + (late / period + 1) * period) & mask;
  }
  schedule(n, false);
  interrupt(n);
  follow();
}

void Hpet::interrupt(unsigned n) {
  Comparator& timer = regs_.timers[n];
  if (timer.config & kLevel) {
    regs_.status |= u8(1 << n);
    return;
  }
  if (!(timer.config & kIntEnable)) return;
  if (timer.config & kFsbEnable) return msi_.deliver(timer.fsb >> 32, u32(timer.fsb));
  if (timer.high) {
    timer.high = false;
    drive();
  }
  timer.high = true;
}

// Outputs

bool Hpet::line(unsigned n) const {
  const Comparator& timer = regs_.timers[n];
  if (!enabled() || !(timer.config & kIntEnable) || (timer.config & kFsbEnable)) return false;
  return timer.config & kLevel ? regs_.status >> n & 1 : timer.high;
}

void Hpet::drive() {
  u32 routed = 0;
  for (unsigned n = 0; n < kTimers; ++n) {
    if (legacy() && n < 2) continue;
    const u32 bit = 1u << (regs_.timers[n].config >> 9 & 31);
    if (line(n) && (bit & kRoutes)) routed |= bit;
  }
  // Inputs that are not held up from here may belong to another device.
  for (unsigned pin = 0; pin < 24; ++pin)
    if ((routed | driven_) >> pin & 1) ioapic_.set_irq(pin, routed >> pin & 1);
  driven_ = routed;
  irq0_.set(legacy() ? line(0) : regs_.legacy_pins[kFromPit]);
  irq8_.set(legacy() ? line(1) : regs_.legacy_pins[kFromRtc]);
}

void Hpet::set_irq(unsigned pin, bool level) {
  if (pin > 1) return;
  regs_.legacy_pins[pin] = level;
  if (!legacy()) (pin == kFromPit ? irq0_ : irq8_).set(level);
}

// Registers

u64 Hpet::read_register(u64 offset) const {
  switch (offset) {
    case 0x000:
      return kCapabilities;
    case 0x010:
      return regs_.config;
    case 0x020:
      return regs_.status;
    case 0x0f0:
      return counter();
    default:
      break;
  }
  if (offset < 0x100 || offset >= 0x100 + 0x20 * kTimers) return 0;
  const Comparator& timer = regs_.timers[(offset - 0x100) / 0x20];
  switch (offset & 0x1f) {
    case 0x00:
      return timer.config | kPeriodicCap | kSizeCap | kFsbCap | u64(kRoutes) << 32;
    case 0x08:
      return timer.value & mask_of(timer);
    case 0x10:
      return timer.fsb;
    default:
      return 0;
  }
}

// `written` has ones where the access writes; the rest of `value` is what the register holds.
void Hpet::write_register(u64 offset, u64 value, u64 written) {
  switch (offset) {
    case 0x010:
      if (written & 0xff) write_general(u8(value & 3));
      return;
    case 0x020:
      regs_.status &= u8(~(value & written));
      return drive();
    case 0x0f0:
      regs_.counter = enabled() ? value - clock_.ticks() : value;
      for (unsigned n = 0; n < kTimers; ++n) schedule(n, true);
      return follow();
    default:
      break;
  }
  if (offset < 0x100 || offset >= 0x100 + 0x20 * kTimers) return;
  const unsigned n = unsigned(offset - 0x100) / 0x20;
  switch (offset & 0x1f) {
    case 0x00:
      return write_config(n, value);
    case 0x08:
      return write_comparator(n, value, written);
    case 0x10:
      regs_.timers[n].fsb = value;
      return;
    default:
      return;
  }
}

void Hpet::write_general(u8 value) {
  const bool was = enabled();
  const u64 count = counter();
  regs_.config = value;
  if (was != enabled()) {
    regs_.counter = enabled() ? count - clock_.ticks() : count;
    for (unsigned n = 0; n < kTimers; ++n) {
      schedule(n, true);
      regs_.timers[n].high = false;
    }
  }
  follow();
}

void Hpet::write_config(unsigned n, u64 value) {
  Comparator& timer = regs_.timers[n];
  const u64 old = timer.config;
  timer.config = value & kConfigWritable;
  if (!(timer.config & kPeriodic)) timer.config &= ~u64(kValSet);
  const u64 changed = old ^ timer.config;
  if ((changed & (kRoute | kLevel | kFsbEnable)) || !(timer.config & kIntEnable))
    timer.high = false;
  if ((changed & kLevel) && !(timer.config & kLevel)) regs_.status &= u8(~(1 << n));
  if (changed & k32Mode) {
    timer.value &= mask_of(timer);
    timer.period &= mask_of(timer);
    schedule(n, false);
  }
  follow();
}

void Hpet::write_comparator(unsigned n, u64 value, u64 written) {
  Comparator& timer = regs_.timers[n];
  const u64 mask = mask_of(timer);
  written &= mask;
  if (timer.config & kPeriodic) timer.period = (timer.period & ~written & mask) | (value & written);
  if (!(timer.config & kPeriodic) || (timer.config & kValSet)) {
    timer.value = (timer.value & ~written & mask) | (value & written);
    schedule(n, true);
  }
  timer.config &= ~u64(kValSet);
  follow();
}

// Registers are 64 bits, or the dwords of them; narrower accesses read bytes and write nothing.
u64 Hpet::mmio_read(u64 offset, unsigned) {
  return read_register(offset & 0x3f8) >> (8 * (offset & 7));
}

void Hpet::mmio_write(u64 offset, unsigned size, u64 value) {
  if (size < 4 || (offset & (size - 1))) return;
  const u64 reg = offset & 0x3f8;
  const u64 written = size == 8 ? ~u64(0) : u64(0xffff'ffff) << (8 * (offset & 4));
  const u64 old = reg == 0x020 ? 0 : read_register(reg);
  write_register(reg, (old & ~written) | (value << (8 * (offset & 4)) & written), written);
}

}  // namespace reprise
