// The PC's two cascaded 8259A interrupt controllers with the edge/level control registers of a
// PCI-to-ISA bridge.
//
// Sources: Intel 8259A data sheet (231468-003); Intel 82371SB (PIIX3), section 2.5.
//   20h, A0h  w  ICW1 (bit 4 set), OCW2 (bits 4-3 = 00), OCW3 (bits 4-3 = 01)
//             r  IRR or ISR as OCW3 chose, or the poll word once after OCW3.P
//   21h, A1h  w  ICW2, ICW3, ICW4 while a chip is being initialised, else OCW1 = IMR
//             r  IMR, or the poll word
//   4D0h      rw ELCR1: 1 = level, IRQ 7-3 (2-0 read 0)
//   4D1h      rw ELCR2: 1 = level, IRQ 15, 14, 12-9 (13 and 8 read 0)
// Requests follow the pin: in both modes the line must stay high until the first INTA, or the
// acknowledge cycle answers with the spurious IR7. ICW1.LTIM has no effect, as on the PIIX3.
// Where the data sheet is silent: ICW1 also clears ISR; INT stays low until initialisation is
// complete; the poll word of a chip without a request is 0.
// Not modelled: buffered mode (no pins to show it); the second and third bytes of CALL in MCS-80
// mode (the address's low byte is the vector, as an x86 would take it from the second INTA).
#pragma once

#include <array>

#include "chipset/interrupt/byte_ports.h"
#include "chipset/interrupt/int_ack.h"
#include "replay/core/device.h"

namespace reprise {

// One chip, without its wiring.
class I8259 {
 public:
  explicit I8259(u8 elcr_mask) : elcr_mask_(elcr_mask) {}

  void reset() { regs_ = {}; }
  void state(State& s);

  u8 read(bool a0);
  void write(bool a0, u8 value);
  u8 elcr() const { return regs_.elcr; }
  void set_elcr(u8 value) { regs_.elcr = value & elcr_mask_; }
  void set_pin(unsigned pin, bool level);

  bool interrupt() const { return regs_.step == Step::Ready && highest() < 8; }  // the INT pin
  // INTA: the input that is now in service (7 and nothing in service: spurious).
  unsigned begin_acknowledge();
  u8 vector(unsigned input) const;
  void end_acknowledge(unsigned input);  // the last INTA pulse: automatic end of interrupt
  bool cascaded(unsigned input) const { return !regs_.single && (regs_.icw3 >> input & 1); }

 private:
  enum class Step : u8 { Ready, Icw2, Icw3, Icw4 };

  u8 requests() const { return regs_.pins & (regs_.edges | regs_.elcr); }
  unsigned rank(unsigned input) const { return (input - regs_.lowest - 1) & 7; }  // 0 = highest
  unsigned first(u8 inputs) const;  // the input of highest priority, 8 for none
  unsigned highest() const;         // the request that INT stands for, 8 for none
  void command(u8 value);           // OCW2
  void finish(unsigned input, bool rotate);

  struct Regs {
    u8 pins = 0;   // levels of IR7-0
    u8 edges = 0;  // edge sense latches
    u8 elcr = 0;
    u8 imr = 0, isr = 0;
    u8 icw1 = 0, icw2 = 0, icw3 = 0, icw4 = 0;
    u8 lowest = 7;  // input of lowest priority
    Step step = Step::Ready;
    bool single = false;
    bool rotate_in_aeoi = false;
    bool special_mask = false;
    bool read_isr = false;
    bool poll = false;
  } regs_;
  u8 elcr_mask_;
};

// IrqSink pins 0 to 15 are IRQ0 to IRQ15; pin 2 is the cascade and takes no input.
class I8259Pair final : public Device, public IrqSink, public IntAck {
 public:
  I8259Pair(const DeviceContext& context, IrqLine intr);

  std::string_view kind() const override { return "i8259"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;

  void set_irq(unsigned pin, bool level) override;
  u8 acknowledge() override;

  IoHandler& master_ports() { return master_ports_; }  // 20h-21h
  IoHandler& slave_ports() { return slave_ports_; }    // A0h-A1h
  IoHandler& elcr_ports() { return elcr_ports_; }      // 4D0h-4D1h

 private:
  static constexpr unsigned kCascade = 2;

  I8259 master_{0xf8}, slave_{0xde};
  IrqLine intr_;
  BytePorts master_ports_, slave_ports_, elcr_ports_;
};

}  // namespace reprise
