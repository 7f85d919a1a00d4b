// Runs a script on the whole PC, recorded, and plays the recording on another: nothing may crash,
// hang, or grow; the replay is the same run to the last bit.
#pragma once

#include <functional>
#include <string>

#include "chipset/board/pc_i440fx.h"
#include "tests/rubbish/script.h"

namespace reprise::rubbish {

struct Bench {
  unsigned cpus = 1;
  Cycles cycles = 2'000'000'000;  // where the run is given up
  double host_seconds = 60;       // likewise; sanitizers included
  std::function<void(MachineConfig&)> configure = {};
  // Drives are given their media here, in the live machine and in the replaying one.
  std::function<PcI440fx::HostOptions()> host = {};
  std::function<void(PcI440fx&)> prepare = {};  // before each of the runs
};

struct Outcome {
  bool ended = false;   // the script ran to its end, as the guest itself says
  std::string why_not;  // otherwise
  u32 sum = 0;          // of all that was read: equal sums, equal answers
  u32 faults = 0, interrupts = 0, resets = 0;
  u32 current = 0;  // address of the script's record that was done last
  Position last;
  long grown_kib = 0;                     // of the host's memory, during the run
  double seconds = 0, longest_slice = 0;  // an operator would have waited as long
};

// Expectations (GoogleTest's) inside: the replay's hash, bounded memory, bounded time.
Outcome attack(const Script& script, const Bench& setup = {});

}  // namespace reprise::rubbish
