// One window of 8-bit ports of a device that has several: functions behind an IoHandler.
#pragma once

#include <functional>

#include "chipset/memory/handlers.h"

namespace reprise {

class BytePorts final : public IoHandler {
 public:
  using Read = std::function<u8(u16 offset)>;
  using Write = std::function<void(u16 offset, u8 value)>;
  BytePorts(Read read, Write write) : read_(std::move(read)), write_(std::move(write)) {}

  // Wider accesses become bytes in ascending order, as on the ISA bus.
  u32 io_read(u16 offset, unsigned size) override {
    u32 value = 0;
    for (unsigned i = 0; i < size; ++i) value |= u32(read_(u16(offset + i))) << (8 * i);
    return value;
  }
  void io_write(u16 offset, unsigned size, u32 value) override {
    for (unsigned i = 0; i < size; ++i) write_(u16(offset + i), u8(value >> (8 * i)));
  }

 private:
  Read read_;
  Write write_;
};

}  // namespace reprise
