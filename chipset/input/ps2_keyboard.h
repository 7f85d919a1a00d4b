// IBM enhanced keyboard (101/102 keys) on a PS/2 cable.
//
// Source: IBM PS/2 Hardware Interface Technical Reference, 101/102-Key Keyboard.
//   commands: EDh LEDs, EEh echo, F0h scan code set, F2h identify (ABh 83h), F3h rate and delay,
//   F4h enable, F5h defaults and disable, F6h defaults, F7h-FAh all keys' types, FBh-FDh one key's
//   type (set 3), FEh resend, FFh reset and self test
// Answers go before scan codes. Codes wait in a buffer of 16 bytes; what does not fit is replaced
// by one overrun code (FFh in set 1, otherwise 00h). The last key pressed repeats while it is down.
// The self test after FFh takes 20 ms (parts take 300 ms and more; software polls).
//
// Input, port ":key": messages of 3 bytes, QKeyCode (little-endian) and 1 for down, 0 for up.
//
// Not modelled: the self test's AAh at power-on; shift codes around cursor keys (E0h 12h) for the
// state of NumLock and Shift; FBh-FDh in sets 1 and 2 only end with the next command.
#pragma once

#include <array>
#include <deque>

#include "chipset/input/keys.h"
#include "chipset/input/ps2.h"
#include "replay/core/device.h"

namespace reprise {

class Ps2Keyboard final : public Device, public Ps2Device {
 public:
  explicit Ps2Keyboard(const DeviceContext& context);

  std::string_view kind() const override { return "ps2-keyboard"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  bool ps2_has_byte() const override { return !answers_.empty() || !codes_.empty(); }
  u8 ps2_take_byte() override;
  void ps2_write(u8 value) override;

  Port& key() { return key_; }  // ":key"
  u8 leds() const { return regs_.leds; }

 private:
  static constexpr std::size_t kBuffer = 16;
  static constexpr u8 kDefaultRate = 0x2b;  // 500 ms, then 10.9 a second
  struct Regs {
    bool scanning = true;
    u8 set = 2;
    u8 rate = kDefaultRate;
    u8 leds = 0;
    u8 argument_of = 0;  // the command that waits for its argument
    u8 last = 0;         // for FEh
    bool testing = false;
    u16 repeating = 0;  // QKeyCode; unmapped: none
  };

  void receive(std::span<const u8> bytes);
  void key_event(unsigned key, bool down);
  void send_key(unsigned key, bool down);
  bool sends(unsigned key, bool down) const;
  void put_code(u8 code);
  void put_codes(std::initializer_list<u8> codes);
  void answer(std::initializer_list<u8> bytes);
  void command(u8 value);
  bool argument(u8 command, u8 value);  // false: the value is a command itself
  void defaults();
  void set_all_types(u8 type);
  Cycles after_us(u64 us) const { return clock_.cycle_of(clock_.ticks() + us); }

  Clock clock_;  // microseconds
  Port key_;
  Timer repeat_timer_, test_timer_;
  Regs regs_;
  std::array<u8, kKeyCount> down_{};
  std::array<u8, kKeyCount> types_{};  // set 3, see kTypematic
  std::deque<u8> answers_;
  std::deque<u8> codes_;
};

}  // namespace reprise
