#include "storage/filter/cluster_map.h"

#include <algorithm>

#include "replay/core/check.h"

namespace reprise {

ClusterState ClusterMap::get(u64 cluster) const {
  const auto page = pages_.find(cluster / kPerPage);
  return page == pages_.end() ? ClusterState::Base : page->second.get(cluster % kPerPage);
}

void ClusterMap::set(u64 first, u64 count, ClusterState state) {
  while (count) {
    const u64 begin = first % kPerPage, piece = std::min(count, kPerPage - begin);
    if (piece == kPerPage) {
      if (state == ClusterState::Base)
        pages_.erase(first / kPerPage);
      else
        pages_[first / kPerPage] = Page{state, {}};
    } else {
      Page& page = pages_[first / kPerPage];
      if (page.bits.empty()) page.bits.assign(kPerPage / 4, u8(unsigned(page.all) * 0x55));
      for (u64 i = begin; i < begin + piece; ++i) {
        u8& byte = page.bits[i / 4];
        const unsigned shift = i % 4 * 2;
        byte = u8((byte & ~(3u << shift)) | unsigned(state) << shift);
      }
    }
    first += piece, count -= piece;
  }
}

u64 ClusterMap::run(u64 first, u64 limit) const {
  check(limit >= 1, "a run of no clusters");
  const ClusterState state = get(first);
  u64 at = first;
  const u64 end = first + limit;
  while (at < end) {
    const auto page = pages_.lower_bound(at / kPerPage);
    const bool here = page != pages_.end() && page->first == at / kPerPage;
    u64 page_end = (at / kPerPage + 1) * kPerPage;
    if (!here && page != pages_.end()) page_end = page->first * kPerPage;
    if (!here && page == pages_.end()) page_end = end;
    if (!here || page->second.bits.empty()) {
      if ((here ? page->second.all : ClusterState::Base) != state) break;
      at = page_end;
      continue;
    }
    const u64 stop = std::min(page_end, end);
    while (at < stop && page->second.get(at % kPerPage) == state) ++at;
    if (at < stop) break;
  }
  return std::min(at, end) - first;
}

u64 ClusterMap::next(u64 first, u64 end) const {
  while (first < end && get(first) == ClusterState::Base) first += run(first, end - first);
  return std::min(first, end);
}

}  // namespace reprise
