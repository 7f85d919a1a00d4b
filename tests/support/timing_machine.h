// A vCPU with a timing model, on which code is run for its clocks.
#pragma once

#include <functional>
#include <string>

#include "cpu/timing/clocks.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {

enum class GuestKind { kReal, kProtected, kUser, kV86 };

// Code at kCode runs between NOPs; data at kData is what EBX, EDI (and ESI, a page on) point to.
class TimingMachine {
 public:
  static constexpr u64 kData = 0x20000;
  static constexpr u32 kFill = 0x00100010;  // of data and stack: selectors that can be loaded
  static constexpr unsigned kNops = 16;

  TimingMachine(const std::string& timing, GuestKind kind, bool blocks);

  Machine m;
  Cpu& c = m.c();
  const GuestKind kind;

  // Offset of the code between the NOPs in its segment, and of what is behind it.
  u64 code_ip() const { return first_ip() + kNops; }
  u64 end_ip() const { return code_ip() + size_; }
  void data(unsigned dword, u32 value) { m.poke(kData + 4 * dword, 4, value); }
  void stack(unsigned slot, u32 value);  // of two bytes in 16-bit code, else four

  // Clocks of `code` between NOPs, once it is in the cache. `prepare` sets registers and memory
  // before each run. Runs step by step, and all at once: these must agree.
  i64 clocks(const std::vector<u8>& code, const std::function<void(TimingMachine&)>& prepare = {});

 private:
  u64 first_ip() const {
    return kind == GuestKind::kReal || kind == GuestKind::kV86 ? 0 : Machine::kCode;
  }
  void enter();
  i64 run(bool stepped);
  u64 size_ = 0, steps_ = 0;
};

std::vector<u8> from_hex(std::string_view text);

}  // namespace reprise::cpu
