// Intel 82371SB (PIIX3), function 1: two IDE channels at the addresses of the AT, with bus masters.
//
// Source: Intel 82371FB/82371SB PCI ISA IDE Xcelerator data sheet (290550), 2.2, 2.7, 3.2.
//   04h PCICMD  2 BME, 0 IOSE   06h PCISTS  13 w1c master abort   09h PI 80h
//   20h BMIBA: BAR 4, 8 ports for each channel
//   40h, 42h IDETIM  15 IDE: decode the channel's ports; timing, kept as written
//   44h SIDETIM  kept as written
// Primary: 1F0h-1F7h, 3F6h, IRQ 14. Secondary: 170h-177h, 376h, IRQ 15.
// Not modelled: timing, and so what IORDY and prefetch bits do.
#pragma once

#include "chipset/ide/ide_channel.h"
#include "chipset/pci/pci_device.h"

namespace reprise {

class Piix3Ide final : public PciDevice {
 public:
  Piix3Ide(const DeviceContext& context, PciBus& bus, std::array<IrqLine, 2> irqs);

  void plug(unsigned channel, unsigned unit, IdeDevice& device) {
    channels_.at(channel).plug(unit, device);
  }

  std::string_view kind() const override { return "piix3-ide"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

 private:
  struct MasterPorts final : IoHandler {
    explicit MasterPorts(Piix3Ide& i) : ide(i) {}
    u32 io_read(u16 offset, unsigned size) override;
    void io_write(u16 offset, unsigned size, u32 value) override;
    Piix3Ide& ide;
  } master_ports_{*this};
  void config_written(u8 offset, unsigned size, u32 before) override;
  void decode();
  void aborted() { set_config8(kStatusHigh, config8(kStatusHigh) | kMasterAbort); }
  static constexpr u8 kStatusHigh = 0x07, kMasterAbort = 0x20;

  std::array<IdeChannel, 2> channels_;
  std::array<PortWindow, 2> command_windows_, control_windows_;
};

}  // namespace reprise
