// Dispatch is a jump: in optimised builds a hot handler ends in an indirect jump to the next one and
// contains no call on its fast path. Compilers do not promise this; this test notices if they stop.
#include <capstone/capstone.h>
#include <gtest/gtest.h>

#include <string>

#include "cpu/exec/alu.h"
#include "cpu/exec/branch.h"

namespace reprise::cpu {
namespace {

// The straight path from the handler's start: conditional jumps are not taken.
std::string fast_path_end(Handler handler) {
  csh engine;
  if (cs_open(CS_ARCH_X86, CS_MODE_64, &engine) != CS_ERR_OK) return "capstone";
  const u8* code = reinterpret_cast<const u8*>(handler);
  size_t room = 400;
  u64 address = reinterpret_cast<u64>(code);
  cs_insn* insn = cs_malloc(engine);
  std::string end = "none";
  while (cs_disasm_iter(engine, &code, &room, &address, insn)) {
    const std::string name = insn->mnemonic;
    if (name == "call" || name == "ret") {
      end = name;
      break;
    }
    if (name == "jmp") {
      end = name + (std::string(insn->op_str).find("0x") == 0 ? " direct" : " indirect");
      break;
    }
  }
  cs_free(insn, 1);
  cs_close(&engine);
  return end;
}

TEST(Dispatch, HandlersEndInAnIndirectJump) {
#if REPRISE_TAIL_CALLS
  EXPECT_EQ(fast_path_end(kSet<EG<Add>>.of[3][0]), "jmp indirect");
  EXPECT_EQ(fast_path_end(kSet<GE<Xor>>.of[2][0]), "jmp indirect");
  EXPECT_EQ(fast_path_end(kSet<MovGE>.of[3][0]), "jmp indirect");
  EXPECT_EQ(fast_path_end(kSet<Lea>.of[3][1]), "jmp indirect");
  EXPECT_EQ(fast_path_end(kSet<MovZI>.of[3][0]), "jmp indirect");
#else
  // Without tail calls a handler returns the next Op to a loop.
  EXPECT_EQ(fast_path_end(kSet<MovZI>.of[3][0]).substr(0, 3) == "jmp", false);
#endif
}

}  // namespace
}  // namespace reprise::cpu
