// Far JMP, CALL and RET: code segments, call gates, task gates and TSSs.
//
// Source: Intel SDM volume 2: CALL, JMP, RET; volume 3, sections 5.8 and 6.8.
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

void check_target(Cpu& c, const Descriptor& cs, u64 ip, bool ext) {
  if (c.long_mode() && cs.l()) {
    if (!canonical(ip)) c.raise(kGP, u32(ext));
  } else if (ip > cs.limit()) {
    c.raise(kGP, u32(ext));
  }
}

void commit_code(Cpu& c, const Descriptor& cs, u16 selector, u8 cpl) {
  c.seg[CS] = cs.segment(u16((selector & ~3u) | cpl));
  c.cpl = cpl;
  c.update_mode();
}

TssStack tss_stack(Cpu& c, u8 cpl, bool ext) {
  const Segment& tr = c.seg[TR];
  const bool wide = tr.type() & 8;
  const unsigned offset = wide ? 4 + 8 * cpl : 2 + 4 * cpl;
  if (!tr.usable || offset + (wide ? 5u : 3u) > tr.limit)
    c.raise(kTS, selector_error(tr.selector, ext));
  const u64 sp = c.read_system(u32(tr.base + offset), wide ? 4 : 2);
  const u64 ss = c.read_system(u32(tr.base + offset + (wide ? 4 : 2)), 2);
  return {u16(ss), sp};
}

u64 tss_stack64(Cpu& c, unsigned offset, bool ext) {
  const Segment& tr = c.seg[TR];
  if (!tr.usable || offset + 7 > tr.limit) c.raise(kTS, selector_error(tr.selector, ext));
  const u64 sp = c.read_system(tr.base + offset, 8);
  if (!canonical(sp)) c.raise(kSS, u32(ext));
  return sp;
}

namespace {

struct FarTarget {
  u16 selector;
  u64 ip;
};

FarTarget direct(const Op& op) {
  const u32 offset = u32(op.imm);
  return {u16(op.disp), op.osize == 2 ? u16(offset) : offset};
}

FarTarget indirect(Cpu& c, const Op& op) {
  const u64 address = memory_address(c, op, op.osize + 2u, false);
  const u64 after = address + op.osize;
  const u64 ip = c.load_slow(address, op.osize, c.user(), op.seg);
  return {u16(c.load_slow(c.code64() ? after : u32(after), 2, c.user(), op.seg)), ip};
}

// Real and virtual-8086 mode.
void far_real(Cpu& c, const Op& op, FarTarget t, bool call) {
  const u32 limit = c.v86() ? 0xFFFF : c.seg[CS].limit;
  if (t.ip > limit) c.raise(kGP, 0);
  if (call) {
    StackWriter stack = StackWriter::present(c, false);
    stack.push(c.seg[CS].selector, op.osize);
    stack.push(c.next_ip(&op), op.osize);
    stack.commit();
  }
  load_real_segment(c, CS, t.selector);
  c.update_mode();
  c.r[kRip] = t.ip;
}

// A code segment reached directly, or by JMP through a gate: no change of privilege.
void check_code(Cpu& c, u16 selector, const Descriptor& cs, bool through_gate) {
  const u32 error = selector_error(selector);
  if (cs.conforming()) {
    if (cs.dpl() > c.cpl) c.raise(kGP, error);
  } else {
    if (!through_gate && (selector & 3) > c.cpl) c.raise(kGP, error);
    if (cs.dpl() != c.cpl) c.raise(kGP, error);
  }
  if (!cs.present()) c.raise(kNP, error);
}

void go(Cpu& c, const Descriptor& cs, u16 selector, u64 ip, bool call, unsigned size, u64 next) {
  check_target(c, cs, ip);
  StackWriter stack = StackWriter::present(c, c.code64() || size == 8);
  if (call) {
    stack.push(c.seg[CS].selector, size);
    stack.push(next, size);
  }
  mark_accessed(c, cs);
  if (call) stack.commit();
  commit_code(c, cs, selector, c.cpl);
  c.r[kRip] = ip;
}

// CALL through a gate to an inner level: a new stack from the TSS, parameters copied.
void call_inner(Cpu& c, const Descriptor& gate, const Descriptor& cs, u16 selector, u64 ip,
                u64 next) {
  const u8 cpl = cs.dpl();
  const unsigned size = c.long_mode() ? 8 : gate.type() == kCallGate16 ? 2 : 4;
  Segment ss;
  Descriptor ss_descriptor;
  StackWriter stack = StackWriter::present(c, c.long_mode());
  if (c.long_mode()) {
    ss.selector = cpl;
    ss.usable = false;
    ss.limit = 0;
    stack.sp = tss_stack64(c, 4 + 8 * cpl, false);
  } else {
    const TssStack from = tss_stack(c, cpl, false);
    if ((from.selector & 0xFFFC) == 0) c.raise(kTS, 0);
    ss_descriptor = stack_descriptor(c, from.selector, cpl, kTS, false);
    ss = ss_descriptor.segment(from.selector);
    stack.sp = from.sp;
    stack.error = selector_error(from.selector);
  }
  stack.segment = ss;
  stack.user = false;
  check_target(c, cs, ip);
  stack.push(c.seg[SS].selector, size);
  stack.push(c.r[RSP], size);
  if (!c.long_mode()) {
    const unsigned count = gate.high & 31;
    for (unsigned i = count; i-- > 0;) stack.push(stack_read(c, u64(i) * size, size), size);
    if (c.clocks) c.clocks->parameters = u8(count);
  }
  stack.push(c.seg[CS].selector, size);
  stack.push(next, size);
  mark_accessed(c, cs);
  if (!c.long_mode()) mark_accessed(c, ss_descriptor);
  c.seg[SS] = ss;
  commit_code(c, cs, selector, cpl);
  stack.commit();
  c.r[kRip] = ip;
}

void through_gate(Cpu& c, u16 gate_selector, Descriptor& gate, bool call, u64 next) {
  if (c.clocks) c.clocks->path = FarPath::Gate;
  const u32 error = selector_error(gate_selector);
  if (gate.dpl() < c.cpl || gate.dpl() < (gate_selector & 3)) c.raise(kGP, error);
  if (c.long_mode() && !read_upper_half(c, gate_selector, gate)) c.raise(kGP, error);
  if (!gate.present()) c.raise(kNP, error);
  const u16 selector = gate.gate_selector();
  const u32 code_error = selector_error(selector);
  Descriptor cs;
  if ((selector & 0xFFFC) == 0) c.raise(kGP, 0);
  if (!read_descriptor(c, selector, cs)) c.raise(kGP, code_error);
  if (!cs.code() || cs.dpl() > c.cpl) c.raise(kGP, code_error);
  if (c.long_mode() && (!cs.l() || cs.db())) c.raise(kGP, code_error);
  const bool narrow = gate.type() == kCallGate16;
  const u64 ip = c.long_mode() ? gate.gate_offset() | u64(gate.upper) << 32
                 : narrow      ? gate.gate_offset() & 0xFFFF
                               : gate.gate_offset();
  if (call && !cs.conforming() && cs.dpl() < c.cpl) {
    if (!cs.present()) c.raise(kNP, code_error);
    return call_inner(c, gate, cs, selector, ip, next);
  }
  check_code(c, selector, cs, true);
  go(c, cs, selector, ip, call, c.long_mode() ? 8 : narrow ? 2 : 4, next);
}

void far_protected(Cpu& c, const Op& op, FarTarget t, bool call) {
  const u32 error = selector_error(t.selector);
  const u64 next = c.next_ip(&op);
  Descriptor d;
  if ((t.selector & 0xFFFC) == 0) c.raise(kGP, 0);
  if (!read_descriptor(c, t.selector, d)) c.raise(kGP, error);
  if (d.s()) {
    if (!d.code()) c.raise(kGP, error);
    if (c.long_mode() && d.l() && d.db()) c.raise(kGP, error);
    check_code(c, t.selector, d, false);
    const u64 ip = c.long_mode() && d.l() ? t.ip : u32(t.ip);
    return go(c, d, t.selector, ip, call, op.osize, next);
  }
  const u8 type = d.type();
  if (type == kCallGate32 || (type == kCallGate16 && !c.long_mode()))
    return through_gate(c, t.selector, d, call, next);
  const bool gate = type == kTaskGate;
  if (c.long_mode() || !(gate || type == kTss16 || type == kTss32)) c.raise(kGP, error);
  if (d.dpl() < c.cpl || d.dpl() < (t.selector & 3)) c.raise(kGP, error);
  if (!d.present()) c.raise(kNP, error);
  const TaskSwitch how = call ? TaskSwitch::Call : TaskSwitch::Jump;
  if (gate) return switch_by_gate(c, d.gate_selector(), how, next);
  if (t.selector & 4) c.raise(kGP, error);
  switch_task(c, t.selector, d, how, next);
}

void far_transfer(Cpu& c, const Op& op, FarTarget t, bool call) {
  if (!c.protected_mode() || c.v86())
    far_real(c, op, t, call);
  else
    far_protected(c, op, t, call);
}

}  // namespace

void jmp_far_direct(Cpu& c, const Op& op) { far_transfer(c, op, direct(op), false); }
void call_far_direct(Cpu& c, const Op& op) { far_transfer(c, op, direct(op), true); }
void jmp_far_memory(Cpu& c, const Op& op) { far_transfer(c, op, indirect(c, op), false); }
void call_far_memory(Cpu& c, const Op& op) { far_transfer(c, op, indirect(c, op), true); }

void ret_far(Cpu& c, const Op& op) {
  const unsigned size = op.osize;
  const u16 release = u16(op.imm);
  const u64 ip = stack_read(c, 0, size);
  const u16 selector = u16(stack_read(c, size, size));
  const u64 old_mask = c.code64() ? ~u64(0) : c.seg[SS].db() ? 0xFFFFFFFF : 0xFFFF;
  if (!c.protected_mode() || c.v86()) {
    if (ip > (c.v86() ? 0xFFFF : c.seg[CS].limit)) c.raise(kGP, 0);
    write_sp(c, old_mask, c.r[RSP] + 2 * size + release);
    load_real_segment(c, CS, selector);
    c.update_mode();
    c.r[kRip] = ip;
    return;
  }
  const u32 error = selector_error(selector);
  const u8 rpl = selector & 3;
  Descriptor cs;
  if ((selector & 0xFFFC) == 0) c.raise(kGP, 0);
  if (!read_descriptor(c, selector, cs)) c.raise(kGP, error);
  if (!cs.code() || rpl < c.cpl) c.raise(kGP, error);
  if (c.long_mode() && cs.l() && cs.db()) c.raise(kGP, error);
  if (cs.conforming() ? cs.dpl() > rpl : cs.dpl() != rpl) c.raise(kGP, error);
  if (!cs.present()) c.raise(kNP, error);
  if (rpl == c.cpl) {
    check_target(c, cs, ip);
    mark_accessed(c, cs);
    write_sp(c, old_mask, c.r[RSP] + 2 * size + release);
    commit_code(c, cs, selector, rpl);
    c.r[kRip] = ip;
    return;
  }
  return_outer(c, cs, selector, ip, stack_read(c, 2 * size + release, size),
               u16(stack_read(c, 3 * size + release, size)), release);
  c.r[kRip] = ip;
}

void return_outer(Cpu& c, const Descriptor& cs, u16 selector, u64 ip, u64 sp, u16 ss,
                  unsigned release) {
  const u8 cpl = selector & 3;
  const bool wide = c.long_mode() && cs.l();
  const bool outer = cpl != c.cpl;
  Descriptor stack;
  const bool null = (ss & 0xFFFC) == 0;
  if (null) {
    if (!wide || cpl == 3 || (ss & 3) != cpl) c.raise(kGP, 0);
  } else {
    stack = stack_descriptor(c, ss, cpl, kGP, false);
  }
  check_target(c, cs, ip);
  mark_accessed(c, cs);
  if (!null) mark_accessed(c, stack);
  if (null)
    load_null_segment(c, SS, ss);
  else
    c.seg[SS] = stack.segment(ss);
  commit_code(c, cs, selector, cpl);
  // A 16-bit stack leaves the upper half of ESP as it was.
  write_sp(c, wide ? ~u64(0) : c.seg[SS].db() ? 0xFFFFFFFF : 0xFFFF, sp + release);
  if (outer) drop_inner_segments(c);
  c.update_mode();
}

}  // namespace reprise::cpu
