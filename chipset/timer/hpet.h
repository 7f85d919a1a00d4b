// High precision event timer: a 64-bit main counter at 100 MHz and three comparators.
//
// Source: Intel IA-PC HPET specification 1.0a.
//   000 GCAP_ID      ro  63-32 period in fs (10 000 000), 31-16 vendor 8086h, 15 legacy
//                        replacement, 13 64-bit, 12-8 last timer (2), 7-0 revision 1
//   010 GEN_CONF     rw  1 LEG_RT_CNF, 0 ENABLE_CNF
//   020 GINTR_STA    w1c 2-0 a level-triggered timer's interrupt is active
//   0F0 MAIN_CNT     rw  meant to be written while halted; a write while it runs takes effect too
//   100+20h*n Tn_CONF  63-32 ro routes, 15 ro FSB_CAP, 14 FSB_EN, 13-9 route, 8 32MODE,
//                      6 VAL_SET, 5 ro 64-bit, 4 ro periodic, 3 periodic, 2 INT_ENB, 1 level
//   108+20h*n Tn_CMP   comparator; in periodic mode a write sets the period, and with VAL_SET the
//                      comparator too
//   110+20h*n Tn_FSB   63-32 address, 31-0 data of the message
// The counter is a function of the absolute cycle. A comparator matches when the counter reaches
// it, at once if it is written while equal. An edge-triggered interrupt lowers its line, if it is
// up, and raises it, and leaves it up: the next one needs no timer to end the pulse.
// Legacy replacement: timer 0 takes IRQ0 over from the 8254 and timer 1 takes IRQ8 over from the
// RTC. Their outputs come here, to IrqSink pins 0 and 1, and go on from here.
// Not modelled: nothing of 1.0a.
#pragma once

#include <array>

#include "chipset/interrupt/msi.h"
#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

class Hpet final : public Device, public IrqSink, public MmioHandler {
 public:
  static constexpr u64 kHz = 100'000'000;
  static constexpr u64 kBase = 0xfed0'0000;
  static constexpr unsigned kTimers = 3;
  // I/O APIC inputs that a timer can be routed to: 20 to 23, which nothing else in a PC uses.
  static constexpr u32 kRoutes = 0x00f0'0000;
  enum LegacyPin : unsigned { kFromPit, kFromRtc };

  // `irq0` and `irq8` are the board's ISA lines, `ioapic` takes routed interrupts by input.
  Hpet(const DeviceContext& context, IrqLine irq0, IrqLine irq8, IrqSink& ioapic, MsiSink& msi);

  std::string_view kind() const override { return "hpet"; }
  void reset() override { regs_ = {}; }
  void settle() override;
  void state(State& s) override;

  // OUT0 of the 8254 (pin 0) and the interrupt of the RTC (pin 1).
  void set_irq(unsigned pin, bool level) override;

  u64 mmio_read(u64 offset, unsigned size) override;
  void mmio_write(u64 offset, unsigned size, u64 value) override;

 private:
  struct Comparator {
    u64 config = 0;  // the writable bits
    u64 value = ~u64(0);
    u64 period = 0;
    u64 fsb = 0;
    u64 match_tick = kNever;  // the tick at which the counter will have reached it
    bool high = false;        // an edge-triggered interrupt has left the line up
    void state(State& s);
  };
  struct Regs {
    u8 config = 0;
    u8 status = 0;
    u64 counter = 0;  // while halted; else what the counter was at tick 0
    std::array<Comparator, kTimers> timers;
    bool legacy_pins[2] = {};
  } regs_;

  bool enabled() const { return regs_.config & 1; }
  bool legacy() const { return regs_.config & 2; }
  u64 counter() const { return enabled() ? regs_.counter + clock_.ticks() : regs_.counter; }
  static u64 mask_of(const Comparator& timer);  // of the counter's bits that are compared
  u64 read_register(u64 offset) const;
  void write_register(u64 offset, u64 value, u64 written);
  void write_general(u8 value);
  void write_config(unsigned n, u64 value);
  void write_comparator(unsigned n, u64 value, u64 written);
  bool line(unsigned n) const;
  void schedule(unsigned n, bool now_counts);
  void on_timer(unsigned n);
  void interrupt(unsigned n);
  void follow();  // after any change: matches and outputs
  void drive();

  Clock clock_;
  IrqLine irq0_, irq8_;
  IrqSink& ioapic_;
  MsiSink& msi_;
  std::array<Timer, kTimers> timers_;
  u32 driven_ = 0;  // I/O APIC inputs that are held up from here; derived
};

}  // namespace reprise
