// A script of accesses for the firmware of guest.asm: what an attack does to the machine.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "chipset/board/config.h"
#include "replay/core/check.h"

namespace reprise::rubbish {

class Script {
 public:
  static constexpr u32 kScratch = 0x10000;  // RAM that the firmware leaves alone, from here on

  // --- accesses; `times` the same one ---
  Script& out8(u32 port, u32 value, u32 times = 1) { return add(kOut, 1, port, value, times); }
  Script& out16(u32 port, u32 value, u32 times = 1) { return add(kOut, 2, port, value, times); }
  Script& out32(u32 port, u32 value, u32 times = 1) { return add(kOut, 4, port, value, times); }
  Script& in8(u32 port, u32 times = 1) { return add(kIn, 1, port, 0, times); }
  Script& in16(u32 port, u32 times = 1) { return add(kIn, 2, port, 0, times); }
  Script& in32(u32 port, u32 times = 1) { return add(kIn, 4, port, 0, times); }
  Script& write8(u32 at, u32 value, u32 times = 1) { return add(kWrite, 1, at, value, times); }
  Script& write16(u32 at, u32 value, u32 times = 1) { return add(kWrite, 2, at, value, times); }
  Script& write32(u32 at, u32 value, u32 times = 1) { return add(kWrite, 4, at, value, times); }
  Script& read8(u32 at, u32 times = 1) { return add(kRead, 1, at, 0, times); }
  Script& read16(u32 at, u32 times = 1) { return add(kRead, 2, at, 0, times); }
  Script& read32(u32 at, u32 times = 1) { return add(kRead, 4, at, 0, times); }
  // REP INS and REP OUTS between a port and memory.
  Script& ins(unsigned width, u32 port, u32 at, u32 count) {
    return add(kIns, width, port, at, count);
  }
  Script& outs(unsigned width, u32 port, u32 at, u32 count) {
    return add(kOuts, width, port, at, count);
  }
  Script& text(u32 at, std::string_view bytes) {
    for (const char c : bytes) write8(at++, u8(c));
    return *this;
  }

  // --- PCI configuration space of bus 0 ---
  static u32 config_address(unsigned devfn, unsigned reg) {
    return 0x80000000u | devfn << 8 | (reg & ~3u);
  }
  Script& config8(unsigned devfn, unsigned reg, u32 value) {
    return out32(0xcf8, config_address(devfn, reg)).out8(0xcfc + (reg & 3), value);
  }
  Script& config16(unsigned devfn, unsigned reg, u32 value) {
    return out32(0xcf8, config_address(devfn, reg)).out16(0xcfc + (reg & 3), value);
  }
  Script& config32(unsigned devfn, unsigned reg, u32 value) {
    return out32(0xcf8, config_address(devfn, reg)).out32(0xcfc + (reg & 3), value);
  }
  Script& config_read(unsigned devfn, unsigned reg) {
    return out32(0xcf8, config_address(devfn, reg)).in32(0xcfc);
  }

  // --- random accesses of random width: half reads, half writes ---
  Script& seed(u32 value) { return write32(kRng, value * 2654435761u | 1); }
  Script& fuzz_ports(u32 base, u32 span, u32 times) { return add(kFuzzIo, 0, base, span, times); }
  Script& fuzz_memory(u32 base, u32 span, u32 times) {
    return add(kFuzzMemory, 0, base, span, times);
  }
  Script& fuzz_config(unsigned devfn, u32 times) {
    return add(kFuzzConfig, 0, config_address(devfn, 0), 0x100, times);
  }

  // --- time and interrupts ---
  Script& wait_us(u32 us) { return in8(0x84, us); }  // a port access takes 1 us
  // Until the bits of `mask` are `want`, at most `times` reads.
  Script& poll8(u32 port, u8 mask, u8 want, u32 times = 100'000) {
    return add(kPoll, 1, port, u32(mask) | u32(want) << 8, times);
  }
  Script& interrupts(bool on) { return add(kInterrupts, 1, 0, on, 0); }
  Script& halt(u32 times) { return add(kHalt, 1, 0, 0, times); }
  // The last `records` again, so that they run `times` times. Not nested.
  Script& again(u32 records, u32 times) { return add(kLoop, 0, records, 0, times); }
  std::size_t size() const { return image_.size() / 16; }
  // What was added since size() was `begin`, `times` times in all.
  Script& repeat_from(std::size_t begin, u32 times) { return again(u32(size() - begin), times); }

  // Vectors 20h on by the 8259s, all lines open; the local APIC lets them through.
  Script& open_pic() {
    out8(0x20, 0x11).out8(0x21, 0x20).out8(0x21, 4).out8(0x21, 1).out8(0x21, 0);
    out8(0xa0, 0x11).out8(0xa1, 0x28).out8(0xa1, 2).out8(0xa1, 1).out8(0xa1, 0);
    return write32(0xfee000f0, 0x1ff).write32(0xfee00350, 0x700);
  }

  // The firmware image; the run ends with `exit` as the value of isa-debug-exit.
  Blob firmware(u8 exit) const;

 private:
  enum Op : u8 {
    kEnd,
    kOut,
    kIn,
    kWrite,
    kRead,
    kFuzzIo,
    kFuzzMemory,
    kLoop,
    kPoll,
    kIns,
    kOuts,
    kInterrupts,
    kHalt,
    kFuzzConfig
  };
  static constexpr u32 kRng = 0x100c;  // as in guest.asm

  Script& add(Op op, unsigned width, u32 address, u32 value, u32 count) {
    check(count > 0 || op == kInterrupts, "an operation is done once at least");
    image_.push_back(op);
    image_.push_back(u8(width));
    image_.push_back(0);
    image_.push_back(0);
    for (const u32 word : {address, value, count})
      for (unsigned i = 0; i < 4; ++i) image_.push_back(u8(word >> 8 * i));
    return *this;
  }
  std::vector<u8> image_;
};

}  // namespace reprise::rubbish
