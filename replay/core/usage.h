// What a run has used, roughly: enough to say that it has not met a breakpoint.
//
// Pages and vectors are kept in small sets, into which pages are folded: a set may say "perhaps" of
// a page that was not used, never "no" of one that was. It belongs to nobody's state; no guest and
// no hash can tell that it is there.
#pragma once

#include <array>
#include <span>

#include "replay/core/stops.h"

namespace reprise {

// A set of numbers below 2^Bits.
template <unsigned Bits>
class BitSet {
 public:
  static constexpr u32 kSize = u32(1) << Bits;
  void add(u32 bit) { words_[bit / 64] |= u64(1) << bit % 64; }
  bool has(u32 bit) const { return words_[bit / 64] >> bit % 64 & 1; }
  void clear() { words_ = {}; }
  std::span<const u64> words() const { return words_; }
  bool empty() const {
    for (const u64 word : words_)
      if (word) return false;
    return true;
  }

 private:
  std::array<u64, kSize / 64> words_{};
};

// Addresses by their page.
class PageSet {
 public:
  static constexpr unsigned kBits = 17;
  void add(u64 address) { bits_.add(fold(address >> 12)); }
  bool may_have(u64 first, u64 last) const {
    const u64 pages = (last >> 12) - (first >> 12);
    if (pages >= BitSet<kBits>::kSize / 4) return !bits_.empty();
    for (u64 page = 0; page <= pages; ++page)
      if (bits_.has(fold((first >> 12) + page))) return true;
    return false;
  }
  BitSet<kBits>& bits() { return bits_; }
  const BitSet<kBits>& bits() const { return bits_; }

 private:
  static u32 fold(u64 page) { return u32(page * 0x9E37'79B9'7F4A'7C15 >> (64 - kBits)); }
  BitSet<kBits> bits_;
};

struct Usage {
  // Linear and physical addresses. Written pages are among those accessed. Physical ones before the
  // A20 gate.
  PageSet accessed, written, accessed_physical, written_physical;
  PageSet executed;  // linear addresses at which instructions begin
  BitSet<16> ports;
  BitSet<8> interrupts, exceptions;

  void read(u64 linear, u64 physical) {
    accessed.add(linear);
    accessed_physical.add(physical);
  }
  void write(u64 linear, u64 physical) {
    read(linear, physical);
    written.add(linear);
    written_physical.add(physical);
  }
  void write_physical(u64 physical, u64 size) {
    for (u64 page = physical >> 12; page <= (physical + size - 1) >> 12; ++page) {
      accessed_physical.add(page << 12);
      written_physical.add(page << 12);
    }
  }

  // False: what was used did not meet the condition.
  bool may_meet(const StopCondition& condition) const;
  void clear();
  // Each of the sets, in one order.
  template <class F>
  void each_set(F visit) {
    all(*this, visit);
  }
  template <class F>
  void each_set(F visit) const {
    all(*this, visit);
  }

 private:
  template <class Self, class F>
  static void all(Self& self, F visit) {
    for (auto* set : {&self.accessed, &self.written, &self.accessed_physical,
                      &self.written_physical, &self.executed})
      visit(set->bits());
    visit(self.ports);
    visit(self.interrupts);
    visit(self.exceptions);
  }
};

}  // namespace reprise
