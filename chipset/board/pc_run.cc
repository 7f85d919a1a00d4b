// The machine's one loop, and what a guest can ask of the machine as a whole.
#include <algorithm>

#include "chipset/board/pc_i440fx.h"
#include "chipset/interrupt/lapic.h"
#include "chipset/southbridge/piix4_pm.h"

namespace reprise {

namespace {
// How long an input from the host may wait for a busy guest. Where slices end is invisible to it.
constexpr Cycles kSlice = 1'000'000;
constexpr u32 kByOperator = 1;  // code of a reset
}  // namespace

Position PcI440fx::position() const { return cpus_ ? cpus_->position() : Position{}; }
bool PcI440fx::idle() const { return cpus_->all_halted(); }

void PcI440fx::run(Stop until) {
  for (;;) {
    at_boundary();
    if (waits_ || cpus_->take_stop()) return;
    const Position now = position();
    if (exit_.kind || now.cycles >= until.cycles || now.icount >= until.icount) return;
    if (door_.next_delivery() <= now) return;  // the driver's to deliver
    if (!idle()) {
      cpus_->run_until(next_stop(until));
      if (now.icount < test_flip_ && position().icount >= test_flip_)
        cpus_->cpu(0).r[cpu::R15] ^= 1;
      continue;
    }
    const Cycles before = now.cycles;
    if (idle_jumps_) jump(until.cycles);
    if (position().cycles == before) return;
  }
}

// What happens between two instructions: the host's answers and timers first, then inputs, then
// what was asked for.
void PcI440fx::at_boundary() {
  take_requests();
  scheduler_.set_now(position().cycles);
  waits_ = !settle_drives();
  if (waits_) return;
  scheduler_.run_due();
  take_requests();
  if (exit_.kind || !idle_jumps_) return;
  deliver();
}

// After each input comes what it made due, so that it does not matter which inputs came together.
void PcI440fx::deliver() {
  while (!waits_ && !exit_.kind && door_.deliver_next(position())) {
    take_requests();
    scheduler_.run_due();
    take_requests();
  }
}

Stop PcI440fx::next_stop(Stop until) const {
  const Position now = position();
  const Position input = door_.next_delivery();
  Stop stop{std::min(until.cycles, scheduler_.deadline()), until.icount};
  // A recorded input is at an instruction boundary; at this one, it waits for the cycle.
  if (input.icount > now.icount)
    stop.icount = std::min(stop.icount, input.icount);
  else
    stop.cycles = std::min(stop.cycles, input.cycles);
  if (now.icount < test_flip_) stop.icount = std::min(stop.icount, test_flip_);
  const Cycles slice = slice_lengths_ ? std::max<Cycles>(1, slice_lengths_()) : kSlice;
  stop.cycles = std::min(stop.cycles, now.cycles + slice);
  return stop;
}

// Idle: to the next thing that happens, if there is one before `until`.
void PcI440fx::jump(Cycles until) {
  const Position now = position();
  const Position input = door_.next_delivery();
  Cycles next = scheduler_.deadline();
  if (input.icount == now.icount) next = std::min(next, input.cycles);
  if (next == kNever && until == kNever) return;
  next = std::min(next, until);
  if (next > now.cycles) cpus_->skip_to(next);
}

void PcI440fx::skip_to(Cycles cycle) {
  if (cpus_->take_stop()) return;  // of what inputs did here
  cycle = std::min(cycle, scheduler_.deadline());
  if (cycle > position().cycles) cpus_->skip_to(cycle);
  at_boundary();
  cpus_->take_stop();  // whatever was met, time stands here
}

// --- requests ---

void PcI440fx::request(ExitStatus::Kind kind, u32 code) {
  // The first to ask ends the run; a reset gives way to an end.
  if (pending_.kind == ExitStatus::None || pending_.kind == ExitStatus::Reset)
    pending_ = {kind, code};
  if (cpus_) cpus_->request_exit();
}

void PcI440fx::soft_reset() {
  soft_reset_pending_ = true;
  if (cpus_) cpus_->request_exit();
}

void PcI440fx::take_requests() {
  const ExitStatus asked = pending_;
  const bool soft = soft_reset_pending_;
  pending_ = {};
  soft_reset_pending_ = false;
  if (asked.kind == ExitStatus::Reset && !no_reboot_) {
    tree_.reset();
    if (!config_.boot.once.empty()) set_boot_order(config_.boot.order);
    if (reset_told_) reset_told_(asked.code == kByOperator);
  } else if (asked.kind == ExitStatus::Reset) {
    exit_ = {ExitStatus::Shutdown, 0};
  } else if (asked.kind) {
    exit_ = asked;
  } else if (soft) {
    for (unsigned i = 0; i < cpus_->size(); ++i) {
      lapics_[i]->init_reset();
      cpus_->pins(i).init();
    }
  }
}

void PcI440fx::receive_control(std::span<const u8> bytes) {
  for (const u8 byte : bytes) {
    switch (byte) {
      case kPowerButton:
        if (pm_) pm_->press_power_button();
        break;
      case kReset:
        request(ExitStatus::Reset, kByOperator);
        break;
      case kNmi:
        for (Lapic* lapic : lapics_) IrqLine(*lapic, 1).pulse();
        break;
    }
  }
}

}  // namespace reprise
