#include "chipset/char/parallel.h"

#include <gtest/gtest.h>

#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Parallel : testing::Test {
  TestBoard board;
  ParallelPort port{board.context("/lpt"), IrqLine(board.pins, 7)};
  std::string printed;
  Parallel() {
    board.capture("/lpt:out", printed);
    board.tree.reset();
    out8(port, 2, 0x0c);
  }
  void strobe(u8 data, u8 control = 0x0c) {
    out8(port, 0, data);
    out8(port, 2, control);
    out8(port, 2, u8(control | 1));
    out8(port, 2, control);
  }
};

TEST_F(Parallel, ThePrinterIsOnLineAndTakesBytesAtItsPace) {
  EXPECT_EQ(in8(port, 1), 0xdf);
  strobe('A');
  EXPECT_EQ(in8(port, 1), 0x5f);  // busy
  strobe('B');                    // lost
  board.run(5'000);
  EXPECT_EQ(in8(port, 1), 0x1f);  // ACK#
  board.run(2'000);
  EXPECT_EQ(in8(port, 1), 0xdf);
  strobe('C');
  EXPECT_EQ(printed, "AC");
}

TEST_F(Parallel, TheInterruptFollowsAcknowledgeIfEnabled) {
  strobe('A');
  board.run(10'000);
  EXPECT_EQ(board.pins.edges[7], 0u);
  strobe('B', 0x1c);
  EXPECT_FALSE(board.pins.level[7]);
  board.run(5'000);
  EXPECT_TRUE(board.pins.level[7]);
  board.run(2'000);
  EXPECT_FALSE(board.pins.level[7]);
  EXPECT_EQ(board.pins.edges[7], 1u);
}

TEST_F(Parallel, DirectionAndInitHoldTheStrobe) {
  out8(port, 0, 0x5a);
  EXPECT_EQ(in8(port, 0), 0x5a);
  strobe('A', 0x2c);
  EXPECT_EQ(in8(port, 0), 0xff);
  EXPECT_EQ(in8(port, 2), 0xec);
  out8(port, 2, 0x08);
  EXPECT_EQ(in8(port, 1), 0x5f);
  strobe('B', 0x08);
  EXPECT_EQ(printed, "");
}

}  // namespace
}  // namespace reprise
