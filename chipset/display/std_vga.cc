#include "chipset/display/std_vga.h"

#include <algorithm>
#include <bit>

namespace reprise {

namespace {

std::unique_ptr<MemoryBlock> make_block(PageStore& pages, const std::string& name, u64 size,
                                        bool rom) {
  auto block = MemoryBlock::create(pages, name, size, rom);
  check(block.ok(), "no memory for the VGA");
  return std::move(*block);
}

constexpr PciIdentity kIdentity{
    .vendor = 0x1234, .device = 0x1111, .class_code = 0x030000, .revision = 2};

}  // namespace

StdVga::StdVga(const DeviceContext& context, PciBus& bus, u8 devfn, PageStore& pages,
               std::span<const u8> rom, const Config& config)
    : PciDevice(context, bus, devfn, kIdentity),
      vram_(make_block(pages, context.path + "/vram", config.vram, false)),
      core_(context.scheduler, *vram_),
      vga_port_window_(bus.space(), context.path + ":vga", PortPriority::Pci, vga_ports_, 1),
      dispi_port_window_(bus.space(), context.path + ":dispi", PortPriority::Pci, dispi_ports_, 2),
      memory_window_(bus.space(), context.path + ":legacy", MapPriority::Legacy, window_, 4) {
  memory_bar(0, config.vram, *vram_, 0, {.prefetchable = true});
  memory_bar(2, kPageSize, *this, {});
  if (config.edid) edid_ = make_edid(config.xres, config.yres);
  if (rom.empty()) return;
  const u64 size = std::max(kPageSize, std::bit_ceil<u64>(rom.size()));
  rom_ = make_block(pages, context.path + "/rom", size, true);
  rom_->write(0, rom);
  rom_bar(*rom_);
}

void StdVga::reset() {
  PciDevice::reset();
  core_.reset();
  byte_order_ = 0x1e1e'1e1e;
}

void StdVga::settle() {
  PciDevice::settle();
  place_legacy();
}

void StdVga::state(State& s) {
  PciDevice::state(s);
  s("vga", core_)("byte_order", byte_order_);
}

void StdVga::place_legacy() {
  if (io_enabled()) {
    vga_port_window_.map(0x3b0, 0x30);
    dispi_port_window_.map(0x1ce, 3);
  } else {
    vga_port_window_.unmap();
    dispi_port_window_.unmap();
  }
  memory_enabled() ? memory_window_.map(0xa0000, 0x20000) : memory_window_.unmap();
}

u32 StdVga::DispiPorts::io_read(u16 offset, unsigned) {
  return offset == 0 ? core.dispi_index() : core.read_dispi(core.dispi_index());
}

void StdVga::DispiPorts::io_write(u16 offset, unsigned, u32 value) {
  if (offset == 0) {
    core.set_dispi_index(u16(value));
  } else {
    core.write_dispi(core.dispi_index(), u16(value));
  }
}

u64 StdVga::Window::mmio_read(u64 offset, unsigned size) {
  u64 value = 0;
  for (unsigned i = 0; i < size; ++i) value |= u64(core.read_memory(u32(offset + i))) << (8 * i);
  return value;
}

void StdVga::Window::mmio_write(u64 offset, unsigned size, u64 value) {
  for (unsigned i = 0; i < size; ++i) core.write_memory(u32(offset + i), u8(value >> (8 * i)));
}

u64 StdVga::mmio_read(u64 offset, unsigned size) {
  if (offset < edid_.size()) {
    u64 value = 0;
    for (unsigned i = 0; i < size && offset + i < edid_.size(); ++i)
      value |= u64(edid_[offset + i]) << (8 * i);
    return value;
  }
  if (offset >= 0x400 && offset + size <= 0x420) {
    u64 value = 0;
    for (unsigned i = 0; i < size; ++i)
      value |= u64(core_.read_port(u16(0x3c0 + (offset - 0x400) + i))) << (8 * i);
    return value;
  }
  if (offset >= 0x500 && offset < 0x516 && size <= 2 && offset % 2 == 0)
    return core_.read_dispi(u16((offset - 0x500) / 2));
  if (offset == 0x600 && size == 4) return 8;
  if (offset == 0x604 && size == 4) return byte_order_;
  return 0;
}

void StdVga::mmio_write(u64 offset, unsigned size, u64 value) {
  if (offset >= 0x400 && offset + size <= 0x420) {
    for (unsigned i = 0; i < size; ++i)
      core_.write_port(u16(0x3c0 + (offset - 0x400) + i), u8(value >> (8 * i)));
  } else if (offset >= 0x500 && offset < 0x516 && size == 2 && offset % 2 == 0) {
    core_.write_dispi(u16((offset - 0x500) / 2), u16(value));
  } else if (offset == 0x604 && size == 4 && (value == 0x1e1e'1e1e || value == 0xbebe'bebe)) {
    byte_order_ = u32(value);
  }
}

}  // namespace reprise
