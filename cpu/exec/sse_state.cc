// MXCSR, fences, CLFLUSH.
//
// Source: Intel SDM volume 1, 10.4.6, 11.4.4; volume 2.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

void ldmxcsr(Cpu& c, const Op& op) {
  const u32 value = read_rm<u32>(c, op);
  if (value & ~fpu::kMxcsrMask) {
    c.op = &op;
    c.raise(kGP, 0);
  }
  c.fpu.mxcsr = value;
}
void stmxcsr(Cpu& c, const Op& op) { write_rm<u32>(c, op, c.fpu.mxcsr); }

void fence(Cpu&, const Op&) {}
void clflush(Cpu& c, const Op& op) { read_rm<u8>(c, op); }  // faults as a load does

}  // namespace

void add_sse_state_rows(Tables& t) {
  const auto add = [&](unsigned reg, Form form, const Row& row) {
    t.add(k0F, 0xAE, kNoPrefix, reg, form, -1, row);
  };
  add(2, kMem, {"ldmxcsr", M, STEP(ldmxcsr), kSse, Feature::kSse});
  add(3, kMem, {"stmxcsr", M, STEP(stmxcsr), kSse, Feature::kSse});
  const auto add_mxcsr = [&](unsigned reg, const char* name, const HandlerSet* set) {
    t.add(kVex0F, 0xAE, kNoPrefix, reg, kMem, -1,
          {name, M, set, kAvx | kVexL | kVexNoV, Feature::kAvx});
  };
  add_mxcsr(2, "ldmxcsr", &kVexSet<Step<ldmxcsr>, void>);
  add_mxcsr(3, "stmxcsr", &kVexSet<Step<stmxcsr>, void>);
  add(7, kMem, {"clflush", M, STEP(clflush), 0, Feature::kClflush});
  add(5, kReg, {"lfence", M, STEP(fence), 0, Feature::kSse2});
  add(6, kReg, {"mfence", M, STEP(fence), 0, Feature::kSse2});
  add(7, kReg, {"sfence", M, STEP(fence), 0, Feature::kSse});
  t.add(k0F, 0xAE, k66, 7, kMem, -1, {"clflushopt", M, STEP(clflush), 0, Feature::kClflushopt});
  t.add(k0F, 0xAE, k66, 6, kMem, -1, {"clwb", M, STEP(clflush), 0, Feature::kClwb});
}

}  // namespace reprise::cpu
