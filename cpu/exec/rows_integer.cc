// The opcode map of the integer instructions.
//
// Source: Intel SDM volume 2, appendix A.
#include "cpu/cluster.h"
#include "cpu/decode/decoder.h"
#include "cpu/exec/branch.h"
#include "cpu/exec/misc.h"
#include "cpu/exec/shift.h"
#include "cpu/exec/string.h"
#include "cpu/exec/string_sets.h"

namespace reprise::cpu {

namespace {

template <class P>
const Op* next_block(Cpu& c, const Op* op) {
  c.r[kRip] = (c.r[kRip] + op->offset) & c.ip_mask();
  GO_LINK(P, c, op, 0, kOn);
}

template <class A, bool Compare>
void add_alu(Tables& t, u8 base, const char* name) {
  const u32 lock = Compare ? 0u : u32(kLockable);
  const HandlerSet* eg = Compare ? &kSet<CompareEG<A>> : &kSet<EG<A>>;
  const HandlerSet* ge = Compare ? &kSet<CompareGE<A>> : &kSet<GE<A>>;
  const HandlerSet* ei = Compare ? &kSet<CompareEI<A>> : &kSet<EI<A>>;
  t.add(kOneByte, base + 0, kAnyPrefix, {name, Eb_Gb, eg, lock});
  t.add(kOneByte, base + 1, kAnyPrefix, {name, Ev_Gv, eg, lock});
  t.add(kOneByte, base + 2, kAnyPrefix, {name, Gb_Eb, ge});
  t.add(kOneByte, base + 3, kAnyPrefix, {name, Gv_Ev, ge});
  t.add(kOneByte, base + 4, kAnyPrefix, {name, AL_Ib, ei});
  t.add(kOneByte, base + 5, kAnyPrefix, {name, eAX_Iz, ei});
  const unsigned reg = base >> 3;
  t.add(kOneByte, 0x80, kAnyPrefix, reg, kAnyForm, -1, {name, Eb_Ib, ei, lock});
  t.add(kOneByte, 0x81, kAnyPrefix, reg, kAnyForm, -1, {name, Ev_Iz, ei, lock});
  t.add(kOneByte, 0x82, kAnyPrefix, reg, kAnyForm, -1, {name, Eb_Ib, ei, lock | kNo64});
  t.add(kOneByte, 0x83, kAnyPrefix, reg, kAnyForm, -1, {name, Ev_Ib, ei, lock});
}

template <class A>
void add_shift(Tables& t, unsigned reg, const char* name) {
  t.add(kOneByte, 0xC0, kAnyPrefix, reg, kAnyForm, -1,
        {name, Eb | kUb, &kSet<ShiftE<A, Count::kImm>>});
  t.add(kOneByte, 0xC1, kAnyPrefix, reg, kAnyForm, -1,
        {name, Ev | kUb, &kSet<ShiftE<A, Count::kImm>>});
  t.add(kOneByte, 0xD0, kAnyPrefix, reg, kAnyForm, -1, {name, Eb, &kSet<ShiftE<A, Count::kOne>>});
  t.add(kOneByte, 0xD1, kAnyPrefix, reg, kAnyForm, -1, {name, Ev, &kSet<ShiftE<A, Count::kOne>>});
  t.add(kOneByte, 0xD2, kAnyPrefix, reg, kAnyForm, -1, {name, Eb, &kSet<ShiftE<A, Count::kCl>>});
  t.add(kOneByte, 0xD3, kAnyPrefix, reg, kAnyForm, -1, {name, Ev, &kSet<ShiftE<A, Count::kCl>>});
}

template <BitOp B>
void add_bit(Tables& t, u8 opcode, unsigned reg, const char* name) {
  const u32 lock = B == BitOp::kTest ? 0u : u32(kLockable);
  t.add(k0F, opcode, kAnyPrefix, {name, Ev_Gv, &kSet<BitG<B>>, lock});
  t.add(k0F, 0xBA, kAnyPrefix, reg, kAnyForm, -1, {name, Ev | kUb, &kSet<BitI<B>>, lock});
}

void add_string(Tables& t, u8 opcode, StringOp s, const char* name) {
  const HandlerSet* set = &string_sets[unsigned(s)];
  t.add(kOneByte, opcode, kAnyPrefix, {name, kByte, set, kEnds | kString});
  t.add(kOneByte, opcode + 1, kAnyPrefix, {name, None, set, kEnds | kString});
}

template <unsigned Condition>
void add_jcc(Tables& t) {
  using J = JccJ<OneCondition<Condition>>;
  const u32 attributes = kEnds | kDirect | kCond | kForce64;
  t.add(kOneByte, 0x70 + Condition, kAnyPrefix, {"jcc", Jb, &kSet<J>, attributes});
  t.add(k0F, 0x80 + Condition, kAnyPrefix, {"jcc", Jz, &kSet<J>, attributes});
  if constexpr (Condition < 15) add_jcc<Condition + 1>(t);
}

void add_transfers(Tables& t) {
  add_jcc<0>(t);
  const u32 direct = kEnds | kDirect | kForce64;
  t.add(kOneByte, 0xEB, kAnyPrefix, {"jmp", Jb, &kSet<JmpJ>, direct});
  t.add(kOneByte, 0xE9, kAnyPrefix, {"jmp", Jz, &kSet<JmpJ>, direct});
  t.add(kOneByte, 0xE8, kAnyPrefix, {"call", Jz, &kSet<CallJ>, direct});
  static constexpr const char* loops[4] = {"loopne", "loope", "loop", "jcxz"};
  for (u8 i = 0; i < 4; ++i)
    t.add(kOneByte, 0xE0 + i, kAnyPrefix, {loops[i], Jb, &kSet<LoopJ>, direct | kCond});
  t.add(kOneByte, 0xFF, kAnyPrefix, 2, kAnyForm, -1, {"call", Ev, &kSet<CallE>, kEnds | kForce64});
  t.add(kOneByte, 0xFF, kAnyPrefix, 4, kAnyForm, -1, {"jmp", Ev, &kSet<JmpE>, kEnds | kForce64});
  t.add(kOneByte, 0xC3, kAnyPrefix, {"ret", None, &kSet<RetNear>, kEnds | kForce64});
  t.add(kOneByte, 0xC2, kAnyPrefix, {"ret", Iw, &kSet<RetNear>, kEnds | kForce64});
}

void add_stack(Tables& t) {
  for (u8 i = 0; i < 8; ++i) {
    t.add(kOneByte, 0x50 + i, kAnyPrefix, {"push", Zv, &kSet<PushE>, kDef64});
    t.add(kOneByte, 0x58 + i, kAnyPrefix, {"pop", Zv, &kSet<PopZ>, kDef64});
  }
  t.add(kOneByte, 0x68, kAnyPrefix, {"push", Iz, &kSet<PushI>, kDef64});
  t.add(kOneByte, 0x6A, kAnyPrefix, {"push", Ib, &kSet<PushI>, kDef64});
  t.add(kOneByte, 0xFF, kAnyPrefix, 6, kAnyForm, -1, {"push", Ev, &kSet<PushE>, kDef64});
  t.add(kOneByte, 0x8F, kAnyPrefix, 0, kAnyForm, -1, {"pop", Ev, &kSet<PopE>, kDef64});
  t.add(kOneByte, 0x60, kAnyPrefix, {"pusha", None, STEP_W(pusha), kNo64});
  t.add(kOneByte, 0x61, kAnyPrefix, {"popa", None, STEP_W(popa), kNo64});
  t.add(kOneByte, 0xC8, kAnyPrefix, {"enter", IwIb, STEP_W(enter_frame), kDef64});
  t.add(kOneByte, 0xC9, kAnyPrefix, {"leave", None, &kSet<Leave>, kDef64});
}

void add_moves(Tables& t) {
  t.add(kOneByte, 0x88, kAnyPrefix, {"mov", Eb_Gb, &kSet<MovEG>});
  t.add(kOneByte, 0x89, kAnyPrefix, {"mov", Ev_Gv, &kSet<MovEG>});
  t.add(kOneByte, 0x8A, kAnyPrefix, {"mov", Gb_Eb, &kSet<MovGE>});
  t.add(kOneByte, 0x8B, kAnyPrefix, {"mov", Gv_Ev, &kSet<MovGE>});
  t.add(kOneByte, 0xC6, kAnyPrefix, 0, kAnyForm, -1, {"mov", Eb_Ib, &kSet<MovEI>});
  t.add(kOneByte, 0xC7, kAnyPrefix, 0, kAnyForm, -1, {"mov", Ev_Iz, &kSet<MovEI>});
  for (u8 i = 0; i < 8; ++i) {
    t.add(kOneByte, 0xB0 + i, kAnyPrefix, {"mov", Zb_Ib, &kSet<MovEI>});
    t.add(kOneByte, 0xB8 + i, kAnyPrefix, {"mov", Zv_Iv, &kSet<MovZI>});
    t.add(k0F, 0xC8 + i, kAnyPrefix, {"bswap", Zv, STEP(bswap)});
    if (i) t.add(kOneByte, 0x90 + i, kAnyPrefix, {"xchg", Zv, &kSet<XchgAcc>});
  }
  t.add(kOneByte, 0x90, kAnyPrefix, {"xchg", Zv, &kSet<XchgAcc>});  // NOP without REX.B
  t.add(kOneByte, 0xA0, kAnyPrefix, {"mov", Ob, STEP_W(mov_acc_moffs)});
  t.add(kOneByte, 0xA1, kAnyPrefix, {"mov", Ov, STEP_W(mov_acc_moffs)});
  t.add(kOneByte, 0xA2, kAnyPrefix, {"mov", Ob, STEP_W(mov_moffs_acc)});
  t.add(kOneByte, 0xA3, kAnyPrefix, {"mov", Ov, STEP_W(mov_moffs_acc)});
  t.add(kOneByte, 0x8D, kAnyPrefix, {"lea", M, &kSet<Lea>, kMemOnly});
  t.add(kOneByte, 0x86, kAnyPrefix, {"xchg", Eb_Gb, &kSet<Xchg>, kLockable});
  t.add(kOneByte, 0x87, kAnyPrefix, {"xchg", Ev_Gv, &kSet<Xchg>, kLockable});
  t.add(k0F, 0xB6, kAnyPrefix, {"movzx", Gv_Ev, &kSet<MovExtend<u8, false>>, kByteReg});
  t.add(k0F, 0xB7, kAnyPrefix, {"movzx", Gv_Ev, &kSet<MovExtend<u16, false>>});
  t.add(k0F, 0xBE, kAnyPrefix, {"movsx", Gv_Ev, &kSet<MovExtend<u8, true>>, kByteReg});
  t.add(k0F, 0xBF, kAnyPrefix, {"movsx", Gv_Ev, &kSet<MovExtend<u16, true>>});
  t.add(kOneByte64, 0x63, kAnyPrefix, {"movsxd", Gv_Ev, &kSet<MovExtend<u32, true>>});
  for (u8 i = 0; i < 16; ++i) {
    t.add(k0F, 0x90 + i, kAnyPrefix, {"setcc", Eb, &kSet<Setcc>, kCond});
    t.add(k0F, 0x40 + i, kAnyPrefix, {"cmovcc", Gv_Ev, &kSet<Cmovcc>, kCond, Feature::kCmov});
  }
  t.add(k0F, 0xC0, kAnyPrefix, {"xadd", Eb_Gb, &kSet<Xadd>, kLockable});
  t.add(k0F, 0xC1, kAnyPrefix, {"xadd", Ev_Gv, &kSet<Xadd>, kLockable});
  t.add(k0F, 0xB0, kAnyPrefix, {"cmpxchg", Eb_Gb, &kSet<Cmpxchg>, kLockable});
  t.add(k0F, 0xB1, kAnyPrefix, {"cmpxchg", Ev_Gv, &kSet<Cmpxchg>, kLockable});
  t.add(k0F, 0xC7, kAnyPrefix, 1, kMem, -1,
        {"cmpxchg8b", M, STEP(cmpxchg8b), kLockable, Feature::kCx8});
  t.add(kOneByte, 0xD7, kAnyPrefix, {"xlat", None, STEP(xlat)});
}

void add_arithmetic(Tables& t) {
  add_alu<Add, false>(t, 0x00, "add");
  add_alu<Or, false>(t, 0x08, "or");
  add_alu<Adc, false>(t, 0x10, "adc");
  add_alu<Sbb, false>(t, 0x18, "sbb");
  add_alu<And, false>(t, 0x20, "and");
  add_alu<Sub, false>(t, 0x28, "sub");
  add_alu<Xor, false>(t, 0x30, "xor");
  add_alu<Sub, true>(t, 0x38, "cmp");
  t.add(kOneByte, 0x84, kAnyPrefix, {"test", Eb_Gb, &kSet<CompareEG<And>>});
  t.add(kOneByte, 0x85, kAnyPrefix, {"test", Ev_Gv, &kSet<CompareEG<And>>});
  t.add(kOneByte, 0xA8, kAnyPrefix, {"test", AL_Ib, &kSet<CompareEI<And>>});
  t.add(kOneByte, 0xA9, kAnyPrefix, {"test", eAX_Iz, &kSet<CompareEI<And>>});
  for (u8 i = 0; i < 8; ++i) {
    t.add(kOneByte, 0x40 + i, kAnyPrefix, {"inc", Zv, &kSet<E1<Inc>>, kNo64});
    t.add(kOneByte, 0x48 + i, kAnyPrefix, {"dec", Zv, &kSet<E1<Dec>>, kNo64});
  }
  for (const u8 op : {0xFE, 0xFF}) {
    const u32 e = op == 0xFE ? Eb : Ev;
    t.add(kOneByte, op, kAnyPrefix, 0, kAnyForm, -1, {"inc", e, &kSet<E1<Inc>>, kLockable});
    t.add(kOneByte, op, kAnyPrefix, 1, kAnyForm, -1, {"dec", e, &kSet<E1<Dec>>, kLockable});
  }
  for (const u8 op : {0xF6, 0xF7}) {
    const u32 e = op == 0xF6 ? Eb : Ev;
    const u32 imm = op == 0xF6 ? kIb : kIz;
    t.add(kOneByte, op, kAnyPrefix, 0, kAnyForm, -1, {"test", e | imm, &kSet<CompareEI<And>>});
    t.add(kOneByte, op, kAnyPrefix, 1, kAnyForm, -1, {"test", e | imm, &kSet<CompareEI<And>>});
    t.add(kOneByte, op, kAnyPrefix, 2, kAnyForm, -1, {"not", e, &kSet<E1<Not>>, kLockable});
    t.add(kOneByte, op, kAnyPrefix, 3, kAnyForm, -1, {"neg", e, &kSet<E1<Neg>>, kLockable});
    t.add(kOneByte, op, kAnyPrefix, 4, kAnyForm, -1, {"mul", e, &kSet<MulE<false>>});
    t.add(kOneByte, op, kAnyPrefix, 5, kAnyForm, -1, {"imul", e, &kSet<MulE<true>>});
    t.add(kOneByte, op, kAnyPrefix, 6, kAnyForm, -1, {"div", e, STEP_W(div)});
    t.add(kOneByte, op, kAnyPrefix, 7, kAnyForm, -1, {"idiv", e, STEP_W(idiv)});
  }
  t.add(k0F, 0xAF, kAnyPrefix, {"imul", Gv_Ev, &kSet<ImulGE>});
  t.add(kOneByte, 0x69, kAnyPrefix, {"imul", Gv_Ev_Iz, &kSet<ImulGEI>});
  t.add(kOneByte, 0x6B, kAnyPrefix, {"imul", Gv_Ev_Ib, &kSet<ImulGEI>});
  add_shift<Rol>(t, 0, "rol");
  add_shift<Ror>(t, 1, "ror");
  add_shift<Rcl>(t, 2, "rcl");
  add_shift<Rcr>(t, 3, "rcr");
  add_shift<Shl>(t, 4, "shl");
  add_shift<Shr>(t, 5, "shr");
  add_shift<Shl>(t, 6, "shl");
  add_shift<Sar>(t, 7, "sar");
  t.add(k0F, 0xA4, kAnyPrefix, {"shld", Ev_Gv | kUb, &kSet<DoubleShift<true, Count::kImm>>});
  t.add(k0F, 0xA5, kAnyPrefix, {"shld", Ev_Gv, &kSet<DoubleShift<true, Count::kCl>>});
  t.add(k0F, 0xAC, kAnyPrefix, {"shrd", Ev_Gv | kUb, &kSet<DoubleShift<false, Count::kImm>>});
  t.add(k0F, 0xAD, kAnyPrefix, {"shrd", Ev_Gv, &kSet<DoubleShift<false, Count::kCl>>});
  add_bit<BitOp::kTest>(t, 0xA3, 4, "bt");
  add_bit<BitOp::kSet>(t, 0xAB, 5, "bts");
  add_bit<BitOp::kReset>(t, 0xB3, 6, "btr");
  add_bit<BitOp::kComplement>(t, 0xBB, 7, "btc");
  t.add(k0F, 0xBC, kAnyPrefix, {"bsf", Gv_Ev, &kSet<BitScan<true>>});
  t.add(k0F, 0xBD, kAnyPrefix, {"bsr", Gv_Ev, &kSet<BitScan<false>>});
  t.add(k0F, 0xB8, kF3, {"popcnt", Gv_Ev, STEP_W(popcnt), 0, Feature::kPopcnt});
}

void add_rest(Tables& t) {
  add_string(t, 0xA4, StringOp::kMovs, "movs");
  add_string(t, 0xA6, StringOp::kCmps, "cmps");
  add_string(t, 0xAA, StringOp::kStos, "stos");
  add_string(t, 0xAC, StringOp::kLods, "lods");
  add_string(t, 0xAE, StringOp::kScas, "scas");
  add_string(t, 0x6C, StringOp::kIns, "ins");
  add_string(t, 0x6E, StringOp::kOuts, "outs");
  t.add(kOneByte, 0x98, kAnyPrefix, {"cbw", None, STEP(cbw)});
  t.add(kOneByte, 0x99, kAnyPrefix, {"cwd", None, STEP(cwd)});
  t.add(kOneByte, 0x9E, kAnyPrefix, {"sahf", None, STEP(sahf)});
  t.add(kOneByte, 0x9F, kAnyPrefix, {"lahf", None, STEP(lahf)});
  t.add(kOneByte, 0xF5, kAnyPrefix, {"cmc", None, STEP(cmc)});
  t.add(kOneByte, 0xF8, kAnyPrefix, {"clc", None, STEP(clc)});
  t.add(kOneByte, 0xF9, kAnyPrefix, {"stc", None, STEP(stc)});
  t.add(kOneByte, 0xFC, kAnyPrefix, {"cld", None, STEP(cld)});
  t.add(kOneByte, 0xFD, kAnyPrefix, {"std", None, STEP(std_)});
  t.add(kOneByte, 0xD6, kAnyPrefix, {"salc", None, STEP(salc), kNo64});
  t.add(kOneByte, 0x27, kAnyPrefix, {"daa", None, STEP(daa), kNo64});
  t.add(kOneByte, 0x2F, kAnyPrefix, {"das", None, STEP(das), kNo64});
  t.add(kOneByte, 0x37, kAnyPrefix, {"aaa", None, STEP(aaa), kNo64});
  t.add(kOneByte, 0x3F, kAnyPrefix, {"aas", None, STEP(aas), kNo64});
  t.add(kOneByte, 0xD4, kAnyPrefix, {"aam", Ub, STEP(aam), kNo64});
  t.add(kOneByte, 0xD5, kAnyPrefix, {"aad", Ub, STEP(aad), kNo64});
  // Hint NOPs, ENDBR among them. They came with the P6, as CMOV did; they have no bit of their own.
  for (u8 op = 0x19; op <= 0x1F; ++op)
    t.add(k0F, op, kAnyPrefix, {"nop", Ev, STEP(nop), 0, Feature::kCmov});
  t.add(k0F, 0xFF, kAnyPrefix, {"ud0", Ev, JUMP(ud), kEnds});
  t.add(k0F, 0xB9, kAnyPrefix, {"ud1", Ev, JUMP(ud), kEnds});
  t.add(k0F, 0x0B, kAnyPrefix, {"ud2", None, JUMP(ud), kEnds});
}

}  // namespace

Handler next_block_handler(bool lines) {
  return lines ? next_block<InRegLines> : next_block<InReg>;
}

Handler jcc_handler(const Op& jcc, bool lines) {
  const unsigned condition = jcc.arg & 15, width = jcc.osize == 8 ? 3 : jcc.osize == 4 ? 2 : 1;
  return tables()
      .row(kOneByte, u8(0x70 + condition), kNoPrefix)
      .handlers->at(width, false, false, lines);
}

void add_integer_rows(Tables& t) {
  add_arithmetic(t);
  add_moves(t);
  add_transfers(t);
  add_stack(t);
  add_rest(t);
  add_integer_extension_rows(t);
}

}  // namespace reprise::cpu
