// The sixteen ISA interrupt requests, each held up by any of four sources: ISA devices (of which
// two may share a line, as the serial ports do), PIRQs that the PIIX3 routes to it, and the system
// control interrupt.
#pragma once

#include <array>

#include "replay/core/device.h"

namespace reprise {

class SharedIrqs final : public Device, public IrqSink {
 public:
  // `out`: pins 0 to 15 are IRQ 0 to 15.
  SharedIrqs(const DeviceContext& context, IrqSink& out) : Device(context), out_(out) {}

  IrqLine isa(unsigned irq, unsigned sharer = 0) { return {*this, (sharer ? 48 : 0) + irq}; }
  IrqLine pirq(unsigned irq) { return {*this, 16 + irq}; }
  IrqLine sci(unsigned irq) { return {*this, 32 + irq}; }

  void set_irq(unsigned pin, bool level) override {
    u16& levels = levels_[pin / 16];
    const u16 bit = u16(1 << pin % 16);
    if (bool(levels & bit) == level) return;
    levels ^= bit;
    drive(pin % 16);
  }

  std::string_view kind() const override { return "shared-irqs"; }
  void reset() override { levels_ = {}; }
  void settle() override {
    for (unsigned irq = 0; irq < 16; ++irq) drive(irq);
  }
  void state(State& s) override { s("levels", levels_); }

 private:
  void drive(unsigned irq) {
    out_.set_irq(irq, (levels_[0] | levels_[1] | levels_[2] | levels_[3]) >> irq & 1);
  }
  IrqSink& out_;
  std::array<u16, 4> levels_{};  // of ISA devices, PIRQs, SCI, second ISA devices
};

}  // namespace reprise
