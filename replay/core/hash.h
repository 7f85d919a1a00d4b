// Hashes of contents and of the whole machine.
//
// A machine's hash is made of parts: one per device (by path) and one per memory block (by name).
// A block's hash is the sum over its pages of mix(hash of content, page index), where a page of
// zeros counts nothing: so a page never written and a page written with zeros are alike, and only
// pages written since the last hash are read again.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/core/machine.h"
#include "replay/core/types.h"

namespace reprise {

struct Hash128 {
  u64 high = 0, low = 0;
  std::string hex() const;  // 32 digits
  friend auto operator<=>(const Hash128&, const Hash128&) = default;
};

u64 hash64(std::span<const u8> bytes, u64 seed = 0);  // XXH3, the same on every host
Hash128 hash128(std::span<const u8> bytes);

struct HashPart {
  std::string name;  // a device's path, or "memory:" and a block's name
  u64 value = 0;
  friend bool operator==(const HashPart&, const HashPart&) = default;
};

struct MachineHashes {
  Position at;                  // not part of the hash
  std::vector<HashPart> parts;  // devices in order of path, then blocks in order of name
  Hash128 total() const;
};

class MachineHash {
 public:
  explicit MachineHash(Machine& machine) : machine_(machine) {}
  // Starts a new page epoch, so that the next call knows what was written after this one. Reads
  // only pages that were ever written; leaves no trace that a guest could see.
  MachineHashes take();

 private:
  // What each page adds to its block's sum; allocated by the host only where pages were written.
  struct Block {
    explicit Block(u64 pages);
    std::unique_ptr<u64[], void (*)(void*)> added;
    u64 sum = 0;
    u32 epoch = 0;  // the pages' content is known as of the end of this epoch
  };
  u64 memory(const MemoryBlock& block);

  Machine& machine_;
  std::map<std::string, Block> blocks_;  // by name; a block's name and size are fixed for a run
};

}  // namespace reprise
