#include "chipset/display/vga_core.h"

namespace reprise {

namespace {

constexpr u8 kSeqMask[5] = {0x03, 0x3d, 0x0f, 0x3f, 0x0e};
constexpr u8 kGfxMask[9] = {0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff};
enum : u8 { kPas = 0x20, kDac8 = 0x20 };

template <std::size_t N>
u8 read_indexed(const std::array<u8, N>& registers, u8 index) {
  return index < N ? registers[index] : 0;
}

}  // namespace

VgaCore::VgaCore(const Scheduler& scheduler, MemoryBlock& vram)
    : scheduler_(scheduler), vram_(vram) {
  check(vram.size() >= 256 << 10, "a VGA needs 256 KiB of memory");
}

void VgaCore::reset() {
  regs_ = {};
  dispi_ = {};
  palette_.fill(0);
}

void VgaCore::state(State& s) {
  s("misc", regs_.misc)("feature", regs_.feature)("enable", regs_.enable, 0, 1)(
      "seq_index", regs_.seq_index, 0, 7)("crtc_index", regs_.crtc_index, 0, 0x3f)(
      "gfx_index", regs_.gfx_index, 0, 0x0f)("attr_index", regs_.attr_index, 0, 0x3f)(
      "attr_data", regs_.attr_data)("seq", regs_.seq)("crtc", regs_.crtc)("gfx", regs_.gfx)(
      "attr", regs_.attr)("dac_mask", regs_.dac_mask)("dac_read", regs_.dac_read)(
      "dac_write", regs_.dac_write)("dac_component", regs_.dac_component, 0, 2)(
      "dac_state", regs_.dac_state, 0, 3)("latch", regs_.latch);
  s("dispi_index", dispi_.index)("dispi_id", dispi_.id, 0xb0c0, 0xb0c5)(
      "xres", dispi_.xres, 0, kMaxX)("yres", dispi_.yres, 0, kMaxY)("bpp", dispi_.bpp, 4, kMaxBpp)(
      "dispi_enable", dispi_.enable)("bank", dispi_.bank)("virt_width", dispi_.virt_width)(
      "virt_height", dispi_.virt_height)("x_offset", dispi_.x_offset)("y_offset", dispi_.y_offset);
  s("palette", palette_);
}

u8 VgaCore::read_port(u16 port) {
  const bool mono_port = port < 0x3c0;
  if ((mono_port || port >= 0x3d0) && mono_port == bool(regs_.misc & 1)) return 0xff;
  switch (port) {
    case 0x3c0:
      return regs_.attr_index;
    case 0x3c1:
      return read_indexed(regs_.attr, regs_.attr_index & 0x1f);
    case 0x3c2:
      return 0;  // no interrupt, sense off
    case 0x3c3:
      return regs_.enable;
    case 0x3c4:
      return regs_.seq_index;
    case 0x3c5:
      return read_indexed(regs_.seq, regs_.seq_index);
    case 0x3c6:
      return regs_.dac_mask;
    case 0x3c7:
      return regs_.dac_state;
    case 0x3c8:
      return regs_.dac_write;
    case 0x3c9:
      return read_dac();
    case 0x3ca:
      return regs_.feature;
    case 0x3cc:
      return regs_.misc;
    case 0x3ce:
      return regs_.gfx_index;
    case 0x3cf:
      return read_indexed(regs_.gfx, regs_.gfx_index);
    case 0x3b4:
    case 0x3d4:
      return regs_.crtc_index;
    case 0x3b5:
    case 0x3d5:
      return read_indexed(regs_.crtc, regs_.crtc_index);
    case 0x3ba:
    case 0x3da:
      return input_status_1();
    default:
      return 0xff;
  }
}

void VgaCore::write_port(u16 port, u8 value) {
  const bool mono_port = port < 0x3c0;
  if ((mono_port || port >= 0x3d0) && mono_port == bool(regs_.misc & 1)) return;
  switch (port) {
    case 0x3c0:
      write_attribute(value);
      break;
    case 0x3c2:
      regs_.misc = value & 0xef;
      break;
    case 0x3c3:
      regs_.enable = value & 1;
      break;
    case 0x3c4:
      regs_.seq_index = value & 7;
      break;
    case 0x3c5:
      if (regs_.seq_index < 5) regs_.seq[regs_.seq_index] = value & kSeqMask[regs_.seq_index];
      break;
    case 0x3c6:
      regs_.dac_mask = value;
      break;
    case 0x3c7:
      regs_.dac_read = value;
      regs_.dac_component = 0;
      regs_.dac_state = 3;
      break;
    case 0x3c8:
      regs_.dac_write = value;
      regs_.dac_component = 0;
      regs_.dac_state = 0;
      break;
    case 0x3c9:
      write_dac(value);
      break;
    case 0x3ce:
      regs_.gfx_index = value & 0x0f;
      break;
    case 0x3cf:
      if (regs_.gfx_index < 9) regs_.gfx[regs_.gfx_index] = value & kGfxMask[regs_.gfx_index];
      break;
    case 0x3b4:
    case 0x3d4:
      regs_.crtc_index = value & 0x3f;
      break;
    case 0x3b5:
    case 0x3d5:
      write_crtc(value);
      break;
    case 0x3ba:
    case 0x3da:
      regs_.feature = value & 3;
      break;
    default:
      break;
  }
}

// CR11 bit 7 protects CR0 to CR7, but for the line compare bit in CR7.
void VgaCore::write_crtc(u8 value) {
  const u8 index = regs_.crtc_index;
  if (index >= regs_.crtc.size()) return;
  const bool locked = (regs_.crtc[0x11] & 0x80) && index <= 7;
  if (!locked) {
    regs_.crtc[index] = value;
  } else if (index == 7) {
    regs_.crtc[7] = (regs_.crtc[7] & ~0x10) | (value & 0x10);
  }
}

void VgaCore::write_attribute(u8 value) {
  const bool data = regs_.attr_data;
  regs_.attr_data = !data;
  if (!data) {
    regs_.attr_index = value & 0x3f;
    return;
  }
  const u8 index = regs_.attr_index & 0x1f;
  if (index < 16) {  // the palette is the CPU's only while the screen is blanked
    if (!(regs_.attr_index & kPas)) regs_.attr[index] = value & 0x3f;
  } else if (index < regs_.attr.size()) {
    constexpr u8 kMask[5] = {0xef, 0xff, 0x3f, 0x0f, 0x0f};
    regs_.attr[index] = value & kMask[index - 16];
  }
}

u8 VgaCore::read_dac() {
  const u8 value = palette_[regs_.dac_read * 3 + regs_.dac_component];
  if (++regs_.dac_component == 3) {
    regs_.dac_component = 0;
    ++regs_.dac_read;
  }
  return value;
}

void VgaCore::write_dac(u8 value) {
  const u8 bits = dispi_.enable & kDac8 ? 0xff : 0x3f;
  palette_[regs_.dac_write * 3 + regs_.dac_component] = value & bits;
  if (++regs_.dac_component == 3) {
    regs_.dac_component = 0;
    ++regs_.dac_write;
  }
}

VgaCore::Timing VgaCore::timing() const {
  const auto& cr = regs_.crtc;
  const u64 width = (regs_.seq[1] & 1 ? 8 : 9) << (regs_.seq[1] >> 3 & 1);
  Timing t;
  t.dot_hz = (regs_.misc >> 2 & 3) == 1 ? 28'322'000 : 25'175'000;
  t.line_dots = (cr[0] + 5) * width;
  t.visible_dots = (cr[1] + 1) * width;
  t.lines = (cr[6] | (cr[7] & 0x01) << 8 | (cr[7] & 0x20) << 4) + 2;
  t.visible_lines = (cr[0x12] | (cr[7] & 0x02) << 7 | (cr[7] & 0x40) << 3) + 1;
  t.retrace_start = cr[0x10] | (cr[7] & 0x04) << 6 | (cr[7] & 0x80) << 2;
  t.retrace_lines = (cr[0x11] - t.retrace_start) & 0x0f;  // the end register has four bits
  return t;
}

u64 VgaCore::frame() const {
  const Timing t = timing();
  return Clock(scheduler_, t.dot_hz).ticks() / (t.line_dots * t.lines);
}

u32 VgaCore::dac_colour(u8 index) const {
  u32 colour = 0;
  for (unsigned i = 0; i < 3; ++i) {
    const u8 value = palette_[index * 3u + i];
    colour = colour << 8 | (dispi_.enable & kDac8 ? value : u8(value << 2 | (value >> 4 & 3)));
  }
  return colour;
}

// Bit 0: not in the visible area. Bit 3: vertical retrace.
u8 VgaCore::input_status_1() {
  regs_.attr_data = false;
  const Timing t = timing();
  const u64 dot = Clock(scheduler_, t.dot_hz).ticks() % (t.line_dots * t.lines);
  const u64 line = dot / t.line_dots;
  const bool visible = line < t.visible_lines && dot % t.line_dots < t.visible_dots;
  const bool retrace = line >= t.retrace_start && line < t.retrace_start + t.retrace_lines;
  return u8((visible ? 0 : 1) | (retrace ? 8 : 0));
}

}  // namespace reprise
