// Segments, gates, interrupts and modes, against the rules of the Intel SDM.
#include <cstring>

#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

INSTANTIATE_TEST_SUITE_P(Blocks, SystemTest, testing::Bool());

// What a load of a selector raises, and its error code.
struct LoadCase {
  const char* what;
  u8 modrm;  // of MOV Sreg, AX: D8 DS, D0 SS
  u8 cpl;
  u16 selector;
  u8 access, flags;  // of the descriptor at kFree
  int vector;        // -1: loads
  u32 error;
};

TEST_P(SystemTest, LoadsOfSelectorsAreChecked) {
  static constexpr LoadCase cases[] = {
      {"writable data", 0xD8, 0, kFree, 0x92, 0xC, -1, 0},
      {"null DS", 0xD8, 0, 0, 0x92, 0xC, -1, 0},
      {"null SS", 0xD0, 0, 3, 0x92, 0xC, kGP, 0},
      {"beyond the table", 0xD8, 0, 0x1003, 0x92, 0xC, kGP, 0x1000},
      {"beyond the LDT", 0xD8, 0, 0x0C, 0x92, 0xC, kGP, 0x0C},
      {"not present DS", 0xD8, 0, kFree, 0x12, 0xC, kNP, kFree},
      {"not present SS", 0xD0, 0, kFree, 0x12, 0xC, kSS, kFree},
      {"execute-only DS", 0xD8, 0, kFree, 0x98, 0xC, kGP, kFree},
      {"readable code in DS", 0xD8, 0, kFree, 0x9A, 0xC, -1, 0},
      {"read-only SS", 0xD0, 0, kFree, 0x90, 0xC, kGP, kFree},
      {"SS of another RPL", 0xD0, 0, kFree | 1, 0x92, 0xC, kGP, kFree},
      {"SS of another DPL", 0xD0, 0, kFree, 0xB2, 0xC, kGP, kFree},
      {"inner DS from outside", 0xD8, 3, kFree | 3, 0x92, 0xC, kGP, kFree},
      {"conforming code from outside", 0xD8, 3, kFree | 3, 0x9E, 0xC, -1, 0},
      {"a system segment", 0xD8, 0, kFree, 0x82, 0, kGP, kFree},
  };
  for (const LoadCase& t : cases) {
    SCOPED_TRACE(t.what);
    Machine each(GetParam());
    each.protect(t.cpl);
    each.descriptor(kFree, 0, 0xFFFFF, t.access, t.flags);
    each.code(Machine::kCode, {0x8E, t.modrm, 0x90});
    each.c().r[RAX] = t.selector;
    each.run(t.vector < 0 ? 1 : 3);
    EXPECT_EQ(each.vector(), t.vector);
    if (t.vector < 0) {
      EXPECT_EQ(each.c().r[kRip], Machine::kCode + 2);
      const u64 accessed = each.peek(Machine::kGdt + kFree + 5, 1) & 1;
      EXPECT_EQ(accessed, u64(t.selector >= kFree));
    } else {
      EXPECT_EQ(each.stack(0), t.error);
      EXPECT_EQ(each.stack(1), Machine::kCode);  // the instruction that faulted
    }
  }
}

TEST_P(SystemTest, ExpandDownSegmentsAreLegalAboveTheirLimit) {
  m.protect();
  c.seg[DS].rights = 0xC097;
  c.seg[DS].limit = 0xFFF;
  c.update_mode();
  m.code(Machine::kCode,
         {0xA1, 0x00, 0x10, 0, 0, 0xA1, 0xFD, 0x0F, 0, 0});  // mov eax,[1000h], [0FFDh]
  m.run(3);
  EXPECT_EQ(m.vector(), kGP);
  EXPECT_EQ(m.stack(0), 0u);
  EXPECT_EQ(m.stack(1), Machine::kCode + 5);
}

TEST_P(SystemTest, InterruptFromRing3ChangesStackAndIretReturns) {
  m.protect(3);
  m.poke(Machine::kIdt + 8 * 0x40, 8, Machine::gate(kCode0, 0x9000, 0xEE));
  m.code(Machine::kCode, {0xCD, 0x40, 0xF4});
  m.code(0x9000, {0x90, 0xCF});
  c.eflags |= IF;
  m.run(2);
  EXPECT_EQ(c.cpl, 0);
  EXPECT_EQ(c.r[RSP], Machine::kStack0 - 20);
  EXPECT_EQ(m.stack(0), Machine::kCode + 2);
  EXPECT_EQ(m.stack(1), u64(kCode3));
  EXPECT_EQ(m.stack(2), u64(IF | 2));
  EXPECT_EQ(m.stack(3), Machine::kStack3);
  EXPECT_EQ(m.stack(4), u64(kData3));
  EXPECT_FALSE(c.eflags & IF);
  EXPECT_EQ(c.seg[SS].selector, u16(kData0));
  m.run(1);
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.r[kRip], Machine::kCode + 2);
  EXPECT_EQ(c.r[RSP], Machine::kStack3);
  EXPECT_EQ(c.seg[SS].selector, u16(kData3));
  EXPECT_TRUE(c.eflags & IF);
  m.run(5);  // HLT is privileged
  EXPECT_EQ(m.vector(), kGP);
}

TEST_P(SystemTest, SoftwareInterruptsNeedTheGatesPrivilege) {
  m.protect(3);
  m.code(Machine::kCode, {0xCD, 0x41});
  m.run(3);
  EXPECT_EQ(m.vector(), kGP);
  EXPECT_EQ(m.stack(0), 0x41u * 8 + 2);  // IDT, not external
}

TEST_P(SystemTest, CallGateCopiesParametersAndReturns) {
  m.protect(3);
  m.poke(Machine::kGdt + kFree, 8, Machine::gate(kCode0, 0x9000, 0xEC, 2));
  // push 11h; push 22h; call far 3Bh:0; (inside:) retf 8
  m.code(Machine::kCode, {0x6A, 0x11, 0x6A, 0x22, 0x9A, 0, 0, 0, 0, kFree | 3, 0, 0x90});
  m.code(0x9000, {0xCA, 8, 0});
  c.seg[FS].rights = 0xC093;  // an inner segment, which the return must not leave
  m.run(3);
  EXPECT_EQ(c.cpl, 0);
  EXPECT_EQ(c.r[RSP], Machine::kStack0 - 24);
  EXPECT_EQ(m.stack(0), Machine::kCode + 11);
  EXPECT_EQ(m.stack(1), u64(kCode3));
  EXPECT_EQ(m.stack(2), 0x22u);
  EXPECT_EQ(m.stack(3), 0x11u);
  EXPECT_EQ(m.stack(4), Machine::kStack3 - 8);
  EXPECT_EQ(m.stack(5), u64(kData3));
  m.run(1);
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.r[kRip], Machine::kCode + 11);
  EXPECT_EQ(c.r[RSP], Machine::kStack3);
  EXPECT_FALSE(c.seg[FS].usable);
  EXPECT_TRUE(c.seg[DS].usable);
}

TEST_P(SystemTest, BadInnerStackIsAnInvalidTss) {
  m.protect(3);
  m.poke(Machine::kTss + 8, 2, kCode0);  // not a stack
  m.poke(Machine::kGdt + kFree, 8, Machine::gate(kCode0, 0x9000, 0xEC));
  m.code(Machine::kCode, {0x9A, 0, 0, 0, 0, kFree | 3, 0});
  m.run(3);
  // #TS cannot be delivered either (the same stack), nor can #DF.
  EXPECT_EQ(m.triple_faults, 1u);
  EXPECT_EQ(c.activity, Activity::Shutdown);
}

TEST_P(SystemTest, ContributoryFaultsMakeADoubleFault) {
  m.protect();
  m.poke(Machine::kIdt + 8 * kGP, 8, Machine::gate(kCode0, 0x9000, 0x0E));  // not present
  m.code(Machine::kCode, {0xCD, 0xFF});
  m.poke(Machine::kIdt + 8 * 0xFF, 8, 0);
  m.run(5);
  EXPECT_EQ(m.vector(), kDF);
  EXPECT_EQ(m.stack(0), 0u);
  EXPECT_EQ(m.stack(1), Machine::kCode);
}

TEST_P(SystemTest, FaultsOfExternalInterruptsSayExternal) {
  m.protect();
  m.poke(Machine::kIdt + 8 * 0x20, 8, Machine::gate(kFree, 0x9000, 0x8E));
  m.descriptor(kFree, 0, 0xFFFFF, 0x1A, 0xC);  // code, not present
  m.code(Machine::kCode, {0x90, 0x90});
  c.eflags |= IF;
  c.set_intr(true);
  m.run(4);
  EXPECT_EQ(m.vector(), kNP);
  EXPECT_EQ(m.stack(0), u64(kFree | 1));
}

TEST_P(SystemTest, StiHoldsOffInterruptsForOneInstruction) {
  m.protect();
  m.code(Machine::kCode, {0xFB, 0x40, 0x40});  // sti; inc eax; inc eax
  c.set_intr(true);
  m.run(4);
  EXPECT_EQ(m.vector(), 0x20);
  EXPECT_EQ(c.r[RAX], 1u);
  EXPECT_EQ(m.stack(0), Machine::kCode + 2);
}

TEST_P(SystemTest, RealModeInterruptAndReturn) {
  for (const SegIndex i : {CS, SS, DS}) {
    c.seg[i].selector = 0;
    c.seg[i].base = 0;
  }
  c.r[kRip] = 0x600;
  c.r[RSP] = 0xABCD0100;
  c.eflags |= IF;
  c.update_mode();
  m.poke(4 * 0x21, 4, 0x00800700);  // 0080:0700 = 0F00h
  m.code(0x600, {0xCD, 0x21, 0x90});
  m.code(0xF00, {0xCF});
  m.run(1);
  EXPECT_EQ(c.seg[CS].base, 0x800u);
  EXPECT_EQ(c.r[kRip], 0x700u);
  EXPECT_EQ(c.r[RSP], 0xABCD00FAu);
  EXPECT_EQ(m.peek(0xFA, 2), 0x602u);
  EXPECT_FALSE(c.eflags & IF);
  m.run(1);
  EXPECT_EQ(c.r[kRip], 0x602u);
  EXPECT_EQ(c.seg[CS].base, 0u);
  EXPECT_EQ(c.r[RSP], 0xABCD0100u);
  EXPECT_TRUE(c.eflags & IF);
}

TEST_P(SystemTest, Virtual8086ProgramsFaultIntoRing0) {
  m.protect();
  // From ring 0, IRETD into 1000h:0000, where INT 21h is not allowed (IOPL 0).
  const u32 frame[9] = {0, 0x1000, VM | 2, 0x100, 0x2000, 1, 2, 3, 4};
  for (unsigned i = 0; i < 9; ++i) m.poke(Machine::kStack0 - 36 + 4 * i, 4, frame[i]);
  c.r[RSP] = Machine::kStack0 - 36;
  m.code(Machine::kCode, {0xCF, 0xCD, 0x21});  // 1000h:0000 is 10000h: set IP to 1
  m.poke(Machine::kStack0 - 36, 4, 1);
  m.run(1);
  EXPECT_TRUE(c.v86());
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.seg[SS].base, 0x20000u);
  EXPECT_EQ(c.seg[GS].base, 0x40u);
  m.run(3);
  EXPECT_EQ(m.vector(), kGP);
  EXPECT_FALSE(c.v86());
  EXPECT_EQ(m.stack(0), 0u);
  EXPECT_EQ(m.stack(1), 1u);
  EXPECT_EQ(m.stack(2), 0x1000u);
  EXPECT_EQ(m.stack(3), u64(VM | RF | 2));
  EXPECT_EQ(m.stack(4), 0x100u);
  EXPECT_EQ(m.stack(5), 0x2000u);
  EXPECT_EQ(m.stack(6), 1u);  // ES, DS, FS, GS
  EXPECT_EQ(m.stack(9), 4u);
  EXPECT_FALSE(c.seg[DS].usable);
}

TEST_P(SystemTest, PortsAreAllowedByTheTaskMap) {
  m.protect(3);
  c.seg[TR].limit = 0x2068;
  m.poke(Machine::kTss + 0x68 + 0x70 / 8, 2, 0xFFFE);  // port 70h
  m.code(Machine::kCode, {0xE6, 0x70, 0xE7, 0x70});    // out 70h, al; out 70h, eax
  c.r[RAX] = 0x1234;
  m.run(4);
  EXPECT_EQ(m.bus.outs.size(), 1u);
  EXPECT_EQ(m.bus.outs[0], (std::pair<u16, u32>{0x70, 0x34}));
  EXPECT_EQ(m.vector(), kGP);
  EXPECT_EQ(m.stack(1), Machine::kCode + 2);
}

// --- long mode
// ----------------------------------------------------------------------------------------

TEST_P(SystemTest, LongModeInterruptAlignsAndUsesIst) {
  m.long_mode(3);
  m.poke(Machine::kIdt + 16 * 0x40, 8, Machine::gate(kCode0, 0x9000, 0xEE, 2));
  m.poke(Machine::kTss + 0x24 + 8, 8, 0x5008);
  m.code(Machine::kCode, {0xCD, 0x40, 0x90});
  m.code(0x9000, {0x48, 0xCF});  // iretq
  c.r[RSP] = 0x6004;
  m.run(1);
  EXPECT_EQ(c.r[RSP], 0x5000u - 40);
  EXPECT_EQ(m.stack(0, 8), Machine::kCode + 2);
  EXPECT_EQ(m.stack(3, 8), 0x6004u);
  EXPECT_EQ(m.stack(4, 8), u64(kData3));
  EXPECT_FALSE(c.seg[SS].usable);
  EXPECT_EQ(c.cpl, 0);
  m.run(1);
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.r[RSP], 0x6004u);
  EXPECT_EQ(c.r[kRip], Machine::kCode + 2);
  EXPECT_TRUE(c.seg[SS].usable);
}

TEST_P(SystemTest, PageFaultSaysWhatHappened) {
  m.long_mode(3);
  m.code(Machine::kCode, {0x48, 0x89, 0x04, 0x25, 0, 0, 0, 0x01});  // mov [1000000h], rax
  m.run(3);
  EXPECT_EQ(m.vector(), kPF);
  EXPECT_EQ(c.cr2, 0x1000000u);
  EXPECT_EQ(m.stack(0, 8), 6u);  // user, write, not present
  EXPECT_EQ(m.stack(1, 8), Machine::kCode);
  EXPECT_EQ(m.stack(3, 8), u64(RF | 2));
}

TEST_P(SystemTest, SyscallAndSysret) {
  m.long_mode(3);
  m.code(Machine::kCode, {0x0F, 0x05, 0x90});
  m.code(0x9000, {0x48, 0x0F, 0x07});
  c.msr.lstar = 0x9000;
  c.msr.star = u64(kCode0) << 32 | u64(0x08) << 48;  // SYSRET: CS 18h, SS 10h, RPL 3
  c.msr.fmask = IF | DF;
  c.eflags |= IF | DF;
  c.flags.set_raw(CF);
  m.run(1);
  EXPECT_EQ(c.cpl, 0);
  EXPECT_EQ(c.r[kRip], 0x9000u);
  EXPECT_EQ(c.r[RCX], Machine::kCode + 2);
  EXPECT_EQ(c.r[R11], u64(IF | DF | CF | 2));
  EXPECT_EQ(c.rflags(), CF | 2);
  m.run(1);
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.seg[CS].selector, 0x1B);
  EXPECT_EQ(c.rflags(), IF | DF | CF | 2);
  EXPECT_EQ(c.r[kRip], Machine::kCode + 2);
}

// Not after the instruction that follows, as with IRET.
TEST_P(SystemTest, SysretWithTfTrapsAtOnce) {
  m.long_mode(0);
  m.code(Machine::kCode, {0x48, 0x0F, 0x07});
  m.code(0x9000, {0x90, 0x90});
  c.efer |= EFER_SCE;
  c.msr.star = u64(0x08) << 48;
  c.r[RCX] = 0x9000;
  c.r[R11] = TF;
  m.run(1);
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.r[kRip], 0x9000u);
  EXPECT_EQ(c.debug_trap, 1u << 14);
}

// An INIT is an event like others: it may be all that happens at a boundary, and a replay must be
// able to stop before it and behind it.
TEST_P(SystemTest, InitHasItsOwnPosition) {
  m.long_mode(0);
  m.code(Machine::kCode, {0x90, 0x90});
  c.init();
  m.run(1);
  EXPECT_EQ(c.r[kRip], 0xFFF0u);
}

TEST_P(SystemTest, MsrsThatAreNotThereFault) {
  m.long_mode();
  m.code(Machine::kCode, {0x0F, 0x32});
  c.r[RCX] = 0x12345;
  m.run(3);
  EXPECT_EQ(m.vector(), kGP);
  m.long_mode();
  m.code(Machine::kCode, {0x0F, 0x30});
  c.r[RCX] = 0xC0000101;  // GS base: canonical addresses only
  c.r[RAX] = 0;
  c.r[RDX] = 0x8000;
  m.run(3);
  EXPECT_EQ(m.vector(), kGP);
  EXPECT_EQ(c.seg[GS].base, 0u);
}

// --- tasks
// --------------------------------------------------------------------------------------------

class TaskTest : public SystemTest {
 protected:
  static constexpr u64 kTss2 = 0x4000, kCall = Machine::kCode + 0x21;
  static constexpr u16 kTask2 = kFree;
  void SetUp() override {
    m.protect();
    m.descriptor(kTask2, kTss2, 0x67, 0x89, 0);
    m.poke(kTss2 + 0x20, 4, 0x9000), m.poke(kTss2 + 0x24, 4, 2);
    m.poke(kTss2 + 0x28, 4, 0x11111111), m.poke(kTss2 + 0x38, 4, 0x6800);
    const u16 selectors[6] = {kData0, kCode0, kData0, kData0, 0, 0};
    for (unsigned i = 0; i < 6; ++i) m.poke(kTss2 + 0x48 + 4 * i, 2, selectors[i]);
    // nop; call far TSS2
    m.code(kCall - 1, {0x90, 0x9A, 0, 0, 0, 0, kTask2, 0, 0x90});
    c.r[kRip] = kCall - 1;
    c.r[RAX] = 0x22222222;
  }
  u8 type(u16 selector) { return m.peek(Machine::kGdt + selector + 5, 1) & 15; }
};
INSTANTIATE_TEST_SUITE_P(Blocks, TaskTest, testing::Bool());

TEST_P(TaskTest, CallAndIretNest) {
  m.code(0x9000, {0xCF, 0x90});
  m.run(2);
  EXPECT_EQ(c.seg[TR].selector, kTask2);
  EXPECT_EQ(c.r[kRip], 0x9000u);
  EXPECT_EQ(c.r[RAX], 0x11111111u);
  EXPECT_EQ(c.r[RSP], 0x6800u);
  EXPECT_TRUE(c.eflags & NT);
  EXPECT_TRUE(c.cr0 & CR0_TS);
  EXPECT_EQ(type(kTask), 11);
  EXPECT_EQ(type(kTask2), 11);
  EXPECT_EQ(m.peek(kTss2, 2), u64(kTask));
  EXPECT_EQ(m.peek(Machine::kTss + 0x20, 4), kCall + 7);
  m.run(1);
  EXPECT_EQ(c.seg[TR].selector, u16(kTask));
  EXPECT_EQ(c.r[kRip], kCall + 7);
  EXPECT_EQ(c.r[RAX], 0x22222222u);
  EXPECT_EQ(type(kTask2), 9);
  EXPECT_EQ(type(kTask), 11);
  EXPECT_EQ(m.peek(kTss2 + 0x24, 4) & NT, 0u);  // IRET leaves the task un-nested
  EXPECT_EQ(m.peek(kTss2 + 0x20, 4), 0x9001u);
}

TEST_P(TaskTest, BusyTasksAreNotEntered) {
  m.descriptor(kTask2, kTss2, 0x67, 0x8B, 0);
  m.run(4);
  EXPECT_EQ(m.vector(), kGP);
  EXPECT_EQ(m.stack(0), u64(kTask2));
  EXPECT_EQ(c.r[RAX], 0x22222222u);
}

TEST_P(TaskTest, FaultsAfterTheSwitchAreTheNewTasks) {
  m.poke(kTss2 + 0x54, 2, 0x77F8 & 0xFFF8);  // DS beyond the GDT
  c.gdtr.limit = 0x7F;
  m.run(4);
  EXPECT_EQ(m.vector(), kTS);
  EXPECT_EQ(c.seg[TR].selector, kTask2);
  EXPECT_EQ(m.stack(0), 0x77F8u);
  EXPECT_EQ(m.stack(1), 0x9000u);
  EXPECT_EQ(c.r[RAX], 0x11111111u);
}

TEST_P(TaskTest, TheTrapBitStopsBeforeTheFirstInstruction) {
  m.poke(kTss2 + 0x64, 2, 1);
  m.code(0x9000, {0x40});
  m.run(4);
  EXPECT_EQ(m.vector(), kDB);
  EXPECT_EQ(m.stack(0), 0x9000u);
  EXPECT_EQ(c.dr[6], 0xFFFF0FF0u | 1u << 15);
}

// --- debug
// --------------------------------------------------------------------------------------------

TEST_P(SystemTest, DataBreakpointsTrapAfterTheAccess) {
  m.protect();
  c.dr[1] = 0x5002;
  c.dr[7] = 0x400 | 1u << 2 | 0xDu << 20;  // L1, write, 4 bytes: 5000h to 5003h
  c.update_mode();
  m.code(Machine::kCode, {0xA1, 0, 0x50, 0, 0, 0xA3, 0xFE, 0x4F, 0, 0, 0x40});
  m.run(4);
  EXPECT_EQ(m.vector(), kDB);
  EXPECT_EQ(m.stack(0), Machine::kCode + 10);
  EXPECT_EQ(c.dr[6], 0xFFFF0FF2u);
}

TEST_P(SystemTest, InstructionBreakpointsFaultUnlessRf) {
  m.protect();
  c.dr[0] = Machine::kCode + 1;
  c.dr[7] = 0x401;
  m.code(Machine::kCode, {0x40, 0x40, 0x40});
  m.run(3);
  EXPECT_EQ(m.vector(), kDB);
  EXPECT_EQ(m.stack(0), Machine::kCode + 1);
  EXPECT_EQ(c.dr[6], 0xFFFF0FF1u);
  EXPECT_EQ(c.r[RAX], 1u);
}

TEST_P(SystemTest, SingleStep) {
  m.protect();
  c.eflags |= TF;
  m.code(Machine::kCode, {0x40, 0x40});
  m.run(3);
  EXPECT_EQ(m.vector(), kDB);
  EXPECT_EQ(m.stack(0), Machine::kCode + 1);
  EXPECT_EQ(m.stack(2) & TF, u64(TF));
  EXPECT_EQ(c.dr[6], 0xFFFF4FF0u);
}

TEST_P(SystemTest, SingleStepPassesOverInterruptInstructions) {
  m.protect();
  c.eflags |= TF;
  m.code(Machine::kCode, {0xCD, 0x40, 0x40, 0x40});
  m.poke(Machine::kIdt + 8 * 0x40, 8, Machine::gate(kCode0, 0x9000, 0x8E));
  m.code(0x9000, {0x90, 0xCF});
  m.run(6);  // int, nop, iret, inc: the trap comes after the last
  EXPECT_EQ(m.vector(), kDB);
  EXPECT_EQ(m.stack(0), Machine::kCode + 3);
}

// --- SMM, state
// ---------------------------------------------------------------------------------------

TEST_P(SystemTest, SmiSavesAndRsmRestores) {
  m.long_mode(3);
  m.code(Machine::kCode, {0x90, 0x90, 0x90});
  // Relocates SMBASE to 50000h: mov dword [cs:FF00h], 50000h; rsm. Real-mode addressing.
  m.code(0x38000, {0x66, 0x2E, 0xC7, 0x06, 0x00, 0xFF, 0x00, 0x00, 0x05, 0x00, 0x0F, 0xAA});
  c.r[R12] = 0x123456789ABCDEF0;
  c.flags.set_raw(ZF);
  m.run(1);
  c.smi();
  m.run(1);
  EXPECT_TRUE(c.smm);
  EXPECT_EQ(c.seg[CS].base, 0x30000u);
  EXPECT_EQ(c.r[kRip], 0x8000u);
  EXPECT_EQ(m.peek(0x3FEFC, 4), 0x20064u);
  EXPECT_EQ(m.peek(0x3FF78, 8), Machine::kCode + 1);
  EXPECT_EQ(m.peek(0x3FF98, 8), 0x123456789ABCDEF0u);
  c.smi();  // waits until RSM
  m.run(2);
  EXPECT_FALSE(c.smm);
  EXPECT_EQ(c.smbase, 0x50000u);
  EXPECT_TRUE(c.code64());
  EXPECT_EQ(c.cpl, 3);
  EXPECT_EQ(c.r[kRip], Machine::kCode + 1);
  EXPECT_EQ(c.rflags(), ZF | 2);
  m.run(1);
  EXPECT_TRUE(c.smm);
  EXPECT_EQ(c.seg[CS].base, 0x50000u);
}

TEST_P(SystemTest, InitThenStartupIpi) {
  Machine two(GetParam(), "qemu64", 2);
  two.protect();
  two.code(Machine::kCode, {0xF4});
  two.code(0x12000, {0x90, 0xF4});
  Cpu& second = two.cluster->cpu(1);
  EXPECT_EQ(second.activity, Activity::WaitForSipi);
  second.init();
  second.sipi(0x12);  // before INIT is taken
  two.run(10);
  EXPECT_EQ(second.activity, Activity::Halted);
  EXPECT_EQ(second.seg[CS].base, 0x12000u);
  EXPECT_EQ(second.r[kRip], 2u);
  second.sipi(0x13);  // runs already
  EXPECT_EQ(second.pending, 0u);
}

// Members of plain bytes that are state.
std::vector<std::span<u8>> plain_state(Cpu& c) {
  const auto bytes = [](auto& field) {
    return std::span<u8>(reinterpret_cast<u8*>(&field), sizeof field);
  };
  std::vector<std::span<u8>> all = {std::span<u8>(reinterpret_cast<u8*>(c.r), 17 * sizeof c.r[0]),
                                    bytes(c.dr),
                                    bytes(c.pdpte),
                                    bytes(c.msr),
                                    bytes(c.cr2),
                                    bytes(c.cr3),
                                    bytes(c.pkru),
                                    bytes(c.tsc_offset),
                                    bytes(c.sipi_vector),
                                    bytes(c.gdtr.base),
                                    bytes(c.idtr.limit),
                                    bytes(c.seg[GS].base),
                                    bytes(c.seg[TR].limit),
                                    bytes(c.seg[LDTR].selector),
                                    bytes(c.fpu.xmm),
                                    bytes(c.fpu.ymm_high),
                                    bytes(c.fpu.control),
                                    bytes(c.fpu.status),
                                    bytes(c.fpu.empty),
                                    bytes(c.fpu.code_segment),
                                    bytes(c.fpu.data_segment),
                                    bytes(c.fpu.instruction),
                                    bytes(c.fpu.data)};
  for (auto& st : c.fpu.physical)
    all.push_back(bytes(st.significand)), all.push_back(bytes(st.sign_exponent));
  return all;
}

TEST_P(SystemTest, StateHoldsEveryField) {
  Machine other(GetParam());
  u8 next = 1;
  for (const auto field : plain_state(c))
    for (u8& byte : field) byte = next = u8(next * 5 + 3);
  c.cr0 = CR0_ET | CR0_PE, c.cr4 = CR4_PAE, c.efer = EFER_NXE;
  c.cpl = 2, c.smm = true, c.nmi_blocked = true, c.intr = true, c.pending = 9;
  c.seg[FS].usable = false, c.seg[FS].rights = 0x9093;
  c.fpu.top = 5, c.fpu.opcode = 0x5AB, c.fpu.mxcsr = 0xA5C3;
  c.smbase = 0x7FF80000, c.debug_trap = 0x4002, c.activity = Activity::WaitForSipi;
  c.flags.set_raw(CF | OF);
  c.eflags = VIF | IF | 2;
  for (unsigned i = 0; i < kDataTlb; ++i)
    c.data_tlb[i] = {i * 7, i * 3, 1, 0, 1, 0, 1, 21, u8(i % 16)};
  for (unsigned i = 0; i < kCodeTlb; ++i) c.code_tlb[i] = {i * 5, i, 0, 1, 0, 1, 0, 30};
  const std::vector<u8> image = save_objects(m.board.tree);
  Cpu& o = other.c();
  ASSERT_TRUE(load_objects(other.board.tree, image).ok());
  const auto mine = plain_state(c), theirs = plain_state(o);
  for (std::size_t i = 0; i < mine.size(); ++i)
    EXPECT_TRUE(std::equal(mine[i].begin(), mine[i].end(), theirs[i].begin())) << "field " << i;
  EXPECT_EQ(o.cr0, c.cr0);
  EXPECT_EQ(o.cr4, c.cr4);
  EXPECT_EQ(o.efer, c.efer);
  EXPECT_EQ(o.cpl, 2);
  EXPECT_TRUE(o.smm && o.nmi_blocked && o.intr);
  EXPECT_EQ(o.pending, 9u);
  EXPECT_FALSE(o.seg[FS].usable);
  EXPECT_EQ(o.seg[FS].rights, 0x9093);
  EXPECT_EQ(o.fpu.top, 5);
  EXPECT_EQ(o.fpu.opcode, 0x5AB);
  EXPECT_EQ(o.fpu.mxcsr, 0xA5C3u);
  EXPECT_EQ(o.smbase, c.smbase);
  EXPECT_EQ(o.debug_trap, c.debug_trap);
  EXPECT_EQ(o.activity, Activity::WaitForSipi);
  c.activity = Activity::Running, c.shadow_at = c.icount;  // only a running vCPU has a shadow
  ASSERT_TRUE(load_objects(other.board.tree, save_objects(m.board.tree)).ok());
  EXPECT_EQ(o.shadow_at, o.icount);
  EXPECT_EQ(o.rflags(), c.rflags());
  EXPECT_EQ(std::memcmp(o.data_tlb, c.data_tlb, sizeof c.data_tlb), 0);
  EXPECT_EQ(std::memcmp(o.code_tlb, c.code_tlb, sizeof c.code_tlb), 0);
  // A translation that no walk can have made is refused.
  c.data_tlb[5].large = 7;
  EXPECT_FALSE(load_objects(other.board.tree, save_objects(m.board.tree)).ok());
}

TEST_P(SystemTest, CachedTranslationsOutliveTheirTables) {
  m.long_mode(3);
  // loop: store; jump back
  m.code(Machine::kCode, {0x48, 0x89, 0x05, 0xF9, 0x0F, 0, 0, 0xEB, 0xF7});
  m.run(7);
  Machine other(GetParam());
  std::vector<u8> ram(m.ram->size());
  m.ram->read(0, ram);
  other.ram->write(0, ram);
  ASSERT_TRUE(load_objects(other.board.tree, save_objects(m.board.tree)).ok());
  other.board.tree.settle();
  for (Machine* each : {&m, &other}) {
    each->poke(0x402000, 8, 0);  // no flush: both TLBs still have the page
    each->run(9);
    EXPECT_EQ(each->vector(), -1);
  }
  HashState end, other_end;
  c.state(end);
  other.c().state(other_end);
  EXPECT_EQ(end.value(), other_end.value());
}

// --- models
// -------------------------------------------------------------------------------------------

TEST(CpuModels, FeaturesAreNamedAndChecked) {
  EXPECT_TRUE(CpuModel::create("qemu64", {}).value().has(Feature::kSse42));
  EXPECT_FALSE(CpuModel::create("qemu64", {"-sse4.2"}).value().has(Feature::kSse42));
  EXPECT_FALSE(CpuModel::create("pentium", {}).value().has(Feature::kCmov));
  const auto unknown = CpuModel::create("qemu46", {});
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find("pentium3"), std::string::npos);
  const auto feature = CpuModel::create("qemu64", {"+sse5"});
  ASSERT_FALSE(feature.ok());
  EXPECT_NE(feature.error().message.find("ssse3"), std::string::npos);
  EXPECT_FALSE(CpuModel::create("qemu64", {"-sse2"}).ok());  // long mode needs it
  for (const auto& name : CpuModel::names()) EXPECT_TRUE(CpuModel::create(name, {}).ok()) << name;
}

TEST(CpuModels, WhatAModelLacksIsUndefined) {
  Machine m(true, "pentium");
  m.protect();
  m.code(Machine::kCode, {0x0F, 0x05});  // syscall
  m.run(3);
  EXPECT_EQ(m.vector(), kUD);
}

}  // namespace
}  // namespace reprise::cpu
