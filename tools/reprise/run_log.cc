#include "tools/reprise/run_log.h"

#include <ctime>

#include "tools/reprise/replay_options.h"
#include "tools/reprise/version.h"

namespace reprise::tools {

std::string date_now() {
  const std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%FT%TZ", std::gmtime(&now));
  return text;
}

RunLog::RunLog(PcI440fx& machine, Disks& disks, const Options& options)
    : machine_(machine), disks_(disks), options_(options) {
  for (const auto& [role, blob] : options.config.blobs) blobs_.emplace_back(*blob);
}

RunLog::~RunLog() {
  disks_.drain();  // workers tell the recorder
  disks_.record(nullptr);
}

trace::RecordingHeader RunLog::header() const {
  trace::RecordingHeader header;
  header.machine = options_.config.to_json();
  header.build = kVersion;
  header.created = date_now();
  header.origin = origin_;
  return header;
}

trace::Recorder::Options RunLog::recorder_options() {
  trace::Recorder::Options how;
  how.embed_disks = options_.embed_disks;
  how.keyframe_spacing = name_.empty() ? 0 : options_.keyframes;
  if (name_.empty()) return how;
  how.media = [this] { return disks_.written_media(); };
  how.say_disks = [this](u32 keyframe) { disks_.say(keyframe, recorder_->disks()); };
  how.on_keyframe = [this](Position at, u64 bytes) {
    if (on_keyframe) on_keyframe(at, bytes);
  };
  return how;
}

// Only when all else is in order: a mistake elsewhere must not have emptied an older recording.
Result<void> RunLog::begin() {
  if (!options_.snapshots.empty()) {
    TRY(open_snapshots());
  } else if (!options_.record.empty()) {
    TRY(open_new(options_.record));
  } else if (options_.flight_recorder) {
    TRY(open_ring());
  }
  return {};
}

void RunLog::attach() { disks_.record(&recorder_->disks()); }

Result<void> RunLog::open_new(const std::string& file) {
  auto opened = TRY(trace::DiskFile::create(file));
  name_ = file;
  file_ = std::move(opened);
  recorder_ = std::make_unique<trace::Recorder>(machine_, *file_, header(), recorder_options());
  branches_.assign(1, {});
  branch_ = 0;
  in_branch_ = true;
  TRY(recorder_->begin(blobs_));
  attach();
  return {};
}

Result<void> RunLog::open_ring() {
  ring_ = std::make_unique<RingFile>();
  recorder_ = std::make_unique<trace::Recorder>(machine_, *ring_, header(), recorder_options());
  return recorder_->begin({});
}

Result<void> RunLog::begin_here(const std::string& file, const trace::HashPlace& points,
                                const std::string& origin) {
  leave();
  origin_ = origin;
  if (!file.empty()) {
    TRY(open_new(file));
    recorder_->here(points);
    TRY(recorder_->keyframe());
  } else if (options_.flight_recorder) {
    TRY(open_ring());
    recorder_->here(points);
  }
  return {};
}

trace::HashPlace RunLog::points() const {
  if (recorder_) return recorder_->points();
  const Cycles now = machine_.position().cycles;
  return {(now / trace::kHashInterval + 1) * trace::kHashInterval, {}};
}

void RunLog::leave() {
  disks_.drain();
  disks_.record(nullptr);
  recorder_.reset();
  file_.reset();
  ring_.reset();
  name_.clear();
  snapshots_.clear();
  branches_.clear();
  branch_ = 0;
}

Result<void> RunLog::finish(u32 exit_status) {
  disks_.drain();  // what the guest has written still keeps what was there before
  disks_.record(nullptr);
  return file_ ? recorder_->finish(exit_status) : Result<void>();
}

// --- snapshots and branches ---

// The file of earlier runs goes on with this one, as another branch.
Result<void> RunLog::open_snapshots() {
  const std::string& file = options_.snapshots;
  const std::string what = "-snapshots " + file + ": ";
  auto opened = trace::DiskFile::extend(file);
  if (!opened) return fail("-snapshots: " + opened.error().message);
  if ((*opened)->size() == 0) {
    if (!options_.loadvm.empty())
      return fail(what + "there is no snapshot '" + options_.loadvm + "': the file is new");
    opened->reset();
    return open_new(file);
  }
  auto known = trace::Recording::open(**opened);
  if (!known) return fail(what + known.error().message);
  std::set<Hash128> blobs = TRY(known->blobs());
  TRY((*opened)->cut(known->whole_bytes()));
  name_ = file;
  file_ = std::move(*opened);
  recorder_ = std::make_unique<trace::Recorder>(machine_, *file_, header(), recorder_options());
  recorder_->resume(u32(known->chunks().size()), std::move(blobs));
  branches_ = known->branches();
  snapshots_ = known->snapshots();
  if (!options_.loadvm.empty()) {
    attach();
    return load(options_.loadvm, date_now());
  }
  trace::Branch own;
  own.date = date_now();
  own.header = header().to_json();
  TRY(take_branch(std::move(own), nullptr));
  attach();
  return {};
}

Result<void> RunLog::take_branch(trace::Branch branch, const trace::Place* from) {
  if (branches_.size() >= trace::kMaxBranches)
    return fail("the file has " + std::to_string(branches_.size()) + " branches: use another");
  const u32 number = u32(branches_.size());
  TRY(recorder_->branch(number, branch, from, from ? decltype(blobs_)() : blobs_));
  branches_.push_back(std::move(branch));
  branch_ = number;
  in_branch_ = true;
  return {};
}

Result<void> RunLog::need_file() const {
  if (file_ && recorder_->error()) return *recorder_->error();
  if (file_) return {};
  return fail(
      "a snapshot needs a file: start with -snapshots FILE or -record FILE, or use record-start");
}

Result<void> RunLog::save(const std::string& name, const std::string& date) {
  TRY(need_file());
  if (name.empty() || name.size() > trace::Snapshot::kMaxName)
    return fail("a snapshot's name has 1 to " + std::to_string(trace::Snapshot::kMaxName) +
                " bytes");
  trace::Snapshot snapshot;
  snapshot.name = name;
  snapshot.date = date;
  snapshot.branch = branch_;
  snapshot.at = machine_.position();
  snapshot.keyframe = TRY(recorder_->keyframe());
  TRY(recorder_->name(snapshot));
  disks_.drain();  // whoever is told that it is kept may rely on it
  std::erase_if(snapshots_, [&](const auto& one) { return one.name == name; });
  snapshots_.push_back(std::move(snapshot));
  return {};
}

Result<void> RunLog::remove(const std::string& name) {
  TRY(need_file());
  trace::Snapshot gone;
  gone.name = name;
  if (std::erase_if(snapshots_, [&](const auto& one) { return one.name == name; }) == 0)
    return fail("there is no snapshot '" + name + "'");
  return recorder_->name(gone);
}

// Machine and disks become what they were there. `changed`: not only an error has come of it.
Result<trace::Place> RunLog::go_to(u32 branch, u32 keyframe, bool& changed) {
  const auto run = TRY(trace::Recording::open(*file_, trace::Recording::Kind::File, branch));
  TRY(same_machine(run.header().machine, options_.config));
  auto index = TRY(trace::DiskIndex::open(run));
  auto frames = TRY(trace::Keyframes::open(run, &index));
  const auto frame = frames.find(keyframe);
  if (!frame) return fail("it is not whole: its run ended before its disks were kept");
  changed = true;
  TRY(disks_.restore(index, keyframe));
  trace::Place place = TRY(frames.load(*frame, machine_));
  TRY(disks_.all_there());
  return place;
}

Result<void> RunLog::load(const std::string& name, const std::string& date) {
  TRY(need_file());
  const trace::Snapshot* snapshot = nullptr;
  for (const trace::Snapshot& one : snapshots_)
    if (one.name == name) snapshot = &one;
  if (!snapshot) return fail("there is no snapshot '" + name + "' in " + name_);
  std::optional<u32> here;  // where the machine can go back to
  if (in_branch_) here = TRY(recorder_->keyframe());
  disks_.drain();  // what they held at keyframes is in the file
  bool changed = false;
  const Result<trace::Place> place = go_to(snapshot->branch, snapshot->keyframe, changed);
  if (!place) {
    const Error error = fail("snapshot '" + name + "': " + place.error().message);
    if (!changed || !here) return error;
    const Result<trace::Place> back = go_to(branch_, *here, changed);
    if (back) return error;
    return fail(error.message + "; and the machine is not what it was: " + back.error().message);
  }
  trace::Branch branch;
  branch.parent = snapshot->branch;
  branch.state = snapshot->keyframe;
  branch.from = snapshot->at;
  branch.name = name;
  branch.date = date;
  return take_branch(std::move(branch), &*place);
}

}  // namespace reprise::tools
