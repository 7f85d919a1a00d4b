// Decoded code: basic blocks of Ops, kept by the page of memory that backs them.
//
// A block is found by backing page, offset and mode bits, never by guest-physical address (A20, PAM
// and SMRAM move those). Writes to a 64-byte line drop the blocks that were decoded from it.
// Nothing here is guest-visible: a machine without any block (blocks=off) computes the same.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "cpu/engine/block_arena.h"
#include "cpu/op.h"
#include "replay/core/pages.h"

namespace reprise::cpu {

struct PageCode;

// Follows the last Op of a block in its place: where control goes on, once known.
struct Links {
  Block* to[2];  // [0] taken or only, [1] not taken; of a call, where it returns to
  Block* owner;  // whose links these are; null for a single instruction outside blocks
  u64 spare;
};
static_assert(sizeof(Links) == sizeof(Op));

// Its Ops follow it in memory. What control looks at when it enters a block lies in one line of the
// host's cache with the first of them.
struct alignas(32) Block {
  PageCode* page = nullptr;
  PageCode* page2 = nullptr;
  u64 lines = 0;                  // 64-byte lines looked at to decode it; of page2 it is the first
  Block* next = nullptr;          // in the same bucket
  std::vector<Block**> incoming;  // links of other blocks that lead here
  std::vector<Block**> outgoing;  // links of this block that are set
  u32 mode = 0;                   // ModeBits
  u16 offset = 0;                 // in its page
  u16 bytes = 0;
  u32 cycles = 0;         // of all its instructions
  u16 count = 0;          // of instructions
  u8 stored = 0;          // Ops, Links included
  bool crossing = false;  // one instruction that continues in `page2`

  Op* ops() { return reinterpret_cast<Op*>(this + 1); }
  const Op* ops() const { return reinterpret_cast<const Op*>(this + 1); }
};
static_assert(sizeof(Block) == 96);

struct PageCode {
  MemoryBlock* memory = nullptr;
  u64 page = 0;
  std::array<Block*, 128> buckets{};
  std::vector<Block*> from_before;  // crossing blocks that begin in another page

  static unsigned bucket(unsigned offset) { return (offset ^ offset >> 7) & 127; }
  Block* find(unsigned offset, u32 mode) const {
    for (Block* b = buckets[bucket(offset)]; b; b = b->next)
      if (b->offset == offset && b->mode == mode) return b;
    return nullptr;
  }
};

class BlockCache {
 public:
  ~BlockCache() { clear(); }
  // The page's code; created empty where there is none.
  PageCode* page(MemoryBlock& memory, u64 page) {
    PageCode*& recent = recent_[page % kRecent];
    if (!recent || recent->memory != &memory || recent->page != page)
      recent = find_page(memory, page);
    return recent;
  }
  // A block with room for so many Ops, the last of them Links.
  Block* make(unsigned stored);
  // Takes it in when it is decoded; marks its lines as code.
  void add(Block* block);
  static void link(Block** slot, Block* from, Block* to);
  // Drops blocks decoded from `lines`. They stay allocated until reclaim().
  void drop(MemoryBlock& memory, u64 page, u64 lines);
  void drop_block(Block* block);
  // Frees dropped blocks; only between chains.
  void reclaim();
  bool reclaim_due() const { return !graveyard_.empty(); }
  // All of it is too much: the run loop clears it.
  bool full() const { return ops_ > kOpLimit; }
  void clear();

 private:
  static constexpr u64 kOpLimit = 4u << 20;                                        // 128 MiB of Ops
  PageCode* find_page(MemoryBlock& memory, u64 page);
  void destroy(Block* block);
  std::map<std::pair<const MemoryBlock*, u64>, PageCode*> pages_;  // in the arena, as the blocks
  static constexpr unsigned kRecent = 4096;  // many more than the code TLB has
  std::array<PageCode*, kRecent> recent_{};  // of pages_
  std::vector<Block*> graveyard_;
  BlockArena arena_;
  u64 ops_ = 0;
};

}  // namespace reprise::cpu
