// Plain types that every part speaks: fixed-width integers, virtual time, positions.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace reprise {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using u128 = unsigned __int128;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;

// CPU clock cycles since power-on: the machine's only clock.
using Cycles = u64;
inline constexpr u64 kNever = ~u64(0);

// A place in a run. icount counts retired instructions of all vCPUs, REP iterations, and
// exceptions and interrupts delivered; cycles separates positions while every vCPU is halted.
struct Position {
  u64 icount = 0;
  Cycles cycles = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

// Where a run must pause: at the first instruction boundary where either limit is reached.
struct Stop {
  Cycles cycles = kNever;
  u64 icount = kNever;
};

}  // namespace reprise
