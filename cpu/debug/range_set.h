// Ranges of addresses, some of which may overlap: which of them does an access meet?
#pragma once

#include <algorithm>
#include <vector>

#include "replay/core/types.h"

namespace reprise::cpu {

class RangeSet {
 public:
  // [first, last]; `tag` is the caller's. build() after the last one.
  void add(u64 first, u64 last, u32 tag) { ranges_.push_back({first, last, last, tag}); }
  void build() {
    std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
      return a.first != b.first ? a.first < b.first : a.tag < b.tag;
    });
    for (std::size_t i = 1; i < ranges_.size(); ++i)
      ranges_[i].reach = std::max(ranges_[i].last, ranges_[i - 1].reach);
  }
  bool empty() const { return ranges_.empty(); }
  bool any(u64 first, u64 last) const {
    const std::size_t end = not_after(last);
    return end > 0 && ranges_[end - 1].reach >= first;
  }
  // Calls `met(tag)` for each range that has an address of [first, last].
  template <class F>
  void each(u64 first, u64 last, F met) const {
    for (std::size_t i = not_after(last); i-- > 0 && ranges_[i].reach >= first;)
      if (ranges_[i].last >= first) met(ranges_[i].tag);
  }

 private:
  struct Range {
    u64 first, last;
    u64 reach;  // the greatest `last` so far
    u32 tag;
  };
  std::size_t not_after(u64 address) const {
    const auto end = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](u64 a, const Range& r) { return a < r.first; });
    return std::size_t(end - ranges_.begin());
  }
  std::vector<Range> ranges_;
};

}  // namespace reprise::cpu
