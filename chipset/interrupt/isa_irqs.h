// The board's sixteen ISA interrupt lines: each is wired to the 8259 pair and to the I/O APIC.
//
// The timer's IRQ0 is on I/O APIC input 2 (ACPI MADT interrupt source override), whose place on the
// 8259 is the cascade; input 0 is INTR of the 8259 pair where a board wires it. No state: both
// controllers keep the levels of their own inputs.
#pragma once

#include "replay/core/irq_line.h"

namespace reprise {

class IsaIrqs final : public IrqSink {
 public:
  IsaIrqs(IrqSink& pic, IrqSink& ioapic) : pic_(pic), ioapic_(ioapic) {}

  void set_irq(unsigned pin, bool level) override {
    if (pin >= 16) return;
    pic_.set_irq(pin, level);
    if (pin != 2) ioapic_.set_irq(pin == 0 ? 2 : pin, level);
  }

 private:
  IrqSink& pic_;
  IrqSink& ioapic_;
};

}  // namespace reprise
