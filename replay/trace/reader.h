// Opens a recording: checks every byte of it, and finds where it ends.
//
// A file may be cut anywhere (the recorder died): what is whole is used. A file in which bytes were
// changed is refused. A recording is hostile input: sizes are bounded before anything is allocated.
// Of a file with branches, one is looked at as if it were alone: chunks that are not part of it
// have type 0.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "replay/core/hash.h"
#include "replay/core/result.h"
#include "replay/trace/branches.h"
#include "replay/trace/file.h"
#include "replay/trace/format.h"

namespace reprise::trace {

struct RecordingHeader {
  std::string machine;  // canonical JSON; nothing here looks inside
  std::string build;    // of the program that recorded
  std::string created;  // date on the host
  Cycles hash_interval = kHashInterval;
  std::string origin = {};  // for people: what the run parted from; empty: it began by itself

  std::string to_json() const;
  static Result<RecordingHeader> from_json(std::string_view text);
};

// How a recording ended in good order.
struct RecordingEnd {
  u32 exit_status = 0;
  std::vector<HashPart> parts;
  Hash128 total;

  std::vector<u8> encode() const;
  static Result<RecordingEnd> decode(std::span<const u8> payload);
};

struct Chunk {
  ChunkHeader header;
  u64 offset = 0;  // of the header in the file
};

class Recording {
 public:
  // `file` must outlive the recording. Of a ring, chunks behind the header may have gone: their
  // numbers go on at the first that is there. `branch`: none: the one begun last.
  enum class Kind { File, Ring };
  static Result<Recording> open(const RecordingFile& file, Kind kind = Kind::File,
                                std::optional<u32> branch = {});

  const RecordingHeader& header() const { return header_; }
  const std::vector<Chunk>& chunks() const { return chunks_; }
  // What is added to a chunk's index, but the first one's, to give its number.
  u64 shift() const { return shift_; }
  // Where replay stops: the end of the run, or the last position of which all is known.
  Position last() const { return last_; }
  const std::optional<RecordingEnd>& end() const { return end_; }  // absent: the run was cut
  u64 whole_bytes() const { return whole_; }                       // behind which the file was cut

  u32 branch() const { return branch_; }
  const std::vector<Branch>& branches() const { return branches_; }
  // Where it has got to.
  Position branch_last(u32 branch) const { return ends_[branch].last; }
  // By name, as they are in the end; of all branches.
  const std::vector<Snapshot>& snapshots() const { return snapshots_; }
  const Snapshot* snapshot(const std::string& name) const;

  // A chunk's payload, decompressed.
  Result<std::vector<u8>> payload(const Chunk& chunk) const;
  // Those that are there.
  Result<std::set<Hash128>> blobs() const;
  // A content by its hash, of at most `limit` bytes.
  Result<std::vector<u8>> blob(const Hash128& hash, u64 limit) const;

 private:
  explicit Recording(const RecordingFile& file) : file_(&file) {}
  Result<void> check_file_head();
  Result<void> scan();
  Result<bool> begins_another(u64 offset) const;
  Result<bool> scan_chunk(u64 offset, Chunk& chunk);  // false: cut here
  Result<void> accept(const Chunk& chunk);
  Result<void> accept_branch(const Chunk& chunk);
  Result<void> accept_snapshot(const Chunk& chunk);
  Result<void> select(std::optional<u32> branch);
  const Chunk* keyframe(u32 number) const;  // null: there is none with this number

  const RecordingFile* file_;
  Kind kind_ = Kind::File;
  u64 shift_ = 0, whole_ = 0;
  RecordingHeader header_;
  std::vector<Chunk> chunks_;
  Position last_;
  std::optional<RecordingEnd> end_;
  // By branch.
  struct RunEnd {
    Position last;
    std::optional<RecordingEnd> end;
  };
  u32 branch_ = 0;
  std::vector<Branch> branches_;
  std::vector<RunEnd> ends_;
  std::vector<Snapshot> snapshots_;
};

}  // namespace reprise::trace
