// Looking into a machine, and changing it as a debugger does.
//
// Views leave no trace: they go by tables alone, never through a device. Changes go through the
// door
// ("/machine:debug"), so they are recorded; they are done when the call returns. In a replay or in
// the past of a live run they are refused with an error that names replay-live.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

class OperatorDebug {
 public:
  virtual ~OperatorDebug() = default;
  // Up to `length` bytes from `address`; shorter where memory ends or nothing is mapped.
  virtual std::vector<u8> read_linear(unsigned cpu, u64 address, u64 length) = 0;
  virtual std::vector<u8> read_physical(u64 address, u64 length) = 0;
  // All of it or nothing.
  virtual Result<void> write_linear(unsigned cpu, u64 address, std::span<const u8> bytes) = 0;
  virtual Result<void> write_physical(u64 address, std::span<const u8> bytes) = 0;
  // A register by the name of gdb's i386 features ("rax", "eflags", "cs", "st0", "xmm3", "mxcsr",
  // "fs_base", "cr3"...), little-endian, of its width there.
  virtual Result<void> write_register(unsigned cpu, std::string_view name,
                                      std::span<const u8> bytes) = 0;
};

}  // namespace reprise
