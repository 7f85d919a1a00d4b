// Draws what the VGA shows into a surface, and only what changed since the last time.
//
// A reader of the screen has a picture of its own. It never changes what the guest can see: it
// compares pages' write epochs with the epoch it saw last, and starts a new epoch if the guest has
// written to the screen in this one. Machine thread.
#pragma once

#include "chipset/display/surface.h"
#include "chipset/display/vga_scanout.h"

namespace reprise {

class StdVga;

class VgaPicture {
 public:
  VgaPicture(const StdVga& vga, PageStore& pages);
  VgaPicture(const VgaCore& core, PageStore& pages) : core_(core), pages_(pages) {}

  // `surface` is what the last call left; a new one is drawn in full.
  Damage render(Surface& surface);

 private:
  bool is_dirty(unsigned y) const;
  bool pages_dirty(u64 first, u64 last) const;
  bool same_as_above(unsigned y) const;
  void draw(unsigned y);
  void text(const VgaScanout::Line& line);
  void graphics(const VgaScanout::Line& line);
  void linear(unsigned y);
  u32 word(u32 address) const;
  u8 font_row(u32 font, u8 character, u8 row) const;
  void note_epoch();

  const VgaCore& core_;
  PageStore& pages_;
  const u32* byte_order_ = nullptr;
  VgaScanout now_;
  bool drawn_ = false;     // now_ and seen_ are of a picture drawn before
  u32 seen_ = 0;           // pages written in this epoch or before are drawn
  std::vector<u32> dots_;  // a line, with room for panning
  std::vector<u8> bytes_;  // a line of DISPI memory that wraps around
};

}  // namespace reprise
