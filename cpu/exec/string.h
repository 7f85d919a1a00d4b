// MOVS, STOS, LODS, CMPS, SCAS, INS, OUTS, alone and under REP.
//
// Each REP iteration has its own position: icount and cycles advance for each, limits are kept to
// the exact iteration, and an interrupt is taken between two. The bulk forms of MOVS and STOS do in
// one step what the iterations would do one by one, inside one page each of source and destination.
#pragma once

#include "cpu/engine/run.h"
#include "cpu/exec/alu.h"

namespace reprise::cpu {

enum class StringOp { kMovs, kStos, kLods, kCmps, kScas, kIns, kOuts };

// One instruction with or without prefix; ends the block.
template <StringOp S>
struct String {
  template <class T, class P>
  static const Op* run(Cpu& c, const Op* op);
};

}  // namespace reprise::cpu
