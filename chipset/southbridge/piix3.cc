#include "chipset/southbridge/piix3.h"

namespace reprise {

namespace {
constexpr u8 kPirqrc = 0x60;
// Interrupts that a PIRQ can be routed to: 0, 1, 2, 8 and 13 are reserved.
constexpr u16 kRoutable = 0xdef8;
}  // namespace

Piix3Isa::Piix3Isa(const DeviceContext& context, PciBus& bus, std::array<IrqLine, 16> isa_irqs,
                   Resets resets)
    : PciDevice(
          context, bus, pci_devfn(1, 0),
          {.vendor = 0x8086, .device = 0x7000, .class_code = 0x060100, .multifunction = true}),
      isa_irqs_(isa_irqs),
      resets_(std::move(resets)),
      reset_window_(bus.space(), "reset-control", PortPriority::Reset, *this) {
  reset_window_.map(0xcf9, 1);
  define16(0x04, 0x0007, 0x0108);
  define16(0x06, 0x0200);
  define8(0x4c, 0x4d, 0xff);
  define16(0x4e, 0x0003, 0xffff);
  for (u8 i = 0; i < 4; ++i) define8(u8(kPirqrc + i), 0x80, 0x8f);
  define8(0x69, 0x02, 0xff);
  define8(0x6a, 0, 0xff);
  define8(0x70, 0x80, 0xff);
  define8(0x76, 0x0c, 0xff);
  define8(0x77, 0x0c, 0xff);
  define8(0x78, 0x02, 0xff);
  define8(0x80, 0, 0x7f);
  define8(0x82, 0, 0xff);
  define8(0xa0, 0x08, 0xff);
  define8(0xa2, 0, 0xff);
  define8(0xa3, 0, 0xff);
  define32(0xa4, 0, 0xffff'ffff);
  define8(0xa8, 0x0f, 0xff);
  define8(0xaa, 0, 0xff);
  define8(0xab, 0, 0xff);
  define8(0xac, 0, 0xff);
  define8(0xae, 0, 0xff);
}

void Piix3Isa::config_written(u8, unsigned, u32) { route(); }

void Piix3Isa::set_irq(unsigned pirq, bool level) {
  const u8 bit = u8(1 << pirq);
  if (bool(regs_.pirqs & bit) == level) return;
  regs_.pirqs ^= bit;
  route();
}

// An ISA interrupt is asserted while any PIRQ routed to it is.
void Piix3Isa::route() {
  u16 levels = 0;
  for (unsigned pirq = 0; pirq < 4; ++pirq) {
    const u8 route = config8(u8(kPirqrc + pirq));
    if (!(route & 0x80) && regs_.pirqs >> pirq & 1) levels |= u16(1 << (route & 15));
  }
  for (unsigned irq = 0; irq < 16; ++irq) {
    if (kRoutable >> irq & 1) isa_irqs_[irq].set(levels >> irq & 1);
  }
}

u32 Piix3Isa::io_read(u16, unsigned) { return regs_.rc; }

void Piix3Isa::io_write(u16, unsigned, u32 value) {
  const bool starts = value & 4 && !(regs_.rc & 4);
  regs_.rc = u8(value & 0x1e);
  if (!starts) return;
  // Linux and SeaBIOS set SRST first and RCPU with it; either way the bit counts as written now.
  (value & 2 ? resets_.hard : resets_.soft)();
  regs_.rc &= u8(~4);  // a soft reset leaves the register ready for the next one
}

void Piix3Isa::reset() {
  PciDevice::reset();
  regs_ = {};
}

void Piix3Isa::settle() {
  PciDevice::settle();
  route();
}

void Piix3Isa::state(State& s) {
  PciDevice::state(s);
  s("pirqs", regs_.pirqs, 0, 15)("rc", regs_.rc);
}

}  // namespace reprise
