#include "chipset/northbridge/i440fx.h"

#include <algorithm>

namespace reprise {

namespace {
constexpr u8 kPam0 = 0x59, kSmram = 0x72;
constexpr u8 kOpen = 0x40, kLock = 0x10, kEnable = 0x08;
}  // namespace

I440fx::I440fx(const DeviceContext& context, PciBus& bus, MemoryBlock& ram)
    : PciDevice(context, bus, pci_devfn(0, 0),
                {.vendor = 0x8086, .device = 0x1237, .class_code = 0x060000, .revision = 2}),
      base_(bus.space(), "ram-base", MapPriority::Ram, ram, 0),
      extended_(bus.space(), "ram-extended", MapPriority::Ram, ram, 0x10'0000),
      high_(bus.space(), "ram-high", MapPriority::Ram, ram,
            std::min<u64>(ram.size(), kLowMemoryEnd)),
      smram_(bus.space(), "smram", MapPriority::Smram, ram, 0xa'0000) {
  check(ram.size() >= 0x10'0000, "less than 1 MiB of RAM");
  base_.map(0, 0xa'0000);
  extended_.map(0x10'0000, std::min(ram.size(), kLowMemoryEnd) - 0x10'0000);
  if (ram.size() > kLowMemoryEnd) high_.map(kHighMemory, ram.size() - kLowMemoryEnd);
  for (unsigned i = 0; i < kSegments; ++i) {
    const u64 start = 0xc'0000 + u64(i) * 0x4000;
    segments_[i] = std::make_unique<MemoryWindow>(bus.space(), "pam-" + std::to_string(i + 10),
                                                  MapPriority::Ram, ram, start);
    segments_[i]->set_access(false, false);
    segments_[i]->map(start, i == kSegments - 1 ? 0x1'0000 : 0x4000);
  }

  define16(0x04, 0x0006, 0x0100);  // memory and master are always on
  define16(0x06, 0x0280);
  define16(0x50, 0, 0xffff);
  define8(0x53, 0x80, 0xff);
  define8(0x54, 0, 0xff);
  define16(0x55, 0, 0xffff);
  define8(0x57, 0x01, 0xff);
  define8(0x58, 0x10, 0xff);
  define8(kPam0, 0, 0xf0);
  for (u8 i = 1; i < 7; ++i) define8(u8(kPam0 + i), 0, 0xff);
  for (u8 i = 0; i < 8; ++i) define8(u8(0x60 + i), 0x01, 0xff);
  define8(0x68, 0, 0xff);
  define8(0x70, 0x20, 0xff);
  define8(0x71, 0x10, 0xff);
  define8(kSmram, 0x02, 0x78);
  define8(0x90, 0, 0xff);
  write_one_to_clear(0x91, 0xff);
}

void I440fx::config_written(u8 offset, unsigned size, u32 before) {
  for (unsigned i = 0; i < size; ++i) {
    if (offset + i != kSmram) continue;
    const u8 old = u8(before >> (8 * i));
    u8 now = config8(kSmram);
    if (now & kLock || old & kLock) now = u8((now & ~kOpen) | kLock);  // until the next reset
    set_config8(kSmram, now);
  }
  apply_pam();
  apply_smram();
}

void I440fx::settle() {
  PciDevice::settle();
  apply_pam();
  apply_smram();
}

void I440fx::apply_pam() {
  for (unsigned i = 0; i < kSegments; ++i) {
    const u8 nibble =
        i == kSegments - 1 ? config8(kPam0) >> 4 : config8(u8(kPam0 + 1 + i / 2)) >> (i % 2 * 4);
    segments_[i]->set_access(nibble & 1, nibble & 2);
  }
}

void I440fx::apply_smram() {
  const u8 value = config8(kSmram);
  smram_.set_views(value & kOpen ? kViewCpu | kViewSmm : kViewSmm);
  value& kEnable ? smram_.map(0xa'0000, 0x2'0000) : smram_.unmap();
}

}  // namespace reprise
