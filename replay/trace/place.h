// A place in a recording: what a replay has taken of it so far. Part of every state that a replay
// can go on from.
#pragma once

#include <map>
#include <string>

#include "replay/core/types.h"

namespace reprise::trace {

// In the chunks of one type: `taken` records of chunk number `chunk`, and all of those before it.
struct StreamPlace {
  u64 chunk = 0, taken = 0;
};

// What the next hash point depends on, beside the machine.
struct HashPlace {
  Cycles next = 0;
  std::map<std::string, u64> digests;  // of output since the last point, by port
};

struct Place {
  StreamPlace inputs, answers, texts, hashes;
  HashPlace points;
  Position agreed;  // all was equal here
};

}  // namespace reprise::trace
