#include "chipset/southbridge/piix4_pm.h"

namespace reprise {

namespace {
constexpr u8 kPmBase = 0x40, kDevActB = 0x58, kPmRegMisc = 0x80, kSmbBase = 0x90, kSmbConfig = 0xd2;
constexpr u16 kGpeBase = 0xafe0, kApmc = 0xb2;
constexpr u8 kGlobalStatus = 0x18, kGlobalControl = 0x28;
constexpr u8 kAcpiEnable = 0xf1, kAcpiDisable = 0xf0;
constexpr u16 kSciEnable = 1, kSusEnable = 1 << 13;

// Registers of the PMBASE block that only keep what is written.
constexpr bool plain(u16 offset) {
  return (offset >= 0x0c && offset < 0x14) || (offset >= 0x18 && offset < 0x30) ||
         (offset >= 0x34 && offset < 0x38);
}
}  // namespace

Piix4Pm::Piix4Pm(const DeviceContext& context, PciBus& bus, SmbusHost& smbus, Wires wires)
    : PciDevice(context, bus, pci_devfn(1, 3),
                {.vendor = 0x8086,
                 .device = 0x7113,
                 .class_code = 0x068000,
                 .revision = 3,
                 .interrupt_pin = 1}),
      smbus_(smbus),
      wires_(std::move(wires)),
      clock_(context.scheduler, kTimerHz),
      overflow_(context.scheduler, context.path, 0, [this] { update(); }),
      pm_window_(bus.space(), "piix4-pm", PortPriority::Pci, pm_ports_, 4),
      gpe_window_(bus.space(), "piix4-gpe", PortPriority::Pci, gpe_ports_),
      apm_window_(bus.space(), "piix4-apm", PortPriority::Pci, apm_ports_),
      smb_window_(bus.space(), "piix4-smb", PortPriority::Pci, smbus) {
  gpe_window_.map(kGpeBase, 4);
  apm_window_.map(kApmc, 2);
  define16(0x04, 0, 0x0001);
  define16(0x06, 0x0280);
  define32(kPmBase, 1, 0xffc0);
  for (u8 offset = 0x44; offset < 0x80; offset += 4) define32(offset, 0, 0xffff'ffff);
  define8(kPmRegMisc, 0, 0x01);
  define32(kSmbBase, 1, 0xfff0);
  define8(kSmbConfig, 0, 0x0f);
  define8(0xd3, 0, 0xff);
  define8(0xd4, 0, 0xff);
  define8(0xd5, 0, 0xff);
}

void Piix4Pm::place_windows() {
  const u16 pm = config16(kPmBase) & 0xffc0, smb = config16(kSmbBase) & 0xfff0;
  config8(kPmRegMisc) & 1 && pm ? pm_window_.map(pm, 64) : pm_window_.unmap();
  config8(kSmbConfig) & 1 && smb ? smb_window_.map(smb, 16) : smb_window_.unmap();
  smbus_.select_interrupt(config8(kSmbConfig) >> 1 & 7);
}

void Piix4Pm::config_written(u8, unsigned, u32) { place_windows(); }

// --- events ---

// TMROF is a function of the cycle: the timer has passed a half wrap since it was last cleared.
u16 Piix4Pm::status() const {
  const bool overflowed = clock_.ticks() >> kHalfWrap > regs_.seen_halves;
  return u16(regs_.sts | (overflowed ? kTimer : 0));
}

// The SCI follows the status and enable bits; the alarm is set only while it would change the SCI.
void Piix4Pm::update() {
  const u16 pending = status() & regs_.en & (kTimer | kGlobal | kButton | kRtc);
  wires_.sci.set(pending || regs_.gpe_sts & regs_.gpe_en);
  if (regs_.en & kTimer && !(status() & kTimer))
    overflow_.arm(clock_.cycle_of((regs_.seen_halves + 1) << kHalfWrap));
  else
    overflow_.cancel();
}

void Piix4Pm::press_power_button() {
  regs_.sts |= kButton;
  update();
}

void Piix4Pm::raise_gpe(unsigned bit) {
  regs_.gpe_sts |= u16(1 << bit);
  update();
}

// --- the PMBASE block, by bytes ---

u8 Piix4Pm::pm_byte(u16 offset) const {
  switch (offset) {
    case 0x00:
      return u8(status());
    case 0x01:
      return u8(status() >> 8);
    case 0x02:
      return u8(regs_.en);
    case 0x03:
      return u8(regs_.en >> 8);
    case 0x04:
      return u8(regs_.cnt);
    case 0x05:
      return u8(regs_.cnt >> 8);
    case 0x08:
    case 0x09:
    case 0x0a:
      return u8(clock_.ticks() >> (8 * (offset - 8)));
  }
  return plain(offset) ? regs_.plain[offset] : 0;
}

u32 Piix4Pm::pm_read(u16 offset, unsigned size) {
  u32 value = 0;
  for (unsigned i = 0; i < size; ++i) value |= u32(pm_byte(u16(offset + i))) << (8 * i);
  return value;
}

void Piix4Pm::pm_write_byte(u16 offset, u8 value) {
  switch (offset) {
    case 0x00:
      regs_.sts &= u16(~value);
      if (value & kTimer) regs_.seen_halves = clock_.ticks() >> kHalfWrap;
      return;
    case 0x01:
      regs_.sts &= u16(~(value << 8));
      return;
    case 0x02:
      regs_.en = u16((regs_.en & 0xff00) | (value & (kTimer | kGlobal)));
      return;
    case 0x03:
      regs_.en = u16((regs_.en & 0x00ff) | ((value << 8) & (kButton | kRtc)));
      return;
    case 0x04:
      regs_.cnt = u16((regs_.cnt & 0xff00) | (value & 3));
      return;
    case 0x05:
      regs_.cnt = u16((regs_.cnt & 0x00ff) | ((value << 8) & 0x1c00));  // SUS_EN reads as 0
      if (value << 8 & kSusEnable && !(regs_.cnt & 0x1c00)) wires_.power_off();
      return;
  }
  if (offset == kGlobalStatus)
    regs_.plain[offset] &= u8(~value);
  else if (plain(offset))
    regs_.plain[offset] = value;
}

void Piix4Pm::pm_write(u16 offset, unsigned size, u32 value) {
  for (unsigned i = 0; i < size; ++i) pm_write_byte(u16(offset + i), u8(value >> (8 * i)));
  update();
}

// --- GPE0, APM ---

u32 Piix4Pm::gpe_read(u16 offset, unsigned) {
  const u16 reg = offset < 2 ? regs_.gpe_sts : regs_.gpe_en;
  return reg >> (offset % 2 * 8) & 0xff;
}

void Piix4Pm::gpe_write(u16 offset, unsigned, u32 value) {
  const unsigned shift = offset % 2 * 8;
  if (offset < 2)
    regs_.gpe_sts &= u16(~(value << shift));
  else
    regs_.gpe_en = u16((regs_.gpe_en & ~(0xff << shift)) | value << shift);
  update();
}

u32 Piix4Pm::apm_read(u16 offset, unsigned) { return offset ? regs_.apms : regs_.apmc; }

void Piix4Pm::apm_write(u16 offset, unsigned, u32 value) {
  if (offset) {
    regs_.apms = u8(value);
    return;
  }
  regs_.apmc = u8(value);
  if (value == kAcpiEnable) regs_.cnt |= kSciEnable;
  if (value == kAcpiDisable) regs_.cnt &= u16(~kSciEnable);
  if (config32(kDevActB) >> 25 & 1 && regs_.plain[kGlobalControl] & 1) {
    regs_.plain[kGlobalStatus] |= 0x20;  // APM_STS
    wires_.smi();
  }
}

// --- device ---

void Piix4Pm::reset() {
  PciDevice::reset();
  overflow_.cancel();
  regs_ = {};
  regs_.seen_halves = clock_.ticks() >> kHalfWrap;
}

void Piix4Pm::settle() {
  PciDevice::settle();
  place_windows();
  update();
}

void Piix4Pm::state(State& s) {
  PciDevice::state(s);
  s("sts", regs_.sts)("seen_halves", regs_.seen_halves, 0, kNever >> (kHalfWrap + 1));
  s("en", regs_.en)("cnt", regs_.cnt)("gpe_sts", regs_.gpe_sts)("gpe_en", regs_.gpe_en);
  s("apmc", regs_.apmc)("apms", regs_.apms)("plain", regs_.plain);
}

}  // namespace reprise
