// A vCPU with a timing model, on which code is run for its clocks.
#pragma once

#include <functional>
#include <string>

#include "cpu/timing/clocks.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {

enum class GuestKind { kReal, kProtected, kUser, kV86, kLong };

// Code at kCode runs between NOPs; data at kData is what EBX, EDI (and ESI, a page on) point to.
class TimingMachine {
 public:
  static constexpr u64 kData = 0x20000;
  static constexpr u32 kFill = 0x00100010;  // of data and stack: selectors that can be loaded
  static constexpr unsigned kNops = 16, kNopsBehind = 8;

  TimingMachine(const std::string& timing, GuestKind kind, bool blocks);

  Machine m;
  Cpu& c = m.c();
  const GuestKind kind;

  // Offset of the code between the NOPs in its segment, and of what is behind it.
  u64 code_ip() const { return first_ip() + kNops; }
  u64 end_ip() const { return code_ip() + size_; }
  void data(unsigned dword, u32 value) { m.poke(kData + 4 * dword, 4, value); }
  void stack(unsigned slot, u32 value);      // of two bytes in 16-bit code, else four
  unsigned round() const { return round_; }  // the run that is being prepared, from 0
  // Data and stack are in the cache only as far as earlier runs read them.
  void read_nothing() { warm_ = false; }

  // Clocks of `code` between NOPs, once it is in the cache, and with the data and the stack in it.
  // `prepare` sets registers and memory before each of five runs: three step by step, one all at
  // once, one in blocks. The last three must agree. Without data in the cache the last is left out.
  i64 clocks(const std::vector<u8>& code, const std::function<void(TimingMachine&)>& prepare = {});

 private:
  u64 first_ip() const {
    return kind == GuestKind::kReal || kind == GuestKind::kV86 ? 0 : Machine::kCode;
  }
  void enter();
  void read_all();
  i64 run_stepped();
  i64 run(u64 before, u64 count);
  u64 size_ = 0, steps_ = 0;
  Position all_;
  unsigned round_ = 0;
  bool warm_ = true;
};

std::vector<u8> from_hex(std::string_view text);

}  // namespace reprise::cpu
