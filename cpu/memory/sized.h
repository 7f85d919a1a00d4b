// Host memory by a size that is known at run time: 1 to 8 bytes, of which most are a whole word.
#pragma once

#include <cstring>

#include "cpu/memory/access.h"

namespace reprise::cpu {

inline u64 read_sized(u64 host, unsigned size) {
  switch (size) {
    case 1:
      return read_host<u8>(host);
    case 2:
      return read_host<u16>(host);
    case 4:
      return read_host<u32>(host);
    case 8:
      return read_host<u64>(host);
    default: {
      u64 value = 0;
      std::memcpy(&value, reinterpret_cast<const void*>(host), size);
      return value;
    }
  }
}
inline void write_sized(u64 host, unsigned size, u64 value) {
  switch (size) {
    case 1:
      return write_host<u8>(host, u8(value));
    case 2:
      return write_host<u16>(host, u16(value));
    case 4:
      return write_host<u32>(host, u32(value));
    case 8:
      return write_host<u64>(host, value);
    default:
      std::memcpy(reinterpret_cast<void*>(host), &value, size);
  }
}

}  // namespace reprise::cpu
