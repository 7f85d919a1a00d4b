// Commands that move data: sector by sector from the disk to the host, or the other way.
//
// begin -> (Seek) -> start_sector -> Disk or Host, in the order of the data -> sector_done -> the
// next sector, or finish. What cannot be found takes two turns of the disk (Search).
#include <algorithm>
#include <utility>

#include "chipset/floppy/i82078.h"

namespace reprise {

namespace {
constexpr u8 kNormal = 0x00, kAbnormal = 0x40, kEquipmentCheck = 0x10;                 // ST0
enum : u8 { kMA = 0x01, kNW = 0x02, kND = 0x04, kOR = 0x10, kDE = 0x20, kEN = 0x80 };  // ST1
enum : u8 { kSN = 0x04, kSH = 0x08, kWC = 0x10, kDD = 0x20, kCM = 0x40 };              // ST2
enum : u8 { kMultiTrack = 0x80, kMfm = 0x40, kSkip = 0x20 };  // the command's first byte
constexpr u8 kEnableCount = 0x80;                             // VERIFY: its second
constexpr u8 kImpliedSeek = 0x40, kFifoOff = 0x20;            // CONFIGURE
constexpr u8 kSize512 = 2;                                    // N: 128 << N bytes
constexpr u8 kFifo = 16;
constexpr u64 kPatience = 500'000;  // us
}  // namespace

void I82078::read_data() { begin(Read); }
void I82078::read_deleted() { begin(ReadDeleted); }
void I82078::write_data() { begin(Write); }
void I82078::read_track() { begin(ReadTrack); }
void I82078::scan() { begin(Scan); }

void I82078::verify() {
  const u8 count = regs_.command[8];
  begin(Verify, regs_.command[1] & kEnableCount ? count : 0);
}

void I82078::begin(Kind kind, u8 left) {
  const auto& in = regs_.command;
  event_.cancel();
  transfer_ = {};
  transfer_.kind = kind;
  transfer_.left = left;
  transfer_.head = in[1] >> 2 & 1;
  transfer_.c = in[2];
  transfer_.h = in[3];
  transfer_.r = in[4];
  transfer_.n = in[5];
  regs_.eot = in[6];
  u8& pcn = regs_.pcn[selected()];
  if (!(regs_.config & kImpliedSeek) || pcn == in[2]) return start_sector();
  const int steps = int(in[2]) - pcn;
  if (drive()) drive()->step(steps);
  pcn = in[2];
  transfer_.seeked = true;
  transfer_.stage = Stage::Seek;
  after(event_, u64(std::abs(steps)) * step_time());
}

void I82078::read_id() {
  event_.cancel();
  transfer_ = {};
  transfer_.head = regs_.command[1] >> 2 & 1;
  const auto format = seen_format();
  if (!format || transfer_.head >= format->heads) {
    transfer_.st1 |= kMA;
    return search_in_vain();
  }
  transfer_.stage = Stage::Id;
  after(event_, kRevolution / format->sectors);
}

// Where the disk stands after turning since cycle 0 says which sector comes next.
void I82078::id_passes() {
  const auto format = seen_format();
  if (!format) {
    transfer_.st1 |= kMA;
    return search_in_vain();
  }
  transfer_.c = *drive()->track();
  transfer_.h = transfer_.head;
  transfer_.r = u8(clock_.ticks() % kRevolution * format->sectors / kRevolution + 1);
  transfer_.n = kSize512;
  finish(kNormal);
}

// --- the disk's side ---

std::optional<FloppyFormat> I82078::seen_format() {
  if (!drive() || !spins() || !(regs_.command[0] & kMfm)) return {};
  return drive()->format(kbps());
}

void I82078::start_sector() {
  Transfer& t = transfer_;
  if (t.kind == Write && drive() && drive()->write_protected()) {
    t.st1 |= kNW;
    return finish(kAbnormal);
  }
  if (t.kind == ReadDeleted && regs_.command[0] & kSkip) return skip_sectors();
  const auto offset = find_sector();
  if (!offset) return search_in_vain();
  t.at = 0;
  t.size = kSectorSize;
  if (t.kind == Write) return to_host();
  if (!drive()->accepts()) return finish(kAbnormal | kEquipmentCheck);
  t.stage = Stage::Disk;
  drive()->read(*offset);
}

std::optional<u64> I82078::find_sector() {
  Transfer& t = transfer_;
  const auto format = seen_format();
  if (!format || t.head >= format->heads) {
    t.st1 |= kMA;
    return {};
  }
  const u8 track = *drive()->track();
  if (t.kind == ReadTrack) {  // whatever the IDs say
    const u8 sector = u8(t.index % format->sectors + 1);
    if (t.c != track || t.h != t.head || t.r != sector || t.n != kSize512) t.st1 |= kND;
    return drive()->locate(t.head, sector);
  }
  const auto offset = drive()->locate(t.head, t.r);
  if (t.c != track) t.st2 |= kWC;
  if (t.c == track && t.h == t.head && t.n == kSize512 && offset) return offset;
  t.st1 |= kND;
  return {};
}

void I82078::search_in_vain() {
  transfer_.stage = Stage::Search;
  after(event_, 2 * kRevolution);
}

// READ DELETED DATA with SK: no sector has a deleted mark.
void I82078::skip_sectors() {
  while (find_sector()) {
    transfer_.st2 |= kCM;
    if (advance()) continue;
    transfer_.st1 |= kEN;
    break;
  }
  search_in_vain();
}

void I82078::disk_done(unsigned drive, int error, std::span<const u8> data) {
  Transfer& t = transfer_;
  if (t.stage != Stage::Disk || drive != selected()) return;
  const bool writes = t.kind == Write || t.kind == Format;
  if (error) {
    if (!writes) {
      t.st1 |= kDE;
      t.st2 |= kDD;
    }
    finish(writes ? kAbnormal | kEquipmentCheck : kAbnormal);
  } else if (writes || t.kind == Verify) {
    sector_done();
  } else {
    std::copy_n(data.begin(), std::min(data.size(), buffer_.size()), buffer_.begin());
    to_host();
  }
  settle();
}

// --- the host's side ---

void I82078::to_host() {
  transfer_.stage = Stage::Host;
  transfer_.at = 0;
  transfer_.window = 0;
  transfer_.polls = 0;
  dma_mode() ? serve_dma() : open_window();
}

void I82078::serve_dma() {
  Transfer& t = transfer_;
  dma_.set_dreq(kDmaChannel, gated());
  std::array<u8, kSectorSize> host{};
  const std::span<u8> run = std::span(t.kind == Scan ? host : buffer_).subspan(t.at, t.size - t.at);
  const I8237::Moved moved = dma_.transfer(kDmaChannel, run);
  if (t.kind == Scan) compare(run.first(moved.bytes));
  t.at = u16(t.at + moved.bytes);
  t.tc = moved.terminal_count;
  if (t.tc || t.at >= t.size) {
    dma_.set_dreq(kDmaChannel, false);
    host_done();
  } else if (t.polls++ < kMaxPolls) {
    after(event_, kPoll);
  } else {
    t.st1 |= kOR;
    finish(kAbnormal);
  }
}

// Software may move as much as the FIFO holds; if it has left some of that, it is too late.
void I82078::open_window() {
  Transfer& t = transfer_;
  if (t.window || t.at >= t.size) {
    t.st1 |= kOR;
    return finish(kAbnormal);
  }
  t.window = u8(std::min<unsigned>(regs_.config & kFifoOff ? 1 : kFifo, t.size - t.at));
  after(event_, kPatience);
}

u8 I82078::host_read() {
  Transfer& t = transfer_;
  if (t.stage != Stage::Host || dma_mode() || !t.window || t.at >= t.size || !from_disk()) return 0;
  const u8 value = buffer_[t.at];
  host_moved();
  return value;
}

void I82078::host_write(u8 value) {
  Transfer& t = transfer_;
  if (t.stage != Stage::Host || dma_mode() || !t.window || t.at >= t.size || from_disk()) return;
  t.kind == Scan ? compare({&value, 1}) : void(buffer_[t.at] = value);
  host_moved();
}

void I82078::host_moved() {
  Transfer& t = transfer_;
  ++t.at;
  --t.window;
  settle();  // served: the request goes, also where a result follows at once
  if (t.at >= t.size) {
    event_.cancel();
    host_done();
  } else if (!t.window) {
    after(event_, regs_.config & kFifoOff ? 1 : kFifo);
  }
  settle();
}

// SCAN: the first byte that differs decides.
void I82078::compare(std::span<const u8> host) {
  Transfer& t = transfer_;
  for (std::size_t i = 0; i < host.size() && t.order == 0 && t.at + i < buffer_.size(); ++i) {
    const u8 disk = buffer_[t.at + i];
    if (disk != host[i] && disk != 0xff && host[i] != 0xff) t.order = disk < host[i] ? 1 : 2;
  }
}

void I82078::host_done() {
  Transfer& t = transfer_;
  t.window = 0;
  if (t.kind == Format) return format_sector();
  if (t.kind != Write) return sector_done();
  std::fill(buffer_.begin() + t.at, buffer_.end(), u8(0));  // after the terminal count
  write_sector();
}

void I82078::write_sector() {
  const auto offset = find_sector();  // the disk may have gone meanwhile
  if (!offset) return search_in_vain();
  if (drive()->write_protected()) {
    transfer_.st1 |= kNW;
    return finish(kAbnormal);
  }
  if (!drive()->accepts()) return finish(kAbnormal | kEquipmentCheck);
  transfer_.stage = Stage::Disk;
  drive()->write(*offset, buffer_);
}

// --- FORMAT TRACK ---

void I82078::format_track() {
  const auto& in = regs_.command;
  event_.cancel();
  transfer_ = {};
  Transfer& t = transfer_;
  t.kind = Format;
  t.head = in[1] >> 2 & 1;
  t.n = in[2];
  t.left = in[3];
  t.size = 4;
  regs_.eot = in[3];
  if (!drive() || !drive()->present() || !spins()) {
    t.st1 |= kMA;
    return search_in_vain();
  }
  if (drive()->write_protected() || !seen_format()) {
    t.st1 |= kNW;
    return finish(kAbnormal);
  }
  t.left ? to_host() : finish(kNormal);
}

// The host has given a sector's ID: C, H, R, N.
void I82078::format_sector() {
  Transfer& t = transfer_;
  t.c = buffer_[0];
  t.h = buffer_[1];
  t.r = buffer_[2];
  t.n = buffer_[3];
  const bool whole = t.at >= t.size;
  if (!whole || !find_sector()) {
    t.st1 = whole ? kNW : 0;
    t.st2 = 0;
    return finish(whole ? kAbnormal : kNormal);
  }
  buffer_.fill(regs_.command[5]);
  write_sector();
}

// --- from sector to sector ---

void I82078::sector_done() {
  Transfer& t = transfer_;
  switch (t.kind) {
    case Format:
      return --t.left && !t.tc ? to_host() : finish(kNormal);
    case ReadTrack:
      ++t.index;
      if (t.tc || t.index >= regs_.eot) return finish(t.st1 & kND ? kAbnormal : kNormal);
      ++t.r;
      return start_sector();
    case ReadDeleted:
      t.st2 |= kCM;
      return finish(kNormal);
    case Scan:
      if (scan_ends()) return finish(kNormal);
      break;
    case Verify:
      if (t.left && --t.left == 0) t.tc = true;
      break;
    default:
      break;
  }
  if (advance() && !t.tc) return start_sector();
  if (t.tc || (t.kind == Verify && !t.left)) return finish(kNormal);
  if (t.kind == Scan) {
    t.st2 |= kSN;
    return finish(kNormal);
  }
  t.st1 |= kEN;
  finish(kAbnormal);
}

// 11h: equal, 19h: the disk's lower or equal, 1Dh: higher or equal.
bool I82078::scan_ends() {
  Transfer& t = transfer_;
  const u8 command = regs_.command[0] & 0x1f;
  const bool met =
      t.order == 0 || (t.order == 1 && command == 0x19) || (t.order == 2 && command == 0x1d);
  if (met && t.order == 0) t.st2 |= kSH;
  if (!met && t.tc) t.st2 |= kSN;
  t.order = 0;
  return met;
}

// The ID that follows; false: it is beyond the end of the cylinder (without MT, of the track).
bool I82078::advance() {
  Transfer& t = transfer_;
  const unsigned step = t.kind == Scan && regs_.command[8] == 2 ? 2 : 1, next = t.r + step;
  const bool ends = t.r == regs_.eot || (t.r < regs_.eot && next > regs_.eot);
  t.r = u8(ends ? 1 : next);
  if (!ends) return true;
  if (!(regs_.command[0] & kMultiTrack)) {
    ++t.c;
    return false;
  }
  t.h ^= 1;
  t.head ^= 1;
  if (t.head) return true;
  ++t.c;
  return false;
}

void I82078::finish(u8 interrupt_code) {
  const Transfer t = std::exchange(transfer_, Transfer{});
  event_.cancel();
  dma_.set_dreq(kDmaChannel, false);
  regs_.result_interrupt = true;
  const u8 st0 = u8(interrupt_code | (t.seeked ? 0x20 : 0) | t.head << 2 | selected());
  give({st0, t.st1, t.st2, t.c, t.h, t.r, t.n});
}

}  // namespace reprise
