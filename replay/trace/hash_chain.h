// The chain of hashes of a run: taken by recording and by replay alike, at the same positions.
//
// Hash points: the first boundary at which the loop finds cycles at or past a multiple of the
// interval. While the machine is idle the loop stands only at timers' deadlines and at inputs, so a
// jump over several multiples gives one point, at its end. At a position, the point comes first,
// then inputs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "replay/core/hash.h"
#include "replay/trace/place.h"
#include "replay/trace/reader.h"

namespace reprise::trace {

// What is hashed: devices, memory, and for each Digest port what it put out since the last point.
class HashPoints {
 public:
  HashPoints(Machine& machine, Cycles interval)
      : hash_(machine), interval_(interval), next_(interval) {}

  Cycles next() const { return next_; }
  HashPlace place() const { return {next_, digests_}; }
  void go(const HashPlace& place) {
    next_ = place.next;
    digests_ = place.digests;
  }
  void output(Position at, const Port& port, std::span<const u8> bytes);
  MachineHashes look();  // as take(), and nothing starts anew
  MachineHashes take();  // digests start anew

 private:
  MachineHash hash_;
  Cycles interval_, next_;
  std::map<std::string, u64> digests_;
};

// HASH chunk: records of varint icount and cycles since the record before, varint number of
// entries, entries. An entry: varint (part << 1 | gone), the name if the part is new in this chunk,
// u64 value unless gone. Parts that are as in the record before are left out; the first record of a
// chunk has them all.
class HashWriter {
 public:
  void add(const MachineHashes& hashes);
  const std::vector<u8>& data() const { return out_.data(); }
  void restart(Position first);

 private:
  ByteWriter out_;
  Position last_;
  std::map<std::string, u64> values_;
  std::map<std::string, u64> ids_;
};

class HashStream {
 public:
  explicit HashStream(const Recording& recording) : recording_(recording), in_({}) {}
  const MachineHashes* peek();  // parts in order of name; null: no more, or error
  void pop() {
    have_ = false;
    ++taken_;
  }
  StreamPlace place();
  void go(StreamPlace place);
  const std::string& error() const { return error_; }

 private:
  bool open_next();
  bool decode();
  const Recording& recording_;
  std::size_t chunk_ = 0;  // the next to be opened
  u64 taken_ = 0;          // of the chunk before it
  std::vector<u8> payload_;
  ByteReader in_;
  Position last_, limit_;
  std::map<std::string, u64> values_;
  std::vector<std::string> names_;
  bool have_ = false;
  MachineHashes record_;
  std::string error_;
};

// Names of the parts that are not the same in both.
std::vector<std::string> differing_parts(const std::vector<HashPart>& a,
                                         const std::vector<HashPart>& b);

}  // namespace reprise::trace
