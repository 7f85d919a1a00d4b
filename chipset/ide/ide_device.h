// One device on an IDE cable: its task file, and the movement of data between its buffer and the
// host. What commands mean is the business of AtaDisk and AtapiCd.
//
// Source: T13/1410D (ATA/ATAPI-6), 6.2 (48-bit addresses), 7 (registers), 9 (protocols).
//   1 r Error    w Features      4 LBA Mid   (cylinder low; byte count low)
//   2 Sector Count (int. reason) 5 LBA High  (cylinder high; byte count high)
//   3 LBA Low    (sector)        6 Device: 6 LBA, 4 DEV, 3:0 head or LBA 27:24
//   7 r Status: 7 BSY 6 DRDY 5 DF 4 DSC 3 DRQ 0 ERR   w Command
// Registers 1 to 5 remember the value before, for 48-bit addresses; HOB reads it.
// A command that needs no medium is done at once; one that does is busy until the drive is done.
// Data moves in pieces (at most kMaxBuffer) through one buffer. The host takes or gives a piece in
// blocks by the data register, each announced by DRQ and INTRQ, or by DMA as far as the bus master
// goes; then the device waits.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "chipset/ide/identify.h"
#include "replay/core/device.h"
#include "storage/drive/drive.h"

namespace reprise {

// The other end of the cable.
class IdeCable {
 public:
  virtual ~IdeCable() = default;
  virtual void intrq_changed() = 0;
  // DMA moves what the bus master is ready for; how many bytes that is.
  virtual std::size_t dma_to_memory(std::span<const u8> data) = 0;
  virtual std::size_t dma_from_memory(std::span<u8> data) = 0;
};

class IdeDevice : public Device, public DriveClient {
 public:
  static constexpr u32 kMaxBuffer = 1 << 20;
  enum Register : u8 { kData, kFeatures, kCount, kLow, kMid, kHigh, kDevice, kCommand };
  enum Status : u8 { kErr = 0x01, kDrq = 0x08, kDsc = 0x10, kDf = 0x20, kDrdy = 0x40, kBsy = 0x80 };
  enum ErrorBits : u8 { kAbrt = 0x04, kIdnf = 0x10, kUnc = 0x40 };

  IdeDevice(const DeviceContext& context, Drive& drive);
  void plug(IdeCable& cable, unsigned unit) {
    cable_ = &cable;
    unit_ = unit;
  }

  // --- the cable ---
  u8 status() const;
  u8 read(unsigned reg, bool hob) const;  // registers 1 to 6
  void write(unsigned reg, u8 value);     // likewise
  void command(u8 code);
  u16 read_data();
  void write_data(u16 value);
  bool intrq() const { return intrq_; }
  void clear_intrq();
  void dma_ready();      // the bus master has been started
  void hold_in_reset();  // SRST is 1: what was going on is given up
  void soft_reset();     // SRST is 0 again
  void diagnose();       // EXECUTE DEVICE DIAGNOSTIC, which both devices obey
  void announce() { raise_intrq(); }

  void reset() override;
  void state(State& s) override;

 protected:
  enum class Phase : u8 { Idle, Medium, DataIn, DataOut, DmaIn, DmaOut };
  enum class Power : u8 { Active, Idle, Standby };
  static constexpr u8 kPowerOnMode = 0x22;  // multiword DMA 2
  static constexpr u8 kLbaBit = 0x40, kDevBit = 0x10;

  // --- what a kind of device says ---
  virtual bool is_packet() const = 0;
  virtual void execute(u8 code) = 0;
  virtual void sent() = 0;      // the host has taken all of the buffer
  virtual void received() = 0;  // the host has filled the buffer
  virtual void block_opened(u32 /*bytes*/) {}
  virtual void own_reset() = 0;  // by SRST, DEVICE RESET, diagnostics
  virtual void medium_done(int error, std::span<const u8> data) = 0;

  // --- what it does ---
  // A block at a time by the data register: the first one is announced by INTRQ, as a rule.
  void send(std::span<const u8> data, u32 block);
  void receive(u32 bytes, u32 block, bool announce);
  void send_dma(std::span<const u8> data);
  void receive_dma(u32 bytes);
  std::span<const u8> buffer() const { return buffer_; }
  void clear_buffer();
  // Requests to the drive: medium_done() comes later, unless a reset does.
  void read_medium(u64 offset, u32 bytes);
  void write_medium(u64 offset, std::span<const u8> data);
  void discard_medium(u64 offset, u64 bytes);
  void flush_medium();
  // The end of a command.
  void finish(bool announce);
  void fail(u8 error, u8 more_status = 0);
  void raise_intrq();
  void set_signature();
  void abort_transfer();
  // Commands that both kinds have. False: this is none of them.
  bool power_command(u8 code);
  bool set_transfer_mode(u8 mode);                // false: there is no such mode
  void identify_modes(IdentifyData& data) const;  // words 49 to 93 as far as they are of the cable

  u8& reg(unsigned r) { return latches_[r - kFeatures].now; }
  u8& reg_before(unsigned r) { return latches_[r - kFeatures].before; }

  Drive& drive_;
  unsigned unit_ = 0;
  u8 device_ = 0;
  u8 flags_ = 0;  // of the status register: DRDY, DF, DSC, ERR
  u8 error_ = 1;
  u8 mode_ = kPowerOnMode;  // of DMA, as SET FEATURES 03h gives it
  Power power_ = Power::Active;
  Phase phase_ = Phase::Idle;

 private:
  void drive_done(u32 tag, int error, std::span<const u8> data) final;
  void open_block(Phase phase, bool announce);
  void block_done();
  bool wait_for_medium();

  struct Latch {
    u8 now = 0, before = 0;
    void state(State& s) { s("now", now)("before", before); }
  };
  IdeCable* cable_ = nullptr;
  std::array<Latch, 5> latches_{};  // Features to LBA High
  bool intrq_ = false;
  bool asleep_ = false;
  std::vector<u8> buffer_;
  u32 pos_ = 0;        // in the buffer
  u32 block_ = 0;      // the longest block
  u32 block_end_ = 0;  // where the present one ends
};

}  // namespace reprise
