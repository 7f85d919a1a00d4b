// How the templates' operands are made, and which template comes next.
#include "tests/support/program_assembler.h"

#include <algorithm>
#include <cstring>

namespace reprise::cpu {

std::vector<u8> Assembler::run(unsigned origin, unsigned count) {
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
      // One of the next few, mostly not the very next.
      const auto next = std::lower_bound(starts_.begin(), starts_.end(), f.at + 1);
      const i64 ahead = std::min<i64>(rng_.below(5), starts_.end() - next - 1);
      const i64 near = ahead < 0 ? 0 : i64(next[ahead]) - i64(f.at + 1);
      code_[f.at] = u8(near <= 127 ? near : 0);
    } else {
      std::memcpy(&code_[f.at], &delta, f.size);
    }
  }
  return code_;
}

void Assembler::fill_to_page_end() {
  const unsigned room = 4096 - code_.size() % 4096, keep = 1 + rng_.below(9);
  const unsigned skip = 1 + near_size();
  if (room <= keep + skip || code_.size() + room > kAreaSize - 64) return;
  b({0xE9});
  value(room - keep - skip, near_size());
  while (4096 - code_.size() % 4096 > keep) b({0x90});
}

u64 Assembler::address() {
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

u64 Assembler::code_address() {
  const u64 at = kCodeArea + rng_.below(u32(code_.size() + 40));
  if (bits_ == 16) return at;
  return at + (rng_.chance(60) ? 0 : rng_.chance(50) ? 0x200000 : 0x400000);
}

void Assembler::absolute(unsigned reg, u64 at) {
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

void Assembler::memory(unsigned reg) {
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

void Assembler::operand(unsigned reg) {
  if (rng_.chance(50))
    memory(reg);
  else
    b({0xC0 | reg << 3 | rng_.below(3)});
}

void Assembler::prefixes() {
  if (rng_.chance(20)) b({0x66});
  if (rng_.chance(2)) b({0x67});
  if (rng_.chance(4)) {
    static constexpr u8 segments[6] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
    b({segments[rng_.below(6)]});
  }
  if (bits_ == 64 && rng_.chance(40)) b({0x48u | (rng_.chance(20) ? 4u : 0u)});
}

void Assembler::pointer() {  // loads a pointer register
  static constexpr u8 registers[4] = {3, 5, 6, 7};
  b({0xB8u + registers[rng_.below(4)]});
  value(address(), bits_ == 16 ? 2 : 4);
}

void Assembler::instruction() {
  if (rng_.chance(pairs_percent_))
    return rng_.chance(65) ? run_of_registers() : comparison_and_branch();
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

}  // namespace reprise::cpu
