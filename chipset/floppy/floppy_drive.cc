#include "chipset/floppy/floppy_drive.h"

#include <algorithm>

namespace reprise {

namespace {

constexpr FloppyFormat kUsual[] = {{40, 1, 8, 250},  {40, 1, 9, 250},  {40, 2, 8, 250},
                                   {40, 2, 9, 250},  {80, 2, 9, 250},  {80, 2, 15, 500},
                                   {80, 2, 18, 500}, {80, 2, 21, 500}, {80, 2, 36, 1000}};

u64 sectors_of(const FloppyFormat& f) { return u64(f.tracks) * f.heads * f.sectors; }

u16 rate_of(unsigned sectors) { return sectors <= 12 ? 250 : sectors <= 24 ? 500 : 1000; }

}  // namespace

FloppyFormat FloppyFormat::of(u64 size) {
  const u64 sectors = (size + kSectorSize - 1) / kSectorSize;
  for (const FloppyFormat& format : kUsual) {
    if (sectors_of(format) == sectors) return format;
  }
  for (u8 tracks = 80; tracks <= 83; ++tracks) {
    const u64 each = sectors / tracks / 2;
    if (each * tracks * 2 == sectors && each >= 8 && each <= 42)
      return {tracks, 2, u8(each), rate_of(unsigned(each))};
  }
  for (const FloppyFormat& format : kUsual) {
    if (sectors_of(format) > sectors) return format;
  }
  return kUsual[std::size(kUsual) - 1];
}

FloppyType floppy_type(std::string_view name, u64 image_size) {
  if (name == "none") return FloppyType::None;
  if (name == "120") return FloppyType::Mb1_2;
  if (name == "144") return FloppyType::Mb1_44;
  if (name == "288" || image_size == 0) return FloppyType::Mb2_88;
  const FloppyFormat format = FloppyFormat::of(image_size);
  if (format.tracks < 80) return FloppyType::Kb360;
  if (format.kbps == 250) return FloppyType::Kb720;
  if (format.sectors == 15) return FloppyType::Mb1_2;
  return format.kbps == 500 ? FloppyType::Mb1_44 : FloppyType::Mb2_88;
}

FloppyDrive::FloppyDrive(FloppyType type, Drive* disk, Done done)
    : type_(type), disk_(type == FloppyType::None ? nullptr : disk), done_(std::move(done)) {
  if (disk_) disk_->connect(*this);
}

void FloppyDrive::state(State& s) {
  s("cylinder", cylinder_, 0, type_ == FloppyType::Kb360 ? kLastOf40 : kLastCylinder);
  s("changed", changed_);
}

void FloppyDrive::step(int cylinders) {
  if (!connected() || cylinders == 0) return;
  const int last = type_ == FloppyType::Kb360 ? kLastOf40 : kLastCylinder;
  cylinder_ = u8(std::clamp(cylinder_ + cylinders, 0, last));
  if (present()) changed_ = false;
}

bool FloppyDrive::double_steps(const FloppyFormat& format) const {
  return type_ == FloppyType::Mb1_2 && format.tracks == 40;
}

// A 1.2 MB drive turns at 360 revolutions a minute: what was written at 250 kbit/s comes at 300.
std::optional<FloppyFormat> FloppyDrive::format(unsigned kbps) const {
  if (!present()) return {};
  const FloppyFormat format = FloppyFormat::of(disk_->size());
  const unsigned seen = type_ == FloppyType::Mb1_2 && format.kbps == 250 ? 300 : format.kbps;
  if (seen != kbps || !track()) return {};
  return format;
}

std::optional<u8> FloppyDrive::track() const {
  if (!present()) return {};
  const FloppyFormat format = FloppyFormat::of(disk_->size());
  if (double_steps(format) && cylinder_ % 2) return {};
  const unsigned track = double_steps(format) ? cylinder_ / 2 : cylinder_;
  if (track >= format.tracks) return {};
  return u8(track);
}

std::optional<u64> FloppyDrive::locate(unsigned head, unsigned sector) const {
  const auto track = this->track();
  if (!track) return {};
  const FloppyFormat format = FloppyFormat::of(disk_->size());
  if (head >= format.heads || sector < 1 || sector > format.sectors) return {};
  const u64 offset =
      ((u64(*track) * format.heads + head) * format.sectors + sector - 1) * kSectorSize;
  if (offset + kSectorSize > disk_->size()) return {};
  return offset;
}

void FloppyDrive::drive_done(u32, int error, std::span<const u8> data) { done_(error, data); }

}  // namespace reprise
