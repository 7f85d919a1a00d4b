#include "replay/timetravel/page_layers.h"

#include <cstring>

namespace reprise {
namespace {

constexpr u64 kEntryBytes = 96;  // of a map's node, about
constexpr u8 kZeros[kPageSize] = {};

}  // namespace

PageLayers::Copy PageLayers::copy_of(const MemoryBlock& block, u64 page) {
  const u8* content = block.data() + page * kPageSize;
  if (block.info(page).write_epoch == 0 || std::memcmp(content, kZeros, kPageSize) == 0) return {};
  Copy copy(new u8[kPageSize]);
  std::memcpy(copy.get(), content, kPageSize);
  return copy;
}

void PageLayers::keep(MemoryBlock& block, u64 page) {
  Copy* const place = layers_.keep({&block, page});
  if (!place) return;
  *place = copy_of(block, page);
  bytes_ += kEntryBytes + (*place ? kPageSize : 0);
}

void PageLayers::mark() {
  layers_.mark();
  pages_.keep_pages(this);
}

void PageLayers::adopt() {
  layers_.adopt();
  counted_ = false;
  pages_.keep_pages(this);
}

void PageLayers::go(std::size_t mark) {
  pages_.keep_pages(nullptr);
  layers_.go(mark, [](const Place& place, Copy& copy) {
    Copy now = copy_of(*place.block, place.page);
    place.block->write(place.page * kPageSize, {copy ? copy.get() : kZeros, kPageSize});
    copy = std::move(now);
  });
  counted_ = false;
  pages_.keep_pages(this);
}

void PageLayers::forget(std::size_t mark) {
  layers_.forget(mark);
  counted_ = false;
}

void PageLayers::clear() {
  pages_.keep_pages(nullptr);
  layers_.clear();
  bytes_ = 0;
  counted_ = true;
}

u64 PageLayers::bytes() const {
  if (counted_) return bytes_;
  counted_ = true;
  bytes_ = 0;
  layers_.each_layer([this](const auto& layer) {
    for (const auto& [place, copy] : layer) bytes_ += kEntryBytes + (copy ? kPageSize : 0);
  });
  return bytes_;
}

}  // namespace reprise
