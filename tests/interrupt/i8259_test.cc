#include "chipset/interrupt/i8259.h"

#include <gtest/gtest.h>

#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Pic : testing::Test {
  TestBoard board;
  I8259Pair pic{board.context("/pic"), IrqLine(board.pins, 0)};
  IoHandler& master = pic.master_ports();
  IoHandler& slave = pic.slave_ports();

  Pic() {
    board.tree.reset();
    init(master, 0x08, 0x04, 0x01);
    init(slave, 0x70, 0x02, 0x01);
  }
  static void init(IoHandler& chip, u8 icw2, u8 icw3, u8 icw4) {
    for (const auto& [a0, value] : {std::pair{0, u8(0x11)}, {1, icw2}, {1, icw3}, {1, icw4}})
      out8(chip, u16(a0), value);
  }
  bool intr() { return board.pins.level[0]; }
  u8 isr(IoHandler& chip) {
    out8(chip, 0, 0x0b);
    return in8(chip, 0);
  }
  u8 irr(IoHandler& chip) {
    out8(chip, 0, 0x0a);
    return in8(chip, 0);
  }
};

TEST_F(Pic, NestsByPriorityUntilTheEndOfInterrupt) {
  pic.set_irq(4, true);
  ASSERT_TRUE(intr());
  EXPECT_EQ(pic.acknowledge(), 0x0c);
  EXPECT_FALSE(intr());  // the line is still up: an edge counts once
  pic.set_irq(6, true);
  EXPECT_FALSE(intr());
  pic.set_irq(1, true);
  ASSERT_TRUE(intr());
  EXPECT_EQ(pic.acknowledge(), 0x09);
  EXPECT_EQ(isr(master), 0x12);
  out8(master, 0, 0x20);  // ends IRQ1, the highest in service
  EXPECT_EQ(isr(master), 0x10);
  EXPECT_FALSE(intr());
  out8(master, 0, 0x64);  // specific: IRQ4
  EXPECT_EQ(pic.acknowledge(), 0x0e);
}

TEST_F(Pic, CascadesAndAnswersSpuriously) {
  pic.set_irq(12, true);
  ASSERT_TRUE(intr());
  EXPECT_EQ(pic.acknowledge(), 0x74);
  EXPECT_EQ(isr(master), 0x04);
  EXPECT_EQ(isr(slave), 0x10);
  pic.set_irq(9, true);  // of higher priority, but its slave is in service at the master
  EXPECT_FALSE(intr());
  out8(slave, 0, 0x20);
  out8(master, 0, 0x20);
  EXPECT_EQ(pic.acknowledge(), 0x71);
  out8(slave, 0, 0x20);
  out8(master, 0, 0x20);

  pic.set_irq(3, true);
  pic.set_irq(3, false);  // gone before INTA
  EXPECT_FALSE(intr());
  EXPECT_EQ(pic.acknowledge(), 0x0f);
  EXPECT_EQ(isr(master), 0);  // a spurious IRQ7 is not in service
}

TEST_F(Pic, SpecialFullyNestedLetsASlaveInterruptItself) {
  init(master, 0x08, 0x04, 0x11);
  pic.set_irq(12, true);
  EXPECT_EQ(pic.acknowledge(), 0x74);
  pic.set_irq(9, true);
  ASSERT_TRUE(intr());
  EXPECT_EQ(pic.acknowledge(), 0x71);
  EXPECT_EQ(isr(slave), 0x12);
}

TEST_F(Pic, SpecialMaskModeOpensLowerLevels) {
  pic.set_irq(3, true);
  EXPECT_EQ(pic.acknowledge(), 0x0b);
  pic.set_irq(5, true);
  EXPECT_FALSE(intr());
  out8(master, 1, 0x08);  // mask IRQ3
  EXPECT_FALSE(intr());
  out8(master, 0, 0x68);  // special mask mode
  ASSERT_TRUE(intr());
  EXPECT_EQ(pic.acknowledge(), 0x0d);
  out8(master, 0, 0x20);  // passes over the masked IRQ3
  EXPECT_EQ(isr(master), 0x08);
}

TEST_F(Pic, RotatesPriorities) {
  pic.set_irq(4, true);
  pic.acknowledge();
  out8(master, 0, 0xa0);  // rotate on non-specific EOI: IRQ4 is lowest now
  pic.set_irq(4, false);
  pic.set_irq(4, true);
  pic.set_irq(6, true);
  EXPECT_EQ(pic.acknowledge(), 0x0e);
  out8(master, 0, 0x20);
  out8(master, 0, 0xc5);  // set priority: IRQ5 lowest, IRQ6 highest
  pic.set_irq(0, true);
  EXPECT_EQ(pic.acknowledge(), 0x08);
}

TEST_F(Pic, AutomaticEndOfInterruptAndPoll) {
  init(master, 0x08, 0x04, 0x03);
  pic.set_irq(1, true);
  EXPECT_EQ(pic.acknowledge(), 0x09);
  EXPECT_EQ(isr(master), 0);
  init(master, 0x08, 0x04, 0x01);
  pic.set_irq(5, true);
  out8(master, 0, 0x0c);  // poll: the next read acknowledges
  EXPECT_EQ(in8(master, 0), 0x85);
  EXPECT_EQ(isr(master), 0x20);
  EXPECT_FALSE(intr());
}

TEST_F(Pic, LevelInputsAskUntilTheyFall) {
  out8(pic.elcr_ports(), 0, 0xff);
  EXPECT_EQ(in8(pic.elcr_ports(), 0), 0xf8);
  out8(pic.elcr_ports(), 1, 0xff);
  EXPECT_EQ(in8(pic.elcr_ports(), 1), 0xde);
  pic.set_irq(11, true);
  EXPECT_EQ(pic.acknowledge(), 0x73);
  EXPECT_EQ(irr(slave), 0x08);
  out8(slave, 0, 0x20);
  out8(master, 0, 0x20);
  EXPECT_TRUE(intr());
  pic.set_irq(11, false);
  EXPECT_FALSE(intr());
}

TEST_F(Pic, InitialisationForgetsEdges) {
  pic.set_irq(3, true);
  init(master, 0x20, 0x04, 0x01);
  EXPECT_FALSE(intr());
  pic.set_irq(3, false);
  pic.set_irq(3, true);
  EXPECT_EQ(pic.acknowledge(), 0x23);
}

}  // namespace
}  // namespace reprise
