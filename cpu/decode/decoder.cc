// Prefixes, opcode, ModRM, SIB, displacement and immediate of one instruction.
//
// Source: Intel SDM volume 2, chapter 2 and appendix A.
#include "cpu/decode/decoder.h"

#include "cpu/cluster.h"
#include "cpu/decode/tables.h"
#include "cpu/engine/run.h"

namespace reprise::cpu {

namespace {

void raise_ud(Cpu& c, const Op&) { c.raise(kUD); }
void raise_nm(Cpu& c, const Op&) { c.raise(kNM); }

// The bytes of the instruction; reading past the end is noted, not done.
class Reader {
 public:
  Reader(const u8* bytes, unsigned available) : bytes_(bytes), available_(available) {}
  u64 get(unsigned size) {
    if (at_ + size > available_) {
      short_ = true;
      at_ = available_;
      return 0;
    }
    u64 value = 0;
    std::memcpy(&value, bytes_ + at_, size);
    at_ += size;
    return value;
  }
  // The next byte, without taking it.
  u8 peek() {
    if (at_ < available_) return bytes_[at_];
    short_ = true;
    return 0;
  }
  i64 get_signed(unsigned size) {
    const u64 value = get(size);
    return size == 1 ? i8(value) : size == 2 ? i16(value) : size == 4 ? i32(value) : i64(value);
  }
  unsigned at() const { return at_; }
  bool ran_short() const { return short_; }

 private:
  const u8* bytes_;
  unsigned available_;
  unsigned at_ = 0;
  bool short_ = false;
};

struct Prefixes {
  bool size = false, address = false, lock = false;
  u8 rep = 0;  // F2 or F3, the last one
  u8 segment = kNoSeg;
  u8 rex = 0;
};

// Of VEX prefixes (SDM volume 2, 2.3): what is not also REX.
struct VexPrefix {
  bool present = false, l = false, w = false;
  u8 map = 1, pp = 0, v = 0;  // v: the register, 0 also if there is none
};
// C4h or C5h was read. REX's bits count in 64-bit mode alone.
VexPrefix read_vex(Reader& in, u8 opcode, bool code64, u8& rex) {
  VexPrefix vex = {.present = true};
  u8 first = u8(in.get(1)), last = first;
  if (opcode == 0xC4) {
    last = u8(in.get(1));
    vex.map = first & 31;
    vex.w = last & 0x80;
  } else {
    first |= 0x60;  // X and B are not there
  }
  vex.v = ~last >> 3 & 15;
  vex.l = last & 4;
  vex.pp = last & 3;
  rex = code64 ? u8(0x40 | vex.w << 3 | (~first >> 5 & 7)) : 0;
  return vex;
}

u8 gpr(unsigned number, bool byte, bool rex) {
  return u8(byte && !rex && number >= 4 ? (number - 4) * 8 + 1 : number * 8);
}

void memory_16(Reader& in, u8 modrm, Op* op, u8& segment) {
  static constexpr u8 base[8] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
  static constexpr u8 index[8] = {RSI, RDI, RSI, RDI, kZero, kZero, kZero, kZero};
  const u8 mod = modrm >> 6, rm = modrm & 7;
  if (mod == 0 && rm == 6) {
    op->base = op->index = kZero * 8;
    op->disp = i32(in.get(2));
    return;
  }
  op->base = u8(base[rm] * 8);
  op->index = u8(index[rm] * 8);
  op->disp = mod == 1 ? i32(in.get_signed(1)) : mod == 2 ? i32(in.get_signed(2)) : 0;
  if (base[rm] == RBP) segment = SS;
}

// Returns true if the operand is relative to RIP.
bool memory_32(Reader& in, u8 modrm, u8 rex, bool code64, bool vsib, Op* op, u8& segment) {
  const u8 mod = modrm >> 6;
  u8 base = u8((modrm & 7) | (rex & 1) << 3);
  u8 index = kZero;
  bool no_base = false;
  bool relative = false;
  if ((modrm & 7) == 4) {
    const u8 sib = u8(in.get(1));
    base = u8((sib & 7) | (rex & 1) << 3);
    index = u8((sib >> 3 & 7) | (rex & 2) << 2);
    op->scale = sib >> 6;
    if (index == RSP && !vsib) index = kZero;
    no_base = (sib & 7) == 5 && mod == 0;
  } else if ((modrm & 7) == 5 && mod == 0) {
    no_base = true;
    relative = code64;
  }
  op->base = u8((no_base ? u8(kZero) : base) * 8);
  op->index = vsib ? index : u8(index * 8);
  op->disp = mod == 1 ? i32(in.get_signed(1)) : mod == 2 || no_base ? i32(in.get(4)) : 0;
  if (!no_base && (base == RSP || base == RBP)) segment = SS;
  return relative;
}

DecodeResult exception(Op* op, unsigned length, Handler handler) {
  op->handler = handler;
  op->length = u8(length);
  op->flags = kOpEnds;
  return DecodeResult::kOk;
}

}  // namespace

DecodeResult decode(const Cpu& c, const u8* bytes, unsigned available, Op* op) {
  *op = {};
  op->base = op->index = kZero * 8;
  Reader in(bytes, available);
  Prefixes p;
  const u32 width = c.mode & kModeWidth;
  const bool code64 = width == kMode64;

  u8 opcode = 0;
  for (;;) {
    opcode = u8(in.get(1));
    if (in.ran_short()) return DecodeResult::kMore;
    if (opcode == 0x66)
      p.size = true;
    else if (opcode == 0x67)
      p.address = true;
    else if (opcode == 0xF0)
      p.lock = true;
    else if (opcode == 0xF2 || opcode == 0xF3)
      p.rep = opcode;
    else if (opcode == 0x26 || opcode == 0x2E || opcode == 0x36 || opcode == 0x3E) {
      if (!code64) p.segment = opcode >> 3 & 3;
    } else if (opcode == 0x64 || opcode == 0x65)
      p.segment = u8(opcode - 0x64 + FS);
    else if (code64 && (opcode & 0xF0) == 0x40) {
      p.rex = opcode;
      continue;  // a REX prefix counts only right before the opcode
    } else
      break;
    p.rex = 0;
  }

  Map map = kOneByte;
  VexPrefix vex;
  // Outside 64-bit mode LES and LDS, unless their operand would be a register.
  if ((opcode & 0xFE) == 0xC4 && (code64 || in.peek() >= 0xC0)) {
    const bool prefixed = p.size || p.rep || p.lock || p.rex;
    vex = read_vex(in, opcode, code64, p.rex);
    opcode = u8(in.get(1));
    if (in.ran_short()) return DecodeResult::kMore;
    if (prefixed || vex.map < 1 || vex.map > 3) return exception(op, in.at(), jump<raise_ud>);
    map = Map(kVex0F + vex.map - 1);
  } else if (opcode == 0x0F) {
    opcode = u8(in.get(1));
    map = k0F;
    if (opcode == 0x38 || opcode == 0x3A) {
      map = opcode == 0x38 ? k0F38 : k0F3A;
      opcode = u8(in.get(1));
    }
  }
  if (in.ran_short()) return DecodeResult::kMore;
  const Prefix prefix = vex.present     ? Prefix(vex.pp)
                        : p.rep == 0xF3 ? kF3
                        : p.rep == 0xF2 ? kF2
                        : p.size        ? k66
                                        : kNoPrefix;
  if (code64 && map == kOneByte && tables().row(kOneByte64, opcode, prefix).name) map = kOneByte64;
  const Row* row = &tables().row(map, opcode, prefix);
  if ((row->attributes & kElsePlain) && !c.cluster.model().has(row->feature))
    row = &tables().row(map, opcode, kNoPrefix);
  // CRC32 takes 66h as operand size beside its F2h; F2h and F3h otherwise win over 66h.
  u8 modrm = 0;
  if (row->operands & kModRm) modrm = u8(in.get(1));
  if (in.ran_short()) return DecodeResult::kMore;
  bool memory = (row->operands & kModRm) && modrm < 0xC0;
  if (row->group) row = &row->group->rows[modrm >> 3 & 7][memory ? 0 : 1 + (modrm & 7)];
  const u32 attributes = row->attributes;
  if (attributes & kIgnoreMod) memory = false;
  const u32 operands = row->operands;

  // Sizes.
  unsigned osize = width == kMode16 && !vex.present ? (p.size ? 4 : 2) : (p.size ? 2 : 4);
  if (code64) {
    if ((p.rex & 8) || (attributes & kForce64))
      osize = 8;
    else if ((attributes & kDef64) && !p.size)
      osize = 8;
  }
  const unsigned asize = code64 ? (p.address ? 4 : 8) : (width == kMode16) != p.address ? 2 : 4;
  op->osize = u8(operands & kByte ? 1 : osize);
  op->asize = u8(asize);

  // The r/m operand.
  u8 segment = DS;
  bool relative = false;
  const bool vsib = attributes & kVsib;
  if (vsib && (!memory || asize == 2 || (modrm & 7) != 4))
    return exception(op, in.at(), jump<raise_ud>);
  if (memory) {
    if (asize == 2)
      memory_16(in, modrm, op, segment);
    else
      relative = memory_32(in, modrm, p.rex, code64, vsib, op, segment);
    op->flags |= kOpMemory;
  } else if (operands & kModRm) {
    const u8 number = u8((modrm & 7) | (p.rex & 1) << 3);
    op->rm = attributes & kVecRm ? number
                                 : gpr(number, operands & kByte || attributes & kByteReg, p.rex);
  } else if (operands & kRegInOpcode) {
    op->rm = gpr((opcode & 7) | (p.rex & 1) << 3, operands & kByte, p.rex);
  }
  if (operands & kModRm) {
    const u8 number = u8((modrm >> 3 & 7) | (p.rex & 4) << 1);
    op->reg = attributes & (kVecReg | kRawReg) ? number : gpr(number, operands & kByte, p.rex);
  }
  if (p.segment != kNoSeg) segment = p.segment;
  op->seg = segment;

  // Immediates.
  const unsigned imm_size = osize == 8 ? 4 : osize;
  switch (operands & kImm) {
    case kIb:
    case kJb:
      op->imm = i32(in.get_signed(1));
      break;
    case kUb:
      op->imm = i32(in.get(1));
      break;
    case kIz:
      op->imm = i32(in.get_signed(imm_size));
      break;
    case kJz:
      op->imm = i32(in.get_signed(code64 ? 4 : imm_size));
      break;
    case kIw:
      op->imm = i32(in.get(2));
      break;
    case kIv:
      op->set_imm64(osize == 8 ? in.get(8) : u64(in.get_signed(osize)));
      break;
    case kAp:
      op->imm = i32(in.get(imm_size));
      op->disp = i32(in.get(2));
      break;
    case kMoffs:
      op->set_imm64(in.get(asize));
      break;
    case kIwIb:
      op->imm = i32(in.get(2));
      op->arg = u8(in.get(1));
      break;
  }
  if (in.ran_short()) return DecodeResult::kMore;
  op->length = u8(in.at());
  if (relative) {
    // Relative to the next instruction: r[kRip] + offset + length + disp, where the block's start
    // is r[kRip]; relocate() adds the offset.
    op->base = kRip * 8;
    op->disp = i32(u32(op->disp) + op->length);
  }
  if (attributes & kCond) op->arg = opcode & 15;
  if (vex.present) {
    const u8 v = code64 ? vex.v : vex.v & 7;
    op->arg = attributes & kVexGpr ? u8(v * 8) : v;
  }
  if (attributes & kRegRmArg) op->arg = modrm;
  if (p.rep == 0xF3) op->flags |= kOpRepe;
  if (p.rep == 0xF2) op->flags |= kOpRepne;
  if (p.lock) op->flags |= kOpLock;
  if (p.rex & 8) op->flags |= kOpRexW;

  // What may not be executed here.
  const bool real = !(c.mode & kModeProtected) || (c.mode & kModeV86);
  const bool bad =
      !row->handlers || (code64 && (attributes & kNo64)) || (!code64 && (attributes & kOnly64)) ||
      (memory && (attributes & kRegOnly)) || (!memory && (attributes & kMemOnly)) ||
      (p.lock && !((attributes & kLockable) && memory)) ||
      (real && ((attributes & kProtOnly) || vex.present)) || !c.cluster.model().has(row->feature);
  if (bad) return exception(op, in.at(), jump<raise_ud>);
  if ((attributes & kSse) && (c.mode & kModeUdSse)) return exception(op, in.at(), jump<raise_ud>);
  if ((attributes & kMmx) && (c.mode & kModeUdMmx)) return exception(op, in.at(), jump<raise_ud>);
  if ((attributes & kSse) && (c.mode & kModeNoSse)) return exception(op, in.at(), jump<raise_nm>);
  if ((attributes & (kX87 | kMmx)) && (c.mode & kModeNoX87))
    return exception(op, in.at(), jump<raise_nm>);

  if (vex.present) {
    const bool illegal = ((attributes & kVexNoV) && vex.v) || ((attributes & kVexW0) && vex.w) ||
                         ((attributes & kVexW1) && !vex.w) || ((attributes & kVexGpr) && vex.l) ||
                         ((attributes & kWide2) && vex.l && !c.cluster.model().has(Feature::kAvx2));
    if (illegal) return exception(op, in.at(), jump<raise_ud>);
    if ((attributes & kAvx) && (c.mode & kModeUdAvx)) return exception(op, in.at(), jump<raise_ud>);
  }

  const bool flat = code64 && asize == 8 && segment < FS;
  const unsigned w = attributes & kVexL ? vex.l + (attributes & kVexByW ? 2 * vex.w : 0)
                     : op->osize == 1   ? 0
                     : op->osize == 2   ? 1
                     : op->osize == 4   ? 2
                                        : 3;
  op->handler =
      row->handlers->at(w, memory || (operands & kImm) == kMoffs, flat, c.lines != nullptr);
  if (!op->handler) return exception(op, in.at(), jump<raise_ud>);  // a VEX form that is not there
  // #NM is last: whatever else is wrong with the encoding is #UD.
  if ((attributes & kAvx) && (c.mode & kModeNoSse)) return exception(op, in.at(), jump<raise_nm>);
  if (attributes & kEnds) op->flags |= kOpEnds;
  if (attributes & kDirect) op->flags |= kOpDirect;
  return DecodeResult::kOk;
}

void relocate(Op* op) {
  if ((op->flags & kOpMemory) && op->base == kRip * 8) op->disp += op->offset;
  if (!(op->flags & kOpDirect)) return;
  op->disp = op->offset + op->length;
  op->imm = i32(u32(op->imm) + u32(op->disp));
}

bool branches_out(const Op& op, unsigned offset) {
  const auto outside = [offset](i64 delta) {
    return i64(offset) + delta < 0 || i64(offset) + delta >= 4096;
  };
  return (op.flags & kOpDirect) ? outside(op.imm) || outside(op.disp) : outside(op.offset);
}

}  // namespace reprise::cpu
