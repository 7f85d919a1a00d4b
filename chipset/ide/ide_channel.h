// An IDE channel: a cable with two places, and the bus master at its other end.
//
// Source: T13/1410D, 7 (registers), 9.16 (single device configurations); Intel 290550, 2.7.
//   command block, 8 ports: data (2 or 4 bytes wide), then the registers of ide_device.h
//   control block, 1 port:  r Alternate Status, leaves INTRQ alone
//                           w Device Control: 7 HOB  2 SRST  1 nIEN
// Both devices see every write to the task file; commands are the selected one's. While a device
// is busy or moves data, writes to the task file do nothing.
// Device 0 answers for a device 1 that is not there, with a status of 0. With nothing on the cable,
// or only a device 1 while 0 is selected, reads give 7Fh: DD7 has a pull-down.
// A dword at the data register is two words.
#pragma once

#include "chipset/ide/bus_master.h"
#include "chipset/ide/ide_device.h"
#include "chipset/memory/handlers.h"

namespace reprise {

class IdeChannel final : public IdeCable {
 public:
  IdeChannel(DmaBus& bus, IrqLine irq, std::function<void()> aborted)
      : master_(bus, std::move(aborted)), irq_(irq) {}
  IdeChannel(const IdeChannel&) = delete;
  void plug(unsigned unit, IdeDevice& device);

  IoHandler& command_ports() { return command_ports_; }
  IoHandler& control_port() { return control_port_; }
  u8 read_master(unsigned offset) const { return master_.read(offset); }
  void write_master(unsigned offset, u8 value);
  void set_mastering(bool enabled);

  void reset();
  void settle(bool mastering);  // the line, without an edge for the bus master
  void state(State& s);

 private:
  struct CommandPorts final : IoHandler {
    explicit CommandPorts(IdeChannel& c) : channel(c) {}
    u32 io_read(u16 offset, unsigned size) override;
    void io_write(u16 offset, unsigned size, u32 value) override;
    IdeChannel& channel;
  } command_ports_{*this};
  struct ControlPort final : IoHandler {
    explicit ControlPort(IdeChannel& c) : channel(c) {}
    u32 io_read(u16, unsigned) override { return channel.read_status(); }
    void io_write(u16 offset, unsigned, u32 value) override {
      if (offset == 0) channel.write_control(u8(value));
    }
    IdeChannel& channel;
  } control_port_{*this};
  static constexpr u8 kHob = 0x80, kSrst = 0x04, kNien = 0x02, kFloating = 0x7f;

  // --- IdeCable ---
  void intrq_changed() override;
  std::size_t dma_to_memory(std::span<const u8> data) override { return master_.to_memory(data); }
  std::size_t dma_from_memory(std::span<u8> data) override { return master_.from_memory(data); }

  IdeDevice* selected() const { return devices_[device1_]; }
  bool quiet() const;  // no device is in the middle of something
  u16 read_data();
  void write_data(u16 value);
  u8 read_register(unsigned reg);
  void write_register(unsigned reg, u8 value);
  u8 read_status() const;
  void write_control(u8 value);
  void command(u8 code);
  bool intrq() const;

  BusMaster master_;
  IrqLine irq_;
  std::array<IdeDevice*, 2> devices_{};
  bool device1_ = false;  // DEV: which one is selected
  u8 control_ = 0;
  bool level_ = false;  // derived: of the interrupt line
};

}  // namespace reprise
