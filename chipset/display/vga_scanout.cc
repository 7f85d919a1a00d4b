#include "chipset/display/vga_scanout.h"

namespace reprise {

namespace {

constexpr u64 kCursorFrames = 8, kBlinkFrames = 16;  // on as long as off

// Planes that AR12 leaves out count as 0; what is inverted is so after that.
u32 attribute_colour(const VgaCore& core, unsigned index, unsigned invert = 0) {
  const auto& ar = core.regs().attr;
  unsigned colour = ar[((index & ar[0x12]) ^ invert) & 0x0f] & 0x3f;
  if (ar[0x10] & 0x80) colour = (colour & 0x0f) | (ar[0x14] & 3) << 4;
  colour |= (ar[0x14] & 0x0c) << 4;
  return core.dac_colour(u8(colour & core.regs().dac_mask));
}

// SR3 names 8 KiB tables: the first four are 16 KiB apart, the others between them.
u32 font_table(unsigned number) { return (number & 3) * 0x4000 + (number & 4 ? 0x2000 : 0); }

}  // namespace

VgaScanout VgaScanout::of(const VgaCore& core, bool big_endian) {
  VgaScanout out;
  if (core.dispi_enabled()) {
    out.big_endian = big_endian && core.dispi().bpp > 8;
    out.dispi(core);
  } else {
    out.vga(core);
  }
  return out;
}

void VgaScanout::dispi(const VgaCore& core) {
  const auto& d = core.dispi();
  if (!d.xres || !d.yres) return;
  width = d.xres;
  height = d.yres;
  if (d.bpp == 4) {
    kind = Kind::Planar;
    characters = d.xres / 8;
    const u32 row = d.virt_width / 8, first = d.y_offset * row + d.x_offset / 8;
    pan = d.x_offset % 8;
    address_mask = u32(core.vram().size() / 4 - 1);
    for (unsigned i = 0; i < 16; ++i) colours[i] = attribute_colour(core, i);
    for (u32 y = 0; y < height; ++y) lines.push_back({first + y * row, 0, false});
    return;
  }
  kind = Kind::Linear;
  bits = d.bpp;
  pitch = core.dispi_pitch();
  start = d.y_offset * pitch + u64(d.x_offset) * ((bits + 7) / 8);
  if (bits == 8)
    for (unsigned i = 0; i < 256; ++i) colours[i] = core.dac_colour(u8(i & core.regs().dac_mask));
}

void VgaScanout::vga(const VgaCore& core) {
  const auto& r = core.regs();
  const VgaCore::Timing t = core.timing();
  if (r.crtc[1] == 0) return;  // nobody has set a mode yet
  dots = r.seq[1] & 1 ? 8 : 9;
  scale = r.seq[1] & 8 ? 2 : 1;
  characters = r.crtc[1] + 1u;
  width = characters * dots * scale;
  height = unsigned(t.visible_lines);
  // Off: sequencer in reset, screen off (SR1), no sync (CR17); without PAS there is only overscan.
  if ((r.seq[0] & 3) != 3 || (r.seq[1] & 0x20) || !(r.crtc[0x17] & 0x80)) return;
  if (!(r.attr_index & 0x20)) {
    colours[0] = core.dac_colour(r.attr[0x11] & r.dac_mask);
    return;
  }
  const u8 mode = r.attr[0x10];
  const bool is_text = !(r.gfx[6] & 1) && !(mode & 1);
  kind = is_text           ? Kind::Text
         : r.gfx[5] & 0x40 ? Kind::Packed
         : r.gfx[5] & 0x20 ? Kind::Cga
                           : Kind::Planar;

  const u8 panning = r.attr[0x13] & 0x0f;
  pan = dots == 8 ? panning & 7 : panning < 8 ? panning + 1 : 0;
  if (kind == Kind::Packed) pan &= ~1u;
  split_pans = !(mode & 0x20);
  const u8 cr14 = r.crtc[0x14], cr17 = r.crtc[0x17];
  step = cr14 & 0x20 ? 2 : cr17 & 0x08 ? 1 : 0;
  unit = cr14 & 0x40 ? Unit::Dword : cr17 & 0x40 ? Unit::Byte : Unit::Word;
  word_wraps_at_13 = unit == Unit::Word && !(cr17 & 0x20);
  row_at_13 = !(cr17 & 1);
  row_at_14 = !(cr17 & 2);

  if (kind == Kind::Packed) {
    for (unsigned i = 0; i < 256; ++i) colours[i] = core.dac_colour(u8(i & r.dac_mask));
  } else {
    blinks = mode & 8;
    blink_phase = blinks && (core.frame() / kBlinkFrames & 1);
    // Blinking graphics have bit 3 of each pixel inverted half of the time.
    const unsigned invert = !is_text && blink_phase ? 8 : 0;
    for (unsigned i = 0; i < 16; ++i) colours[i] = attribute_colour(core, i, invert);
  }
  if (is_text) text(core);
  trace_lines(core);
}

void VgaScanout::text(const VgaCore& core) {
  const auto& r = core.regs();
  const u8 sr3 = r.seq[3];
  if (r.seq[4] & 2) {  // with 64 KiB of memory there is but one table
    fonts[0] = font_table((sr3 & 3) | (sr3 >> 2 & 4));
    fonts[1] = font_table((sr3 >> 2 & 3) | (sr3 >> 3 & 4));
  }
  line_graphics = r.attr[0x10] & 4;
  underline = r.crtc[0x14] & 0x1f;
  cursor_first = r.crtc[0x0a] & 0x1f;
  cursor_last = r.crtc[0x0b] & 0x1f;
  cursor_skew = r.crtc[0x0b] >> 5 & 3;
  cursor_at = r.crtc[0x0e] << 8 | r.crtc[0x0f];
  cursor =
      !(r.crtc[0x0a] & 0x20) && cursor_first <= cursor_last && !(core.frame() / kCursorFrames & 1);
}

// The counters of the CRTC, from the first line to the last.
void VgaScanout::trace_lines(const VgaCore& core) {
  const auto& cr = core.regs().crtc;
  const u8 last_row = cr[9] & 0x1f;
  const unsigned compare = cr[0x18] | (cr[7] & 0x10) << 4 | (cr[9] & 0x40) << 3;
  const unsigned times = cr[9] & 0x80 ? 2 : 1;
  const u32 pitch_counts = cr[0x13] * 2u;
  u32 counter = (cr[0x0c] << 8 | cr[0x0d]) + (cr[8] >> 5 & 3);
  u8 row = cr[8] & 0x1f;
  bool split = false;
  unsigned shown = 0;
  lines.reserve(height);
  for (unsigned y = 0; y < height; ++y) {
    lines.push_back({counter & 0xffff, row, split});
    shown = (shown + 1) % times;
    if (y == compare) {  // wherever in a doubled line that is
      counter = row = 0;
      split = true;
    } else if (shown == 0) {
      if (row == last_row) counter += pitch_counts;
      row = row == last_row ? 0 : (row + 1) & 0x1f;
    }
  }
}

u32 VgaScanout::address(u32 counter, u8 row) const {
  u32 a = counter;
  if (unit == Unit::Word) a = counter << 1 | (counter >> (word_wraps_at_13 ? 13 : 15) & 1);
  if (unit == Unit::Dword) a = counter << 2 | (counter >> 14 & 3);
  if (row_at_13) a = (a & ~0x2000u) | (row & 1u) << 13;
  if (row_at_14) a = (a & ~0x4000u) | (row & 2u) << 13;
  return a & address_mask;
}

}  // namespace reprise
