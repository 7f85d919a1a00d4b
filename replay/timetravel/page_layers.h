// The machine's memory, layered: what pages held at each mark.
#pragma once

#include <compare>
#include <memory>

#include "replay/core/layered.h"
#include "replay/core/pages.h"

namespace reprise {

class PageLayers final : public Layered, public PageKeeper {
 public:
  explicit PageLayers(PageStore& pages) : pages_(pages) {}
  ~PageLayers() override { pages_.keep_pages(nullptr); }

  void mark() override;
  void adopt() override;
  void go(std::size_t mark) override;
  void forget(std::size_t mark) override;
  void clear() override;
  u64 bytes() const override;
  void keep(MemoryBlock& block, u64 page) override;

 private:
  // Blocks are ordered by name: the order in which pages are put back is the same on every host.
  struct Place {
    MemoryBlock* block = nullptr;
    u64 page = 0;
    friend std::strong_ordering operator<=>(const Place& a, const Place& b) {
      if (a.block != b.block) return a.block->name() <=> b.block->name();
      return a.page <=> b.page;
    }
  };
  using Copy = std::unique_ptr<u8[]>;  // null: zeros
  static Copy copy_of(const MemoryBlock& block, u64 page);

  PageStore& pages_;
  LayerStack<Place, Copy> layers_;
  mutable u64 bytes_ = 0;
  mutable bool counted_ = true;  // bytes_ is right
};

}  // namespace reprise
