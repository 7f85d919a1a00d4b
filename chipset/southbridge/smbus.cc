#include "chipset/southbridge/smbus.h"

#include <algorithm>

namespace reprise {

namespace {
enum : u8 { kBusy = 1, kInter = 2, kDevErr = 4, kFailed = 0x10, kEvents = 0x1e };  // SMBHSTSTS
enum : u8 { kInterEn = 1, kKill = 2, kStart = 0x40, kControl = 0x1d };             // SMBHSTCNT
constexpr u8 kToIrq9 = 4, kToSmi = 0;
constexpr u64 kHz = 16384;
}  // namespace

SmbusHost::SmbusHost(const DeviceContext& context, IrqLine irq9, std::function<void()> smi)
    : Device(context),
      clock_(context.scheduler, kHz),
      irq9_(irq9),
      smi_(std::move(smi)),
      timer_(context.scheduler, context.path, 0, [this] { transact(); }) {}

void SmbusHost::select_interrupt(u8 intrsel) {
  intrsel_ = intrsel;
  settle();
}

void SmbusHost::reset() {
  regs_ = {};
  timer_.cancel();
}

void SmbusHost::settle() {
  irq9_.set(intrsel_ == kToIrq9 && regs_.control & kInterEn && regs_.status & kEvents);
}

void SmbusHost::state(State& s) {
  s("status", regs_.status, 0, 0x1f)("control", regs_.control, 0, kControl);
  s("command", regs_.command)("address", regs_.address)("data0", regs_.data0);
  s("data1", regs_.data1)("index", regs_.index, 0, kBlock - 1)("block", regs_.block);
  s("slave", regs_.slave)("timer", timer_);
}

u32 SmbusHost::io_read(u16 offset, unsigned) {
  switch (offset & 15) {
    case 0:
      return regs_.status;
    case 1:
      return 0;
    case 2:
      regs_.index = 0;
      return regs_.control;
    case 3:
      return regs_.command;
    case 4:
      return regs_.address;
    case 5:
      return regs_.data0;
    case 6:
      return regs_.data1;
    case 7: {
      const u8 value = regs_.block[regs_.index];
      regs_.index = (regs_.index + 1) % kBlock;
      return value;
    }
  }
  return regs_.slave[offset & 7];
}

void SmbusHost::io_write(u16 offset, unsigned, u32 value) {
  switch (offset & 15) {
    case 0:
      regs_.status &= u8(~(value & kEvents));
      settle();
      break;
    case 1:
      break;
    case 2:
      write_control(u8(value));
      break;
    case 3:
      regs_.command = u8(value);
      break;
    case 4:
      regs_.address = u8(value);
      break;
    case 5:
      regs_.data0 = u8(value);
      break;
    case 6:
      regs_.data1 = u8(value);
      break;
    case 7:
      regs_.block[regs_.index] = u8(value);
      regs_.index = (regs_.index + 1) % kBlock;
      break;
    default:
      regs_.slave[offset & 7] = u8(value);
  }
}

void SmbusHost::write_control(u8 value) {
  const bool busy = regs_.status & kBusy;
  if (value & kKill) {
    regs_.control = value & kControl;
    timer_.cancel();
    return busy ? end(kFailed) : settle();
  }
  if (busy) return;  // the protocol in use stays
  regs_.control = value & kControl;
  if (value & kStart) {
    regs_.status |= kBusy;
    timer_.arm(clock_.cycle_of(clock_.ticks() + 9 * wire_bytes() + 3));
  }
  settle();
}

// Addresses included.
unsigned SmbusHost::wire_bytes() const {
  const unsigned block = 1 + (reads() ? kBlock : std::min<unsigned>(regs_.data0, kBlock));
  switch (protocol()) {
    case Quick:
      return 1;
    case Byte:
      return 2;
    case ByteData:
      return reads() ? 4 : 3;
    case WordData:
      return reads() ? 5 : 4;
    case Block:
      return (reads() ? 3 : 2) + block;
  }
  return 1;
}

void SmbusHost::transact() {
  const auto slave = slaves_.find(regs_.address >> 1);
  const bool known = protocol() <= WordData || protocol() == Block;
  if (slave == slaves_.end() || !known) return end(kDevErr);
  exchange(*slave->second);
  end(kInter);
}

void SmbusHost::exchange(SmbusSlave& slave) {
  Regs& r = regs_;
  u8 bytes[2 + kBlock] = {r.command, r.data0, r.data1};
  if (!reads()) {
    const std::size_t count = std::clamp<std::size_t>(r.data0, 1, kBlock);
    if (protocol() == Block) std::copy_n(r.block.begin(), count, bytes + 2);
    const std::size_t lengths[] = {0, 1, 2, 3, 0, 2 + count};
    return slave.smbus_write({bytes, lengths[protocol()]});
  }
  if (protocol() != Quick && protocol() != Byte) slave.smbus_write({bytes, 1});
  const std::size_t lengths[] = {0, 1, 1, 2, 0, 1 + kBlock};
  const std::span<u8> answer(bytes, lengths[protocol()]);
  slave.smbus_read(answer);
  if (!answer.empty()) r.data0 = answer[0];
  if (protocol() == WordData) r.data1 = answer[1];
  if (protocol() == Block)
    std::copy_n(bytes + 1, std::min<unsigned>(r.data0, kBlock), r.block.begin());
  if (protocol() == Block) r.index = 0;
}

void SmbusHost::end(u8 status) {
  regs_.status = u8((regs_.status & ~kBusy) | status);
  settle();
  if (regs_.control & kInterEn && intrsel_ == kToSmi && smi_) smi_();
}

}  // namespace reprise
