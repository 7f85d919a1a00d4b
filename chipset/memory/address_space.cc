#include "chipset/memory/address_space.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace reprise {

namespace {

// Splits the value of an access into the part for `size` bytes at `shift`.
u64 low_bytes(u64 value, unsigned size) {
  return size == 8 ? value : value & ((u64(1) << (8 * size)) - 1);
}

template <class T>
void insert_ordered(std::vector<T*>& all, T* window, auto key) {
  all.insert(std::upper_bound(all.begin(), all.end(), window,
                              [&](const T* a, const T* b) { return key(a) < key(b); }),
             window);
}

u64 mmio_read(MmioHandler& handler, u64 offset, unsigned size, unsigned max_width) {
  if (size <= max_width) return low_bytes(handler.mmio_read(offset, size), size);
  const unsigned half = size / 2;
  const u64 low = mmio_read(handler, offset, half, max_width);
  return low | mmio_read(handler, offset + half, half, max_width) << (8 * half);
}

void mmio_write(MmioHandler& handler, u64 offset, unsigned size, u64 value, unsigned max_width) {
  if (size <= max_width) return handler.mmio_write(offset, size, low_bytes(value, size));
  const unsigned half = size / 2;
  mmio_write(handler, offset, half, value, max_width);
  mmio_write(handler, offset + half, half, value >> (8 * half), max_width);
}

}  // namespace

// --- memory ---

AddressSpace::AddressSpace() : port_map_(65536, nullptr) {}

AddressSpace::~AddressSpace() {
  check(windows_.empty() && ports_.empty(), "a window outlives its address space");
}

void AddressSpace::add(MemoryWindow& window) {
  insert_ordered(windows_, &window,
                 [](const MemoryWindow* w) { return std::tie(w->priority_, w->name_); });
}

void AddressSpace::remove(MemoryWindow& window) { std::erase(windows_, &window); }

void AddressSpace::changed() {
  stale_ = true;
  for (cpu::Pins* pins : listeners_) pins->memory_map_changed();
}

void AddressSpace::set_a20(bool enabled) {
  const u64 mask = enabled ? ~u64(0) : ~(u64(1) << 20);
  if (mask == a20_mask_) return;
  a20_mask_ = mask;
  for (cpu::Pins* pins : listeners_) pins->set_a20(enabled);
}

void AddressSpace::rebuild() {
  stale_ = false;
  views_[0] = build(kViewCpu);
  views_[1] = build(kViewSmm);
  views_[2] = build(kViewDma);
}

AddressSpace::View AddressSpace::build(u8 views) const {
  std::vector<u64> cuts = {0};
  for (const MemoryWindow* window : windows_) {
    if (!window->size_ || !(window->views_ & views)) continue;
    cuts.push_back(window->base_);
    cuts.push_back(window->base_ + window->size_);  // 0 when it ends with the address space
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  View view;
  for (const u64 start : cuts) {
    Range range{start, nullptr, nullptr};
    for (MemoryWindow* window : windows_) {  // the last one wins
      if (!(window->views_ & views) || start - window->base_ >= window->size_) continue;
      if (window->reads_) range.reads = window;
      if (window->writes_) range.writes = window;
    }
    if (!view.empty() && view.back().reads == range.reads && view.back().writes == range.writes)
      continue;
    view.push_back(range);
  }
  return view;
}

std::size_t AddressSpace::find(const View& view, u64 address) {
  const auto after = std::upper_bound(view.begin(), view.end(), address,
                                      [](u64 a, const Range& range) { return a < range.start; });
  return std::size_t(after - view.begin()) - 1;
}

cpu::PhysPage AddressSpace::page(u64 address, bool smm) {
  const View& ranges = view(smm);
  const u64 start = address & ~(kPageSize - 1);
  const std::size_t index = find(ranges, start);
  const Range& range = ranges[index];
  const u64 end = end_of(ranges, index);
  if (end && end - start < kPageSize) return {};
  if (!range.reads || !range.reads->block_) return {};
  const MemoryWindow& window = *range.reads;
  const u64 offset = start - window.base_ + window.offset_;
  if (offset % kPageSize) return {};
  return {.block = window.block_,
          .page = offset / kPageSize,
          .writable = range.writes == range.reads && !window.block_->rom(),
          .following = (end - start) / kPageSize - 1};
}

u64 AddressSpace::read(View& ranges, u64 address, unsigned size) {
  const std::size_t index = find(ranges, address);
  const u64 end = end_of(ranges, index);
  if (end && end - address < size) {  // half here, half there
    const unsigned half = size / 2;
    const u64 low = read(ranges, address, half);
    return low | read(ranges, address + half, half) << (8 * half);
  }
  MemoryWindow* window = ranges[index].reads;
  if (!window) return low_bytes(~u64(0), size);
  const u64 offset = address - window->base_ + window->offset_;
  if (window->handler_) return mmio_read(*window->handler_, offset, size, window->max_width_);
  u8 bytes[8];
  window->block_->read(offset, std::span(bytes, size));
  u64 value = 0;
  for (unsigned i = 0; i < size; ++i) value |= u64(bytes[i]) << (8 * i);
  return value;
}

void AddressSpace::write(View& ranges, u64 address, unsigned size, u64 value) {
  const std::size_t index = find(ranges, address);
  const u64 end = end_of(ranges, index);
  if (end && end - address < size) {
    const unsigned half = size / 2;
    write(ranges, address, half, value);
    // The first half may have changed the map.
    if (stale_) rebuild();
    return write(ranges, address + half, half, value >> (8 * half));
  }
  MemoryWindow* window = ranges[index].writes;
  if (!window) return;
  const u64 offset = address - window->base_ + window->offset_;
  if (window->handler_)
    return mmio_write(*window->handler_, offset, size, value, window->max_width_);
  if (window->block_->rom()) return;
  u8 bytes[8];
  for (unsigned i = 0; i < size; ++i) bytes[i] = u8(value >> (8 * i));
  window->block_->write(offset, std::span(bytes, size));
}

std::size_t AddressSpace::read_memory(View& ranges, u64 address, std::span<u8> bytes,
                                      bool stop_at_registers) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const u64 at = address + done;
    const std::size_t index = find(ranges, at);
    const u64 room = end_of(ranges, index) - at;  // modulo 2^64, as are addresses
    std::size_t length = bytes.size() - done;
    if (room && room < length) length = std::size_t(room);
    MemoryWindow* window = ranges[index].reads;
    if (window && window->block_) {
      window->block_->read(at - window->base_ + window->offset_, bytes.subspan(done, length));
    } else {
      if (stop_at_registers) return done;
      std::memset(bytes.data() + done, 0xff, length);
    }
    done += length;
  }
  return done;
}

void AddressSpace::dma_read(u64 address, std::span<u8> bytes) {
  read_memory(dma_view(), address, bytes, false);
}

std::size_t AddressSpace::peek(u64 address, std::span<u8> bytes) {
  return read_memory(view(false), address, bytes, true);
}

void AddressSpace::dma_write(u64 address, std::span<const u8> bytes) {
  const View& ranges = dma_view();
  while (!bytes.empty()) {
    const std::size_t index = find(ranges, address);
    const u64 room = end_of(ranges, index) - address;
    const std::size_t length = room && room < bytes.size() ? std::size_t(room) : bytes.size();
    MemoryWindow* window = ranges[index].writes;
    if (window && window->block_ && !window->block_->rom()) {
      window->block_->write(address - window->base_ + window->offset_, bytes.first(length));
      if (dma_seen_) dma_seen_(address, length);
    }
    address += length;
    bytes = bytes.subspan(length);
  }
}

std::size_t AddressSpace::dma_answered(u64 address, std::size_t length) {
  const View& ranges = dma_view();
  std::size_t done = 0;
  while (done < length) {
    const std::size_t index = find(ranges, address + done);
    if (!ranges[index].reads && !ranges[index].writes) return done;
    const u64 room = end_of(ranges, index) - (address + done);
    done = room && room < length - done ? done + std::size_t(room) : length;
  }
  return length;
}

MemoryWindow::MemoryWindow(AddressSpace& space, std::string name, MapPriority priority,
                           MemoryBlock& block, u64 offset)
    : space_(space), name_(std::move(name)), priority_(priority), block_(&block), offset_(offset) {
  space_.add(*this);
}

MemoryWindow::MemoryWindow(AddressSpace& space, std::string name, MapPriority priority,
                           MmioHandler& handler, unsigned max_width)
    : space_(space),
      name_(std::move(name)),
      priority_(priority),
      handler_(&handler),
      max_width_(max_width) {
  space_.add(*this);
}

MemoryWindow::~MemoryWindow() {
  unmap();
  space_.remove(*this);
}

void MemoryWindow::map(u64 base, u64 size) {
  if (size && base + (size - 1) < base) size = 0 - base;
  if (block_ && size)
    check(offset_ <= block_->size() && size <= block_->size() - offset_,
          "a memory window longer than its block");
  if (!size) base = 0;
  if (base == base_ && size == size_) return;
  base_ = base;
  size_ = size;
  space_.changed();
}

void MemoryWindow::unmap() { map(0, 0); }

void MemoryWindow::set_access(bool reads, bool writes) {
  if (reads == reads_ && writes == writes_) return;
  reads_ = reads;
  writes_ = writes;
  if (mapped()) space_.changed();
}

void MemoryWindow::set_views(u8 views) {
  if (views == views_) return;
  views_ = views;
  if (mapped()) space_.changed();
}

void MemoryWindow::set_offset(u64 offset) {
  if (offset == offset_) return;
  check(block_ && offset <= block_->size() && size_ <= block_->size() - offset,
        "a memory window beyond its block");
  offset_ = offset;
  if (mapped()) space_.changed();
}

// --- ports ---

u32 AddressSpace::in(u16 port, unsigned size) {
  PortWindow* window = port_map_[port];
  if (window) {
    const unsigned offset = unsigned(port) - window->base_;
    if (size <= window->max_width_ && offset + size <= window->size_)
      return u32(low_bytes(window->handler_.io_read(u16(offset), size), size));
  }
  if (size == 1) return 0xff;
  const unsigned half = size / 2;
  const u32 low = in(port, half);
  return low | in(u16(port + half), half) << (8 * half);
}

void AddressSpace::out(u16 port, unsigned size, u32 value) {
  PortWindow* window = port_map_[port];
  if (window) {
    const unsigned offset = unsigned(port) - window->base_;
    if (size <= window->max_width_ && offset + size <= window->size_)
      return window->handler_.io_write(u16(offset), size, u32(low_bytes(value, size)));
  }
  if (size == 1) return;
  const unsigned half = size / 2;
  out(port, half, value);
  out(u16(port + half), half, value >> (8 * half));
}

void AddressSpace::refresh_ports(u16 base, unsigned size) {
  std::fill_n(port_map_.begin() + base, size, nullptr);
  for (PortWindow* window : ports_) {  // the last one wins
    const unsigned from = std::max<unsigned>(base, window->base_);
    const unsigned to = std::min<unsigned>(base + size, window->base_ + window->size_);
    for (unsigned port = from; port < to; ++port) port_map_[port] = window;
  }
}

PortWindow::PortWindow(AddressSpace& space, std::string name, PortPriority priority,
                       IoHandler& handler, unsigned max_width)
    : space_(space),
      name_(std::move(name)),
      priority_(priority),
      handler_(handler),
      max_width_(max_width) {
  insert_ordered(space_.ports_, this,
                 [](const PortWindow* w) { return std::tie(w->priority_, w->name_); });
}

PortWindow::~PortWindow() {
  unmap();
  std::erase(space_.ports_, this);
}

void PortWindow::map(u16 base, unsigned size) {
  size = std::min(size, 65536u - base);
  if (!size) base = 0;
  if (base == base_ && size == size_) return;
  const u16 old_base = base_;
  const unsigned old_size = size_;
  base_ = base;
  size_ = size;
  space_.refresh_ports(old_base, old_size);
  space_.refresh_ports(base, size);
}

void PortWindow::unmap() { map(0, 0); }

}  // namespace reprise
