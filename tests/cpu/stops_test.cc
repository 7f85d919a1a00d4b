// Breakpoints of an operator, and stops at events and ports.
#include "tests/cpu/stops_machine.h"

namespace reprise::cpu {
namespace {

INSTANTIATE_TEST_SUITE_P(Blocks, StopsTest, testing::Bool());

// --- Pc

TEST_P(StopsTest, PcStopsBeforeTheInstruction) {
  m.protect();
  m.code(kCode, {0x40, 0x43, 0x41, 0xF4});  // inc eax; inc ebx; inc ecx; hlt
  watch({pc(kCode + 1)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Pc, 1, kCode + 1, kCode + 1);
  EXPECT_EQ(hits[0].id, 1u);
  EXPECT_EQ(c.r[kRip], kCode + 1);
  EXPECT_EQ(c.r[RAX], 1u);
  EXPECT_EQ(c.r[RBX], 0u);
  EXPECT_FALSE(run());
  EXPECT_EQ(c.r[RCX], 1u);
  EXPECT_EQ(hits.size(), 1u);
}

// A block has been decoded around the place, and linked to itself.
TEST_P(StopsTest, PcInADecodedBlock) {
  m.protect();
  m.code(kCode, {0x40, 0x43, 0x41, 0xEB, 0xFB});  // L: inc eax; inc ebx; inc ecx; jmp L
  EXPECT_FALSE(run(40));
  watch({pc(kCode + 2)});
  EXPECT_TRUE(run());
  EXPECT_EQ(c.r[kRip], kCode + 2);
  EXPECT_EQ(c.r[RBX], 11u);
  EXPECT_EQ(c.r[RCX], 10u);
  EXPECT_EQ(icount(), 42u);
  EXPECT_TRUE(run());
  EXPECT_EQ(icount(), 46u);
  watch({});
  EXPECT_FALSE(run(40));
  EXPECT_EQ(icount(), 86u);
}

// Blocks belong to the page of memory; a Pc belongs to one of its mappings.
TEST_P(StopsTest, PcMeetsOneMappingOfThePage) {
  constexpr u64 kAlias = 0x600000 + kCode;
  m.long_mode();
  m.poke(0x402018, 8, 0x87);
  m.code(kCode, {0xFF, 0xC0, 0xFF, 0xC3, 0xFF, 0xE1});  // inc eax; inc ebx; jmp rcx
  c.r[RCX] = kAlias;
  watch({pc(kAlias + 2)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Pc, 4, kAlias + 2, kAlias + 2);
  EXPECT_EQ(c.r[kRip], kAlias + 2);
  c.r[RCX] = kCode;
  EXPECT_FALSE(run(20));
  EXPECT_EQ(hits.size(), 1u);
}

TEST_P(StopsTest, PcOfCodeThatChanges) {
  m.protect();
  m.code(kCode, {0xC6, 0x05, 0x08, 0x00, 0x01, 0x00, 0x43,  // mov byte [kCode + 8], 43
                 0x90,                                      // nop
                 0x40, 0xF4});                              // inc eax, then inc ebx; hlt
  watch({pc(kCode + 8), pc(kCode + 7)});
  EXPECT_TRUE(run());
  EXPECT_EQ(c.r[kRip], kCode + 7);
  EXPECT_TRUE(run());
  EXPECT_EQ(c.r[kRip], kCode + 8);
  EXPECT_FALSE(run());
  EXPECT_EQ(c.r[RAX], 0u);
  EXPECT_EQ(c.r[RBX], 1u);
}

TEST_P(StopsTest, PcOfAnInstructionThatFaults) {
  m.protect();
  m.code(kCode, {0x90, 0x0F, 0x0B});  // ud2
  watch({pc(kCode + 1), on(StopKind::Exception, 6, 6)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Pc, 1, kCode + 1, kCode + 1);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Exception, 2, kCode + 1, 6);
  EXPECT_EQ(c.r[kRip], Machine::kHandlers + 6 * 16);
  EXPECT_FALSE(run());
  EXPECT_EQ(m.vector(), 6);
}

// Its page is not there: the breakpoint comes before the fault of the fetch.
TEST_P(StopsTest, PcOfAnInstructionThatIsNotThere) {
  m.long_mode();
  m.code(kCode, {0xFF, 0xE1});  // jmp rcx
  c.r[RCX] = 0x900000;
  watch({pc(0x900000), on(StopKind::Exception, 0, 31)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Pc, 1, 0x900000, 0x900000);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Exception, 2, 0x900000, 14);
}

TEST_P(StopsTest, PcOfAnInstructionThatCrossesAPage) {
  m.protect();
  m.code(kCode, {0xE9, 0xF9, 0x0F, 0x00, 0x00});                // jmp kCode + FFE
  m.code(kCode + 0xFFE, {0xB8, 1, 2, 3, 4, 0x43, 0xEB, 0xF8});  // mov eax, 04030201; inc ebx; jmp
  EXPECT_FALSE(run(10));
  watch({pc(kCode + 0xFFE), pc(kCode + 0x1003)});
  EXPECT_TRUE(run());
  EXPECT_EQ(c.r[kRip], kCode + 0xFFE);
  EXPECT_TRUE(run());
  EXPECT_EQ(c.r[kRip], kCode + 0x1003);
  EXPECT_TRUE(run());
  EXPECT_EQ(c.r[kRip], kCode + 0xFFE);
}

// Events come first; the instruction is met when control returns to it.
TEST_P(StopsTest, AnInterruptComesBeforeThePc) {
  m.protect();
  m.code(kCode, {0x90, 0x40, 0xF4});
  m.code(Machine::kHandlers + 0x20 * 16, {0xCF});  // iret
  c.eflags |= IF;
  watch({pc(kCode + 1), on(StopKind::Interrupt, 0x20, 0x20)});
  EXPECT_FALSE(run(1));
  c.set_intr(true);
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Interrupt, 2, kCode + 1, 0x20);
  EXPECT_EQ(c.r[kRip], Machine::kHandlers + 0x20 * 16);
  c.set_intr(false);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Pc, 3, kCode + 1, kCode + 1);
  EXPECT_EQ(hits.size(), 2u);
}

// The guest's own breakpoint at the same place, too, whose handler returns with RF.
TEST_P(StopsTest, TheGuestsBreakpointComesBeforeThePc) {
  m.protect();
  m.code(kCode, {0x90, 0x40, 0xF4});
  m.code(Machine::kHandlers + 1 * 16, {0x81, 0x4C, 0x24, 0x08, 0x00, 0x00, 0x01, 0x00, 0xCF});
  c.dr[0] = kCode + 1;
  c.dr[7] = 0x401;
  watch({pc(kCode + 1), on(StopKind::Exception, 1, 1)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Exception, 2, kCode + 1, 1);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Pc, 4, kCode + 1, kCode + 1);
  EXPECT_FALSE(run());
  EXPECT_EQ(c.r[RAX], 1u);
}

TEST_P(StopsTest, ARepIsMetOnce) {
  m.protect();
  m.code(kCode, {0xF3, 0xA4, 0x40, 0xF4});  // rep movsb; inc eax; hlt
  c.r[RSI] = kData, c.r[RDI] = kData + 0x100, c.r[RCX] = 5;
  watch({pc(kCode), pc(kCode + 2)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Pc, 0, kCode, kCode);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Pc, 5, kCode + 2, kCode + 2);
}

TEST_P(StopsTest, RangesOfPcAndManyConditions) {
  m.protect();
  m.code(kCode, {0x90, 0x90, 0x90, 0x90, 0xF4});
  StopCondition other = on(StopKind::Pc, 0, kNever);
  other.cpu = 1;
  watch({on(StopKind::Pc, kCode + 2, kCode + 3), pc(kCode + 3), on(StopKind::Pc, 0, kCode), other});
  stops = false;
  EXPECT_FALSE(run());
  ASSERT_EQ(hits.size(), 4u);
  EXPECT_EQ(hits[0].id, 3u);
  EXPECT_EQ(hits[0].at.icount, 0u);
  EXPECT_EQ(hits[1].id, 1u);
  EXPECT_EQ(hits[1].at.icount, 2u);
  EXPECT_EQ(hits[2].id, 1u);
  EXPECT_EQ(hits[3].id, 2u);
  EXPECT_EQ(hits[3].at.icount, 3u);
}

// --- events and ports

TEST_P(StopsTest, InterruptsAndExceptionsAreTwoThings) {
  m.protect();
  m.code(kCode, {0xCD, 0x30, 0xCC, 0xCD, 0x03, 0xF4});  // int 30; int3; int 3
  for (const unsigned v : {2u, 3u, 0x30u}) m.code(Machine::kHandlers + v * 16, {0xCF});
  watch({on(StopKind::Interrupt, 0, 255), on(StopKind::Exception, 0, 255)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Interrupt, 1, kCode, 0x30);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Exception, 3, kCode + 2, 3);
  EXPECT_TRUE(run());
  expect_hit(2, StopKind::Interrupt, 5, kCode + 3, 3);
  c.nmi();
  EXPECT_TRUE(run());
  expect_hit(3, StopKind::Interrupt, 6, Machine::kHandlers + 3 * 16, 2);
}

// A trap, and a fault whose delivery faults: what was delivered is #DF.
TEST_P(StopsTest, OnlyWhatIsDeliveredCounts) {
  m.protect();
  m.code(kCode, {0x90, 0x90});
  watch({on(StopKind::Exception, 0, 255)});
  c.eflags |= TF;
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Exception, 2, kCode + 1, 1);
  m.protect();
  m.poke(Machine::kIdt + 8 * 13, 8, 0);
  m.code(kCode, {0x0F, 0x0B});
  m.poke(Machine::kIdt + 8 * 6, 8, 0);
  c.eflags &= ~TF;
  EXPECT_TRUE(run());
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[1].address, 8u);
}

TEST_P(StopsTest, Ports) {
  m.protect();
  m.code(kCode, {0xE6, 0x60,                // out 60, al
                 0xE5, 0x5E,                // in eax, 5e: as far as 61
                 0x90, 0xEF,                // out dx, eax
                 0xF3, 0x6E, 0x90, 0xF4});  // rep outsb
  c.r[RDX] = 0xFFFE;
  c.r[RSI] = kData, c.r[RCX] = 3;
  watch({on(StopKind::Port, 0x61, 0x61), on(StopKind::Port, 0, 1),
         on(StopKind::Port, 0xFFFE, 0xFFFE)});
  EXPECT_TRUE(run());
  expect_hit(0, StopKind::Port, 2, kCode + 2, 0x5E, 4);
  EXPECT_EQ(c.r[kRip], kCode + 4);
  EXPECT_TRUE(run());
  expect_hit(1, StopKind::Port, 4, kCode + 5, 0, 2);
  expect_hit(2, StopKind::Port, 4, kCode + 5, 0xFFFE, 2);
  for (u64 i = 0; i < 3; ++i) {
    EXPECT_TRUE(run());
    expect_hit(3 + i, StopKind::Port, 5 + i, kCode + 6, 0xFFFE, 1);
    EXPECT_EQ(c.r[RCX], 2 - i);
  }
  EXPECT_EQ(m.bus.outs.size(), 5u);
}

}  // namespace
}  // namespace reprise::cpu
