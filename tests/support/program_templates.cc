// Templates: what programs do in every mode and at every level of privilege.
#include <algorithm>

#include "tests/support/program_assembler.h"

namespace reprise::cpu {

void Assembler::arithmetic() {
  switch (rng_.below(14)) {
    case 0:
    case 1:
    case 2:
      prefixes();
      b({rng_.below(8) << 3 | rng_.below(4)});
      return operand(scratch());
    case 3: {
      prefixes();
      b({rng_.chance(50) ? 0x80u : 0x83u});
      operand(rng_.below(8));
      return imm8();
    }
    case 4:
      prefixes();
      b({0x88u + rng_.below(4)});
      return operand(scratch());
    case 5:
      b({0xB0u + rng_.below(3)});
      return imm8();
    case 6:
      b({0xB8u + scratch()});
      return value(rng_.next(), bits_ == 16 ? 2 : 4);
    case 7:
      prefixes();
      b({rng_.chance(50) ? 0xC1u : 0xD3u});
      operand(rng_.below(8));
      if (code_.size() && code_[code_.size() - 1]) imm8();
      return;
    case 8:
      prefixes();
      b({0x0F, 0xB6u + rng_.below(2) * 8 + rng_.below(2)});
      return operand(scratch());
    case 9:
      prefixes();
      b({0x0F, 0x40u + rng_.below(16)});
      return operand(scratch());
    case 10:
      b({0x0F, 0x90u + rng_.below(16)});
      return operand(0);
    case 11:
      prefixes();
      b({0x0F, rng_.chance(50) ? 0xB1u : 0xC1u});
      return operand(scratch());
    case 12:
      prefixes();
      b({0x86u + rng_.below(2)});
      return operand(scratch());
    default:
      prefixes();
      b({0xF7});
      return operand(2 + rng_.below(6));
  }
}

void Assembler::string() {
  if (rng_.chance(70)) {
    b({0xB9});
    value(rng_.chance(20) ? rng_.below(1200) : rng_.below(40), bits_ == 16 ? 2 : 4);
  }
  static constexpr u8 opcodes[14] = {0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC,
                                     0xAD, 0xAE, 0xAF, 0x6C, 0x6D, 0x6E, 0x6F};
  for (const unsigned reg : {6u, 7u})
    if (rng_.chance(70)) {
      b({0xB8 + reg});
      value(reg == 7 && rng_.chance(10) ? code_address() : address(), bits_ == 16 ? 2 : 4);
    }
  if (rng_.chance(20)) b({0xBA, 0x40 + rng_.below(0x80)}), value(0, bits_ == 16 ? 1 : 3);
  if (rng_.chance(10)) b({0xFC + rng_.below(2)});
  if (rng_.chance(15)) b({0x66});
  if (rng_.chance(5)) b({0x2E});
  if (rng_.chance(4)) b({0x67});
  if (rng_.chance(85)) b({0xF2 + rng_.below(2)});
  if (bits_ == 64 && rng_.chance(30)) b({0x48});
  b({opcodes[rng_.below(rng_.chance(60) ? 6 : 14)]});
  if (rng_.chance(60)) b({0xFC});
}

void Assembler::flow() {
  switch (rng_.below(11)) {
    case 0:
    case 1:
    case 2:  // a pair that may be fused
      if (bits_ == 64 && rng_.chance(50)) b({0x48});
      b({rng_.chance(50) ? 0x39u : 0x85u, 0xC0 | rng_.below(64)});
      if (rng_.chance(30)) return branch({0x0F, 0x80 + rng_.below(16)}, near_size());
      return branch({0x70 + rng_.below(16)}, 1);
    case 3:
      return branch({0x70 + rng_.below(16)}, 1);
    case 4:
      return branch({0x0F, 0x80 + rng_.below(16)}, near_size());
    case 5:
      return branch({rng_.chance(50) ? 0xE9u : 0xE8u}, near_size());
    case 6:
      return branch({0xE0 + rng_.below(4)}, 1);
    case 7:
      return b({rng_.chance(80) ? 0xC3u : 0xCBu});
    case 8:  // through a register, perhaps by another linear address
      b({0xB8});
      value(starts_[rng_.below(u32(starts_.size()))] + kCodeArea +
                (bits_ == 16 || rng_.chance(60) ? 0
                 : rng_.chance(50)              ? 0x200000
                                                : 0x400000),
            bits_ == 16 ? 2 : 4);
      return b({0xFF, rng_.chance(50) ? 0xE0u : 0xD0u});
    case 9:
      if (bits_ == 16) return branch({0xEB}, 1);
      return branch({0x66, 0xE9}, bits_ == 32 ? 2 : 4);
    default:
      if (bits_ == 64) return b({0xCD, 0x30});
      b({0xEA});
      value(starts_[rng_.below(u32(starts_.size()))] + kCodeArea, bits_ / 8);
      return value(bits_ == 16 ? 0 : p_.ring ? 0x1B : 0x08, 2);
  }
}

void Assembler::store_to_code() {
  if (bits_ == 16) b({0x2E});
  const bool near = rng_.chance(60);
  // Mostly an immediate of some instruction, mostly soon to be executed (or just executed).
  u64 at = kCodeArea;
  if (!fields_.empty() && rng_.chance(50))
    at += fields_[near ? fields_.size() - 1 - rng_.below(std::min<u32>(4, u32(fields_.size())))
                       : rng_.below(u32(fields_.size()))];
  else
    at += (near ? code_.size() + rng_.below(24) : rng_.below(u32(code_.size() + 64))) & 0x3FFF;
  if (bits_ != 16 && rng_.chance(40)) at += rng_.chance(50) ? 0x200000 : 0x400000;
  if (rng_.chance(30)) {
    b({0x88});  // what AL has
    return absolute(0, at);
  }
  b({0xC6});
  absolute(0, at);
  static constexpr u8 bytes[8] = {0x90, 0x90, 0xF4, 0xFB, 0x40, 0x48, 0x9D, 0xAB};
  value(bytes[rng_.below(8)], 1);
}

void Assembler::device() {
  const unsigned port = 0x40 + rng_.below(0xC0);
  switch (rng_.below(6)) {
    case 0:
      return b({0xE4 + rng_.below(2), port});
    case 1:
    case 2:
      return b({0xE6 + rng_.below(2), port});
    case 3:
      b({0xBA, port, 0}), value(0, bits_ == 16 ? 0 : 2);
      return b({0xEC + rng_.below(4)});
    case 4:
      if (bits_ == 16) {
        b({0xB8}), value(0xF000, 2);
        b({0x8E, 0xC0, 0x26});
      }
      b({rng_.below(8) << 3 | rng_.below(4)});
      return absolute(scratch(), (bits_ == 16 ? 0 : kRegisters) + rng_.below(256));
    default:  // an interrupt soon, or a wait for one
      b({0xB0, rng_.below(60)});
      b({0xE6, 0x20 + 16 * rng_.below(2) - 0x10});
      if (rng_.chance(50)) b({0xFB, 0xF4});
      return;
  }
}

void Assembler::stack() {
  switch (rng_.below(9)) {
    case 0:
      return b({0x50 + rng_.below(8)});
    case 1:
      return b({0x58 + scratch()});
    case 2:
      return b({0x9C, 0x9D});
    case 3:  // POPF with some flags
      b({0x68});
      value((rng_.chance(15) ? 0x100 : 0) | (rng_.chance(60) ? 0x200 : 0) |
                (rng_.chance(10) ? 0x400 : 0) | (rng_.chance(p_.smap ? 60 : 8) ? 0x40000 : 0) | 2,
            bits_ == 16 ? 2 : 4);
      return b({0x9D});
    case 4:
      if (bits_ == 64) return b({0xFF, 0x36 - rng_.below(2) * 6});
      return b({0x60 + rng_.below(2)});
    case 5:
      return b({0xC8, 0x10, 0, rng_.below(3)});
    case 6:
      b({0xBC});
      return value(p_.ring ? 0x7E00 - rng_.below(64) : 0x9E00 - rng_.below(64),
                   bits_ == 16 ? 2 : 4);
    case 7:
      b({rng_.chance(50) ? 0xFFu : 0x8Fu});
      return memory(code_.back() == 0xFF ? 6 : 0);
    default:
      return b({0x55, 0x8B, 0xEC, 0xC9});
  }
}

void Assembler::vector() {
  switch (rng_.below(8)) {
    case 0:
      b({0x0F, 0x10 + rng_.below(2)});
      return memory(rng_.below(8));
    case 1:
      b({0x66, 0x0F, 0xFE});
      return operand(rng_.below(8));
    case 2:
      b({0x0F, 0xFC});  // MMX
      return operand(rng_.below(8));
    case 3:
      b({0xF3, 0x0F, 0x58});
      return operand(rng_.below(8));
    case 4:
      b({0xDD});
      return memory(rng_.chance(50) ? 0 : 3);
    case 5:
      return b({0xD9, 0xE8 + rng_.below(7)});
    case 6:
      b({0x0F, 0xAE});
      return memory(rng_.below(2));
    default:
      return b({0xD8 + rng_.below(8), 0xC0 + rng_.below(64)});
  }
}

}  // namespace reprise::cpu
