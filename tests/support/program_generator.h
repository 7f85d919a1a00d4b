// Random guest programs for the equivalence test: biased towards what a run loop can get wrong
// (stores into code, REP over edges, page tables changed under it, interrupts, traps, devices).
#pragma once

#include <initializer_list>
#include <vector>

#include "tests/support/equivalence_machine.h"

namespace reprise::cpu {

enum class GuestMode { kReal, kRealFlat, kProtected, kPaging, kPae, kLong };
inline constexpr unsigned kGuestModes = 6;

struct Program {
  GuestMode mode = GuestMode::kReal;
  u8 ring = 0;
  unsigned cpus = 1;
  std::string timing = "fixed";
  Cycles quantum = 1000;
  u64 interleave_seed = 0;
  bool smap = false;  // CR4.SMAP; only areas of code and data are then users'
  std::vector<std::pair<u64, std::vector<u8>>> memory;  // RAM
  std::vector<u8> rom;
  u64 registers_seed = 0;
  u64 entry[2] = {};
};

// The same program for the same seed.
Program generate_program(u64 seed);
// Memory, tables and registers as the program wants them.
void install_program(EquivalenceMachine& m, const Program& p);

}  // namespace reprise::cpu
