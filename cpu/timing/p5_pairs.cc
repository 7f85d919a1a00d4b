#include "cpu/timing/p5_pairs.h"

#include <algorithm>
#include <bit>

#include "cpu/timing/rules.h"

namespace reprise::cpu::p5 {

namespace {

const ClockTable& table() {
  static const ClockTable all(p5_rows());
  return all;
}

constexpr Row plain(i16 clocks, Pair pair) {
  return {"", "", Rule::Fixed, {clocks}, "", "", 0, "", pair};
}

bool vector(const Form& f) {
  if (f.map >= 2) return true;
  const u8 op = f.opcode;
  return f.map == 1 &&
         ((op >= 0x10 && op < 0x18) || (op >= 0x28 && op < 0x30) || (op >= 0x50 && op < 0x80) ||
          op == 0xC2 || (op >= 0xC4 && op <= 0xC6) || op >= 0xD0);
}

// Arithmetic of vectors: one of the U pipe at a time, and divisions that nothing overlaps.
const Row* vector_row(const Form& f) {
  static constexpr Row kMove = plain(1, Pair::UV), kScalar = plain(1, Pair::PU),
                       kPacked = plain(2, Pair::PU), kDivS = plain(19, Pair::NP),
                       kDivD = plain(33, Pair::NP), kRootS = plain(28, Pair::NP),
                       kRootD = plain(57, Pair::NP);
  if (f.map != 1) return &kScalar;
  const bool wide = f.mandatory == 0x66 || f.mandatory == 0xF2;
  const bool scalar = f.mandatory == 0xF2 || f.mandatory == 0xF3;
  switch (f.opcode) {
    case 0x51:
      return wide ? &kRootD : &kRootS;
    case 0x5E:
      return wide ? &kDivD : &kDivS;
    case 0x58:
    case 0x59:
    case 0x5A:
    case 0x5B:
    case 0x5C:
    case 0x5D:
    case 0x5F:
    case 0x2A:
    case 0x2C:
    case 0x2D:
    case 0xC2:
    case 0xE6:
      return scalar ? &kScalar : &kPacked;
    case 0x2E:
    case 0x2F:
      return &kScalar;
    default:
      return &kMove;
  }
}

// Version 1 of the extension rule (README.md): what the Pentium has not.
const Row* extension(const Form& f, bool long_mode) {
  static constexpr Row kUv = plain(1, Pair::UV), kMul = plain(14, Pair::NP),
                       kDiv = plain(73, Pair::NP), kIdiv = plain(78, Pair::NP),
                       kSyscall = plain(20, Pair::NP), kIret = plain(27, Pair::NP);
  const u8 op = f.opcode;
  if (f.map == 1 && (op == 0x05 || op == 0x07 || op == 0x34 || op == 0x35)) return &kSyscall;
  if (long_mode) {
    const bool extends = f.map == 1 && (op == 0xB6 || op == 0xB7 || op == 0xBE || op == 0xBF);
    if (extends || (f.map == 0 && op == 0x63)) return &kUv;
    if (f.width == 8) {
      if (f.map == 1 && op == 0xAF) return &kMul;
      if (f.map == 0 && (op == 0x69 || op == 0x6B)) return &kMul;
      if (f.map == 0 && op == 0xF7 && f.reg() >= 4)
        return f.reg() < 6 ? &kMul : f.reg() == 6 ? &kDiv : &kIdiv;
      if (f.map == 0 && op == 0xCF) return &kIret;
    }
  }
  if (f.map == 1 && op >= 0x40 && op < 0x50) return &kUv;  // CMOVcc
  if (vector(f)) return vector_row(f);
  return nullptr;
}
const Row* rest(const Form& f) {
  static constexpr Row kOne = plain(1, Pair::NP), kRead = plain(2, Pair::NP),
                       kModify = plain(3, Pair::NP);
  return f.touch == Touch::Read ? &kRead : f.touch == Touch::Modify ? &kModify : &kOne;
}

// Does an instruction that may pair set flags? (Of map 0; CMOVcc reads them.)
bool sets_flags(const Form& f) {
  const u8 op = f.opcode;
  if (f.map != 0) return false;
  return (op < 0x40 && (op & 7) < 6) || (op >= 0x40 && op < 0x50) || (op >= 0x80 && op <= 0x85) ||
         op == 0xA8 || op == 0xA9 || op == 0xC0 || op == 0xC1 || (op >= 0xD0 && op <= 0xD3) ||
         op >= 0xF6;
}

// Sources: Intel SDM volume 1, chapter 8, for which registers each form uses.
P5Fp floating(const Form& f, const Row& r) {
  P5Fp k;
  if (f.map == 0 && f.opcode == 0x9B) k.present = k.wait = true;
  if (f.map != 0 || f.opcode < 0xD8 || f.opcode > 0xDF) return k;
  const unsigned op = f.opcode & 7, which = f.reg();
  k.present = true;
  k.i = f.rm();
  k.overlap = u8(r.rule == Rule::FpuPc      ? r.v[4]
                 : r.rule == Rule::FpuRange ? r.v[3]
                 : r.rule == Rule::Fpu      ? r.v[2]
                                            : 0);
  const bool arithmetic = op == 0 || op == 4 || op == 2 || op == 6;
  if (f.memory) {
    if (arithmetic) {
      k.reads = 1;
      if (which != 2 && which != 3) k.writes = 1;
      k.multiply = which == 1;
    } else if (op == 1 || op == 3 || op == 5 || op == 7) {
      const bool load = which == 0 || (which >= 4 && (op == 7 || (op == 3 && which == 5)));
      const bool stores = which == 1 || which == 2 || which == 3 || which >= 6;
      const bool environment = (op == 1 || op == 5) && which >= 4;
      if (environment) return k;
      if (load && which < 6)
        k.writes = 3;
      else if (stores)
        k.reads = 1, k.store = true;
    }
    return k;
  }
  if (op == 1 && which == 1) {
    k.exchange = true;
    return k;
  }
  if (op == 1 && which == 0) {
    k.reads = 2, k.writes = 3;  // what is pushed is ST(i)
  } else if (op == 5 && (which == 2 || which == 3)) {
    k.reads = 1, k.writes = 2;
  } else if (op == 0 || op == 4 || op == 6 || (op == 5 && which >= 4) || (op == 2 && which == 5)) {
    const bool compares = which == 2 || which == 3 || op == 5 || op == 2;
    k.reads = 3;
    if (!compares) k.writes = op == 0 ? 1 : 2;
    k.multiply = which == 1 && !compares;
  } else if (op == 1 && which == 5) {
    k.writes = 3;  // constants
  } else if (op == 1 && (which == 4 || which >= 6)) {
    k.reads = 1;
    if (which != 4 || f.rm() < 2) k.writes = 1;
  }
  return k;
}

}  // namespace

P5Pipe describe(const Form& f, u32 mode, const Op& op, Clocked& k) {
  const bool long_mode = (mode & kModeWidth) == kMode64;
  const bool vex = f.map == 0 && (f.opcode == 0xC4 || f.opcode == 0xC5 || f.opcode == 0x62) &&
                   (long_mode || !f.memory);
  const Row* found = vex ? rest(Form()) : extension(f, long_mode);
  if (!found) found = table().find(f);
  if (!found) found = rest(f);
  const Row& r = *found;
  k = {};
  int clocks = set_rule(k, r, i16(found - p5_rows().data()), f, mode);
  k.touch = f.touch;
  k.size = f.width;
  const bool exchange = f.map == 0 && (f.opcode == 0x86 || f.opcode == 0x87) && f.memory;
  if (f.lock || exchange) clocks += kP5Locked;
  k.clocks = u16(clocks);
  k.after = std::bit_cast<u64>(floating(f, r));

  P5Pipe p;
  p.clocks = k.clocks;
  p.ends = op.flags & kOpEnds;
  p.pair = r.pair;
  if (vex) return p;
  p.address = u16(f.address | f.index);
  p.sources = f.sources;
  p.writes = f.writes;
  p.stack = f.touch == Touch::Push ? 1 : f.touch == Touch::Pop ? 2 : 0;
  if (f.map == 0 && f.opcode == 0xC2) p.writes |= 1u << RSP;  // RET with an immediate
  p.disp_imm = f.disp && f.imm;
  p.writes_flags = sets_flags(f);
  p.reads_flags = f.map == 1 && f.opcode >= 0x40 && f.opcode < 0x50;
  const bool jcc = f.map == 1 && f.opcode >= 0x80 && f.opcode < 0x90;
  p.prefixes =
      u8(f.prefixes + f.lock + (f.map != 0 && !jcc && !long_mode) + (f.map >= 2 && !long_mode));
  if (f.mandatory && long_mode && vector(f)) p.prefixes = u8(p.prefixes - (f.mandatory == 0x66));
  if (r.rule == Rule::Rep || r.rule == Rule::RepPort) p.prefixes = 0, p.address = 0;
  p.memory = f.explicit_address && !long_mode;
  if (r.rule == Rule::Predict)
    p.branch = (jcc || (f.map == 0 && f.opcode >= 0x70 && f.opcode < 0x80))
                   ? P5Branch::kConditionalU
               : f.map == 0 && f.opcode >= 0xE8 && f.opcode <= 0xEB ? P5Branch::kDirect
                                                                    : P5Branch::kIndirect;
  return p;
}

bool pairs(const P5Pipe& u, const P5Pipe& v) {
  if (v.pair == Pair::FXCH) return u.pair == Pair::FX;
  if (u.pair != Pair::UV && u.pair != Pair::PU) return false;
  if (v.pair != Pair::UV && v.pair != Pair::PV) return false;
  if (v.prefixes || u.disp_imm || v.disp_imm) return false;
  if (u.writes & (v.sources | v.address | v.writes)) return false;
  if (v.reads_flags && u.writes_flags) return false;
  constexpr u16 kSp = 1u << RSP;
  if (u.stack) {
    if (v.stack) return u.stack == v.stack;
    if ((v.sources | v.address) & kSp) return false;
  }
  return true;
}

// Rows: U takes 1, 2, 3 clocks (registers, reads memory, changes memory); columns: V.
unsigned pair_clocks(const P5Pipe& u, const P5Pipe& v) {
  static constexpr u8 together[3][3] = {{1, 2, 3}, {2, 2, 3}, {3, 4, 5}};
  if (v.pair == Pair::FXCH) return u.clocks;
  if (u.clocks > 3 || v.clocks > 3 || !u.clocks || !v.clocks)
    return std::max<unsigned>(u.clocks, v.clocks);
  return together[u.clocks - 1][v.clocks - 1];
}

}  // namespace reprise::cpu::p5
