// I/O APIC with 24 inputs.
//
// Sources: Intel 82093AA data sheet (290566-001); the EOI register and version 20h as in the I/O
// APICs of Intel's I/O controller hubs (ICH2 data sheet, 9.5).
//   +00  IOREGSEL  rw  index            Index 00  ID     rw  27-24
//   +10  IOWIN     rw  the register           01  VER    ro  00170020h
//   +40  EOI       wo  a vector               02  ARB    ro  27-24, follows ID
//                                             10-3F  redirection table, two words for each input:
//   63-56 destination, 16 mask, 15 level, 14 remote IRR (ro), 13 active low, 12 delivery status
//   (ro, always idle), 11 logical, 10-8 delivery mode, 7-0 vector
// An edge on a masked input is lost. SMI, NMI, INIT and ExtINT are always edges. Remote IRR is set
// when a local APIC has accepted the message; an entry made edge-triggered clears it.
// Not modelled: the APIC bus arbitration that ARB is for.
#pragma once

#include <array>

#include "chipset/interrupt/apic_bus.h"
#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

class IoApic final : public Device, public IrqSink, public MmioHandler, public EoiListener {
 public:
  static constexpr unsigned kPins = 24;
  static constexpr u64 kBase = 0xfec0'0000;

  IoApic(const DeviceContext& context, ApicBus& bus);
  ~IoApic() override;

  std::string_view kind() const override { return "ioapic"; }
  void reset() override { regs_ = {}; }
  void settle() override {}
  void state(State& s) override;

  void set_irq(unsigned pin, bool level) override;
  void end_of_interrupt(u8 vector) override;

  u64 mmio_read(u64 offset, unsigned size) override;
  void mmio_write(u64 offset, unsigned size, u64 value) override;

 private:
  static constexpr u64 kMasked = 1 << 16, kLevel = 1 << 15, kRemoteIrr = 1 << 14;

  struct Regs {
    Regs() { redirection.fill(kMasked); }
    u8 select = 0;
    u8 id = 0;
    u32 pins = 0;  // levels of the inputs
    std::array<u64, kPins> redirection;
  } regs_;

  u32 read_register() const;
  void write_register(u32 value);
  bool active(unsigned pin) const;
  bool level_triggered(unsigned pin) const;
  bool send(unsigned pin);
  void evaluate(unsigned pin);  // sends what a level-triggered input asks for

  ApicBus& bus_;
};

}  // namespace reprise
