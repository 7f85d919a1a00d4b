// SMBus: the bus's slaves, and the host controller in the PIIX4.
//
// Sources: Intel 82371AB (PIIX4) data sheet (290562), 7.3 (SMBus registers), 11.5; System
// Management Bus Specification 1.0; the function's configuration registers are in piix4_pm.h.
//   +0  SMBHSTSTS  0 HOST_BUSY ro, w1c: 1 INTER, 2 DEV_ERR, 3 BUS_ERR, 4 FAILED
//   +1  SMBSLVSTS  0 busy ro, w1c: 2 slave, 3 and 4 shadow, 5 alert (never set)
//   +2  SMBHSTCNT  0 INTEREN, 1 KILL, 4:2 protocol: 0 quick, 1 byte, 2 byte data, 3 word data, 5
//                  block; 6 START (reads as 0); reading it rewinds SMBBLKDAT
//   +3  SMBHSTCMD  +4 SMBHSTADD (7:1 address, 0 read)  +5 SMBHSTDAT0  +6 SMBHSTDAT1
//   +7  SMBBLKDAT  32 bytes, one after the other
//   +8  SMBSLVCNT, +9 SMBSHDWCMD, +A SMBSLVEVT (2), +C SMBSLVDAT (2): kept
// A transaction takes a clock of 16384 Hz per bit (9 a byte, 3 for start and stop) and happens at
// its end. What it ends with raises IRQ 9 or SMI, as SMB_INTRSEL says, with INTEREN. Not modelled:
// other masters, so BUS_ERR never comes; the slave functions; reserved protocols end with DEV_ERR.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <span>

#include "chipset/memory/handlers.h"
#include "replay/core/device.h"

namespace reprise {

// What answers to an address. Bytes go over the wire as in I2C.
class SmbusSlave {
 public:
  virtual ~SmbusSlave() = default;
  virtual void smbus_write(std::span<const u8> bytes) = 0;  // none: the address alone
  virtual void smbus_read(std::span<u8> bytes) = 0;
};

class SmbusHost final : public Device, public IoHandler {
 public:
  static constexpr u16 kPorts = 16;
  SmbusHost(const DeviceContext& context, IrqLine irq9, std::function<void()> smi);
  void attach(u8 address, SmbusSlave& slave) { slaves_[address] = &slave; }
  // SMB_INTRSEL: 0 SMI, 4 IRQ 9.
  void select_interrupt(u8 intrsel);

  std::string_view kind() const override { return "piix4-smbus"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  u32 io_read(u16 offset, unsigned size) override;
  void io_write(u16 offset, unsigned size, u32 value) override;

 private:
  static constexpr unsigned kBlock = 32;
  enum Protocol : u8 { Quick, Byte, ByteData, WordData, Block = 5 };

  void write_control(u8 value);
  void transact();
  void exchange(SmbusSlave& slave);
  void end(u8 status);
  unsigned wire_bytes() const;
  Protocol protocol() const { return Protocol(regs_.control >> 2 & 7); }
  bool reads() const { return regs_.address & 1; }

  Clock clock_;
  IrqLine irq9_;
  std::function<void()> smi_;
  Timer timer_;
  std::map<u8, SmbusSlave*> slaves_;
  u8 intrsel_ = 0;  // derived: the PCI function's
  struct Regs {
    u8 status = 0, control = 0, command = 0, address = 0, data0 = 0, data1 = 0;
    u8 index = 0;  // into the block
    std::array<u8, kBlock> block{};
    std::array<u8, 8> slave{};  // +8 and up
  } regs_;
};

}  // namespace reprise
