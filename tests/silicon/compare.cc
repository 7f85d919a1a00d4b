#include "tests/silicon/compare.h"

#include <algorithm>
#include <cstring>

#include "cpu/debug/disassembler.h"
#include "tests/silicon/exclusions.h"

namespace reprise::cpu::silicon {

namespace {

std::string format(const char* text, auto... values) {
  char line[512];
  std::snprintf(line, sizeof line, text, values...);
  return line;
}

constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

std::string at_fx(unsigned offset) {
  static constexpr const char* parts[] = {"fcw", "fcw", "fsw", "fsw", "ftw", "ftw"};
  if (offset < 6) return parts[offset];
  if (offset < 32) return "mxcsr";
  return format(offset < 160 ? "st%u+%u" : "xmm%u+%u", (offset - (offset < 160 ? 32 : 160)) / 16,
                offset % 16);
}

// Is this byte of the image that FXSAVE makes compared?
bool fx_counts(unsigned i, bool faulted_mmx) {
  // MMX instructions that fault may have taken over the x87 stack before: TOP, tags, and with
  // them which register is ST(0).
  if (faulted_mmx && i >= 2 && i < 160 && !(i >= 24 && i < 28)) return false;
  if ((i >= 5 && i < 24) || (i >= 28 && i < 32) || i >= 416) return false;
  return !(i >= 32 && i < 160 && i % 16 >= 10);
}

bool one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

u32 fnv(const void* data, size_t size, u32 hash = 0x811C9DC5) {
  const u8* bytes = static_cast<const u8*>(data);
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 0x01000193;
  return hash;
}
// By words: windows are hashed often.
u32 hash_window(const Window& window, u32 hash) {
  u64 h = hash;
  for (unsigned i = 0; i < kWindowSize; i += 8) {
    u64 word;
    std::memcpy(&word, &window[i], 8);
    h = (h ^ word) * 0x9E3779B97F4A7C15;
    h ^= h >> 29;
  }
  return u32(h ^ h >> 32);
}
u8 fold(u32 hash) { return u8(hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24); }

// By the image that FXSAVE makes: ST(0) is tiny, ST(1) infinite, and an underflow is not masked.
bool underflows_by_infinity(const u8* fx) {
  u16 control, tiny, exponent;
  u64 significand;
  std::memcpy(&control, fx, 2);
  std::memcpy(&tiny, fx + 40, 2);
  std::memcpy(&significand, fx + 48, 8);
  std::memcpy(&exponent, fx + 56, 2);
  constexpr u16 kUnderflow = 0x10;
  return !(control & kUnderflow) && !(tiny & 0x7FFF) && significand == u64(1) << 63 &&
         (exponent & 0x7FFF) == 0x7FFF;
}

// By the image that FXSAVE makes: ST(0) is tiny, ST(1) zero, and an underflow is not masked.
bool underflows_by_zero(const u8* fx) {
  u16 control, tiny, exponent;
  u64 value, by;
  std::memcpy(&control, fx, 2);
  std::memcpy(&value, fx + 32, 8);
  std::memcpy(&tiny, fx + 40, 2);
  std::memcpy(&by, fx + 48, 8);
  std::memcpy(&exponent, fx + 56, 2);
  constexpr u16 kUnderflow = 0x10;
  return !(control & kUnderflow) && !(tiny & 0x7FFF) && value && !(exponent & 0x7FFF) && !by;
}

// An element that differs is a NaN in both, and one does.
template <class T>
bool other_nans(const Outcome& a, const Outcome& b, int vector_reg) {
  constexpr T kInfinity = sizeof(T) == 4 ? T(0x7F800000) : T(0x7FF0000000000000);
  constexpr unsigned kCount = 16 / sizeof(T);
  const auto elements = [&](const Outcome& o) {
    std::array<T, 2 * kCount> v;
    std::memcpy(&v[0], &o.after.fx[160 + 16 * unsigned(vector_reg)], 16);
    std::memcpy(&v[kCount], &o.after.high[16 * unsigned(vector_reg)], 16);
    return v;
  };
  const auto is_nan = [](T v) { return T(v << 1) > T(kInfinity << 1); };
  const auto v = elements(a), w = elements(b);
  for (unsigned i = 0; i < v.size(); ++i)
    if (v[i] != w[i] && !(is_nan(v[i]) && is_nan(w[i]))) return false;
  return v != w;
}

// The outcomes differ in that theirs has no MXCSR.PE, and a denormal was among the operands.
bool lacks_precision(const Outcome& theirs, const Outcome& ours) {
  constexpr u32 kDE = 0x02, kPE = 0x20;
  u32 a, b;
  std::memcpy(&a, &theirs.after.fx[24], 4);
  std::memcpy(&b, &ours.after.fx[24], 4);
  return (b & kDE) && (b & kPE) && a == (b & ~kPE);
}

// A gather that faults: of what is left of its mask the signs count, and of both registers only
// what belongs to elements (SDM 2, VGATHERQPS: what does not "may" be cleared already).
void loosen_gather(const Made& made, Seen& s) {
  const auto byte = [&s](int reg, unsigned i) -> u8& {
    return i < 16 ? s.fx[160 + 16 * unsigned(reg) + i] : s.high[16 * unsigned(reg) + i - 16];
  };
  const unsigned size = made.gather_size;
  for (unsigned i = 0; i < 32; ++i)
    if (i >= made.gather_end)
      byte(made.gather_mask, i) = byte(made.vector_reg, i) = 0;
    else if (i % size != size - 1)
      byte(made.gather_mask, i) = 0;
    else
      byte(made.gather_mask, i) &= 0x80;
}

}  // namespace

Seen seen(const Made& made, const Outcome& o, const u8* window, bool undefined_too) {
  const Experiment& e = made.experiment;
  Seen s;
  s.vector = o.vector;
  const bool faulted = o.vector >= 0;
  if (faulted) {
    // Of the kernel's half of the addresses the kernel does not tell.
    if (o.vector != kPF || !(o.cr2 >> 47)) s.error = o.error;
    if (o.vector == kPF && !long_operand(made.shape.name)) s.cr2 = o.cr2;
  }
  const unsigned count = e.width == Code::k64 ? 16 : 8;
  for (unsigned i = 0; i < count; ++i)
    s.r[i] = e.width == Code::k64 ? o.after.r[i] : u32(o.after.r[i]);
  if (made.hidden_reg >= 0 && (!faulted || o.vector == kDB)) {
    u64& hidden = s.r[made.hidden_reg];
    hidden = made.shape.width == 2   ? hidden & ~u64(0xFFFF)
             : made.shape.width == 4 ? hidden & ~u64(0xFFFFFFFF)
                                     : 0;
  }
  if (made.idle_halves || (made.halves && faulted))
    for (const unsigned i : {RCX, RSI, RDI}) s.r[i] = u32(s.r[i]);
  s.rip = o.after.rip;
  const bool finished = !faulted || o.vector == kDB;
  const u32 undefined = undefined_too ? 0 : finished ? made.undefined : made.undefined_before;
  s.rflags = o.after.rflags & ~(RF | undefined);
  if (e.floating)
    for (unsigned i = 0; i < 512; ++i)
      if (fx_counts(i, faulted && made.mmx)) s.fx[i] = o.after.fx[i];
  if (e.wide) std::copy_n(o.after.high.begin(), 16 * count, s.high.begin());
  if (made.gather_mask >= 0 && faulted && o.vector != kUD && o.vector != kDB)
    loosen_gather(made, s);
  std::memcpy(s.window.data(), window, kWindowSize);
  if (made.image)
    for (unsigned i = made.image_begin; i < made.image_end; ++i)
      if (made.target + i - kWindow < kWindowSize) s.window[made.target + i - kWindow] = 0;
  return s;
}

std::string differences(const Made& made, const Seen& host, const Seen& ours) {
  std::string text;
  const auto compare = [&](const std::string& what, u64 a, u64 b) {
    if (a != b) text += format(" %s: host %llx, ours %llx;", what.c_str(), a, b);
  };
  compare("vector", host.vector & 0xFF, ours.vector & 0xFF);
  if (host.vector == ours.vector) {
    compare("error", host.error, ours.error);
    compare("cr2", host.cr2, ours.cr2);
  }
  for (unsigned i = 0; i < 16; ++i) compare(kNames[i], host.r[i], ours.r[i]);
  compare("rip", host.rip, ours.rip);
  compare("rflags", host.rflags, ours.rflags);
  for (unsigned i = 0; i < kWindowSize; ++i)
    if (host.window[i] != ours.window[i]) {
      u64 a, b;
      const unsigned at = std::min<unsigned>(i, kWindowSize - 8);
      std::memcpy(&a, &host.window[at], 8);
      std::memcpy(&b, &ours.window[at], 8);
      compare(format("[%llx]", (unsigned long long)(kWindow + at)), a, b);
      break;
    }
  if (made.experiment.floating)
    for (unsigned i = 0; i < 416; ++i)
      if (host.fx[i] != ours.fx[i]) compare(at_fx(i), host.fx[i], ours.fx[i]);
  for (unsigned i = 0; i < 256; ++i)
    if (host.high[i] != ours.high[i])
      compare(format("ymm%u+%u", i / 16, 16 + i % 16), host.high[i], ours.high[i]);
  return text;
}

Digest digest(const Seen& s, bool wide) {
  Digest d;
  d.vector = u8(s.vector);
  d.flags =
      u8((s.rflags & (SF | ZF | AF | PF | CF)) | (s.rflags & DF ? 2 : 0) | (s.rflags & OF ? 8 : 0));
  u32 rest = fnv(&s.error, 4);
  rest = fnv(&s.cr2, 8, rest);
  rest = fnv(&s.rip, 8, rest);
  rest = fnv(&s.rflags, 4, rest);
  d.registers = fold(fnv(s.r, sizeof s.r));
  d.rest = fold(rest);
  d.memory = fold(hash_window(s.window, 0));
  d.fx = fold(fnv(s.fx.data(), 512) ^ (wide ? fnv(s.high.data(), 256) : 0));
  return d;
}

u32 input_digest(const Made& made) {
  const Experiment& e = made.experiment;
  u32 hash = fnv(e.before.r, sizeof e.before.r);
  hash = fnv(&e.before.rip, 8, hash);
  hash = fnv(&e.before.rflags, 4, hash);
  if (e.floating) hash = fnv(e.before.fx.data(), 512, hash);
  if (e.wide) hash = fnv(e.before.high.data(), 256, hash);
  hash = fnv(e.code.data(), e.length, hash);
  return hash_window(e.window, hash);
}

std::string describe(const Made& made, u64 seed) {
  const Experiment& e = made.experiment;
  std::string bytes, code;
  for (unsigned i = 0; i < e.length; ++i) bytes += format("%02x", e.code[i]);
  for (unsigned at = 0; at < e.length;) {
    const Disassembled d = disassemble(std::span(e.code).first(e.length).subspan(at),
                                       bits_of(e.width), e.before.rip + at);
    code += (at ? "; " : "") + d.text;
    at += std::max(1u, d.length);
  }
  std::string text = format("%s: %s (%u-bit, case %#llx) before: rip %llx rflags %x", bytes.c_str(),
                            code.c_str(), bits_of(e.width), (unsigned long long)seed,
                            (unsigned long long)e.before.rip, e.before.rflags);
  for (unsigned i = 0; i < (e.width == Code::k64 ? 16 : 8); ++i)
    text += format(" %s %llx", kNames[i], (unsigned long long)e.before.r[i]);
  if (e.floating) {
    u16 control, status;
    u32 mxcsr;
    std::memcpy(&control, &e.before.fx[0], 2);
    std::memcpy(&status, &e.before.fx[2], 2);
    std::memcpy(&mxcsr, &e.before.fx[24], 4);
    text += format(" fcw %x fsw %x ftw %x mxcsr %x", control, status, e.before.fx[4], mxcsr);
    for (unsigned i = 0; i < 24; ++i) {
      u64 low, high;
      std::memcpy(&low, &e.before.fx[32 + 16 * i], 8);
      std::memcpy(&high, &e.before.fx[40 + 16 * i], 8);
      text += format(" %s%u %llx:%llx", i < 8 ? "st" : "xmm", i < 8 ? i : i - 8,
                     (unsigned long long)high, (unsigned long long)low);
    }
    for (unsigned i = 0; e.wide && i < 16; ++i) {
      u64 v[2];
      std::memcpy(v, &e.before.high[16 * i], 16);
      text +=
          format(" ymm%u.high %llx:%llx", i, (unsigned long long)v[1], (unsigned long long)v[0]);
    }
  }
  return text;
}

const char* ambiguous(const Made& made, const Outcome& theirs, const Outcome& ours, bool intel) {
  const std::string_view name = made.shape.name;
  const u64 rcx = made.experiment.before.r[RCX];
  const bool fault = ours.vector >= 0 || theirs.vector >= 0;
  if (!intel) {
    if (fault && one_of(name, {"cmps", "scas"}))
      return "which operand faults first, and whether the flags have changed by then";
    if (fault && one_of(name, {"jmp", "call", "ret"}))
      return "an address that is not canonical: #GP before or after the branch";
    if (fault && one_of(name, {"fist", "fistp", "fisttp", "fst", "fstp"}))
      return "with an unmasked x87 exception Intel's do not touch the memory operand";
    if (one_of(name, {"ldmxcsr", "fxrstor"}) && ours.vector == kGP)
      return "MXCSR.MM, which AMD's have";
    if (name == "movsxd" && made.shape.width == 2)
      return "AMD's read four bytes even for a 16-bit destination";
    if ((name == "dpps" && other_nans<u32>(theirs, ours, made.vector_reg)) ||
        (name == "dppd" && other_nans<u64>(theirs, ours, made.vector_reg)))
      return "which of several NaNs comes out";
    if (name.starts_with("sha") && (made.target % 16 || !made.alone) && ours.vector == kGP &&
        theirs.vector != kGP)
      return "AMD's do not mind where the operands of the SHA extensions are";
    if (name == "vcvtps2ph" && ours.vector == kXM && lacks_precision(theirs, ours))
      return "a denormal whose underflow is not masked: Intel's say that it is not exact";
    if (one_of(name, {"vmaskmovps", "vmaskmovpd", "vpmaskmov"}) && (made.wraps || !made.alone) &&
        (ours.vector == kGP || ours.vector == kSS) && theirs.vector != ours.vector)
      return "an operand across offset FFFFh: AMD's wrap the offset of each element";
    if (name == "fscale" && (theirs.after.fx[2] & ~ours.after.fx[2] & 0x10) &&
        (!made.alone || underflows_by_zero(made.experiment.before.fx.data())))
      return "a tiny value scaled by zero: AMD's tell of an underflow that is not masked";
  }
  if (intel && one_of(name, {"fprem", "fprem1"}) &&
      underflows_by_infinity(made.experiment.before.fx.data()))
    return "a tiny value modulo infinity: Intel's do not tell of an underflow that is not masked";
  if (fault && ours.vector != kXM && name == "vcvtps2ph")
    return "a store that faults may have set MXCSR's flags already";
  if (fault && one_of(name, {"maskmovq", "maskmovdqu"}))
    return "a byte that is masked may fault or not";
  if ((made.long_operand || one_of(name, {"fld", "bound"})) && theirs.vector >= 0 &&
      ours.vector >= 0 && theirs.vector != ours.vector)
    return "a long operand's limit, alignment and pages: which is looked at first";
  if (made.experiment.width == Code::k32 && ours.vector == kAC &&
      (theirs.vector == kGP || theirs.vector == kSS))
    return "an access that wraps at 4 GiB may be beyond the limit or not (SDM 3A, 5.3.1)";
  if (fault && made.image) return "part of the image may have been written";
  if (fault && name == "fbstp") return "the other page may have been written";
  if (ours.vector == kPF && name == "fstp") return "the other page may have been written";
  if (intel && name == "fstp" && made.long_operand && (ours.vector == kGP || ours.vector == kSS))
    return "what lies before the segment's end may have been written";
  if (name == "fxrstor" && (ours.vector == kGP || ours.vector == kSS))
    return "neither canonical nor aligned: #GP or #SS";
  if (one_of(name, {"ins", "outs"}) && !(rcx & 0xFFFF))
    return "REP with rCX = 0: Intel's check the port's permission all the same";
  if (name == "call" && ours.vector == kGP)
    return "not canonical: Intel's have already written the return address";
  if (one_of(name, {"pusha", "popa"}) && ours.vector >= 0 && ours.vector != kUD)
    return "Intel's have stored or loaded some registers already";
  if (name == "bound" && ours.vector == kPF)
    return "if the upper bound cannot be read: Intel's compare the lower one first";
  if (name == "sysret" && made.experiment.width != Code::k64) return "#UD on Intel's";
  return nullptr;
}

}  // namespace reprise::cpu::silicon
