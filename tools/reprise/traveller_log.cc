// What a traveller does with files: recordings begun, ended and saved, snapshots, going on live.
#include "replay/trace/host/disk_file.h"
#include "tools/reprise/traveller_past.h"

namespace reprise::tools {

Result<void> Traveller::at_present(const char* command) const {
  const std::string what = std::string(command) + ": ";
  if (replay_) return fail(what + "a recording is played; replay-live goes on from here");
  if (past_) return fail(what + "go to the present first (replay-seek to the end)");
  if (journey_ || live_done_) return fail(what + "a journey is under way: stop ends it");
  return {};
}

// The machine stands at the oldest mark: a recording that begins there, with all that came since.
Result<void> Traveller::save_past(RecordingFile& file) {
  trace::ChunkWriter writer(file);
  const std::string json = log_->recorder()->header().to_json();
  TRY(writer.begin());
  TRY(writer.chunk(trace::kHead, {}, {}, {reinterpret_cast<const u8*>(json.data()), json.size()}));
  for (const std::span<const u8> blob : log_->blobs()) TRY(writer.blob(blob));
  trace::DiskRecorder disks(writer, false);
  disks_.keep_changed(disks);
  // States of the way, too; of disks that are written only the first is known here.
  const std::size_t states = disks_.written_media().empty() ? timeline_.marks().size() : 1;
  const u32 first = timeline_.marks().front().place.inputs.chunk;
  trace::KeyframeWriter keyframes(machine_, writer);
  std::size_t next = 0;
  const auto keep_states = [&](u32 before) -> Result<void> {
    for (; next < states && timeline_.marks()[next].place.inputs.chunk <= before; ++next) {
      const Arrival there = past_->travel->to_mark(next);
      if (there.why == Arrival::Why::Failed) return fail(there.message);
      const trace::HashPlace& points = timeline_.marks()[next].place.points;
      TRY(keyframes.write(writer.next_number(), points, {}));
    }
    return {};
  };
  TRY(keep_states(first));
  const trace::Recording& log = past_->recording;
  for (const trace::Chunk& chunk : log.chunks()) {
    const trace::ChunkHeader& header = chunk.header;
    const bool events =
        header.type == trace::kInput || header.type == trace::kText || header.type == trace::kHash;
    if (!events || header.number < first) continue;
    TRY(keep_states(header.number));
    TRY(writer.chunk(header.type, header.first, header.last, TRY(log.payload(chunk))));
  }
  if (const auto error = writer.error()) return *error;
  leave_past();
  const Position at = machine_.position();
  TRY(writer.index(at));
  TRY(writer.chunk(trace::kEnd, at, at, log_->recorder()->end_here(0).encode()));
  return writer.sync();
}

Result<void> Traveller::record_save(const std::string& file) {
  if (replay_) return fail("record-save: a recording is played; copy its file");
  TRY(at_present("record-save"));
  auto out = TRY(trace::DiskFile::create(file));
  TRY(enter_past());
  past_->travel->to_mark(0);
  Result<void> saved = save_past(*out);
  if (past_) leave_past();
  return saved;
}

Result<void> Traveller::record_start(const std::string& file) {
  TRY(at_present("record-start"));
  if (!log_->file().empty())
    return fail("record-start: the run is recorded to " + log_->file() + "; record-stop ends that");
  const trace::HashPlace points = log_->points();
  const std::string from = trace::text(machine_.position());
  const Result<void> begun = log_->begin_here(file, points, "a run, at " + from);
  forget_past("the recording began here");
  if (!begun) TRY(log_->begin_here("", points, ""));
  at_boundary();  // the past begins here, not where the next slice ends
  return begun;
}

Result<void> Traveller::record_stop() {
  TRY(at_present("record-stop"));
  const std::string file = log_->file();
  if (file.empty()) return fail("record-stop: the run is not recorded to a file");
  const trace::HashPlace points = log_->points();
  const Result<void> finished = log_->finish(0);
  forget_past("the recording ended here");
  TRY(log_->begin_here("", points, ""));
  at_boundary();
  if (!finished) return finished;
  on_file_left(file, "");
  return {};
}

// --- snapshots ---

Result<void> Traveller::save_snapshot(const std::string& name) {
  TRY(at_present("savevm"));
  return log_->save(name, date_now());
}

Result<void> Traveller::load_snapshot(const std::string& name) {
  if (replay_) {
    const trace::Snapshot* snapshot = recording_->snapshot(name);
    if (!snapshot) return fail("there is no snapshot '" + name + "' in this recording");
    if (!keyframes_->find(snapshot->keyframe))
      return fail("snapshot '" + name + "' is of branch " + std::to_string(snapshot->branch) +
                  ", and this is branch " + std::to_string(recording_->branch()) +
                  ": -replay FILE,branch=N chooses");
    return seek({TravelTarget::Kind::Icount, snapshot->at.icount, 0}, on_stop);
  }
  if (past_) leave_past();
  TRY(at_present("loadvm"));
  TRY(log_->load(name, date_now()));
  forget_past("a snapshot was loaded here");
  if (keeps_past()) timeline_.mark(log_->recorder()->commit());
  machine_.clear_exit_status();
  arm_live();
  on_leap();
  return {};
}

Result<void> Traveller::delete_snapshot(const std::string& name) {
  if (replay_) return fail("delvm: a recording is played, and is not changed");
  return log_->remove(name);
}

std::vector<SnapshotInfo> Traveller::snapshots() const {
  std::vector<SnapshotInfo> all;
  const auto& known = replay_ ? recording_->snapshots() : log_->snapshots();
  for (const trace::Snapshot& one : known) all.push_back({one.name, one.at, one.date, one.branch});
  return all;
}

std::vector<BranchInfo> Traveller::branches() const {
  std::vector<BranchInfo> all;
  const auto& known = replay_ ? recording_->branches() : log_->branches();
  const u32 current = replay_ ? recording_->branch() : log_->branch();
  for (const trace::Branch& one : known) {
    const u32 number = u32(all.size());
    all.push_back({number, one.name, one.date, one.parent, one.from, number == current});
  }
  return all;
}

Result<void> Traveller::checkpoint() {
  TRY(at_present("checkpoint-now"));
  if (log_->file().empty())
    return fail("checkpoint-now: the run is not recorded to a file; record-start begins that");
  TRY(log_->recorder()->keyframe());
  return {};
}

// --- live again ---

Result<void> Traveller::go_live(const LiveTarget& target) {
  if (!replay_ && !past_) return fail("replay-live: the run is live already");
  if (journey_) return fail("replay-live: a journey is under way: stop ends it");
  if (live_target_) return fail("replay-live: it is about to go on live");
  if (replayer_ && replayer_->failed())
    return fail("replay-live: this is not the recorded run any more; go back to where it was");
  if (past_ && !target.disks.empty())
    return fail("replay-live: a run that goes on from its past keeps its images");
  for (const auto& [drive, file] : target.disks) TRY(disks_.move_to(drive, file));
  if (past_) TRY(disks_.take_past());
  live_target_ = target;
  return {};
}

Result<void> Traveller::become_live(RunLog& log) {
  check(live_target_.has_value(), "nobody wants the run live");
  const LiveTarget target = std::move(*live_target_);
  live_target_.reset();
  const trace::HashPlace points = (past_ ? past_->replayer : *replayer_).place().points;
  const std::string left = past_ ? log_->file() : "";
  const std::string origin = (target.name.empty() ? "" : target.name + ": ") +
                             (replay_ ? "from " + file_ + ", " : "from a run, ") +
                             trace::text(machine_.position());
  past_.reset();
  replay_.reset();
  replayer_.reset();
  keyframes_.reset();
  machine_.door().mirror_output(false);
  machine_.clear_exit_status();
  log_ = &log;
  forget_past("the run went on live from here");
  const Result<void> begun = log.begin_here(target.file, points, origin);
  if (!begun) TRY(log.begin_here("", points, origin));
  arm_live();
  on_leap();
  if (!left.empty()) on_file_left(left, "replay-live: the run has gone on from its past");
  return begun;
}

}  // namespace reprise::tools
