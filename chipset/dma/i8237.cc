#include "chipset/dma/i8237.h"

#include <algorithm>
#include <vector>

namespace reprise {

namespace {
constexpr u8 kMemoryToMemory = 0x01, kHold = 0x02, kDisable = 0x04;  // command
constexpr u8 kAutoInit = 0x10, kDecrement = 0x20;                    // mode
constexpr u8 kModeBits = 0xc0, kBlock = 0x80;
constexpr std::size_t kPageBytes = 0x10000;
constexpr u8 kPageOf[8] = {7, 3, 1, 2, 15, 11, 9, 10};
}  // namespace

I8237::I8237(const DeviceContext& context, DmaBus& bus)
    : Device(context),
      bus_(bus),
      first_ports_(
          [this](u16 offset) { return read(regs_.controllers[0], offset & 15, dreq_of(0)); },
          [this](u16 offset, u8 value) {
            write(regs_.controllers[0], offset & 15, value);
            serve_requests();
          }),
      // The second controller is on address lines A4-A1; odd ports are the same registers.
      second_ports_(
          [this](u16 offset) { return read(regs_.controllers[1], offset >> 1 & 15, dreq_of(1)); },
          [this](u16 offset, u8 value) {
            write(regs_.controllers[1], offset >> 1 & 15, value);
            serve_requests();
          }),
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

bool I8237::enabled(unsigned controller) const {
  const Controller& second = regs_.controllers[1];
  if (second.command & kDisable) return false;
  return controller == 1 || !(second.mask & 1 || regs_.controllers[0].command & kDisable);
}

bool I8237::ready(unsigned channel) const {
  check(channel < 8 && channel != 4, "no such DMA channel");
  const Controller& own = regs_.controllers[channel / 4];
  return enabled(channel / 4) && !(own.mask >> (channel & 3) & 1) && regs_.dreq >> channel & 1;
}

I8237::Direction I8237::direction(unsigned channel) const {
  check(channel < 8 && channel != 4, "no such DMA channel");
  return Direction(regs_.controllers[channel / 4].channels[channel & 3].mode >> 2 & 3);
}

u64 I8237::page_base(unsigned channel) const {
  const u8 page = regs_.pages[kPageOf[channel]];
  return u64(channel < 4 ? page : page & 0xfe) << 16;
}

I8237::Moved I8237::transfer(unsigned channel, std::span<u8> data) {
  return ready(channel) ? move(channel, data) : Moved{};
}

// In runs of ascending addresses up to the page's end, or unit by unit downwards.
I8237::Moved I8237::move(unsigned channel, std::span<u8> data) {
  Moved moved;
  Controller& controller = regs_.controllers[channel / 4];
  Channel& c = controller.channels[channel & 3];
  const unsigned width = channel < 4 ? 1 : 2;
  const Direction direction = this->direction(channel);
  const bool down = c.mode & kDecrement;

  while (moved.bytes + width <= data.size() && !moved.terminal_count) {
    std::size_t units = 1;
    if (!down) {
      units = std::min(
          {(data.size() - moved.bytes) / width, std::size_t(c.count) + 1, kPageBytes - c.address});
    }
    const u64 address = page_base(channel) | u64(c.address) * width;
    const std::span<u8> run = data.subspan(moved.bytes, units * width);
    if (direction == Direction::ToMemory) bus_.dma_write(address, run);
    if (direction == Direction::FromMemory) bus_.dma_read(address, run);
    c.address = u16(down ? c.address - 1 : c.address + units);
    moved.terminal_count = c.count < units;
    c.count = u16(c.count - units);
    moved.bytes += run.size();
  }
  if (moved.terminal_count) end(controller, channel & 3);
  return moved;
}

// The terminal count of a channel.
void I8237::end(Controller& controller, unsigned index) {
  Channel& c = controller.channels[index];
  const u8 bit = u8(1 << index);
  controller.terminal |= bit;
  controller.requests &= u8(~bit);
  if (c.mode & kAutoInit) {
    c.address = c.base_address;
    c.count = c.base_count;
  } else {
    controller.mask |= bit;
  }
}

// Software requests

void I8237::serve_requests() {
  for (unsigned channel = 0; channel < 8; ++channel) {
    Controller& own = regs_.controllers[channel / 4];
    if (channel == 4 || !enabled(channel / 4) || !(own.requests >> (channel & 3) & 1)) continue;
    if ((own.channels[channel & 3].mode & kModeBits) != kBlock) continue;
    if (channel == 0 && own.command & kMemoryToMemory) {
      memory_to_memory();
    } else {
      std::vector<u8> floating((channel < 4 ? 1 : 2) * kPageBytes, 0xff);
      move(channel, floating);
    }
  }
}

// Byte by byte on copies of both pages, since they may be one. Channel 0's own terminal count only
// reloads it.
void I8237::memory_to_memory() {
  Controller& c = regs_.controllers[0];
  Channel &from = c.channels[0], &to = c.channels[1];
  std::vector<u8> source(kPageBytes), other(kPageBytes);
  bus_.dma_read(page_base(0), source);
  bus_.dma_read(page_base(1), other);
  std::vector<u8>& target = page_base(0) == page_base(1) ? source : other;
  const bool down = to.mode & kDecrement;
  const std::size_t length = std::size_t(to.count) + 1;
  const u16 first = down ? u16(to.address - to.count) : to.address;  // lowest, but for the wrap
  for (std::size_t i = 0; i < length; ++i) {
    c.temporary = target[to.address] = source[from.address];
    if (!(c.command & kHold)) from.address = u16(from.address + (from.mode & kDecrement ? -1 : 1));
    to.address = u16(to.address + (down ? -1 : 1));
    if (from.count-- == 0 && from.mode & kAutoInit) {
      from.address = from.base_address;
      from.count = from.base_count;
    }
  }
  to.count = 0xffff;
  const std::size_t whole = std::min(length, kPageBytes - first);
  bus_.dma_write(page_base(1) + first, std::span(target).subspan(first, whole));
  bus_.dma_write(page_base(1), std::span(target).first(length - whole));
  c.requests &= u8(~1);
  end(c, 1);
}

}  // namespace reprise
