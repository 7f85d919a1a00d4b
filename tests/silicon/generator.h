// Makes experiments: an instruction of the decoder's tables with random encoding, registers,
// flags and memory, leaning towards the edges.
#pragma once

#include <vector>

#include "cpu/decode/tables.h"
#include "tests/fpu/operands.h"
#include "tests/silicon/machine.h"
#include "tests/silicon/undefined_flags.h"

namespace reprise::cpu::silicon {

// One entry of the tables.
struct Slot {
  Map map;
  u8 opcode;
  Prefix prefix;
  const Row* row;
  int reg;   // of the ModRM byte, where a group prescribes it, or -1
  int form;  // likewise: 0 memory, 1 + rm register
};
// The entries of one instruction: its prefixes, registers that the tables tell apart.
using Kind = std::vector<Slot>;
// What the tables hold for the mode, without exclusions and without what the host lacks. `missing`:
// the names of the latter.
std::vector<Kind> kinds(Code width, bool (*host_has)(Feature), std::vector<std::string>& missing);
// What the kind is, whatever else there is in the tables.
u64 identity(const Kind& kind);

struct Made {
  Experiment experiment;
  Shape shape;               // of the last instruction
  u32 undefined = 0;         // flags, after the last instruction
  u32 undefined_before = 0;  // flags, before the last instruction
  bool mmx = false;
  bool alone = true;    // no instruction before it, which may change what it addresses
  bool skip = false;    // has an undefined result
  bool halves = false;  // REP with 67h in 64-bit code: after a fault, bits 0-31 of rCX, rSI, rDI
                        // count
  bool idle_halves = false;   // also after no iteration
  bool long_operand = false;  // more than 8 bytes, at least in some forms
  u64 target = 0;             // what the memory operand addresses; 0: there is none
  int vector_reg = -1;        // the ModRM byte's reg, for instructions on vectors
  int hidden_reg = -1;        // what of this register the instruction writes is not compared
  unsigned image = 0;         // bytes of an image of the x87 unit that the instruction stores
  unsigned image_begin = 0, image_end = 0;  // of these, FIP, FDP, FOP: not compared
  bool wraps = false;  // 16-bit addresses, and 32 bytes from there would cross offset FFFFh
  // A gather of whose registers a fault leaves something open: its mask, the size of an element
  // and of all elements.
  int gather_mask = -1;
  unsigned gather_size = 0, gather_end = 0;
};

class Generator {
 public:
  Generator(bool intel, bool avx) : intel_(intel), avx_(avx) {}
  // The same seed makes the same experiment. From all kinds, also several instructions in a row:
  Made make(const std::vector<Kind>& kinds, Code width, u64 seed);
  // One instruction of one kind; depends on nothing else in the tables.
  Made make_one(const Kind& kind, Code width, u64 seed);

 private:
  u64 value();
  u64 pointer(bool aligned);
  u64 code_pointer();
  void fill_window(bool repetitive);
  void fill_registers();
  void fill_fx();
  void fill_high();
  void vex_prefix(const Slot& s);
  void vector_index(unsigned number, unsigned scale);
  void put_operands(u64 at);
  void emit(unsigned byte) { e_->code[e_->length++] = u8(byte); }
  void emit(u64 v, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) emit(v >> (8 * i) & 0xFF);
  }
  void instruction(const Slot& s);
  Shape shape_of(const Slot& s, bool known_count);
  bool precede(const Slot& s, Made& made);
  void prefixes(const Slot& s, bool memory);
  void memory_operand(const Slot& s, unsigned reg, unsigned imm_size);
  void implicit_operands(const Slot& s);
  void operand_relations(const Slot& s, bool memory, unsigned reg, unsigned rm);
  u64 immediate(const Slot& s, unsigned& size);
  void segment_prefix();
  void segment_base(unsigned reg);
  void begin(Made& made, Code width, u64 seed);
  void finish(const Slot& s, Made& made, bool alone);
  void memory_operand_16(unsigned mod, unsigned rm, u64 want);
  u64 data(u64 linear) const { return linear - data_base(width_); }
  u64& r(unsigned i) { return e_->before.r[i]; }
  bool one_in(u64 n) { return random_.below(n) == 0; }

  bool intel_, avx_;  // who made the other processor, whether it has YMM registers
  fpu::test::Random random_{0};
  Experiment* e_ = nullptr;
  Made* made_ = nullptr;
  Code width_ = Code::k64;
  bool code64_ = true, code16_ = false;
  // Of the instruction being made.
  bool size_ = false, address_ = false, repeat_ = false;
  u64 base_ = 0;  // of the memory operand's segment
  bool overridden_ = false;
  u8 rex_ = 0;
  unsigned osize_ = 4;
  u64 target_ = 0;  // what its memory operand is to address
  bool free_address_ = false;
  bool registers_only_ = false;
};

}  // namespace reprise::cpu::silicon
