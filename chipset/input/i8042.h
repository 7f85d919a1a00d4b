// 8042 keyboard controller with auxiliary port.
//
// Source: IBM PS/2 Hardware Interface Technical Reference, Keyboard and Auxiliary Device
// Controller; IBM AT Technical Reference (output port, translation, pulses); DDh/DFh as on HP's and
// later parts.
//   60h  r  output buffer          w  input buffer: argument of a command, or byte to the keyboard
//   64h  r  status: 0 OBF, 1 IBF, 2 system flag, 3 last write was a command, 4 not locked,
//           5 output buffer is from the auxiliary device, 6 time-out, 7 parity
//        w  command:
//           20h-3Fh read RAM (20h: command byte)   60h-7Fh write RAM
//           A4h password installed? (no: F1h)      A7h, A8h disable, enable auxiliary port
//           A9h, ABh test port (00h: good)         AAh self test (55h)
//           ADh, AEh disable, enable keyboard      C0h read input port
//           D0h, D1h read, write output port       D2h, D3h next byte into the output buffer
//           D4h next byte to the auxiliary device  DDh, DFh A20 off, on
//           E0h read test inputs                   F0h-FFh pulse output port bits (FEh: reset)
//   command byte: 0 IRQ1, 1 IRQ12, 2 system flag, 4 keyboard off, 5 auxiliary off, 6 translate
//   output port: 0 not reset, 1 A20, 4 OBF of keyboard, 5 OBF of auxiliary, 7:6 lines to keyboard
//
// Time: a byte on either cable takes 11 bits of 80 us (12.5 kHz), one at a time in each direction.
// The input buffer empties when the byte goes out on the cable, so IBF is seen only while the one
// before it is still going. Controller commands and their answers take no time.
//
// Not modelled: password, diagnostic dump (ACh), input port polling (C1h, C2h), line faults.
#pragma once

#include <array>
#include <deque>

#include "chipset/input/ps2.h"
#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

class I8042 final : public Device, public Ps2Host {
 public:
  struct Wires {
    IrqLine irq1;
    IrqLine irq12;
    IrqLine a20;    // level: the gate as output port bit 1 has it
    IrqLine reset;  // pulse: CPU reset
  };
  I8042(const DeviceContext& context, Wires wires, Ps2Device* keyboard, Ps2Device* mouse);

  std::string_view kind() const override { return "i8042"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  void ps2_ready(unsigned port) override;

  IoHandler& data_port() { return data_port_; }        // 60h
  IoHandler& command_port() { return command_port_; }  // 64h

 private:
  enum : unsigned { kKeyboard, kAux };
  struct Window final : IoHandler {
    Window(I8042& chip, bool command) : chip(chip), command(command) {}
    u32 io_read(u16, unsigned) override { return command ? chip.status() : chip.read_data(); }
    void io_write(u16, unsigned, u32 value) override {
      command ? chip.write_command(u8(value)) : chip.write_data(u8(value));
    }
    I8042& chip;
    bool command;
  };
  struct Regs {
    u8 command = 0x30;  // the command byte: both ports off, no interrupts
    u8 outport = 0xc3;
    u8 output = 0;
    bool obf = false;
    bool aux_output = false;         // the output buffer is the auxiliary device's
    bool after_command = false;      // status bit 3
    u8 argument_of = 0;              // the command that waits for its argument; 0 none
    bool translating_break = false;  // F0h has come from the keyboard
    bool ibf = false;                // waits for the cable
    u8 input = 0;
    bool input_aux = false;
    bool sending = false;  // on the cable to a device
    u8 sent = 0;
    bool sent_aux = false;
    u8 next_port = kKeyboard;  // takes its turn first
  };

  u8 status() const;
  u8 read_data();
  void write_data(u8 value);
  void write_command(u8 value);
  void argument(u8 command, u8 value);
  void set_outport(u8 value);
  void answer(u8 value, bool aux = false);
  void send(bool aux, u8 value);
  void on_sent();
  void receive_next();
  void on_received();
  bool enabled(unsigned port) const;
  u8 translate(u8 value);
  Cycles byte_time() const { return clock_.cycle_of(clock_.ticks() + 880); }

  Clock clock_;  // microseconds
  Wires wires_;
  std::array<Ps2Device*, 2> devices_;
  Window data_port_{*this, false}, command_port_{*this, true};
  Timer send_timer_, receive_timer_;
  Regs regs_;
  std::array<u8, 32> ram_{};  // [0] is unused: the command byte is in regs_
  u8 receiving_ = kKeyboard;  // the port whose byte is on the cable
  std::deque<u16> answers_;   // the controller's own bytes; bit 8: as if from the auxiliary device
};

}  // namespace reprise
