#include "cpu/engine/block_cache.h"

#include <algorithm>

namespace reprise::cpu {

PageCode* BlockCache::find_page(MemoryBlock& memory, u64 page) {
  PageCode*& slot = pages_[{&memory, page}];
  if (!slot) {
    slot = new (arena_.take(sizeof(PageCode))) PageCode;
    slot->memory = &memory;
    slot->page = page;
  }
  return slot;
}

Block* BlockCache::make(unsigned stored) {
  Block* const block = new (arena_.take(sizeof(Block) + stored * sizeof(Op))) Block;
  block->stored = u8(stored);
  return block;
}

void BlockCache::destroy(Block* block) {
  const std::size_t bytes = sizeof(Block) + block->stored * sizeof(Op);
  block->~Block();
  arena_.give(block, bytes);
}

void BlockCache::reclaim() {
  for (Block* block : graveyard_) destroy(block);
  graveyard_.clear();
}

void BlockCache::add(Block* block) {
  Block*& head = block->page->buckets[PageCode::bucket(block->offset)];
  block->next = head;
  head = block;
  if (block->page2) block->page2->from_before.push_back(block);
  block->page->memory->mark_code(block->page->page, block->lines);
  if (block->page2) block->page2->memory->mark_code(block->page2->page, 1);
  ops_ += block->count + 2;
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
  graveyard_.push_back(block);
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
    if (lines & 1) drop_block(b);
}

void BlockCache::clear() {
  for (auto& [key, code] : pages_)
    for (Block*& head : code->buckets) {
      while (Block* b = head) {
        head = b->next;
        destroy(b);
      }
    }
  for (auto& [key, code] : pages_) {
    code->~PageCode();
    arena_.give(code, sizeof(PageCode));
  }
  pages_.clear();
  recent_ = {};
  reclaim();
  arena_.clear();
  ops_ = 0;
}

}  // namespace reprise::cpu
