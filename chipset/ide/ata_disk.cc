// Commands, addresses, reading and writing. What a disk says of itself: ata_settings.cc.
#include "chipset/ide/ata_disk.h"

#include <algorithm>

namespace reprise {

namespace {
constexpr u32 kPioPiece = 256, kDmaPiece = 2048;  // sectors
constexpr u32 kTrimBlocks = 8;                    // of 64 ranges
constexpr u8 kWriteProtected = 0x40;
}  // namespace

AtaDisk::AtaDisk(const DeviceContext& context, Drive& drive, IdeIdentity identity,
                 Geometry geometry)
    : IdeDevice(context, drive),
      scheduler_(context.scheduler),
      identity_(std::move(identity)),
      geometry_(geometry) {}

void AtaDisk::execute(u8 code) {
  const bool after_native_max = std::exchange(native_max_read_, false);
  command_ = {};
  if (code >= 0x10 && code < 0x20) return accept(true);                        // RECALIBRATE
  if (code >= 0x70 && code < 0x80) return accept(address(false).has_value());  // SEEK
  switch (code) {
    case 0x06:
      return trim_list();
    case 0x20:
    case 0x21:
      return transfer(0);
    case 0x24:
      return transfer(kExt);
    case 0x25:
      return transfer(kExt | kDma);
    case 0x29:
      return transfer(kExt | kMultiple);
    case 0x30:
    case 0x31:
      return transfer(kWrite);
    case 0x34:
      return transfer(kWrite | kExt);
    case 0x35:
      return transfer(kWrite | kExt | kDma);
    case 0x39:
      return transfer(kWrite | kExt | kMultiple);
    case 0x3d:
      return transfer(kWrite | kExt | kDma | kFua);
    case 0x40:
    case 0x41:
      return transfer(kVerify);
    case 0x42:
      return transfer(kVerify | kExt);
    case 0xc4:
      return transfer(kMultiple);
    case 0xc5:
      return transfer(kWrite | kMultiple);
    case 0xc8:
    case 0xc9:
      return transfer(kDma);
    case 0xca:
    case 0xcb:
      return transfer(kWrite | kDma);
    case 0xce:
      return transfer(kWrite | kExt | kMultiple | kFua);
    case 0x27:
      return native_max(true);
    case 0xf8:
      return native_max(false);
    case 0x37:
      return accept(set_max(true, after_native_max));
    case 0xf9:
      return accept(set_max(false, after_native_max));
    case 0x91:
      return accept(set_translation());
    case 0xb0:
      return smart();
    case 0xc6:
      return accept(set_multiple());
    case 0xe4:
      return reply(sector_buffer_);
    case 0xe8:
      command_.op = Op::WriteBuffer;
      return receive(kSectorSize, kSectorSize, false);
    case 0xe7:
    case 0xea:
      command_.op = Op::Flush;
      return flush_medium();
    case 0xec:
      return identify();
    case 0xef:
      return features();
    default:
      if (!power_command(code)) fail(kAbrt);
  }
}

void AtaDisk::reply(std::span<const u8> data) {
  command_.op = Op::Send;
  send(data, u32(data.size()));
}

void AtaDisk::accept(bool ok) { ok ? finish(true) : fail(kAbrt); }

// --- addresses ---

u64 AtaDisk::capacity() const {
  return limit_ ? std::min(limit_, drive_.sectors()) : drive_.sectors();
}

std::optional<u64> AtaDisk::address(bool ext) {
  const u64 low = reg(kLow) | u32(reg(kMid)) << 8 | u32(reg(kHigh)) << 16;
  u64 lba = low;
  if (ext) {
    lba |= u64(reg_before(kLow) | u32(reg_before(kMid)) << 8 | u32(reg_before(kHigh)) << 16) << 24;
  } else if (uses_lba()) {
    lba |= u64(device_ & 15) << 24;
  } else {
    const u32 cylinder = u32(low >> 8), head = device_ & 15u, sector = u32(low & 0xff);
    if (!sector || sector > settings_.sectors || head >= settings_.heads) return {};
    lba = (u64(cylinder) * settings_.heads + head) * settings_.sectors + sector - 1;
  }
  if (lba >= capacity()) return {};
  return lba;
}

u32 AtaDisk::count(bool ext) {
  if (!ext) return reg(kCount) ? reg(kCount) : 256;
  const u32 value = reg(kCount) | u32(reg_before(kCount)) << 8;
  return value ? value : 65536;
}

void AtaDisk::set_address(u64 lba, bool ext) {
  u32 low = u32(lba);
  if (ext) {
    reg_before(kLow) = u8(lba >> 24);
    reg_before(kMid) = u8(lba >> 32);
    reg_before(kHigh) = u8(lba >> 40);
  } else if (uses_lba()) {
    device_ = u8((device_ & 0x50) | (low >> 24 & 15));
  } else {
    const u64 track = lba / settings_.sectors;
    device_ = u8((device_ & 0x50) | track % settings_.heads);
    low = u32(track / settings_.heads) << 8 | u32(lba % settings_.sectors + 1);
  }
  reg(kLow) = u8(low);
  reg(kMid) = u8(low >> 8);
  reg(kHigh) = u8(low >> 16);
}

// --- reading and writing ---

void AtaDisk::transfer(u8 access) {
  const bool ext = access & kExt;
  if (ext && !uses_lba()) return fail(kAbrt);
  if (access & kMultiple && !settings_.multiple) return fail(kAbrt);
  if (access & kWrite && drive_.read_only()) return fail(kAbrt | kWriteProtected);
  const std::optional<u64> lba = address(ext);
  if (!lba) return fail(kIdnf);
  command_ = {.op = Op::Transfer, .access = access, .lba = *lba, .left = count(ext)};
  power_ = Power::Active;
  if (command_.left > capacity() - *lba) {
    command_.left -= u32(capacity() - *lba);
    command_.lba = capacity();
    return transfer_failed(kIdnf);
  }
  next_piece();
}

// The address of the first sector not moved, and how many there are.
void AtaDisk::transfer_failed(u8 error) {
  const bool ext = command_.access & kExt;
  set_address(command_.lba, ext);
  reg(kCount) = u8(command_.left);
  if (ext) reg_before(kCount) = u8(command_.left >> 8);
  fail(error);
}

void AtaDisk::next_piece() {
  Command& c = command_;
  if (!c.left) {
    if (c.access & kWrite && (c.access & kFua || !settings_.write_cache)) {
      c.op = Op::Flush;
      return flush_medium();
    }
    if (!(c.access & kExt)) {
      set_address(c.lba - 1, false);
      reg(kCount) = 0;
    }
    // The last block of a read by the data register has been announced and taken.
    return finish(c.access & (kWrite | kDma | kVerify));
  }
  c.piece = std::min(c.left, c.access & (kDma | kVerify) ? kDmaPiece : kPioPiece);
  const u32 bytes = c.piece * u32(kSectorSize);
  if (c.lba > drive_.sectors() || c.piece > drive_.sectors() - c.lba) return transfer_failed(kIdnf);
  if (!(c.access & kWrite)) {
    return read_medium(c.lba * kSectorSize, bytes);
  }
  if (c.access & kDma) return receive_dma(bytes);
  const u32 block = c.access & kMultiple ? settings_.multiple : 1;
  const bool first = c.left == count(c.access & kExt);
  receive(bytes, block * u32(kSectorSize), !first);
}

void AtaDisk::piece_moved() {
  Command& c = command_;
  c.lba += c.piece;
  c.left -= std::min(c.left, c.piece);
  next_piece();
}

void AtaDisk::medium_done(int error, std::span<const u8> data) {
  Command& c = command_;
  switch (c.op) {
    case Op::Transfer:
      if (error) return transfer_failed(c.access & kWrite ? kAbrt : kUnc);
      if (c.access & (kWrite | kVerify)) return piece_moved();
      if (data.size() != c.piece * kSectorSize) return fail(kAbrt);
      if (c.access & kDma) return send_dma(data);
      return send(data, u32(kSectorSize) * (c.access & kMultiple ? settings_.multiple : 1));
    case Op::Trim:
      return error ? fail(kAbrt) : next_trim();
    default:
      return error ? fail(kAbrt) : finish(true);
  }
}

void AtaDisk::sent() {
  if (command_.op == Op::Transfer) return piece_moved();
  finish(false);
}

void AtaDisk::received() {
  const std::span<const u8> data = buffer();
  Command& c = command_;
  switch (c.op) {
    case Op::Transfer:
      if (data.size() != c.piece * kSectorSize || c.lba > drive_.sectors() ||
          c.piece > drive_.sectors() - c.lba)
        return fail(kAbrt);
      return write_medium(c.lba * kSectorSize, data);
    case Op::WriteBuffer:
      std::copy_n(data.begin(), std::min(data.size(), sector_buffer_.size()),
                  sector_buffer_.begin());
      return finish(true);
    case Op::WriteLog:
      return accept(smart_.write_log(reg(kLow), data));
    case Op::TrimList:
      c.op = Op::Trim;
      return next_trim();
    default:
      return finish(true);
  }
}

// --- DATA SET MANAGEMENT ---

void AtaDisk::trim_list() {
  const u32 blocks = reg(kCount) | u32(reg_before(kCount)) << 8;
  if (!(reg(kFeatures) & 1) || !blocks || blocks > kTrimBlocks) return fail(kAbrt);
  if (drive_.read_only()) return fail(kAbrt | kWriteProtected);
  command_.op = Op::TrimList;
  receive_dma(blocks * u32(kSectorSize));
}

// A range: 48 bits of address, 16 of length; none if that is 0.
void AtaDisk::next_trim() {
  const std::span<const u8> list = buffer();
  while (command_.range < list.size() / 8) {
    const std::span<const u8> entry = list.subspan(8 * command_.range++, 8);
    u64 lba = 0;
    for (unsigned i = 0; i < 6; ++i) lba |= u64(entry[i]) << (8 * i);
    const u64 length = entry[6] | u64(entry[7]) << 8;
    if (!length) continue;
    if (lba >= capacity() || length > capacity() - lba) return fail(kAbrt | kIdnf);
    return discard_medium(lba * kSectorSize, length * kSectorSize);
  }
  finish(true);
}

// --- state ---

AtaDisk::Settings AtaDisk::power_on_settings() const {
  return {.heads = geometry_.heads, .sectors = geometry_.sectors};
}

void AtaDisk::own_reset() {
  command_ = {};
  native_max_read_ = false;
  if (!reverts_) return;
  settings_ = power_on_settings();
  mode_ = kPowerOnMode;
}

void AtaDisk::reset() {
  IdeDevice::reset();
  command_ = {};
  settings_ = power_on_settings();
  reverts_ = native_max_read_ = false;
  limit_ = 0;
  smart_ = {};
  sector_buffer_ = {};
}

void AtaDisk::Command::state(State& s) {
  s("op", op, 0, u64(Op::Trim))("access", access, 0, 63)("lba", lba);
  s("left", left, 0, 65536)("piece", piece, 0, kDmaPiece)("range", range, 0, kTrimBlocks * 64);
}

void AtaDisk::Settings::state(State& s) {
  s("heads", heads, 1, 16)("sectors", sectors, 1, 255)("multiple", multiple, 0, 16);
  s("write_cache", write_cache)("look_ahead", look_ahead);
}

void AtaDisk::state(State& s) {
  IdeDevice::state(s);
  s("command", command_)("settings", settings_)("reverts", reverts_);
  s("limit", limit_, 0, u64(1) << 48)("native_max_read", native_max_read_);
  s("smart", smart_)("sector_buffer", sector_buffer_);
}

}  // namespace reprise
