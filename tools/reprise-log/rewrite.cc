#include "tools/reprise-log/rewrite.h"

#include <cstdio>
#include <filesystem>
#include <set>

#include "replay/trace/usage_chunk.h"
#include "tools/reprise-log/recording.h"

namespace reprise::log {
namespace {

using tools::RecordedRun;
using tools::ReplayMachine;
using trace::Chunk;

bool is_event(u32 type) {
  return type == trace::kInput || type == trace::kText || type == trace::kHash;
}

class Rewriter {
 public:
  Rewriter(const RecordedRun& run, const Rewriting& how, ReplayMachine& machine,
           const trace::DiskIndex& disks, RecordingFile& file)
      : recording_(run.recording()),
        how_(how),
        machine_(machine),
        frames_(machine.keyframes()),
        disks_(disks),
        writer_(file),
        said_(writer_, false),
        states_(machine.machine(), writer_) {}

  Result<Rewritten> go() {
    if (how_.squeeze) writer_.squeeze();
    TRY(writer_.begin());
    const std::string head = recording_.header().to_json();
    TRY(writer_.chunk(trace::kHead, {}, {},
                      {reinterpret_cast<const u8*>(head.data()), head.size()}));
    for (const Chunk& chunk : recording_.chunks())
      if (chunk.header.type == trace::kBlob) TRY(copy_of(chunk));
    TRY(disks_at_first());
    if (!how_.keyframes.empty()) TRY(keyframe(0));
    Progress progress("write");
    for (const Chunk& chunk : recording_.chunks()) {
      progress.at(double(chunk.header.number) / double(recording_.chunks().size()));
      TRY(take(chunk));
    }
    if (!begun_) return fail("nothing was committed between these positions");
    if (!how_.keyframes.empty()) {
      std::size_t end = how_.keyframes[taken_ - 1] + 1;
      while (end < frames_.count() && frames_.at(end) < result_.last) ++end;
      TRY(say_used(how_.keyframes[taken_ - 1], end, result_.last));
    }
    if (const auto error = writer_.error()) return *error;
    return result_;
  }

  bool whole() const { return result_.last == recording_.last(); }

  Result<void> end(const trace::RecordingEnd& end) {
    TRY(writer_.index(result_.last));
    TRY(writer_.chunk(trace::kEnd, result_.last, result_.last, end.encode()));
    return {};
  }

 private:
  Result<u32> copy_of(const Chunk& chunk) {
    const std::vector<u8> payload = TRY(recording_.payload(chunk));
    return writer_.chunk(chunk.header.type, chunk.header.first, chunk.header.last, payload);
  }

  // What media held where it begins: as for a run that began there.
  Result<void> disks_at_first() {
    if (how_.keyframes.empty()) return {};
    const u32 first = frames_.chunk(how_.keyframes.front());
    for (const std::string& medium : disks_.media())
      TRY(disks_.written(medium, 0, first, [&](u64 cluster, std::span<const u8> content) {
        kept_.insert({medium, cluster});
        said_.keep(medium, cluster, content);
        return Result<void>();
      }));
    return {};
  }

  // The state of a keyframe, as what changed since the one that was written before.
  Result<void> keyframe(std::size_t index) {
    const std::size_t frame = how_.keyframes[index];
    TRY(machine_.load(frame));
    const Position at = frames_.at(frame);
    if (index == 0) {
      result_.first = result_.last = since_ = at;
    } else if (result_.last != at) {
      return fail("the recording is damaged: a keyframe at " + trace::text(at) +
                  " stands where the run is at " + trace::text(result_.last));
    }
    if (index > 0) TRY(say_used(how_.keyframes[index - 1], frame, at));
    const trace::Place place = machine_.replayer().place();
    if (index == 0) from_ = place.inputs.chunk;
    // The first one's media hold what DISK chunks say.
    const auto media = index == 0 ? std::vector<std::string>() : frames_.media(frame);
    const u32 chunk = TRY(states_.write(writer_.next_number(), place.points, media));
    for (const std::string& medium : media) {
      u64 clusters = 0;
      const u32 behind = frames_.chunk(how_.keyframes[index - 1]);
      TRY(disks_.written(medium, behind, frames_.chunk(frame),
                         [&](u64 cluster, std::span<const u8> content) {
                           said_.held(medium, chunk, cluster, content);
                           ++clusters;
                           return Result<void>();
                         }));
      said_.held_all(medium, chunk, clusters);
    }
    note_distance(at);
    since_ = at;
    ++taken_;
    for (trace::Snapshot one : recording_.snapshots()) {
      if (one.keyframe != frames_.chunk(frame)) continue;
      one.keyframe = chunk;
      TRY(writer_.chunk(trace::kSnapshot, at, at, one.encode()));
    }
    return {};
  }

  // What was used from one kept keyframe up to another that is not behind it, or the end.
  Result<void> say_used(std::size_t from, std::size_t to, Position at) {
    const auto all = std::make_unique<Usage>();
    for (std::size_t frame = from; frame < to; ++frame)
      if (!frames_.add_used(frame, *all)) return {};
    TRY(writer_.chunk(trace::kUsed, since_, at, trace::encode_usage(*all)));
    return {};
  }

  Result<void> take(const Chunk& chunk) {
    const trace::ChunkHeader& header = chunk.header;
    if (is_event(header.type)) {
      if (header.number < from_ || header.last.icount > how_.to) return {};
      TRY(copy_of(chunk));
      if (header.type != trace::kInput) return {};
      begun_ = true;
      result_.last = header.last;
      note_distance(header.last);
    } else if (header.type == trace::kKeyframe) {
      if (taken_ < how_.keyframes.size() && header.last.icount <= how_.to &&
          frames_.chunk(how_.keyframes[taken_]) == header.number)
        TRY(keyframe(taken_));
    } else if (header.type == trace::kDisk) {
      const std::vector<u8> payload = TRY(recording_.payload(chunk));
      trace::ByteReader in(payload);
      const std::string medium = in.string();
      if (!kept_.contains({medium, in.varint()})) TRY(copy_of(chunk));
    } else if (header.type == trace::kPins) {
      TRY(copy_of(chunk));
    }
    return {};
  }

  void note_distance(Position at) {
    result_.farthest = std::max(result_.farthest, at.icount - since_.icount);
  }

  const trace::Recording& recording_;
  const Rewriting& how_;
  ReplayMachine& machine_;
  trace::Keyframes& frames_;
  const trace::DiskIndex& disks_;
  trace::ChunkWriter writer_;
  trace::DiskRecorder said_;
  trace::KeyframeWriter states_;
  std::set<std::pair<std::string, u64>> kept_;  // clusters of which `said_` has said what they held
  std::size_t taken_ = 0;                       // keyframes
  u64 from_ = 0;                                // the first chunk whose events are taken
  bool begun_ = false;                          // some events were
  Position since_;                              // the last keyframe
  Rewritten result_;
};

// How the recording in `path`, which has no END yet, ends.
Result<trace::RecordingEnd> end_of(const RecordedRun& original, const std::string& path) {
  const auto run = TRY(RecordedRun::open(path, original.options().replay_disks));
  Progress progress("play to the end");
  const auto machine = TRY(ReplayMachine::create(*run, {}));
  if (machine->keyframes().count() > 1) TRY(machine->load(machine->keyframes().count() - 1));
  const Arrival arrival = machine->run_to({kNever, kNever});
  if (arrival.why != Arrival::Why::End)
    return fail("what was written does not play: " + arrival.message);
  const MachineHashes& hashes = machine->replayer().last_hashes();
  return trace::RecordingEnd{0, hashes.parts, hashes.total()};
}

Result<Rewritten> write(const RecordedRun& run, const Rewriting& how, const std::string& out) {
  const auto machine = TRY(ReplayMachine::create(run, {}));
  const trace::DiskIndex disks = TRY(trace::DiskIndex::open(run.recording()));
  machine->keyframes().forget_machine();
  const auto file = TRY(trace::DiskFile::create(out));
  Rewriter rewriter(run, how, *machine, disks, *file);
  Rewritten result = TRY(rewriter.go());
  if (!rewriter.whole())
    TRY(rewriter.end(TRY(end_of(run, out))));
  else if (run.recording().end())
    TRY(rewriter.end(*run.recording().end()));
  TRY(file->sync());
  result.bytes = file->size();
  return result;
}

}  // namespace

Result<Rewritten> rewrite(const RecordedRun& run, const Rewriting& how, const std::string& out) {
  std::error_code none;
  if (std::filesystem::equivalent(run.path(), out, none))
    return fail("-o " + out + ": that is the recording itself");
  auto written = write(run, how, out);
  if (!written) std::filesystem::remove(out, none);  // a part of it is of no use
  return written;
}

}  // namespace reprise::log
