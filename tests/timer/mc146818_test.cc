#include "chipset/timer/mc146818.h"

#include <gtest/gtest.h>

#include "replay/core/state_readers.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

constexpr u64 kTick = 10;  // cycles to a tick of 32768 Hz
constexpr u64 kSecond = Mc146818::kHz * kTick;

struct Rtc {
  TestBoard board{kSecond};
  Mc146818 rtc;
  explicit Rtc(i64 base)
      : rtc(board.context("/rtc"), base, IrqLine(board.pins, 8), IrqLine(board.pins, 1)) {
    board.tree.reset();
  }
  u8 get(u8 index) {
    out8(rtc, 0, index);
    return in8(rtc, 1);
  }
  void set(u8 index, u8 value) {
    out8(rtc, 0, index);
    out8(rtc, 1, value);
  }
  std::vector<u8> time() {  // century, year, month, date, weekday, hours, minutes, seconds
    std::vector<u8> values;
    for (u8 index : {0x32, 9, 8, 7, 6, 4, 2, 0}) values.push_back(get(index));
    return values;
  }
  bool irq() { return board.pins.level[8]; }
};
using Time = std::vector<u8>;

TEST(Mc146818, RollsOverACenturyAndLeapDays) {
  Rtc r(946'684'799);  // 1999-12-31 23:59:59, a Friday
  EXPECT_EQ(r.time(), (Time{0x19, 0x99, 0x12, 0x31, 6, 0x23, 0x59, 0x59}));
  r.board.run_to(kSecond - 1);
  EXPECT_EQ(r.get(0), 0x59);
  r.board.run_to(kSecond);
  EXPECT_EQ(r.time(), (Time{0x20, 0x00, 0x01, 0x01, 7, 0x00, 0x00, 0x00}));

  const auto day_after_february_28 = [](u8 century, u8 year) {
    Rtc c(0);
    c.set(0x0b, 0x82);
    for (const auto& [index, value] : {std::pair{u8(0x32), century},
                                       {9, year},
                                       {8, 0x02},
                                       {7, 0x28},
                                       {4, 0x23},
                                       {2, 0x59},
                                       {0, 0x59}})
      c.set(index, value);
    c.board.run(5 * kSecond);
    EXPECT_EQ(c.get(0), 0x59);  // SET: the clock stands
    c.set(0x0b, 0x02);
    c.board.run(kSecond);
    return c.get(7);
  };
  EXPECT_EQ(day_after_february_28(0x20, 0x24), 0x29);
  EXPECT_EQ(day_after_february_28(0x20, 0x00), 0x29);
  EXPECT_EQ(day_after_february_28(0x21, 0x00), 0x01);
  EXPECT_EQ(day_after_february_28(0x20, 0x26), 0x01);
}

TEST(Mc146818, ShowsTheUpdateInAdvance) {
  Rtc r(0);
  const u64 start = (Mc146818::kHz - 73) * kTick;
  r.board.run_to(start - 1);
  EXPECT_EQ(r.get(0x0a), 0x26);
  r.board.run_to(start);
  EXPECT_EQ(r.get(0x0a), 0xa6);
  r.board.run_to(kSecond - 1);
  EXPECT_EQ(r.get(0x0a), 0xa6);
  r.board.run_to(kSecond);
  EXPECT_EQ(r.get(0x0a), 0x26);
  EXPECT_EQ(r.get(0x00), 0x01);
}

TEST(Mc146818, TakesUpTwelveHoursAndBinary) {
  Rtc r(0);
  r.set(0x0b, 0x84);  // binary, 12 hours
  r.set(4, 0x80 | 12);
  r.set(2, 59);
  r.set(0, 59);
  r.set(0x0b, 0x04);
  r.board.run(kSecond);
  EXPECT_EQ(r.get(4), 0x80 | 1);
  EXPECT_EQ(r.get(2), 0);
  r.set(4, 0x80 | 11);
  r.set(2, 59);
  r.set(0, 59);
  r.board.run(kSecond);
  EXPECT_EQ(r.get(4), 12);  // midnight
  EXPECT_EQ(r.get(7), 0x02);
}

TEST(Mc146818, PeriodicInterruptsComeOfTheDivider) {
  Rtc r(0);
  r.board.run_to(40 * kTick);
  EXPECT_EQ(r.get(0x0c), 0x40);  // of tick 32
  r.set(0x0b, 0x42);
  r.board.run_to(64 * kTick - 1);  // 1024 Hz: every 32 ticks, in phase with the divider
  EXPECT_FALSE(r.irq());
  r.board.run_to(64 * kTick);
  EXPECT_TRUE(r.irq());
  EXPECT_EQ(r.get(0x0c), 0xc0);
  EXPECT_FALSE(r.irq());
  EXPECT_EQ(r.get(0x0c), 0x00);
  r.board.run_to(96 * kTick);
  EXPECT_TRUE(r.irq());
  r.set(0x0b, 0x02);
  EXPECT_FALSE(r.irq());
  EXPECT_EQ(r.get(0x0c), 0x40);
  r.board.run_to(128 * kTick);  // flags are set without the enable, too
  EXPECT_EQ(r.get(0x0c), 0x40);
}

TEST(Mc146818, AlarmsMatchOrDoNotCare) {
  Rtc r(0);
  r.set(1, 0x05);
  r.set(3, 0xff);
  r.set(5, 0xc0);
  r.set(0x0b, 0x22);
  r.board.run_to(5 * kSecond - 1);
  EXPECT_FALSE(r.irq());
  r.board.run_to(5 * kSecond);
  EXPECT_TRUE(r.irq());
  EXPECT_EQ(r.get(0x0c), 0xf0);  // IRQF, PF, AF, UF
  r.board.run_to(64 * kSecond);
  EXPECT_FALSE(r.irq());
  r.board.run_to(65 * kSecond);
  EXPECT_TRUE(r.irq());
}

TEST(Mc146818, UpdateInterruptsAndDividerReset) {
  Rtc r(0);
  r.set(0x0b, 0x12);
  r.board.run_to(kSecond);
  EXPECT_TRUE(r.irq());
  EXPECT_EQ(r.get(0x0c), 0xd0);
  r.board.run_to(kSecond + 7 * kTick);
  r.set(0x0a, 0x70);
  r.board.run_to(5 * kSecond);
  EXPECT_FALSE(r.irq());
  r.set(0x0a, 0x26);  // the next update is half a second away
  r.board.run_to(5 * kSecond + kSecond / 2 - 1);
  EXPECT_EQ(r.get(0), 0x01);
  r.board.run_to(5 * kSecond + kSecond / 2);
  EXPECT_EQ(r.get(0), 0x02);
  EXPECT_TRUE(r.irq());
}

TEST(Mc146818, CountsOnAfterALoad) {
  Rtc a(0), b(0);
  a.board.run(5 * kSecond + kSecond / 2);
  b.board.scheduler.set_now(a.board.scheduler.now());
  ASSERT_TRUE(load_objects(b.board.tree, save_objects(a.board.tree)).ok());
  b.board.run(kSecond);
  EXPECT_EQ(b.get(0), 0x06);
}

TEST(Mc146818, KeepsMemoryAndTimeOverReset) {
  Rtc r(0);
  r.set(0x0f, 0x5a);
  r.rtc.set_cmos(0x34, 0xc0);
  r.set(0x0b, 0x72);
  r.board.run_to(3 * kSecond);
  r.board.tree.reset();
  EXPECT_EQ(r.get(0x0f), 0x5a);
  EXPECT_EQ(r.get(0x34), 0xc0);
  EXPECT_EQ(r.get(0x00), 0x03);
  EXPECT_EQ(r.get(0x0b), 0x02);
  EXPECT_EQ(r.get(0x0d), 0x80);
  out8(r.rtc, 0, 0x8f);
  EXPECT_TRUE(r.board.pins.level[1]);  // NMI mask
}

}  // namespace
}  // namespace reprise
