#include "chipset/ide/ide_channel.h"

namespace reprise {

void IdeChannel::plug(unsigned unit, IdeDevice& device) {
  check(unit < 2 && !devices_[unit], "an IDE cable has two places");
  devices_[unit] = &device;
  device.plug(*this, unit);
}

// --- ports ---

u32 IdeChannel::CommandPorts::io_read(u16 offset, unsigned size) {
  if (offset == IdeDevice::kData) {
    u32 value = channel.read_data();
    if (size == 4) value |= u32(channel.read_data()) << 16;
    return value;
  }
  u32 value = 0;
  for (unsigned i = 0; i < size; ++i)
    value |= u32(offset + i < 8 ? channel.read_register(offset + i) : 0xff) << (8 * i);
  return value;
}

void IdeChannel::CommandPorts::io_write(u16 offset, unsigned size, u32 value) {
  if (offset == IdeDevice::kData) {
    channel.write_data(u16(value));
    if (size == 4) channel.write_data(u16(value >> 16));
    return;
  }
  for (unsigned i = 0; i < size && offset + i < 8; ++i)
    channel.write_register(offset + i, u8(value >> (8 * i)));
}

u16 IdeChannel::read_data() {
  IdeDevice* device = selected();
  return device ? device->read_data() : 0xff00 | kFloating;
}

void IdeChannel::write_data(u16 value) {
  if (IdeDevice* device = selected()) device->write_data(value);
}

u8 IdeChannel::read_status() const {
  if (const IdeDevice* device = selected())
    return control_ & kSrst ? u8(IdeDevice::kBsy) : device->status();
  return devices_[0] ? 0 : kFloating;
}

u8 IdeChannel::read_register(unsigned reg) {
  if (reg == IdeDevice::kCommand) {
    const u8 status = read_status();
    if (IdeDevice* device = selected()) device->clear_intrq();
    return status;
  }
  const IdeDevice* answers = selected() ? selected() : devices_[0];
  return answers ? answers->read(reg, control_ & kHob) : kFloating;
}

bool IdeChannel::quiet() const {
  for (const IdeDevice* device : devices_) {
    if (device && device->status() & (IdeDevice::kBsy | IdeDevice::kDrq)) return false;
  }
  return !(control_ & kSrst);
}

void IdeChannel::write_register(unsigned reg, u8 value) {
  control_ &= u8(~kHob);
  if (reg == IdeDevice::kCommand) return command(value);
  if (!quiet()) return;
  for (IdeDevice* device : devices_) {
    if (device) device->write(reg, value);
  }
  if (reg != IdeDevice::kDevice) return;
  device1_ = value >> 4 & 1;
  intrq_changed();
}

void IdeChannel::command(u8 code) {
  constexpr u8 kExecuteDeviceDiagnostic = 0x90;
  if (control_ & kSrst) return;
  if (code != kExecuteDeviceDiagnostic) {
    if (IdeDevice* device = selected()) device->command(code);
    return;
  }
  if (!quiet()) return;
  for (IdeDevice* device : devices_) {
    if (device) device->diagnose();
  }
  device1_ = false;
  if (devices_[0]) devices_[0]->announce();
}

// The devices come out of reset when SRST goes to 0.
void IdeChannel::write_control(u8 value) {
  const u8 changed = control_ ^ value;
  control_ = value & (kHob | kSrst | kNien);
  if (changed & kSrst) {
    for (IdeDevice* device : devices_) {
      if (device) value& kSrst ? device->hold_in_reset() : device->soft_reset();
    }
    device1_ = false;
  }
  intrq_changed();
}

// --- interrupt, DMA ---

bool IdeChannel::intrq() const {
  const IdeDevice* device = selected();
  return device && device->intrq() && !(control_ & (kNien | kSrst));
}

void IdeChannel::intrq_changed() {
  const bool level = intrq();
  if (level == level_) return;
  level_ = level;
  if (level) master_.note_interrupt();
  irq_.set(level);
}

void IdeChannel::write_master(unsigned offset, u8 value) {
  if (master_.write(offset, value) && selected()) selected()->dma_ready();
}

void IdeChannel::set_mastering(bool enabled) {
  if (master_.set_enabled(enabled) && selected()) selected()->dma_ready();
}

// --- state ---

void IdeChannel::reset() {
  master_.reset();
  device1_ = false;
  control_ = 0;
}

void IdeChannel::settle(bool mastering) {
  master_.set_enabled(mastering);
  level_ = intrq();
  irq_.set(level_);
}

void IdeChannel::state(State& s) {
  s("device1", device1_)("control", control_, 0, kHob | kSrst | kNien)("master", master_);
}

}  // namespace reprise
