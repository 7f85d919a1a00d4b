#include "chipset/display/vga_picture.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "chipset/display/std_vga.h"

namespace reprise {

namespace {

constexpr u32 kPlaneBytes = 256 << 10;  // of VRAM, what the VGA without DISPI can address

}  // namespace

VgaPicture::VgaPicture(const StdVga& vga, PageStore& pages)
    : core_(vga.core()), pages_(pages), byte_order_(&vga.byte_order()) {}

Damage VgaPicture::render(Surface& surface) {
  VgaScanout next = VgaScanout::of(core_, byte_order_ && *byte_order_ == 0xbebe'bebe);
  Damage damage;
  damage.resized = surface.width != next.width || surface.height != next.height ||
                   surface.pixels.size() != std::size_t(next.width) * next.height;
  const bool all = damage.resized || !std::exchange(drawn_, true) || !(next == now_);
  now_ = std::move(next);
  if (damage.resized) {
    surface.width = now_.width;
    surface.height = now_.height;
    surface.pixels.assign(std::size_t(now_.width) * now_.height, 0);
    damage.end = now_.height;
  }
  dots_.resize(now_.width + 4 * 18);  // panning and skew reach two characters at most
  for (unsigned y = 0; y < now_.height; ++y) {
    if (!all && !is_dirty(y)) continue;
    const u32* from = surface.line(y);
    if (y && same_as_above(y)) {
      from = surface.line(y - 1);
    } else {
      draw(y);
      from = dots_.data();
    }
    if (std::memcmp(surface.line(y), from, now_.width * sizeof(u32)) == 0) continue;
    std::memcpy(surface.line(y), from, now_.width * sizeof(u32));
    if (!damage.any()) damage.first = y;
    damage.end = std::max(damage.end, y + 1);
  }
  if (damage.resized) damage.first = 0;
  note_epoch();
  return damage;
}

// If this epoch has seen writes to the screen, the next one must be a new epoch; otherwise whatever
// is written in this one is new to us.
void VgaPicture::note_epoch() {
  const u32 epoch = pages_.epoch();
  seen_ = epoch - 1;
  const MemoryBlock& vram = core_.vram();
  for (u64 page = 0; page < vram.pages(); ++page) {
    if (page % MemoryBlock::kGroupPages == 0 && vram.group_epoch(page) != epoch) {
      page += MemoryBlock::kGroupPages - 1;
      continue;
    }
    if (vram.info(page).write_epoch != epoch) continue;
    pages_.advance_epoch();
    seen_ = epoch;
    return;
  }
}

bool VgaPicture::pages_dirty(u64 first, u64 last) const {
  for (u64 page = first / kPageSize; page <= last / kPageSize; ++page)
    if (core_.vram().info(page).write_epoch > seen_) return true;
  return false;
}

// May say yes without need: what is drawn is compared anyway.
bool VgaPicture::is_dirty(unsigned y) const {
  using Kind = VgaScanout::Kind;
  if (now_.kind == Kind::Blank) return false;
  if (now_.kind == Kind::Text) return pages_dirty(0, kPlaneBytes - 1);  // fonts are there too
  const u64 size = core_.vram().size();
  if (now_.kind == Kind::Linear) {
    const u64 first = (now_.start + y * now_.pitch) % size;
    const u64 last = first + now_.width * u64((now_.bits + 7) / 8) - 1;
    return last < size ? pages_dirty(first, last) : pages_dirty(0, size - 1);
  }
  const VgaScanout::Line& line = now_.lines[y];
  const u32 counts = (now_.characters + 1) >> now_.step;
  const u64 first = now_.address(line.counter, line.row);
  const u64 last = now_.address(line.counter + counts, line.row);
  // Without wrap-around the addresses in between are between.
  const u64 span = u64(counts) << unsigned(now_.unit);
  if (last == first + span) return pages_dirty(first * 4, std::min(last * 4 + 3, size - 1));
  return pages_dirty(0, std::min<u64>(size, u64(now_.address_mask) * 4 + 4) - 1);
}

bool VgaPicture::same_as_above(unsigned y) const {
  if (now_.kind == VgaScanout::Kind::Blank) return true;
  return now_.kind != VgaScanout::Kind::Linear && now_.lines[y] == now_.lines[y - 1];
}

u32 VgaPicture::word(u32 address) const {
  const u8* bytes = core_.vram().data() + u64(address) * 4;
  return u32(bytes[0]) | u32(bytes[1]) << 8 | u32(bytes[2]) << 16 | u32(bytes[3]) << 24;
}

u8 VgaPicture::font_row(u32 font, u8 character, u8 row) const {
  return core_.vram().data()[u64(font + character * 32u + row) * 4 + 2];
}

void VgaPicture::draw(unsigned y) {
  switch (now_.kind) {
    case VgaScanout::Kind::Blank:
      std::fill(dots_.begin(), dots_.end(), now_.colours[0]);
      return;
    case VgaScanout::Kind::Text:
      text(now_.lines[y]);
      break;
    case VgaScanout::Kind::Linear:
      return linear(y);
    default:
      graphics(now_.lines[y]);
      break;
  }
  if (const unsigned pan = now_.lines[y].split && !now_.split_pans ? 0 : now_.pan * now_.scale)
    std::memmove(dots_.data(), dots_.data() + pan, now_.width * sizeof(u32));
}

// One character more than fits: panning shows a part of it.
void VgaPicture::text(const VgaScanout::Line& line) {
  u32* out = dots_.data();
  const u32 cursor_at = (now_.cursor_at + now_.cursor_skew) & 0xffff;
  const bool cursor_row =
      now_.cursor && line.row >= now_.cursor_first && line.row <= now_.cursor_last;
  for (unsigned i = 0; i <= now_.characters; ++i) {
    const u32 counter = (line.counter + (i >> now_.step)) & 0xffff;
    const u32 cell = word(now_.address(counter, line.row));
    const u8 character = u8(cell), attribute = u8(cell >> 8);
    // Eight dots and, for the ninth, a repetition or background.
    unsigned bits = font_row(now_.fonts[attribute >> 3 & 1], character, line.row) << 1u;
    if (now_.line_graphics && (character & 0xe0) == 0xc0) bits |= bits >> 1 & 1;
    if (line.row == now_.underline && (attribute & 0x77) == 1) bits = 0x1ff;
    if (now_.blinks && now_.blink_phase && (attribute & 0x80)) bits = 0;
    if (cursor_row && counter == cursor_at) bits = 0x1ff;
    const u32 ink = now_.colours[attribute & 0x0f];
    const u32 paper = now_.colours[attribute >> 4 & (now_.blinks ? 7 : 15)];
    for (unsigned dot = 0; dot < now_.dots; ++dot)
      for (unsigned k = 0; k < now_.scale; ++k) *out++ = bits >> (8 - dot) & 1 ? ink : paper;
  }
}

// A ninth dot is what the empty shift registers give: colour 0.
void VgaPicture::graphics(const VgaScanout::Line& line) {
  u32* out = dots_.data();
  for (unsigned i = 0; i <= now_.characters; ++i) {
    const u32 planes =
        word(now_.address((line.counter + (i >> now_.step)) & now_.address_mask, line.row));
    u8 pixels[9] = {};
    for (unsigned dot = 0; dot < 8; ++dot) {
      switch (now_.kind) {
        case VgaScanout::Kind::Packed:
          pixels[dot] = u8(planes >> dot / 2 * 8);
          break;
        case VgaScanout::Kind::Cga: {  // planes 0 and 2, then 1 and 3, two bits at a time
          const u32 pair = planes >> dot / 4 * 8;
          const unsigned shift = 6 - dot % 4 * 2;
          pixels[dot] = u8((pair >> shift & 3) | (pair >> 16 >> shift & 3) << 2);
          break;
        }
        default: {
          const u32 column = planes >> (7 - dot) & 0x01010101;
          pixels[dot] = u8((column | column >> 7 | column >> 14 | column >> 21) & 0x0f);
          break;
        }
      }
    }
    for (unsigned dot = 0; dot < now_.dots; ++dot)
      for (unsigned k = 0; k < now_.scale; ++k) *out++ = now_.colours[pixels[dot]];
  }
}

namespace {

u32 stretch5(u32 value) { return (value & 31) << 3 | (value >> 2 & 7); }
u32 stretch6(u32 value) { return (value & 63) << 2 | (value >> 4 & 3); }
u32 rgb(u32 red, u32 green, u32 blue) { return red << 16 | green << 8 | blue; }

// Pixels of `Size` bytes; `pixel` makes XRGB8888 of one.
template <unsigned Size, class Pixel>
void convert(const u8* from, unsigned width, bool swap, u32* out, Pixel pixel) {
  for (unsigned x = 0; x < width; ++x, from += Size) {
    u32 value = 0;
    for (unsigned i = 0; i < Size; ++i) value |= u32(from[swap ? Size - 1 - i : i]) << (8 * i);
    out[x] = pixel(value);
  }
}

}  // namespace

// What lies behind the end of VRAM is its beginning.
void VgaPicture::linear(unsigned y) {
  const MemoryBlock& vram = core_.vram();
  const u64 length = now_.width * u64((now_.bits + 7) / 8);
  const u64 at = (now_.start + y * now_.pitch) % vram.size();
  const u8* from = vram.data() + at;
  if (at + length > vram.size()) {
    bytes_.resize(length);
    for (u64 i = 0; i < length; ++i) bytes_[i] = vram.data()[(at + i) % vram.size()];
    from = bytes_.data();
  }
  u32* out = dots_.data();
  const unsigned width = now_.width;
  const bool swap = now_.big_endian;
  switch (now_.bits) {
    case 8:
      return convert<1>(from, width, false, out, [this](u32 v) { return now_.colours[v]; });
    case 15:
      return convert<2>(from, width, swap, out, [](u32 v) {
        return rgb(stretch5(v >> 10), stretch5(v >> 5), stretch5(v));
      });
    case 16:
      return convert<2>(from, width, swap, out, [](u32 v) {
        return rgb(stretch5(v >> 11), stretch6(v >> 5), stretch5(v));
      });
    case 24:
      return convert<3>(from, width, swap, out, [](u32 v) { return v; });
    default:
      return convert<4>(from, width, swap, out, [](u32 v) { return v & 0xff'ffff; });
  }
}

}  // namespace reprise
