#include "chipset/pci/pci_device.h"

#include <algorithm>
#include <bit>

namespace reprise {

namespace {
constexpr u8 kStatus = 0x06, kRom = 0x30, kCapabilities = 0x34, kPin = 0x3d;
}

PciDevice::PciDevice(const DeviceContext& context, PciBus& bus, u8 devfn,
                     const PciIdentity& identity)
    : Device(context), bus_(bus), devfn_(devfn) {
  define16(0x00, identity.vendor);
  define16(0x02, identity.device);
  define16(0x04, 0, 0x0547);  // I/O, memory, master; parity, SERR and INTx-off as plain bits
  define32(0x08, identity.class_code << 8 | identity.revision);
  define8(0x0c, 0, 0xff);  // cache line size
  define8(0x0d, 0, 0xff);  // latency timer
  define8(0x0e, identity.multifunction ? 0x80 : 0);
  define16(0x2c, identity.subsystem_vendor);
  define16(0x2e, identity.subsystem);
  define8(0x3c, 0, 0xff);
  define8(kPin, identity.interrupt_pin);
  write_one_to_clear(kStatus + 1, 0xf9);
  if (identity.interrupt_pin) intx_ = bus_.intx(devfn_, identity.interrupt_pin);
  bus_.attach(devfn_, *this);
}

PciDevice::~PciDevice() { bus_.detach(devfn_); }

void PciDevice::define8(u8 offset, u8 initial, u8 writable) {
  initial_[offset] = config_[offset] = initial;
  writable_[offset] = writable;
}

void PciDevice::define16(u8 offset, u16 initial, u16 writable) {
  define8(offset, u8(initial), u8(writable));
  define8(u8(offset + 1), u8(initial >> 8), u8(writable >> 8));
}

void PciDevice::define32(u8 offset, u32 initial, u32 writable) {
  define16(offset, u16(initial), u16(writable));
  define16(u8(offset + 2), u16(initial >> 16), u16(writable >> 16));
}

// --- windows ---

PciDevice::Bar& PciDevice::new_bar(unsigned index, u64 size, u32 flags) {
  check(index <= kRomBar && !bars_[index].size && std::has_single_bit(size), "a broken BAR");
  Bar& bar = bars_[index];
  bar.size = size;
  bar.offset = index == kRomBar ? kRom : u8(0x10 + 4 * index);
  const u64 mask = ~(size - 1);
  // The flag bits are read-only; a ROM's enable bit is not.
  define32(bar.offset, flags, u32(mask) | (index == kRomBar ? 1 : 0));
  if (flags & 4 && !(flags & 1)) {
    check(index < 5, "a 64-bit BAR without room");
    bar.wide = true;
    define32(u8(bar.offset + 4), 0, u32(mask >> 32));
  }
  return bar;
}

void PciDevice::io_bar(unsigned index, u32 size, IoHandler& handler, unsigned max_width) {
  Bar& bar = new_bar(index, size, 1);
  bar.io = true;
  bar.ports = std::make_unique<PortWindow>(bus_.space(), path() + ":bar" + std::to_string(index),
                                           PortPriority::Pci, handler, max_width);
}

void PciDevice::memory_bar(unsigned index, u64 size, MmioHandler& handler, MemoryBar kind,
                           unsigned max_width) {
  Bar& bar = new_bar(index, size, (kind.wide ? 4 : 0) | (kind.prefetchable ? 8 : 0));
  bar.memory = std::make_unique<MemoryWindow>(bus_.space(), path() + ":bar" + std::to_string(index),
                                              MapPriority::Pci, handler, max_width);
}

void PciDevice::memory_bar(unsigned index, u64 size, MemoryBlock& block, u64 offset,
                           MemoryBar kind) {
  Bar& bar = new_bar(index, size, (kind.wide ? 4 : 0) | (kind.prefetchable ? 8 : 0));
  bar.memory = std::make_unique<MemoryWindow>(bus_.space(), path() + ":bar" + std::to_string(index),
                                              MapPriority::Pci, block, offset);
}

void PciDevice::rom_bar(MemoryBlock& block) {
  Bar& bar = new_bar(kRomBar, block.size(), 0);
  bar.memory =
      std::make_unique<MemoryWindow>(bus_.space(), path() + ":rom", MapPriority::Pci, block);
}

u64 PciDevice::decoded(const Bar& bar) const {
  if (!bar.size) return kNever;
  const u32 low = config32(bar.offset);
  if (bar.io) {
    const u32 base = low & ~u32(bar.size - 1);
    // There are 64 Ki ports; base 0 is a BAR nobody has set.
    return io_enabled() && base && base <= 0xffff ? base : kNever;
  }
  if (!memory_enabled()) return kNever;
  if (bar.offset == kRom && !(low & 1)) return kNever;
  u64 base = low;
  if (bar.wide) base |= u64(config32(u8(bar.offset + 4))) << 32;
  base &= ~(bar.size - 1);
  // While software sizes the BAR it holds ones: nothing is decoded at the very top.
  const u64 top = bar.wide ? 0 - bar.size : u64(u32(0 - bar.size));
  return base && base != top ? base : kNever;
}

u64 PciDevice::bar_base(unsigned index) const { return decoded(bars_[index]); }

void PciDevice::place_bars() {
  for (Bar& bar : bars_) {
    if (!bar.size) continue;
    const u64 base = decoded(bar);
    if (bar.io) {
      base == kNever ? bar.ports->unmap() : bar.ports->map(u16(base), unsigned(bar.size));
    } else {
      base == kNever ? bar.memory->unmap() : bar.memory->map(base, bar.size);
    }
  }
}

// --- configuration space ---

u32 PciDevice::config_read(u8 offset, unsigned size) {
  u32 value = 0;
  for (unsigned i = 0; i < size; ++i)
    value |= u32(offset + i < 256 ? config_[offset + i] : 0xff) << (8 * i);
  return value;
}

void PciDevice::config_write(u8 offset, unsigned size, u32 value) {
  const u32 before = config_read(offset, size);
  for (unsigned i = 0; i < size && offset + i < 256; ++i) {
    u8& byte = config_[offset + i];
    const u8 written = u8(value >> (8 * i));
    byte = u8((byte & ~writable_[offset + i]) | (written & writable_[offset + i]));
    byte &= u8(~(written & write_clears_[offset + i]));
  }
  place_bars();
  drive_intx();
  config_written(offset, size, before);
}

u8 PciDevice::capability(u8 id, u8 length) {
  const u8 offset = next_capability_;
  check(offset + length <= 256, "no room for a capability");
  next_capability_ = u8((offset + length + 3) & ~3);
  define8(last_capability_, offset);
  define8(offset, id);
  define8(u8(offset + 1), 0);
  last_capability_ = u8(offset + 1);
  define8(kStatus, initial_[kStatus] | 0x10);
  static_assert(kCapabilities == 0x34);
  return offset;
}

// --- interrupts ---

void PciDevice::msi_capability(unsigned log2_messages) {
  check(log2_messages <= 5, "MSI has at most 32 messages");
  msi_ = capability(0x05, 14);
  define16(u8(msi_ + 2), u16(0x80 | log2_messages << 1), 0x71);
  define32(u8(msi_ + 4), 0, 0xffff'fffc);
  define32(u8(msi_ + 8), 0, 0xffff'ffff);
  define16(u8(msi_ + 12), 0, 0xffff);
}

void PciDevice::send_msi(unsigned message) {
  if (!msi_enabled() || !bus_master()) return;
  // Software may ask for more messages than there are; then only those there are count.
  const unsigned granted =
      std::min<unsigned>(config_[msi_ + 2] >> 4 & 7, config_[msi_ + 2] >> 1 & 7);
  const u32 mask = (1u << granted) - 1;
  const u64 address = config32(u8(msi_ + 4)) | u64(config32(u8(msi_ + 8))) << 32;
  bus_.msi().deliver(address, (config16(u8(msi_ + 12)) & ~mask) | (message & mask));
}

void PciDevice::set_intx(bool level) {
  intx_level_ = level;
  drive_intx();
}

void PciDevice::drive_intx() {
  config_[kStatus] = u8((config_[kStatus] & ~8) | (intx_level_ ? 8 : 0));
  intx_.set(intx_level_ && !(config_[5] & 4) && !msi_enabled());
}

// --- device ---

void PciDevice::reset() {
  config_ = initial_;
  intx_level_ = false;
}

void PciDevice::settle() {
  place_bars();
  drive_intx();
}

void PciDevice::state(State& s) { s("config", config_)("intx", intx_level_); }

}  // namespace reprise
