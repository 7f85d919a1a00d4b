// One decoded instruction, and how handlers pass control to the next one.
#pragma once

#include "replay/core/types.h"

namespace reprise::cpu {

struct Cpu;
struct Op;
struct Block;

// Handlers run one instruction and pass control on by NEXT. Where the compiler turns calls in tail
// position into jumps, that is a jump to the next handler; elsewhere (-O0, sanitizers) a handler
// returns the next Op to a loop. Null ends the chain: the run loop goes on from cpu.r[kRip].
using Handler = const Op* (*)(Cpu&, const Op*);

//
// Clang is told; GCC does it where -foptimize-sibling-calls is on, which the Makefile says by
// REPRISE_SIBLING_CALLS (no macro of GCC's own tells -O1, which does not, from -O2).
#if defined(REPRISE_LOOP_DISPATCH) || !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
#define REPRISE_TAIL_CALLS 0
#elif defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define REPRISE_TAIL_CALLS 0
#else
#define REPRISE_TAIL_CALLS 1
#endif
#elif defined(REPRISE_SIBLING_CALLS)
#define REPRISE_TAIL_CALLS 1
#else
#define REPRISE_TAIL_CALLS 0
#endif

#if !REPRISE_TAIL_CALLS
#define DISPATCH(cpu, op) return op
#elif defined(__clang__)
#define DISPATCH(cpu, op) [[clang::musttail]] return (op)->handler(cpu, op)
#else
#define DISPATCH(cpu, op) return (op)->handler(cpu, op)
#endif
// The compilers are kept from seeing that `op` is one more than it was: they would compute it
// beside the load of the handler and move it where it belongs, two instructions more in every
// handler.
#define NEXT            \
  do {                  \
    ++op;               \
    asm("" : "+r"(op)); \
    DISPATCH(c, op);    \
  } while (0)

// Register operands are byte offsets into Cpu::r, so AH is offset 1 and no shift is needed.
struct Op {
  Handler handler;
  u8 rm;    // the ModRM r/m operand, if it is a register
  u8 reg;   // the ModRM reg operand, or the register in the opcode
  u8 base;  // memory operand: r[base] + (r[index] << scale) + disp; kZero where absent
  u8 index;
  u8 scale;
  u8 seg;    // segment of the memory operand, also where its base is taken as 0
  u8 asize;  // address size: 2, 4 or 8 bytes
  u8 arg;    // handler's own: condition, operand width, ...
  i32 disp;
  i32 imm;
  u16 offset;       // of this instruction from the start of its block, in bytes
  u16 cycles_left;  // cycles from the start of this instruction to the end of the block
  u8 count_left;    // instructions likewise, this one included
  u8 length;        // of the instruction, in bytes
  u8 osize;         // operand size: 1, 2, 4 or 8 bytes
  u8 flags;         // kOp...

  u64 imm64() const { return u32(disp) | u64(u32(imm)) << 32; }  // instructions without both
  void set_imm64(u64 value) { disp = i32(u32(value)), imm = i32(u32(value >> 32)); }
};
static_assert(sizeof(Op) == 32);

enum OpFlags : u8 {
  kOpMemory = 1,  // the r/m operand is in memory
  kOpRepe = 2,    // F3 prefix, where it means REP or REPE
  kOpRepne = 4,
  kOpLock = 8,
  kOpRexW = 16,
  kOpFar = 32,      // a branch whose target may lie in another page
  kOpEnds = 64,     // the last of its block; Links follow it
  kOpDirect = 128,  // a relative branch: see relocate()
};

}  // namespace reprise::cpu
