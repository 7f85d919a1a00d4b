// The path from the CPU to the planes: decode, latches, write modes; DISPI's linear window.
#include <algorithm>
#include <cstring>

#include "chipset/display/vga_core.h"

namespace reprise {

namespace {

enum : u16 { kEnabled = 0x01, kGetCaps = 0x02, kNoClear = 0x80 };

// One byte to all planes; four mask bits to four bytes.
constexpr u32 spread(u8 value) { return value * 0x01010101u; }
constexpr u32 planes(u8 mask) {
  return (mask & 1 ? 0xffu : 0) | (mask & 2 ? 0xff00u : 0) | (mask & 4 ? 0xff0000u : 0) |
         (mask & 8 ? 0xff000000u : 0);
}
constexpr u8 rotate(u8 value, unsigned by) { return u8(value >> by | value << (8 - by)); }

}  // namespace

// GR6 bits 3:2 choose the window. What is outside it, or past the end of VRAM, is not there.
std::optional<VgaCore::Place> VgaCore::place(u32 offset) const {
  constexpr u32 kBase[4] = {0, 0, 0x10000, 0x18000};
  constexpr u32 kSize[4] = {0x20000, 0x10000, 0x8000, 0x8000};
  const unsigned map = regs_.gfx[6] >> 2 & 3;
  if (!(regs_.misc & 2) || offset < kBase[map] || offset - kBase[map] >= kSize[map])
    return std::nullopt;
  offset -= kBase[map];
  Place p{0, offset, false};
  const u64 bank = dispi_enabled() ? u64(dispi_.bank) << 16 : 0;
  u64 address;
  if (dispi_enabled() && dispi_.bpp > 4) {
    p.linear = true;
    address = bank + offset;
  } else {
    u32 plane_address = offset & 0xffff;
    if (regs_.seq[4] & 8) {
      plane_address &= 0xfffc;
    } else if (regs_.gfx[6] & 2) {  // in the 128 KiB window A16 takes the place of A0
      plane_address = (plane_address & 0xfffe) | (map == 0 ? offset >> 16 : 0);
    }
    address = (bank + plane_address) * 4;
  }
  if (address >= vram_.size()) return std::nullopt;
  p.address = u32(address);
  return p;
}

u32 VgaCore::load(u32 address) const {
  const u8* bytes = vram_.data() + address;
  return u32(bytes[0]) | u32(bytes[1]) << 8 | u32(bytes[2]) << 16 | u32(bytes[3]) << 24;
}

u8 VgaCore::read_memory(u32 offset) {
  const auto where = place(offset);
  if (!where) return 0xff;
  if (where->linear) return vram_.data()[where->address];
  regs_.latch = load(where->address);
  if (regs_.gfx[5] & 8) {  // read mode 1: ones where all planes that matter match
    const u32 differs = (regs_.latch ^ planes(regs_.gfx[2])) & planes(regs_.gfx[7]);
    return u8(~(differs | differs >> 8 | differs >> 16 | differs >> 24));
  }
  unsigned plane = regs_.gfx[4] & 3;
  if (regs_.seq[4] & 8) {
    plane = where->offset & 3;
  } else if (regs_.gfx[5] & 0x10) {
    plane = (plane & 2) | (where->offset & 1);
  }
  return u8(regs_.latch >> plane * 8);
}

u32 VgaCore::plane_mask(u32 offset) const {
  u8 mask = regs_.seq[2];
  if (regs_.seq[4] & 8) {
    mask &= 1 << (offset & 3);
  } else if (!(regs_.seq[4] & 4)) {
    mask &= offset & 1 ? 0x0a : 0x05;
  }
  return planes(mask);
}

// What the graphics controller makes of a byte, by write mode.
u32 VgaCore::combine(u8 value) const {
  const auto& gr = regs_.gfx;
  const u8 rotated = rotate(value, gr[3] & 7);
  u32 data;
  u32 bits = spread(gr[8]);
  switch (gr[5] & 3) {
    case 0: {
      const u32 set = planes(gr[1]);
      data = (spread(rotated) & ~set) | (planes(gr[0]) & set);
      break;
    }
    case 1:
      return regs_.latch;
    case 2:
      data = planes(value);
      break;
    default:
      data = planes(gr[0]);
      bits &= spread(rotated);
      break;
  }
  switch (gr[3] >> 3 & 3) {
    case 1:
      data &= regs_.latch;
      break;
    case 2:
      data |= regs_.latch;
      break;
    case 3:
      data ^= regs_.latch;
      break;
    default:
      break;
  }
  return (data & bits) | (regs_.latch & ~bits);
}

void VgaCore::write_memory(u32 offset, u8 value) {
  const auto where = place(offset);
  if (!where) return;
  if (where->linear) return vram_.write(where->address, {&value, 1});
  const u32 mask = plane_mask(where->offset);
  const u32 word = (combine(value) & mask) | (load(where->address) & ~mask);
  const u8 bytes[4] = {u8(word), u8(word >> 8), u8(word >> 16), u8(word >> 24)};
  vram_.write(where->address, bytes);
}

u16 VgaCore::read_dispi(u16 index) const {
  const bool caps = dispi_.enable & kGetCaps;
  switch (index) {
    case 0:
      return dispi_.id;
    case 1:
      return caps ? kMaxX : dispi_.xres;
    case 2:
      return caps ? kMaxY : dispi_.yres;
    case 3:
      return caps ? kMaxBpp : dispi_.bpp;
    case 4:
      return dispi_.enable;
    case 5:
      return dispi_.bank;
    case 6:
      return dispi_.virt_width;
    case 7:
      return dispi_.virt_height;
    case 8:
      return dispi_.x_offset;
    case 9:
      return dispi_.y_offset;
    case 10:
      return u16(vram_.size() >> 16);
    default:
      return 0;
  }
}

void VgaCore::write_dispi(u16 index, u16 value) {
  const bool off = !dispi_enabled();  // the mode is fixed while it is shown
  switch (index) {
    case 0:  // firmware asks for a version by writing it
      if (value >= 0xb0c0 && value <= 0xb0c5) dispi_.id = value;
      break;
    case 1:
      if (off && value <= kMaxX && value % 8 == 0) dispi_.xres = value;
      break;
    case 2:
      if (off && value <= kMaxY) dispi_.yres = value;
      break;
    case 3: {
      constexpr u16 kLegal[] = {4, 8, 15, 16, 24, 32};
      const u16 bpp = value ? value : 8;
      if (off && std::find(std::begin(kLegal), std::end(kLegal), bpp) != std::end(kLegal))
        dispi_.bpp = bpp;
      break;
    }
    case 4:
      enable_dispi(value);
      break;
    case 5:
      if (value < vram_.size() >> 16) dispi_.bank = value;
      break;
    case 6:
      if (value >= dispi_.xres && value % 8 == 0) {
        const u16 before = dispi_.virt_width;
        dispi_.virt_width = value;
        const u16 height = max_virtual_height();
        if (height < dispi_.yres) {
          dispi_.virt_width = before;
        } else {
          dispi_.virt_height = height;
        }
      }
      break;
    case 8:
      dispi_.x_offset = value;
      break;
    case 9:
      dispi_.y_offset = value;
      break;
    default:
      break;
  }
}

u16 VgaCore::max_virtual_height() const {
  const u64 pitch = dispi_pitch();
  return u16(std::min<u64>(pitch ? vram_.size() / pitch : 0, 0xffff));
}

void VgaCore::enable_dispi(u16 value) {
  const bool rising = (value & kEnabled) && !dispi_enabled();
  dispi_.enable = value & 0xe3;
  if (!(value & kEnabled)) dispi_.bank = 0;
  if (!rising) return;
  dispi_.virt_width = dispi_.xres;
  dispi_.virt_height = max_virtual_height();
  dispi_.x_offset = dispi_.y_offset = dispi_.bank = 0;
  if (value & kNoClear) return;
  static constexpr std::array<u8, kPageSize> kZero{};
  const u64 end = std::min<u64>(dispi_pitch() * dispi_.yres, vram_.size());
  for (u64 at = 0; at < end; at += kPageSize)
    vram_.write(at, std::span(kZero).first(std::min(kPageSize, end - at)));
}

}  // namespace reprise
