// A PCI bus: configuration mechanism #1, device slots, and the four shared INTx wires.
//
// Source: PCI Local Bus Specification 2.2, 3.2.2.3 (configuration mechanism #1), 2.2.6 (INTx).
//   CF8h  dword  CONFADD: 31 enable, 23:16 bus, 15:11 device, 10:8 function, 7:2 register.
//                Only dword accesses reach it; others pass to whatever is at those ports.
//   CFCh  CONFDATA, 1, 2 or 4 bytes at CFCh + (register mod 4)
// A slot that is empty reads as ones and ignores writes (master abort).
// Not modelled: buses behind bridges, special cycles, configuration mechanism #2.
#pragma once

#include <array>

#include "chipset/interrupt/msi.h"
#include "chipset/memory/address_space.h"
#include "replay/core/device.h"

namespace reprise {

class PciDevice;

class PciBus final : public Device, public IrqSink {
 public:
  // `pirq`: the interrupt router's four inputs. `msi`: where message-signalled interrupts go.
  PciBus(const DeviceContext& context, AddressSpace& space, MsiSink& msi,
         std::array<IrqLine, 4> pirq);

  AddressSpace& space() { return space_; }
  MsiSink& msi() { return msi_; }
  PciDevice* device(u8 devfn) const { return devices_[devfn]; }

  // INTA#..INTD# (pin 1..4) of a function.
  IrqLine intx(u8 devfn, u8 pin) { return {*this, unsigned(devfn) * 4 + (pin - 1)}; }
  // Which PIRQ wire a function's pin is soldered to, as on every i440FX board: turned by one per
  // device, and device 1's INTA# is PIRQA.
  static unsigned pirq_of(u8 devfn, u8 pin) { return (devfn / 8 + pin - 1 + 3) & 3; }
  void set_irq(unsigned pin, bool level) override;

  std::string_view kind() const override { return "pci-bus"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

 private:
  friend class PciDevice;
  void attach(u8 devfn, PciDevice& device);
  void detach(u8 devfn);

  struct AddressPort final : IoHandler {
    explicit AddressPort(PciBus& b) : bus(b) {}
    u32 io_read(u16 offset, unsigned size) override;
    void io_write(u16 offset, unsigned size, u32 value) override;
    PciBus& bus;
  } address_port_{*this};
  struct DataPort final : IoHandler {
    explicit DataPort(PciBus& b) : bus(b) {}
    u32 io_read(u16 offset, unsigned size) override;
    void io_write(u16 offset, unsigned size, u32 value) override;
    PciBus& bus;
  } data_port_{*this};
  PciDevice* selected() const;

  AddressSpace& space_;
  MsiSink& msi_;
  std::array<IrqLine, 4> pirq_;
  std::array<PciDevice*, 256> devices_{};
  PortWindow address_window_, data_window_;

  struct Regs {
    u32 address = 0;
    std::array<u8, 128> levels{};  // bit devfn * 4 + pin - 1: that pin is asserted
  } regs_;
  void count_wires();
  std::array<u32, 4> asserted_{};  // derived: how many pins hold each wire
};

}  // namespace reprise
