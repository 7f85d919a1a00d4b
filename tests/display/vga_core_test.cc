#include "chipset/display/vga_core.h"

#include <gtest/gtest.h>

#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct Vga : testing::Test {
  TestBoard board{25'175'000};  // a CPU cycle to a dot
  std::unique_ptr<MemoryBlock> vram =
      std::move(*MemoryBlock::create(board.pages, "vram", 16 << 20));
  VgaCore vga{board.scheduler, *vram};

  Vga() { vga.write_port(0x3c2, 0x63); }
  void indexed(u16 port, u8 index, u8 value) {
    vga.write_port(port, index);
    vga.write_port(port + 1, value);
  }
  u8 indexed(u16 port, u8 index) {
    vga.write_port(port, index);
    return vga.read_port(port + 1);
  }
  void seq(u8 index, u8 value) { indexed(0x3c4, index, value); }
  void gfx(u8 index, u8 value) { indexed(0x3ce, index, value); }
  void crtc(u8 index, u8 value) { indexed(0x3d4, index, value); }
  u32 word(u32 plane_address) {
    u32 value;
    u8 bytes[4];
    vram->read(plane_address * 4, bytes);
    memcpy(&value, bytes, 4);
    return value;
  }
  void planar() {  // as in mode 12h
    seq(2, 0x0f);
    seq(4, 0x06);
    gfx(6, 0x05);
    gfx(8, 0xff);
  }
  void text80x25() {  // the standard values of mode 3
    const u8 cr[25] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
                       0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};
    vga.write_port(0x3c2, 0x67);
    seq(2, 0x03);
    seq(4, 0x02);
    gfx(5, 0x10);
    gfx(6, 0x0e);
    gfx(8, 0xff);
    crtc(0x11, 0);
    for (u8 i = 0; i < 25; ++i) crtc(i, cr[i]);
  }
};

TEST_F(Vga, WriteModes) {
  planar();
  gfx(1, 0x0c);  // planes 2 and 3 from set/reset
  gfx(0, 0x04);
  vga.write_memory(5, 0x81);
  EXPECT_EQ(word(5), 0x00ff8181u);

  gfx(1, 0);
  gfx(3, 0x18 | 4);  // XOR, rotate by 4
  gfx(8, 0x3c);
  EXPECT_EQ(vga.read_memory(5), 0x81);
  vga.write_memory(5, 0xf0);  // 0Fh after rotation, bits 3:2 of it count
  EXPECT_EQ(word(5), 0x0cf38d8du);

  gfx(3, 0);
  gfx(5, 1);
  vga.read_memory(5);
  seq(2, 0x05);
  vga.write_memory(9, 0x55);
  EXPECT_EQ(word(9), 0x00f3008du) << "mode 1 copies the latches to the planes that are on";

  seq(2, 0x0f);
  gfx(5, 2);
  gfx(8, 0xf0);
  vga.read_memory(9);
  vga.write_memory(9, 0x09);
  EXPECT_EQ(word(9), 0xf00300fdu);

  gfx(5, 3);
  gfx(0, 0x02);
  gfx(8, 0x0f);
  vga.read_memory(9);
  vga.write_memory(9, 0x33);  // the mask is 33h and 0Fh
  EXPECT_EQ(word(9), 0xf00003fcu);
}

TEST_F(Vga, ReadModes) {
  planar();
  seq(2, 0x05);
  vga.write_memory(0, 0xf0);
  gfx(4, 2);
  EXPECT_EQ(vga.read_memory(0), 0xf0);
  gfx(4, 1);
  EXPECT_EQ(vga.read_memory(0), 0x00);
  gfx(5, 8);
  gfx(2, 0x05);
  gfx(7, 0x0f);
  EXPECT_EQ(vga.read_memory(0), 0xf0);
  gfx(7, 0x0a);  // planes 0 and 2 do not matter
  EXPECT_EQ(vga.read_memory(0), 0xff);
}

TEST_F(Vga, ChainFourAndOddEvenAddresses) {
  planar();
  seq(4, 0x0e);
  for (u32 i = 0; i < 4; ++i) vga.write_memory(0x100 + i, u8(0x10 + i));
  EXPECT_EQ(word(0x100), 0x13121110u);
  EXPECT_EQ(vga.read_memory(0x102), 0x12);
  text80x25();
  vga.write_memory(0x18004, 'A');
  vga.write_memory(0x18005, 0x07);
  EXPECT_EQ(word(4), u32(0x0700 | 'A'));
  EXPECT_EQ(vga.read_memory(0x18005), 0x07);
  EXPECT_EQ(vga.read_memory(0x10004), 0xff) << "only B8000h is decoded";
  vga.write_port(0x3c2, 0x65);
  EXPECT_EQ(vga.read_memory(0x18005), 0xff) << "memory is off";
}

TEST_F(Vga, TextScreen) {
  text80x25();
  const std::string line = "Hello, VGA\x01";
  for (u32 i = 0; i < line.size(); ++i) {
    vga.write_memory(0x18000 + 160 + 2 * i, u8(line[i]));
    vga.write_memory(0x18000 + 160 + 2 * i + 1, 0x1e);
  }
  crtc(0x0f, 82);
  auto screen = vga.text_screen();
  ASSERT_TRUE(screen);
  EXPECT_EQ(screen->columns, 80u);
  EXPECT_EQ(screen->rows, 25u);
  EXPECT_EQ(screen->cells[81].character, 'e');
  EXPECT_EQ(screen->cells[81].attribute, 0x1e);
  EXPECT_EQ(screen->cursor, 82u);
  EXPECT_EQ(screen->plain_text(), "\nHello, VGA☺\n" + std::string(23, '\n'));
  crtc(0x0d, 80);  // scroll by a line
  crtc(0x0a, 0x20);
  screen = vga.text_screen();
  EXPECT_EQ(screen->cells[0].character, 'H');
  EXPECT_FALSE(screen->cursor);
  gfx(6, 0x05);
  EXPECT_FALSE(vga.text_screen());
}

TEST_F(Vga, RetraceFollowsTheCycle) {
  text80x25();
  vga.write_port(0x3c2, 0x63);  // 25.175 MHz: 100 characters of 9 dots, 449 lines
  const auto at = [&](Cycles line, Cycles dot) {
    board.scheduler.set_now(7 * 900 * 449 + line * 900 + dot);
    return vga.read_port(0x3da) & 9;
  };
  EXPECT_EQ(at(0, 0), 0);
  EXPECT_EQ(at(0, 719), 0);
  EXPECT_EQ(at(0, 720), 1);
  EXPECT_EQ(at(399, 0), 0);
  EXPECT_EQ(at(400, 0), 1);
  EXPECT_EQ(at(411, 899), 1);
  EXPECT_EQ(at(412, 0), 9);
  EXPECT_EQ(at(413, 899), 9);
  EXPECT_EQ(at(414, 0), 1);
}

TEST_F(Vga, RegisterFiles) {
  crtc(0x11, 0x80);
  crtc(0, 0x12);
  EXPECT_EQ(indexed(0x3d4, 0), 0) << "protected";
  crtc(7, 0xff);
  EXPECT_EQ(indexed(0x3d4, 7), 0x10) << "but for the line compare bit";
  EXPECT_EQ(vga.read_port(0x3b4), 0xff) << "the monochrome address is not there";
  vga.read_port(0x3da);
  vga.write_port(0x3c0, 0x10);
  vga.write_port(0x3c0, 0x0c);
  vga.write_port(0x3c0, 0x30);
  EXPECT_EQ(vga.read_port(0x3c1), 0x0c);
  vga.write_port(0x3c8, 255);
  for (const u8 v : {1, 2, 0xff, 4}) vga.write_port(0x3c9, v);
  vga.write_port(0x3c7, 255);
  EXPECT_EQ(vga.read_port(0x3c7), 3);
  for (const u8 v : {1, 2, 0x3f, 4}) EXPECT_EQ(vga.read_port(0x3c9), v);
}

TEST_F(Vga, Dispi) {
  EXPECT_EQ(vga.read_dispi(0), 0xb0c5);
  vga.write_dispi(0, 0xb0c0);  // SeaVGABIOS looks for DISPI so
  EXPECT_EQ(vga.read_dispi(0), 0xb0c0);
  vga.write_dispi(0, 0xb0c6);
  EXPECT_EQ(vga.read_dispi(0), 0xb0c0);
  EXPECT_EQ(vga.read_dispi(10), 256);
  planar();
  const u8 old = 0xaa;
  vram->write(100, {&old, 1});
  vga.write_dispi(1, 1024);
  vga.write_dispi(2, 768);
  vga.write_dispi(3, 32);
  vga.write_dispi(4, 0x41);
  EXPECT_EQ(vram->data()[100], 0);
  EXPECT_EQ(vga.read_dispi(6), 1024);
  EXPECT_EQ(vga.read_dispi(7), 4096);
  vga.write_dispi(1, 640);
  EXPECT_EQ(vga.read_dispi(1), 1024) << "the mode is fixed while it is on";
  vga.write_dispi(5, 3);
  vga.write_memory(0x10, 0x5a);
  EXPECT_EQ(vram->data()[0x30010], 0x5a);
  vga.write_dispi(5, 256);
  EXPECT_EQ(vga.read_dispi(5), 3) << "no such bank";
  EXPECT_FALSE(vga.text_screen());
}

}  // namespace
}  // namespace reprise
