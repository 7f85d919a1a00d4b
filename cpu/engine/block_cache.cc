#include "cpu/engine/block_cache.h"

#include <algorithm>

namespace reprise::cpu {

PageCode* BlockCache::page(MemoryBlock& memory, u64 page) {
  auto& slot = pages_[{&memory, page}];
  if (!slot) {
    slot = std::make_unique<PageCode>();
    slot->memory = &memory;
    slot->page = page;
  }
  return slot.get();
}

Block* BlockCache::add(std::unique_ptr<Block> owned) {
  Block* block = owned.release();
  Block*& head = block->page->buckets[PageCode::bucket(block->offset)];
  block->next = head;
  head = block;
  if (block->page2) block->page2->from_before.push_back(block);
  block->page->memory->mark_code(block->page->page, block->lines);
  if (block->page2) block->page2->memory->mark_code(block->page2->page, block->lines2);
  ops_ += block->count + 2;
  return block;
}

void BlockCache::link(Block** slot, Block* from, Block* to) {
  *slot = to;
  from->outgoing.push_back(slot);
  to->incoming.push_back(slot);
}

void BlockCache::drop_block(Block* block) {
  Block** place = &block->page->buckets[PageCode::bucket(block->offset)];
  while (*place != block) place = &(*place)->next;
  *place = block->next;
  if (block->page2) std::erase(block->page2->from_before, block);
  for (Block** slot : block->outgoing)
    if (*slot) {
      std::erase((*slot)->incoming, slot);
      *slot = nullptr;
    }
  for (Block** slot : block->incoming) *slot = nullptr;
  block->incoming.clear();
  block->outgoing.clear();
  ops_ -= block->count + 2;
  graveyard_.emplace_back(block);
}

void BlockCache::drop(MemoryBlock& memory, u64 page, u64 lines) {
  const auto found = pages_.find({&memory, page});
  if (found == pages_.end()) return;
  PageCode& code = *found->second;
  for (Block*& head : code.buckets)
    for (Block* b = head; b;) {
      Block* next = b->next;
      if (b->lines & lines) drop_block(b);
      b = next;
    }
  const std::vector<Block*> crossing = code.from_before;
  for (Block* b : crossing)
    if (b->lines2 & lines) drop_block(b);
}

void BlockCache::clear() {
  for (auto& [key, code] : pages_)
    for (Block*& head : code->buckets) {
      while (Block* b = head) {
        head = b->next;
        delete b;
      }
    }
  pages_.clear();
  graveyard_.clear();
  ops_ = 0;
}

}  // namespace reprise::cpu
