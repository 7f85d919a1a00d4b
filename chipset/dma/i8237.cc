#include "chipset/dma/i8237.h"

#include <algorithm>

namespace reprise {

namespace {
constexpr u8 kDisable = 0x04;                      // command
constexpr u8 kAutoInit = 0x10, kDecrement = 0x20;  // mode
constexpr u8 kPageOf[8] = {7, 3, 1, 2, 15, 11, 9, 10};
}  // namespace

I8237::I8237(const DeviceContext& context, DmaBus& bus)
    : Device(context),
      bus_(bus),
      first_ports_(
          [this](u16 offset) { return read(regs_.controllers[0], offset & 15, dreq_of(0)); },
          [this](u16 offset, u8 value) { write(regs_.controllers[0], offset & 15, value); }),
      // The second controller is on address lines A4-A1; odd ports are the same registers.
      second_ports_(
          [this](u16 offset) { return read(regs_.controllers[1], offset >> 1 & 15, dreq_of(1)); },
          [this](u16 offset, u8 value) { write(regs_.controllers[1], offset >> 1 & 15, value); }),
      page_ports_([this](u16 offset) { return regs_.pages[offset & 15]; },
                  [this](u16 offset, u8 value) { regs_.pages[offset & 15] = value; }) {}

void I8237::Channel::state(State& s) {
  s("base_address", base_address)("base_count", base_count)("address", address);
  s("count", count)("mode", mode);
}

void I8237::Controller::state(State& s) {
  s("channels", channels)("flip_flop", flip_flop)("command", command)("mask", mask, 0, 15);
  s("requests", requests, 0, 15)("terminal", terminal, 0, 15)("temporary", temporary);
}

void I8237::state(State& s) {
  s("controllers", regs_.controllers)("pages", regs_.pages)("dreq", regs_.dreq);
}

void I8237::reset() { regs_ = {}; }

// Registers

void I8237::master_clear(Controller& c) {
  c.flip_flop = false;
  c.command = c.requests = c.terminal = c.temporary = 0;
  c.mask = 0x0f;
}

u8 I8237::read(Controller& c, unsigned reg, u8 dreq) {
  if (reg < 8) {
    const Channel& channel = c.channels[reg / 2];
    const u16 value = reg & 1 ? channel.count : channel.address;
    c.flip_flop = !c.flip_flop;
    return u8(c.flip_flop ? value : value >> 8);
  }
  switch (reg) {
    case 0x8: {
      const u8 status = u8((dreq | c.requests) << 4 | c.terminal);
      c.terminal = 0;
      return status;
    }
    case 0xd:
      return c.temporary;
    case 0xf:
      return u8(0xf0 | c.mask);
    default:
      return 0xff;
  }
}

void I8237::write(Controller& c, unsigned reg, u8 value) {
  const u8 bit = u8(1 << (value & 3));
  if (reg < 8) {
    Channel& channel = c.channels[reg / 2];
    u16& base = reg & 1 ? channel.base_count : channel.base_address;
    base = c.flip_flop ? u16((base & 0x00ff) | value << 8) : u16((base & 0xff00) | value);
    (reg & 1 ? channel.count : channel.address) = base;
    c.flip_flop = !c.flip_flop;
    return;
  }
  switch (reg) {
    case 0x8:
      c.command = value;
      break;
    case 0x9:
      c.requests = value & 4 ? c.requests | bit : c.requests & u8(~bit);
      break;
    case 0xa:
      c.mask = value & 4 ? c.mask | bit : c.mask & u8(~bit);
      break;
    case 0xb:
      c.channels[value & 3].mode = value;
      break;
    case 0xc:
      c.flip_flop = false;
      break;
    case 0xd:
      master_clear(c);
      break;
    case 0xe:
      c.mask = 0;
      break;
    case 0xf:
      c.mask = value & 15;
      break;
  }
}

// Transfers

void I8237::set_dreq(unsigned channel, bool level) {
  check(channel < 8 && channel != 4, "no such DMA channel");
  const u8 bit = u8(1 << channel);
  regs_.dreq = level ? regs_.dreq | bit : regs_.dreq & u8(~bit);
}

bool I8237::ready(unsigned channel) const {
  check(channel < 8 && channel != 4, "no such DMA channel");
  const Controller& own = regs_.controllers[channel / 4];
  const Controller& second = regs_.controllers[1];
  if (second.command & kDisable) return false;
  if (channel < 4 && (second.mask & 1)) return false;
  if ((own.command & kDisable) || (own.mask >> (channel & 3) & 1)) return false;
  return regs_.dreq >> channel & 1;
}

I8237::Direction I8237::direction(unsigned channel) const {
  check(channel < 8 && channel != 4, "no such DMA channel");
  return Direction(regs_.controllers[channel / 4].channels[channel & 3].mode >> 2 & 3);
}

I8237::Moved I8237::transfer(unsigned channel, std::span<u8> data) {
  Moved moved;
  if (!ready(channel)) return moved;
  Controller& controller = regs_.controllers[channel / 4];
  Channel& c = controller.channels[channel & 3];
  const unsigned width = channel < 4 ? 1 : 2;
  const u64 page = width == 1 ? u64(regs_.pages[kPageOf[channel]]) << 16
                              : u64(regs_.pages[kPageOf[channel]] & 0xfe) << 16;
  const Direction direction = this->direction(channel);

  for (; moved.bytes + width <= data.size() && !moved.terminal_count; moved.bytes += width) {
    const u64 address = page | u64(c.address) * width;
    const std::span<u8> unit = data.subspan(moved.bytes, width);
    if (direction == Direction::ToMemory) bus_.dma_write(address, unit);
    if (direction == Direction::FromMemory) bus_.dma_read(address, unit);
    c.address = u16(c.mode & kDecrement ? c.address - 1 : c.address + 1);
    moved.terminal_count = c.count == 0;
    --c.count;
  }
  if (!moved.terminal_count) return moved;

  const u8 bit = u8(1 << (channel & 3));
  controller.terminal |= bit;
  controller.requests &= u8(~bit);
  if (c.mode & kAutoInit) {
    c.address = c.base_address;
    c.count = c.base_count;
  } else {
    controller.mask |= bit;
  }
  return moved;
}

}  // namespace reprise
