// Bytes to Ops.
#pragma once

#include "cpu/cpu.h"
#include "cpu/engine/block_cache.h"

namespace reprise::cpu {

enum class DecodeResult {
  kOk,    // *op is decoded; what cannot be executed becomes an Op that raises its exception
  kMore,  // the instruction needs more than `available` bytes
};

// Decodes one instruction for the vCPU's present mode. Relative branches hold their displacement
// from the instruction's end until relocate().
DecodeResult decode(const Cpu& c, const u8* bytes, unsigned available, Op* op);

// Once op->offset is known: operands relative to RIP, and the target (imm) and next instruction
// (disp) of relative branches become relative to the block's start.
void relocate(Op* op);
// May this (relocated) branch of a block at `offset` in its page lead into another page?
bool branches_out(const Op& op, unsigned offset);

// Joins pairs into one dispatch: comparisons with the branch behind them, and wherever else in a
// block it saves most (exec/fusion.cc). The second of a pair keeps its handler.
void fuse(Op* ops, unsigned count);
// Only the comparison and branch at the end; only the others.
void fuse_branch(Op* ops, unsigned count);
void fuse_chains(Op* ops, unsigned count);
// The handler that the first of such a pair had; null where it is none.
Handler unfused(Handler fused);

// Ends a block that has no branch: goes on behind it.
Handler next_block_handler(bool lines);
// A Jcc's; `lines`: where a model of caches looks.
Handler jcc_handler(const Op& jcc, bool lines);

}  // namespace reprise::cpu
