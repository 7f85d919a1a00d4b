#include "tests/silicon/generator.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "tests/silicon/exclusions.h"
#include "tests/silicon/host_cpu.h"

namespace reprise::cpu::silicon {

namespace {

bool is(const Row& row, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), row.name) != names.end();
}

// Bytes that are prefixes, or escape to tables that we have not got (VEX, EVEX, XOP, REX2).
bool unusable(bool code64, Map map, u8 opcode) {
  if (map != kOneByte) return false;
  if (code64)
    return (opcode & 0xF0) == 0x40 || opcode == 0xC4 || opcode == 0xC5 || opcode == 0x62 ||
           opcode == 0xD5;
  return false;
}

bool uses_fpu(const Row& row) {
  return row.attributes & (kX87 | kMmx | kSse) || is(row, {"fwait"});
}

bool reads_af(const Row& row) { return is(row, {"lahf", "pushf", "aaa", "aas", "daa", "das"}); }

bool usable(const Row& row, bool code64) {
  return row.name && row.handlers && !(!code64 && (row.attributes & kOnly64));
}

}  // namespace

std::vector<Kind> kinds(bool code64, std::vector<std::string>& missing) {
  // By map, opcode, reg of the ModRM byte, memory or register, and handlers.
  std::map<std::tuple<Map, u8, int, bool, std::string_view, const HandlerSet*>, Kind> all;
  const auto add = [&](Map map, u8 opcode, Prefix prefix, const Row& row, int reg, int form) {
    if (!usable(row, code64) || excluded(map, opcode, reg, row.name)) return;
    // TZCNT and LZCNT, on hosts that have them.
    if (prefix == kF3 && is(row, {"bsf", "bsr"})) return;
    if (!HostCpu::has(row.feature)) {
      if (missing.empty() || missing.back() != row.name) missing.push_back(row.name);
      return;
    }
    all[{map, opcode, reg, form == 0, row.name, row.handlers}].push_back(
        {map, opcode, prefix, &row, reg, form});
  };
  for (unsigned m = kOneByte; m <= kOneByte64; ++m) {
    const Map map = Map(m);
    if (map == kOneByte64 && !code64) continue;
    for (unsigned opcode = 0; opcode < 256; ++opcode) {
      if (unusable(code64, map, u8(opcode))) continue;
      for (unsigned p = kNoPrefix; p <= kF2; ++p) {
        const Prefix prefix = Prefix(p);
        const Row& row = tables().row(map, u8(opcode), prefix);
        if (code64 && map == kOneByte && tables().row(kOneByte64, u8(opcode), prefix).name)
          continue;
        if (!row.group) {
          add(map, u8(opcode), prefix, row, -1, -1);
          continue;
        }
        for (int reg = 0; reg < 8; ++reg) {
          add(map, u8(opcode), prefix, row.group->rows[reg][0], reg, 0);
          for (int rm = 0; rm < 8; ++rm)
            add(map, u8(opcode), prefix, row.group->rows[reg][1 + rm], reg, 1 + rm);
        }
      }
    }
  }
  std::vector<Kind> result;
  for (const auto& [key, kind] : all) result.push_back(kind);
  std::sort(result.begin(), result.end(), [](const Kind& a, const Kind& b) {
    const auto order = [](const Slot& s) {
      return std::tuple(s.map, s.opcode, s.reg, s.form, s.prefix);
    };
    return order(a[0]) < order(b[0]);
  });
  return result;
}

u64 Generator::value() {
  static constexpr u64 edges[] = {0,
                                  1,
                                  2,
                                  ~u64(0),
                                  0x7F,
                                  0x80,
                                  0xFF,
                                  0x7FFF,
                                  0x8000,
                                  0xFFFF,
                                  0x7FFFFFFF,
                                  0x80000000,
                                  0xFFFFFFFF,
                                  0x100000000,
                                  0x7FFFFFFFFFFFFFFF,
                                  0x8000000000000000};
  switch (random_.below(8)) {
    case 0:
    case 1:
      return edges[random_.below(std::size(edges))];
    case 2:
      return random_.below(80);
    case 3:
      return random_.pattern();
    case 4:
      return u64(i64(i8(random_.next())));
    case 5:  // different edges in each part
      return edges[random_.below(std::size(edges))] << 32 | u32(random_.pattern());
    default:
      return random_.next();
  }
}

u64 Generator::pointer(bool aligned) {
  const u64 middle = kWindow + 0x100 + random_.below(kWindowSize - 0x200);
  const u64 near = random_.below(24) - 16;
  if (aligned && !one_in(12)) return middle & ~u64(15);
  switch (random_.below(24)) {
    case 0:
    case 1:
      return kWindow + 0x1000 + near;
    case 2:
      return kReadOnly + near;
    case 3:
      return kReadOnly + kReadOnlySize + near;
    case 4:
      return kReadOnly + random_.below(kReadOnlySize - 32);
    case 5:
      return kWindow + near;
    case 6:
      return kCode + random_.below(64);
    case 7:
      return random_.next() | u64(1) << 62;
    case 8:
      return u64(i64(-1) << 47) + random_.below(0x1000);
    case 9:
    case 10:
    case 11:
      return middle & ~u64(15);
    case 12:
    case 13:
      return middle & ~u64(7);
    default:
      return middle;
  }
}

// Not into the code under test, which is in the middle.
u64 Generator::code_pointer() {
  return kCode + (one_in(2) ? random_.below(0x700) : 0x1100 + random_.below(0xE00));
}

void Generator::fill_window(bool repetitive) {
  u64 word = random_.next();
  if (one_in(2)) word = (word & 0xFF) * 0x0101010101010101;
  for (unsigned i = 0; i < kWindowSize; i += 8) {
    const u64 v = !repetitive || one_in(64) ? random_.next() : word;
    std::memcpy(&e_->window[i], &v, 8);
  }
  if (repetitive) r(RAX) = word;
}

void Generator::fill_registers() {
  Registers& b = e_->before;
  for (u64& v : b.r) v = value();
  b.rip = kCode + 0x800 + random_.below(0x400);
  if (one_in(10)) b.rip = kCode + 0x1000 - random_.below(16);
  b.rflags = 2 | IF | (u32(random_.next()) & kArith);
  if (one_in(6)) b.rflags |= DF;
  if (one_in(24)) b.rflags |= AC;
  if (one_in(24)) b.rflags |= NT;
  if (one_in(24)) b.rflags |= ID;
  if (one_in(48)) b.rflags |= TF;
}

void Generator::fill_fx() {
  u8* fx = e_->before.fx.data();
  std::memset(fx, 0, 512);
  u16 control = u16(0x40 | (random_.next() & 0xF00));
  if (one_in(2)) control |= 0x300;
  control |= one_in(6) ? u16(random_.next() & 0x3F) : 0x3F;
  u16 status = u16(random_.next() & (one_in(4) ? 0x7F7F : 0x7F00 & 0x7840));
  if (status & ~control & 0x3F) status |= 0x8080;
  const u8 tags = one_in(4) ? u8(random_.next()) : one_in(8) ? 0 : 0xFF;
  u32 mxcsr = u32(random_.next() & 0x6000) | 0x1F80;
  if (one_in(6)) mxcsr &= u32(random_.next());
  if (one_in(3)) mxcsr |= u32(random_.next() & 0x803F);
  if (one_in(4)) mxcsr |= 0x8040 & u32(random_.next());
  std::memcpy(fx, &control, 2);
  std::memcpy(fx + 2, &status, 2);
  fx[4] = tags;
  std::memcpy(fx + 24, &mxcsr, 4);
  for (unsigned i = 0; i < 8; ++i) {
    const fpu::Float80 v = random_.float80();
    const u64 mmx = value();
    const bool integer = one_in(4);
    std::memcpy(fx + 32 + 16 * i, integer ? &mmx : &v.significand, 8);
    std::memcpy(fx + 40 + 16 * i, &v.sign_exponent, 2);
  }
  for (unsigned i = 0; i < 16; ++i) {
    const u64 kind = random_.below(4);
    for (unsigned half = 0; half < 2; ++half) {
      u64 v = kind == 0 ? value() : kind == 1 ? random_.ieee<u64>() : random_.ieee<u32>();
      if (kind >= 2) v |= u64(random_.ieee<u32>()) << 32;
      std::memcpy(fx + 160 + 16 * i + 8 * half, &v, 8);
    }
  }
}

// Something of interest where the memory operand is.
void Generator::put_operands(u64 at) {
  if (at - kWindow >= kWindowSize - 64) return;
  u8* to = &e_->window[at - kWindow];
  const u64 kind = e_->floating ? random_.below(5) : 0;
  for (unsigned i = 0; i < 4; ++i) {
    u64 v = kind == 1   ? random_.ieee<u64>()
            : kind == 2 ? random_.ieee<u32>() | u64(random_.ieee<u32>()) << 32
                        : value();
    std::memcpy(to + 8 * i, &v, 8);
  }
  if (kind == 3) {
    const fpu::Float80 v = random_.float80();
    std::memcpy(to, &v.significand, 8);
    std::memcpy(to + 8, &v.sign_exponent, 2);
  }
  if (kind == 4 && one_in(2))  // decimal digits
    for (unsigned i = 0; i < 10; ++i) to[i] = u8(random_.below(10) | random_.below(10) << 4);
}

void Generator::prefixes(const Slot& s, bool memory) {
  const Row& row = *s.row;
  size_ = s.prefix == k66 || (s.prefix >= kF3 && one_in(6));
  address_ = one_in(12);
  gs_ = false;
  // Near branches ignore 66h in 64-bit mode, except on AMD's processors.
  if (code64_ && !intel_ && (row.attributes & kForce64) && s.map <= k0F) size_ = false;
  Prefix prefix = s.prefix;
  // F2h and F3h where they mean nothing: seldom.
  const Row& plain = tables().row(s.map, s.opcode, kNoPrefix);
  if (prefix >= kF3 && !(row.attributes & kString) && !plain.group && plain.name == row.name &&
      plain.handlers == row.handlers && !one_in(8))
    prefix = kNoPrefix;
  repeat_ = prefix >= kF3 && (row.attributes & kString);
  if (one_in(10)) {
    static constexpr u8 segments[] = {0x26, 0x2E, 0x36, 0x3E, 0x65};
    // In 32-bit code a segment of GS would have to be loaded.
    const u8 segment = segments[random_.below(code64_ ? 5 : 4)];
    gs_ = segment == 0x65;
    emit(segment);
  }
  if (size_) emit(0x66);
  if (address_) emit(0x67);
  const bool lockable = (row.attributes & kLockable) && memory;
  if (one_in(lockable ? 4 : 64)) emit(0xF0);
  if (prefix == kF3) emit(0xF3);
  if (prefix == kF2) emit(0xF2);
  rex_ = code64_ && one_in(2) ? u8(0x40 | random_.below(16)) : 0;
  if (rex_) emit(rex_);
  osize_ = size_ ? 2 : 4;
  if (code64_ &&
      ((rex_ & 8) || (row.attributes & kForce64) || ((row.attributes & kDef64) && !size_)))
    osize_ = 8;
  if (row.operands & kByte) osize_ = 1;
}

u64 Generator::immediate(const Slot& s, unsigned& size) {
  // As the decoder counts: of the operand size even in byte instructions.
  const u64 any = one_in(2) ? value() : random_.next();
  switch (s.row->operands & kImm) {
    case kIb:
    case kUb:
    case kJb:
      size = 1;
      if ((s.row->operands & kImm) == kJb) {  // not into this instruction
        const u64 displacement = random_.below(100) + 4;
        return one_in(2) ? displacement : u64(-68 - i64(random_.below(60)));
      }
      return one_in(3) ? random_.below(70) : any;
    case kIz:
      size = osize_ == 2 ? 2 : 4;
      return any;
    case kJz:
      size = !code64_ && osize_ == 2 ? 2 : 4;
      if (one_in(12)) return random_.below(0x100000);
      return one_in(2) ? random_.below(0x400) + 4 : u64(-i64(random_.below(0x400) + 80));
    case kIw:
      size = 2;
      return one_in(8) ? any : random_.below(0x80);
    case kIv:
      size = osize_;
      return any;
    case kMoffs:
      size = code64_ ? (address_ ? 4 : 8) : (address_ ? 2 : 4);
      target_ = pointer(false);
      put_operands(target_);
      return target_ - (gs_ ? kGsBase : 0);
    case kIwIb:
      size = 3;
      return random_.below(one_in(8) ? 0x10000 : 0x100) |
             (one_in(8) ? random_.below(256) : random_.below(5)) << 16;
    default:
      size = 0;
      return 0;
  }
}

// ModRM, SIB and displacement, and the registers so that they address target_.
void Generator::memory_operand(const Slot& s, unsigned reg, unsigned imm_size) {
  const bool small = !code64_ && address_;  // 16-bit addresses
  const u64 want = target_ - (gs_ ? kGsBase : 0);
  unsigned mod = unsigned(random_.below(3)), rm = unsigned(random_.below(8));
  if (s.form > 0) rm = unsigned(s.form - 1);
  const unsigned spot = e_->length;
  emit(mod << 6 | (reg & 7) << 3 | rm);
  u64 disp = mod == 1   ? u64(i64(i8(random_.next())))
             : mod == 2 ? u64(i64(i32(one_in(2) ? random_.below(0x10000) : random_.next())))
                        : 0;
  unsigned disp_size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
  if (small) {
    disp_size = mod == 1 ? 1 : mod == 2 || rm == 6 ? 2 : 0;
    return emit(disp, disp_size);
  }
  int base = int(rm | (rex_ & 1) << 3), index = -1;
  unsigned scale = 0;
  if (rm == 4) {
    const u8 sib = u8(random_.next());
    emit(sib);
    base = (sib & 7) | (rex_ & 1) << 3;
    index = (sib >> 3 & 7) | (rex_ & 2) << 2;
    scale = sib >> 6;
    if (index == RSP) index = -1;
    if ((sib & 7) == 5 && mod == 0) base = -1, disp_size = 4;
  } else if (rm == 5 && mod == 0) {
    disp_size = 4;
    base = -1;
    if (code64_) {
      const u64 next = e_->before.rip + spot + 1 + 4 + imm_size;
      return emit(want - next, 4);
    }
  }
  if (free_address_) {
    if (disp_size == 4 && mod == 0) disp = random_.next();
  } else if (base < 0 && index < 0) {
    disp = want;
  } else if (base < 0) {
    disp = u64(i64(i32(random_.next() & 0x3FFFFFF)));
    r(unsigned(index)) = (want - disp) >> scale;
  } else if (base == index) {
    r(unsigned(base)) = (want - disp) / ((1u << scale) + 1);
  } else {
    if (index >= 0 && one_in(2)) r(unsigned(index)) = random_.below(256);
    r(unsigned(base)) = want - disp - (index < 0 ? 0 : r(unsigned(index)) << scale);
    if (code64_ && address_ && one_in(2)) r(unsigned(base)) ^= random_.next() << 32;
  }
  emit(disp, disp_size);
}

// Registers that an instruction uses without naming them.
void Generator::implicit_operands(const Slot& s) {
  const Row& row = *s.row;
  r(RSP) = pointer(false);
  if (!one_in(4)) r(RSP) = kWindow + 0x800 + random_.below(0x1000 / 8) * 8;
  if (row.attributes & kString || is(row, {"maskmovq", "maskmovdqu"})) {
    r(RSI) = pointer(false);
    r(RDI) = one_in(6) ? r(RSI) + random_.below(64) - 32 : pointer(false);
    if (gs_) r(RSI) -= kGsBase;
    if (repeat_) r(RCX) = one_in(10) ? value() : random_.below(one_in(4) ? 3000 : 40);
    // A fault of the first iteration leaves the upper halves on some processors.
    if (repeat_ && code64_ && address_)
      for (const unsigned i : {RCX, RSI, RDI}) r(i) &= i == RCX ? 0xFFFF : 0xFFFFFFFF;
  }
  if (is(row, {"xlat"})) r(RBX) = pointer(false) - (gs_ ? kGsBase : 0);
  if (is(row, {"enter", "leave"})) r(RBP) = r(RSP) + random_.below(256);
  if (is(row, {"loop", "loope", "loopne", "jcxz"}) && !one_in(3)) r(RCX) = random_.below(3);
  if (is(row, {"ret", "popf"}) && !one_in(8)) {
    const u64 top = r(RSP) - kWindow;
    const u64 v = is(row, {"ret"}) ? code_pointer() : random_.next();
    if (top < kWindowSize - 8) std::memcpy(&e_->window[top], &v, 8);
  }
  // Of a segment register, Intel's processors store two bytes and leave the rest of the slot.
  const bool sreg = s.map == kOneByte ? (s.opcode & 0xE7) == 0x06 : (s.opcode & 0xF7) == 0xA0;
  const unsigned slot = code64_ ? 8 : 4;
  if (sreg && is(row, {"push"})) r(RSP) &= ~u64(7);
  if (sreg && is(row, {"push"}) && r(RSP) - slot - kWindow <= kWindowSize - slot)
    std::memset(&e_->window[r(RSP) - slot - kWindow], 0, slot);
}

// Operands that belong together, so that all outcomes come up.
void Generator::operand_relations(const Slot& s, bool memory, unsigned reg, unsigned rm) {
  const Row& row = *s.row;
  u8* at =
      memory && target_ - kWindow < kWindowSize - 32 ? &e_->window[target_ - kWindow] : nullptr;
  if (is(row, {"div"}) && !memory && one_in(2)) {
    if (rm != RDX && osize_ != 1) r(RDX) = one_in(2) ? 0 : r(rm) >> 1;
    if (rm != RAX && osize_ == 1) r(RAX) &= 0xFF;
  }
  if (is(row, {"div", "idiv"}) && memory && at) {
    if (osize_ == 1) r(RAX) = u64(i64(i8(r(RAX))));
  }
  if (is(row, {"idiv"}) && !memory && one_in(2)) {
    if (rm != RDX && osize_ != 1) r(RDX) = u64(i64(r(RAX)) >> 63);
    if (osize_ == 1) r(RAX) = u64(i64(i8(r(RAX))));
  }
  if (is(row, {"cmpxchg"}) && one_in(2)) {
    if (at) std::memcpy(at, &r(RAX), 8);
    if (!memory) r(rm) = r(RAX);
  }
  if (is(row, {"cmpxchg8b"}) && at && one_in(2)) {
    const unsigned half = rex_ & 8 ? 8 : 4;
    std::memcpy(at, &r(RAX), half);
    std::memcpy(at + half, &r(RDX), half);
  }
  if (is(row, {"bound"}) && at) {
    const u64 low = r(reg) - random_.below(3), high = r(reg) + random_.below(3) - 1;
    std::memcpy(at, &low, osize_);
    std::memcpy(at + osize_, &high, osize_);
  }
  if (is(row, {"jmp", "call"}) && !one_in(6)) {
    const u64 to = code_pointer();
    if (at) std::memcpy(at, &to, 8);
    if (!memory) r(rm) = to;
  }
}

void Generator::instruction(const Slot& s) {
  const Row& row = *s.row;
  bool memory = false;
  if ((row.operands & kModRm) && !registers_only_)
    memory = s.form >= 0                 ? s.form == 0
             : row.attributes & kMemOnly ? true
             : row.attributes & kRegOnly ? false
                                         : one_in(2);
  prefixes(s, memory);
  implicit_operands(s);
  if (s.map == k0F || s.map == k0F38 || s.map == k0F3A) emit(0x0F);
  if (s.map == k0F38) emit(0x38);
  if (s.map == k0F3A) emit(0x3A);
  emit(s.opcode);
  unsigned imm_size = 0;
  const u64 imm = immediate(s, imm_size);
  unsigned reg = s.reg >= 0 ? unsigned(s.reg) : unsigned(random_.below(8));
  unsigned rm = s.form > 0 ? unsigned(s.form - 1) : unsigned(random_.below(8));
  const unsigned full_reg = reg | (rex_ & 4) << 1, full_rm = rm | (rex_ & 1) << 3;
  if (row.operands & kModRm) {
    target_ = pointer(e_->floating && !(row.attributes & kX87));
    free_address_ = is(row, {"lea", "nop", "prefetch", "prefetchw"}) && one_in(2);
    if (memory) {
      // BT and its kind address bits far from the operand.
      if (is(row, {"bt", "bts", "btr", "btc"}) && !(row.operands & kImm) && !one_in(16))
        r(full_reg) = (random_.below(0x2000) - 0x1000) |
                      (osize_ == 8 ? 0 : random_.next() << (8 * osize_ - 1) << 1);
      put_operands(target_);
      memory_operand(s, reg, imm_size);
    } else {
      emit((row.attributes & kIgnoreMod ? unsigned(random_.below(4)) : 3u) << 6 | reg << 3 | rm);
    }
  }
  emit(imm, imm_size);
  operand_relations(s, memory, full_reg, full_rm);
}

Shape Generator::shape_of(const Slot& s, bool known_count) {
  Shape shape = {s.row->name, osize_, 0};
  if ((s.row->operands & kImm) == kUb)
    shape.count = e_->code[e_->length - 1];
  else if (s.map == kOneByte && (s.opcode & 0xFE) == 0xD0)
    shape.count = 1;
  else  // CL; where that is not known, the count that leaves most undefined
    shape.count = known_count ? u8(r(RCX)) : 31;
  return shape;
}

// One more instruction before the last, of those that only change registers and leave all flags
// defined, except AF, which few instructions read.
bool Generator::precede(const Slot& s, Made& made) {
  const Row& row = *s.row;
  if (e_->length > 40 || s.form == 0) return false;
  if (row.attributes & (kMemOnly | kEnds | kString | kProtOnly)) return false;
  if ((row.operands & kImm) == kMoffs || reads_af(row)) return false;
  if (is(row, {"xlat", "maskmovq", "maskmovdqu", "enter", "leave", "pusha", "popa", "push", "pop"}))
    return false;
  if (uses_fpu(row) && !e_->floating) return false;
  const unsigned before = e_->length;
  registers_only_ = true;
  instruction(s);
  registers_only_ = false;
  const Shape shape = shape_of(s, false);
  const u32 undefined = undefined_flags(shape);
  if ((undefined & ~AF) || undefined_result(shape)) {
    e_->length = before;
    return false;
  }
  made.undefined |= undefined;
  made.mmx |= bool(row.attributes & kMmx);
  return true;
}

Made Generator::make(const std::vector<Kind>& kinds, bool code64, u64 seed) {
  random_ = fpu::test::Random(seed);
  Made made;
  e_ = &made.experiment;
  code64_ = e_->code64 = code64;
  const auto any = [&]() -> const Slot& {
    const Kind& kind = kinds[random_.below(kinds.size())];
    return kind[random_.below(kind.size())];
  };
  const auto any_of = [&](std::initializer_list<std::string_view> names) -> const Slot& {
    for (;;)
      if (const Slot& s = any(); is(*s.row, names)) return s;
  };
  const bool sequence = one_in(4), pair = sequence && one_in(4);
  const Slot& s = pair ? any_of({"jcc"}) : any();
  e_->floating = uses_fpu(*s.row) || (sequence && one_in(4));
  fill_registers();
  // Operands of more than 8 bytes: processors may raise #AC or not.
  if (s.row->attributes & kSse || long_operand(s.row->name)) e_->before.rflags &= ~AC;
  fill_window((s.row->attributes & kString) && one_in(2));
  if (e_->floating) fill_fx();
  // A push of a segment register must find its slot where it was cleared.
  const bool push_sreg = is(*s.row, {"push"}) && s.row->operands == None;
  const bool joins = sequence && !reads_af(*s.row) && !is(*s.row, {"ins", "outs"}) && !push_sreg;
  for (u64 i = joins ? random_.below(4) : 0; i > 0; --i) precede(any(), made);
  if (pair) precede(any_of({"cmp", "test"}), made);
  const bool alone = e_->length == 0;
  instruction(s);
  if (!code64)
    for (unsigned i = 0; i < 16; ++i) r(i) = i < 8 ? u32(r(i)) : 0;
  made.shape = shape_of(s, alone);
  made.undefined |= undefined_flags(made.shape);
  made.mmx |= bool(s.row->attributes & kMmx);
  made.skip = undefined_result(made.shape);
  return made;
}

}  // namespace reprise::cpu::silicon
