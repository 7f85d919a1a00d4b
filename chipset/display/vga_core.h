// The VGA's registers and memory, free of any bus, and the DISPI registers beside them.
//
// Source: IBM PS/2 Video Subsystem Technical Reference (VGA function); FreeVGA register reference;
// the VBE DISPI interface as published with the Bochs VGA BIOS (ID B0C5h).
//   3C2h w misc output, r input status 0    3CCh r misc output    3xAh r input status 1
//   3C4h/3C5h sequencer 0-4      3CEh/3CFh graphics controller 0-8     3xAh w / 3CAh r feature ctl
//   3x4h/3x5h CRTC 0-18h         3C0h/3C1h attribute controller 0-14h  (x: D, or B in mono)
//   3C6h DAC mask  3C7h read index, state  3C8h write index  3C9h data   3C3h enable
//   DISPI index: 0 ID, 1 XRES, 2 YRES, 3 BPP, 4 ENABLE, 5 BANK, 6 VIRT_WIDTH, 7 VIRT_HEIGHT,
//                8 X_OFFSET, 9 Y_OFFSET, Ah VIDEO_MEMORY_64K
//
// Memory: byte p of the 32-bit word at 4a is plane p at address a, so the first 256 KiB of VRAM are
// the VGA's four planes. Addresses on the planes are the hardware's: odd/even and chain-4 clear the
// low address bits, and the CRTC's word and doubleword modes shift its counter. While DISPI is on
// with 8 bits per pixel or more, A0000h shows VRAM linearly, 64 KiB at a time.
// Display enable and retrace are functions of the absolute cycle and the CRTC's timing.
//
// Not modelled: the interrupt at vertical retrace (no PC since the PS/2 wires it; CRTC 11h bits 4
// and 5 are kept, the pending bit reads 0), light pen, misc output bit 5 (odd/even page), monitor
// sense. TextScreen is what the CRTC's start address says: neither panned nor split.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "replay/core/pages.h"
#include "replay/core/scheduler.h"
#include "replay/core/state.h"

namespace reprise {

// What a character of code page 437 looks like.
char16_t code_page_437(u8 character);

struct TextCell {
  u8 character = 0;  // in the font: code page 437 unless the guest loaded another
  u8 attribute = 0;
};

struct TextScreen {
  unsigned columns = 0, rows = 0;
  unsigned character_width = 9, character_height = 16;
  std::vector<TextCell> cells;          // row by row
  std::optional<unsigned> cursor;       // index of its cell; none: off or off screen
  u8 cursor_start = 0, cursor_end = 0;  // scan lines
  bool blinks = true;                   // attribute bit 7, instead of a bright background

  // Lines of UTF-8 without trailing blanks, each ended by a newline.
  std::string plain_text() const;
};

class VgaCore {
 public:
  struct Regs {
    u8 misc = 0;
    u8 feature = 0;
    u8 enable = 1;
    u8 seq_index = 0, crtc_index = 0, gfx_index = 0, attr_index = 0;
    bool attr_data = false;  // the flip-flop of 3C0h: the next write is data
    std::array<u8, 5> seq{};
    std::array<u8, 25> crtc{};
    std::array<u8, 9> gfx{};
    std::array<u8, 21> attr{};
    u8 dac_mask = 0xff;
    u8 dac_read = 0, dac_write = 0;  // entries
    u8 dac_component = 0;
    u8 dac_state = 0;  // 3: reading, 0: writing
    u32 latch = 0;
  };
  struct Dispi {
    u16 index = 0;
    u16 id = 0xb0c5;
    u16 xres = 0, yres = 0, bpp = 8, enable = 0, bank = 0;
    u16 virt_width = 0, virt_height = 0, x_offset = 0, y_offset = 0;
  };
  struct Timing {
    u64 dot_hz;
    u64 line_dots, visible_dots;
    u64 lines, visible_lines, retrace_start, retrace_lines;
  };

  VgaCore(const Scheduler& scheduler, MemoryBlock& vram);

  void reset();
  void state(State& s);

  // Ports 3B0h-3DFh by their number.
  u8 read_port(u16 port);
  void write_port(u16 port, u8 value);
  // The window at A0000h-BFFFFh; offsets from A0000h.
  u8 read_memory(u32 offset);
  void write_memory(u32 offset, u8 value);

  u16 dispi_index() const { return dispi_.index; }
  void set_dispi_index(u16 index) { dispi_.index = index; }
  u16 read_dispi(u16 index) const;
  void write_dispi(u16 index, u16 value);
  bool dispi_enabled() const { return dispi_.enable & 1; }

  // What is on the screen in text mode; none in graphics modes.
  std::optional<TextScreen> text_screen() const;

  // For those who draw the picture (vga_scanout.h).
  const Regs& regs() const { return regs_; }
  const Dispi& dispi() const { return dispi_; }
  const MemoryBlock& vram() const { return vram_; }
  // XRGB8888; six bits of a component are stretched to eight.
  u32 dac_colour(u8 index) const;
  Timing timing() const;
  u64 frame() const;  // frames since power-on, had the timing always been this
  u64 dispi_pitch() const {
    return u64(dispi_.virt_width) * (dispi_.bpp == 15 ? 16 : dispi_.bpp) / 8;
  }

 private:
  static constexpr unsigned kMaxX = 2560, kMaxY = 1600, kMaxBpp = 32;

  struct Place {
    u32 address;  // of the word that holds the four planes, in bytes of VRAM
    u32 offset;   // in the window
    bool linear;  // `address` is that of one byte
  };

  u8 input_status_1();
  void write_crtc(u8 value);
  void write_attribute(u8 value);
  u8 read_dac();
  void write_dac(u8 value);

  std::optional<Place> place(u32 offset) const;
  u32 plane_mask(u32 offset) const;
  u32 combine(u8 value) const;
  u32 load(u32 address) const;
  u16 max_virtual_height() const;
  void enable_dispi(u16 value);

  const Scheduler& scheduler_;
  MemoryBlock& vram_;
  Regs regs_;
  Dispi dispi_;
  std::array<u8, 768> palette_{};
};

}  // namespace reprise
