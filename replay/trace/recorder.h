// Writes a run to a recording as it happens.
//
// A write error (the disk is full) ends the recording, not the run: what was committed stays good.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "replay/trace/branches.h"
#include "replay/trace/disk_chunks.h"
#include "replay/trace/events.h"
#include "replay/trace/hash_chain.h"
#include "replay/trace/keyframe.h"
#include "replay/trace/writer.h"

namespace reprise::trace {

class Recorder final : public DoorLog {
 public:
  struct Options {
    bool embed_disks = false;
    u64 keyframe_spacing = kKeyframeSpacing;  // icounts; 0: no keyframes
    // Media that are written; and, a keyframe's chunk being given: now is the time to say of each,
    // by disks().held(), what it holds.
    std::function<std::vector<std::string>()> media = {};
    std::function<void(u32 keyframe)> say_disks = {};
    // Told of each keyframe, and the bytes of the file that it took.
    std::function<void(Position at, u64 bytes)> on_keyframe = {};
  };
  // Attaches to the machine's door until destroyed; `file` is new and empty.
  Recorder(Machine& machine, RecordingFile& file, const RecordingHeader& header, Options options);
  Recorder(Machine& machine, RecordingFile& file, const RecordingHeader& header)
      : Recorder(machine, file, header, Options{}) {}
  ~Recorder() override;

  // Before the run: the head, and the contents the machine starts from.
  Result<void> begin(const std::vector<std::span<const u8>>& blobs);
  // Instead: behind what a file has. branch() follows.
  void resume(u32 next, std::set<Hash128> blobs);
  // The run has come here without this recorder; hash points go on as they were. The log begins
  // here; a file needs a keyframe here, too.
  void here(const HashPlace& points);
  // What was recorded so far is left: a new branch begins, with the machine as it is now. `from`:
  // what loading the keyframe that it goes on from gave; null: the machine is as built.
  Result<void> branch(u32 number, const Branch& branch, const Place* from,
                      const std::vector<std::span<const u8>>& blobs = {});
  Result<void> name(const Snapshot& snapshot);
  // What the drives' workers tell of their images, until finish().
  DiskRecorder& disks() { return disks_; }
  // The loop's half.
  Cycles next_hash() const { return points_.next(); }
  void hash_point();
  // At a boundary of which nothing was done yet.
  bool keyframe_due() const {
    return open() && options_.keyframe_spacing && machine_.position().icount >= next_keyframe_;
  }
  // Its number.
  Result<u32> keyframe();
  // Writes what is collected. Where a replay that begins here goes on.
  Place commit();
  const RecordingFile& file() const { return file_; }
  const RecordingHeader& header() const { return header_; }
  const HashPlace points() const { return points_.place(); }
  // What an END here would say.
  RecordingEnd end_here(u32 exit_status);
  void tick();  // at a boundary: writes what is collected, if it is much or old
  // The end of the run, in good order.
  Result<void> finish(u32 exit_status);
  // The hash of the last hash point, or of the end.
  const MachineHashes& last_hashes() const { return last_hashes_; }
  const std::optional<Error>& error() const { return error_; }

  void input(Position at, const Port& port, std::span<const u8> bytes) override;
  void answer(Position at, const Port& port, u64 value) override;
  void output(Position at, const Port& port, std::span<const u8> bytes) override;

 private:
  void restart(Position at);
  void room(Position at, std::size_t bytes);  // flushes early rather than outgrow a chunk
  void flush(Position at);
  void say_used();  // since the last keyframe
  void stopped(const Error& error);
  void write(u32 type, Position at, std::span<const u8> payload);
  bool open() const { return begun_ && !error_; }

  Machine& machine_;
  RecordingFile& file_;
  ChunkWriter writer_;
  DiskRecorder disks_;
  RecordingHeader header_;
  HashPoints points_;
  KeyframeWriter keyframes_;
  const Options options_;
  u64 next_keyframe_ = 0;
  std::optional<Position> last_keyframe_;
  EventWriter inputs_, texts_;
  HashWriter hashes_;
  MachineHashes last_hashes_;
  Position committed_;
  bool begun_ = false;
  std::optional<Error> error_;
};

}  // namespace reprise::trace
