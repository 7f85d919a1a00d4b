// Delivery of interrupts and exceptions in all modes, and the instructions that cause them.
//
// Source: Intel SDM volume 3, chapter 6; sections 6.12 and 6.14; 20.1 (real), 20.3 (virtual-8086),
// table 6-5 (double faults); volume 2: INT n.
#include "cpu/cluster.h"
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

struct Event {
  u8 vector;
  bool software;  // INT n, INT3, INTO: the gate's DPL counts
  bool external;  // EXT in error codes of faults during delivery
  bool has_error;
  u32 error;
  u64 return_ip;
  u32 saved_flags;  // RFLAGS as pushed
};

u32 idt_error(const Event& e) { return u32(e.vector) << 3 | 2 | u32(e.external); }

// Through the interrupt vector table, in real mode and for redirected INT n in virtual-8086 mode.
void deliver_real(Cpu& c, const Event& e, u64 table, u32 cleared) {
  const u64 entry = c.read_system(u32(table + 4 * e.vector), 4);
  StackWriter stack = StackWriter::present(c, false);
  stack.push(e.saved_flags & 0xFFFF, 2);
  stack.push(c.seg[CS].selector, 2);
  stack.push(e.return_ip & 0xFFFF, 2);
  stack.commit();
  load_real_segment(c, CS, u16(entry >> 16));
  c.set_rflags(c.rflags() & ~cleared);
  c.update_mode();
  c.r[kRip] = entry & 0xFFFF;
}

// The code segment of a gate; its privilege relative to the present one.
Descriptor gate_code(Cpu& c, u16 selector, bool ext) {
  const u32 error = selector_error(selector, ext);
  Descriptor cs;
  if ((selector & 0xFFFC) == 0) c.raise(kGP, u32(ext));
  if (!read_descriptor(c, selector, cs)) c.raise(kGP, error);
  if (!cs.code() || cs.dpl() > c.cpl) c.raise(kGP, error);
  if (c.long_mode() && (!cs.l() || cs.db())) c.raise(kGP, error);
  if (!cs.present()) c.raise(kNP, error);
  return cs;
}

u32 handler_flags(const Cpu& c, bool interrupt_gate) {
  return c.rflags() & ~(TF | NT | RF | VM | (interrupt_gate ? IF : 0));
}

void deliver_long(Cpu& c, const Event& e) {
  const bool ext = e.external;
  const u64 offset = u64(e.vector) * 16;
  if (offset + 15 > c.idtr.limit) c.raise(kGP, idt_error(e));
  const u64 low = c.read_system(c.idtr.base + offset, 8);
  const u64 high = c.read_system(c.idtr.base + offset + 8, 8);
  const Descriptor gate{u32(low), u32(low >> 32), u32(high), 0};
  if (gate.s() || (gate.type() != kInterruptGate32 && gate.type() != kTrapGate32) ||
      (high >> 32 & 0x1F00))
    c.raise(kGP, idt_error(e));
  if (e.software && gate.dpl() < c.cpl) c.raise(kGP, idt_error(e));
  if (!gate.present()) c.raise(kNP, idt_error(e));
  const u16 selector = gate.gate_selector();
  const Descriptor cs = gate_code(c, selector, ext);
  const u8 cpl = cs.conforming() ? c.cpl : cs.dpl();
  const unsigned ist = gate.high & 7;
  const u64 ip = gate.gate_offset() | u64(gate.upper) << 32;

  StackWriter stack = StackWriter::present(c, true, u32(ext));
  if (ist != 0)
    stack.sp = tss_stack64(c, 0x24 + 8 * (ist - 1), ext);
  else if (cpl != c.cpl)
    stack.sp = tss_stack64(c, 4 + 8 * cpl, ext);
  stack.sp &= ~u64(15);
  stack.user = cpl == 3;
  check_target(c, cs, ip, ext);
  stack.push(c.seg[SS].selector, 8);
  stack.push(c.r[RSP], 8);
  stack.push(e.saved_flags, 8);
  stack.push(c.seg[CS].selector, 8);
  stack.push(e.return_ip, 8);
  if (e.has_error) stack.push(e.error, 8);
  mark_accessed(c, cs);

  if (cpl != c.cpl) load_null_segment(c, SS, cpl);
  const u32 flags = handler_flags(c, gate.type() == kInterruptGate32);
  commit_code(c, cs, selector, cpl);
  c.set_rflags(flags);
  c.r[RSP] = stack.sp;
  c.r[kRip] = ip;
}

void deliver_protected(Cpu& c, const Event& e) {
  const bool ext = e.external;
  const u32 offset = u32(e.vector) * 8;
  if (offset + 7 > c.idtr.limit) c.raise(kGP, idt_error(e));
  const u64 entry = c.read_system(u32(c.idtr.base + offset), 8);
  const Descriptor gate{u32(entry), u32(entry >> 32), 0, 0};
  const u8 type = gate.type();
  const bool task = type == kTaskGate;
  const bool wide = type == kInterruptGate32 || type == kTrapGate32;
  if (gate.s() || !(task || wide || type == kInterruptGate16 || type == kTrapGate16))
    c.raise(kGP, idt_error(e));
  if (e.software && gate.dpl() < c.cpl) c.raise(kGP, idt_error(e));
  if (!gate.present()) c.raise(kNP, idt_error(e));
  if (task)
    return switch_by_gate(c, gate.gate_selector(), TaskSwitch::Interrupt, e.return_ip, ext,
                          e.has_error, e.error);

  const u16 selector = gate.gate_selector();
  const Descriptor cs = gate_code(c, selector, ext);
  const bool inner = !cs.conforming() && cs.dpl() < c.cpl;
  const bool from_v86 = c.v86();
  if (from_v86 && (!inner || cs.dpl() != 0)) c.raise(kGP, selector_error(selector, ext));
  const u8 cpl = inner ? cs.dpl() : c.cpl;
  const unsigned size = wide ? 4 : 2;
  const u32 ip = wide ? gate.gate_offset() : gate.gate_offset() & 0xFFFF;

  StackWriter stack = StackWriter::present(c, false, u32(ext));
  Descriptor ss;
  if (inner) {
    const TssStack from = tss_stack(c, cpl, ext);
    const u16 ss_selector = from.selector;
    if ((ss_selector & 0xFFFC) == 0) c.raise(kTS, u32(ext));
    ss = stack_descriptor(c, ss_selector, cpl, kTS, ext);
    stack.segment = ss.segment(ss_selector);
    stack.sp = from.sp;
    stack.user = false;
    stack.error = selector_error(ss_selector, ext);
  }
  check_target(c, cs, ip, ext);
  if (inner) {
    if (from_v86)
      for (const u8 index : {GS, FS, DS, ES}) stack.push(c.seg[index].selector, size);
    stack.push(c.seg[SS].selector, size);
    stack.push(c.r[RSP], size);
  }
  stack.push(e.saved_flags, size);
  stack.push(c.seg[CS].selector, size);
  stack.push(e.return_ip, size);
  if (e.has_error) stack.push(e.error, size);
  mark_accessed(c, cs);
  if (inner) mark_accessed(c, ss);

  const u32 flags = handler_flags(c, type == kInterruptGate32 || type == kInterruptGate16);
  c.eflags &= ~VM;
  if (inner) c.seg[SS] = stack.segment;
  commit_code(c, cs, selector, cpl);
  c.set_rflags(flags);
  stack.commit();
  if (from_v86)
    for (const u8 index : {GS, FS, DS, ES}) load_null_segment(c, index, 0);
  c.update_mode();
  c.r[kRip] = ip;
}

void deliver_event(Cpu& c, const Event& e) {
  if (!c.protected_mode()) {
    if (u32(e.vector) * 4 + 3 > c.idtr.limit) c.raise(kGP, 0);
    deliver_real(c, e, c.idtr.base, IF | TF | AC | RF);
  } else if (c.long_mode()) {
    deliver_long(c, e);
  } else {
    deliver_protected(c, e);
  }
}

// Faults whose handlers resume the instruction see RF set in the saved flags.
bool sets_rf(u8 vector) { return vector != kDB && vector != kDF && vector != kMC; }

bool contributory(u8 vector) { return vector == kDE || (vector >= kTS && vector <= kGP); }

// An interrupt that an instruction asks for: INT n, or an exception.
void software(Cpu& c, const Op& op, u8 vector, StopKind kind, bool external = false) {
  const u64 pc = linear_pc(c);
  deliver_event(c, {.vector = vector,
                    .software = !external,
                    .external = external,
                    .has_error = false,
                    .error = 0,
                    .return_ip = c.next_ip(&op),
                    .saved_flags = c.rflags() & ~RF});
  c.steps_over = true;
  c.cluster.stops().delivered(c, kind, vector, pc);
}

// Virtual-8086 mode extensions: does the TSS send INT n to the program's own vector table?
bool redirected(Cpu& c, u8 vector) {
  const Segment& tr = c.seg[TR];
  if (!(tr.type() & 8) || tr.limit < 0x67) return false;
  const u64 map = c.read_system(u32(tr.base + 0x66), 2);
  if (map < 32 || map - 32 + vector / 8 > tr.limit) return false;
  return !(c.read_system(u32(tr.base + map - 32 + vector / 8), 1) >> (vector & 7) & 1);
}

}  // namespace

void Cpu::deliver(u8 vector, EventKind kind, bool has_error, u32 error) {
  const bool exception = kind == EventKind::Exception;
  const u64 pc = linear_pc(*this);
  delivering = {true, exception, vector};
  if (kind == EventKind::Nmi) nmi_blocked = true;
  if (exception && vector == kDB) dr[7] &= ~u64(0x2000);
  u32 saved = rflags();
  if (exception && sets_rf(vector)) saved |= RF;
  const bool own = kind == EventKind::SoftwareInt || kind == EventKind::Int3Into;
  deliver_event(*this, {.vector = vector,
                        .software = own,
                        .external = !own,
                        .has_error = has_error,
                        .error = error,
                        .return_ip = r[kRip],
                        .saved_flags = saved});
  delivering = {};
  cluster.stops().delivered(*this, exception ? StopKind::Exception : StopKind::Interrupt, vector,
                            pc);
}

void Cpu::deliver_fault(u8 vector, bool has_error, u32 error) {
  if (delivering.active && delivering.exception) {
    const u8 first = delivering.vector;
    // #AC whose delivery raises #AC holds silicon for ever, and must not hold us.
    if (first == kDF || (first == kAC && vector == kAC)) {
      delivering = {};
      cluster.triple_fault(*this);
      return;
    }
    const bool second = contributory(vector);
    if ((contributory(first) && second) || (first == kPF && (second || vector == kPF)))
      return deliver(kDF, EventKind::Exception, true, 0);
  }
  deliver(vector, EventKind::Exception, has_error, error);
}

void int_n(Cpu& c, const Op& op) {
  const u8 vector = u8(op.imm);
  if (!c.v86()) return software(c, op, vector, StopKind::Interrupt);
  const bool trusted = (c.eflags & IOPL) == IOPL;
  if ((c.cr4 & CR4_VME) && redirected(c, vector)) {
    u32 saved = c.rflags() & ~RF;
    u32 cleared = TF | RF | NT | IF;
    if (!trusted) {
      saved = (saved & ~IF) | IOPL | (saved & VIF ? IF : 0);
      cleared = TF | RF | NT | VIF;
    }
    const Event e{vector, true, false, false, 0, c.next_ip(&op), saved};
    c.steps_over = true;
    const u64 pc = linear_pc(c);
    deliver_real(c, e, 0, cleared);
    return c.cluster.stops().delivered(c, StopKind::Interrupt, vector, pc);
  }
  if (!trusted) c.raise(kGP, 0);
  software(c, op, vector, StopKind::Interrupt);
}

void int1(Cpu& c, const Op& op) { software(c, op, kDB, StopKind::Exception, true); }
void int3(Cpu& c, const Op& op) { software(c, op, kBP, StopKind::Exception); }

void into(Cpu& c, const Op& op) {
  if (c.flags.of()) return software(c, op, kOF, StopKind::Exception);
  c.r[kRip] = c.next_ip(&op);
}

void ud2(Cpu& c, const Op&) { c.raise(kUD); }

void bound(Cpu& c, const Op& op) {
  if (!(op.flags & kOpMemory)) c.raise(kUD);
  const u64 address = memory_address(c, op, 2u * op.osize, false);
  const u64 low = c.load_slow(address, op.osize, c.user(), op.seg);
  const u64 high = c.load_slow(u32(address + op.osize), op.osize, c.user(), op.seg);
  const bool inside =
      op.osize == 2 ? i16(c.reg<u16>(op.reg)) >= i16(low) && i16(c.reg<u16>(op.reg)) <= i16(high)
                    : i32(c.reg<u32>(op.reg)) >= i32(low) && i32(c.reg<u32>(op.reg)) <= i32(high);
  if (!inside) c.raise(kBR);
}

}  // namespace reprise::cpu
