#include "chipset/display/vga_picture.h"

#include <gtest/gtest.h>

#include <random>

#include "chipset/display/edid.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

constexpr u32 kRed = 0xff0000, kGreen = 0x00ff00, kBlue = 0x0000ff;

struct Picture : testing::Test {
  TestBoard board{25'175'000};  // a CPU cycle to a dot
  std::unique_ptr<MemoryBlock> vram = std::move(*MemoryBlock::create(board.pages, "vram", 1 << 20));
  VgaCore vga{board.scheduler, *vram};
  VgaPicture picture{vga, board.pages};
  Surface screen;

  // 16 characters of 8 dots, 8 lines, byte addresses, all planes; DAC entry i is the colour i has.
  Picture() {
    vga.write_port(0x3c2, 0x63);
    const u8 seq[5] = {3, 1, 0x0f, 0, 6};
    for (u8 i = 0; i < 5; ++i) indexed(0x3c4, i, seq[i]);
    for (u8 i = 0; i < 25; ++i) crtc(i, 0);
    crtc(1, 15);
    crtc(0x12, 7);
    crtc(0x13, 8);
    crtc(0x17, 0xc3);
    crtc(0x14, 0x1f);
    crtc(0x18, 0xff);
    crtc(7, 0x10);
    crtc(9, 0x40);
    gfx(6, 5);
    gfx(8, 0xff);
    for (u8 i = 0; i < 16; ++i) attr(i, i);
    attr(0x10, 1);
    attr(0x12, 0x0f);
    dac(1, 0, 0, 63);
    dac(2, 0, 63, 0);
    dac(4, 63, 0, 0);
    dac(12, 63, 63, 63);
  }
  void indexed(u16 port, u8 index, u8 value) {
    vga.write_port(port, index);
    vga.write_port(port + 1, value);
  }
  void gfx(u8 index, u8 value) { indexed(0x3ce, index, value); }
  void crtc(u8 index, u8 value) { indexed(0x3d4, index, value); }
  void attr(u8 index, u8 value) {
    vga.read_port(0x3da);
    vga.write_port(0x3c0, index);
    vga.write_port(0x3c0, value);
    vga.write_port(0x3c0, 0x20);
  }
  void dac(u8 index, u8 red, u8 green, u8 blue) {
    vga.write_port(0x3c8, index);
    for (const u8 part : {red, green, blue}) vga.write_port(0x3c9, part);
  }
  // The four planes at an address.
  void planes(u32 address, std::array<u8, 4> bytes) { vram->write(address * 4, bytes); }
  void text() {
    gfx(6, 0x0e);
    attr(0x10, 0);
    crtc(9, 0x43);  // rows of four lines, two of them
    crtc(0x0a, 0x20);
  }
  void glyph(u8 character, std::array<u8, 4> rows) {
    for (u32 i = 0; i < 4; ++i) vram->write((character * 32 + i) * 4 + 2, {&rows[i], 1});
  }
  // "#.": ink and paper of the dots from x on.
  std::string dots(unsigned x, unsigned y, unsigned count, u32 ink) {
    std::string row;
    for (unsigned i = 0; i < count; ++i) row += screen.line(y)[x + i] == ink ? '#' : '.';
    return row;
  }
};

TEST_F(Picture, PlanarPixels) {
  planes(0, {0x80, 0x40, 0x20, 0x20});
  planes(16, {0xff, 0, 0, 0});  // CR13 is 8: 16 counts a line
  picture.render(screen);
  ASSERT_EQ(screen.width, 128u);
  ASSERT_EQ(screen.height, 8u);
  EXPECT_EQ(screen.line(0)[0], kBlue);
  EXPECT_EQ(screen.line(0)[1], kGreen);
  EXPECT_EQ(screen.line(0)[2], 0xffffffu) << "planes 2 and 3";
  EXPECT_EQ(screen.line(0)[3], 0u);
  EXPECT_EQ(dots(0, 1, 10, kBlue), "########..");
  attr(0x12, 0x07);  // plane 3 is not looked at
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[2], kRed);
}

TEST_F(Picture, BlinkingGraphicsInvertBit3) {
  attr(0x10, 9);
  attr(0x12, 0x05);  // as in mode 0Fh
  attr(12, 0);
  planes(0, {0, 0, 0x80, 0});
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], kRed);
  const auto t = vga.timing();
  board.scheduler.set_now(16 * t.line_dots * t.lines);
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], 0u);
}

TEST_F(Picture, CgaAndPackedPixels) {
  gfx(5, 0x20);
  planes(0, {0x40, 0x02, 0x00, 0x08});
  picture.render(screen);
  EXPECT_EQ(dots(0, 0, 8, kBlue), "#.......");
  EXPECT_EQ(screen.line(0)[6], 0u);
  EXPECT_EQ(screen.line(0)[7], kGreen) << "the last two bits of plane 1";
  gfx(5, 0x40);
  planes(0, {4, 2, 1, 12});
  picture.render(screen);
  const u32 expected[4] = {kRed, kGreen, kBlue, 0xffffff};
  for (unsigned i = 0; i < 8; ++i) EXPECT_EQ(screen.line(0)[i], expected[i / 2]);
  vga.write_port(0x3c6, 0x04);
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[7], kRed) << "12 with the mask is 4";
}

TEST_F(Picture, InterleavedRows) {
  crtc(9, 0x41);
  crtc(0x17, 0xc2);  // bit 13 of the address is the row's lowest bit
  planes(0, {0x80, 0, 0, 0});
  planes(0x2000, {0x40, 0, 0, 0});
  planes(16, {0x20, 0, 0, 0});
  picture.render(screen);
  EXPECT_EQ(dots(0, 0, 4, kBlue), "#...");
  EXPECT_EQ(dots(0, 1, 4, kBlue), ".#..");
  EXPECT_EQ(dots(0, 2, 4, kBlue), "..#.");
}

TEST_F(Picture, StartPanningAndSplit) {
  planes(0, {0xf0, 0, 0, 0});
  planes(100, {0x81, 0, 0, 0});
  planes(101, {0x80, 0, 0, 0});
  crtc(0x0d, 99);
  crtc(8, 0x20);  // byte panning: one more
  attr(0x13, 3);  // and three dots
  crtc(0x18, 3);  // lines 4 to 7 are the second screen
  crtc(7, 0);
  crtc(9, 0);
  picture.render(screen);
  EXPECT_EQ(dots(0, 0, 8, kBlue), "....##..");
  EXPECT_EQ(dots(0, 4, 8, kBlue), "#.......") << "panned too";
  attr(0x10, 0x21);
  picture.render(screen);
  EXPECT_EQ(dots(0, 4, 8, kBlue), "####....") << "not panned";
  EXPECT_EQ(dots(0, 0, 8, kBlue), "....##..");
}

TEST_F(Picture, DoubledLinesAndDots) {
  crtc(9, 0xc0);
  indexed(0x3c4, 1, 9);
  planes(0, {0x80, 0, 0, 0});
  planes(16, {0x40, 0, 0, 0});
  picture.render(screen);
  EXPECT_EQ(screen.width, 256u);
  EXPECT_EQ(dots(0, 0, 6, kBlue), "##....");
  EXPECT_EQ(dots(0, 1, 6, kBlue), "##....");
  EXPECT_EQ(dots(0, 2, 6, kBlue), "..##..");
}

TEST_F(Picture, NineDotText) {
  text();
  indexed(0x3c4, 1, 0);
  attr(0x10, 4);  // line graphics
  attr(0x13, 8);  // in nine dots, 8 is no panning
  glyph('A', {0x81, 0xff, 0, 0});
  glyph(0xc4, {0xff, 0x01, 0, 0});
  glyph(0xb0, {0xff, 0, 0, 0});
  planes(0, {'A', 0x04, 0x81, 0});  // the font is in the same addresses
  planes(1, {0xc4, 0x02, 0, 0});
  planes(2, {0xb0, 0x21, 0, 0});
  picture.render(screen);
  EXPECT_EQ(screen.width, 144u);
  EXPECT_EQ(dots(0, 0, 9, kRed), "#......#.");
  EXPECT_EQ(dots(0, 1, 9, kRed), "########.");
  EXPECT_EQ(dots(9, 0, 9, kGreen), "#########");
  EXPECT_EQ(dots(9, 1, 9, kGreen), ".......##");
  EXPECT_EQ(dots(18, 0, 9, kBlue), "########.");
  EXPECT_EQ(screen.line(0)[26], kGreen) << "background";
  attr(0x13, 0);
  picture.render(screen);
  EXPECT_EQ(dots(0, 0, 9, kRed), "......#..");
}

TEST_F(Picture, CursorBlinkUnderlineAndFonts) {
  text();
  attr(0x10, 8);
  crtc(0x14, 3);
  crtc(0x0a, 1);
  crtc(0x0b, 2);
  crtc(0x0f, 1);
  glyph('A', {0x80, 0, 0, 0});
  const u8 other = 0x01;
  vram->write((0x2000 + 'A' * 32) * 4 + 2, {&other, 1});
  planes(0, {'A', 0x04, 0, 0});
  planes(1, {'A', 0x01, 0, 0});  // underlined, and the cursor
  planes(2, {'A', 0x84, 0, 0});  // blinks
  planes(3, {'A', 0x0c, 0, 0});  // of the other font
  indexed(0x3c4, 3, 0x20);
  picture.render(screen);
  EXPECT_EQ(dots(0, 0, 8, kRed), "#.......");
  EXPECT_EQ(dots(8, 0, 8, kBlue), "#.......");
  EXPECT_EQ(dots(8, 1, 8, kBlue), "########");
  EXPECT_EQ(dots(8, 2, 8, kBlue), "########");
  EXPECT_EQ(dots(8, 3, 8, kBlue), "########") << "the underline";
  EXPECT_EQ(dots(0, 3, 8, kRed), "........");
  EXPECT_EQ(dots(16, 0, 8, kRed), "#.......");
  EXPECT_EQ(dots(24, 0, 8, 0xffffff), ".......#");
  const auto t = vga.timing();
  board.scheduler.set_now(8 * t.line_dots * t.lines);
  picture.render(screen);
  EXPECT_EQ(dots(8, 1, 8, kBlue), "........") << "eight frames on, eight off";
  EXPECT_EQ(dots(16, 0, 8, kRed), "#.......");
  board.scheduler.set_now(16 * t.line_dots * t.lines);
  picture.render(screen);
  EXPECT_EQ(dots(8, 1, 8, kBlue), "########");
  EXPECT_EQ(dots(16, 0, 8, kRed), "........") << "sixteen frames on, sixteen off";
}

TEST_F(Picture, OnlyWhatChangedIsDrawn) {
  EXPECT_TRUE(picture.render(screen).resized);
  const u32 epoch = board.pages.epoch();
  EXPECT_FALSE(picture.render(screen).any());
  EXPECT_EQ(board.pages.epoch(), epoch) << "nothing was written: the guest need not be slowed";
  planes(48, {0xff, 0, 0, 0});
  Damage damage = picture.render(screen);
  EXPECT_EQ(damage.first, 3u);
  EXPECT_EQ(damage.end, 4u);
  EXPECT_FALSE(damage.resized);
  planes(48, {0xff, 0, 0, 0});
  EXPECT_FALSE(picture.render(screen).any()) << "written, but the same";
  planes(49, {1, 0, 0, 0});
  VgaPicture second(vga, board.pages);
  Surface other;
  EXPECT_TRUE(second.render(other).resized);
  damage = picture.render(screen);  // what another reader did does not matter
  EXPECT_EQ(damage.first, 3u);
  EXPECT_EQ(screen.pixels, other.pixels);
  planes(0x8000, {1, 0, 0, 0});
  EXPECT_FALSE(picture.render(screen).any()) << "not on the screen";
}

TEST_F(Picture, BlankScreens) {
  planes(0, {0xff, 0xff, 0xff, 0xff});
  dac(15, 63, 63, 63);
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], 0xffffffu);
  indexed(0x3c4, 1, 0x21);
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], 0u);
  indexed(0x3c4, 1, 1);
  attr(0x11, 2);
  vga.read_port(0x3da);
  vga.write_port(0x3c0, 0);  // the palette is the CPU's
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], kGreen) << "overscan";
  vga.reset();
  picture.render(screen);
  EXPECT_EQ(screen.width, 640u);
  EXPECT_EQ(screen.height, 480u);
}

struct DispiPicture : Picture {
  void mode(u16 bits, u16 x = 64, u16 y = 4) {
    const u16 values[5] = {0, x, y, bits, 0x81};
    vga.write_dispi(4, 0);
    for (u16 i = 1; i < 5; ++i) vga.write_dispi(i, values[i]);
  }
  void bytes(u64 at, std::vector<u8> content) { vram->write(at, content); }
};

TEST_F(DispiPicture, Formats) {
  mode(8);
  bytes(0, {4, 2});
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], kRed);
  EXPECT_EQ(screen.line(0)[1], kGreen);
  mode(15);
  bytes(0, {0x00, 0x7c, 0xe0, 0x03, 0x01, 0x00});
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], kRed);
  EXPECT_EQ(screen.line(0)[1], kGreen);
  EXPECT_EQ(screen.line(0)[2], 0x000008u);
  mode(16);
  bytes(128, {0x00, 0xf8, 0xe0, 0x07});
  picture.render(screen);
  EXPECT_EQ(screen.line(1)[0], kRed);
  EXPECT_EQ(screen.line(1)[1], kGreen);
  mode(24);
  bytes(0, {0x33, 0x22, 0x11, 0x66, 0x55, 0x44});
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[1], 0x445566u);
  mode(32);
  bytes(256, {0x33, 0x22, 0x11, 0xff});
  picture.render(screen);
  EXPECT_EQ(screen.line(1)[0], 0x112233u);
}

TEST_F(DispiPicture, OffsetsWrapAround) {
  mode(32);
  vga.write_dispi(6, 128);
  vga.write_dispi(8, 3);
  vga.write_dispi(9, 2);
  bytes((2 * 128 + 3) * 4, {0x33, 0x22, 0x11, 0});
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[0], 0x112233u);
  bytes(0, {1, 0, 0, 0});
  vga.write_dispi(8, 128 - 32);  // the last line but one of VRAM goes on at its beginning
  vga.write_dispi(9, u16((1 << 20) / 512 - 1));
  picture.render(screen);
  EXPECT_EQ(screen.line(0)[32], 1u);
}

// Whatever a guest writes: a picture of bounded size, drawn from VRAM and nowhere else.
TEST_F(DispiPicture, AnyRegisters) {
  std::mt19937_64 random(7);
  for (unsigned i = 0; i < 3000; ++i) {
    for (unsigned k = random() % 20; k; --k) {
      switch (random() % 6) {
        case 0:
          indexed(0x3c4, u8(random() % 5), u8(random() | 1));
          break;
        case 1:
          crtc(0x11, 0);
          crtc(u8(random() % 25), u8(random()));
          break;
        case 2:
          gfx(u8(random() % 9), u8(random()));
          break;
        case 3:
          attr(u8(random() % 21), u8(random()));
          break;
        case 4:
          vga.write_dispi(u16(random() % 11), u16(random() >> random() % 64));
          break;
        default:
          planes(u32(random() % (1 << 18)), {1, 2, 3, 4});
          break;
      }
    }
    if (random() % 8 == 0) indexed(0x3c4, 0, 3), crtc(0x17, 0xe3), attr(0, 0);
    picture.render(screen);
    ASSERT_LE(screen.width, 4608u);
    ASSERT_LE(screen.height, 1600u);
    ASSERT_EQ(screen.pixels.size(), std::size_t(screen.width) * screen.height);
    if (i % 16) continue;
    VgaPicture fresh(vga, board.pages);  // drawn in full, it is the same
    Surface whole;
    fresh.render(whole);
    ASSERT_EQ(whole.pixels, screen.pixels) << i;
  }
}

TEST(Edid, SaysWhatItShould) {
  const auto edid = make_edid(1024, 768);
  u8 sum = 0;
  for (const u8 byte : edid) sum = u8(sum + byte);
  EXPECT_EQ(sum, 0);
  EXPECT_EQ(edid[18] * 10 + edid[19], 14);
  EXPECT_EQ(edid[56] | (edid[58] & 0xf0) << 4, 1024);
  EXPECT_EQ(edid[59] | (edid[61] & 0xf0) << 4, 768);
  // VESA CVT 1.2 with reduced blanking: 56.00 MHz, 1184 x 790.
  EXPECT_EQ(edid[54] | edid[55] << 8, 5600);
  EXPECT_EQ(edid[57], 160);
  EXPECT_EQ(edid[60], 22);
  EXPECT_EQ(std::string(edid.begin() + 77, edid.begin() + 84), "Reprise");
}

}  // namespace
}  // namespace reprise
