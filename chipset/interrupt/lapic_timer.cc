// The local APIC's timer: its count as a function of the absolute cycle.
#include "chipset/interrupt/lapic.h"

namespace reprise {

u64 Lapic::divisor() const {
  const u32 code = (regs_.divide & 3) | (regs_.divide >> 1 & 4);
  return code == 7 ? 1 : u64(2) << code;
}

u32 Lapic::current_count() const {
  if (timer_mode() == kTscDeadline || timer_mode() == kReservedMode || !regs_.start_count) return 0;
  const u64 counted = elapsed();
  if (counted < regs_.start_count) return u32(regs_.start_count - counted);
  if (!reloads()) return 0;
  return u32(regs_.initial_count - (counted - regs_.start_count) % regs_.initial_count);
}

void Lapic::rebase_timer() {
  const u64 counted = elapsed();
  if (!regs_.start_count || counted < regs_.start_count) return;
  if (!reloads()) {
    regs_.start_count = 0;
    return;
  }
  const u64 periods = (counted - regs_.start_count) / regs_.initial_count;
  regs_.start_tick += (regs_.start_count + periods * regs_.initial_count) * divisor();
  regs_.start_count = regs_.initial_count;
}

void Lapic::start_timer(u32 count) {
  regs_.start_count = count;
  regs_.start_tick = clock_.ticks();
  arm_timer();
}

// Expiries are after the current tick: the one at it has been delivered.
void Lapic::arm_timer() {
  timer_.cancel();
  if (!hardware_enabled()) return;
  if (timer_mode() == kTscDeadline) {
    if (!regs_.tsc_deadline) return;
    const u64 wait = regs_.tsc_deadline > tsc() ? regs_.tsc_deadline - tsc() : 0;
    if (wait < kNever - scheduler_.now()) timer_.arm(scheduler_.now() + wait);
    return;
  }
  if (!regs_.start_count || (regs_.lvt[kTimer] & kMasked)) return;
  if (timer_mode() == kReservedMode) return;
  u64 count = regs_.start_count;
  if (const u64 counted = elapsed(); counted >= count) {
    if (!reloads()) return;
    count += ((counted - count) / regs_.initial_count + 1) * regs_.initial_count;
  }
  timer_.arm(clock_.cycle_of(regs_.start_tick + count * divisor()));
}

void Lapic::on_timer() {
  if (timer_mode() == kTscDeadline) {
    regs_.tsc_deadline = 0;
    trigger(kTimer);
    return;
  }
  trigger(kTimer);
  arm_timer();
}

u64 Lapic::tsc_deadline() const {
  const bool armed = timer_mode() == kTscDeadline && regs_.tsc_deadline > tsc();
  return armed ? regs_.tsc_deadline : 0;
}

void Lapic::set_tsc_deadline(u64 value) {
  if (timer_mode() != kTscDeadline) return;
  regs_.tsc_deadline = value;
  arm_timer();
}

void Lapic::set_tsc_offset(u64 offset) {
  tsc_offset_ = offset;
  arm_timer();
}

}  // namespace reprise
