#include "chipset/timer/i8254.h"

#include <gtest/gtest.h>

#include "chipset/timer/port61.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

// A CPU of ten cycles to the timer's tick, so that ticks are easy to name.
struct Pit : testing::Test {
  static constexpr u64 kTick = 10;
  TestBoard board{I8254::kHz * kTick};
  I8254 pit{board.context("/pit"), IrqLine(board.pins, 0)};
  PcPort61 port61{board.context("/port61"), pit, IrqLine(board.pins, 1)};

  Pit() { board.tree.reset(); }
  void tick(u64 n) { board.run_to(n * kTick); }
  void program(unsigned counter, u8 mode_bits, u16 count) {
    out8(pit, 3, u8(counter << 6 | 0x30 | mode_bits));
    out8(pit, u16(counter), u8(count));
    out8(pit, u16(counter), u8(count >> 8));
  }
  unsigned count(unsigned counter) {
    out8(pit, 3, u8(counter << 6));
    const unsigned low = in8(pit, u16(counter));
    return low | in8(pit, u16(counter)) << 8;
  }
  bool out0() { return board.pins.level[0]; }
  bool out2() { return in8(port61, 0) & 0x20; }
};

TEST_F(Pit, Mode2CountsDownAndPulsesLowForOneTick) {
  tick(100);
  program(0, 0x04, 1000);  // loaded at 101
  EXPECT_TRUE(out0());
  tick(101);
  EXPECT_EQ(count(0), 1000u);
  board.run_to(102 * kTick - 1);
  EXPECT_EQ(count(0), 1000u);
  tick(102);
  EXPECT_EQ(count(0), 999u);
  board.run_to(1100 * kTick - 1);
  EXPECT_EQ(count(0), 2u);
  EXPECT_TRUE(out0());
  tick(1100);
  EXPECT_EQ(count(0), 1u);
  EXPECT_FALSE(out0());
  board.run_to(1101 * kTick - 1);
  EXPECT_FALSE(out0());
  tick(1101);
  EXPECT_TRUE(out0());
  EXPECT_EQ(count(0), 1000u);
  const unsigned edges = board.pins.edges[0];
  tick(101 + 1000 * 50);
  EXPECT_EQ(board.pins.edges[0], edges + 49);
  EXPECT_EQ(count(0), 1000u);
}

TEST_F(Pit, ANewCountInMode2WaitsForTheEndOfTheCycle) {
  program(0, 0x04, 100);  // loaded at 1
  tick(50);
  out8(pit, 0, 40);
  out8(pit, 0, 0);
  out8(pit, 3, 0xe2);            // read-back: status of counter 0
  EXPECT_EQ(in8(pit, 0), 0xf4);  // OUT, null count, both bytes, mode 2
  tick(100);
  EXPECT_EQ(count(0), 1u);
  tick(101);
  EXPECT_EQ(count(0), 40u);
  out8(pit, 3, 0xe2);
  EXPECT_EQ(in8(pit, 0), 0xb4);
  tick(140);
  EXPECT_FALSE(out0());
}

TEST_F(Pit, Mode3HalvesEvenAndOddCounts) {
  program(0, 0x06, 6);  // loaded at 1: high 1-3, low 4-6
  const auto expect = [this](u64 from, std::vector<std::pair<unsigned, bool>> values) {
    for (const auto& [value, level] : values) {
      tick(from++);
      EXPECT_EQ(count(0), value) << from - 1;
      EXPECT_EQ(out0(), level) << from - 1;
    }
  };
  expect(1, {{6, true}, {4, true}, {2, true}, {6, false}, {4, false}, {2, false}, {6, true}});
  tick(20);
  program(0, 0x06, 5);  // loaded at 21: high for 3, low for 2
  expect(21, {{4, true}, {2, true}, {0, true}, {4, false}, {2, false}, {4, true}, {2, true}});
  out8(pit, 0, 4);  // at 27: taken at the end of the high half, 29
  out8(pit, 0, 0);
  expect(28, {{0, true}, {4, false}, {2, false}, {4, true}, {2, true}, {4, false}});
}

TEST_F(Pit, Mode0RaisesOutAfterCountPlusOneAndGateHoldsIt) {
  out8(port61, 0, 1);  // gate 2
  tick(10);
  program(2, 0x00, 100);  // loaded at 11
  EXPECT_FALSE(out2());
  tick(110);
  EXPECT_EQ(count(2), 1u);
  EXPECT_FALSE(out2());
  tick(111);
  EXPECT_TRUE(out2());
  tick(113);
  EXPECT_EQ(count(2), 0xfffeu);
  EXPECT_TRUE(out2());

  program(2, 0x00, 100);  // at 113, loaded at 114
  tick(134);
  out8(port61, 0, 0);
  tick(500);
  EXPECT_EQ(count(2), 80u);
  out8(port61, 0, 1);
  tick(579);
  EXPECT_FALSE(out2());
  tick(580);
  EXPECT_TRUE(out2());
}

TEST_F(Pit, GateTriggersModes1And5) {
  program(2, 0x02, 10);
  tick(20);
  EXPECT_TRUE(out2());
  out8(port61, 0, 1);
  tick(21);
  EXPECT_FALSE(out2());
  tick(25);
  out8(port61, 0, 0);
  out8(port61, 0, 1);  // again: 10 more from 26
  tick(35);
  EXPECT_FALSE(out2());
  tick(36);
  EXPECT_TRUE(out2());

  out8(port61, 0, 0);
  program(2, 0x0a, 10);
  out8(port61, 0, 1);  // loaded at 37
  tick(46);
  EXPECT_TRUE(out2());
  tick(47);
  EXPECT_FALSE(out2());
  tick(48);
  EXPECT_TRUE(out2());
}

TEST_F(Pit, Mode4StrobesOnce) {
  program(0, 0x08, 10);  // loaded at 1
  tick(10);
  EXPECT_TRUE(out0());
  tick(11);
  EXPECT_FALSE(out0());
  tick(12);
  EXPECT_TRUE(out0());
  tick(100'000);
  EXPECT_EQ(board.pins.edges[0], 2u);  // from power-on low, and the strobe
  EXPECT_EQ(board.scheduler.deadline(), kNever);
}

TEST_F(Pit, LatchesAndReadsBackInOrder) {
  out8(port61, 0, 1);
  program(2, 0x05, 0x1000);  // mode 2, BCD; loaded at 1
  tick(2);
  EXPECT_EQ(count(2), 0x0999u);
  out8(pit, 3, 0xc8);  // count and status of counter 2
  tick(500);
  out8(pit, 3, 0x80);  // already latched: ignored
  EXPECT_EQ(in8(pit, 2), 0xb5);
  EXPECT_EQ(in8(pit, 2), 0x99);
  EXPECT_EQ(in8(pit, 2), 0x09);
  EXPECT_EQ(in8(pit, 2), 0x01);  // live: 501
  EXPECT_EQ(in8(pit, 2), 0x05);
}

// Behind an instruction as long as a whole period the line still makes its edge.
TEST_F(Pit, ALateTimerKeepsTheEdge) {
  program(0, 0x04, 2);  // loaded at 1: low at 2, high at 3, ...
  tick(1);
  const unsigned edges = board.pins.edges[0];
  board.scheduler.set_now(3 * kTick);
  board.scheduler.run_due();
  EXPECT_TRUE(out0());
  EXPECT_EQ(board.pins.edges[0], edges + 1);
}

TEST_F(Pit, Port61MasksNmi) {
  port61.set_irq(PcPort61::kIochk, true);
  EXPECT_TRUE(board.pins.level[1]);
  EXPECT_EQ(in8(port61, 0) & 0xc0, 0x40);
  port61.set_irq(PcPort61::kNmiMask, true);
  EXPECT_FALSE(board.pins.level[1]);
  port61.set_irq(PcPort61::kNmiMask, false);
  out8(port61, 0, 0x08);
  EXPECT_EQ(in8(port61, 0) & 0xc0, 0);
  EXPECT_FALSE(board.pins.level[1]);
  const u8 before = in8(port61, 0) & 0x10;
  tick(18);
  EXPECT_NE(in8(port61, 0) & 0x10, before);
}

}  // namespace
}  // namespace reprise
