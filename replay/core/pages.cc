#include "replay/core/pages.h"

#include <algorithm>
#include <cstring>

#include "replay/core/lazy_memory.h"

namespace reprise {

void PageStore::advance_epoch() {
  ++epoch_;
  check(epoch_ != 0, "epochs exhausted");
  if (track_) track_->drop_write_pointers();
}

void PageStore::keep_pages(PageKeeper* keeper) {
  advance_epoch();
  keeper_ = keeper;
  kept_from_ = keeper ? epoch_ : 0;
}

Result<std::unique_ptr<MemoryBlock>> MemoryBlock::create(PageStore& store, std::string name,
                                                         u64 size, bool rom) {
  check(size % kPageSize == 0, "memory block of broken pages");
  u8* data = reserve_memory(std::max(size, kPageSize), HostPages::Large);
  auto* info = static_cast<PageInfo*>(std::calloc(size / kPageSize + 1, sizeof(PageInfo)));
  if (!data || !info) {
    release_memory(data, std::max(size, kPageSize));
    std::free(info);
    return fail("cannot allocate " + std::to_string(size >> 20) + " MiB for " + name +
                ": give the guest less memory with -m");
  }
  return std::unique_ptr<MemoryBlock>(
      new MemoryBlock(store, std::move(name), size, rom, data, info));
}

MemoryBlock::MemoryBlock(PageStore& store, std::string name, u64 size, bool rom, u8* data,
                         PageInfo* info)
    : store_(store),
      name_(std::move(name)),
      size_(size),
      rom_(rom),
      data_(data),
      info_(info, &std::free) {
  groups_.resize((pages() + kGroupPages - 1) / kGroupPages);
  auto& all = store_.blocks_;
  const auto place = std::lower_bound(all.begin(), all.end(), this,
                                      [](auto* a, auto* b) { return a->name() < b->name(); });
  check(place == all.end() || (*place)->name() != name_, "two memory blocks share a name");
  all.insert(place, this);
}

MemoryBlock::~MemoryBlock() {
  std::erase(store_.blocks_, this);
  release_memory(data_, std::max(size_, kPageSize));
}

void MemoryBlock::read(u64 offset, std::span<u8> bytes) const {
  check(offset <= size_ && bytes.size() <= size_ - offset, "read outside a memory block");
  std::memcpy(bytes.data(), data_ + offset, bytes.size());
}

void MemoryBlock::write(u64 offset, std::span<const u8> bytes) {
  if (bytes.empty()) return;
  touch(offset, bytes.size());
  std::memcpy(data_ + offset, bytes.data(), bytes.size());
}

void MemoryBlock::touch(u64 offset, u64 length) {
  check(offset <= size_ && length <= size_ - offset, "write outside a memory block");
  for (u64 at = offset; at < offset + length;) {
    const u64 page = at / kPageSize;
    const u64 end = std::min(offset + length, (page + 1) * kPageSize);
    PageInfo& info = info_[page];
    if (info.write_epoch < store_.kept_from_) store_.keeper_->keep(*this, page);
    info.write_epoch = store_.epoch();
    groups_[page / kGroupPages] = store_.epoch();
    if (info.code_lines) {
      const unsigned first = at % kPageSize / 64, last = (end - 1) % kPageSize / 64;
      const u64 mask = (~u64(0) >> (63 - (last - first))) << first;
      const u64 lines = info.code_lines & mask;
      if (lines) {
        info.code_lines &= ~lines;
        if (store_.code_) store_.code_->code_written(*this, page, lines);
      }
    }
    at = end;
  }
}

void MemoryBlock::mark_code(u64 page, u64 lines) {
  PageInfo& info = info_[page];
  const bool first = info.code_lines == 0;
  info.code_lines |= lines;
  if (first && store_.track_) store_.track_->drop_write_pointers();
}

}  // namespace reprise
