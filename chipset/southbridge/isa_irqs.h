// The sixteen ISA interrupt lines: each is driven by an ISA device, by a routed PIRQ and by the
// system control interrupt, and goes to the 8259 pair and to the I/O APIC.
//
// IRQ 0 is at pin 2 of the I/O APIC, as the firmware's MADT tells the guest; the others are 1:1.
#pragma once

#include <array>

#include "replay/core/device.h"

namespace reprise {

class IsaIrqs final : public Device, public IrqSink {
 public:
  IsaIrqs(const DeviceContext& context, IrqSink& i8259, IrqSink& ioapic)
      : Device(context), i8259_(i8259), ioapic_(ioapic) {}

  IrqLine isa(unsigned irq) { return {*this, irq}; }
  IrqLine pirq(unsigned irq) { return {*this, 16 + irq}; }
  IrqLine sci(unsigned irq) { return {*this, 32 + irq}; }

  void set_irq(unsigned pin, bool level) override {
    u16& levels = levels_[pin / 16];
    const u16 bit = u16(1 << pin % 16);
    if (bool(levels & bit) == level) return;
    levels ^= bit;
    drive(pin % 16);
  }

  std::string_view kind() const override { return "isa-irqs"; }
  void reset() override { levels_ = {}; }
  void settle() override {
    for (unsigned irq = 0; irq < 16; ++irq) drive(irq);
  }
  void state(State& s) override { s("levels", levels_); }

 private:
  void drive(unsigned irq) {
    const bool level = (levels_[0] | levels_[1] | levels_[2]) >> irq & 1;
    if (irq == 2) return;  // the cascade
    i8259_.set_irq(irq, level);
    ioapic_.set_irq(irq == 0 ? 2 : irq, level);
  }
  IrqSink& i8259_;
  IrqSink& ioapic_;
  std::array<u16, 3> levels_{};  // ISA devices, PIRQs, SCI
};

}  // namespace reprise
