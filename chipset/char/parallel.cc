#include "chipset/char/parallel.h"

namespace reprise {

namespace {
enum : u8 { kStrobe = 0x01, kInit = 0x04, kIrqEnable = 0x10, kInward = 0x20, kControl = 0x3f };
enum : u8 { kNotBusy = 0x80, kNotAck = 0x40, kOnLine = 0x1f };
}  // namespace

ParallelPort::ParallelPort(const DeviceContext& context, IrqLine irq)
    : Device(context),
      clock_(context.scheduler, 1'000'000),
      irq_(irq),
      out_(context.door, context.path + ":out", PortKind::Digest),
      timer_(context.scheduler, context.path, 0, [this] { on_timer(); }) {}

void ParallelPort::reset() {
  regs_ = {};
  timer_.cancel();
}

void ParallelPort::settle() {
  irq_.set(regs_.printer == Printer::Acknowledges && regs_.control & kIrqEnable);
}

void ParallelPort::state(State& s) {
  s("data", regs_.data)("control", regs_.control, 0, kControl)("printer", regs_.printer, 0, 2);
  s("timer", timer_);
}

u32 ParallelPort::io_read(u16 offset, unsigned) {
  switch (offset) {
    case 0:
      return regs_.control & kInward ? 0xff : regs_.data;
    case 1: {
      const bool ready = regs_.printer == Printer::Ready && regs_.control & kInit;
      return u32(kOnLine | (ready ? kNotBusy : 0) |
                 (regs_.printer == Printer::Acknowledges ? 0 : kNotAck));
    }
    case 2:
      return u32(regs_.control | 0xc0);
  }
  return 0xff;
}

void ParallelPort::io_write(u16 offset, unsigned, u32 value) {
  if (offset == 0) regs_.data = u8(value);
  if (offset == 2) write_control(value & kControl);
  settle();
}

void ParallelPort::write_control(u8 value) {
  const bool strobes = value & ~regs_.control & kStrobe;
  regs_.control = value;
  if (!(value & kInit)) {  // what the printer was about is forgotten
    regs_.printer = Printer::Ready;
    timer_.cancel();
    return;
  }
  if (!strobes || regs_.printer != Printer::Ready || value & kInward) return;
  regs_.printer = Printer::Busy;
  timer_.arm(clock_.cycle_of(clock_.ticks() + kBusyUs));
  out_.door().emit(out_, {&regs_.data, 1});
}

void ParallelPort::on_timer() {
  if (regs_.printer == Printer::Busy) {
    regs_.printer = Printer::Acknowledges;
    timer_.arm(clock_.cycle_of(clock_.ticks() + kAckUs));
  } else {
    regs_.printer = Printer::Ready;
  }
  settle();
}

}  // namespace reprise
