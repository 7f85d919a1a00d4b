// Intel 82078 floppy disk controller in AT mode, with two drives.
//
// Source: Intel 82078 64 pin data sheet (290474); 82077AA (290166) for SCAN and the tables of
// results.
//   3F2h  DOR  rw  7:4 motors, 3 DMAGATE#: interrupt and DMA, 2 RESET#, 1:0 drive select
//   3F3h  TDR  rw  1:0 tape drive (kept)
//   3F4h  MSR  ro  7 RQM, 6 DIO, 5 NON DMA, 4 CMD BSY, 3:0 drives that seek
//   3F4h  DSR  wo  7 software reset, 6 power down, 4:2 precompensation, 1:0 data rate
//   3F5h  FIFO rw  commands, their parameters, data without DMA, results
//   3F7h  DIR  ro  7 DSKCHG of the drive that DOR selects      CCR  wo  1:0 data rate
//   others read as ones. Data rates: 0 500 kbit/s, 1 300, 2 250, 3 1000.
// Commands: READ DATA, READ DELETED DATA, WRITE DATA, WRITE DELETED DATA, READ TRACK, VERIFY, READ
// ID, FORMAT TRACK, SCAN EQUAL, SCAN LOW OR EQUAL, SCAN HIGH OR EQUAL, RECALIBRATE, SEEK, RELATIVE
// SEEK, SENSE INTERRUPT STATUS, SENSE DRIVE STATUS, SPECIFY, CONFIGURE, LOCK, VERSION, PART ID,
// DUMPREG, PERPENDICULAR MODE, POWERDOWN MODE, OPTION, SAVE, RESTORE, DRIVE SPECIFICATION. Anything
// else is an INVALID command (ST0 = 80h).
//
// Time: disks turn twenty times as fast as real ones, once in 10 ms. A sector takes what the
// drive's latency model says (512 us as PcI440fx sets it: 1 MB/s, a 1.44 MB disk in 1.5 s); a
// sector that is not there is searched for two turns; so is any sector while the motor is off or no
// disk is in the drive, when a real controller would wait for an index pulse for ever. Steps take
// what SPECIFY and the data rate say; heads load at once. The disk waits for DMA, or for software
// without DMA, for 500 ms; then the command ends with an overrun. Without DMA the FIFO asks for
// service again 1 us per byte after it was served: for 16 bytes at a time, or 1 while it is
// disabled.
//
// READ DELETED DATA sees no deleted marks, as images keep none: it gives one sector with CM set, or
// skips all. FORMAT TRACK of what the image cannot keep ends with NW. SCAN compares as numbers, the
// first byte highest, FFh on either side being equal to anything.
// Not modelled: FORMAT AND WRITE, the registers of PS/2 modes and those that EREG EN adds,
// automatic power down, gaps, precompensation, FM (its marks are never found), head load and unload
// times.
#pragma once

#include <array>

#include "chipset/dma/i8237.h"
#include "chipset/floppy/floppy_drive.h"
#include "chipset/memory/handlers.h"

namespace reprise {

class I82078 final : public Device, public IoHandler {
 public:
  static constexpr unsigned kDrives = 2, kDmaChannel = 2;
  static constexpr u16 kPort = 0x3f0, kPorts = 6;  // and 3F7h, offset 7: 3F6h is the disk's
  struct Slot {
    FloppyType type = FloppyType::None;
    Drive* disk = nullptr;
  };
  I82078(const DeviceContext& context, IrqLine irq, I8237& dma, const std::array<Slot, kDrives>&);

  std::string_view kind() const override { return "i82078"; }
  void reset() override;
  void settle() override;
  void state(State& s) override;
  // Offsets from 3F0h.
  u32 io_read(u16 offset, unsigned size) override;
  void io_write(u16 offset, unsigned size, u32 value) override;
  IoHandler& dir_port() { return dir_port_; }  // 3F7h

 private:
  static constexpr unsigned kSelects = 4;  // drives that commands can name
  static constexpr std::size_t kMaxCommand = 17, kMaxResult = 16;
  static constexpr u32 kRevolution = 10'000, kPoll = 100;  // us
  static constexpr u16 kMaxPolls = 5000;

  enum class Phase : u8 { Command, Execution, Result };
  // What a command that moves data waits for.
  enum class Stage : u8 {
    None,
    Seek,    // the implied seek, then the first sector
    Search,  // two turns that find nothing
    Id,      // the next ID that passes the head
    Disk,    // the drive reads or writes a sector
    Host     // data to or from memory or software
  };
  struct Command;
  static const Command kCommands[];
  static const Command* find(u8 first_byte);
  enum Kind : u8 { Read, ReadDeleted, Write, ReadTrack, Verify, Scan, Format };

  // A command that moves data.
  struct Transfer {
    Stage stage = Stage::None;
    Kind kind = Read;
    u8 c = 0, h = 0, r = 0, n = 0;  // the sector's ID
    u8 head = 0;                    // the head in use
    u8 index = 0;                   // READ TRACK: sectors from the index hole
    u8 left = 0;                    // FORMAT, VERIFY with EC: sectors to do
    u8 st1 = 0, st2 = 0;
    bool seeked = false;   // ST0.SE: there was an implied seek
    bool tc = false;       // the terminal count has come
    u8 order = 0;          // SCAN: 0 equal so far, 1 the disk's data are lower, 2 higher
    u16 at = 0, size = 0;  // bytes done, and of the sector or ID in all
    u8 window = 0;         // without DMA: bytes that software may move now
    u16 polls = 0;         // how often the host was not ready
    void state(State& s);
  };
  struct Regs {
    u8 dor = 0, tdr = 0, dsr = 2;
    Phase phase = Phase::Command;
    u8 given = 0;  // command bytes
    u8 result_at = 0, result_size = 0;
    std::array<u8, kMaxCommand> command{};
    std::array<u8, kMaxResult> result{};
    bool result_interrupt = false, reset_interrupt = false;
    u8 reset_statuses = 0;          // SENSE INTERRUPT STATUS has still to report these resets
    u8 seeking = 0, seek_done = 0;  // by drive
    std::array<u8, kSelects> pcn{}, seek_status{};
    u8 srt_hut = 0, hlt_nd = 0;
    u8 config = 0x20, pretrk = 0;  // CONFIGURE: 6 EIS, 5 EFIFO, 4 POLL, 3:0 FIFOTHR
    u8 perpendicular = 0;          // 5:2 drives, 1 GAP, 0 WGATE
    bool lock = false;
    u8 powerdown = 0, option = 0, eot = 0;
    std::array<u8, kSelects> specification{};
  };

  // --- registers and phases: i82078.cc ---
  bool in_reset() const { return !(regs_.dor & 0x04); }
  bool gated() const { return regs_.dor & 0x08; }
  bool dma_mode() const { return !(regs_.hlt_nd & 1); }
  unsigned kbps() const;
  u8 msr() const;
  u8 read_fifo();
  void write_fifo(u8 value);
  void write_dor(u8 value);
  void write_dsr(u8 value);
  void software_reset();
  void leave_reset();
  void execute();
  void to_command();
  void give(std::initializer_list<u8> bytes);
  void after(Timer& timer, u64 us) { timer.arm(clock_.cycle_of(clock_.ticks() + us + 1)); }
  void on_event();

  // --- commands without data: i82078_commands.cc ---
  void invalid();
  void specify();
  void sense_drive_status();
  void sense_interrupt_status();
  void recalibrate();
  void seek();
  void relative_seek();
  void begin_seek(unsigned drive, u8 status, unsigned steps);
  void seek_ended(unsigned drive);
  u64 step_time() const;
  void dumpreg();
  void perpendicular();
  void configure();
  void lock();
  void version();
  void part_id();
  void powerdown();
  void option();
  void save();
  void restore();
  void drive_specification();

  // --- commands with data: i82078_transfer.cc ---
  void read_data();
  void read_deleted();
  void write_data();
  void read_track();
  void verify();
  void scan();
  void format_track();
  void read_id();
  void begin(Kind kind, u8 left = 0);
  std::optional<FloppyFormat> seen_format();
  void start_sector();
  std::optional<u64> find_sector();
  void search_in_vain();
  void skip_sectors();
  void id_passes();
  void disk_done(unsigned drive, int error, std::span<const u8> data);
  void to_host();
  void serve_dma();
  void open_window();
  u8 host_read();
  void host_write(u8 value);
  void host_moved();
  void compare(std::span<const u8> host);
  void host_done();
  void write_sector();
  void format_sector();
  void sector_done();
  bool scan_ends();
  bool advance();
  void finish(u8 interrupt_code);
  bool from_disk() const {
    return transfer_.kind == Read || transfer_.kind == ReadDeleted || transfer_.kind == ReadTrack;
  }
  unsigned selected() const { return regs_.command[1] & 3; }
  FloppyDrive* drive() { return selected() < kDrives ? &drives_[selected()] : nullptr; }
  bool spins() const { return selected() < kDrives && (regs_.dor >> (4 + selected()) & 1); }

  IrqLine irq_;
  I8237& dma_;
  Clock clock_;  // microseconds
  Regs regs_;
  Transfer transfer_;
  std::array<u8, kSectorSize> buffer_{};
  std::array<FloppyDrive, kDrives> drives_;
  Timer event_;
  std::array<Timer, kSelects> seeks_;
  struct DirPort final : IoHandler {
    explicit DirPort(I82078& f) : fdc(f) {}
    u32 io_read(u16, unsigned) override { return fdc.io_read(7, 1); }
    void io_write(u16, unsigned, u32 value) override { fdc.io_write(7, 1, value); }
    I82078& fdc;
  } dir_port_{*this};
};

}  // namespace reprise
