// The opcode map as data. One row: mnemonic, operand encoding, handlers, attributes. Decoder,
// dispatch, the disassembly cross-check and the generated tests all read the same rows.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "cpu/engine/run.h"
#include "cpu/op.h"
#include "cpu/system/model.h"

namespace reprise::cpu {

// Handlers by operand width (8, 16, 32, 64 bits) and place of the r/m operand.
struct HandlerSet {
  // Places: register, flat memory, general memory; then, null where they would be the same as
  // another, for models of caches: flat memory, and a register where the stack is used, or where
  // control goes elsewhere.
  Handler of[4][5] = {};
  Handler at(unsigned width, bool memory, bool flat, bool lines) const {
    const auto& place = of[width];
    if (lines && memory && flat && place[3]) return place[3];
    if (lines && !memory && place[4]) return place[4];
    return place[!memory ? 0 : flat && !lines ? 1 : 2];
  }
};

// How operands are encoded; names as in the opcode maps of the SDM, volume 2, appendix A.
enum Operands : u32 {
  kModRm = 1,        // a ModRM byte
  kByte = 2,         // byte operands
  kRegInOpcode = 4,  // low three bits of the opcode name the r/m register
  kImm = 0xF0,       // kind of immediate:
  kIb = 0x10,        // 8 bits, sign-extended
  kIz = 0x20,        // 16 or 32 bits, sign-extended
  kIw = 0x30,        // 16 bits
  kIv = 0x40,        // 16, 32 or 64 bits
  kJb = 0x50,
  kJz = 0x60,
  kAp = 0x70,     // far pointer: imm = offset, disp = selector
  kMoffs = 0x80,  // memory offset of address size
  kIwIb = 0x90,   // ENTER: imm = size, arg = level
  kUb = 0xA0,     // 8 bits, zero-extended

  None = 0,
  Eb = kModRm | kByte,
  Ev = kModRm,
  Eb_Gb = kModRm | kByte,
  Ev_Gv = kModRm,
  Gb_Eb = kModRm | kByte,
  Gv_Ev = kModRm,
  Eb_Ib = kModRm | kByte | kIb,
  Ev_Iz = kModRm | kIz,
  Ev_Ib = kModRm | kIb,
  Gv_Ev_Iz = kModRm | kIz,
  Gv_Ev_Ib = kModRm | kIb,
  Zv = kRegInOpcode,
  Zb_Ib = kRegInOpcode | kByte | kIb,
  Zv_Iv = kRegInOpcode | kIv,
  AL_Ib = kByte | kIb,
  eAX_Iz = kIz,
  Ib = kIb,
  Ub = kUb,
  Iz = kIz,
  Iw = kIw,
  Jb = kJb,
  Jz = kJz,
  Ap = kAp,
  Ob = kMoffs | kByte,
  Ov = kMoffs,
  IwIb = kIwIb,
  M = kModRm,
  Vx_Wx = kModRm,
  Vx_Wx_Ub = kModRm | kUb,
};

enum Attributes : u32 {
  kLockable = 1u << 0,  // LOCK is legal with a memory destination
  kNo64 = 1u << 1,      // #UD in 64-bit mode
  kOnly64 = 1u << 2,
  kDef64 = 1u << 3,    // operand size 64 by default in 64-bit mode
  kForce64 = 1u << 4,  // ... and always
  kEnds = 1u << 5,     // ends the block
  kDirect = 1u << 6,   // relative branch
  kMemOnly = 1u << 7,  // #UD with a register operand
  kRegOnly = 1u << 8,
  kSse = 1u << 9,         // #UD/#NM by CR0.EM, CR4.OSFXSR, CR0.TS
  kX87 = 1u << 10,        // #NM by CR0.EM, CR0.TS
  kMmx = 1u << 11,        // #UD by CR0.EM, #NM by CR0.TS
  kVecReg = 1u << 12,     // op.reg is a vector (XMM, MMX) register's number
  kVecRm = 1u << 13,      // op.rm likewise
  kRawReg = 1u << 14,     // op.reg is the ModRM reg field (with REX.R), not an offset
  kProtOnly = 1u << 15,   // #UD in real and virtual-8086 mode
  kElsePlain = 1u << 16,  // where the model lacks the feature: the row without the prefix
  kCond = 1u << 17,       // op.arg = low four bits of the opcode
  kString = 1u << 18,     // REP prefixes apply
  kRegRmArg = 1u << 19,   // op.arg = ModRM reg << 3 | rm (x87)
  kByteReg = 1u << 20,    // the r/m operand is a byte though the operand size is not (MOVZX, ...)
  kIgnoreMod = 1u << 22,  // the r/m operand is a register whatever mod says
  // Rows of the VEX maps:
  kAvx = 1u << 23,     // #UD where AVX is not enabled, #NM by CR0.TS
  kVexL = 1u << 24,    // handlers by VEX.L, not by operand width
  kVexByW = 1u << 25,  // ... and by VEX.W: L + 2W
  kVexNoV = 1u << 26,  // VEX.vvvv must name no register
  kVexW0 = 1u << 27,   // VEX.W must be 0
  kVexW1 = 1u << 28,
  kVexGpr = 1u << 29,  // op.arg, the vvvv operand, is a general register's offset; VEX.L must be 0
  kWide2 = 1u << 30,   // with VEX.L, AVX2
  kVsib = 1u << 31,    // the memory operand's index is a vector register: op.index is its number
  kVec = kVecReg | kVecRm,
};

struct Group;
struct Row {
  const char* name = nullptr;  // null: undefined, #UD
  u32 operands = 0;
  const HandlerSet* handlers = nullptr;
  u32 attributes = 0;
  Feature feature = Feature::kAlways;
  const Group* group = nullptr;  // picked by ModRM instead
};
// By ModRM: reg, then memory ([0]) or register form with its rm ([1 + rm]).
struct Group {
  Row rows[8][9];
};

// kOneByte64: one-byte opcodes that are another instruction in 64-bit mode (63h: MOVSXD, not ARPL).
enum Map : u8 { kOneByte, k0F, k0F38, k0F3A, kOneByte64, kVex0F, kVex0F38, kVex0F3A, kMaps };
constexpr Map vex_map(Map map) { return Map(map - k0F + kVex0F); }
enum Prefix : u8 { kNoPrefix, k66, kF3, kF2, kAnyPrefix };
enum Form : u8 { kAnyForm, kMem, kReg };

class Tables {
 public:
  Tables();
  const Row& row(Map map, u8 opcode, Prefix prefix) const { return rows_[map][opcode][prefix]; }
  // kAnyPrefix: prefixes keep their ordinary meaning. A row with a mandatory prefix goes first.
  void add(Map map, u8 opcode, Prefix prefix, const Row& row);
  // One entry of a group; rm < 0: all. Later entries override earlier ones.
  void add(Map map, u8 opcode, Prefix prefix, unsigned reg, Form form, int rm, const Row& row);

 private:
  Row rows_[kMaps][256][4];
  std::vector<std::unique_ptr<Group>> groups_;
};
const Tables& tables();

// Filled by the files that know the handlers.
void add_integer_rows(Tables& t);  // exec/rows_integer.cc
void add_system_rows(Tables& t);   // system/rows_system.cc
void add_x87_rows(Tables& t);      // exec/rows_x87.cc
void add_sse_rows(Tables& t);      // exec/rows_sse.cc: MMX, SSE and AVX
void add_bit_rows(Tables& t);      // exec/bits.cc: BMI1 and BMI2

// --- handler sets
// ---------------------------------------------------------------------------------

// F::run<T, Place> for every width and place.
template <class F>
constexpr HandlerSet make_set() {
  HandlerSet s;
  const auto fill = [&]<class T>(unsigned width, T) {
    s.of[width][0] = F::template run<T, InReg>;
    s.of[width][1] = F::template run<T, InFlat>;
    s.of[width][2] = F::template run<T, InGeneral>;
    s.of[width][3] = F::template run<T, InLines>;
    if constexpr (requires { F::kStack; } || requires { F::kGoes; })
      s.of[width][4] = F::template run<T, InRegLines>;
  };
  fill(0, u8()), fill(1, u16()), fill(2, u32()), fill(3, u64());
  return s;
}
// F::run<Place>, whatever the width (vector instructions).
template <class F>
constexpr HandlerSet make_place_set() {
  HandlerSet s;
  for (auto& width : s.of) {
    width[0] = F::template run<InReg>;
    width[1] = F::template run<InFlat>;
    width[2] = F::template run<InGeneral>;
  }
  return s;
}
constexpr HandlerSet make_same(Handler h) {
  HandlerSet s;
  for (auto& width : s.of)
    for (auto& place : width) place = h;
  return s;
}
constexpr HandlerSet make_wide(Handler b, Handler w, Handler d, Handler q) {
  HandlerSet s;
  const Handler by_width[4] = {b, w, d, q};
  for (unsigned i = 0; i < 4; ++i)
    for (auto& place : s.of[i]) place = by_width[i];
  return s;
}
// By VEX.L, or L + 2W (kVexByW); void: that form is #UD.
template <class... F>
constexpr HandlerSet make_vex_set() {
  HandlerSet s;
  const auto fill = []<class G>(auto& places, std::type_identity<G>) {
    if constexpr (!std::is_void_v<G>) {
      places[0] = G::template run<InReg>;
      places[1] = G::template run<InFlat>;
      places[2] = G::template run<InGeneral>;
    }
  };
  unsigned i = 0;
  (fill(s.of[i++], std::type_identity<F>()), ...);
  return s;
}
template <class F>
inline constexpr HandlerSet kSet = make_set<F>();
template <class... F>
inline constexpr HandlerSet kVexSet = make_vex_set<F...>();
template <class F>
inline constexpr HandlerSet kPlaceSet = make_place_set<F>();
template <Handler H>
inline constexpr HandlerSet kSame = make_same(H);
template <Handler B, Handler W, Handler D, Handler Q>
inline constexpr HandlerSet kWide = make_wide(B, W, D, Q);

// For rows: a plain function, or a function template over the width, in a wrapper of access.h.
#define STEP(fn) &kSame<step<fn>>
#define LAST(fn) &kSame<last<fn>>
#define JUMP(fn) &kSame<jump<fn>>
#define STEP_W(fn) &kWide<step<fn<u8>>, step<fn<u16>>, step<fn<u32>>, step<fn<u64>>>
#define LAST_W(fn) &kWide<last<fn<u8>>, last<fn<u16>>, last<fn<u32>>, last<fn<u64>>>
#define JUMP_W(fn) &kWide<jump<fn<u8>>, jump<fn<u16>>, jump<fn<u32>>, jump<fn<u64>>>

}  // namespace reprise::cpu
