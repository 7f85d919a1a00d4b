// One channel's bus master: walks a table of memory regions and moves the channel's DMA data.
//
// Source: Intel 290550 (82371SB), 2.7.2, 3.2 and Programming Interface for Bus Master IDE
// Controller, revision 1.0. Offsets in the channel's 8 bytes:
//   0  BMICX    3 RWCON: 1 to memory, 0 from memory   0 SSBM: a change to 1 starts, 0 stops
//   2  BMISX    6,5 drive 1, 0 can do DMA (software's)  2 w1c interrupt  1 w1c error  0 r active
//   4  BMIDTPX  address of the table, bits 31:2
// A descriptor: dword address (bit 0 is 0); word length (bit 0 is 0; 0: 64 KiB); 31 of the second
// dword: the last one. After it the bus master is not active, and data wait for the next start.
// A device that wants DMA the other way than RWCON says waits likewise. Regions and tables may
// cross 64 KiB boundaries; addresses wrap at 4 GiB. Where nothing answers, for table or region, the
// transfer ends there: a master abort, the error bit, not active, and the device waits. Registers
// and ROM answer, but are no targets: they read as ones, and writes go nowhere.
#pragma once

#include <functional>

#include "chipset/memory/address_space.h"
#include "replay/core/state.h"

namespace reprise {

class BusMaster {
 public:
  // `aborted` is told of each master abort.
  BusMaster(DmaBus& bus, std::function<void()> aborted) : bus_(bus), aborted_(std::move(aborted)) {}

  u8 read(unsigned offset) const;
  // True: started, so a device that waits may go on.
  bool write(unsigned offset, u8 value);
  // Bit 2 of the PCI command register. True: likewise.
  bool set_enabled(bool enabled);
  void note_interrupt() { regs_.status |= kInterrupt; }

  std::size_t to_memory(std::span<const u8> data);
  std::size_t from_memory(std::span<u8> data);

  void reset() { regs_ = {}; }
  void state(State& s);

 private:
  enum Status : u8 { kActive = 1, kError = 2, kInterrupt = 4, kCapable = 0x60 };
  static constexpr u8 kStart = 1, kToMemory = 8;
  bool ready(bool to_memory) const {
    return enabled_ && regs_.status & kActive && bool(regs_.command & kToMemory) == to_memory;
  }
  // How much of `wanted` goes to or comes from regs_.address now. 0: nothing any more, an abort.
  u32 region(std::size_t wanted);
  u32 abort();
  void advance(u32 length);

  DmaBus& bus_;
  std::function<void()> aborted_;
  struct Regs {
    u8 command = 0;
    u8 status = 0;
    u32 table = 0;
    u32 next = 0;  // the next descriptor
    u32 address = 0;
    u32 left = 0;       // bytes of the present region
    bool last = false;  // it is the last one
  } regs_;
  bool enabled_ = false;  // derived
};

}  // namespace reprise
