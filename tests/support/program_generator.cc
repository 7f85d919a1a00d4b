#include "tests/support/program_generator.h"

#include <algorithm>
#include <cstring>

namespace reprise::cpu {

namespace {

constexpr u64 kStarts = 0xA100;  // where the handlers that start afresh go on; A000 counts them
constexpr u64 kHandlers = 0x4000, kHandlerSize = 0x40;

class Assembler {
 public:
  Assembler(Rng& rng, const Program& p) : rng_(rng), p_(p) {
    bits_ = p.mode == GuestMode::kLong ? 64 : p.mode <= GuestMode::kRealFlat ? 16 : 32;
  }

  // Up to `count` instructions, behind NOPs up to `origin`.
  std::vector<u8> run(unsigned origin, unsigned count) {
    code_.assign(origin, 0x90);
    while (code_.size() < kAreaSize - 64 && starts_.size() < count) {
      starts_.push_back(unsigned(code_.size()));
      instruction();
      // Now and then go on at the end of a page.
      if (rng_.chance(3)) fill_to_page_end();
    }
    for (const Fix& f : fixes_) {
      const i64 target = i64(starts_[rng_.below(u32(starts_.size()))]);
      const i64 delta = target - i64(f.at + f.size);
      if (f.size == 1 && (delta < -128 || delta > 127)) {
        const auto near = std::lower_bound(starts_.begin(), starts_.end(), f.at + 1);
        const i64 next = near == starts_.end() ? 0 : i64(*near) - i64(f.at + 1);
        code_[f.at] = u8(next <= 127 ? next : 0);
      } else {
        std::memcpy(&code_[f.at], &delta, f.size);
      }
    }
    return code_;
  }
  const std::vector<unsigned>& starts() const { return starts_; }

 private:
  struct Fix {
    unsigned at, size;
  };

  void b(std::initializer_list<unsigned> bytes) {
    for (unsigned byte : bytes) code_.push_back(u8(byte));
  }
  void value(u64 v, unsigned size) {
    for (unsigned i = 0; i < size; ++i) code_.push_back(u8(v >> (8 * i)));
  }
  void branch(std::initializer_list<unsigned> opcode, unsigned size) {
    b(opcode);
    fixes_.push_back({unsigned(code_.size()), size});
    value(0, size);
  }
  unsigned near_size() const { return bits_ == 16 ? 2 : 4; }
  void imm8() {
    fields_.push_back(unsigned(code_.size()));
    value(rng_.next(), 1);
  }

  void fill_to_page_end() {
    const unsigned room = 4096 - code_.size() % 4096, keep = 1 + rng_.below(9);
    const unsigned skip = 1 + near_size();
    if (room <= keep + skip || code_.size() + room > kAreaSize - 64) return;
    b({0xE9});
    value(room - keep - skip, near_size());
    while (4096 - code_.size() % 4096 > keep) b({0x90});
  }

  // Where operands may lie; in 16-bit code, an offset in the data segment.
  u64 address() {
    const u32 kind = rng_.below(20);
    const u64 offset =
        rng_.chance(40) ? (rng_.below(4) << 12 | 0xFFF) - rng_.below(10) : rng_.below(kAreaSize);
    if (bits_ == 16) return kind == 0 ? 0xFFF8 + rng_.below(8) : offset;
    if (kind < 8) return kDataArea + offset;
    if (kind < 11) return (rng_.chance(50) ? 0x200000 : 0x400000) + kDataArea + rng_.below(0x8000);
    if (kind < 12) return (rng_.chance(50) ? 0x200000 : 0x400000) + kCodeArea + offset;
    if (kind < 14) return kRegisters + rng_.below(0x100);
    if (kind < 15) return kRom + rng_.below(0x4000);
    if (kind < 17) return kWindow + rng_.below(0x1000);
    if (kind < 18) return 0x300000 + rng_.below(0x1000);
    if (kind < 19) return 0xD0000 - rng_.below(8);
    return kCodeArea + offset;
  }
  u64 code_address() {
    const u64 at = kCodeArea + rng_.below(u32(code_.size() + 40));
    if (bits_ == 16) return at;
    return at + (rng_.chance(60) ? 0 : rng_.chance(50) ? 0x200000 : 0x400000);
  }

  // An absolute operand; `reg` is the reg field.
  void absolute(unsigned reg, u64 at) {
    if (bits_ == 16) {
      b({reg << 3 | 6});
      value(at, 2);
    } else if (bits_ == 32) {
      b({reg << 3 | 5});
      value(at, 4);
    } else {
      b({reg << 3 | 4, 0x25});
      value(at, 4);
    }
  }
  void memory(unsigned reg) {
    switch (rng_.below(bits_ == 64 ? 7 : 6)) {
      case 0:
      case 1:
        return absolute(reg, address());
      case 2:
        return b({reg << 3 | (bits_ == 16 ? 4u : 6u)});  // [si]
      case 3:
        b({0x40 | reg << 3 | (bits_ == 16 ? 5u : 7u)});  // [di + disp8]
        return value(rng_.next(), 1);
      case 4:
        b({0x40 | reg << 3 | (bits_ == 16 ? 7u : 3u)});  // [bx + disp8]
        return value(rng_.next(), 1);
      case 5:
        if (bits_ == 16) return b({reg << 3 | rng_.below(4)});
        b({0x44 | reg << 3, rng_.below(256) & 0xC7u});  // [base + rax * n + disp8]
        return value(rng_.next(), 1);
      default:  // relative to RIP
        b({reg << 3 | 5});
        return value(u64(i64(address()) - i64(kCodeArea + code_.size() + 4)), 4);
    }
  }
  void operand(unsigned reg) {
    if (rng_.chance(50))
      memory(reg);
    else
      b({0xC0 | reg << 3 | rng_.below(3)});
  }
  // General registers that operations write: not the pointers and not SP.
  unsigned scratch() { return rng_.below(3); }

  void prefixes() {
    if (rng_.chance(20)) b({0x66});
    if (rng_.chance(2)) b({0x67});
    if (rng_.chance(4)) {
      static constexpr u8 segments[6] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
      b({segments[rng_.below(6)]});
    }
    if (bits_ == 64 && rng_.chance(40)) b({0x48u | (rng_.chance(20) ? 4u : 0u)});
  }
  void pointer() {  // loads a pointer register
    static constexpr u8 registers[4] = {3, 5, 6, 7};
    b({0xB8u + registers[rng_.below(4)]});
    value(address(), bits_ == 16 ? 2 : 4);
  }

  void instruction();
  void arithmetic();
  void string();
  void flow();
  void store_to_code();
  void device();
  void system();
  void vector();
  void stack();
  void table();

  Rng& rng_;
  const Program& p_;
  unsigned bits_ = 0;
  std::vector<u8> code_;
  std::vector<unsigned> starts_;
  std::vector<unsigned> fields_;  // immediate bytes: may change without making nonsense
  std::vector<Fix> fixes_;
};

void Assembler::arithmetic() {
  switch (rng_.below(14)) {
    case 0:
    case 1:
    case 2:
      prefixes();
      b({rng_.below(8) << 3 | rng_.below(4)});
      return operand(scratch());
    case 3: {
      prefixes();
      b({rng_.chance(50) ? 0x80u : 0x83u});
      operand(rng_.below(8));
      return imm8();
    }
    case 4:
      prefixes();
      b({0x88u + rng_.below(4)});
      return operand(scratch());
    case 5:
      b({0xB0u + rng_.below(3)});
      return imm8();
    case 6:
      b({0xB8u + scratch()});
      return value(rng_.next(), bits_ == 16 ? 2 : 4);
    case 7:
      prefixes();
      b({rng_.chance(50) ? 0xC1u : 0xD3u});
      operand(rng_.below(8));
      if (code_.size() && code_[code_.size() - 1]) imm8();
      return;
    case 8:
      prefixes();
      b({0x0F, 0xB6u + rng_.below(2) * 8 + rng_.below(2)});
      return operand(scratch());
    case 9:
      prefixes();
      b({0x0F, 0x40u + rng_.below(16)});
      return operand(scratch());
    case 10:
      b({0x0F, 0x90u + rng_.below(16)});
      return operand(0);
    case 11:
      prefixes();
      b({0x0F, rng_.chance(50) ? 0xB1u : 0xC1u});
      return operand(scratch());
    case 12:
      prefixes();
      b({0x86u + rng_.below(2)});
      return operand(scratch());
    default:
      prefixes();
      b({0xF7});
      return operand(2 + rng_.below(6));
  }
}

void Assembler::string() {
  if (rng_.chance(70)) {
    b({0xB9});
    value(rng_.chance(20) ? rng_.below(1200) : rng_.below(40), bits_ == 16 ? 2 : 4);
  }
  static constexpr u8 opcodes[14] = {0xA4, 0xA5, 0xA6, 0xA7, 0xAA, 0xAB, 0xAC,
                                     0xAD, 0xAE, 0xAF, 0x6C, 0x6D, 0x6E, 0x6F};
  for (const unsigned reg : {6u, 7u})
    if (rng_.chance(70)) {
      b({0xB8 + reg});
      value(reg == 7 && rng_.chance(10) ? code_address() : address(), bits_ == 16 ? 2 : 4);
    }
  if (rng_.chance(20)) b({0xBA, 0x40 + rng_.below(0x80)}), value(0, bits_ == 16 ? 1 : 3);
  if (rng_.chance(10)) b({0xFC + rng_.below(2)});
  if (rng_.chance(15)) b({0x66});
  if (rng_.chance(5)) b({0x2E});
  if (rng_.chance(4)) b({0x67});
  if (rng_.chance(85)) b({0xF2 + rng_.below(2)});
  if (bits_ == 64 && rng_.chance(30)) b({0x48});
  b({opcodes[rng_.below(rng_.chance(60) ? 6 : 14)]});
  if (rng_.chance(60)) b({0xFC});
}

void Assembler::flow() {
  switch (rng_.below(11)) {
    case 0:
    case 1:
    case 2:  // a pair that may be fused
      if (bits_ == 64 && rng_.chance(50)) b({0x48});
      b({rng_.chance(50) ? 0x39u : 0x85u, 0xC0 | rng_.below(64)});
      if (rng_.chance(30)) return branch({0x0F, 0x80 + rng_.below(16)}, near_size());
      return branch({0x70 + rng_.below(16)}, 1);
    case 3:
      return branch({0x70 + rng_.below(16)}, 1);
    case 4:
      return branch({0x0F, 0x80 + rng_.below(16)}, near_size());
    case 5:
      return branch({rng_.chance(50) ? 0xE9u : 0xE8u}, near_size());
    case 6:
      return branch({0xE0 + rng_.below(4)}, 1);
    case 7:
      return b({rng_.chance(80) ? 0xC3u : 0xCBu});
    case 8:  // through a register, perhaps by another linear address
      b({0xB8});
      value(starts_[rng_.below(u32(starts_.size()))] + kCodeArea +
                (bits_ == 16 || rng_.chance(60) ? 0
                 : rng_.chance(50)              ? 0x200000
                                                : 0x400000),
            bits_ == 16 ? 2 : 4);
      return b({0xFF, rng_.chance(50) ? 0xE0u : 0xD0u});
    case 9:
      if (bits_ == 16) return branch({0xEB}, 1);
      return branch({0x66, 0xE9}, bits_ == 32 ? 2 : 4);
    default:
      if (bits_ == 64) return b({0xCD, 0x30});
      b({0xEA});
      value(starts_[rng_.below(u32(starts_.size()))] + kCodeArea, bits_ / 8);
      return value(bits_ == 16 ? 0 : p_.ring ? 0x1B : 0x08, 2);
  }
}

void Assembler::store_to_code() {
  if (bits_ == 16) b({0x2E});
  const bool near = rng_.chance(60);
  // Mostly an immediate of some instruction, mostly soon to be executed (or just executed).
  u64 at = kCodeArea;
  if (!fields_.empty() && rng_.chance(50))
    at += fields_[near ? fields_.size() - 1 - rng_.below(std::min<u32>(4, u32(fields_.size())))
                       : rng_.below(u32(fields_.size()))];
  else
    at += (near ? code_.size() + rng_.below(24) : rng_.below(u32(code_.size() + 64))) & 0x3FFF;
  if (bits_ != 16 && rng_.chance(40)) at += rng_.chance(50) ? 0x200000 : 0x400000;
  if (rng_.chance(30)) {
    b({0x88});  // what AL has
    return absolute(0, at);
  }
  b({0xC6});
  absolute(0, at);
  static constexpr u8 bytes[8] = {0x90, 0x90, 0xF4, 0xFB, 0x40, 0x48, 0x9D, 0xAB};
  value(bytes[rng_.below(8)], 1);
}

void Assembler::device() {
  const unsigned port = 0x40 + rng_.below(0xC0);
  switch (rng_.below(6)) {
    case 0:
      return b({0xE4 + rng_.below(2), port});
    case 1:
    case 2:
      return b({0xE6 + rng_.below(2), port});
    case 3:
      b({0xBA, port, 0}), value(0, bits_ == 16 ? 0 : 2);
      return b({0xEC + rng_.below(4)});
    case 4:
      if (bits_ == 16) {
        b({0xB8}), value(0xF000, 2);
        b({0x8E, 0xC0, 0x26});
      }
      b({rng_.below(8) << 3 | rng_.below(4)});
      return absolute(scratch(), (bits_ == 16 ? 0 : kRegisters) + rng_.below(256));
    default:  // an interrupt soon, or a wait for one
      b({0xB0, rng_.below(60)});
      b({0xE6, 0x20 + 16 * rng_.below(2) - 0x10});
      if (rng_.chance(50)) b({0xFB, 0xF4});
      return;
  }
}

void Assembler::stack() {
  switch (rng_.below(9)) {
    case 0:
      return b({0x50 + rng_.below(8)});
    case 1:
      return b({0x58 + scratch()});
    case 2:
      return b({0x9C, 0x9D});
    case 3:  // POPF with some flags
      b({0x68});
      value((rng_.chance(15) ? 0x100 : 0) | (rng_.chance(60) ? 0x200 : 0) |
                (rng_.chance(10) ? 0x400 : 0) | (rng_.chance(p_.smap ? 60 : 8) ? 0x40000 : 0) | 2,
            bits_ == 16 ? 2 : 4);
      return b({0x9D});
    case 4:
      if (bits_ == 64) return b({0xFF, 0x36 - rng_.below(2) * 6});
      return b({0x60 + rng_.below(2)});
    case 5:
      return b({0xC8, 0x10, 0, rng_.below(3)});
    case 6:
      b({0xBC});
      return value(p_.ring ? 0x7E00 - rng_.below(64) : 0x9E00 - rng_.below(64),
                   bits_ == 16 ? 2 : 4);
    case 7:
      b({rng_.chance(50) ? 0xFFu : 0x8Fu});
      return memory(code_.back() == 0xFF ? 6 : 0);
    default:
      return b({0x55, 0x8B, 0xEC, 0xC9});
  }
}

// Changes an entry of the page tables, and perhaps flushes.
void Assembler::table() {
  const bool wide = p_.mode == GuestMode::kPae || p_.mode == GuestMode::kLong;
  const unsigned page = rng_.chance(50) ? unsigned(kDataArea >> 12) + rng_.below(8)
                                        : unsigned(kCodeArea >> 12) + rng_.below(4);
  const unsigned region = rng_.below(3);
  const u64 slot = wide ? 0x44000 + 0x1000 * region + 8 * page
                        : 0x44000 + (region == 2 ? 0x1000 + 4 * page : 4 * (page + 512 * region));
  static constexpr u8 rights[8] = {7, 7, 7, 0x67, 0x27, 5, 3, 0};
  static constexpr u32 frames[6] = {0x20, 0x21, 0x0C, 0xF0, 0xE0, 0xD0};
  const u32 frame = rng_.chance(60) ? page : frames[rng_.below(6)];
  b({0xC7});
  absolute(0, slot);
  value(frame << 12 | rights[rng_.below(8)], 4);
  if (p_.mode == GuestMode::kLong && rng_.chance(30)) {  // a protection key
    b({0xC7});
    absolute(0, slot + 4);
    value(rng_.below(3) << 27, 4);
  }
  if (rng_.chance(50)) {
    b({0x0F, 0x01});
    absolute(7, u64(region) << 21 | u64(page) << 12);
  } else if (rng_.chance(30)) {
    b({0x0F, 0x20, 0xD8, 0x0F, 0x22, 0xD8});
  }
}

void Assembler::system() {
  switch (rng_.below(18)) {
    case 0:
    case 1:
      return b({0xFB});
    case 2:
      return b({0xFA});
    case 3:
      return b({0xFB, 0xF4});
    case 4:
      return b({0xF3, 0x90});
    case 5:
      return b({0xCD, 0x30});
    case 6:
      return b({0xCC});
    case 7:
      if (rng_.chance(50)) return b({0x0F, 0xC7, 0xF0u + scratch()});  // RDRAND
      return b({0x0F, 0x31});
    case 8:
      return b({0x0F, 0xA2});
    case 9:  // a breakpoint on code or data
      b({0xB8});
      value(rng_.chance(50) ? kCodeArea + starts_[rng_.below(u32(starts_.size()))]
                            : (bits_ == 16 ? kDataArea : 0) + address(),
            bits_ == 16 ? 2 : 4);
      b({0x0F, 0x23, 0xC0});
      if (rng_.chance(50)) return;
      b({0x66u - (bits_ == 16 ? 0 : 0x66 - 0x3Eu), 0xB8});
      value(rng_.chance(60) ? 0 : 1 | rng_.below(16) << 16, 4);
      return b({0x0F, 0x23, 0xF8});
    case 10:  // MOV SS
      if (bits_ == 16) return b({0x16, 0x17});
      return b({0x8C, 0xD0, 0x8E, 0xD0});
    case 11:
      if (bits_ == 64) return b({0x8E, 0xD8 + rng_.below(3)});
      return b({0x06 + 0x18 * rng_.below(2), 0x07});
    case 12:
      return b({0x0F, 0x06});
    case 13:  // toggle bits of CR0: TS, EM, WP, AM
      static constexpr u8 bit[4] = {3, 2, 16, 18};
      b({0x0F, 0x20, 0xC0, 0x66u - (bits_ == 16 ? 0 : 0x66 - 0x3Eu), 0x0F, 0xBA, 0xF8});
      value(bit[rng_.below(4)], 1);
      return b({0x0F, 0x22, 0xC0});
    case 14:  // CR4: OSFXSR, PGE, PKE
      b({0x0F, 0x20, 0xE0, 0x66u - (bits_ == 16 ? 0 : 0x66 - 0x3Eu), 0x0F, 0xBA, 0xF8});
      value(rng_.chance(50) ? (p_.mode == GuestMode::kLong ? 22 : 9) : 7, 1);
      return b({0x0F, 0x22, 0xE0});
    case 15:
      return b({0x0F, 0x0B});
    case 16:
      if (bits_ == 16) {  // another segment
        static constexpr u16 segments[5] = {0x2000, 0xF000, 0xE000, 0xD000, 0x0C00};
        b({0xB8});
        value(segments[rng_.below(5)], 2);
        return b({0x8E, rng_.chance(70) ? 0xC0u : 0xD8u});
      }
      [[fallthrough]];
    default:
      if (p_.mode == GuestMode::kLong && rng_.chance(40)) {  // WRPKRU
        b({0x31, 0xC9, 0x31, 0xD2, 0xB8});
        value(rng_.chance(50) ? 0 : rng_.below(64), 4);
        return b({0x0F, 0x01, 0xEF});
      }
      if (p_.smap && rng_.chance(60)) return b({0x0F, 0x01, 0xCA + rng_.below(2)});  // CLAC, STAC
      if (p_.mode >= GuestMode::kPaging) return table();
      return b({0xF5});
  }
}

void Assembler::vector() {
  switch (rng_.below(8)) {
    case 0:
      b({0x0F, 0x10 + rng_.below(2)});
      return memory(rng_.below(8));
    case 1:
      b({0x66, 0x0F, 0xFE});
      return operand(rng_.below(8));
    case 2:
      b({0x0F, 0xFC});  // MMX
      return operand(rng_.below(8));
    case 3:
      b({0xF3, 0x0F, 0x58});
      return operand(rng_.below(8));
    case 4:
      b({0xDD});
      return memory(rng_.chance(50) ? 0 : 3);
    case 5:
      return b({0xD9, 0xE8 + rng_.below(7)});
    case 6:
      b({0x0F, 0xAE});
      return memory(rng_.below(2));
    default:
      return b({0xD8 + rng_.below(8), 0xC0 + rng_.below(64)});
  }
}

void Assembler::instruction() {
  const u32 kind = rng_.below(100);
  if (kind < 40) return arithmetic();
  if (kind < 46) return pointer();
  if (kind < 58) return flow();
  if (kind < 66) return string();
  if (kind < 73) return stack();
  if (kind < 79) return store_to_code();
  if (kind < 83 && (p_.ring == 0 || rng_.chance(20))) return device();
  if (kind < 92 && (p_.ring == 0 || rng_.chance(30))) return system();
  if (kind < 99) return vector();
  for (unsigned i = rng_.below(6); i > 0; --i) value(rng_.next(), 1);
}

// --- handlers
// ------------------------------------------------------------------------------------

bool has_error_code(unsigned vector) {
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

// Goes on at another of the program's instructions.
std::vector<u8> restart_handler(unsigned bits, bool error) {
  std::vector<u8> h;
  const auto b = [&h](std::initializer_list<unsigned> bytes) {
    for (unsigned byte : bytes) h.push_back(u8(byte));
  };
  if (bits == 16) {
    // push ax, bx, bp; mov bx, cs:[counter]; inc word cs:[counter]; and bx, 15; shl bx, 2;
    // mov ax, cs:[bx + starts]; mov bp, sp; mov [bp + 6], ax; pop bp, bx, ax; iret
    b({0x50, 0x53, 0x55, 0x2E, 0x8B, 0x1E, 0x00, 0xA0, 0x2E, 0xFF, 0x06,
       0x00, 0xA0, 0x83, 0xE3, 0x0F, 0xC1, 0xE3, 0x02, 0x2E, 0x8B, 0x87,
       0x00, 0xA1, 0x8B, 0xEC, 0x89, 0x46, 0x06, 0x5D, 0x5B, 0x58, 0xCF});
    return h;
  }
  const unsigned word = bits / 8;
  b({0x50, 0x53});  // push rax, rbx; mov ebx, [counter]; inc dword [counter]
  if (bits == 64)
    b({0x8B, 0x1C, 0x25, 0x00, 0xA0, 0, 0, 0xFF, 0x04, 0x25, 0x00, 0xA0, 0, 0});
  else
    b({0x8B, 0x1D, 0x00, 0xA0, 0, 0, 0xFF, 0x05, 0x00, 0xA0, 0, 0});
  // and ebx, 15; mov eax, [rbx * 4 + starts]; mov [rsp + n], eax; pop rbx, rax
  b({0x83, 0xE3, 0x0F, 0x8B, 0x04, 0x9D, 0x00, 0xA1, 0, 0});
  b({0x89, 0x44, 0x24, word * (error ? 3u : 2u), 0x5B, 0x58});
  if (error) {
    if (bits == 64) b({0x48});
    b({0x83, 0xC4, word});
  }
  if (bits == 64) b({0x48});
  b({0xCF});
  return h;
}

std::vector<u8> handler(Rng& rng, unsigned bits, unsigned vector, bool ring3) {
  const bool error = bits != 16 && has_error_code(vector);
  if (vector == 1) {  // mostly ends the trace
    if (rng.chance(30)) return {0xCF};
    if (bits == 16) return {0x55, 0x8B, 0xEC, 0x80, 0x66, 0x07, 0xFE, 0x5D, 0xCF};
    const u8 at = u8(bits / 8 * 2 + 1);
    if (bits == 64) return {0x80, 0x64, 0x24, at, 0xFE, 0x48, 0xCF};
    return {0x80, 0x64, 0x24, at, 0xFE, 0xCF};
  }
  if (vector == 7 && !ring3 && rng.chance(70)) {
    if (bits == 64) return {0x0F, 0x06, 0x48, 0xCF};
    return {0x0F, 0x06, 0xCF};
  }
  if (vector == 2 || vector == 3 || vector == 4 || (vector >= 0x20 && rng.chance(80))) {
    std::vector<u8> h;
    if (rng.chance(30)) h = {0x50, 0xE4, u8(0x40 + rng.below(0xC0)), 0x58};
    if (rng.chance(30)) h.insert(h.end(), {0x50, 0x0F, 0x31, 0x58});
    if (bits == 64) h.push_back(0x48);
    h.push_back(0xCF);
    return h;
  }
  return restart_handler(bits, error);
}

}  // namespace

Program generate_program(u64 seed) {
  Rng rng{seed};
  Program p;
  p.mode = GuestMode(rng.below(kGuestModes));
  p.ring = p.mode >= GuestMode::kProtected && rng.chance(35) ? 3 : 0;
  p.cpus = rng.chance(25) ? 2 : 1;
  p.timing = rng.chance(30)   ? "fixed"
             : rng.chance(33) ? "i486"
             : rng.chance(60) ? "p5"
                              : "test";
  static constexpr Cycles quanta[4] = {7, 60, 500, 4000};
  p.quantum = quanta[rng.below(4)];
  if (rng.chance(50)) p.interleave_seed = rng.next();
  p.smap = p.mode >= GuestMode::kPaging && p.ring == 0 && rng.chance(30);
  p.registers_seed = rng.next();
  Assembler program(rng, p);
  const unsigned count = rng.chance(50) ? 12 + rng.below(30) : 100 + rng.below(600);
  // 16-bit code may run into the end of its 64 KiB.
  const bool at_end = p.mode <= GuestMode::kRealFlat && rng.chance(30);
  std::vector<u8> code = program.run(at_end ? kAreaSize - 0x300 : 0, at_end ? 1000 : count);
  code.resize(std::min<std::size_t>(code.size(), kAreaSize));
  p.memory.push_back({kCodeArea, std::move(code)});
  const auto& starts = program.starts();
  std::vector<u8> table(64);
  for (unsigned i = 0; i < 16; ++i) {
    u32 at = u32(kCodeArea + starts[rng.below(u32(starts.size()))]);
    if (p.mode >= GuestMode::kPaging && rng.chance(20)) at += rng.chance(50) ? 0x200000 : 0x400000;
    std::memcpy(&table[4 * i], &at, 4);
  }
  p.memory.push_back({kStarts, table});
  p.entry[0] = kCodeArea + starts[0];
  p.entry[1] = kCodeArea + starts[rng.below(u32(starts.size()))];
  const unsigned bits = p.mode == GuestMode::kLong ? 64 : p.mode <= GuestMode::kRealFlat ? 16 : 32;
  for (unsigned v = 0; v < 64; ++v)
    p.memory.push_back({kHandlers + kHandlerSize * v, handler(rng, bits, v, p.ring == 3)});
  std::vector<u8> data(kAreaSize);
  for (u8& byte : data) byte = u8(rng.next());
  p.memory.push_back({kDataArea, data});
  // SMM: RSM, for either vCPU.
  for (const u64 at : {0x38000u, 0x58000u})
    p.memory.push_back({at, rng.chance(50) ? std::vector<u8>{0x0F, 0xAA}
                                           : std::vector<u8>{0xE4, 0x92, 0x0F, 0x31, 0x0F, 0xAA}});
  p.rom.resize(0x4000);
  for (u8& byte : p.rom) byte = rng.chance(60) ? 0x90 : rng.chance(50) ? 0xC3 : u8(rng.next());
  return p;
}

}  // namespace reprise::cpu
