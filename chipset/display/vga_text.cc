// The text screen as characters.
#include "chipset/display/vga_core.h"

namespace reprise {

namespace {

// Code page 437, the font of every VGA BIOS.
constexpr char16_t kCodePage[257] =
    u" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
    u" !\"#$%&'()*+,-./0123456789:;<=>?"
    u"@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
    u"`abcdefghijklmnopqrstuvwxyz{|}~⌂"
    u"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
    u"áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
    u"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
    u"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

void append_utf8(std::string& out, char16_t c) {
  if (c < 0x80) {
    out += char(c);
  } else if (c < 0x800) {
    out += char(0xc0 | c >> 6);
    out += char(0x80 | (c & 0x3f));
  } else {
    out += char(0xe0 | c >> 12);
    out += char(0x80 | (c >> 6 & 0x3f));
    out += char(0x80 | (c & 0x3f));
  }
}

}  // namespace

char16_t code_page_437(u8 character) { return kCodePage[character]; }

std::string TextScreen::plain_text() const {
  std::string text;
  for (unsigned row = 0; row < rows; ++row) {
    const TextCell* line = &cells[std::size_t(row) * columns];
    unsigned length = columns;
    while (length && kCodePage[line[length - 1].character] == ' ') --length;
    for (unsigned i = 0; i < length; ++i) append_utf8(text, kCodePage[line[i].character]);
    text += '\n';
  }
  return text;
}

std::optional<TextScreen> VgaCore::text_screen() const {
  if (dispi_enabled() || (regs_.gfx[6] & 1) || (regs_.attr[0x10] & 1)) return std::nullopt;
  const auto& cr = regs_.crtc;
  const Timing t = timing();
  TextScreen screen;
  screen.blinks = regs_.attr[0x10] & 8;
  screen.character_width = regs_.seq[1] & 1 ? 8 : 9;
  screen.character_height = (cr[9] & 0x1f) + 1;
  screen.columns = cr[1] + 1;
  screen.rows = unsigned(t.visible_lines) / (screen.character_height << (cr[9] >> 7));
  const unsigned start = cr[0x0c] << 8 | cr[0x0d];
  const unsigned pitch = cr[0x13] * 2;
  const unsigned cursor = cr[0x0e] << 8 | cr[0x0f];
  screen.cursor_start = cr[0x0a] & 0x1f;
  screen.cursor_end = cr[0x0b] & 0x1f;
  const bool cursor_on = !(cr[0x0a] & 0x20) && screen.cursor_start <= screen.cursor_end;
  // CR14 bit 6: doubleword, CR17 bit 6: byte; otherwise words, as in every BIOS text mode.
  const unsigned shift = cr[0x14] & 0x40 ? 2 : cr[0x17] & 0x40 ? 0 : 1;
  screen.cells.reserve(std::size_t(screen.columns) * screen.rows);
  for (unsigned row = 0; row < screen.rows; ++row) {
    for (unsigned column = 0; column < screen.columns; ++column) {
      const unsigned count = (start + row * pitch + column) & 0xffff;
      const u32 word = load((count << shift & 0xffff) * 4);
      if (cursor_on && count == cursor) screen.cursor = unsigned(screen.cells.size());
      screen.cells.push_back({u8(word), u8(word >> 8)});
    }
  }
  return screen;
}

}  // namespace reprise
