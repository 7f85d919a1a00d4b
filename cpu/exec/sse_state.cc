// FXSAVE, FXRSTOR, MXCSR, fences, prefetches, CLFLUSH.
//
// Source: Intel SDM volume 1, 10.5; volume 2, FXSAVE (512-byte image):
//   0 FCW  2 FSW  4 FTW, a bit per valid register  6 FOP  8 FIP (12: FCS)  16 FDP (20: FDS)
//   24 MXCSR  28 MXCSR_MASK  32 ST0-ST7, 16 bytes each  160 XMM0-XMM7 (to XMM15 in 64-bit mode)
// With REX.W, FIP and FDP have 64 bits and no selectors. Bytes from 416 on are left alone.
// MXCSR and XMM registers are saved and restored also with CR4.OSFXSR clear.
#include "cpu/exec/x87.h"

namespace reprise::cpu {

namespace {

constexpr u32 kMxcsrMask = 0xFFFF;

u64 fx_address(Cpu& c, const Op& op, bool write) {
  const u64 linear = memory_address(c, op, 512, write);
  require_alignment(c, &op, linear);
  c.probe(linear, 512, write, c.user(), op.seg);
  return linear;
}

void fxsave(Cpu& c, const Op& op) {
  const u64 linear = fx_address(c, op, true);
  const fpu::FpuState& f = c.fpu;
  const auto put = [&](unsigned at, u64 value) { store<u64>(c, &op, linear + at, value, op.seg); };
  put(0, f.control | u64(full_status(f)) << 16 | u64(u8(~f.empty)) << 32 | u64(f.opcode) << 48);
  const bool wide = op.flags & kOpRexW;
  put(8, wide ? f.instruction : u32(f.instruction) | u64(f.code_segment) << 32);
  put(16, wide ? f.data : u32(f.data) | u64(f.data_segment) << 32);
  put(24, f.mxcsr | u64(kMxcsrMask) << 32);
  for (unsigned i = 0; i < 8; ++i) {
    const fpu::Float80 value = X87(c).st(i);
    put(32 + 16 * i, value.significand);
    put(40 + 16 * i, value.sign_exponent);
  }
  const unsigned count = c.code64() ? 16 : 8;
  for (unsigned i = 0; i < count; ++i) {
    put(160 + 16 * i, f.xmm[i].q[0]);
    put(168 + 16 * i, f.xmm[i].q[1]);
  }
}

void fxrstor(Cpu& c, const Op& op) {
  const u64 linear = fx_address(c, op, false);
  const auto get = [&](unsigned at) { return load<u64>(c, &op, linear + at, op.seg); };
  const u32 mxcsr = u32(get(24));
  if (mxcsr & ~kMxcsrMask) c.raise(kGP, 0);
  fpu::FpuState& f = c.fpu;
  f.mxcsr = mxcsr;
  const u64 head = get(0);
  f.control = legal_control(u16(head));
  f.empty = u8(~(head >> 32));
  f.opcode = head >> 48 & 0x7FF;
  load_status(c, u16(head >> 16));
  const u64 instruction = get(8), data = get(16);
  const bool wide = op.flags & kOpRexW;
  f.instruction = wide ? instruction : u32(instruction);
  f.data = wide ? data : u32(data);
  f.code_segment = wide ? 0 : u16(instruction >> 32);
  f.data_segment = wide ? 0 : u16(data >> 32);
  for (unsigned i = 0; i < 8; ++i)
    f.physical[(f.top + i) & 7] = {get(32 + 16 * i), u16(get(40 + 16 * i))};
  const unsigned count = c.code64() ? 16 : 8;
  for (unsigned i = 0; i < count; ++i) f.xmm[i] = {{get(160 + 16 * i), get(168 + 16 * i)}};
}

void ldmxcsr(Cpu& c, const Op& op) {
  const u32 value = read_rm<u32>(c, op);
  if (value & ~kMxcsrMask) {
    c.op = &op;
    c.raise(kGP, 0);
  }
  c.fpu.mxcsr = value;
}
void stmxcsr(Cpu& c, const Op& op) { write_rm<u32>(c, op, c.fpu.mxcsr); }

void fence(Cpu&, const Op&) {}
void prefetch(Cpu&, const Op&) {}                           // a hint; never faults
void clflush(Cpu& c, const Op& op) { read_rm<u8>(c, op); }  // faults as a load does

}  // namespace

void add_sse_state_rows(Tables& t) {
  const auto add = [&](unsigned reg, Form form, const Row& row) {
    t.add(k0F, 0xAE, kNoPrefix, reg, form, -1, row);
  };
  add(0, kMem, {"fxsave", M, STEP(fxsave), kX87, Feature::kFxsr});
  add(1, kMem, {"fxrstor", M, STEP(fxrstor), kX87, Feature::kFxsr});
  add(2, kMem, {"ldmxcsr", M, STEP(ldmxcsr), kSse, Feature::kSse});
  add(3, kMem, {"stmxcsr", M, STEP(stmxcsr), kSse, Feature::kSse});
  add(7, kMem, {"clflush", M, STEP(clflush), 0, Feature::kClflush});
  add(5, kReg, {"lfence", M, STEP(fence), 0, Feature::kSse2});
  add(6, kReg, {"mfence", M, STEP(fence), 0, Feature::kSse2});
  add(7, kReg, {"sfence", M, STEP(fence), 0, Feature::kSse});
  t.add(k0F, 0xAE, k66, 7, kMem, -1, {"clflushopt", M, STEP(clflush), 0, Feature::kClflushopt});
  t.add(k0F, 0xAE, k66, 6, kMem, -1, {"clwb", M, STEP(clflush), 0, Feature::kClwb});
  for (const u8 opcode : {0x0D, 0x18})
    t.add(k0F, opcode, kAnyPrefix, {"prefetch", M, STEP(prefetch)});
}

}  // namespace reprise::cpu
