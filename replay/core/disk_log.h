// What a recording keeps of disk images, per medium and 64 KiB cluster.
//
// The guest's first read of a cluster pins its hash; before its first overwrite the old content is
// kept. Both are facts about the image when the run began, not events: they have no position.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

// The recorder's end. Called on drives' workers; safe from any thread.
class DiskLog {
 public:
  virtual ~DiskLog() = default;
  // The last cluster of a medium may be short.
  virtual void pin(const std::string& medium, u64 cluster, u64 hash) = 0;
  // Survives a crash of this process when it returns: the image may then be overwritten.
  virtual void keep(const std::string& medium, u64 cluster, std::span<const u8> content) = 0;
  // The contents of all clusters that the guest reads are to be kept too (embed=disks).
  virtual bool embeds() const = 0;
  // False: nobody wants to know, for now.
  virtual bool active() const { return true; }
};

// The replay's end; likewise.
class DiskSource {
 public:
  virtual ~DiskSource() = default;
  // What the cluster held when the run began; none: it was not kept, the image has it.
  virtual Result<std::optional<std::vector<u8>>> kept(const std::string& medium,
                                                      u64 cluster) const = 0;
  // hash64 of that; none: the recorded guest never used the cluster (or the file was cut).
  virtual std::optional<u64> pinned(const std::string& medium, u64 cluster) const = 0;
};

}  // namespace reprise
