#include "chipset/ide/piix3_ide.h"

namespace reprise {

namespace {
constexpr u8 kIdetim = 0x40, kSidetim = 0x44;
constexpr u16 kDecode = 0x8000;
constexpr std::array<u16, 2> kCommandBlock = {0x1f0, 0x170}, kControlBlock = {0x3f6, 0x376};
constexpr u32 kMasterPorts = 16;
}  // namespace

Piix3Ide::Piix3Ide(const DeviceContext& context, PciBus& bus, std::array<IrqLine, 2> irqs)
    : PciDevice(context, bus, pci_devfn(1, 1),
                {.vendor = 0x8086, .device = 0x7010, .class_code = 0x010180}),
      channels_{IdeChannel(bus.space(), irqs[0], [this] { aborted(); }),
                IdeChannel(bus.space(), irqs[1], [this] { aborted(); })},
      command_windows_{
          PortWindow(bus.space(), "ide-1", PortPriority::Pci, channels_[0].command_ports(), 4),
          PortWindow(bus.space(), "ide-2", PortPriority::Pci, channels_[1].command_ports(), 4)},
      control_windows_{
          PortWindow(bus.space(), "ide-1-control", PortPriority::Pci, channels_[0].control_port()),
          PortWindow(bus.space(), "ide-2-control", PortPriority::Pci,
                     channels_[1].control_port())} {
  define16(0x04, 0, 0x0005);
  define16(0x06, 0x0280);
  define8(0x0d, 0, 0xf0);
  for (unsigned i = 0; i < 2; ++i) define16(u8(kIdetim + 2 * i), 0, 0xffff);
  define8(kSidetim, 0, 0xff);
  io_bar(4, kMasterPorts, master_ports_, 4);
}

void Piix3Ide::decode() {
  for (unsigned i = 0; i < 2; ++i) {
    if (io_enabled() && config16(u8(kIdetim + 2 * i)) & kDecode) {
      command_windows_[i].map(kCommandBlock[i], 8);
      control_windows_[i].map(kControlBlock[i], 1);
    } else {
      command_windows_[i].unmap();
      control_windows_[i].unmap();
    }
  }
}

void Piix3Ide::config_written(u8, unsigned, u32) {
  decode();
  for (IdeChannel& channel : channels_) channel.set_mastering(bus_master());
}

u32 Piix3Ide::MasterPorts::io_read(u16 offset, unsigned size) {
  u32 value = 0;
  for (unsigned i = 0; i < size; ++i) {
    const unsigned at = (offset + i) % kMasterPorts;
    value |= u32(ide.channels_[at / 8].read_master(at % 8)) << (8 * i);
  }
  return value;
}

void Piix3Ide::MasterPorts::io_write(u16 offset, unsigned size, u32 value) {
  for (unsigned i = 0; i < size; ++i) {
    const unsigned at = (offset + i) % kMasterPorts;
    ide.channels_[at / 8].write_master(at % 8, u8(value >> (8 * i)));
  }
}

void Piix3Ide::reset() {
  PciDevice::reset();
  for (IdeChannel& channel : channels_) channel.reset();
}

void Piix3Ide::settle() {
  PciDevice::settle();
  decode();
  for (IdeChannel& channel : channels_) channel.settle(bus_master());
}

void Piix3Ide::state(State& s) {
  PciDevice::state(s);
  s("primary", channels_[0])("secondary", channels_[1]);
}

}  // namespace reprise
