// BlockNode: what every image format, filter and host file is. A graph of nodes stands behind a
// drive; formats and filters are nodes over nodes.
//
// A node is synchronous and knows no threads: a graph is used by one thread at a time (a drive's
// worker, a job, reprise-img). Offsets and lengths are bytes; what passes the end is an error.
// An error carries its I/O number (Error::number), never 0.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

inline constexpr u64 kSectorSize = 512;
inline constexpr u64 kClusterSize = 64 << 10;   // what recordings pin, save and restore
inline constexpr u64 kMaxImage = u64(1) << 62;  // bytes; a larger image is refused

// A run of bytes that are alike.
struct Extent {
  u64 length = 0;         // at least 1, at most what was asked for
  bool zero = false;      // reads as zeros, and no host I/O is needed to know it
  bool allocated = true;  // this node has it; false: it comes from the backing node, if any
  std::optional<u64> host_offset;  // where the bytes stand in the host file
};

class BlockNode {
 public:
  virtual ~BlockNode() = default;
  virtual std::string_view driver() const = 0;  // QEMU's word: "file", "raw"
  virtual u64 size() const = 0;                 // bytes; may be odd (a host file)
  virtual bool read_only() const = 0;

  virtual Result<void> read(u64 offset, std::span<u8> out) = 0;
  virtual Result<void> write(u64 offset, std::span<const u8> in) = 0;
  // What was written before survives a crash of the host.
  virtual Result<void> flush() = 0;
  // The range reads as zeros afterwards, on every host; where it can, the host gets the room back.
  virtual Result<void> discard(u64 offset, u64 length) = 0;
  // What stands at `offset`; 1 <= length.
  virtual Result<Extent> map(u64 offset, u64 length) = 0;
  // New bytes at the end read as zeros. Not every node can.
  virtual Result<void> resize(u64 size) {
    return Error{
        std::string(driver()) + ": cannot be resized to " + std::to_string(size) + " bytes",
        "GenericError", 95};  // ENOTSUP
  }
};

}  // namespace reprise
