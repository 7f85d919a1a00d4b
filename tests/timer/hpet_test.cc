#include "chipset/timer/hpet.h"

#include <gtest/gtest.h>

#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

// 1 GHz: ten cycles to a tick. Pins 100 and 108 are the ISA lines, 0-23 the I/O APIC.
struct HpetTest : testing::Test {
  TestBoard board;
  TestMsi msi;
  Hpet hpet{board.context("/hpet"), IrqLine(board.pins, 100), IrqLine(board.pins, 108), board.pins,
            msi};
  HpetTest() { board.tree.reset(); }
  void set(u64 offset, u64 value) { hpet.mmio_write(offset, 8, value); }
  u64 get(u64 offset) { return hpet.mmio_read(offset, 8); }
};

TEST_F(HpetTest, CountsOnlyWhileEnabled) {
  EXPECT_EQ(get(0), 0x0098'9680'8086'a201u);
  board.run_to(1000);
  EXPECT_EQ(get(0xf0), 0u);
  set(0xf0, 0xffff'fff0);
  set(0x10, 1);
  board.run_to(1199);
  EXPECT_EQ(get(0xf0), 0x1'0000'0003u);
  EXPECT_EQ(hpet.mmio_read(0xf4, 4), 1u);
  set(0x10, 0);
  board.run_to(5000);
  EXPECT_EQ(get(0xf0), 0x1'0000'0003u);
}

TEST_F(HpetTest, PeriodicTimerFiresAtExactCycles) {
  set(0x10, 3);  // legacy: timer 0 is IRQ0
  set(0x100, 0x4c);
  set(0x108, 500);  // VAL_SET: comparator and period
  set(0x108, 300);  // period
  board.run_to(4999);
  EXPECT_EQ(board.pins.edges[100], 0u);
  board.run_to(5000);
  EXPECT_EQ(board.pins.edges[100], 1u);
  EXPECT_EQ(get(0x108), 800u);
  board.run_to(7999);
  EXPECT_EQ(board.pins.edges[100], 1u);
  board.run_to(8000);
  EXPECT_EQ(board.pins.edges[100], 2u);
  board.run_to(5000 + 3000 * 100);
  EXPECT_EQ(board.pins.edges[100], 101u);
}

TEST_F(HpetTest, ThirtyTwoBitComparatorsWrap) {
  set(0xf0, 0xffff'fff0);
  set(0x140, 0x104 | 20 << 9);
  set(0x148, 0x10);
  set(0x10, 1);
  board.run_to(319);
  EXPECT_FALSE(board.pins.level[20]);
  board.run_to(320);
  EXPECT_TRUE(board.pins.level[20]);
}

TEST_F(HpetTest, LevelInterruptsStayUntilCleared) {
  set(0x120, 0x6 | 21 << 9);
  set(0x128, 50);
  set(0x10, 1);
  board.run_to(500);
  EXPECT_TRUE(board.pins.level[21]);
  EXPECT_EQ(get(0x20), 2u);
  set(0x20, 1);
  EXPECT_TRUE(board.pins.level[21]);
  set(0x120, 0x6 | 22 << 9);  // rerouted: the old input falls
  EXPECT_FALSE(board.pins.level[21]);
  EXPECT_TRUE(board.pins.level[22]);
  set(0x20, 2);
  EXPECT_FALSE(board.pins.level[22]);
}

TEST_F(HpetTest, SendsMessages) {
  set(0x150, 0xfee0'0000'0000'0041);
  set(0x140, 0x4004);
  set(0x148, 10);
  set(0x10, 1);
  board.run_to(100);
  ASSERT_EQ(msi.messages.size(), 1u);
  EXPECT_EQ(msi.messages[0], std::pair(u64(0xfee0'0000), u32(0x41)));
}

TEST_F(HpetTest, PassesLegacyInterruptsOnUntilItReplacesThem) {
  hpet.set_irq(Hpet::kFromPit, true);
  hpet.set_irq(Hpet::kFromRtc, true);
  EXPECT_TRUE(board.pins.level[100] && board.pins.level[108]);
  set(0x10, 2);
  EXPECT_FALSE(board.pins.level[100] || board.pins.level[108]);
  hpet.set_irq(Hpet::kFromPit, false);
  hpet.set_irq(Hpet::kFromPit, true);
  EXPECT_EQ(board.pins.edges[100], 1u);
  set(0x10, 0);
  EXPECT_TRUE(board.pins.level[100] && board.pins.level[108]);
}

}  // namespace
}  // namespace reprise
