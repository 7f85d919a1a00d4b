// The local APIC's registers, as memory and as MSRs.
#include "chipset/interrupt/lapic.h"

namespace reprise {

namespace {
enum Register : u16 {  // offset / 16
  kId = 0x02,
  kVersionRegister = 0x03,
  kTpr = 0x08,
  kApr = 0x09,
  kPpr = 0x0a,
  kEoi = 0x0b,
  kRrd = 0x0c,
  kLdr = 0x0d,
  kDfr = 0x0e,
  kSvr = 0x0f,
  kIsr = 0x10,
  kTmr = 0x18,
  kIrr = 0x20,
  kEsr = 0x28,
  kIcrLow = 0x30,
  kIcrHigh = 0x31,
  kLvtTimer = 0x32,
  kLvtError = 0x37,
  kInitialCount = 0x38,
  kCurrentCount = 0x39,
  kDivide = 0x3e,
  kSelfIpi = 0x3f
};
constexpr u32 kVersion = 0x00050014;
constexpr u32 kIcrBits = 0x000c'cfff;  // without delivery status
// Writable bits of each LVT entry.
constexpr u32 kLvtBits[] = {0x000700ff, 0x000107ff, 0x000107ff, 0x0001a7ff, 0x0001a7ff, 0x000100ff};
}  // namespace

std::optional<u32> Lapic::read_register(u32 index) {
  switch (index) {
    case kId:
      return x2apic() ? u32(config_.id) : u32(regs_.id) << 24;
    case kVersionRegister:
      return kVersion;
    case kTpr:
      return regs_.tpr;
    case kApr:
      return apr();
    case kPpr:
      return ppr();
    case kEoi:
    case kRrd:
      return 0;
    case kLdr:
      return ldr();
    case kDfr:
      return regs_.dfr;
    case kSvr:
      return regs_.svr;
    case kEsr:
      return regs_.esr;
    case kIcrLow:
      return regs_.icr_low;
    case kIcrHigh:
      return regs_.icr_high;
    case kInitialCount:
      return timer_mode() == kTscDeadline ? 0 : regs_.initial_count;
    case kCurrentCount:
      return current_count();
    case kDivide:
      return regs_.divide;
    default:
      break;
  }
  if (index >= kIsr && index < kIsr + 8) return regs_.isr[index - kIsr];
  if (index >= kTmr && index < kTmr + 8) return regs_.tmr[index - kTmr];
  if (index >= kIrr && index < kIrr + 8) return regs_.irr[index - kIrr];
  if (index >= kLvtTimer && index <= kLvtError) return regs_.lvt[index - kLvtTimer];
  return std::nullopt;
}

bool Lapic::write_register(u32 index, u32 value) {
  switch (index) {
    case kId:
      regs_.id = u8(value >> 24);
      break;
    case kTpr:
      set_tpr(u8(value));
      break;
    case kEoi:
      write_eoi();
      break;
    case kLdr:
      regs_.ldr = value & 0xff00'0000;
      break;
    case kDfr:
      regs_.dfr = value | 0x0fff'ffff;
      break;
    case kSvr:
      write_svr(value);
      break;
    case kEsr:
      regs_.esr = regs_.errors;
      regs_.errors = 0;
      break;
    case kIcrLow:
      regs_.icr_low = value & kIcrBits;
      send_ipi(regs_.icr_low,
               x2apic() ? regs_.icr_high : ApicMessage::from_8bit(regs_.icr_high >> 24));
      break;
    case kIcrHigh:
      regs_.icr_high = value & 0xff00'0000;
      break;
    case kInitialCount:
      if (timer_mode() == kTscDeadline) break;
      regs_.initial_count = value;
      start_timer(value);
      break;
    case kDivide: {
      const u32 count = current_count();
      regs_.divide = value & 0xb;
      start_timer(count);
      break;
    }
    case kVersionRegister:
    case kApr:
    case kPpr:
    case kRrd:
    case kCurrentCount:
      break;  // read-only
    default:
      if (index >= kLvtTimer && index <= kLvtError) {
        write_lvt(index - kLvtTimer, value);
        break;
      }
      return index >= kIsr && index < kIrr + 8;  // read-only
  }
  return true;
}

void Lapic::write_svr(u32 value) {
  regs_.svr = value & 0x3ff;
  if (!software_enabled())
    for (u32& lvt : regs_.lvt) lvt |= kMasked;
  arm_timer();
}

void Lapic::write_lvt(unsigned index, u32 value) {
  u32& lvt = regs_.lvt[index];
  const u32 old = lvt;
  if (index == kTimer && ((value ^ old) >> 17 & 3)) {
    rebase_timer();
    if (((value >> 17 & 3) == kTscDeadline) != (timer_mode() == kTscDeadline)) {
      regs_.start_count = 0;
      regs_.tsc_deadline = 0;
    }
  }
  lvt = value & kLvtBits[index];
  if (lvt & kLevel) lvt |= old & kRemoteIrr;
  if (!software_enabled()) lvt |= kMasked;
  if (index == kTimer) arm_timer();
  level_lints();
  update_intr();
}

// Registers are 32 bits at multiples of 16; the bytes between read as 0.
u64 Lapic::mmio_read(u64 offset, unsigned) {
  offset &= 0xfff;
  const std::optional<u32> value = offset < 0x400 ? read_register(u32(offset >> 4)) : std::nullopt;
  if (!value) {
    error(kIllegalRegister);
    return 0;
  }
  return (offset & 0xc) ? 0 : *value >> (8 * (offset & 3));
}

void Lapic::mmio_write(u64 offset, unsigned size, u64 value) {
  offset &= 0xfff;
  if (size < 4 || (offset & 0xf)) return;
  if (offset >= 0x400 || !write_register(u32(offset >> 4), u32(value))) error(kIllegalRegister);
}

// x2APIC

std::optional<u64> Lapic::read_msr(u32 index) {
  if (!x2apic() || index < 0x800 || index > 0x83f) return std::nullopt;
  const u32 reg = index - 0x800;
  switch (reg) {
    case kApr:
    case kEoi:
    case kRrd:
    case kDfr:
    case kIcrHigh:
    case kSelfIpi:
      return std::nullopt;
    case kIcrLow:
      return u64(regs_.icr_high) << 32 | regs_.icr_low;
    default:
      break;
  }
  const std::optional<u32> value = read_register(reg);
  return value ? std::optional<u64>(*value) : std::nullopt;
}

bool Lapic::write_msr(u32 index, u64 value) {
  if (!x2apic() || index < 0x800 || index > 0x83f) return false;
  const u32 reg = index - 0x800;
  u64 allowed = 0;
  switch (reg) {
    case kTpr:
    case kSelfIpi:
      allowed = 0xff;
      break;
    case kEoi:
    case kEsr:
      break;
    case kSvr:
      allowed = 0x3ff;
      break;
    case kIcrLow:
      allowed = 0xffff'ffff'0000'0000 | kIcrBits;
      break;
    case kInitialCount:
      allowed = 0xffff'ffff;
      break;
    case kDivide:
      allowed = 0xb;
      break;
    default:
      if (reg < kLvtTimer || reg > kLvtError) return false;
      // Delivery status and remote IRR may be written back.
      allowed = kLvtBits[reg - kLvtTimer] | 0x1000;
      if (allowed & kLevel) allowed |= kRemoteIrr;
  }
  if (value & ~allowed) return false;
  if (reg == kSelfIpi) {
    send_ipi(0x40000 | u32(value), 0);  // shorthand: self
    return true;
  }
  if (reg == kIcrLow) regs_.icr_high = u32(value >> 32);
  return write_register(reg, u32(value));
}

}  // namespace reprise
