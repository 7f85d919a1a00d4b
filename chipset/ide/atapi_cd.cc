// The packet protocol, the medium, and reading it. Other packets: atapi_commands.cc.
#include "chipset/ide/atapi_cd.h"

#include <algorithm>

namespace reprise {

namespace {
constexpr u32 kPioPiece = 32, kDmaPiece = 256;  // blocks
constexpr u32 kRawSize = 2352;
constexpr u32 kCdBlocks = 80 * 60 * 75;
constexpr u8 kSync = 0x80, kHeader = 0x20, kUserData = 0x10, kEcc = 0x08;
constexpr u8 kCommandPhase = 1, kDataIn = 2, kDataOut = 0, kDone = 3;
constexpr int kNoMedium = 123;
static_assert(kDmaPiece * kRawSize <= IdeDevice::kMaxBuffer);

u32 sector_size(u8 parts) {
  return (parts & kSync ? 12 : 0) + (parts & kHeader ? 4 : 0) + (parts & kUserData ? 2048 : 0) +
         (parts & kEcc ? 288 : 0);
}
}  // namespace

AtapiCd::AtapiCd(const DeviceContext& context, Drive& drive, IdeIdentity identity)
    : IdeDevice(context, drive), identity_(std::move(identity)) {}

// --- ATA commands ---

void AtapiCd::execute(u8 code) {
  command_ = {};
  flags_ |= kDrdy | kDsc;
  switch (code) {
    case 0x20:
    case 0x21:
    case 0xec:  // says what it is
      set_signature();
      flags_ = kDrdy | kDsc;
      return fail(kAbrt);
    case 0xa0:
      if (reg(kFeatures) & 2) return fail(kAbrt);  // overlapped
      command_.op = Op::Packet;
      command_.dma = reg(kFeatures) & 1;
      command_.limit = u16(reg(kMid) | reg(kHigh) << 8);
      return receive(12, 12, false);
    case 0xa1:
      return identify();
    case 0xef:
      if (reg(kFeatures) == 0x03 && set_transfer_mode(reg(kCount))) return finish(true);
      return fail(kAbrt);
    default:
      if (!power_command(code)) fail(kAbrt);
  }
}

void AtapiCd::identify() {
  IdentifyData data;
  data.word(0, 0x85c0);  // a removable CD-ROM with packets of 12 bytes, DRQ within 50 us
  data.text(10, 10, identity_.serial);
  data.word(20, 3);
  data.word(21, 512);
  data.text(23, 4, identity_.firmware);
  data.text(27, 20, identity_.model);
  identify_modes(data);
  data.word(49, 0x0f00);  // IORDY, LBA, DMA
  data.word(50, 0x4000);
  data.word(71, 30);  // ns until the bus is free
  data.word(72, 30);
  data.word(80, 0x00f0);
  data.word(81, 0x001a);
  data.word(82, 0x4218);  // NOP, DEVICE RESET, PACKET, power modes
  data.word(83, 0x4000);
  data.word(84, 0x4000);
  data.word(85, 0x4218);
  data.word(87, 0x4000);
  command_.op = Op::Identify;
  send(data.sealed(), 512);
}

// --- packets ---

void AtapiCd::block_opened(u32 bytes) {
  if (command_.op == Op::Identify) return;
  if (command_.op == Op::Packet) {
    reg(kCount) = kCommandPhase;
    return;
  }
  reg(kCount) = phase_ == Phase::DataIn ? kDataIn : kDataOut;
  reg(kMid) = u8(bytes);
  reg(kHigh) = u8(bytes >> 8);
}

void AtapiCd::good() {
  reg(kCount) = kDone;
  flags_ = kDrdy | kDsc;
  finish(true);
}

void AtapiCd::check_condition(Sense sense) {
  sense_ = sense;
  reg(kCount) = kDone;
  fail(u8(sense.key << 4));
}

void AtapiCd::received() {
  if (command_.op == Op::ModeSelect) {
    const std::vector<u8> list(buffer().begin(), buffer().end());
    return mode_select(list);
  }
  std::array<u8, 12> bytes{};
  std::copy_n(buffer().begin(), std::min(buffer().size(), bytes.size()), bytes.begin());
  clear_buffer();
  command_.op = Op::None;
  packet(bytes);
}

void AtapiCd::sent() {
  if (command_.op == Op::Identify) return finish(false);
  if (command_.op == Op::Read) {
    command_.lba += command_.piece;
    command_.left -= std::min(command_.left, command_.piece);
    return next_piece();
  }
  good();
}

bool AtapiCd::limit_allows() {
  if (command_.dma || command_.limit > 1) return true;
  sense_ = {.key = 5, .code = 0x24};
  reg(kCount) = kDone;
  fail(kAbrt | 5 << 4);
  return false;
}

// Blocks are as long as the host wants them, and even but for the last.
void AtapiCd::give(std::span<const u8> data) {
  if (command_.dma) return send_dma(data);
  const u32 limit = std::min<u32>(command_.limit, 0xfffe);
  send(data, data.size() <= limit ? u32(data.size()) : limit & ~1u);
}

void AtapiCd::reply(const Reply& reply, u32 allocated) {
  const std::size_t length = std::min<std::size_t>(reply.size(), allocated);
  if (!length) return good();
  if (!limit_allows()) return;
  command_.op = Op::Send;
  give(reply.bytes().first(length));
}

// --- the medium ---

u32 AtapiCd::blocks() const {
  return ready() ? u32(std::min<u64>(drive_.size() / kBlockSize, 0xffff'fffe)) : 0;
}
bool AtapiCd::is_dvd() const { return blocks() > kCdBlocks; }
u16 AtapiCd::profile() const { return !ready() ? 0 : is_dvd() ? 0x10 : 0x08; }

void AtapiCd::medium_changed() {
  event_ = ready() ? Event::NewMedia : Event::MediaRemoval;
  if (ready()) attention_ = {.key = 6, .code = 0x28};
}

bool AtapiCd::eject_refused() {
  if (locked_) event_ = Event::EjectRequest;
  return locked_;
}

// --- reading ---

// `parts`: bits of READ CD; one sector of `count` has sector_size(parts) bytes.
void AtapiCd::start_read(u64 lba, u32 count, u8 parts) {
  if (!sector_size(parts)) count = 0;
  if (lba > blocks() || count > blocks() - lba) return illegal(0x21);
  if (!count) return good();
  if (!limit_allows()) return;
  command_.op = Op::Read;
  command_.parts = parts;
  command_.lba = u32(lba);
  command_.left = count;
  power_ = Power::Active;
  next_piece();
}

void AtapiCd::next_piece() {
  Command& c = command_;
  if (!c.left) return good();
  if (!ready()) return check_condition({.key = 2, .code = 0x3a});
  if (c.lba > blocks() || c.left > blocks() - c.lba) return illegal(0x21);
  c.piece = std::min(c.left, c.dma ? kDmaPiece : kPioPiece);
  read_medium(u64(c.lba) * kBlockSize, c.piece * kBlockSize);
}

void AtapiCd::medium_done(int error, std::span<const u8> data) {
  const Command& c = command_;
  if (error == kNoMedium) return check_condition({.key = 2, .code = 0x3a});
  if (error) return check_condition({.key = 3, .code = 0x11});  // unrecovered read error
  if (data.size() != c.piece * kBlockSize) return check_condition({.key = 4, .code = 0x44});
  if (c.parts == kUserData) return give(data);
  Reply sectors;
  for (u32 i = 0; i < c.piece; ++i) {
    if (c.parts & kSync) sectors.u8s({0}).be32(0xffff'ffff).be32(0xffff'ffff).u8s({255, 255, 0});
    if (c.parts & kHeader) {
      const u32 frames = c.lba + i + 150;
      const auto bcd = [](u32 n) { return u8(n / 10 % 10 << 4 | n % 10); };
      sectors.u8s({bcd(frames / 75 / 60), bcd(frames / 75 % 60), bcd(frames % 75), 1});
    }
    if (c.parts & kUserData) sectors.append(data.subspan(i * kBlockSize, kBlockSize));
    if (c.parts & kEcc) sectors.zeros(288);
  }
  give(sectors.bytes());
}

// --- state ---

void AtapiCd::own_reset() { command_ = {}; }

void AtapiCd::reset() {
  IdeDevice::reset();
  command_ = {};
  sense_ = {};
  attention_ = {.key = 6, .code = 0x29};
  event_ = Event::None;
  locked_ = false;
  recovery_page_ = {};
  audio_page_ = {};
}

void Sense::state(State& s) { s("key", key, 0, 15)("code", code)("qualifier", qualifier); }

void AtapiCd::Command::state(State& s) {
  s("op", op, 0, u64(Op::ModeSelect))("dma", dma)("parts", parts, 0, 0xf8);
  s("long_header", long_header)("lba", lba)("left", left)("piece", piece, 0, kDmaPiece);
  s("limit", limit);
}

void AtapiCd::state(State& s) {
  IdeDevice::state(s);
  s("command", command_)("sense", sense_)("attention", attention_);
  s("event", event_, 0, u64(Event::MediaRemoval))("locked", locked_);
  s("recovery_page", recovery_page_)("audio_page", audio_page_);
}

}  // namespace reprise
