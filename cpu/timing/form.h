// What an instruction's bytes say to a timing model: its encoding, the registers it uses and the
// memory it touches. The decoder proper (cpu/decode) has accepted the bytes before.
#pragma once

#include "replay/core/types.h"

namespace reprise::cpu {

// A register in a mask of them.
constexpr u16 register_bit(unsigned number) { return u16(1u << (number & 15)); }

// Memory that the ModRM operand, an absolute address or the stack touches.
enum class Touch : u8 { None, Read, Write, Modify, Push, Pop };

struct Form {
  u8 map = 0;  // 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A
  u8 opcode = 0, modrm = 0;
  bool has_modrm = false, memory = false;
  bool disp = false, imm = false, lock = false, rep = false;
  u8 prefixes = 0;   // that cost a clock: not LOCK, REX, nor REP of a string instruction
  u8 mandatory = 0;  // 66, F2 or F3: the last of them that chooses a vector instruction
  u8 width = 0;      // bytes of the operand
  u8 last = 0;       // the last byte: of an immediate, if there is one

  // Registers by number, as masks.
  u16 address = 0;  // as base, or rSP as the stack's
  bool indexed = false;
  u16 index = 0;    // as index
  u16 reads = 0;    // in full width
  u16 sources = 0;  // in any
  u16 writes = 0;   // explicitly
  bool byte_write = false;
  bool explicit_address = false;  // memory that is not the stack's
  Touch touch = Touch::None;

  u8 reg() const { return modrm >> 3 & 7; }
  u8 rm() const { return modrm & 7; }
};

// `code_width`: 2, 4 or 8 bytes.
Form parse_form(const u8* bytes, unsigned length, unsigned code_width);
// The part of it that the opcode and the operands say (effects.cc).
void find_effects(Form& f, u8 rex);

}  // namespace reprise::cpu
