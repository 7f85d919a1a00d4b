// What a copy-on-write node knows of each cluster: two bits, in pages that exist only where
// something was said, so that a huge and hardly used disk costs little.
#pragma once

#include <map>
#include <vector>

#include "replay/core/types.h"

namespace reprise {

enum class ClusterState : u8 {
  Base,  // not ours: the base has it
  Top,   // written: the top has it
  Zero,  // discarded: reads as zeros
};

class ClusterMap {
 public:
  ClusterState get(u64 cluster) const;
  void set(u64 first, u64 count, ClusterState state);
  void clear() { pages_.clear(); }
  // How many clusters from `first` on, at most `limit`, have its state; limit >= 1.
  u64 run(u64 first, u64 limit) const;
  // The first cluster from `first` on, but before `end`, that is not Base; else `end`.
  u64 next(u64 first, u64 end) const;

 private:
  static constexpr u64 kPerPage = u64(1) << 15;  // 2 GiB of disk
  // One state for all (no bytes), or four clusters a byte.
  struct Page {
    ClusterState all = ClusterState::Base;
    std::vector<u8> bits;
    ClusterState get(u64 index) const {
      return bits.empty() ? all : ClusterState(bits[index / 4] >> (index % 4 * 2) & 3);
    }
  };
  std::map<u64, Page> pages_;
};

}  // namespace reprise
