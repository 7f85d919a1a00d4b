#include "chipset/pci/pci_bus.h"

#include "chipset/pci/pci_device.h"

namespace reprise {

PciBus::PciBus(const DeviceContext& context, AddressSpace& space, MsiSink& msi,
               std::array<IrqLine, 4> pirq)
    : Device(context),
      space_(space),
      msi_(msi),
      pirq_(pirq),
      address_window_(space, "pci-address", PortPriority::Host, address_port_, 4),
      data_window_(space, "pci-data", PortPriority::Host, data_port_, 4) {
  address_window_.map(0xcf8, 4);
  data_window_.map(0xcfc, 4);
}

void PciBus::attach(u8 devfn, PciDevice& device) {
  check(!devices_[devfn], "two devices in one PCI slot");
  devices_[devfn] = &device;
}

void PciBus::detach(u8 devfn) { devices_[devfn] = nullptr; }

// --- configuration mechanism #1 ---

u32 PciBus::AddressPort::io_read(u16, unsigned size) {
  return size == 4 ? bus.regs_.address : ~u32(0);
}

void PciBus::AddressPort::io_write(u16, unsigned size, u32 value) {
  if (size == 4) bus.regs_.address = value & 0x80ff'fffc;
}

PciDevice* PciBus::selected() const {
  const u32 address = regs_.address;
  if (!(address >> 31) || (address >> 16 & 0xff)) return nullptr;
  return devices_[address >> 8 & 0xff];
}

u32 PciBus::DataPort::io_read(u16 offset, unsigned size) {
  PciDevice* device = bus.selected();
  return device ? device->config_read(u8((bus.regs_.address & 0xfc) + offset), size) : ~u32(0);
}

void PciBus::DataPort::io_write(u16 offset, unsigned size, u32 value) {
  if (PciDevice* device = bus.selected())
    device->config_write(u8((bus.regs_.address & 0xfc) + offset), size, value);
}

// --- INTx ---

void PciBus::set_irq(unsigned pin, bool level) {
  const u8 bit = u8(1 << pin % 8);
  u8& byte = regs_.levels[pin / 8];
  if (bool(byte & bit) == level) return;
  byte ^= bit;
  const unsigned wire = pirq_of(u8(pin / 4), u8(pin % 4 + 1));
  asserted_[wire] += level ? 1 : -1;
  pirq_[wire].set(asserted_[wire] != 0);
}

void PciBus::count_wires() {
  asserted_ = {};
  for (unsigned pin = 0; pin < 1024; ++pin) {
    if (regs_.levels[pin / 8] >> pin % 8 & 1) ++asserted_[pirq_of(u8(pin / 4), u8(pin % 4 + 1))];
  }
}

void PciBus::reset() {
  regs_ = {};
  asserted_ = {};
}

void PciBus::settle() {
  count_wires();
  for (unsigned wire = 0; wire < 4; ++wire) pirq_[wire].set(asserted_[wire] != 0);
}

void PciBus::state(State& s) { s("address", regs_.address)("levels", regs_.levels); }

}  // namespace reprise
