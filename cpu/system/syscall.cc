// SYSCALL, SYSRET, SYSENTER, SYSEXIT.
//
// Source: Intel SDM volume 2 (SYSENTER and SYSEXIT in all modes; SYSRET's check of RCX), AMD APM
// volume 3 (SYSCALL and SYSRET outside long mode).
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

// Flat segments, as these instructions load them without reading any descriptor.
Segment flat_code(u16 selector, u8 dpl, bool wide) {
  Segment g;
  g.selector = selector;
  g.rights = u16(0x9B | dpl << 5 | (wide ? 0xA000 : 0xC000));
  g.limit = 0xFFFFFFFF;
  return g;
}
Segment flat_stack(u16 selector, u8 dpl) {
  Segment g;
  g.selector = selector;
  g.rights = u16(0x93 | dpl << 5 | 0xC000);
  g.limit = 0xFFFFFFFF;
  return g;
}

void enter(Cpu& c, u16 code, u16 stack, u8 cpl, bool wide) {
  c.seg[CS] = flat_code(code, cpl, wide);
  c.seg[SS] = flat_stack(stack, cpl);
  c.cpl = cpl;
  c.update_mode();
}

}  // namespace

void syscall(Cpu& c, const Op& op) {
  if (!(c.efer & EFER_SCE) || !c.protected_mode()) c.raise(kUD);
  const u64 next = c.next_ip(&op);
  const u16 code = u16(c.msr.star >> 32) & 0xFFFC;
  c.steps_over = c.long_mode() && (c.msr.fmask & TF);
  if (c.long_mode()) {
    const u64 target = c.code64() ? c.msr.lstar : c.msr.cstar;
    const u32 flags = c.rflags() & ~RF;
    c.r[RCX] = next;
    c.r[R11] = flags;
    enter(c, code, code + 8, 0, true);
    c.set_rflags(flags & ~u32(c.msr.fmask));
    c.r[kRip] = target;
  } else {
    const u32 flags = c.rflags();
    c.r[RCX] = u32(next);
    c.eflags &= ~VM;
    enter(c, code, code + 8, 0, false);
    c.set_rflags(flags & ~(VM | IF | RF));
    c.r[kRip] = u32(c.msr.star);
  }
}

void sysret(Cpu& c, const Op& op) {
  if (!(c.efer & EFER_SCE)) c.raise(kUD);
  if (!c.protected_mode() || c.cpl != 0) c.raise(kGP, 0);
  const u16 base = u16(c.msr.star >> 48) & 0xFFFC;
  if (c.long_mode()) {
    const bool wide = op.osize == 8;
    const u64 target = wide ? c.r[RCX] : u32(c.r[RCX]);
    if (!canonical(target)) c.raise(kGP, 0);
    enter(c, u16((wide ? base + 16 : base) | 3), u16((base + 8) | 3), 3, wide);
    c.set_rflags(u32(c.r[R11]) & 0x3C7FD7);
    c.r[kRip] = target;
    // Unlike IRET, which lets one instruction pass: as if the SYSCALL that it ends had been
    // stepped.
    if (c.eflags & TF) {
      c.debug_trap |= 1u << 14;
      c.request_leave();
    }
  } else {
    const u64 target = u32(c.r[RCX]);
    enter(c, u16(base | 3), u16((base + 8) | 3), 3, false);
    c.set_rflags(c.rflags() | IF);
    c.r[kRip] = target;
  }
}

void sysenter(Cpu& c, const Op&) {
  const u16 code = u16(c.msr.sysenter_cs) & 0xFFFC;
  if (!c.protected_mode() || code == 0) c.raise(kGP, 0);
  const bool wide = c.long_mode();
  c.set_rflags(c.rflags() & ~(VM | IF | RF));
  enter(c, code, code + 8, 0, wide);
  c.r[RSP] = wide ? c.msr.sysenter_esp : u32(c.msr.sysenter_esp);
  c.r[kRip] = wide ? c.msr.sysenter_eip : u32(c.msr.sysenter_eip);
}

void sysexit(Cpu& c, const Op& op) {
  const u16 base = u16(c.msr.sysenter_cs) & 0xFFFC;
  if (!c.protected_mode() || base == 0 || c.cpl != 0) c.raise(kGP, 0);
  const bool wide = c.long_mode() && op.osize == 8;
  const u64 target = wide ? c.r[RDX] : u32(c.r[RDX]);
  const u64 stack = wide ? c.r[RCX] : u32(c.r[RCX]);
  if (wide && (!canonical(target) || !canonical(stack))) c.raise(kGP, 0);
  const u16 code = u16(base + (wide ? 32 : 16));
  enter(c, code | 3, u16(code + 8) | 3, 3, wide);
  c.r[RSP] = stack;
  c.r[kRip] = target;
}

}  // namespace reprise::cpu
