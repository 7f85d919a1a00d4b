// What a timing model remembers from one instruction to the next: machine state of a vCPU.
#pragma once

#include <array>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "cpu/timing/p5.h"
#include "cpu/timing/timing.h"
#include "replay/core/state.h"
#include "replay/core/types.h"

namespace reprise::cpu {

class ClockOps;

// How the pipeline was left. All of it is about the two clocks before the next instruction, so
// after two instructions, of a clock or more each, nothing of an older one is left.
struct Carry {
  u16 written1 = 0;    // general registers written in the last clock, whole or in part
  u16 written2 = 0;    // ... in the clock before
  u16 part1 = 0;       // whose byte was written in the last clock
  u8 slack = 0;        // clocks in which the decoder could work ahead
  bool byte1 = false;  // a byte register was loaded in the last clock
  bool byte2 = false;
  bool branched = false;  // control came from elsewhere: the pipeline is empty

  static Carry flushed() { return {.branched = true}; }
  bool neutral() const { return !(written1 | written2 | part1 | slack | byte1 | byte2); }
  u64 pack() const {
    return u64(written1) | u64(written2) << 16 | u64(part1) << 32 | u64(slack) << 48 |
           u64(byte1) << 56 | u64(byte2) << 57 | u64(branched) << 58;
  }
  static Carry unpack(u64 v) {
    return {u16(v),           u16(v >> 16),      u16(v >> 32),
            u8(v >> 48),      bool(v >> 56 & 1), bool(v >> 57 & 1),
            bool(v >> 58 & 1)};
  }
};

// How a far transfer or an event went, where registers do not tell; set by system/.
enum class FarPath : u8 { Direct, Gate, Tss, TaskGate };

struct Clocks {
  static constexpr unsigned kSets = 128, kWays = 4, kLineBits = 4;

  u64 carry = Carry::flushed().pack();
  u64 line = kNever;      // the line of code (linear address / 16) that was fetched last
  u64 rep_at = kNever;    // linear address of the REP string instruction that goes on
  Cycles fpu_free = 0;    // when the floating-point unit ends what it does
  Cycles write_free = 0;  // when the last buffered write is on the bus
  static constexpr u32 kEmpty = ~u32(0);
  alignas(64) std::array<u32, kSets * kWays> tags;  // physical address / 2048
  std::array<u8, kSets> order{};                    // pseudo-LRU: three bits
  struct Counters {
    u64 lines = 0, line_misses = 0, reads = 0, read_misses = 0, writes = 0, write_stalls = 0;
    u64 misaligned = 0, taken = 0, not_taken = 0, fpu_waits = 0;
  } counters;

  // Within one instruction, or from the first of a block to the second.
  bool inherited = false;  // something that the block's sum does not know
  FarPath path = FarPath::Direct;
  u8 parameters = 0;  // doublewords that a call gate copied
  u8 task = 0;        // kind of task: 0 32-bit, 1 virtual-8086, 2 16-bit

  std::unique_ptr<P5> p5;  // where that is the model; of the rest it uses `rep_at` and the ways

  std::unique_ptr<ClockOps> ops;

  explicit Clocks(const Timing& timing);
  ~Clocks();
  void reset();
  // A line (physical address / 16) is looked up, and taken in if it was not there and `fill`.
  // False: a miss. Without branches up to the answer, which is nearly always yes.
  bool look_up(u64 line_number, bool fill) {
    const unsigned set = unsigned(line_number) & (kSets - 1);
    const u32 tag = u32(line_number / kSets);
    const u32* const way = &tags[set * kWays];
    const unsigned found = unsigned(way[0] == tag) | unsigned(way[1] == tag) << 1 |
                           unsigned(way[2] == tag) << 2 | unsigned(way[3] == tag) << 3;
    if (!found) [[unlikely]]
      return miss(set, tag, fill);
    use(set, unsigned(std::countr_zero(found)));
    return true;
  }
  void flush_pipeline() {
    carry = Carry::flushed().pack(), line = rep_at = kNever;
    if (p5) p5->flush_pipeline();
  }
  // What was counted since the last reset, by the names that QMP has.
  std::vector<std::pair<const char*, u64>> counted() const;
  void state(State& s);

 private:
  // Pseudo-LRU, as the 486 has it: bit 0 tells whether ways 0-1 or (if set) 2-3 are the older half,
  // bits 1 and 2 which way of each half is older.
  void use(unsigned set, unsigned way) {
    static constexpr u8 keeps[4] = {4, 4, 2, 2}, sets[4] = {3, 1, 4, 0};
    order[set] = u8((order[set] & keeps[way]) | sets[way]);
  }
  bool miss(unsigned set, u32 tag, bool fill);
};

}  // namespace reprise::cpu
