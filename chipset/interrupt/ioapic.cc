#include "chipset/interrupt/ioapic.h"

namespace reprise {

namespace {
constexpr u32 kVersion = (IoApic::kPins - 1) << 16 | 0x20;
constexpr u64 kWritable = 0xff00'0000'0001'afff;
}  // namespace

IoApic::IoApic(const DeviceContext& context, ApicBus& bus) : Device(context), bus_(bus) {
  bus_.add(*this);
}

IoApic::~IoApic() { bus_.remove(*this); }

void IoApic::state(State& s) {
  s("select", regs_.select)("id", regs_.id, 0, 15)("pins", regs_.pins, 0, (1u << kPins) - 1);
  s("redirection", regs_.redirection);
}

bool IoApic::active(unsigned pin) const {
  return (regs_.pins >> pin & 1) != (regs_.redirection[pin] >> 13 & 1);
}

bool IoApic::level_triggered(unsigned pin) const {
  const DeliveryMode mode = DeliveryMode(regs_.redirection[pin] >> 8 & 7);
  const bool fixed = mode == DeliveryMode::Fixed || mode == DeliveryMode::LowestPriority;
  return fixed && (regs_.redirection[pin] & kLevel);
}

bool IoApic::send(unsigned pin) {
  const u64 entry = regs_.redirection[pin];
  ApicMessage message;
  message.destination = ApicMessage::from_8bit(u32(entry >> 56));
  message.logical = entry >> 11 & 1;
  message.mode = DeliveryMode(entry >> 8 & 7);
  message.vector = u8(entry);
  message.level_triggered = level_triggered(pin);
  if (message.mode == DeliveryMode::StartUp) return false;  // reserved
  return bus_.send(message);
}

void IoApic::evaluate(unsigned pin) {
  u64& entry = regs_.redirection[pin];
  if (!level_triggered(pin) || (entry & (kMasked | kRemoteIrr)) || !active(pin)) return;
  if (send(pin)) entry |= kRemoteIrr;
}

void IoApic::set_irq(unsigned pin, bool level) {
  if (pin >= kPins || (regs_.pins >> pin & 1) == level) return;
  regs_.pins ^= 1u << pin;
  if (level_triggered(pin))
    evaluate(pin);
  else if (active(pin) && !(regs_.redirection[pin] & kMasked))
    send(pin);
}

void IoApic::end_of_interrupt(u8 vector) {
  for (unsigned pin = 0; pin < kPins; ++pin) {
    u64& entry = regs_.redirection[pin];
    if (!(entry & kRemoteIrr) || u8(entry) != vector) continue;
    entry &= ~kRemoteIrr;
    evaluate(pin);
  }
}

u32 IoApic::read_register() const {
  const unsigned index = regs_.select;
  switch (index) {
    case 0:
    case 2:
      return u32(regs_.id) << 24;
    case 1:
      return kVersion;
    default:
      break;
  }
  if (index < 0x10 || index >= 0x10 + 2 * kPins) return 0;
  return u32(regs_.redirection[(index - 0x10) / 2] >> (32 * (index & 1)));
}

void IoApic::write_register(u32 value) {
  const unsigned index = regs_.select;
  if (index == 0) regs_.id = value >> 24 & 0xf;
  if (index < 0x10 || index >= 0x10 + 2 * kPins) return;
  const unsigned pin = (index - 0x10) / 2;
  u64& entry = regs_.redirection[pin];
  const u64 half = u64(0xffff'ffff) << (32 * (index & 1));
  const u64 change = half & kWritable;
  entry = (entry & ~change) | (u64(value) << (32 * (index & 1)) & change);
  if (!level_triggered(pin)) entry &= ~kRemoteIrr;
  evaluate(pin);
}

// Registers are 32 bits; bytes and words of them can be read, but only dwords are written.
u64 IoApic::mmio_read(u64 offset, unsigned) {
  u32 value = 0;
  switch (offset & 0xfc) {
    case 0x00:
      value = regs_.select;
      break;
    case 0x10:
      value = read_register();
      break;
    default:
      break;
  }
  return value >> (8 * (offset & 3));
}

void IoApic::mmio_write(u64 offset, unsigned size, u64 value) {
  switch (offset & 0xff) {
    case 0x00:
      regs_.select = u8(value);
      break;  // byte writes suffice
    case 0x10:
      if (size >= 4) write_register(u32(value));
      break;
    case 0x40:
      end_of_interrupt(u8(value));
      break;
    default:
      break;
  }
}

}  // namespace reprise
