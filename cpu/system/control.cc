// Control and debug registers, flags, HLT and the like.
//
// Source: Intel SDM volume 2, the instructions by name; volume 3, chapters 2, 17.2 and 20.3.
// MWAIT ends the vCPU's turn and goes on: the architecture allows any early wake-up.
#include "cpu/cluster.h"
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

void privileged(Cpu& c) {
  if (c.cpl != 0) c.raise(kGP, 0);
}
u64 read_gpr(const Cpu& c, u8 offset) {
  return c.code64() ? c.r[offset / 8] : u32(c.r[offset / 8]);
}
unsigned iopl(const Cpu& c) { return (c.eflags & IOPL) >> 12; }

// DR4 and DR5 are DR6 and DR7 unless CR4.DE.
unsigned debug_register(Cpu& c, const Op& op) {
  unsigned n = op.reg;
  if (n > 7) c.raise(kUD);
  if (n == 4 || n == 5) {
    if (c.cr4 & CR4_DE) c.raise(kUD);
    n += 2;
  }
  privileged(c);
  if (c.dr[7] & 0x2000) {
    c.dr[6] |= 0x2000;  // BD: the debug registers are guarded
    c.raise(kDB);
  }
  return n;
}

}  // namespace

void mov_from_cr(Cpu& c, const Op& op) {
  u64 value = 0;
  switch (op.reg) {
    case 0:
    case 2:
    case 3:
    case 4:
      break;
    case 8:
      if (c.code64()) break;
      [[fallthrough]];
    default:
      c.raise(kUD);
  }
  privileged(c);
  switch (op.reg) {
    case 0:
      value = c.cr0;
      break;
    case 2:
      value = c.cr2;
      break;
    case 3:
      value = c.cr3;
      break;
    case 4:
      value = c.cr4;
      break;
    case 8:
      value = c.apic ? c.apic->tpr() >> 4 : 0;
      break;
  }
  write_reg_size(c, op.rm, c.code64() ? 8 : 4, value);
}

void mov_to_cr(Cpu& c, const Op& op) {
  const u64 value = read_gpr(c, op.rm);
  const u8 n = op.reg;
  if (!(n == 0 || (n >= 2 && n <= 4) || (n == 8 && c.code64()))) c.raise(kUD);
  privileged(c);
  switch (n) {
    case 0:
      return set_cr0(c, value);
    case 2:
      c.cr2 = value;
      return;
    case 3:
      return set_cr3(c, value);
    case 4:
      return set_cr4(c, value);
    case 8:
      if (value > 15) c.raise(kGP, 0);
      if (!c.apic) return;
      c.publish();
      c.apic->set_tpr(u8(value << 4));
      c.after_device();
      return;
  }
}

void mov_from_dr(Cpu& c, const Op& op) {
  const unsigned n = debug_register(c, op);
  write_reg_size(c, op.rm, c.code64() ? 8 : 4, c.dr[n]);
}

void mov_to_dr(Cpu& c, const Op& op) {
  const unsigned n = debug_register(c, op);
  const u64 value = read_gpr(c, op.rm);
  if (n >= 6 && value >> 32) c.raise(kGP, 0);
  if (n == 6)
    c.dr[6] = (value & 0xE00F) | 0xFFFF0FF0;
  else if (n == 7)
    c.dr[7] = (value & 0xFFFF23FF) | 0x400;
  else
    c.dr[n] = value;
  c.update_mode();
}

void lmsw(Cpu& c, const Op& op) {
  privileged(c);
  const u16 value = read_rm<u16>(c, op);
  // PE can be set, never cleared.
  set_cr0(c, (c.cr0 & ~u64(0xE)) | (value & 0xF));
}

void smsw(Cpu& c, const Op& op) {
  if ((c.cr4 & CR4_UMIP) && c.cpl != 0) c.raise(kGP, 0);
  if (op.flags & kOpMemory)
    write_rm<u16>(c, op, u16(c.cr0));
  else
    write_reg_size(c, op.rm, op.osize, c.cr0);
}

void clts(Cpu& c, const Op&) {
  privileged(c);
  c.cr0 &= ~u64(CR0_TS);
  c.update_mode();
}

void invlpg(Cpu& c, const Op& op) {
  privileged(c);
  const u64 offset = effective_offset(c, &op);
  if (c.code64()) {
    const u64 linear = op.seg >= FS ? c.seg[op.seg].base + offset : offset;
    if (canonical(linear)) c.invlpg(linear);
  } else {
    c.invlpg(u32(c.seg[op.seg].base + offset));
  }
}

// The TLB has translations of one PCID: what is asked of another is done.
void invpcid(Cpu& c, const Op& op) {
  privileged(c);
  const u64 type = c.code64() ? c.r[op.reg] : u32(c.r[op.reg]);
  const u64 address = memory_address(c, op, 16, false);
  const u64 after = c.code64() ? address + 8 : u32(address + 8);
  const u64 pcid = c.load_slow(address, 8, c.user(), op.seg);
  const u64 linear = c.load_slow(after, 8, c.user(), op.seg);
  if (type > 3 || pcid >> 12) c.raise(kGP, 0);
  const bool pcide = c.cr4 & CR4_PCIDE;
  if (type <= 1 && pcid != 0 && !pcide) c.raise(kGP, 0);
  if (type == 0 && c.long_mode() && !canonical(linear)) c.raise(kGP, 0);
  const bool present = pcid == (pcide ? c.cr3 & 0xFFF : 0);
  if (type == 0 && present) c.invlpg(linear);
  if ((type == 1 && present) || type == 3) c.flush_tlb(false);
  if (type == 2) c.flush_tlb(true);
}

static void set_ac(Cpu& c, u32 value) {
  if (c.cpl != 0) c.raise(kUD);
  c.eflags = (c.eflags & ~AC) | value;
  c.choose_tables();
}
void clac(Cpu& c, const Op&) { set_ac(c, 0); }
void stac(Cpu& c, const Op&) { set_ac(c, AC); }

static void key_rights(Cpu& c) {
  if (!(c.cr4 & CR4_PKE)) c.raise(kUD);
  if (u32(c.r[RCX]) != 0) c.raise(kGP, 0);
}
void rdpkru(Cpu& c, const Op&) {
  key_rights(c);
  c.r[RAX] = c.pkru;
  c.r[RDX] = 0;
}
void wrpkru(Cpu& c, const Op&) {
  key_rights(c);
  if (u32(c.r[RDX]) != 0) c.raise(kGP, 0);
  c.set_pkru(u32(c.r[RAX]));
}

void invd(Cpu& c, const Op&) { privileged(c); }
void wbinvd(Cpu& c, const Op&) { privileged(c); }

void hlt(Cpu& c, const Op&) {
  privileged(c);
  c.activity = Activity::Halted;
}

void cli(Cpu& c, const Op&) {
  if (!c.protected_mode() || iopl(c) >= c.cpl) {
    c.eflags &= ~IF;
    return;
  }
  const bool extension = c.v86() ? c.cr4 & CR4_VME : c.cpl == 3 && (c.cr4 & CR4_PVI);
  if (!extension) c.raise(kGP, 0);
  c.eflags &= ~VIF;
}

void sti(Cpu& c, const Op&) {
  if (!c.protected_mode() || iopl(c) >= c.cpl) {
    if (!(c.eflags & IF)) c.shadow_at = c.position().icount + 1;
    c.eflags |= IF;
    return;
  }
  const bool extension = c.v86() ? c.cr4 & CR4_VME : c.cpl == 3 && (c.cr4 & CR4_PVI);
  if (!extension || (c.eflags & VIP)) c.raise(kGP, 0);
  c.eflags |= VIF;
}

void pushf(Cpu& c, const Op& op) {
  u32 image = c.rflags() & 0xFCFFFF;
  if (c.v86() && iopl(c) < 3) {
    if (op.osize != 2 || !(c.cr4 & CR4_VME)) c.raise(kGP, 0);
    image = (image & ~IF) | IOPL | (c.eflags & VIF ? IF : 0);
  }
  if (op.osize == 2)
    push<u16>(c, &op, u16(image));
  else if (op.osize == 4)
    push<u32>(c, &op, image);
  else
    push<u64>(c, &op, image);
}

void popf(Cpu& c, const Op& op) {
  u32 mask = CF | PF | AF | ZF | SF | TF | DF | OF | NT | AC | ID;
  bool virtual_if = false;
  if (!c.protected_mode() || c.cpl == 0)
    mask |= IF | IOPL;
  else if (c.v86()) {
    if (iopl(c) == 3)
      mask |= IF;
    else if (op.osize == 2 && (c.cr4 & CR4_VME))
      virtual_if = true;
    else
      c.raise(kGP, 0);
  } else if (c.cpl <= iopl(c))
    mask |= IF;
  const u32 value = u32(stack_read(c, 0, op.osize));
  if (op.osize == 2) mask &= 0xFFFF;
  if (virtual_if && ((value & TF) || ((value & IF) && (c.eflags & VIP)))) c.raise(kGP, 0);
  set_sp(c, c.r[RSP] + op.osize);
  u32 flags = (c.rflags() & ~(mask | RF)) | (value & mask);
  if (virtual_if) flags = (flags & ~VIF) | (value & IF ? VIF : 0);
  c.set_rflags(flags);
}

void swapgs(Cpu& c, const Op&) {
  privileged(c);
  std::swap(c.seg[GS].base, c.msr.kernel_gs_base);
}

namespace {
// The base that FSGSBASE reads and writes.
u64& segment_base(Cpu& c, SegIndex segment) {
  if (!(c.cr4 & CR4_FSGSBASE)) c.raise(kUD);
  return c.seg[segment].base;
}
}  // namespace

template <SegIndex S>
void read_base(Cpu& c, const Op& op) {
  write_reg_size(c, op.rm, op.osize == 8 ? 8 : 4, segment_base(c, S));
}
template <SegIndex S>
void write_base(Cpu& c, const Op& op) {
  u64& base = segment_base(c, S);
  const u64 value = op.osize == 8 ? c.reg<u64>(op.rm) : c.reg<u32>(op.rm);
  if (!canonical(value)) c.raise(kGP, 0);
  base = value;
}
template void read_base<FS>(Cpu&, const Op&);
template void read_base<GS>(Cpu&, const Op&);
template void write_base<FS>(Cpu&, const Op&);
template void write_base<GS>(Cpu&, const Op&);

void rdtsc(Cpu& c, const Op&) {
  if ((c.cr4 & CR4_TSD) && c.cpl != 0) c.raise(kGP, 0);
  const u64 value = c.tsc();
  c.r[RAX] = u32(value);
  c.r[RDX] = value >> 32;
}

void rdtscp(Cpu& c, const Op& op) {
  rdtsc(c, op);
  c.r[RCX] = u32(c.msr.tsc_aux);
}

void rdpid(Cpu& c, const Op& op) { c.reg<u64>(op.rm) = u32(c.msr.tsc_aux); }

// There are no performance counters.
void rdpmc(Cpu& c, const Op&) { c.raise(kGP, 0); }

void monitor(Cpu& c, const Op& op) {
  if (c.cpl != 0) c.raise(kUD);
  if (u32(c.r[RCX]) != 0) c.raise(kGP, 0);
  const u64 offset = op.asize == 8 ? c.r[RAX] : op.asize == 4 ? u32(c.r[RAX]) : u16(c.r[RAX]);
  const u8 segment = op.seg == kNoSeg ? u8(DS) : op.seg;
  c.load_slow(c.linear(segment, offset, 1, false), 1, c.user(), segment);
}

void mwait(Cpu& c, const Op&) {
  if (c.cpl != 0) c.raise(kUD);
  if (u32(c.r[RCX]) > 1) c.raise(kGP, 0);
  c.yield = true;
}

// Takes as long as on Skylake and later, so that loops that wait do not fill the run; ends the
// turn.
void pause(Cpu& c, const Op&) {
  c.wait(140);
  c.yield = c.cluster.size() > 1;
}

}  // namespace reprise::cpu
