// FXSAVE, FXRSTOR, XSAVE, XSAVEOPT, XSAVEC, XRSTOR, XGETBV, XSETBV.
//
// Source: Intel SDM volume 1, 10.5 and chapter 13; volume 2, FXSAVE (512-byte image):
//   0 FCW  2 FSW  4 FTW, a bit per valid register  6 FOP  8 FIP (12: FCS)  16 FDP (20: FDS)
//   24 MXCSR  28 MXCSR_MASK  32 ST0-ST7, 16 bytes each  160 XMM0-XMM7 (to XMM15 in 64-bit mode)
// With REX.W, FIP and FDP have 64 bits and no selectors. Bytes from 416 on are left alone.
// MXCSR and XMM registers are saved and restored also with CR4.OSFXSR clear.
// Behind it XSAVE has a header: 512 XSTATE_BV  520 XCOMP_BV  528 48 bytes, 0; then the upper halves
// of the YMM registers (at 576 in both formats, as there is nothing before them) and PKRU
// (compacted: right behind what is there).
//
// A component is in use (XINUSE) if it differs from its initial configuration. XSAVEOPT and XSAVEC
// do not store those that are not; there is no optimization by what was modified.
#include "cpu/exec/xsave.h"

#include <algorithm>

#include "cpu/cluster.h"
#include "cpu/exec/x87.h"

namespace reprise::cpu {

namespace {

constexpr unsigned kHeader = 512, kCompaction = 520;

// The image of an instruction that goes on: everything in it was found accessible.
class Image {
 public:
  Image(Cpu& c, const Op& op, unsigned size, unsigned alignment, bool write)
      : c_(c), op_(op), linear_(memory_address(c, op, size, write)) {
    require_alignment(c, &op, linear_, alignment);
    c.probe(linear_, size, write, c.user(), op.seg);
  }
  void put(unsigned at, u64 value) const { store<u64>(c_, &op_, linear_ + at, value, op_.seg); }
  void put32(unsigned at, u32 value) const { store<u32>(c_, &op_, linear_ + at, value, op_.seg); }
  u64 get(unsigned at) const { return load<u64>(c_, &op_, linear_ + at, op_.seg); }
  void check(unsigned size, bool write) const {
    c_.probe(linear_, size, write, c_.user(), op_.seg);
  }

 private:
  Cpu& c_;
  const Op& op_;
  u64 linear_;
};

unsigned vector_count(const Cpu& c) { return c.code64() ? 16 : 8; }

void save_x87(Cpu& c, const Op& op, const Image& to) {
  const fpu::FpuState& f = c.fpu;
  to.put(0, f.control | u64(full_status(f)) << 16 | u64(u8(~f.empty)) << 32 | u64(f.opcode) << 48);
  const bool wide = op.flags & kOpRexW;
  to.put(8, wide ? f.instruction : u32(f.instruction) | u64(f.code_segment) << 32);
  to.put(16, wide ? f.data : u32(f.data) | u64(f.data_segment) << 32);
  for (unsigned i = 0; i < 8; ++i) {
    const fpu::Float80 value = X87(c).st(i);
    to.put(32 + 16 * i, value.significand);
    to.put(40 + 16 * i, value.sign_exponent);
  }
}
void save_mxcsr(const Cpu& c, const Image& to) {
  to.put32(24, c.fpu.mxcsr);
  to.put32(28, fpu::kMxcsrMask);
}
void save_vectors(const Cpu& c, const Image& to, unsigned at, const Xmm* from) {
  for (unsigned i = 0; i < vector_count(c); ++i) {
    to.put(at + 16 * i, from[i].q[0]);
    to.put(at + 8 + 16 * i, from[i].q[1]);
  }
}

void restore_x87(Cpu& c, const Op& op, const Image& from) {
  fpu::FpuState& f = c.fpu;
  const u64 head = from.get(0);
  f.control = legal_control(u16(head));
  f.empty = u8(~(head >> 32));
  f.opcode = head >> 48 & 0x7FF;
  load_status(c, u16(head >> 16));
  const u64 instruction = from.get(8), data = from.get(16);
  const bool wide = op.flags & kOpRexW;
  f.instruction = wide ? instruction : u32(instruction);
  f.data = wide ? data : u32(data);
  f.code_segment = wide ? 0 : u16(instruction >> 32);
  f.data_segment = wide ? 0 : u16(data >> 32);
  for (unsigned i = 0; i < 8; ++i)
    f.physical[(f.top + i) & 7] = {from.get(32 + 16 * i), u16(from.get(40 + 16 * i))};
}
void initialize_x87(fpu::FpuState& f) {
  for (auto& each : f.physical) each = {};
  f.control = 0x37F;
  f.status = 0;
  f.top = 0;
  f.empty = 0xFF;
  f.opcode = f.code_segment = f.data_segment = 0;
  f.instruction = f.data = 0;
}
u32 legal_mxcsr(Cpu& c, const Image& from) {
  const u32 mxcsr = u32(from.get(24));
  if (mxcsr & ~fpu::kMxcsrMask) c.raise(kGP, 0);
  return mxcsr;
}
void restore_vectors(const Cpu& c, const Image& from, unsigned at, Xmm* to) {
  for (unsigned i = 0; i < vector_count(c); ++i)
    to[i] = {{from.get(at + 16 * i), from.get(at + 8 + 16 * i)}};
}
void clear_vectors(const Cpu& c, Xmm* to) { std::fill_n(to, vector_count(c), Xmm()); }

void fxsave(Cpu& c, const Op& op) {
  const Image to(c, op, 512, 16, true);
  save_x87(c, op, to);
  save_mxcsr(c, to);
  save_vectors(c, to, 160, c.fpu.xmm);
}
void fxrstor(Cpu& c, const Op& op) {
  const Image from(c, op, 512, 16, false);
  c.fpu.mxcsr = legal_mxcsr(c, from);
  restore_x87(c, op, from);
  restore_vectors(c, from, 160, c.fpu.xmm);
}

// --- XSAVE

bool x87_in_use(const fpu::FpuState& f) {
  bool zero = true;
  for (const auto& each : f.physical) zero &= each.significand == 0 && each.sign_exponent == 0;
  return !zero || f.control != 0x37F || f.status || f.top || f.empty != 0xFF || f.opcode ||
         f.code_segment || f.data_segment || f.instruction || f.data;
}
bool any(const Xmm (&registers)[16]) {
  return std::any_of(std::begin(registers), std::end(registers),
                     [](const Xmm& x) { return x.q[0] | x.q[1]; });
}
// MXCSR counts as part of the SSE component (SDM 13.8 to 13.10).
u64 in_use(const Cpu& c) {
  const fpu::FpuState& f = c.fpu;
  return (x87_in_use(f) ? XCR0_X87 : 0) |
         (any(f.xmm) || f.mxcsr != fpu::kMxcsrInit ? XCR0_SSE : 0) |
         (any(f.ymm_high) ? XCR0_AVX : 0) | (c.pkru ? XCR0_PKRU : 0);
}

void require_xsave(Cpu& c, const Op& op) {
  c.op = &op;
  if (!(c.cr4 & CR4_OSXSAVE)) c.raise(kUD);
  if (c.cr0 & CR0_TS) c.raise(kNM);
}
u64 requested(const Cpu& c) { return c.xcr0 & (u32(c.r[RAX]) | c.r[RDX] << 32); }

unsigned pkru_place(u64 components, bool compacted) {
  return compacted ? xsave_size(components & ~u64(XCR0_PKRU), true) : kXsavePkru;
}

enum class Save { kAll, kInUse, kCompacted };

template <Save How>
void xsave(Cpu& c, const Op& op) {
  require_xsave(c, op);
  const u64 wanted = requested(c), used = in_use(c);
  constexpr bool compacted = How == Save::kCompacted;
  const Image to(c, op, xsave_size(wanted, compacted), 64, true);
  const u64 stored = How == Save::kAll ? wanted : wanted & used;
  if (stored & XCR0_X87) save_x87(c, op, to);
  // Without compaction MXCSR goes with either of the components that use it.
  if (compacted ? stored & XCR0_SSE : wanted & (XCR0_SSE | XCR0_AVX)) save_mxcsr(c, to);
  if (stored & XCR0_SSE) save_vectors(c, to, 160, c.fpu.xmm);
  if (stored & XCR0_AVX) save_vectors(c, to, kXsaveAvx, c.fpu.ymm_high);
  if (stored & XCR0_PKRU) to.put(pkru_place(wanted, compacted), c.pkru);
  if (compacted) {
    to.put(kHeader, wanted & used);
    to.put(kCompaction, wanted | u64(1) << 63);
  } else {
    to.put(kHeader, (to.get(kHeader) & ~wanted) | (wanted & used));
  }
}

void xrstor(Cpu& c, const Op& op) {
  require_xsave(c, op);
  const u64 wanted = requested(c);
  const Image from(c, op, kXsaveAvx, 64, false);
  const u64 present = from.get(kHeader), format = from.get(kCompaction);
  const bool compacted = format >> 63;
  if (compacted && !c.cluster.model().has(Feature::kXsavec)) c.raise(kGP, 0);
  bool legal = !(present & ~c.xcr0) && from.get(528) == 0;
  if (compacted) {
    legal &= !(format & ~(c.xcr0 | u64(1) << 63)) && !(present & ~format);
    for (unsigned at = 536; at < kXsaveAvx; at += 8) legal &= from.get(at) == 0;
  } else {
    legal &= format == 0;
  }
  if (!legal) c.raise(kGP, 0);
  const u64 loaded = wanted & present;
  // In the compacted format what is there says where, not what is asked for.
  const u64 places = compacted ? format & ~(u64(1) << 63) : loaded;
  from.check(xsave_size(places, compacted), false);
  u32 mxcsr = c.fpu.mxcsr;
  if (compacted ? loaded & XCR0_SSE : wanted & (XCR0_SSE | XCR0_AVX))
    mxcsr = legal_mxcsr(c, from);
  else if (compacted && (wanted & XCR0_SSE))
    mxcsr = fpu::kMxcsrInit;
  c.fpu.mxcsr = mxcsr;
  if (loaded & XCR0_X87)
    restore_x87(c, op, from);
  else if (wanted & XCR0_X87)
    initialize_x87(c.fpu);
  if (loaded & XCR0_SSE)
    restore_vectors(c, from, 160, c.fpu.xmm);
  else if (wanted & XCR0_SSE)
    clear_vectors(c, c.fpu.xmm);
  if (loaded & XCR0_AVX)
    restore_vectors(c, from, kXsaveAvx, c.fpu.ymm_high);
  else if (wanted & XCR0_AVX)
    clear_vectors(c, c.fpu.ymm_high);
  if (wanted & XCR0_PKRU)
    c.set_pkru(loaded & XCR0_PKRU ? u32(from.get(pkru_place(places, compacted))) : 0);
}

void xgetbv(Cpu& c, const Op& op) {
  c.op = &op;
  if (!(c.cr4 & CR4_OSXSAVE)) c.raise(kUD);
  const u32 which = u32(c.r[RCX]);
  if (which > 1 || (which == 1 && !c.cluster.model().has(Feature::kXgetbv1))) c.raise(kGP, 0);
  const u64 value = which ? c.xcr0 & in_use(c) : c.xcr0;
  c.r[RAX] = u32(value);
  c.r[RDX] = value >> 32;
}
void xsetbv(Cpu& c, const Op& op) {
  c.op = &op;
  if (!(c.cr4 & CR4_OSXSAVE)) c.raise(kUD);
  const u64 value = u32(c.r[RAX]) | c.r[RDX] << 32;
  const bool legal = (value & XCR0_X87) && !(value & ~xcr0_mask(c.cluster.model())) &&
                     !((value & XCR0_AVX) && !(value & XCR0_SSE));
  if (c.cpl != 0 || u32(c.r[RCX]) != 0 || !legal) c.raise(kGP, 0);
  c.xcr0 = value;
  c.update_mode();
}

}  // namespace

u64 xcr0_mask(const CpuModel& m) {
  return XCR0_X87 | XCR0_SSE | (m.has(Feature::kAvx) ? XCR0_AVX : 0) |
         (m.has(Feature::kPku) ? XCR0_PKRU : 0);
}

unsigned xsave_size(u64 components, bool compacted) {
  const unsigned before = kXsaveAvx + (components & XCR0_AVX ? kXsaveAvxSize : 0);
  if (!(components & XCR0_PKRU)) return before;
  return (compacted ? before : kXsavePkru) + kXsavePkruSize;
}

void add_xsave_rows(Tables& t) {
  const auto add = [&](u8 opcode, unsigned reg, const char* name, const HandlerSet* set,
                       u32 attributes, Feature feature) {
    t.add(k0F, opcode, kNoPrefix, reg, kMem, -1, {name, M, set, attributes, feature});
  };
  add(0xAE, 0, "fxsave", STEP(fxsave), kX87, Feature::kFxsr);
  add(0xAE, 1, "fxrstor", STEP(fxrstor), kX87, Feature::kFxsr);
  add(0xAE, 4, "xsave", STEP(xsave<Save::kAll>), 0, Feature::kXsave);
  add(0xAE, 5, "xrstor", STEP(xrstor), 0, Feature::kXsave);
  add(0xAE, 6, "xsaveopt", STEP(xsave<Save::kInUse>), 0, Feature::kXsaveopt);
  add(0xC7, 4, "xsavec", STEP(xsave<Save::kCompacted>), 0, Feature::kXsavec);
  t.add(k0F, 0x01, kNoPrefix, 2, kReg, 0, {"xgetbv", None, STEP(xgetbv), 0, Feature::kXsave});
  t.add(k0F, 0x01, kNoPrefix, 2, kReg, 1, {"xsetbv", None, LAST(xsetbv), kEnds, Feature::kXsave});
}

}  // namespace reprise::cpu
