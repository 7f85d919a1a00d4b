// Runs an experiment on the processor that the tests themselves run on.
//
// The code is entered by IRETQ, which loads RIP, CS (the width of code), RFLAGS and RSP at
// once, and is serialising, as code that was just written needs. It always ends in a fault; the
// signal handler takes the registers from the frame and returns behind the IRETQ.
#pragma once

#include <string>

#include "cpu/state.h"
#include "cpu/system/model.h"
#include "tests/silicon/machine.h"

namespace reprise::cpu::silicon {

class HostCpu {
 public:
  // Maps the arena and takes over the signals; one at a time.
  HostCpu();
  ~HostCpu();
  HostCpu(const HostCpu&) = delete;
  // Why nothing can be run here; empty if all is well.
  const std::string& problem() const { return problem_; }
  static bool intel();  // the maker
  static bool has(Feature f);

  Outcome run(const Experiment& e);
  const u8* window() const { return reinterpret_cast<const u8*>(kWindow); }

 private:
  std::string problem_;
  u8* code_ = nullptr;  // the code pages once more, writable
  u16 old_ds_ = 0, old_es_ = 0;
};

}  // namespace reprise::cpu::silicon
