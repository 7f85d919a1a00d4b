// What the model of a Pentium (P5, P54C) remembers: machine state of a vCPU.
//
// A block of a vCPU with this model begins with a clock op (p5_front.h) that looks at what the code
// before it left: a branch to be held against what was predicted, a register that is an address too
// soon, the line of code. What the two pipes do inside a block is summed when it is decoded. Data
// that lie in the line that was used last of their set of the cache, and are aligned, cost nothing
// beside: pointers to such lines are what the handlers of instructions look for, where they look
// for pages otherwise (memory/access.h); all other accesses come here by the slow halves of loads
// and stores.
//
// Source: Intel Pentium Processor Family Developer's Manual, volumes 1 and 3; A. Fog, How to
// optimize for the Pentium family (2000); M. Abrash, Graphics Programming Black Book, chapters 19
// to 21 and 63; InstLatx64's measurements of P54Cs (MemLatX86 of 00000525 and 00000526).
#pragma once

#include <array>
#include <bit>
#include <cstring>

#include "cpu/state.h"
#include "replay/core/state.h"

namespace reprise::cpu {

struct Cpu;

// Clocks of a 100 MHz part on a 66 MHz bus with a cache of the second level that always hits: its
// burst of 3-1-1-1 takes 6 clocks of the bus, a single write 3. A miss in the TLB and a locked
// access were measured (InstLatx64): 21 to 23 clocks on P54Cs with 1.5 and 2 times the clock of the
// bus, about 8 clocks of the bus on those with 2 and 2.5 times.
inline constexpr unsigned kP5ReadMiss = 9, kP5CodeMiss = 10;
inline constexpr unsigned kP5WriteClocks = 5, kP5WriteBuffers = 2;
inline constexpr unsigned kP5TlbMiss = 21;
inline constexpr unsigned kP5Misaligned = 3;
inline constexpr unsigned kP5Locked = 12;

// Two ways of 32 bytes; the one that was used last stays. A way is a page, so tags are its number.
struct TwoWay {
  static constexpr unsigned kSets = 128;
  static constexpr u32 kEmpty = ~u32(0);
  std::array<u32, 2 * kSets> tags;
  std::array<u8, kSets> recent{};  // which way was used last
  TwoWay() { tags.fill(kEmpty); }
  static unsigned set(u64 address) { return unsigned(address >> 5) & (kSets - 1); }

  enum Found : u8 { kRecent, kOther, kMiss };
  Found look_up(unsigned set, u32 tag, bool fill) {
    u32* const way = &tags[2 * set];
    const unsigned last = recent[set];
    if (way[last] == tag) return kRecent;
    const bool there = way[last ^ 1] == tag;
    if (!there && !fill) return kMiss;
    way[last ^ 1] = tag;
    recent[set] = u8(last ^ 1);
    return there ? kOther : kMiss;
  }
};

// Four ways of linear page numbers, replaced in turn.
template <unsigned Sets>
struct PageTags {
  std::array<u64, 4 * Sets> tags;
  std::array<u8, Sets> next{};
  PageTags() { tags.fill(kNever); }
  bool look_up(u64 page) {
    u64* const way = &tags[4 * (page % Sets)];
    // Nobody can predict which.
    if ((way[0] == page) | (way[1] == page) | (way[2] == page) | (way[3] == page)) [[likely]]
      return true;
    u8& n = next[page % Sets];
    way[n] = page;
    n = (n + 1) & 3;
    return false;
  }
};

// How a block, or an instruction that runs alone, left the pipes.
struct P5Exit {
  u16 written = 0;  // general registers written in the last clock
  // For the counters: of a block, in it; behind a part of it, still to come.
  u8 pairs = 0, agi = 0;
  u8 slack = 0;       // clocks in which the decoder could take prefixes of the next instruction
  bool paid = false;  // the next instruction is in V; the one before was charged for both
  bool rep = false;   // the instruction before was a REP string instruction
  u8 branch : 7 = 0;  // P5Branch of the instruction before
  bool beside_memory : 1 = false;  // paid, and the one before touches data
  // Does what follows run as it would at the front of a block?
  bool plain() const {
    return !(std::bit_cast<u64>(*this) & 0xFFFFFF'00000000);  // slack, paid, rep
  }
};
static_assert(sizeof(P5Exit) == 8);
// Where: offsets from P5::at of the branch, and of what follows it in memory; without a branch,
// both are what follows.
struct P5Left {
  u16 branch = 0, after = 0;
};
// P5Branch::kDirect, P5Branch::kIndirect: always taken.
struct P5Branch {
  enum Kind : u8 { kNone, kConditionalU, kConditionalV, kDirect, kIndirect };
};

struct P5 {
  static constexpr unsigned kSets = TwoWay::kSets, kBtbSets = 64;

  P5Exit exit;
  P5Left left;
  u64 at = 0;  // linear address of what was left
  u64 branch_at() const { return at + left.branch; }
  struct Counters {
    u64 pairs = 0, line_misses = 0, read_misses = 0, write_misses = 0;
    u64 code_tlb_misses = 0, data_tlb_misses = 0, misaligned = 0, bank_conflicts = 0, agi = 0;
    u64 branches = 0, mispredicted = 0, write_stalls = 0, fpu_waits = 0;
  } counters;
  TwoWay code, data;
  PageTags<8> code_pages;
  PageTags<16> data_pages;
  // Four branches; of linear addresses, targets' too, the low halves.
  struct alignas(64) BtbSet {
    static constexpr u32 kEmpty = 0xFFFFFFFF;  // a branch there finds one that is not taken
    u32 target[4] = {};
    u32 branch[4] = {kEmpty, kEmpty, kEmpty, kEmpty};
    u8 counter[4] = {};  // 0, 1: not taken; 2, 3: taken
    u8 next = 0;         // to be replaced
    // The way that has it; 4: none.
    unsigned find(u32 at) const {
      using Ways = u32 __attribute__((vector_size(16)));
      using Halves = u64 __attribute__((vector_size(16)));
      Ways ways;
      std::memcpy(&ways, branch, sizeof ways);
      const Halves found = Halves(Ways(ways == at) & Ways{1, 2, 4, 8});
      const u64 any = found[0] | found[1];
      return unsigned(std::countr_zero(unsigned(any) | unsigned(any >> 32) | 16u));
    }
  };
  std::array<BtbSet, kBtbSets> btb;
  // Was the branch before taken, where control is at `now`?
  bool taken(u64 now) const { return now != at + left.after || exit.branch >= P5Branch::kDirect; }
  u8 banks = 0;           // of the data cache that U used, where V may collide with it
  Cycles write_free = 0;  // when the last buffered write is on the bus
  // Floating-point unit: when it takes the next instruction, the next FMUL, and when the value of
  // each physical register is there.
  Cycles fp_free = 0, fmul_free = 0;
  std::array<Cycles, 8> fp_ready{};

  // Derived: lines that cost nothing, by the linear addresses of their first bytes. What is
  // compared with them keeps the bits that alignment wants to be 0: bits 3 and 4 are never among
  // those.
  static constexpr u64 kNoLine = 8;
  // [0] supervisor, [1] user, [2] never matches.
  FastEntry lines[3][kDataLines];
  u16 line_pages[2][kDataLines];      // of what pages they are, as drop_lines() looks for them
  std::array<u64, kSets> code_lines;  // linear address / 32 of the line used last of each set
  // Branches that went where they were expected to, and would change nothing if they did again: the
  // target, whether it is taken, and the branch, of whose address the lowest bits say where it is.
  static constexpr unsigned kKnownBits = 12, kKnown = 1u << kKnownBits;
  static constexpr u64 kNone = 1ull << 63;
  std::array<u64, kKnown> known;
  u64& known_at(u32 branch) { return known[branch & (kKnown - 1)]; }
  static u64 known_as(u32 branch, u64 to, bool taken) {
    return u32(to) | u64(taken) << 32 | u64(branch >> kKnownBits) << 33;
  }
  bool goes_as_known(u64 now, bool taken) {
    const u32 branch = u32(branch_at());
    return known_at(branch) == known_as(branch, now, taken);
  }

  P5();
  void flush_pipeline() { exit = {}, left = {}, at = 0; }
  void drop_lines();
  void drop_lines(bool user, u64 page);  // of data, by the page's linear address
  void drop_code_lines(u64 number);      // of the page
  void drop_line(unsigned table, unsigned set) {
    lines[table][set].read_tag = lines[table][set].write_tag = kNoLine;
  }
  void state(State& s);
};

namespace p5 {
// The slow halves of loads and stores of instructions.
u64 load(Cpu& c, u64 linear, unsigned size, bool user, u8 segment);
void store(Cpu& c, u64 linear, unsigned size, u64 value, bool user, u8 segment);
// Clocks to fetch the line at `linear`, which is not the one used last of its set, as far as
// code_lines tells.
i64 fetch_line(Cpu& c, u64 linear);
}  // namespace p5

}  // namespace reprise::cpu
