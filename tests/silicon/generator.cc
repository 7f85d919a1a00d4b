#include "tests/silicon/generator.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "tests/silicon/exclusions.h"

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
  return row.attributes & (kX87 | kMmx | kSse | kAvx) || is(row, {"fwait"});
}

// What it writes to its r/m register is a random number or the host's identity.
bool incomparable(const Row& row) { return is(row, {"rdrand", "rdseed", "rdpid"}); }
bool has_vex(const Slot& s) { return s.map >= kVex0F && s.map <= kVex0F3A; }

bool reads_af(const Row& row) { return is(row, {"lahf", "pushf", "aaa", "aas", "daa", "das"}); }

bool usable(const Row& row, bool code64) {
  return row.name && row.handlers && !(!code64 && (row.attributes & kOnly64));
}

// Encodings that no processor defines: #UD on all.
constexpr Row kUndefined = {"(undefined)", None}, kUndefinedModRm = {"(undefined)", Ev};
constexpr struct {
  Map map;
  u8 opcode;
  int reg, form;  // of the ModRM byte, or -1; as in Slot
} kUndefinedEncodings[] = {
    {kOneByte, 0xFE, 2, -1}, {kOneByte, 0xFE, 3, -1}, {kOneByte, 0xFE, 4, -1},
    {kOneByte, 0xFE, 5, -1}, {kOneByte, 0xFE, 6, -1}, {kOneByte, 0xFE, 7, -1},
    {kOneByte, 0xFF, 7, -1}, {kOneByte, 0xFF, 3, 1},  {kOneByte, 0xFF, 5, 1},
    {kOneByte, 0xC6, 1, -1}, {kOneByte, 0xC6, 3, -1}, {kOneByte, 0xC7, 2, -1},
    {kOneByte, 0xC7, 5, -1}, {kOneByte, 0x8C, 6, -1}, {kOneByte, 0x8C, 7, -1},
    {kOneByte, 0x8E, 1, -1}, {kOneByte, 0x8E, 6, -1}, {kOneByte, 0x8E, 7, -1},
    {kOneByte, 0xD9, 2, 3},  {kOneByte, 0xD9, 4, 3},  {kOneByte, 0xDA, 5, 1},
    {kOneByte, 0xDA, 7, 1},  {kOneByte, 0xDB, 4, 7},  {kOneByte, 0xDB, 4, 8},
    {kOneByte, 0xDD, 6, 1},  {kOneByte, 0xDE, 3, 1},  {kOneByte, 0xDF, 7, 1},
    {k0F, 0x04, -1, -1},     {k0F, 0x0A, -1, -1},     {k0F, 0x0C, -1, -1},
    {k0F, 0x25, -1, -1},     {k0F, 0x27, -1, -1},     {k0F, 0x36, -1, -1},
    {k0F, 0x39, -1, -1},     {k0F, 0x3B, -1, -1},     {k0F, 0x3C, -1, -1},
    {k0F, 0x3D, -1, -1},     {k0F, 0x3E, -1, -1},     {k0F, 0x3F, -1, -1},
    {k0F, 0x7A, -1, -1},     {k0F, 0x7B, -1, -1},     {k0F, 0xBA, 0, -1},
    {k0F, 0xBA, 1, -1},      {k0F, 0xBA, 2, -1},      {k0F, 0xBA, 3, -1},
    {k0F, 0x71, 0, -1},      {k0F, 0x71, 1, -1},      {k0F, 0x72, 3, -1},
    {k0F, 0x73, 4, -1},      {k0F, 0xC7, 0, -1},      {k0F, 0xC7, 2, -1},
    {k0F38, 0x0C, -1, -1},   {k0F38, 0x11, -1, -1},   {k0F38, 0x1F, -1, -1},
    {k0F3A, 0x00, -1, -1},   {k0F3A, 0x10, -1, -1},   {k0F3A, 0x43, -1, -1},
};

}  // namespace

std::vector<Kind> kinds(Code width, bool (*host_has)(Feature), std::vector<std::string>& missing) {
  const bool code64 = width == Code::k64;
  // By map, opcode, reg of the ModRM byte, memory or register, and handlers.
  std::map<std::tuple<Map, u8, int, bool, std::string_view, const HandlerSet*>, Kind> all;
  const auto add = [&](Map map, u8 opcode, Prefix prefix, const Row& row, int reg, int form) {
    if (!usable(row, code64) || excluded(map, opcode, reg, row.name)) return;
    if (!host_has(row.feature)) {
      if (missing.empty() || missing.back() != row.name) missing.push_back(row.name);
      return;
    }
    all[{map, opcode, reg, form == 0, row.name, row.handlers}].push_back(
        {map, opcode, prefix, &row, reg, form});
  };
  for (unsigned m = kOneByte; m < kMaps; ++m) {
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
  for (const auto& each : kUndefinedEncodings) {
    const Row& row = each.reg < 0 && each.map == k0F ? kUndefined : kUndefinedModRm;
    Kind& kind = all[{each.map, each.opcode, each.reg, each.form == 0, row.name, nullptr}];
    kind.push_back({each.map, each.opcode, kNoPrefix, &row, each.reg, each.form});
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

u64 identity(const Kind& kind) {
  const Slot& s = kind[0];
  u64 hash = u64(s.map) | u64(s.opcode) << 8 | u64(s.prefix) << 16 | u64(s.reg + 1) << 24 |
             u64(s.form + 1) << 32;
  for (const char* c = s.row->name; *c; ++c) hash = (hash ^ u8(*c)) * 0x100000001B3;
  return hash;
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
  u64 choice = random_.below(24);
  // Where offset and segment base make an address canonical, AMD's processors object all the same.
  if (!intel_ && code64_ && base_ && (choice == 7 || choice == 8)) choice = 9;
  switch (choice) {
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

void Generator::fill_high() {
  for (unsigned i = 0; i < 256; i += 8) {
    const u64 kind = random_.below(3);
    const u64 v = kind == 0   ? value()
                  : kind == 1 ? random_.ieee<u64>()
                              : random_.ieee<u32>() | u64(random_.ieee<u32>()) << 32;
    std::memcpy(&e_->before.high[i], &v, 8);
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

void Generator::segment_prefix() {
  static constexpr u8 prefixes[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
  const u8 prefix = prefixes[random_.below(6)];
  const bool fs = prefix == 0x64, gs = prefix == 0x65;
  overridden_ = fs || gs || (!code64_ && prefix == 0x2E);
  if (code64_)
    base_ = fs ? kFsBase : gs ? kGsBase : 0;
  else
    base_ = fs               ? kLdtFs.base
            : gs             ? kLdtGs.base
            : prefix == 0x2E ? code_base(width_)
                             : data_base(width_);
  e_->uses_fs |= fs;
  emit(prefix);
}

// Behind the prefixes that may stand before it. Mostly legal.
void Generator::vex_prefix(const Slot& s) {
  const u32 attributes = s.row->attributes;
  const auto mostly = [&](bool rule, unsigned legal, unsigned any) {
    return rule && !one_in(16) ? legal : any;
  };
  unsigned w = attributes & kVexW0   ? mostly(true, 0, 1)
               : attributes & kVexW1 ? mostly(true, 1, 0)
                                     : unsigned(random_.below(2));
  if (!intel_) {
    // W = 0 is #UD (SDM 2); AMD's of family 19h do not look at it.
    if (is(*s.row, {"vpermq", "vpermpd"})) w = 1;
    // Outside 64-bit mode Intel's ignore W (SDM 2, PEXTRQ and PINSRQ, note 2), AMD's raise #UD.
    if (!code64_ && is(*s.row, {"pextrd", "pinsrd"})) w = 0;
  }
  const bool narrow = attributes & kVexGpr || !s.row->handlers->of[1][2];
  const bool always_wide = (attributes & kVexL) && !s.row->handlers->of[0][2];
  // With VAES and VPCLMULQDQ there are wide forms.
  const bool newer = is(*s.row, {"aesenc", "aesenclast", "aesdec", "aesdeclast", "pclmulqdq"});
  const unsigned l = newer         ? 0
                     : narrow      ? mostly(true, 0, 1)
                     : always_wide ? mostly(true, 1, 0)
                                   : unsigned(random_.below(2));
  // Outside 64-bit mode a clear bit would make it LES or LDS.
  const unsigned bits = code64_ ? unsigned(random_.below(8)) : 0;
  unsigned v = attributes & kVexNoV ? mostly(true, 0, unsigned(random_.below(16)))
                                    : unsigned(random_.below(16));
  if (!code64_) v &= 7;
  const unsigned map = s.map - kVex0F + 1, last = (v ^ 15) << 3 | l << 2 | s.prefix;
  if (map == 1 && !w && !(bits & 3) && one_in(2)) {
    emit(0xC5);
    emit(((bits >> 2 & 1) ^ 1) << 7 | last);
  } else {
    emit(0xC4);
    emit((bits ^ 7) << 5 | map);
    emit(w << 7 | last);
  }
  rex_ = code64_ ? u8(0x40 | w << 3 | bits) : 0;
  osize_ = code64_ && w ? 8 : 4;
  // What a fault leaves of a mask but for its signs, and above the elements, the manuals leave
  // open; what ours do is what Intel's were seen to do.
  if (!intel_ && (attributes & kVsib)) {
    const unsigned index = s.opcode & 1 ? 8 : 4, all = l ? 32 : 16;
    made_->gather_mask = int(v);
    made_->gather_size = w ? 8 : 4;
    made_->gather_end = made_->gather_size * (all / std::max(index, made_->gather_size));
  }
}

void Generator::prefixes(const Slot& s, bool memory) {
  const Row& row = *s.row;
  size_ = !has_vex(s) && (s.prefix == k66 || (s.prefix >= kF3 && one_in(6)));
  address_ = one_in(code16_ ? 4 : 12);
  base_ = data_base(width_);
  overridden_ = false;
  // Near branches ignore 66h in 64-bit mode, except on AMD's processors.
  if (code64_ && !intel_ && (row.attributes & kForce64) && s.map <= k0F) size_ = false;
  Prefix prefix = s.prefix;
  // F2h and F3h where they mean nothing: seldom.
  const Row& plain = tables().row(s.map, s.opcode, kNoPrefix);
  if (prefix >= kF3 && !(row.attributes & kString) && !plain.group && plain.name == row.name &&
      plain.handlers == row.handlers && !one_in(8))
    prefix = kNoPrefix;
  if (!intel_ && is(row, {"loope", "loopne"})) prefix = kNoPrefix;  // AMD's heed it
  repeat_ = prefix >= kF3 && (row.attributes & kString);
  if (one_in(8)) segment_prefix();
  if (has_vex(s)) {
    static constexpr u8 illegal[] = {0x66, 0xF2, 0xF3, 0xF0, 0x48};
    if (address_) emit(0x67);
    if (one_in(64)) emit(illegal[random_.below(code64_ ? 5 : 4)]);
    repeat_ = false;
    return vex_prefix(s);
  }
  if (size_) emit(0x66);
  if (address_) emit(0x67);
  const bool lockable = (row.attributes & kLockable) && memory;
  const bool alternate = !intel_ && s.map == k0F && (s.opcode & 0xFD) == 0x20;  // LOCK MOV CR0: CR8
  if (one_in(lockable ? 4 : 48) && !alternate) emit(0xF0);
  if (prefix == kF3) emit(0xF3);
  if (prefix == kF2) emit(0xF2);
  rex_ = code64_ && one_in(2) ? u8(0x40 | random_.below(16)) : 0;
  if (!intel_ && is(row, {"pause"})) rex_ &= 0xFE;  // with REX.B: XCHG on AMD's
  if (rex_) emit(rex_);
  osize_ = code16_ == size_ ? 4 : 2;
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
      size = code64_ ? (address_ ? 4 : 8) : code16_ == address_ ? 4 : 2;
      target_ = pointer(false);
      put_operands(target_);
      return target_ - base_;
    case kIwIb:
      size = 3;
      return random_.below(one_in(8) ? 0x10000 : 0x100) |
             (one_in(8) ? random_.below(256) : random_.below(5)) << 16;
    default:
      size = 0;
      return 0;
  }
}

void Generator::memory_operand_16(unsigned mod, unsigned rm, u64 want) {
  static constexpr int base[8] = {RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX};
  static constexpr int index[8] = {RSI, RDI, RSI, RDI, -1, -1, -1, -1};
  target_ = base_ + u16(want);
  made_->wraps = u16(want) > 0x10000 - 32;
  if (mod == 0 && rm == 6) return emit(free_address_ ? random_.next() : want, 2);
  const u64 disp = mod == 0 ? 0 : mod == 1 ? u64(i64(i8(random_.next()))) : random_.next();
  const u64 i = index[rm] < 0 ? 0 : r(unsigned(index[rm]));
  u64& b = r(unsigned(base[rm]));
  if (!free_address_) b = (b & ~u64(0xFFFF)) | u16(want - disp - i);
  emit(disp, mod);
}

// ModRM, SIB and displacement, and the registers so that they address target_.
void Generator::memory_operand(const Slot& s, unsigned reg, unsigned imm_size) {
  const bool small = !code64_ && code16_ != address_;  // 16-bit addresses
  const u64 want = target_ - base_;
  unsigned mod = unsigned(random_.below(3)), rm = unsigned(random_.below(8));
  if (s.form > 0) rm = unsigned(s.form - 1);
  const bool vsib = s.row->attributes & kVsib;
  if (vsib && !one_in(32)) rm = 4;
  const unsigned spot = e_->length;
  emit(mod << 6 | (reg & 7) << 3 | rm);
  if (small) return memory_operand_16(mod, rm, want);
  u64 disp = mod == 1   ? u64(i64(i8(random_.next())))
             : mod == 2 ? u64(i64(i32(one_in(2) ? random_.below(0x10000) : random_.next())))
                        : 0;
  unsigned disp_size = mod == 1 ? 1 : mod == 2 ? 4 : 0;
  int base = int(rm | (rex_ & 1) << 3), index = -1;
  unsigned scale = 0;
  if (rm == 4) {
    const u8 sib = u8(random_.next());
    emit(sib);
    base = (sib & 7) | (rex_ & 1) << 3;
    index = (sib >> 3 & 7) | (rex_ & 2) << 2;
    scale = sib >> 6;
    if (vsib) {
      vector_index(unsigned(index), scale);
      index = -1;
    } else if (index == RSP) {
      index = -1;
    }
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
    target_ = base_ + disp + (r(unsigned(index)) << scale);
  } else if (base == index) {
    u64& both = r(unsigned(base));
    both = (want - disp) / ((1u << scale) + 1);
    target_ = base_ + disp + both * ((1u << scale) + 1);
  } else {
    if (index >= 0 && one_in(2)) r(unsigned(index)) = random_.below(256);
    r(unsigned(base)) = want - disp - (index < 0 ? 0 : r(unsigned(index)) << scale);
    if (code64_ && address_ && one_in(2)) r(unsigned(base)) ^= random_.next() << 32;
  }
  emit(disp, disp_size);
}

// Elements of a gather near the target, mostly.
void Generator::vector_index(unsigned number, unsigned scale) {
  const bool wide = one_in(2);  // of 64 bits
  for (unsigned half = 0; half < 2; ++half) {
    u8* to = half ? &e_->before.high[16 * number] : &e_->before.fx[160 + 16 * number];
    for (unsigned i = 0; i < 16; i += wide ? 8 : 4) {
      const u64 offset = (random_.below(256) - 64) >> (one_in(2) ? scale : 0);
      const u64 value = one_in(24) ? random_.next() : offset;
      std::memcpy(to + i, &value, wide ? 8 : 4);
    }
  }
}

// Registers that an instruction uses without naming them.
void Generator::implicit_operands(const Slot& s) {
  const Row& row = *s.row;
  // In 16-bit code pointers are offsets, under upper halves that do not count.
  const u64 upper = code16_ && !address_ && one_in(2) ? random_.next() << 16 : 0;
  const u64 data_mask = code16_ && !address_ ? 0xFFFF : ~u64(0);
  const auto offset_of = [&](u64 linear, u64 base) {
    return ((linear - base) & data_mask) | upper;
  };
  r(RSP) = data(pointer(false));
  if (!one_in(4)) r(RSP) = data(kWindow + 0x800 + random_.below(0x1000 / 8) * 8);
  if (row.attributes & kString || is(row, {"maskmovq", "maskmovdqu"})) {
    const u64 source = pointer(false);
    const u64 destination = one_in(6) ? source + random_.below(64) - 32 : pointer(false);
    r(RSI) = offset_of(source, base_);
    r(RDI) = offset_of(destination, row.attributes & kString ? data_base(width_) : base_);
    if (repeat_) r(RCX) = one_in(10) ? value() : random_.below(one_in(4) ? 3000 : 40);
    if (repeat_ && code64_ && address_) made_->halves = true;
  }
  if (is(row, {"xlat"})) r(RBX) = offset_of(pointer(false), base_);
  if (is(row, {"enter", "leave"})) r(RBP) = r(RSP) + random_.below(256);
  if (is(row, {"loop", "loope", "loopne", "jcxz"}) && !one_in(3)) r(RCX) = random_.below(3);
  if (is(row, {"ret", "popf"}) && !one_in(8)) {
    const u64 top = code16_ ? u16(r(RSP)) : r(RSP) - kWindow;
    const u64 v = is(row, {"ret"}) ? code_pointer() - code_base(width_) : random_.next();
    if (top < kWindowSize - 8) std::memcpy(&e_->window[top], &v, 8);
  }
  // Of a segment register, Intel's processors store two bytes and leave the rest of the slot.
  const bool sreg = s.map == kOneByte ? (s.opcode & 0xE7) == 0x06 : (s.opcode & 0xF7) == 0xA0;
  const unsigned slot = code64_ ? 8 : 4;
  if (sreg && is(row, {"push"})) {
    r(RSP) &= ~u64(7);
    const u64 at = (code16_ ? u16(r(RSP)) : r(RSP) - kWindow) - slot;
    if (at <= kWindowSize - slot) std::memset(&e_->window[at], 0, slot);
  }
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
    const u64 to = code_pointer() - code_base(width_);
    if (at) std::memcpy(at, &to, 8);
    if (!memory) r(rm) = to;
  }
}

// FSGSBASE: FS must have its base before, and a new base is read back.
void Generator::segment_base(unsigned reg) {
  e_->uses_fs = true;
  if (reg < 2) return;
  e_->changes_gs |= reg == 3;
  for (const u8 byte : {0xF3, 0x48, 0x0F, 0xAE}) emit(byte);
  emit(0xC0 | (reg - 2) << 3 | unsigned(random_.below(8)));
}

void Generator::instruction(const Slot& s) {
  const Row& row = *s.row;
  bool memory = false;
  if ((row.operands & kModRm) && !registers_only_)
    memory = s.form >= 0                 ? s.form == 0
             : row.attributes & kMemOnly ? true
             : row.attributes & kRegOnly ? false
                                         : one_in(2);
  if (!intel_ && s.map == k0F && s.opcode == 0x0D) memory = true;  // #UD with a register on AMD's
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
    const bool image = is(row, {"fxsave", "fxrstor"});
    target_ = pointer(e_->floating && (image || !(row.attributes & kX87)));
    free_address_ = is(row, {"lea", "nop", "prefetch", "prefetchw"}) && one_in(2);
    if (memory) {
      // BT and its kind address bits far from the operand.
      if (is(row, {"bt", "bts", "btr", "btc"}) && !(row.operands & kImm) && !one_in(16))
        r(full_reg) = (random_.below(0x2000) - 0x1000) |
                      (osize_ == 8 ? 0 : random_.next() << (8 * osize_ - 1) << 1);
      put_operands(target_);
      memory_operand(s, reg, imm_size);
      made_->target = code64_ && !address_ ? target_ : base_ + u32(target_ - base_);
    } else {
      emit((row.attributes & kIgnoreMod ? unsigned(random_.below(4)) : 3u) << 6 | reg << 3 | rm);
    }
  }
  if (row.attributes & kVecReg) made_->vector_reg = int(full_reg);
  if (incomparable(row)) made_->hidden_reg = int(full_rm);
  emit(imm, imm_size);
  if (is(row, {"rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase"})) segment_base(reg);
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
  if (e_->length > 40 || s.form == 0 || !row.handlers) return false;
  if (row.attributes & (kMemOnly | kEnds | kString | kProtOnly)) return false;
  if ((row.operands & kImm) == kMoffs || reads_af(row)) return false;
  if (is(row, {"xlat", "maskmovq", "maskmovdqu", "enter", "leave", "pusha", "popa", "push", "pop"}))
    return false;
  if (uses_fpu(row) && !e_->floating) return false;
  if (incomparable(row)) return false;
  // On AMD's processors #UD, another NaN, another MXCSR.
  if (!intel_ && is(row, {"dpps", "dppd", "vcvtps2ph"})) return false;
  if (!intel_ && is(row, {"fscale"}) && !(e_->before.fx[0] & 0x10)) return false;
  if (!intel_ && s.map == k0F && s.opcode == 0x0D) return false;
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
  made.undefined_before |= undefined;
  made.mmx |= bool(row.attributes & kMmx);
  return true;
}

void Generator::begin(Made& made, Code width, u64 seed) {
  random_ = fpu::test::Random(seed);
  e_ = &made.experiment;
  made_ = &made;
  width_ = e_->width = width;
  code64_ = width == Code::k64;
  code16_ = width == Code::k16;
  base_ = data_base(width);
}

void Generator::finish(const Slot& s, Made& made, bool alone) {
  made.target = 0;
  instruction(s);
  if (!code64_)
    for (unsigned i = 0; i < 16; ++i) r(i) = i < 8 ? u32(r(i)) : 0;
  if (code16_) r(RSP) = u16(r(RSP)) | (kFrame & 0xFFFF0000);
  made.alone = alone;
  // Without an iteration Intel's clear bits 32-63 all the same, AMD's of family 19h do not.
  made.idle_halves = made.halves && !intel_ && (!alone || !u32(r(RCX)));
  made.shape = shape_of(s, alone);
  made.undefined = made.undefined_before | undefined_flags(made.shape);
  made.mmx |= bool(s.row->attributes & kMmx);
  made.skip = undefined_result(made.shape);
  made.long_operand = s.row->attributes & (kSse | kAvx) || long_operand(s.row->name) ||
                      (is(*s.row, {"fstp"}) && s.opcode == 0xDB);  // of 80 bits
  const bool small = osize_ == 2;
  if (is(*s.row, {"fxsave"})) {
    made.image = 512, made.image_begin = 6, made.image_end = 32;
  } else if (is(*s.row, {"fnstenv", "fnsave"})) {
    const unsigned registers = is(*s.row, {"fnsave"}) ? 80 : 0;
    made.image_begin = small ? 6 : 12;
    made.image_end = small ? 14 : 28;
    made.image = made.image_end + registers;
  }
}

Made Generator::make_one(const Kind& kind, Code width, u64 seed) {
  Made made;
  begin(made, width, seed);
  const Slot& s = kind[random_.below(kind.size())];
  e_->floating = uses_fpu(*s.row);
  e_->wide = s.row->attributes & kAvx;
  fill_registers();
  // Operands of more than 8 bytes: processors may raise #AC or not.
  if (s.row->attributes & (kSse | kAvx) || long_operand(s.row->name)) e_->before.rflags &= ~AC;
  fill_window((s.row->attributes & kString) && one_in(2));
  if (e_->floating) fill_fx();
  if (e_->wide) fill_high();
  finish(s, made, true);
  return made;
}

Made Generator::make(const std::vector<Kind>& kinds, Code width, u64 seed) {
  Made made;
  begin(made, width, seed);
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
  e_->wide = e_->floating && avx_;
  fill_registers();
  // Operands of more than 8 bytes: processors may raise #AC or not.
  if (s.row->attributes & (kSse | kAvx) || long_operand(s.row->name)) e_->before.rflags &= ~AC;
  fill_window((s.row->attributes & kString) && one_in(2));
  if (e_->floating) fill_fx();
  if (e_->wide) fill_high();
  // A push of a segment register must find its slot where it was cleared.
  const bool push_sreg = is(*s.row, {"push"}) && s.row->operands == None;
  const bool joins = sequence && !reads_af(*s.row) && !push_sreg &&
                     !is(*s.row, {"ins", "outs", "fxsave", "fnsave", "fnstenv"});
  for (u64 i = joins ? random_.below(4) : 0; i > 0; --i) precede(any(), made);
  if (pair) precede(any_of({"cmp", "test"}), made);
  finish(s, made, e_->length == 0);
  return made;
}

}  // namespace reprise::cpu::silicon
