// MC146818 real-time clock with 128 bytes of battery-backed memory, as in a PC.
//
// Sources: Motorola MC146818A data sheet (1984); Intel 82371SB (PIIX3), 2.7 (ports, NMI mask).
//   70h  w   7 NMI mask, 6-0 index (reads FFh)         71h  rw  the byte at the index
//   00 seconds, 02 minutes, 04 hours, 06 weekday (1 = Sunday), 07 date, 08 month, 09 year
//   01, 03, 05  alarm seconds, minutes, hours: C0h-FFh match any value
//   0A  A: 7 UIP (ro), 6-4 divider (2 = 32.768 kHz, 6 and 7 = held in reset), 3-0 periodic rate
//   0B  B: 7 SET, 6 PIE, 5 AIE, 4 UIE, 3 SQWE, 2 binary, 1 24 hours, 0 DSE
//   0C  C: 7 IRQF, 6 PF, 5 AF, 4 UF; a read clears all
//   0D  D: 7 VRT, always set
//   32  century, in the clock's number format, carried by the clock (as PC firmware expects)
//   anything else: memory
// The time is the configured one at cycle 0 and a function of the absolute cycle since, until the
// guest sets it. An update completes when the divider has counted a second; UIP is set from 2228 us
// before (244 us of warning and 1984 us of update), and the registers change at the end. After
// reset of the divider the first update follows half a second later. Register values that are no
// date are brought into range by the next update. Memory and time outlive reset.
// Not modelled: daylight saving (DSE is only stored), the square-wave pin, other time bases
// (divider values 0, 1 and 3-5 stop the clock), which the PC's 32.768 kHz crystal has no use for.
#pragma once

#include <array>

#include "chipset/interrupt/byte_ports.h"
#include "replay/core/device.h"

namespace reprise {

class Mc146818 final : public Device, public IoHandler {
 public:
  static constexpr u64 kHz = 32768;

  // `base_seconds`: what the clock shows at cycle 0, in seconds since 1970. `nmi_mask` follows bit
  // 7 of port 70h.
  Mc146818(const DeviceContext& context, i64 base_seconds, IrqLine irq8, IrqLine nmi_mask);

  std::string_view kind() const override { return "mc146818"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

  u32 io_read(u16 offset, unsigned size) override { return ports_.io_read(offset, size); }
  void io_write(u16 offset, unsigned size, u32 value) override {
    ports_.io_write(offset, size, value);
  }

  // What the board leaves in memory for the firmware (not the clock's registers).
  void set_cmos(u8 index, u8 value);
  u8 cmos(u8 index) const { return regs_.cmos[index & 0x7f]; }

 private:
  u8 read_data();
  void write_data(u8 value);
  void write_a(u8 value);
  void write_b(u8 value);
  u8 read_c();

  bool divider_runs() const { return (regs_.cmos[0x0a] & 0x70) == 0x20; }
  bool updates() const { return divider_runs() && !(regs_.cmos[0x0b] & 0x80); }
  u64 divider() const { return clock_.ticks() - regs_.divider_zero; }  // ticks since it was 0
  u64 periodic_ticks() const;                                          // 0: off
  bool update_in_progress() const;
  u8 flags() const;  // PF, AF, UF
  void update();     // one second, or as many as have passed
  bool alarm_matches(u64 second_of_day) const;
  void on_timer();

  // The clock's registers as numbers, by format.
  unsigned decode(u8 value) const;
  u8 encode(unsigned value) const;
  u8 encode_hour(unsigned hour) const;  // 12 or 24 hours
  u64 second_of_day() const;
  void set_second_of_day(u64 second);
  u32 day_number() const;  // days since 0000-03-01
  void set_day_number(u32 day, u32 passed);

  struct Regs {
    std::array<u8, 128> cmos{};  // registers A, B and the time included
    u8 index = 0;
    bool nmi_mask = false;
    u8 flags = 0;           // AF, UF, and PF as far as it is not a matter of periodic_from
    u64 divider_zero = 0;   // the tick at which the divider was 0
    u64 updated = 0;        // whole seconds of the divider that the time has taken up
    u64 periodic_from = 0;  // the divider's ticks when PF was last cleared
  } regs_;
  Clock clock_;
  IrqLine irq8_, nmi_mask_;
  Timer update_timer_, periodic_timer_;
  BytePorts ports_;
};

}  // namespace reprise
