// The PC's two cascaded 8237A DMA controllers with their page registers.
//
// Sources: Intel 8237A data sheet (231466-005); Intel 82371SB (PIIX3), 2.4.
//   00h-0Fh  controller 1, channels 0-3, bytes; C0h-DFh (even) controller 2, channels 4-7, words
//     0,2,4,6  rw  address, by the flip-flop: low, high     8  w command   r status (clears TC)
//     1,3,5,7  rw  count - 1, likewise                      9  w request
//     A  w single mask   B  w mode   C  w clear flip-flop   D  w master clear   r temporary
//     E  w clear mask    F  w write all masks               (r A-C, E, 9: FFh; r F: mask, FxH)
//   80h-8Fh  rw  page registers: 87h channel 0, 83h 1, 81h 2, 82h 3, 8Bh 5, 89h 6, 8Ah 7
// Channel 4 is the cascade of controller 1: while it is masked or its controller is disabled,
// channels 0-3 do not transfer. An address wraps in its 64 KiB (words: 128 KiB) page.
// A device raises DREQ and moves data with transfer(); what the bus would do cycle by cycle happens
// at once, and how long that takes is the device's to say.
// Software requests (register 9) count in block mode only, cannot be masked, and run to the
// terminal count at the write that completes them: the CPU would be held meanwhile, 4 clocks of
// SYSCLK / 2 a unit; here that takes no time. No device answers: FFh is written to memory, what is
// read goes nowhere. With command bit 0 a request of channel 0 moves memory to memory through the
// temporary register, from channel 0's address (held with bit 1) to channel 1's, until channel 1's
// terminal count; the CPU would be held for 8 clocks a byte. Since nothing waits for the bus, fixed
// and rotating priority (command bit 4) look alike. Not modelled: memory to memory on controller 2,
// whose temporary register is too narrow, and requests of channel 4; compressed timing, extended
// write and the senses of DREQ and DACK (bits 3, 5 to 7), which no PC changes.
#pragma once

#include <array>
#include <span>

#include "chipset/interrupt/byte_ports.h"
#include "chipset/memory/address_space.h"
#include "replay/core/device.h"

namespace reprise {

class I8237 final : public Device {
 public:
  enum class Direction : u8 { Verify, ToMemory, FromMemory, Illegal };
  struct Moved {
    std::size_t bytes = 0;
    bool terminal_count = false;
  };

  I8237(const DeviceContext& context, DmaBus& bus);

  std::string_view kind() const override { return "i8237"; }
  void reset() override;
  void state(State& s) override;

  IoHandler& first_ports() { return first_ports_; }    // 00h-0Fh
  IoHandler& second_ports() { return second_ports_; }  // C0h-DFh
  IoHandler& page_ports() { return page_ports_; }      // 80h-8Fh

  // The device's side. Channels 0-3 and 5-7.
  void set_dreq(unsigned channel, bool level);
  bool ready(unsigned channel) const;  // DREQ would be answered by DACK
  Direction direction(unsigned channel) const;
  // Moves up to data.size() bytes (words: an even number) between `data` and memory, until the
  // terminal count at the latest; nothing if the channel is not ready.
  Moved transfer(unsigned channel, std::span<u8> data);

 private:
  struct Channel {
    u16 base_address = 0, base_count = 0;
    u16 address = 0, count = 0;
    u8 mode = 0;
    void state(State& s);
  };
  struct Controller {
    std::array<Channel, 4> channels;
    bool flip_flop = false;  // the next byte is the high one
    u8 command = 0;
    u8 mask = 0x0f;
    u8 requests = 0;  // software requests
    u8 terminal = 0;  // channels that have reached terminal count
    u8 temporary = 0;
    void state(State& s);
  };
  struct Regs {
    std::array<Controller, 2> controllers;
    std::array<u8, 16> pages{};
    u8 dreq = 0;  // levels of the pins
  } regs_;

  u8 read(Controller& controller, unsigned reg, u8 dreq);
  void write(Controller& controller, unsigned reg, u8 value);
  static void master_clear(Controller& controller);
  bool enabled(unsigned controller) const;
  u64 page_base(unsigned channel) const;
  Moved move(unsigned channel, std::span<u8> data);
  void end(Controller& controller, unsigned index);
  void serve_requests();
  void memory_to_memory();
  u8 dreq_of(unsigned controller) const { return regs_.dreq >> (4 * controller) & 15; }

  DmaBus& bus_;
  BytePorts first_ports_, second_ports_, page_ports_;
};

}  // namespace reprise
