// A floppy disk drive: where its head stands, how its disk is formatted, its lines to the
// controller.
//
// Sources: TEAC FD-235HF and FD-55GFR specifications (TRACK 00, DISK CHANGE, WRITE PROTECT, stops);
// ISO 6596, 8630, 8860, 9529 (what the formats of 512-byte sectors look like).
// A disk is an image of its sectors in the order of track, head, sector; its size says how it is
// formatted. Other formats, deleted data marks and anything between sectors cannot be kept.
// A disk of 40 tracks in a 1.2 MB drive has them on every second cylinder.
// DISK CHANGE is active without a disk, and after one has been inserted until the next step.
// Not modelled: the time that a motor needs to start.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "storage/drive/drive.h"

namespace reprise {

// Numbers as in byte 10h of the CMOS memory.
enum class FloppyType : u8 { None, Kb360, Mb1_2, Kb720, Mb1_44, Mb2_88 };

struct FloppyFormat {
  u8 tracks = 0, heads = 0, sectors = 0;  // sectors of 512 bytes on a track and side
  u16 kbps = 0;                           // data rate with 300 revolutions a minute

  // Of an image of `size` bytes: a usual format, or one of 80 to 83 tracks that gives just this
  // size, or the smallest usual one that has room; what is larger is cut at 2.88 MB.
  static FloppyFormat of(u64 size);
};

// fdtypeA=: "120", "144", "288", "none"; "auto": the drive that goes with an image of that size, or
// with none (0) the one that reads all 3.5" disks.
FloppyType floppy_type(std::string_view name, u64 image_size);

class FloppyDrive final : public DriveClient {
 public:
  using Done = std::function<void(int error, std::span<const u8> data)>;
  // `disk` may be null: nothing is connected. `done`: a read or write has completed.
  FloppyDrive(FloppyType type, Drive* disk, Done done);

  bool connected() const { return disk_ != nullptr; }
  bool present() const { return disk_ && disk_->present() && disk_->size() >= kSectorSize; }
  bool write_protected() const { return present() && disk_->read_only(); }
  bool track0() const { return connected() && cylinder_ == 0; }
  bool disk_changed() const { return connected() && (changed_ || !present()); }
  // Towards the spindle (positive) or track 0, as far as the stop.
  void step(int cylinders);
  u8 cylinder() const { return cylinder_; }

  // How the disk under the head is formatted, as seen at this data rate; none: nothing to see.
  std::optional<FloppyFormat> format(unsigned kbps) const;
  // The number that the IDs of the track under the head carry; none: no track is there.
  std::optional<u8> track() const;
  // Where a sector (from 1) of the track under the head is in the image; none: there is no such.
  std::optional<u64> locate(unsigned head, unsigned sector) const;

  // A request may be made; see Drive::accepts().
  bool accepts() const { return disk_ && disk_->accepts(); }
  void read(u64 offset) { disk_->read(0, offset, kSectorSize); }
  void write(u64 offset, std::span<const u8> data) { disk_->write(0, offset, data); }
  void abandon() {
    if (disk_) disk_->abandon();
  }

  void drive_done(u32 tag, int error, std::span<const u8> data) override;
  void medium_changed() override { changed_ = true; }
  void state(State& s);

 private:
  static constexpr u8 kLastCylinder = 83, kLastOf40 = 41;
  bool double_steps(const FloppyFormat& format) const;

  FloppyType type_;
  Drive* disk_;
  Done done_;
  u8 cylinder_ = 0;
  bool changed_ = true;
};

}  // namespace reprise
