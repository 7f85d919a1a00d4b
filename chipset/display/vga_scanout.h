// What the VGA scans out: everything that the picture depends on besides VRAM, worked out from the
// registers once for each picture. Two that are equal draw equal pictures of equal memory.
//
// Source: IBM PS/2 Video Subsystem Technical Reference (VGA: CRT controller, attribute controller);
// FreeVGA (CRTC addressing, row scan, panning); the VBE DISPI interface.
//
// The picture is what a monitor is sent between the borders: (CR1 + 1) characters of 8 or 9 dots,
// twice as many where the dot clock is halved, and as many scan lines as CR12 says. So mode 13h is
// 640 x 400: each pixel two dots wide, each row shown twice.
//
// Not modelled: the overscan border, changes during a frame (the whole picture is of one moment),
// CR17 bit 2 (vertical counters at half speed), SR1 bits 2 and 4 (shift registers loaded late),
// skew of the display (CR3, CR5), 256-colour pixels through the 16-entry palette.
#pragma once

#include <array>
#include <vector>

#include "chipset/display/vga_core.h"

namespace reprise {

struct VgaScanout {
  enum class Kind : u8 {
    Blank,   // one colour, colours[0]
    Text,    //
    Planar,  // 16 colours, a bit of each plane
    Cga,     // two bits of one plane (and two of another): GR5 bit 5
    Packed,  // 256 colours, a byte of each plane in turn
    Linear   // DISPI
  };
  // One scan line: where the memory address counter begins, and which row of the character it is.
  struct Line {
    u32 counter;
    u8 row;
    bool split;  // below the line compare
    bool operator==(const Line&) const = default;
  };

  Kind kind = Kind::Blank;
  unsigned width = 640, height = 480;
  // Colours of 16 attributes, or of 256 DAC entries, as pixels.
  std::array<u32, 256> colours{};

  // --- VGA ---
  unsigned characters = 0;  // in a line
  unsigned dots = 8;        // of a character
  unsigned scale = 1;       // 2: each dot twice
  unsigned pan = 0;         // dots
  bool split_pans = true;   // panning goes on below the line compare
  unsigned step = 0;        // characters for each count of the address counter, as a shift
  enum class Unit : u8 { Byte, Word, Dword } unit = Unit::Byte;
  bool word_wraps_at_13 = false;
  bool row_at_13 = false, row_at_14 = false;  // row scan bits in the address: CGA, Hercules
  u32 address_mask = 0xffff;
  std::vector<Line> lines;

  // --- text ---
  std::array<u32, 2> fonts{};  // in plane 2; by attribute bit 3
  bool line_graphics = false;  // C0h to DFh fill the ninth dot
  bool blinks = false;         // attribute bit 7 blinks instead of choosing a background
  bool blink_phase = false;    // what blinks is not there now
  u8 underline = 0x1f;         // its row
  bool cursor = false;
  u32 cursor_at = 0;  // address counter
  unsigned cursor_skew = 0;
  u8 cursor_first = 0, cursor_last = 0;

  // --- DISPI ---
  unsigned bits = 0;
  u64 pitch = 0, start = 0;  // bytes
  bool big_endian = false;

  static VgaScanout of(const VgaCore& vga, bool big_endian);
  bool operator==(const VgaScanout&) const = default;

  // The four planes at a count of the address counter, as an index of 32-bit words of VRAM.
  u32 address(u32 counter, u8 row) const;

 private:
  void vga(const VgaCore& core);
  void text(const VgaCore& core);
  void dispi(const VgaCore& core);
  void trace_lines(const VgaCore& core);
};

}  // namespace reprise
