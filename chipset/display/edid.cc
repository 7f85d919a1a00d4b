#include "chipset/display/edid.h"

#include <algorithm>
#include <string_view>

namespace reprise {

namespace {

using Block = std::array<u8, kEdidSize>;

constexpr unsigned kDpi = 96;
constexpr unsigned millimetres(unsigned pixels) { return (pixels * 254 + kDpi * 5) / (kDpi * 10); }

// CVT with reduced blanking at 60 Hz.
struct Timing {
  unsigned width, height, h_blank = 160, h_front = 48, h_sync = 32;
  unsigned v_blank, v_front = 3, v_sync;
  unsigned clock_10khz;
};

unsigned sync_lines(unsigned width, unsigned height) {
  if (width * 3 == height * 4) return 4;
  if (width * 9 == height * 16) return 5;
  if (width * 10 == height * 16) return 6;
  if (width * 4 == height * 5 || width * 9 == height * 15) return 7;
  return 10;
}

Timing reduced_blanking(unsigned width, unsigned height) {
  Timing t{.width = width, .height = height, .v_blank = 0, .v_sync = 0, .clock_10khz = 0};
  t.v_sync = sync_lines(width, height);
  // The blanking takes 460 us or more: lines of (1 / 60 s - 460 us) / height each.
  const u64 line_ps = (1'000'000'000'000 / 60 - 460'000'000) / height;
  t.v_blank = std::max(unsigned(460'000'000 / line_ps) + 1, t.v_front + t.v_sync + 6);
  const u64 hz = u64(width + t.h_blank) * (height + t.v_blank) * 60;
  t.clock_10khz = unsigned(std::min<u64>(hz / 250'000 * 25, 0xffff));
  return t;
}

void put_timing(Block& b, std::size_t at, const Timing& t) {
  const unsigned mm_x = millimetres(t.width), mm_y = millimetres(t.height);
  const u8 bytes[18] = {
      u8(t.clock_10khz),
      u8(t.clock_10khz >> 8),
      u8(t.width),
      u8(t.h_blank),
      u8((t.width >> 8) << 4 | t.h_blank >> 8),
      u8(t.height),
      u8(t.v_blank),
      u8((t.height >> 8) << 4 | t.v_blank >> 8),
      u8(t.h_front),
      u8(t.h_sync),
      u8((t.v_front & 15) << 4 | (t.v_sync & 15)),
      u8((t.h_front >> 8) << 6 | (t.h_sync >> 8) << 4 | (t.v_front >> 4) << 2 | t.v_sync >> 4),
      u8(mm_x),
      u8(mm_y),
      u8((mm_x >> 8) << 4 | mm_y >> 8),
      0,
      0,
      0x1a};  // separate syncs: horizontal positive, vertical negative
  std::copy(std::begin(bytes), std::end(bytes), b.begin() + at);
}

void put_text(Block& b, std::size_t at, u8 tag, std::string_view text) {
  b[at + 3] = tag;
  for (std::size_t i = 0; i < 13; ++i)
    b[at + 5 + i] = i < text.size() ? u8(text[i]) : i == text.size() ? '\n' : ' ';
}

// Three letters of five bits.
constexpr u16 maker(const char (&id)[4]) {
  return u16((id[0] - '@') << 10 | (id[1] - '@') << 5 | (id[2] - '@'));
}

}  // namespace

Block make_edid(unsigned width, unsigned height) {
  width = std::clamp(width, 640u, 4088u) & ~7u;
  height = std::clamp(height, 480u, 4095u);
  Block b{};
  std::fill(b.begin() + 1, b.begin() + 7, 0xff);
  constexpr u16 kMaker = maker("RPR");
  b[8] = kMaker >> 8;
  b[9] = kMaker & 0xff;
  b[10] = 0x01;  // product
  b[17] = 2026 - 1990;
  b[16] = 0xff;  // the year is the model's
  b[18] = 1;
  b[19] = 4;
  b[20] = 0xa5;  // digital, 8 bits a colour, DisplayPort
  b[21] = u8(std::min(millimetres(width) / 10, 255u));
  b[22] = u8(std::min(millimetres(height) / 10, 255u));
  b[23] = 220 - 100;  // gamma 2.2
  b[24] = 0x06;       // RGB 4:4:4, sRGB, the first timing is the preferred one
  constexpr u8 kSrgb[10] = {0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54};
  std::copy(std::begin(kSrgb), std::end(kSrgb), b.begin() + 25);
  b[35] = 0x21;  // 640x480, 800x600 at 60 Hz
  b[36] = 0x08;  // 1024x768 at 60 Hz
  constexpr u8 kStandard[8][2] = {
      {0x61, 0x40},  // 1024x768
      {0x81, 0x80},  // 1280x1024
      {0x81, 0x00},  // 1280x800
      {0x81, 0xc0},  // 1280x720
      {0xa9, 0x40},  // 1600x1200
      {0xd1, 0xc0},  // 1920x1080
      {0x01, 0x01}, {0x01, 0x01},
  };
  for (unsigned i = 0; i < 8; ++i) std::copy_n(kStandard[i], 2, b.begin() + 38 + 2 * i);
  put_timing(b, 54, reduced_blanking(width, height));
  put_text(b, 72, 0xfc, "Reprise");
  b[90 + 3] = 0xfd;  // range: 50 to 125 Hz, 30 to 160 kHz, 2550 MHz at most; no formula
  constexpr u8 kRange[13] = {50, 125, 30, 160, 255, 0x01, '\n', ' ', ' ', ' ', ' ', ' ', ' '};
  std::copy(std::begin(kRange), std::end(kRange), b.begin() + 95);
  b[108 + 3] = 0x10;  // not used
  u8 sum = 0;
  for (std::size_t i = 0; i < 127; ++i) sum = u8(sum + b[i]);
  b[127] = u8(-sum);
  return b;
}

}  // namespace reprise
