// A hard disk with the commands of ATA/ATAPI-6, and of later versions what software of today uses.
//
// Sources: T13/1410D (ATA/ATAPI-6) 6.2 (addresses), 8 (commands); T13/1532D (ATA/ATAPI-7): FUA;
// T13/1699D (ATA8-ACS) 7.10: DATA SET MANAGEMENT; SFF-8035i: SMART attributes.
//   00 NOP (aborts)                       B0 SMART (ata_smart.h)
//   06 DATA SET MANAGEMENT: TRIM          C4 READ MULTIPLE      C5 WRITE MULTIPLE
//   10-1F RECALIBRATE                     C6 SET MULTIPLE MODE
//   20-21 READ SECTORS   24 EXT           C8-C9 READ DMA        CA-CB WRITE DMA
//   25 READ DMA EXT      29 READ MULTIPLE EXT       CE WRITE MULTIPLE FUA EXT
//   27 READ NATIVE MAX ADDRESS EXT        E0-E3, E5, E6, 94-99: power modes
//   30-31 WRITE SECTORS  34 EXT           E4 READ BUFFER        E8 WRITE BUFFER
//   35 WRITE DMA EXT     3D FUA EXT       E7 FLUSH CACHE        EA EXT
//   37 SET MAX ADDRESS EXT  39 WRITE MULTIPLE EXT   EC IDENTIFY DEVICE
//   40-41 READ VERIFY    42 EXT           EF SET FEATURES
//   70-7F SEEK                            F8 READ NATIVE MAX    F9 SET MAX ADDRESS
//   91 INITIALIZE DEVICE PARAMETERS       others abort, among them PACKET, A1 and SECURITY
// A command whose sectors are not all on the disk fails with IDNF before any is moved. A host error
// is UNC for reads, ABRT for writes; the address in the task file is that of the piece that failed.
// While the write cache is off, a write ends with a flush. TRIM gives sectors of zeros.
// Not modelled: time to spin up, standby timers, power-up in standby, passwords, logs by READ LOG.
#pragma once

#include <optional>

#include "chipset/ide/ata_smart.h"
#include "chipset/ide/geometry.h"
#include "chipset/ide/ide_device.h"
#include "chipset/ide/identify.h"

namespace reprise {

class AtaDisk final : public IdeDevice {
 public:
  // `geometry`: as the disk reports it.
  AtaDisk(const DeviceContext& context, Drive& drive, IdeIdentity identity, Geometry geometry);

  std::string_view kind() const override { return "ata-disk"; }
  void reset() override;
  void state(State& s) override;

 private:
  enum Access : u8 { kExt = 1, kDma = 2, kMultiple = 4, kWrite = 8, kFua = 16, kVerify = 32 };
  enum class Op : u8 { None, Send, Transfer, Flush, WriteBuffer, WriteLog, TrimList, Trim };

  // --- IdeDevice ---
  bool is_packet() const override { return false; }
  void execute(u8 code) override;
  void sent() override;
  void received() override;
  void own_reset() override;
  void medium_done(int error, std::span<const u8> data) override;

  // --- addresses ---
  bool uses_lba() const { return device_ & kLbaBit; }
  // Sectors that commands may use: all, or fewer by SET MAX ADDRESS.
  u64 capacity() const;
  std::optional<u64> address(bool ext);  // none: there is no such cylinder, head or sector
  u32 count(bool ext);
  void set_address(u64 lba, bool ext);

  // --- reading and writing ---
  void transfer(u8 access);
  void next_piece();
  void piece_moved();
  void transfer_failed(u8 error);
  void trim_list();
  void next_trim();

  // --- the rest ---
  void reply(std::span<const u8> data);  // one block by the data register
  void accept(bool ok);                  // ends a command without data
  void identify();
  void features();
  bool set_multiple();
  bool set_translation();
  void native_max(bool ext);
  bool set_max(bool ext, bool allowed);
  void smart();
  u16 hours() const;  // since power-on

  const Scheduler& scheduler_;
  IdeIdentity identity_;
  Geometry geometry_;

  struct Command {
    Op op = Op::None;
    u8 access = 0;
    u64 lba = 0;    // of the piece
    u32 left = 0;   // sectors from there on
    u32 piece = 0;  // sectors of the piece
    u32 range = 0;  // TRIM: the next one in the list
    void state(State& s);
  } command_;
  struct Settings {
    u8 heads = 16, sectors = 63;  // the translation in use
    u8 multiple = 16;             // 0: READ and WRITE MULTIPLE are off
    bool write_cache = true, look_ahead = true;
    void state(State& s);
  } settings_;
  Settings power_on_settings() const;
  bool reverts_ = false;          // a soft reset reverts them
  u64 limit_ = 0;                 // by SET MAX ADDRESS; 0: none
  bool native_max_read_ = false;  // by the last command
  AtaSmart smart_;
  std::array<u8, 512> sector_buffer_{};  // WRITE BUFFER's
};

}  // namespace reprise
