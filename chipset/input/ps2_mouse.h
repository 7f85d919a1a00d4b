// PS/2 mouse with two, three (wheel) or five buttons.
//
// Source: IBM PS/2 Hardware Interface Technical Reference, Mouse; Microsoft, "Intellimouse" and
// "IntelliMouse Explorer" packet formats (sample-rate sequences 200-100-80 and 200-200-80).
//   commands: E6h, E7h scaling 1:1, 2:1; E8h resolution; E9h status; EAh stream; EBh read data;
//   ECh, EEh leave, enter wrap mode; F0h remote; F2h identify (0, 3 or 4); F3h sample rate;
//   F4h, F5h reporting on, off; F6h defaults; FEh resend; FFh reset and self test (AAh, identity)
//   packet: flags (0 left, 1 right, 2 middle, 3 one, 4 sign of x, 5 sign of y), x, y,
//   then with identity 3 the wheel, with 4 wheel (3:0) and buttons 4 and 5 (5:4)
// In stream mode changes are reported at the sample rate. Motion that does not fit a packet is
// reported in the next one, so the overflow flags stay 0. The self test takes 20 ms.
//
// Input, port ":motion": messages of 7 bytes, little-endian: i16 right, i16 down, i16 wheel (down
// is positive), u8 buttons (0 left, 1 right, 2 middle, 3 side, 4 extra). Motion is in counts of
// whatever resolution is set.
//
// Not modelled: the self test's AAh 00h at power-on.
#pragma once

#include <deque>

#include "chipset/input/ps2.h"
#include "replay/core/device.h"

namespace reprise {

class Ps2Mouse final : public Device, public Ps2Device {
 public:
  explicit Ps2Mouse(const DeviceContext& context);

  std::string_view kind() const override { return "ps2-mouse"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  bool ps2_has_byte() const override { return !out_.empty(); }
  u8 ps2_take_byte() override;
  void ps2_write(u8 value) override;

  Port& motion() { return motion_; }  // ":motion"

 private:
  struct Regs {
    bool reporting = false;
    bool remote = false;
    bool wrap = false;
    bool scaling = false;  // 2:1
    u8 resolution = 2;     // counts per mm: 1 << resolution
    u8 rate = 100;
    u8 id = 0;
    u8 argument_of = 0;
    u8 rates[2] = {};  // the two before the present one: they choose the identity
    u8 last = 0;
    u8 buttons = 0;
    u8 reported = 0;             // buttons in the last packet
    u16 dx = 0, dy = 0, dz = 0;  // not yet reported, two's complement; y is up
  };

  void receive(std::span<const u8> bytes);
  void note_change();
  void on_sample();
  void put_packet(bool scaled);
  void answer(std::initializer_list<u8> bytes);
  void command(u8 value);
  void set_rate(u8 value);
  void defaults();
  Cycles after_us(u64 us) const { return clock_.cycle_of(clock_.ticks() + us); }

  Clock clock_;  // microseconds
  Port motion_;
  Timer sample_timer_, test_timer_;
  Regs regs_;
  std::deque<u8> out_;
};

}  // namespace reprise
