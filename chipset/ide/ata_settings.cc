// What a disk says of itself, and its settings.
#include <algorithm>
#include <bit>

#include "chipset/ide/ata_disk.h"

namespace reprise {

namespace {
constexpr u64 kMax28 = 0x0fff'ffff;
constexpr unsigned kMaxMultiple = 16;
}  // namespace

void AtaDisk::identify() {
  const Settings& set = settings_;
  const u64 sectors = capacity();
  const u32 cylinders = u32(std::min<u64>(sectors / (set.heads * set.sectors), 65535));
  const u32 chs = cylinders * set.heads * set.sectors;
  IdentifyData data;
  data.word(0, 0x0040);  // a fixed disk
  data.word(1, u16(geometry_.cylinders));
  data.word(3, geometry_.heads);
  data.word(4, u16(kSectorSize * geometry_.sectors));
  data.word(5, u16(kSectorSize));
  data.word(6, geometry_.sectors);
  data.text(10, 10, identity_.serial);
  data.word(20, 3);
  data.word(21, 512);  // 256 KiB of buffer
  data.word(22, 4);
  data.text(23, 4, identity_.firmware);
  data.text(27, 20, identity_.model);
  data.word(47, 0x8000 | kMaxMultiple);
  identify_modes(data);
  data.word(49, 0x0f00);  // IORDY, LBA, DMA
  data.word(50, 0x4000);
  data.word(51, 0x0200);
  data.word(52, 0x0200);
  data.word(54, u16(cylinders));
  data.word(55, set.heads);
  data.word(56, set.sectors);
  data.dword(57, chs);
  if (set.multiple) data.word(59, 0x100 | set.multiple);
  data.dword(60, u32(std::min(sectors, kMax28)));
  data.word(69, 0x4020);  // trimmed sectors read as zeros, always
  data.word(80, 0x00f0);  // ATA/ATAPI-4 to 7
  data.word(81, 0x001a);  // ATA/ATAPI-7 T13 1532D revision 1
  // NOP, READ and WRITE BUFFER, host protected area, look-ahead, write cache, power, SMART.
  data.word(82, 0x7469);
  data.word(83, 0x7400);  // FLUSH CACHE (EXT), 48-bit addresses
  data.word(84, 0x4043);  // FUA, SMART self-tests and error log
  data.word(85, u16(0x7408 | (set.look_ahead ? 0x40 : 0) | (set.write_cache ? 0x20 : 0) |
                    (smart_.enabled() ? 1 : 0)));
  data.word(86, 0x3400);
  data.word(87, 0x4043);
  data.dword(100, u32(sectors));
  data.dword(102, u32(sectors >> 32));
  data.word(105, 8);  // blocks of a TRIM list
  data.word(169, 1);  // TRIM
  reply(data.sealed());
}

// --- SET FEATURES ---

void AtaDisk::features() {
  switch (reg(kFeatures)) {
    case 0x02:
      settings_.write_cache = true;
      return accept(true);
    case 0x82:
      settings_.write_cache = false;
      command_.op = Op::Flush;
      return flush_medium();
    case 0x03:
      return accept(set_transfer_mode(reg(kCount)));
    case 0xaa:
      settings_.look_ahead = true;
      return accept(true);
    case 0x55:
      settings_.look_ahead = false;
      return accept(true);
    case 0x66:
      reverts_ = false;
      return accept(true);
    case 0xcc:
      reverts_ = true;
      return accept(true);
    default:
      return fail(kAbrt);
  }
}

bool AtaDisk::set_multiple() {
  const u8 sectors = reg(kCount);
  if (sectors > kMaxMultiple || (sectors && !std::has_single_bit(sectors))) return false;
  settings_.multiple = sectors;
  return true;
}

bool AtaDisk::set_translation() {
  if (!reg(kCount)) return false;
  settings_.heads = u8((device_ & 15) + 1);
  settings_.sectors = reg(kCount);
  return true;
}

// --- the host protected area ---

void AtaDisk::native_max(bool ext) {
  if (ext && !uses_lba()) return fail(kAbrt);
  const u64 sectors = drive_.sectors(), last = sectors ? sectors - 1 : 0;
  set_address(ext ? last : std::min(last, kMax28), ext);
  native_max_read_ = true;
  finish(true);
}

// It has to follow READ NATIVE MAX ADDRESS. All sectors: no limit.
bool AtaDisk::set_max(bool ext, bool allowed) {
  if (!allowed || (ext && !uses_lba())) return false;
  const u64 limit = std::exchange(limit_, 0);
  const std::optional<u64> last = address(ext);
  if (!last) {
    limit_ = limit;
    return false;
  }
  const bool all = *last + 1 >= drive_.sectors();
  limit_ = all ? 0 : *last + 1;
  return true;
}

// --- SMART ---

u16 AtaDisk::hours() const {
  return u16(std::min<u64>(scheduler_.now() / scheduler_.cpu_hz() / 3600, 0xffff));
}

void AtaDisk::smart() {
  const u8 what = reg(kFeatures);
  if (reg(kMid) != 0x4f || reg(kHigh) != 0xc2) return fail(kAbrt);
  if (!smart_.enabled() && what != AtaSmart::kEnable) return fail(kAbrt);
  AtaSmart::Page page{};
  switch (what) {
    case AtaSmart::kReadData:
      return reply(smart_.data(hours()));
    case AtaSmart::kReadThresholds:
      return reply(AtaSmart::thresholds());
    case AtaSmart::kAutosave:
      return accept(!reg(kCount) || reg(kCount) == 0xf1);
    case AtaSmart::kOffline:
      return accept(smart_.start_test(reg(kLow), hours()));
    case AtaSmart::kReadLog:
      if (reg(kCount) != 1 || !smart_.log(reg(kLow), page)) return fail(kAbrt);
      return reply(page);
    case AtaSmart::kWriteLog:
      if (reg(kCount) != 1 || reg(kLow) != AtaSmart::kHostLog) return fail(kAbrt);
      command_.op = Op::WriteLog;
      return receive(kSectorSize, kSectorSize, false);
    case AtaSmart::kEnable:
    case AtaSmart::kDisable:
      smart_.enable(what == AtaSmart::kEnable);
      return accept(true);
    case AtaSmart::kReturnStatus:  // 4Fh, C2h: all is well
      return accept(true);
    case AtaSmart::kAutoOffline:
      return accept(smart_.set_auto_offline(reg(kCount)));
    default:
      return fail(kAbrt);
  }
}

}  // namespace reprise
