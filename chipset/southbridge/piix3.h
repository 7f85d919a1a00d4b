// Intel 82371SB (PIIX3), function 0: the PCI-to-ISA bridge with its interrupt router and the
// reset control register.
//
// Source: Intel 82371FB/82371SB PCI ISA IDE Xcelerator data sheet (290550), section 3.1.
//   4Ch IORT  4Eh XBCS  60h-63h PIRQRC[A:D]: 7 routing off, 3:0 IRQ 3-7, 9-12, 14, 15
//   69h TOM  6Ah MSTAT  70h MBIRQ0  76h-77h MBDMA  78h PCSC  80h APICBASE  82h DLC
//   A0h-AEh SMI control, plain storage here (the power management function raises SMIs)
//   CF9h  RC: 1 SRST hard reset, 2 RCPU: a change from 0 to 1 resets; 4 FRST kept as written
// Not modelled: what chip selects and DMA aliases would move; a soft reset is INIT to every vCPU.
#pragma once

#include <array>
#include <functional>

#include "chipset/pci/pci_device.h"

namespace reprise {

class Piix3Isa final : public PciDevice, public IrqSink, public IoHandler {
 public:
  // `isa_irqs`: the lines that PIRQs are routed to, one per ISA interrupt.
  struct Resets {
    std::function<void()> hard, soft;
  };
  Piix3Isa(const DeviceContext& context, PciBus& bus, std::array<IrqLine, 16> isa_irqs,
           Resets resets);

  std::string_view kind() const override { return "piix3-isa"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

  void set_irq(unsigned pirq, bool level) override;  // PIRQA..PIRQD
  u32 io_read(u16 offset, unsigned size) override;   // CF9h
  void io_write(u16 offset, unsigned size, u32 value) override;

 private:
  void config_written(u8 offset, unsigned size, u32 before) override;
  void route();

  std::array<IrqLine, 16> isa_irqs_;
  Resets resets_;
  PortWindow reset_window_;
  struct Regs {
    u8 pirqs = 0;  // levels
    u8 rc = 0;
  } regs_;
};

}  // namespace reprise
