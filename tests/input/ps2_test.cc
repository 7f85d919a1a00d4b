#include <gtest/gtest.h>

#include "chipset/input/i8042.h"
#include "chipset/input/ps2_keyboard.h"
#include "chipset/input/ps2_mouse.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

using Bytes = std::vector<u8>;

// One CPU cycle per microsecond.
struct Ps2 : testing::Test {
  static constexpr Cycles kByte = 880;
  TestBoard board{1'000'000};
  Ps2Keyboard keyboard{board.context("/keyboard")};
  Ps2Mouse mouse{board.context("/mouse")};
  I8042 chip{board.context("/i8042"),
             {IrqLine(board.pins, 1), IrqLine(board.pins, 12), IrqLine(board.pins, 20),
              IrqLine(board.pins, 99)},
             &keyboard,
             &mouse};

  Ps2() {
    board.tree.reset();
    command(0x60);
    data(0x03);  // both ports and interrupts on, no translation
  }
  void command(u8 value) { chip.command_port().io_write(0, 1, value); }
  void data(u8 value) { chip.data_port().io_write(0, 1, value); }
  u8 status() { return u8(chip.command_port().io_read(0, 1)); }
  u8 read() { return u8(chip.data_port().io_read(0, 1)); }
  u8 ask(u8 cmd) {
    command(cmd);
    EXPECT_TRUE(status() & 1);
    return read();
  }
  // All that comes within `us`, from the device that the status names.
  Bytes drain(Cycles us, bool aux = false) {
    Bytes got;
    for (Cycles end = board.scheduler.now() + us; board.scheduler.now() < end;) {
      if (!(status() & 1)) {
        board.run(10);
        continue;
      }
      EXPECT_EQ(bool(status() & 0x20), aux);
      got.push_back(read());
    }
    return got;
  }
  Bytes keyboard_says(const Bytes& bytes) {
    Bytes got;
    for (const u8 byte : bytes) {
      data(byte);
      for (const u8 answer : drain(6 * kByte)) got.push_back(answer);
    }
    return got;
  }
  Bytes mouse_says(const Bytes& bytes) {
    Bytes got;
    for (const u8 byte : bytes) {
      command(0xd4);
      data(byte);
      for (const u8 answer : drain(8 * kByte, true)) got.push_back(answer);
    }
    return got;
  }
  void key(QKeyCode code, bool down) {
    board.post("/keyboard:key", {u8(unsigned(code)), u8(unsigned(code) >> 8), u8(down)});
  }
  void move(int x, int y, int z, u8 buttons) {
    board.post("/mouse:motion", {u8(x), u8(x >> 8), u8(y), u8(y >> 8), u8(z), u8(z >> 8), buttons});
  }
};

TEST_F(Ps2, A20AndReset) {
  EXPECT_TRUE(board.pins.level[20]);
  EXPECT_EQ(ask(0xd0) & 3, 3);
  command(0xd1);
  data(0xdd);
  EXPECT_FALSE(board.pins.level[20]);
  command(0xdf);
  EXPECT_TRUE(board.pins.level[20]);
  command(0xdd);
  EXPECT_FALSE(board.pins.level[20]);
  EXPECT_EQ(ask(0xd0) & 3, 1);
  EXPECT_EQ(board.pins.edges[99], 0u);
  command(0xfe);
  EXPECT_EQ(board.pins.edges[99], 1u);
  command(0xd1);
  data(0xde);
  EXPECT_EQ(board.pins.edges[99], 2u);
}

TEST_F(Ps2, ControllerCommands) {
  EXPECT_EQ(ask(0xaa), 0x55);
  EXPECT_TRUE(status() & 4);
  EXPECT_EQ(ask(0xab), 0);
  EXPECT_EQ(ask(0x20) & 0x30, 0x30) << "the self test turns both ports off";
  command(0x65);
  data(0x5a);
  EXPECT_EQ(ask(0x25), 0x5a);
  command(0x60);
  data(0x03);
  command(0xd3);
  data(0x77);
  EXPECT_TRUE(board.pins.level[12]);
  EXPECT_EQ(status() & 0x21, 0x21);
  EXPECT_EQ(read(), 0x77);
  EXPECT_FALSE(board.pins.level[12]);
}

TEST_F(Ps2, BytesTakeTheirTimeAndTranslate) {
  key(QKeyCode::k_a, true);
  board.run(kByte - 1);
  EXPECT_FALSE(status() & 1);
  board.run(1);
  EXPECT_TRUE(status() & 1);
  EXPECT_TRUE(board.pins.level[1]);
  EXPECT_EQ(read(), 0x1c);
  EXPECT_FALSE(board.pins.level[1]);
  key(QKeyCode::k_a, false);
  EXPECT_EQ(drain(10 * kByte), (Bytes{0xf0, 0x1c}));
  command(0x60);
  data(0x43);
  key(QKeyCode::k_up, true);
  key(QKeyCode::k_up, false);
  key(QKeyCode::k_f7, true);
  key(QKeyCode::k_f7, false);
  EXPECT_EQ(drain(10 * kByte), (Bytes{0xe0, 0x48, 0xe0, 0xc8, 0x41, 0xc1}));
}

TEST_F(Ps2, DisabledPortKeepsItsBytes) {
  command(0xad);
  key(QKeyCode::k_b, true);
  EXPECT_EQ(drain(10 * kByte), Bytes{});
  command(0xae);
  EXPECT_EQ(drain(10 * kByte), Bytes{0x32});
}

TEST_F(Ps2, InputBufferFullOnlyWhileTheCableIsBusy) {
  data(0xed);
  EXPECT_FALSE(status() & 2);
  data(0x05);
  EXPECT_TRUE(status() & 2);
  board.run(kByte);
  EXPECT_FALSE(status() & 2);
  board.run(kByte);
  EXPECT_EQ(keyboard.leds(), 5);
}

TEST_F(Ps2, KeyboardCommands) {
  EXPECT_EQ(keyboard_says({0xee}), Bytes{0xee});
  EXPECT_EQ(keyboard_says({0xf2}), (Bytes{0xfa, 0xab, 0x83}));
  EXPECT_EQ(keyboard_says({0xfe}), Bytes{0x83});
  EXPECT_EQ(keyboard_says({0xf0, 0x00}), (Bytes{0xfa, 0xfa, 0x02}));
  EXPECT_EQ(keyboard_says({0x99}), Bytes{0xfe});
  EXPECT_EQ(keyboard_says({0xf5}), Bytes{0xfa});
  key(QKeyCode::k_a, true);
  EXPECT_EQ(drain(10 * kByte), Bytes{});
  EXPECT_EQ(keyboard_says({0xff}), Bytes{0xfa});
  EXPECT_EQ(drain(30'000), Bytes{0xaa});
  EXPECT_EQ(keyboard_says({0xf0, 0x03}), (Bytes{0xfa, 0xfa}));
  key(QKeyCode::k_esc, true);
  key(QKeyCode::k_esc, false);
  key(QKeyCode::k_shift, true);
  key(QKeyCode::k_shift, false);
  EXPECT_EQ(drain(10 * kByte), (Bytes{0x08, 0x12, 0xf0, 0x12}));
  EXPECT_EQ(keyboard_says({0xfc, 0x08, 0xf4}), (Bytes{0xfa, 0xfa, 0xfa}));
  key(QKeyCode::k_esc, true);
  key(QKeyCode::k_esc, false);
  EXPECT_EQ(drain(10 * kByte), (Bytes{0x08, 0xf0, 0x08}));
}

TEST_F(Ps2, TypematicDelayAndRate) {
  EXPECT_EQ(keyboard_says({0xf3, 0x20}), (Bytes{0xfa, 0xfa}));  // 500 ms, period 8 x 4.17 ms
  const Cycles start = board.scheduler.now();
  key(QKeyCode::k_x, true);
  EXPECT_EQ(drain(10 * kByte), Bytes{0x22});
  board.run_to(start + 500'000 + kByte - 1);
  EXPECT_FALSE(status() & 1);
  board.run(1);
  EXPECT_EQ(read(), 0x22);
  board.run_to(start + 500'000 + 33'360 + kByte - 1);
  EXPECT_FALSE(status() & 1);
  board.run(1);
  EXPECT_EQ(read(), 0x22);
  key(QKeyCode::k_x, false);
  EXPECT_EQ(drain(1'000'000), (Bytes{0xf0, 0x22}));
}

TEST_F(Ps2, AHeldKeyRepeatsAfterALoad) {
  key(QKeyCode::k_x, true);
  EXPECT_EQ(drain(10 * kByte), Bytes{0x22});
  ASSERT_TRUE(board.reload().ok());
  const Bytes got = drain(600'000);
  ASSERT_GE(got.size(), 2u);
  EXPECT_EQ(got, Bytes(got.size(), 0x22));
}

TEST_F(Ps2, OverrunLeavesOneMark) {
  command(0xad);
  for (int i = 0; i < 20; ++i) key(QKeyCode::k_a, i % 2 == 0);
  command(0xae);
  const Bytes got = drain(40 * kByte);
  ASSERT_EQ(got.size(), 17u);
  EXPECT_EQ(got[16], 0x00);
}

TEST_F(Ps2, MousePacketsAtTheSampleRate) {
  EXPECT_EQ(mouse_says({0xf2}), (Bytes{0xfa, 0x00}));
  EXPECT_EQ(mouse_says({0xf4}), Bytes{0xfa});
  move(5, -3, 0, 1);
  move(1, 0, 0, 1);
  board.run(10'000 + kByte - 1);
  EXPECT_FALSE(status() & 1);
  board.run(1);
  EXPECT_TRUE(board.pins.level[12]);
  EXPECT_EQ(drain(10 * kByte, true), (Bytes{0x09, 6, 3}));
  move(-300, 0, 0, 0);
  EXPECT_EQ(drain(40'000, true), (Bytes{0x18, 0x00, 0, 0x18, u8(-44), 0}));
  EXPECT_EQ(mouse_says({0xe9}), (Bytes{0xfa, 0x20, 2, 100}));
}

TEST_F(Ps2, MouseIdentities) {
  mouse_says({0xf3, 200, 0xf3, 100, 0xf3, 80, 0xf4});
  EXPECT_EQ(mouse_says({0xf2}), (Bytes{0xfa, 3}));
  move(0, 0, -1, 0);
  EXPECT_EQ(drain(40'000, true), (Bytes{0x08, 0, 0, 0xff}));
  mouse_says({0xf3, 200, 0xf3, 200, 0xf3, 80});
  EXPECT_EQ(mouse_says({0xf2}), (Bytes{0xfa, 4}));
  move(0, 0, 1, 0x10);
  EXPECT_EQ(drain(40'000, true), (Bytes{0x08, 0, 0, 0x21}));
}

TEST_F(Ps2, MouseRemoteAndWrap) {
  EXPECT_EQ(mouse_says({0xf0}), Bytes{0xfa});
  move(2, 0, 0, 0);
  EXPECT_EQ(drain(40'000, true), Bytes{});
  EXPECT_EQ(mouse_says({0xeb}), (Bytes{0xfa, 0x08, 2, 0}));
  EXPECT_EQ(mouse_says({0xee, 0x42, 0xf2}), (Bytes{0xfa, 0x42, 0xf2}));
  EXPECT_EQ(mouse_says({0xec, 0xf2}), (Bytes{0xfa, 0xfa, 0x00}));
}

TEST(Keys, NamesAreThoseOfQKeyCode) {
  EXPECT_EQ(key_by_name("ret"), QKeyCode::k_ret);
  EXPECT_EQ(key_by_name("nonsense"), std::nullopt);
}

}  // namespace
}  // namespace reprise
