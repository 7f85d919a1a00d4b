// Writes the code of random guest programs, from templates of what a run loop can get wrong.
#pragma once

#include "tests/support/program_generator.h"

namespace reprise::cpu {

class Assembler {
 public:
  Assembler(Rng& rng, const Program& p) : rng_(rng), p_(p) {
    bits_ = p.mode == GuestMode::kLong ? 64 : p.mode <= GuestMode::kRealFlat ? 16 : 32;
    pairs_percent_ = rng.chance(50) ? 35 : 6;
  }

  // Up to `count` instructions, behind NOPs up to `origin`.
  std::vector<u8> run(unsigned origin, unsigned count);
  const std::vector<unsigned>& starts() const { return starts_; }

 private:
  struct Fix {
    unsigned at, size;
  };

  void b(std::initializer_list<unsigned> bytes) {
    for (unsigned byte : bytes) code_.push_back(u8(byte));
  }
  void value(u64 v, unsigned size) {
    for (unsigned i = 0; i < size; ++i) code_.push_back(u8(v >> (8 * i)));
  }
  void branch(std::initializer_list<unsigned> opcode, unsigned size) {
    b(opcode);
    fixes_.push_back({unsigned(code_.size()), size});
    value(0, size);
  }
  unsigned near_size() const { return bits_ == 16 ? 2 : 4; }
  void imm8() {
    fields_.push_back(unsigned(code_.size()));
    value(rng_.next(), 1);
  }

  void fill_to_page_end();

  // Where operands may lie; in 16-bit code, an offset in the data segment.
  u64 address();
  u64 operand_base() const { return bits_ == 16 ? 0 : kDataArea; }
  u64 code_address();
  // An absolute operand; `reg` is the reg field.
  void absolute(unsigned reg, u64 at);
  void memory(unsigned reg);
  void operand(unsigned reg);
  // General registers that operations write: not the pointers and not SP.
  unsigned scratch() { return rng_.below(3); }

  void prefixes();
  void pointer();  // loads a pointer register

  void instruction();
  void arithmetic();
  void string();
  void flow();
  void store_to_code();
  void device();
  void system();
  void vector();
  void stack();
  void table();

  unsigned run_register();
  unsigned run_size();
  void size_prefixes(unsigned size, unsigned reg, unsigned rm);
  void registers(std::initializer_list<unsigned> opcode, unsigned size, unsigned reg, unsigned rm);
  void immediate(unsigned size);
  unsigned register_instruction(unsigned size, unsigned last);
  void observe_flags();
  void run_of_registers();
  u64 compared_address(unsigned size);
  void comparison();
  void comparison_and_branch();

  Rng& rng_;
  const Program& p_;
  unsigned bits_ = 0;
  unsigned pairs_percent_ = 0;
  std::vector<u8> code_;
  std::vector<unsigned> starts_;
  std::vector<unsigned> fields_;  // immediate bytes: may change without making nonsense
  std::vector<Fix> fixes_;
};

}  // namespace reprise::cpu
