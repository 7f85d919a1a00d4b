#include "chipset/timer/i8254.h"

namespace reprise {

I8254::I8254(const DeviceContext& context, IrqLine out0)
    : Device(context),
      clock_(context.scheduler, kHz),
      out0_(out0),
      change_(context.scheduler, context.path, 0, [this] { on_change(); }),
      ports_([this](u16 offset) { return read(offset); },
             [this](u16 offset, u8 value) { write(offset, value); }) {
  reset();
}

void I8254::reset() {
  for (unsigned i = 0; i < 3; ++i) counters_[i].reset(i < 2);
  driven_tick_ = clock_.ticks();
}

void I8254::settle() {
  out0_.set(counters_[0].out(driven_tick_));
  change_.arm(clock_.cycle_of(counters_[0].next_change(driven_tick_)));
}

void I8254::state(State& s) {
  for (unsigned i = 0; i < 3; ++i) s(std::to_string(i), counters_[i]);
  s("driven_tick", driven_tick_);
}

void I8254::drive_out0() {
  driven_tick_ = clock_.ticks();
  settle();
}

// A timer may fire later than its cycle, behind a long instruction, and OUT may have changed again:
// then the line makes both changes now.
void I8254::on_change() {
  const PitCounter& counter = counters_[0];
  const u64 due = counter.next_change(driven_tick_), now = clock_.ticks();
  const bool before = counter.out(driven_tick_);
  if (due < now && counter.out(due) != before && counter.out(now) == before) out0_.set(!before);
  drive_out0();
}

void I8254::set_gate2(bool level) {
  if (level == counters_[2].gate()) return;
  counters_[2].set_gate(level, clock_.ticks());
  tell_counter2();
}

u8 I8254::read(u16 offset) { return offset < 3 ? counters_[offset].read(clock_.ticks()) : 0xff; }

void I8254::write(u16 offset, u8 value) {
  const u64 now = clock_.ticks();
  if (offset > 3) return;
  if (offset < 3) {
    counters_[offset].write(value, now);
    if (offset == 0) drive_out0();
    if (offset == 2) tell_counter2();
    return;
  }
  const unsigned select = value >> 6;
  if (select == 3) {  // read-back: bits 5 and 4 are active low, 3-1 select counters
    for (unsigned i = 0; i < 3; ++i) {
      if (!(value >> (i + 1) & 1)) continue;
      if (!(value & 0x20)) counters_[i].latch_count(now);
      if (!(value & 0x10)) counters_[i].latch_status(now);
    }
    return;
  }
  if ((value >> 4 & 3) == 0)
    counters_[select].latch_count(now);
  else
    counters_[select].control(value, now);
  if (select == 0) drive_out0();
  if (select == 2) tell_counter2();
}

}  // namespace reprise
