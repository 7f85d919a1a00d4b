// Templates: pairs and runs of instructions of which a block may make one handler, and what sees
// their flags.
#include <algorithm>
#include <cstring>

#include "tests/support/program_assembler.h"

namespace reprise::cpu {

// Of a run: in 64-bit code some need REX.
unsigned Assembler::run_register() {
  return bits_ == 64 && rng_.chance(25) ? 8 + rng_.below(4) : scratch();
}
unsigned Assembler::run_size() {
  const u32 kind = rng_.below(100);
  if (bits_ == 64 && kind < 45) return 8;
  return kind < 88 ? 4 : kind < 94 ? 2 : 1;
}

// Of an instruction with operands of `size` bytes; SPL and the like are not among them.
void Assembler::size_prefixes(unsigned size, unsigned reg, unsigned rm) {
  if (size == (bits_ == 16 ? 4 : 2)) b({0x66});
  const unsigned rex = (size == 8 ? 8 : 0) | (reg & 8) >> 1 | rm >> 3;
  if (bits_ == 64 && rex) b({0x40 | rex});
}
void Assembler::registers(std::initializer_list<unsigned> opcode, unsigned size, unsigned reg,
                          unsigned rm) {
  size_prefixes(size, reg, rm);
  b(opcode);
  b({0xC0 | (reg & 7) << 3 | (rm & 7)});
}
// The immediate of an operand of `size` bytes, or what is extended to that; often at an edge.
void Assembler::immediate(unsigned size) {
  if (size == 1 && rng_.chance(60)) return imm8();
  static constexpr u32 edges[8] = {0, 1, 0x7F, 0x80, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
  value(rng_.chance(50) ? edges[rng_.below(8)] : rng_.next(), std::min(size, 4u));
}

// Mostly works on what the one before set, `last`, or uses it. Returns what this one sets.
unsigned Assembler::register_instruction(unsigned size, unsigned last) {
  unsigned target = rng_.chance(60) ? last : run_register();
  unsigned source = rng_.chance(35) ? last : rng_.chance(15) ? rng_.below(8) : run_register();
  const unsigned set = target;
  if (size == 1) {  // without REX: AL to DL, AH to DH
    target = target % 3 | (rng_.chance(40) ? 4 : 0);
    source &= 7;
  }
  const unsigned wide = size != 1;
  static constexpr u8 operations[8] = {0, 1, 4, 5, 6, 5, 2, 3};  // the last two: ADC, SBB
  const unsigned operation = operations[rng_.below(rng_.chance(90) ? 6 : 8)];
  switch (rng_.below(12)) {
    case 0:
    case 1:
    case 2:
      if (rng_.chance(20))
        registers({operation << 3 | 2 | wide}, size, target, source);
      else
        registers({operation << 3 | wide}, size, source, target);
      break;
    case 3:
    case 4:
      if (rng_.chance(20))
        registers({0x8A | wide}, size, target, source);
      else
        registers({0x88 | wide}, size, source, target);
      break;
    case 5:
    case 6: {
      const bool byte = !wide || rng_.chance(60);
      registers({!wide ? 0x80u : byte ? 0x83u : 0x81u}, size, operation, target);
      immediate(byte ? 1 : size);
      break;
    }
    case 7:
    case 8: {
      static constexpr u8 shifts[8] = {4, 5, 7, 0, 1, 2, 3, 6};
      const unsigned shift = shifts[rng_.below(rng_.chance(85) ? 3 : 8)];
      if (rng_.chance(12)) {
        registers({0xD0 | wide}, size, shift, target);
      } else {
        registers({0xC0 | wide}, size, shift, target);
        value(rng_.chance(25) ? 32 * rng_.below(3) : rng_.below(70), 1);
      }
      break;
    }
    case 9:
      if (!wide || rng_.chance(40)) {  // those that leave CF as it is, or all flags; and NEG
        const unsigned what = rng_.below(4);
        registers({(what < 2 ? 0xFEu : 0xF6u) | wide}, size, what, target);
      } else {
        registers({0x0F, 0xAF}, size, target, source);
      }
      break;
    case 10:
      if (wide) {
        const bool byte = rng_.chance(50);
        registers({byte ? 0x6Bu : 0x69u}, size, target, source);
        immediate(byte ? 1 : size);
        break;
      }
      [[fallthrough]];
    default:
      registers({0xC6 | wide}, size, 0, target);
      immediate(size);
  }
  return set;
}

// Makes something lasting of the flags.
void Assembler::observe_flags() {
  const unsigned condition = rng_.below(16), reg = run_register();
  switch (rng_.below(9)) {
    case 0:
      return registers({0x0F, 0x90 + condition}, 1, 0, scratch() | rng_.below(2) << 2);
    case 1:
      return registers({0x0F, 0x40 + condition}, run_size() == 8 ? 8 : 4, reg, run_register());
    case 2:
    case 3:
      if (rng_.chance(30)) return branch({0x0F, 0x80 + condition}, near_size());
      return branch({0x70 + condition}, 1);
    case 4:
      return b({0x9C, 0x58 + scratch()});
    case 5:
      b({0x9C, 0x8F});
      return absolute(0, operand_base() + rng_.below(kAreaSize - 8));
    case 6:
      return registers({rng_.chance(50) ? 0x11u : 0x19u}, 4, run_register(), reg);
    case 7:
      return b({0x9F});
    default:
      size_prefixes(4, reg, 0);
      b({0x11});
      return absolute(reg & 7, operand_base() + rng_.below(kAreaSize / 4) * 4);
  }
}

void Assembler::run_of_registers() {
  const unsigned size = run_size();
  unsigned last = run_register();
  for (unsigned n = 2 + rng_.below(rng_.chance(70) ? 2 : 5); n > 0; --n) {
    last = register_instruction(rng_.chance(88) ? size : run_size(), last);
    starts_.push_back(unsigned(code_.size()));
  }
  rng_.chance(80) ? observe_flags() : registers({0x85}, size, last, last);
}

// What comparisons read: aligned, across lines and pages, absent, devices', code.
u64 Assembler::compared_address(unsigned size) {
  const u32 kind = rng_.below(20);
  if (kind < 11 || bits_ == 16)
    return kind == 10 ? address() : operand_base() + rng_.below(kAreaSize / size) * size;
  if (kind < 13) return kDataArea + (1 + rng_.below(3)) * 4096 - 1 - rng_.below(7);
  if (kind < 14) return kDataArea + (1 + rng_.below(511)) * 32 - 1 - rng_.below(7);
  if (kind < 15) return 0x300000 + rng_.below(0x1000);
  if (kind < 17) return kCodeArea + (code_.size() + kAreaSize - 32 + rng_.below(64)) % kAreaSize;
  return address();
}

void Assembler::comparison() {
  static constexpr u8 opcodes[8] = {0x38, 0x3A, 0x84, 0x80, 0xF6, 0x82, 0x38, 0x3A};
  const unsigned opcode = opcodes[rng_.below(8)];
  unsigned size = run_size();
  if (rng_.chance(20)) size = 1;
  if (opcode == 0x82 && size == 1) size = 4;
  const unsigned wide = size != 1;
  const bool has_immediate = opcode == 0x80 || opcode == 0x82 || opcode == 0xF6;
  const unsigned reg = opcode == 0xF6 ? 0 : has_immediate ? 7 : wide ? run_register() : scratch();
  static constexpr u8 segments[6] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
  if (rng_.chance(8)) b({segments[rng_.below(6)]});
  size_prefixes(size, reg, 0);
  b({opcode | wide});
  if (rng_.chance(60))
    absolute(reg & 7, compared_address(size));
  else
    memory(reg & 7);
  if (has_immediate) immediate(opcode == 0x82 ? 1 : size);
}

void Assembler::comparison_and_branch() {
  // Another condition may be stored before.
  unsigned patch = 0;
  if (bits_ != 16 && rng_.chance(8)) {
    b({0xC6});
    absolute(0, 0);
    patch = unsigned(code_.size()) - 4;
    b({0x70 + rng_.below(16)});
    starts_.push_back(unsigned(code_.size()));
  }
  comparison();
  if (patch) {
    const u32 at = u32(kCodeArea + code_.size());
    std::memcpy(&code_[patch], &at, sizeof at);
  }
  starts_.push_back(unsigned(code_.size()));
  const unsigned condition = rng_.below(16);
  if (rng_.chance(15)) return b({0x70 + condition, 0});
  if (!patch && rng_.chance(25)) return branch({0x0F, 0x80 + condition}, near_size());
  branch({0x70 + condition}, 1);
}

}  // namespace reprise::cpu
