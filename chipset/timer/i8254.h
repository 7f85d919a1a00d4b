// 8254 programmable interval timer.
//
// Source: Intel 82C54 data sheet (231244-006). Clock 1.193182 MHz.
//   40h-42h  rw  counters 0-2: counts as the control word's RW bits say; latched count or status
//   43h      w   control word: 7-6 counter (3 = read-back), 5-4 RW (0 = latch), 3-1 mode, 0 BCD
//            r   nothing drives the bus (FFh)
// A count of the counting element, and OUT, are functions of the CLK tick, which is a function of
// the absolute cycle. A count written at tick t is loaded at t + 1. Gates 0 and 1 are tied high.
// A count of 1, illegal in modes 2 and 3, keeps OUT high. A BCD count with digits above 9 is taken
// by the weights of its digits.
// Not modelled: the undefined contents after power-on (all counters: mode 0, no count).
#pragma once

#include <array>

#include "chipset/interrupt/byte_ports.h"
#include "replay/core/device.h"

namespace reprise {

// One counter. `now` is the current CLK tick everywhere; it never goes back.
class PitCounter {
 public:
  void reset(bool gate) {
    regs_ = {};
    regs_.gate = gate;
  }
  void state(State& s);

  void control(u8 value, u64 now);  // control word: RW, mode, BCD
  void write(u8 value, u64 now);
  u8 read(u64 now);
  void latch_count(u64 now);
  void latch_status(u64 now);
  void set_gate(bool level, u64 now);
  bool gate() const { return regs_.gate; }

  bool out(u64 now) const;
  // The first tick after `now` at which OUT may change; kNever for none before the next access.
  u64 next_change(u64 now) const;

 private:
  // What a count does from its loading on: the counting element and its phase at tick `base`.
  struct Element {
    bool loaded = false;     // a count has been loaded since the control word
    bool running = false;    // CLK counts
    bool done = false;       // modes 0, 1, 4, 5: the count has expired
    bool low_first = false;  // mode 3: OUT is low in the half cycle that begins at base
    u64 base = 0;
    u32 value = 0;  // the count at base: 0 to 65536
  };
  struct Regs {
    u8 mode = 0;
    u8 access = 3;  // 1 LSB, 2 MSB, 3 both
    bool bcd = false;
    bool gate = false;
    bool null_count = true;
    u16 count = 0;  // the count register
    u8 first_byte = 0;
    bool second_write = false, second_read = false;
    u8 latched = 0;  // bytes of the latched count still to be read
    u16 latch = 0;
    bool status_latched = false;
    u8 status = 0;
    u64 load_at = kNever;  // the tick at which the count register is loaded
    Element element;
  } regs_;

  u32 modulus() const { return regs_.bcd ? 10000 : 65536; }
  u32 count_value() const;  // the count register as a number of clocks
  bool periodic() const { return regs_.mode == 2 || regs_.mode == 3; }
  bool triggered() const { return regs_.mode == 1 || regs_.mode == 5; }
  Element element_at(u64 now) const;  // with a due load applied
  void advance(u64 now);              // makes that the state
  void freeze(u64 now);               // stops CLK, keeping the count
  void load_count(u16 value, u64 now);
  u64 phase(const Element& e, u64 now) const;  // modes 2, 3: clocks into the cycle
  u64 next_reload(const Element& e, u64 now) const;
  u32 value_at(const Element& e, u64 now) const;
  bool out_of(const Element& e, u64 now) const;
  u16 read_value(u64 now) const;  // as the guest sees it: BCD or binary
};

class I8254 final : public Device, public IoHandler {
 public:
  static constexpr u64 kHz = 1'193'182;

  I8254(const DeviceContext& context, IrqLine out0);

  std::string_view kind() const override { return "i8254"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

  u32 io_read(u16 offset, unsigned size) override { return ports_.io_read(offset, size); }
  void io_write(u16 offset, unsigned size, u32 value) override {
    ports_.io_write(offset, size, value);
  }

  void set_gate2(bool level);
  bool gate2() const { return counters_[2].gate(); }
  bool out2() const { return counters_[2].out(clock_.ticks()); }
  u64 ticks() const { return clock_.ticks(); }
  const PitCounter& counter2() const { return counters_[2]; }
  // Called after software has done something to counter 2: its output is what counter2() says then.
  void on_counter2(std::function<void()> changed) { counter2_changed_ = std::move(changed); }

 private:
  u8 read(u16 offset);
  void write(u16 offset, u8 value);
  void drive_out0();
  void on_change();
  void tell_counter2() const {
    if (counter2_changed_) counter2_changed_();
  }

  std::array<PitCounter, 3> counters_;
  u64 driven_tick_ = 0;  // the tick for which OUT0 was last driven
  Clock clock_;
  IrqLine out0_;
  Timer change_;
  BytePorts ports_;
  std::function<void()> counter2_changed_;
};

}  // namespace reprise
