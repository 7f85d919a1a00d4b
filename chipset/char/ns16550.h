// 16550A universal asynchronous receiver/transmitter, as on the PC's serial adapter.
//
// Source: National Semiconductor PC16550D data sheet (June 1995), sections 6 to 8; IBM AT Technical
// Reference, Serial/Parallel Adapter (OUT2 gates the interrupt, 1.8432 MHz crystal).
//   +0  RBR  ro  receiver buffer             +0  THR  wo  transmitter holding (FIFO of 16)
//   +0  DLL  rw  divisor, low (LCR.DLAB)     +1  DLM  rw  divisor, high (LCR.DLAB)
//   +1  IER  rw  0 received data, 1 THR empty, 2 line status, 3 modem status
//   +2  IIR  ro  0 none pending, 3:1 identity, 7:6 FIFOs enabled
//   +2  FCR  wo  0 enable, 1 clear receiver, 2 clear transmitter, 7:6 trigger 1, 4, 8, 14
//   +3  LCR  rw  1:0 word length, 2 stop bits, 3 parity, 6 break, 7 DLAB
//   +4  MCR  rw  0 DTR, 1 RTS, 2 OUT1, 3 OUT2 (interrupt gate), 4 loop back
//   +5  LSR  ro  0 DR, 1 OE, 2 PE, 3 FE, 4 BI, 5 THRE, 6 TEMT, 7 error in FIFO
//   +6  MSR  ro  3:0 deltas (cleared by reading), 7:4 DCD, RI, DSR, CTS
//   +7  SCR  rw  scratch
//
// Time: a character takes divisor x 16 x (start + word + parity + stop bits) periods of the
// crystal. A byte is emitted when it enters the transmitter's shift register. Received bytes wait
// on the line (at most kLine, granted to the host as credit) and enter the FIFO one per character
// time. The far end sends only while the receiver has room, as if the cable carried hardware flow
// control, so pasted text is never lost; overrun is seen in loop back, where nothing holds the
// sender. In loop back OUT2's pin is inactive, so the PC's interrupt gate is shut, as on the card.
//
// Not modelled: parity and framing of data from the host (it has none to be wrong); the modem's
// lines (DCD, DSR and CTS are always on, as from a null modem); DMA mode signals; the delay of the
// first THR-empty interrupt by one character; a far end that heeds our RTS.
#pragma once

#include <deque>

#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

class Ns16550 final : public Device, public IoHandler {
 public:
  static constexpr u64 kCrystal = 1'843'200;
  // `crystal_hz`: cards with faster crystals serve the same divisors at a multiple of the speed.
  Ns16550(const DeviceContext& context, IrqLine irq, u64 crystal_hz = kCrystal);

  std::string_view kind() const override { return "ns16550"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  u32 io_read(u16 offset, unsigned size) override;
  void io_write(u16 offset, unsigned size, u32 value) override;

  Port& in() { return in_; }              // ":in"     bytes from the far end
  Port& out() { return out_; }            // ":out"    bytes to the far end
  Port& break_in() { return break_in_; }  // ":break" one break condition per message

 private:
  static constexpr std::size_t kFifo = 16;
  static constexpr std::size_t kLine = 64;

  struct Regs {
    u16 divisor = 12;
    u8 ier = 0;
    u8 fcr = 0;
    u8 lcr = 0;
    u8 mcr = 0;
    u8 msr_delta = 0;
    u8 scr = 0;
    u8 errors = 0;              // LSR bits 1 to 4: OE and those of the character on top
    bool thre_pending = false;  // the THR-empty interrupt, until IIR is read or THR written
    bool rx_timeout = false;
    bool shifting = false;  // the transmitter's shift register is busy
    u8 shift = 0;
    bool break_waits = false;  // a break arrives after the next character time
  };

  bool fifo_enabled() const { return regs_.fcr & 1; }
  std::size_t capacity() const { return fifo_enabled() ? kFifo : 1; }
  bool loop() const { return regs_.mcr & 0x10; }
  u64 character_ticks() const;
  Cycles after_characters(unsigned count) const;
  u8 iir() const;
  u8 lsr() const;
  u8 modem_lines() const;

  u8 read_rbr();
  u8 read_iir();
  void write_thr(u8 value);
  void write_fcr(u8 value);
  void write_lcr(u8 value);
  void write_mcr(u8 value);

  void start_shift();
  void on_shifted();
  void receive_from_host(std::span<const u8> bytes);
  void expect_character();
  void on_received();
  void push_rx(u8 value, u8 errors);
  void show_top();
  void restart_timeout();
  void clear_rx();
  void grant();

  Clock clock_;
  IrqLine irq_;
  Port in_, out_, break_in_;
  Timer tx_timer_, rx_timer_, timeout_timer_;
  Regs regs_;
  std::deque<u16> rx_;  // character, its LSR errors in bits 15:8
  std::deque<u8> tx_;
  std::deque<u8> line_;  // sent by the far end, not yet received
};

}  // namespace reprise
