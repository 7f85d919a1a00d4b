// Source: Intel SDM volume 2, chapter 2 (the encoding) and appendix A (which opcodes have a ModRM).
#include "cpu/timing/form.h"

#include "cpu/state.h"

namespace reprise::cpu {

namespace {

bool has_modrm(u8 map, u8 op) {
  if (map >= 2) return true;
  if (map == 1) {
    if (op >= 0x80 && op <= 0x8F) return false;
    if (op >= 0xC8 && op <= 0xCF) return false;
    if (op >= 0x30 && op <= 0x37) return false;
    switch (op) {
      case 0x05:
      case 0x06:
      case 0x07:
      case 0x08:
      case 0x09:
      case 0x0B:
      case 0x0E:
      case 0x77:
      case 0xA0:
      case 0xA1:
      case 0xA2:
      case 0xA8:
      case 0xA9:
      case 0xAA:
        return false;
      default:
        return true;
    }
  }
  if (op < 0x40) return (op & 7) < 4;
  if (op >= 0x80 && op <= 0x8F) return true;
  if (op >= 0xD8 && op <= 0xDF) return true;
  switch (op) {
    case 0x62:
    case 0x63:
    case 0x69:
    case 0x6B:
    case 0xC0:
    case 0xC1:
    case 0xC4:
    case 0xC5:
    case 0xC6:
    case 0xC7:
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3:
    case 0xF6:
    case 0xF7:
    case 0xFE:
    case 0xFF:
      return true;
    default:
      return false;
  }
}

}  // namespace

Form parse_form(const u8* bytes, unsigned length, unsigned code_width) {
  Form f;
  unsigned at = 0;
  u8 rex = 0;
  bool size = false, address = false, rep = false;
  const bool code64 = code_width == 8;
  for (; at + 1 < length; ++at) {
    const u8 b = bytes[at];
    if (b == 0x66)
      size = true, f.mandatory = f.mandatory ? f.mandatory : b, ++f.prefixes;
    else if (b == 0x67)
      address = true, ++f.prefixes;
    else if (b == 0xF0)
      f.lock = true;
    else if (b == 0xF2 || b == 0xF3)
      rep = true, f.mandatory = b;
    else if (b == 0x26 || b == 0x2E || b == 0x36 || b == 0x3E || b == 0x64 || b == 0x65)
      ++f.prefixes;
    else if (code64 && (b & 0xF0) == 0x40)
      rex = b;
    else
      break;
  }
  f.opcode = bytes[at++];
  if (f.opcode == 0x0F && at < length) {
    f.map = 1;
    f.opcode = bytes[at++];
    if ((f.opcode == 0x38 || f.opcode == 0x3A) && at < length) {
      f.map = f.opcode == 0x38 ? 2 : 3;
      f.opcode = bytes[at++];
    }
  }
  const bool string = f.map == 0 && ((f.opcode >= 0xA4 && f.opcode <= 0xA7) ||
                                     (f.opcode >= 0xAA && f.opcode <= 0xAF) ||
                                     (f.opcode >= 0x6C && f.opcode <= 0x6F));
  if (rep && string)
    f.rep = true;
  else if (rep && f.map == 0)
    ++f.prefixes;
  f.width = code64 && (rex & 8) ? 8 : code_width == 2 ? (size ? 4 : 2) : size ? 2 : 4;
  f.has_modrm = at < length && has_modrm(f.map, f.opcode);
  if (f.has_modrm) {
    f.modrm = bytes[at++];
    const u8 mod = f.modrm >> 6, rm = f.rm();
    f.memory = mod != 3 && !(f.map == 1 && f.opcode >= 0x20 && f.opcode <= 0x23);
    const bool short_address = code_width == 2 ? !address : code_width == 4 && address;
    unsigned disp = mod == 1 ? 1 : mod == 2 ? (short_address ? 2 : 4) : 0;
    if (f.memory && short_address) {
      static constexpr u8 base[8] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
      if (mod == 0 && rm == 6)
        disp = 2;
      else
        f.address = register_bit(base[rm]);
      f.indexed = rm < 4;
      if (f.indexed) f.index = register_bit(rm & 1 ? RDI : RSI);
    } else if (f.memory && rm == 4) {
      const u8 sib = at < length ? bytes[at++] : u8(0x24);
      const u8 base = u8((sib & 7) | (rex & 1) << 3), index = u8((sib >> 3 & 7) | (rex & 2) << 2);
      f.indexed = index != RSP;
      if (f.indexed) f.index = register_bit(index);
      if ((sib & 7) == 5 && mod == 0)
        disp = 4;
      else
        f.address = register_bit(base);
    } else if (f.memory) {
      if (mod == 0 && rm == 5)
        disp = 4;
      else
        f.address = register_bit(rm | (rex & 1) << 3);
    }
    f.disp = disp != 0;
    at += disp;
  }
  f.imm = f.has_modrm && at < length;
  f.last = bytes[length - 1];
  find_effects(f, rex);
  return f;
}

}  // namespace reprise::cpu
