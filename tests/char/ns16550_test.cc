#include "chipset/char/ns16550.h"

#include <gtest/gtest.h>

#include "tests/support/test_board.h"

namespace reprise {
namespace {

// Ten CPU cycles to a period of the crystal: 8N1 at divisor 1 takes 160 periods, 1600 cycles.
struct Uart : testing::Test {
  static constexpr Cycles kChar = 1600;
  TestBoard board{10 * Ns16550::kCrystal};
  Ns16550 uart{board.context("/uart"), IrqLine(board.pins, 4)};
  std::string sent;

  Uart() {
    board.capture("/uart:out", sent);
    board.tree.reset();
    out(3, 0x80);
    out(0, 1);
    out(1, 0);
    out(3, 0x03);
    out(4, 0x08);
  }
  void out(u16 reg, u8 value) { uart.io_write(reg, 1, value); }
  u8 in(u16 reg) { return u8(uart.io_read(reg, 1)); }
  bool irq() { return board.pins.level[4]; }
  void type(const std::string& text) { board.post("/uart:in", {text.begin(), text.end()}); }
};

TEST_F(Uart, TransmitsInCharacterTime) {
  out(2, 0x01);
  out(1, 0x02);
  EXPECT_TRUE(irq()) << "enabling with THR empty interrupts at once";
  EXPECT_EQ(in(2), 0xc2);
  EXPECT_FALSE(irq()) << "reading IIR clears the interrupt it reported";
  out(0, 'a');  // to the shift register at once
  EXPECT_EQ(sent, "a");
  EXPECT_TRUE(irq());
  out(0, 'b');
  out(0, 'c');
  EXPECT_FALSE(irq());
  EXPECT_EQ(in(5) & 0x60, 0);
  board.run(2 * kChar - 1);
  EXPECT_EQ(sent, "ab");
  EXPECT_FALSE(irq());
  board.run(1);
  EXPECT_EQ(sent, "abc");
  EXPECT_TRUE(irq()) << "the FIFO is empty when its last character begins";
  EXPECT_EQ(in(5) & 0x60, 0x20);
  board.run(kChar);
  EXPECT_EQ(in(5) & 0x60, 0x60);
}

TEST_F(Uart, CharacterTimeFollowsFormat) {
  out(3, 0x80);
  out(0, 3);
  out(3, 0x1c);  // 5 bits, parity, 1.5 stop bits: 8.5 bits
  out(0, 'x');
  board.run(10 * 3 * 16 * 85 / 10 - 1);
  EXPECT_FALSE(in(5) & 0x40);
  board.run(1);
  EXPECT_TRUE(in(5) & 0x40);
}

TEST_F(Uart, TriggerLevelThenTimeout) {
  out(2, 0x41);  // trigger at 4
  out(1, 0x01);
  type("abcdef");
  board.run(4 * kChar - 1);
  EXPECT_FALSE(irq());
  board.run(1);
  EXPECT_TRUE(irq());
  EXPECT_EQ(in(2), 0xc4);
  board.run(2 * kChar);
  for (const char c : std::string("abc")) EXPECT_EQ(in(0), c);
  EXPECT_FALSE(irq()) << "three left: below the trigger";
  board.run(4 * kChar - 1);
  EXPECT_FALSE(irq());
  board.run(1);
  EXPECT_TRUE(irq());
  EXPECT_EQ(in(2), 0xcc);
  EXPECT_EQ(in(0), 'd');
  EXPECT_FALSE(irq());
}

TEST_F(Uart, ATimeoutComesAfterALoad) {
  out(2, 0x41);  // trigger at 4
  out(1, 0x01);
  type("a");
  board.run(3 * kChar);
  ASSERT_TRUE(board.reload().ok());
  board.run(2 * kChar - 1);
  EXPECT_FALSE(irq());
  board.run(1);
  EXPECT_TRUE(irq());
  EXPECT_EQ(in(2), 0xcc);
}

TEST_F(Uart, HoldsTheFarEndWhenFullAndLosesNothing) {
  out(2, 0x01);
  std::string text;
  for (int i = 0; i < 64; ++i) text += char('0' + i);
  EXPECT_EQ(uart.in().credit(), 64u);
  type(text);
  EXPECT_EQ(uart.in().credit(), 0u);
  board.run(100 * kChar);
  EXPECT_EQ(uart.in().credit(), 16u);
  std::string got;
  while (got.size() < 64 && (in(5) & 1)) {
    EXPECT_FALSE(in(5) & 2);
    got += char(in(0));
    board.run(kChar);
  }
  EXPECT_EQ(got, text);
}

TEST_F(Uart, LoopBackOverrunsAndShutsTheGate) {
  out(2, 0x01);
  out(1, 0x05);
  out(4, 0x18);
  for (int i = 0; i < 17; ++i) out(0, u8(i));
  board.run(17 * kChar);
  EXPECT_EQ(sent, "");
  EXPECT_FALSE(irq()) << "OUT2's pin is inactive in loop back";
  EXPECT_EQ(in(2), 0xc6) << "line status comes first";
  EXPECT_EQ(in(5) & 0x83, 0x03);
  EXPECT_FALSE(in(5) & 2) << "reading LSR clears the error";
  for (int i = 0; i < 16; ++i) EXPECT_EQ(in(0), i) << "a full FIFO keeps the oldest";
  EXPECT_FALSE(in(5) & 1);
}

TEST_F(Uart, LoopBackModemLines) {
  EXPECT_EQ(in(6), 0xb0);
  out(4, 0x10);
  in(6);
  out(4, 0x17);  // DTR, RTS, OUT1
  EXPECT_EQ(in(6), 0x73) << "no delta for RI's leading edge";
  out(4, 0x10);
  EXPECT_EQ(in(6), 0x07);
  EXPECT_EQ(in(6), 0x00);
}

TEST_F(Uart, BreakIsRevealedAtTheTop) {
  out(2, 0x01);
  type("a");
  board.run(kChar);
  board.post("/uart:break", {1});
  board.run(kChar);
  EXPECT_EQ(in(5), 0xe1) << "an error waits in the FIFO";
  EXPECT_EQ(in(0), 'a');
  EXPECT_EQ(in(5), 0xf9);
  EXPECT_EQ(in(5), 0x61);
  EXPECT_EQ(in(0), 0);
}

TEST_F(Uart, InterruptNeedsOut2) {
  out(1, 0x02);
  EXPECT_TRUE(irq());
  out(4, 0);
  EXPECT_FALSE(irq());
  out(4, 8);
  uart.settle();
  EXPECT_EQ(board.pins.edges[4], 2u) << "settle() repeats the level, it makes no edge";
}

}  // namespace
}  // namespace reprise
