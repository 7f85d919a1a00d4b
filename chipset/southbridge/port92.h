// System control port A (port 92h) and the A20 gate that it shares with the keyboard controller.
//
// Source: IBM PS/2 Hardware Technical Reference, System Control Port A; Intel 82371SB, 3.2.
//   92h  rw  0 fast reset (a change from 0 to 1), 1 A20 on; the rest reads as written to 0
// A20 is on while either this port or the 8042's output port says so. The 8042's pin is input 0;
// its reset level is high, so a machine starts with A20 on.
// Fast reset here, like the 8042's, resets the whole machine rather than only the processor: the
// firmware of this machine type expects that.
#pragma once

#include <functional>

#include "chipset/memory/address_space.h"
#include "replay/core/device.h"

namespace reprise {

class Port92 final : public Device, public IoHandler, public IrqSink {
 public:
  Port92(const DeviceContext& context, AddressSpace& space, std::function<void()> fast_reset)
      : Device(context), space_(space), fast_reset_(std::move(fast_reset)) {}

  IrqLine keyboard_a20() { return {*this, 0}; }

  std::string_view kind() const override { return "port92"; }
  void reset() override { regs_ = {}; }
  void settle() override { space_.set_a20(regs_.control & 2 || regs_.keyboard_a20); }
  void state(State& s) override {
    s("control", regs_.control, 0, 3)("keyboard_a20", regs_.keyboard_a20);
  }

  void set_irq(unsigned, bool level) override {
    regs_.keyboard_a20 = level;
    settle();
  }
  u32 io_read(u16, unsigned) override { return regs_.control; }
  void io_write(u16, unsigned, u32 value) override {
    const bool resets = value & 1 && !(regs_.control & 1);
    regs_.control = u8(value & 3);
    settle();
    if (resets) fast_reset_();
  }

 private:
  AddressSpace& space_;
  std::function<void()> fast_reset_;
  struct Regs {
    u8 control = 0;
    bool keyboard_a20 = true;
  } regs_;
};

}  // namespace reprise
