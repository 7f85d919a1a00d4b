// Branches and named snapshots of a recording.
//
//   BRCH  the chunk's header has the new branch's number: one more than the last
//         varint 1 + number of the branch that it parts from, 0: a run that began by itself
//         varint number of the KEYF that it goes on from; of a run that began by itself: 0
//         string name, string date (of the host); string JSON as in HEAD, empty: as the parent's
//   SNAP  string name, varint number of its KEYF, 0: the name is not used any more; string date
//
// The run that a file begins with is branch 0 and has no BRCH. A branch is played from the
// beginning: what its ancestors have up to the state that it goes on from, then its own. What DISK
// and PINS say holds for all runs from then on: nobody else is to write to the images meanwhile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "replay/core/result.h"
#include "replay/trace/format.h"

namespace reprise::trace {

struct Branch {
  std::optional<u32> parent;
  u32 state = 0;  // number of the KEYF that it goes on from
  u32 begin = 0;  // number of its BRCH; 0: of branch 0
  std::string name, date;
  std::string header;  // JSON; empty: the parent's
  Position from;       // of `state`; not in the chunk's payload

  std::vector<u8> encode() const;
  static Result<Branch> decode(std::span<const u8> payload);
};

struct Snapshot {
  static constexpr std::size_t kMaxName = 255;
  std::string name;
  u32 keyframe = 0;  // number of its KEYF
  std::string date;
  // Not in the chunk's payload.
  u32 branch = 0;
  Position at;

  std::vector<u8> encode() const;
  static Result<Snapshot> decode(std::span<const u8> payload);
};

inline constexpr std::size_t kMaxBranches = 1 << 16;

// Whether a chunk of number, branch and type is part of the run that a branch is.
class Lineage {
 public:
  Lineage(const std::vector<Branch>& branches, u32 branch);
  bool has(const ChunkHeader& header) const;
  u32 root() const { return parts_.back().branch; }

 private:
  struct Part {
    u32 branch;
    u32 last;  // number of the last chunk that counts
  };
  std::vector<Part> parts_;  // from the branch to its root
  u32 root_begin_;
};

}  // namespace reprise::trace
