// The floppy disk controller, and what the CMOS memory says of its drives.
#include "chipset/board/pc_i440fx.h"
#include "chipset/floppy/i82078.h"
#include "chipset/timer/mc146818.h"

namespace reprise {

namespace {

FloppyType type_of(const MachineConfig& machine, const DriveConfig& drive) {
  return floppy_type(machine.floppy_types[drive.unit], drive.present ? drive.size : 0);
}

}  // namespace

Result<void> PcI440fx::build_floppy(IrqLine irq, I8237& dma) {
  std::array<I82078::Slot, I82078::kDrives> slots;
  for (const DriveConfig& config : config_.drives) {
    if (config.interface != "floppy") continue;
    if (config.unit >= slots.size())
      return fail("drive '" + config.id + "': the floppy controller has units 0 and 1");
    slots[config.unit] = {type_of(config_, config), drive(config.id)};
  }
  auto& floppy = add<I82078>("/isa/floppy", irq, dma, slots);
  ports("floppy", I82078::kPort, I82078::kPorts, floppy);
  ports("floppy-dir", I82078::kPort + 7, 1, floppy.dir_port());
  return {};
}

// 10h: the drives' types, the first in the upper nibble; 14h: bit 0 there are any, 7:6 how many
// more than one.
void PcI440fx::fill_floppy_cmos(Mc146818& rtc) {
  std::array<u8, 2> types{};
  for (const DriveConfig& config : config_.drives)
    if (config.interface == "floppy") types[config.unit % 2] = u8(type_of(config_, config));
  const unsigned count = (types[0] != 0) + (types[1] != 0);
  rtc.set_cmos(0x10, u8(types[0] << 4 | types[1]));
  rtc.set_cmos(0x14, u8(rtc.cmos(0x14) | (count ? 1 | (count - 1) << 6 : 0)));
}

}  // namespace reprise
