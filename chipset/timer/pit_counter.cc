// One counter of the 8254: six modes, as functions of the CLK tick.
#include <algorithm>

#include "chipset/timer/i8254.h"

namespace reprise {

namespace {
u16 to_bcd(u32 value) {
  return u16(value % 10 | value / 10 % 10 << 4 | value / 100 % 10 << 8 | value / 1000 % 10 << 12);
}
u32 from_bcd(u16 value) {
  return (value & 15) + (value >> 4 & 15) * 10 + (value >> 8 & 15) * 100 + (value >> 12) * 1000;
}
}  // namespace

void PitCounter::state(State& s) {
  s("mode", regs_.mode, 0, 5)("access", regs_.access, 1, 3)("bcd", regs_.bcd)("gate", regs_.gate);
  s("null_count", regs_.null_count)("count", regs_.count)("first_byte", regs_.first_byte);
  s("second_write", regs_.second_write)("second_read", regs_.second_read);
  s("latched", regs_.latched, 0, 2)("latch", regs_.latch);
  s("status_latched", regs_.status_latched)("status", regs_.status)("load_at", regs_.load_at);
  Element& e = regs_.element;
  s("loaded", e.loaded)("running", e.running)("done", e.done)("low_first", e.low_first);
  s("base", e.base)("value", e.value, 0, 65536);
}

u32 PitCounter::count_value() const {
  const u32 value = regs_.bcd ? from_bcd(regs_.count) : regs_.count;
  return value ? value : modulus();
}

// Counting

PitCounter::Element PitCounter::element_at(u64 now) const {
  Element e = regs_.element;
  if (regs_.load_at > now) return e;
  const bool reload_of_mode3 = regs_.mode == 3 && e.loaded && e.running;
  e.low_first = reload_of_mode3 && out_of(e, regs_.load_at - 1);
  e.loaded = true;
  e.running = regs_.gate || triggered();
  e.done = false;
  e.base = regs_.load_at;
  e.value = count_value();
  return e;
}

void PitCounter::advance(u64 now) {
  if (regs_.load_at <= now) {
    regs_.element = element_at(now);
    regs_.load_at = kNever;
    regs_.null_count = false;
  }
  Element& e = regs_.element;
  if (!periodic() && e.running && now - e.base > e.value) e.done = true;
}

void PitCounter::freeze(u64 now) {
  advance(now);
  Element& e = regs_.element;
  const u32 value = value_at(e, now);
  if (!periodic() && e.running && now - e.base >= e.value) e.done = true;
  e.running = false;
  e.base = now;
  e.value = value;
}

// Modes 2 and 3. A cycle of N clocks begins with the reload that ends the one before it; in mode 3
// the first (N + 1) / 2 clocks are high.
u64 PitCounter::phase(const Element& e, u64 now) const {
  const u64 period = std::max<u32>(e.value, 1);
  const u64 offset = regs_.mode == 3 && e.low_first ? (period + 1) / 2 : 0;
  return ((now - e.base) % period + offset) % period;
}

u64 PitCounter::next_reload(const Element& e, u64 now) const {
  const u64 period = std::max<u32>(e.value, 1), at = phase(e, now), high = (period + 1) / 2;
  return now + (regs_.mode == 3 && at < high ? high : period) - at;
}

u32 PitCounter::value_at(const Element& e, u64 now) const {
  if (!e.running) return e.value;
  if (!periodic()) {
    const u32 counted = u32((now - e.base) % modulus());
    return (e.value + modulus() - counted) % modulus();
  }
  const u32 at = u32(phase(e, now));
  if (regs_.mode == 2) return e.value - at;
  const u32 high = (e.value + 1) / 2;  // by twos, from an even number
  return (e.value & ~1u) - 2 * (at < high ? at : at - high);
}

bool PitCounter::out_of(const Element& e, u64 now) const {
  const bool expired = e.done || (e.running && now - e.base >= e.value);
  const bool strobe = e.loaded && e.running && !e.done && now - e.base == e.value;
  switch (regs_.mode) {
    case 0:
      return e.loaded && expired;
    case 1:
      return !e.loaded || expired;
    case 2:
      return !e.loaded || !e.running || e.value <= 1 || phase(e, now) != e.value - 1;
    case 3:
      return !e.loaded || !e.running || phase(e, now) < (e.value + 1) / 2;
    default:
      return !strobe;
  }
}

bool PitCounter::out(u64 now) const { return out_of(element_at(now), now); }

u64 PitCounter::next_change(u64 now) const {
  const Element e = element_at(now);
  const u64 load = regs_.load_at > now ? regs_.load_at : kNever;
  u64 change = kNever;
  if (e.loaded && e.running) {
    if (regs_.mode == 2 && e.value > 1) {
      const u64 at = phase(e, now);
      change = now + (at == e.value - 1 ? 1 : e.value - 1 - at);
    } else if (regs_.mode == 3 && e.value > 1) {
      change = next_reload(e, now);
    } else if (!periodic() && !e.done) {
      const u64 counted = now - e.base;
      if (counted < e.value) change = now + (e.value - counted);
      if (counted == e.value && regs_.mode >= 4) change = now + 1;
    }
  }
  return std::min(load, change);
}

// Programming

void PitCounter::control(u8 value, u64 now) {
  freeze(now);
  const bool gate = regs_.gate;
  Element element = regs_.element;
  element.loaded = element.done = element.low_first = false;
  regs_ = {};
  regs_.gate = gate;
  regs_.element = element;
  regs_.access = value >> 4 & 3;
  regs_.mode = (value >> 1 & 7) > 5 ? (value >> 1 & 3) : (value >> 1 & 7);
  regs_.bcd = value & 1;
}

void PitCounter::write(u8 value, u64 now) {
  switch (regs_.access) {
    case 1:
      load_count(value, now);
      break;
    case 2:
      load_count(u16(value << 8), now);
      break;
    default:
      regs_.second_write = !regs_.second_write;
      if (!regs_.second_write) return load_count(u16(regs_.first_byte | value << 8), now);
      regs_.first_byte = value;
      if (regs_.mode != 0) break;
      freeze(now);  // mode 0: the first byte stops the count and lowers OUT
      regs_.load_at = kNever;
      regs_.element.loaded = false;
  }
}

void PitCounter::load_count(u16 value, u64 now) {
  advance(now);
  const Element& e = regs_.element;
  regs_.count = value;
  regs_.null_count = true;
  if (triggered()) {  // loaded by the next trigger; one under way takes the new count
    return;
  }
  if (!periodic()) {
    if (regs_.mode == 0) {  // OUT is low at once
      freeze(now);
      regs_.element.loaded = false;
    }
    regs_.load_at = now + 1;
  } else if (!e.loaded) {
    regs_.load_at = now + 1;
  } else if (e.running && regs_.load_at == kNever) {
    regs_.load_at = next_reload(e, now);  // at the end of the cycle (mode 3: half cycle)
  }
}

void PitCounter::set_gate(bool level, u64 now) {
  if (level == regs_.gate) return;
  advance(now);
  Element& e = regs_.element;
  if (triggered()) {
    if (level) regs_.load_at = now + 1;
  } else if (periodic()) {
    if (level && e.loaded) regs_.load_at = now + 1;
    if (!level) {
      const bool first_load = !e.loaded && regs_.load_at != kNever;
      freeze(now);
      if (!first_load) regs_.load_at = kNever;
    }
  } else if (level) {
    e.base = now;
    e.running = e.loaded;
  } else {
    freeze(now);
  }
  regs_.gate = level;
}

// Reading

u16 PitCounter::read_value(u64 now) const {
  const u32 value = value_at(element_at(now), now);
  return regs_.bcd ? to_bcd(value % 10000) : u16(value);
}

void PitCounter::latch_count(u64 now) {
  if (regs_.latched) return;
  advance(now);
  regs_.latch = read_value(now);
  regs_.latched = regs_.access == 3 ? 2 : 1;
}

void PitCounter::latch_status(u64 now) {
  if (regs_.status_latched) return;
  advance(now);
  regs_.status = u8(out(now) << 7 | regs_.null_count << 6 | regs_.access << 4 | regs_.mode << 1 |
                    (regs_.bcd ? 1 : 0));
  regs_.status_latched = true;
}

u8 PitCounter::read(u64 now) {
  if (regs_.status_latched) {
    regs_.status_latched = false;
    return regs_.status;
  }
  const u16 value = regs_.latched ? regs_.latch : read_value(now);
  if (regs_.latched) --regs_.latched;
  bool high = regs_.access == 2;
  if (regs_.access == 3) {
    high = regs_.second_read;
    regs_.second_read = !regs_.second_read;
  }
  return u8(high ? value >> 8 : value);
}

}  // namespace reprise
