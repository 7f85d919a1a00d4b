// IRET in all modes.
//
// Source: Intel SDM volume 2: IRET/IRETD/IRETQ; volume 3, sections 20.2.7 (VME) and 6.7.1 (NMI).
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

constexpr u32 kPopped = CF | PF | AF | ZF | SF | TF | DF | OF | NT;

struct Frame {
  u64 ip;
  u16 cs;
  u32 flags;
};

Frame read_frame(Cpu& c, unsigned size) {
  return {stack_read(c, 0, size), u16(stack_read(c, size, size)),
          u32(stack_read(c, 2 * size, size))};
}

u64 sp_mask(const Cpu& c) { return c.code64() ? ~u64(0) : c.seg[SS].db() ? 0xFFFFFFFF : 0xFFFF; }

// RFLAGS with the bits of `mask` from the frame.
void set_flags(Cpu& c, u32 value, u32 mask, unsigned size) {
  if (size == 2) mask &= 0xFFFF;
  c.set_rflags((c.rflags() & ~mask) | (value & mask));
}

void finish_real(Cpu& c, const Frame& f, u32 mask, unsigned size) {
  if (f.ip > (c.v86() ? 0xFFFF : c.seg[CS].limit)) c.raise(kGP, 0);
  write_sp(c, sp_mask(c), c.r[RSP] + 3 * size);
  load_real_segment(c, CS, f.cs);
  set_flags(c, f.flags, mask, size);
  c.update_mode();
  c.nmi_blocked = false;
  c.r[kRip] = f.ip;
}

void iret_v86(Cpu& c, unsigned size) {
  if ((c.eflags & IOPL) == IOPL)
    return finish_real(c, read_frame(c, size), kPopped | IF | RF | AC | ID, size);
  if (!(c.cr4 & CR4_VME) || size != 2) c.raise(kGP, 0);
  const Frame f = read_frame(c, size);
  if ((f.flags & TF) || ((f.flags & IF) && (c.eflags & VIP))) c.raise(kGP, 0);
  finish_real(c, f, kPopped, size);
  c.set_rflags((c.rflags() & ~VIF) | (f.flags & IF ? VIF : 0));
}

// From CPL 0 back to a virtual-8086 program.
void return_to_v86(Cpu& c, const Frame& f) {
  const u64 sp = stack_read(c, 12, 4);
  u16 selectors[5];
  for (unsigned i = 0; i < 5; ++i) selectors[i] = u16(stack_read(c, 16 + 4 * i, 4));
  if (f.ip > 0xFFFF) c.raise(kGP, 0);
  c.set_rflags(f.flags & 0x3F7FD7);
  load_real_segment(c, CS, f.cs);
  static constexpr u8 order[5] = {SS, ES, DS, FS, GS};
  for (unsigned i = 0; i < 5; ++i) load_real_segment(c, order[i], selectors[i]);
  c.r[RSP] = u32(sp);
  c.cpl = 3;
  c.update_mode();
  c.nmi_blocked = false;
  c.r[kRip] = f.ip;
}

void iret_protected(Cpu& c, unsigned size) {
  const Frame f = read_frame(c, size);
  if ((f.flags & VM) && size == 4 && c.cpl == 0 && !c.long_mode()) return return_to_v86(c, f);
  const u32 error = selector_error(f.cs);
  const u8 rpl = f.cs & 3;
  Descriptor cs;
  if ((f.cs & 0xFFFC) == 0) c.raise(kGP, 0);
  if (!read_descriptor(c, f.cs, cs)) c.raise(kGP, error);
  if (!cs.code() || rpl < c.cpl) c.raise(kGP, error);
  if (c.long_mode() && cs.l() && cs.db()) c.raise(kGP, error);
  if (cs.conforming() ? cs.dpl() > rpl : cs.dpl() != rpl) c.raise(kGP, error);
  if (!cs.present()) c.raise(kNP, error);

  u32 mask = kPopped | RF | AC | ID;
  if (c.cpl == 0)
    mask |= IF | IOPL | VIF | VIP;
  else if (c.cpl <= (c.eflags & IOPL) >> 12)
    mask |= IF;

  if (rpl != c.cpl || c.code64()) {
    const u64 sp = stack_read(c, 3 * size, size);
    const u16 ss = u16(stack_read(c, 4 * size, size));
    return_outer(c, cs, f.cs, f.ip, sp, ss, 0);
  } else {
    check_target(c, cs, f.ip);
    mark_accessed(c, cs);
    write_sp(c, sp_mask(c), c.r[RSP] + 3 * size);
    commit_code(c, cs, f.cs, rpl);
  }
  set_flags(c, f.flags, mask, size);
  c.update_mode();
  c.nmi_blocked = false;
  c.r[kRip] = f.ip;
}

}  // namespace

void iret(Cpu& c, const Op& op) {
  const unsigned size = op.osize;
  if (!c.protected_mode())
    return finish_real(c, read_frame(c, size), kPopped | IF | IOPL | RF | AC | ID, size);
  if (c.v86()) return iret_v86(c, size);
  if (c.eflags & NT) {
    if (c.long_mode()) c.raise(kGP, 0);
    c.nmi_blocked = false;
    return return_from_task(c, c.next_ip(&op));
  }
  iret_protected(c, size);
}

}  // namespace reprise::cpu
