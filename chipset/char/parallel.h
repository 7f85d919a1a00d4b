// Parallel port with a printer on it: the PC's standard port, and its bidirectional PS/2 form.
//
// Sources: IBM AT Technical Reference, Serial/Parallel Adapter; IEEE 1284-1994, compatibility mode;
// National PC87307 data sheet, chapter 6 (SPP and extended mode).
//   +0  DTR  rw  data; with CTR bit 5 reads what the other side drives: nothing (FFh)
//   +1  STR  ro  7 not BUSY, 6 ACK#, 5 PE, 4 SLCT, 3 ERR#; 2:0 read as ones
//   +2  CTR  rw  0 STROBE, 1 AUTOFD, 2 INIT#, 3 SLCTIN, 4 interrupt enable, 5 direction (in);
//                7:6 read as ones
// The printer is on line and has paper. It takes the data when STROBE becomes active, is busy for 5
// us, then pulls ACK# low for 2 us; the interrupt follows ACK#. What is strobed while it is busy,
// or while INIT# or the direction forbid it, is lost. Not modelled: EPP, ECP and their registers, a
// device that sends, a printer that is off line.
#pragma once

#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

class ParallelPort final : public Device, public IoHandler {
 public:
  static constexpr u16 kPorts = 3;
  ParallelPort(const DeviceContext& context, IrqLine irq);

  std::string_view kind() const override { return "parallel"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  u32 io_read(u16 offset, unsigned size) override;
  void io_write(u16 offset, unsigned size, u32 value) override;

  Port& out() { return out_; }  // ":out" bytes for the printer

 private:
  enum class Printer : u8 { Ready, Busy, Acknowledges };
  static constexpr u64 kBusyUs = 5, kAckUs = 2;
  void write_control(u8 value);
  void on_timer();

  Clock clock_;  // microseconds
  IrqLine irq_;
  Port out_;
  Timer timer_;
  struct Regs {
    u8 data = 0, control = 0;
    Printer printer = Printer::Ready;
  } regs_;
};

}  // namespace reprise
