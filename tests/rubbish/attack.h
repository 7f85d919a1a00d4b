// Runs a script on the whole PC, recorded, and plays the recording on another: nothing may crash,
// hang, or grow; the replay is the same run to the last bit.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "chipset/board/pc_i440fx.h"
#include "tests/rubbish/script.h"

namespace reprise::rubbish {

class Planted {
 public:
  virtual ~Planted() = default;
};

struct Bench {
  unsigned cpus = 1;
  Cycles cycles = 2'000'000'000;  // where the run is given up
  double host_seconds = 60;       // likewise; sanitizers included. A slice that takes as long ends
                                  // the program: a device hangs, and nothing else can be done
  std::function<void(MachineConfig&)> configure = {};
  // Drives are given their media here, in the live machine and in the replaying one.
  std::function<PcI440fx::HostOptions()> host = {};
  // Something beside the machine's own devices, for each run; it lives as long as the machine.
  std::function<std::unique_ptr<Planted>(PcI440fx&)> plant = {};
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
