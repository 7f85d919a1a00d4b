#include "chipset/ide/ide_device.h"

#include <algorithm>

namespace reprise {

IdeDevice::IdeDevice(const DeviceContext& context, Drive& drive) : Device(context), drive_(drive) {
  drive_.connect(*this);
}

// --- registers ---

u8 IdeDevice::status() const {
  switch (phase_) {
    case Phase::Idle:
      return flags_;
    case Phase::Medium:
      return kBsy | (flags_ & (kDrdy | kDsc));
    default:
      return kDrq | flags_;
  }
}

u8 IdeDevice::read(unsigned reg, bool hob) const {
  if (reg == kDevice) return device_ | 0xa0;
  if (reg == kFeatures) return error_;
  const Latch& latch = latches_[reg - kFeatures];
  return hob ? latch.before : latch.now;
}

void IdeDevice::write(unsigned reg, u8 value) {
  if (reg == kDevice) {
    device_ = value & 0x5f;
    return;
  }
  Latch& latch = latches_[reg - kFeatures];
  latch = {.now = value, .before = latch.now};
}

void IdeDevice::command(u8 code) {
  constexpr u8 kDeviceReset = 0x08;
  if (code == kDeviceReset && is_packet()) {
    abort_transfer();
    own_reset();
    set_signature();
    return;
  }
  if (phase_ != Phase::Idle || asleep_) return;
  clear_intrq();
  flags_ &= u8(~(kErr | kDf));
  error_ = 0;
  execute(code);
}

void IdeDevice::clear_intrq() {
  if (!intrq_) return;
  intrq_ = false;
  if (cable_) cable_->intrq_changed();
}

void IdeDevice::raise_intrq() {
  if (intrq_) return;
  intrq_ = true;
  if (cable_) cable_->intrq_changed();
}

void IdeDevice::finish(bool announce) {
  phase_ = Phase::Idle;
  clear_buffer();
  if (announce) raise_intrq();
}

void IdeDevice::fail(u8 error, u8 more_status) {
  error_ = error;
  flags_ |= kErr | more_status;
  finish(true);
}

// --- resets ---

// What tells a disk from a packet device, and that diagnostics have passed.
void IdeDevice::set_signature() {
  latches_ = {};
  reg(kCount) = reg(kLow) = 1;
  reg(kMid) = is_packet() ? 0x14 : 0;
  reg(kHigh) = is_packet() ? 0xeb : 0;
  device_ &= kDevBit;
  error_ = 1;
  flags_ = is_packet() ? 0 : kDrdy | kDsc;
}

void IdeDevice::abort_transfer() {
  if (drive_.busy()) drive_.abandon();
  finish(false);
  clear_intrq();
}

void IdeDevice::hold_in_reset() {
  abort_transfer();
  asleep_ = false;
}

void IdeDevice::soft_reset() {
  own_reset();
  set_signature();
  device_ = 0;
}

void IdeDevice::diagnose() {
  abort_transfer();
  own_reset();
  set_signature();
  device_ = 0;
}

void IdeDevice::reset() {
  latches_ = {};
  intrq_ = asleep_ = false;
  mode_ = kPowerOnMode;
  power_ = Power::Active;
  phase_ = Phase::Idle;
  clear_buffer();
  set_signature();
  device_ = 0;
}

// --- power modes, transfer modes ---

bool IdeDevice::power_command(u8 code) {
  switch (code) {
    case 0x95:  // IDLE IMMEDIATE, IDLE
    case 0xe1:
    case 0x97:
    case 0xe3:
      power_ = Power::Idle;
      break;
    case 0x94:  // STANDBY IMMEDIATE, STANDBY
    case 0xe0:
    case 0x96:
    case 0xe2:
      power_ = Power::Standby;
      break;
    case 0x98:  // CHECK POWER MODE
    case 0xe5:
      reg(kCount) = power_ == Power::Active ? 0xff : power_ == Power::Idle ? 0x80 : 0;
      break;
    case 0x99:  // SLEEP: only a reset wakes it up
    case 0xe6:
      power_ = Power::Standby;
      asleep_ = true;
      break;
    default:
      return false;
  }
  finish(true);
  return true;
}

bool IdeDevice::set_transfer_mode(u8 mode) {
  const u8 number = mode & 7;
  switch (mode >> 3) {
    case 0:
      return number <= 1;  // the default of PIO, with or without IORDY
    case 1:
      return number <= 4;
    case 4:
      if (number > 2) return false;
      mode_ = mode;
      return true;
    case 8:
      if (number > 5) return false;
      mode_ = mode;
      return true;
    default:
      return false;
  }
}

void IdeDevice::identify_modes(IdentifyData& data) const {
  const bool ultra = mode_ & 0x40;
  const u16 selected = u16(0x100 << (mode_ & 7));
  data.word(48, 1);                                       // 32 bits wide data
  data.word(53, 7);                                       // words 54-58, 64-70 and 88 count
  data.word(63, u16(7 | (ultra ? 0 : selected)));         // multiword DMA 0 to 2
  data.word(64, 3);                                       // PIO 3 and 4
  for (unsigned i = 65; i <= 68; ++i) data.word(i, 120);  // ns
  data.word(88, u16(0x3f | (ultra ? selected : 0)));      // ultra DMA 0 to 5
  data.word(93, unit_ ? 0x6b00 : 0x600b);                 // cable of 80 wires; place by jumper
}

// --- the data register ---

void IdeDevice::clear_buffer() {
  buffer_.clear();
  pos_ = block_ = block_end_ = 0;
}

void IdeDevice::send(std::span<const u8> data, u32 block) {
  buffer_.assign(data.begin(), data.end());
  pos_ = 0;
  block_ = block;
  open_block(Phase::DataIn, true);
}

void IdeDevice::receive(u32 bytes, u32 block, bool announce) {
  buffer_.assign(bytes, 0);
  pos_ = 0;
  block_ = block;
  open_block(Phase::DataOut, announce);
}

void IdeDevice::open_block(Phase phase, bool announce) {
  phase_ = phase;
  block_end_ = u32(std::min<u64>(u64(pos_) + block_, buffer_.size()));
  block_opened(block_end_ - pos_);
  if (announce) raise_intrq();
}

void IdeDevice::block_done() {
  if (pos_ < buffer_.size()) return open_block(phase_, true);
  phase_ == Phase::DataIn ? sent() : received();
}

// A block of odd length ends in a byte of padding.
u16 IdeDevice::read_data() {
  if (phase_ != Phase::DataIn || pos_ >= block_end_) return 0xffff;
  u16 value = buffer_[pos_++];
  if (pos_ < block_end_) value |= u16(buffer_[pos_++] << 8);
  if (pos_ == block_end_) block_done();
  return value;
}

void IdeDevice::write_data(u16 value) {
  if (phase_ != Phase::DataOut || pos_ >= block_end_) return;
  buffer_[pos_++] = u8(value);
  if (pos_ < block_end_) buffer_[pos_++] = u8(value >> 8);
  if (pos_ == block_end_) block_done();
}

// --- DMA ---

// Straight from the drive's memory to the guest's, if the bus master keeps up.
void IdeDevice::send_dma(std::span<const u8> data) {
  phase_ = Phase::DmaIn;
  const std::size_t moved = cable_ ? cable_->dma_to_memory(data) : 0;
  if (moved == data.size()) return sent();
  buffer_.assign(data.begin() + std::ptrdiff_t(moved), data.end());
  pos_ = 0;
}

void IdeDevice::receive_dma(u32 bytes) {
  buffer_.resize(bytes);
  pos_ = 0;
  phase_ = Phase::DmaOut;
  dma_ready();
}

void IdeDevice::dma_ready() {
  if ((phase_ != Phase::DmaIn && phase_ != Phase::DmaOut) || pos_ >= buffer_.size()) return;
  const std::span<u8> rest = std::span(buffer_).subspan(pos_);
  pos_ += u32(phase_ == Phase::DmaIn ? cable_->dma_to_memory(rest) : cable_->dma_from_memory(rest));
  if (pos_ == buffer_.size()) phase_ == Phase::DmaIn ? sent() : received();
}

// --- the drive ---

// False: a guest has given up so many requests that the drive takes no more.
bool IdeDevice::wait_for_medium() {
  constexpr int kEagain = 11;
  phase_ = Phase::Medium;
  if (drive_.accepts()) return true;
  medium_done(kEagain, {});
  return false;
}

void IdeDevice::read_medium(u64 offset, u32 bytes) {
  if (wait_for_medium()) drive_.read(0, offset, bytes);
}

void IdeDevice::write_medium(u64 offset, std::span<const u8> data) {
  if (wait_for_medium()) drive_.write(0, offset, data);
}

void IdeDevice::discard_medium(u64 offset, u64 bytes) {
  if (wait_for_medium()) drive_.discard(0, offset, bytes);
}

void IdeDevice::flush_medium() {
  if (wait_for_medium()) drive_.flush(0);
}

void IdeDevice::drive_done(u32, int error, std::span<const u8> data) {
  if (phase_ == Phase::Medium) medium_done(error, data);
}

void IdeDevice::state(State& s) {
  s("registers", latches_)("device", device_, 0, 0x5f)("flags", flags_, 0, 0x71)("error", error_);
  s("mode", mode_, 0x20, 0x45)("power", power_, 0, u64(Power::Standby));
  s("asleep", asleep_)("intrq", intrq_)("phase", phase_, 0, u64(Phase::DmaOut));
  s("buffer", buffer_, kMaxBuffer)("pos", pos_, 0, kMaxBuffer);
  s("block", block_, 0, kMaxBuffer)("block_end", block_end_, 0, kMaxBuffer);
  if (!s.loading()) return;  // whatever a stranger's state says:
  pos_ = std::min(pos_, u32(buffer_.size()));
  block_end_ = std::min(block_end_, u32(buffer_.size()));
}

}  // namespace reprise
