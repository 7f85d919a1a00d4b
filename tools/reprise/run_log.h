// Where a live run is written as it happens: to a file (-record, record-start, -snapshots), to the
// flight recorder's ring in memory, or nowhere; and the snapshots and branches that the file has.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "replay/timetravel/ring_file.h"
#include "replay/trace/branches.h"
#include "replay/trace/host/disk_file.h"
#include "replay/trace/recorder.h"
#include "tools/reprise/disks.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

class RunLog {
 public:
  RunLog(PcI440fx& machine, Disks& disks, const Options& options);
  ~RunLog();

  // The run begins, at power-on or with -loadvm, and is written to what the options say.
  Result<void> begin();
  // The machine has come here by other ways. From here on, to a new file, or (empty) to the ring.
  // `origin`: what the run parts from, for people.
  Result<void> begin_here(const std::string& file, const trace::HashPlace& points,
                          const std::string& origin);
  // The file ends here, in good order. Nothing is written afterwards.
  Result<void> finish(u32 exit_status);
  // The file is left as it is, and plays up to its last commit; the machine may stand before that.
  void leave();

  trace::Recorder* recorder() const { return recorder_.get(); }  // null: nothing is written
  RingFile* ring() const { return ring_.get(); }                 // null: not to the ring
  const std::string& file() const { return name_; }              // empty: not to a file
  const std::vector<std::span<const u8>>& blobs() const { return blobs_; }
  // Where hash points go on, if nothing is written.
  trace::HashPlace points() const;

  // Snapshots, in the file. Loading one begins a branch.
  Result<void> save(const std::string& name, const std::string& date);
  Result<void> load(const std::string& name, const std::string& date);
  Result<void> remove(const std::string& name);
  const std::vector<trace::Snapshot>& snapshots() const { return snapshots_; }
  const std::vector<trace::Branch>& branches() const { return branches_; }
  u32 branch() const { return branch_; }

  // Told of each keyframe in the file.
  std::function<void(Position at, u64 bytes)> on_keyframe;

 private:
  trace::RecordingHeader header() const;
  Result<void> open_new(const std::string& file);
  Result<void> open_ring();
  Result<void> open_snapshots();
  void attach();
  Result<void> need_file() const;
  trace::Recorder::Options recorder_options();
  Result<trace::Place> go_to(u32 branch, u32 keyframe, bool& changed);
  Result<void> take_branch(trace::Branch branch, const trace::Place* from);

  PcI440fx& machine_;
  Disks& disks_;
  const Options& options_;
  std::vector<std::span<const u8>> blobs_;
  std::string name_, origin_;
  std::unique_ptr<trace::DiskFile> file_;
  std::unique_ptr<RingFile> ring_;
  std::unique_ptr<trace::Recorder> recorder_;
  std::vector<trace::Snapshot> snapshots_;
  std::vector<trace::Branch> branches_;
  u32 branch_ = 0;
  bool in_branch_ = false;  // false: the file goes on, and this run has no branch yet
};

// The host's date, ISO 8601.
std::string date_now();

}  // namespace reprise::tools
