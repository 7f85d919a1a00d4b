// A recording out of a part of another: from one of its keyframes (or power-on) to a commit, with
// fewer keyframes.
#pragma once

#include <string>
#include <vector>

#include "replay/trace/host/disk_file.h"
#include "replay/trace/keyframe.h"
#include "tools/reprise/replay_machine.h"

namespace reprise::log {

struct Rewriting {
  std::vector<std::size_t> keyframes;  // those to keep, in order; the first: where it begins
  u64 to = kNever;                     // the last commit at or before this icount is its end
  bool squeeze = false;                // small rather than fast
};

struct Rewritten {
  Position first, last;
  u64 farthest = 0;  // instructions from a keyframe to the next, or to the end
  u64 bytes = 0;
};

// `out` is replaced; it may not be the recording itself. Of a run with keyframes at least one is
// kept.
Result<Rewritten> rewrite(const tools::RecordedRun& run, const Rewriting& how,
                          const std::string& out);

}  // namespace reprise::log
