#include "replay/trace/recorder.h"

#include "replay/trace/usage_chunk.h"

namespace reprise::trace {

Recorder::Recorder(Machine& machine, RecordingFile& file, const RecordingHeader& header,
                   Options options)
    : machine_(machine),
      file_(file),
      writer_(file),
      disks_(writer_, options.embed_disks),
      header_(header),
      points_(machine, header.hash_interval),
      keyframes_(machine, writer_),
      options_(std::move(options)) {
  machine_.door().record(this);
}

Recorder::~Recorder() { machine_.door().record(nullptr); }

Result<void> Recorder::begin(const std::vector<std::span<const u8>>& blobs) {
  const std::string json = header_.to_json();
  TRY(writer_.begin());
  TRY(writer_.chunk(kHead, {}, {}, {reinterpret_cast<const u8*>(json.data()), json.size()}));
  for (const std::span<const u8> blob : blobs) TRY(writer_.blob(blob));
  begun_ = true;
  return {};
}

void Recorder::resume(u32 next, std::set<Hash128> blobs) {
  writer_.resume(next, std::move(blobs));
  begun_ = true;
}

void Recorder::here(const HashPlace& points) {
  points_.go(points);
  restart(machine_.position());
}

Result<void> Recorder::branch(u32 number, const Branch& branch, const Place* from,
                              const std::vector<std::span<const u8>>& blobs) {
  if (error_) return *error_;
  const Position at = machine_.position();
  for (const std::span<const u8> blob : blobs) TRY(writer_.blob(blob));
  writer_.set_branch(number);
  TRY(writer_.chunk(kBranch, at, at, branch.encode()));
  restart(at);
  last_keyframe_.reset();
  if (!from) return {};
  points_.go(from->points);
  keyframes_.rebase();
  last_keyframe_ = at;
  if (Stops* const stops = machine_.stops()) stops->forget_used();
  next_keyframe_ = at.icount + options_.keyframe_spacing;
  return {};
}

Result<void> Recorder::name(const Snapshot& snapshot) {
  if (error_) return *error_;
  const Position at = machine_.position();
  TRY(writer_.chunk(kSnapshot, at, at, snapshot.encode()));
  return {};
}

void Recorder::input(Position at, const Port& port, std::span<const u8> bytes) {
  if (!open()) return;
  room(at, bytes.size());
  inputs_.bytes(at, port.name(), bytes);
}

void Recorder::answer(Position at, const Port& port, u64 value) {
  if (!open()) return;
  room(at, 0);
  inputs_.answer(at, port.name(), value);
}

void Recorder::output(Position at, const Port& port, std::span<const u8> bytes) {
  if (!open()) return;
  if (port.kind() != PortKind::Text) return points_.output(at, port, bytes);
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kTextPiece))) {
    const std::span<const u8> piece = bytes.first(std::min(bytes.size(), kTextPiece));
    room(at, piece.size());
    texts_.bytes(at, port.name(), piece);
  }
}

void Recorder::hash_point() {
  last_hashes_ = points_.take();
  if (!open()) return;
  room(last_hashes_.at, 0);
  hashes_.add(last_hashes_);
}

Place Recorder::commit() {
  const Position at = machine_.position();
  flush(at);
  const StreamPlace stream{writer_.next_number(), 0};
  return {stream, stream, stream, stream, points_.place(), at};
}

Result<u32> Recorder::keyframe() {
  check(begun_, "a keyframe of what is not recorded");
  const Place place = commit();
  next_keyframe_ = machine_.position().icount + options_.keyframe_spacing;
  say_used();
  if (error_) return *error_;
  const u64 before = writer_.bytes();
  const std::vector<std::string> media =
      options_.media ? options_.media() : std::vector<std::string>();
  const Result<u32> written = keyframes_.write(u32(place.inputs.chunk), place.points, media);
  if (!written) {
    stopped(written.error());
    return *error_;
  }
  if (options_.on_keyframe) options_.on_keyframe(machine_.position(), writer_.bytes() - before);
  if (options_.say_disks) options_.say_disks(*written);
  return written;
}

void Recorder::say_used() {
  Stops* const stops = machine_.stops();
  if (!stops || error_) return;
  const Position at = machine_.position();
  if (last_keyframe_) {
    const Result<u32> written =
        writer_.chunk(kUsed, *last_keyframe_, at, encode_usage(stops->used()));
    if (!written) return stopped(written.error());
  }
  stops->forget_used();
  last_keyframe_ = at;
}

void Recorder::room(Position at, std::size_t bytes) {
  check(bytes <= kMaxChunk / 2, "an input too large to record");
  const std::size_t most = std::max({inputs_.size(), texts_.size(), hashes_.data().size()});
  if (most + bytes > kMaxChunk / 2) flush(at);
}

void Recorder::tick() {
  if (!open()) return;
  if (const auto error = writer_.error()) return stopped(*error);  // a worker met it
  const std::size_t collected = inputs_.size() + texts_.size() + hashes_.data().size();
  if (collected >= kFlushBytes || writer_.overdue()) flush(machine_.position());
}

void Recorder::write(u32 type, Position at, std::span<const u8> payload) {
  if (error_) return;
  const Result<u32> result = writer_.chunk(type, committed_, at, payload);
  if (!result) stopped(result.error());
}

void Recorder::stopped(const Error& error) {
  error_ =
      fail("recording stopped; the file replays up to " + text(committed_) + ": " + error.message);
}

// Pins, outputs and hashes first: the INPT chunk commits them all.
void Recorder::flush(Position at) {
  disks_.flush();
  if (texts_.size() > 0) write(kText, at, texts_.data());
  if (!hashes_.data().empty()) write(kHash, at, hashes_.data());
  const bool nothing = texts_.size() + hashes_.data().size() + inputs_.size() == 0;
  if (!nothing || at != committed_) write(kInput, at, inputs_.data());
  if (error_) return;
  writer_.flushed();
  restart(at);
}

void Recorder::restart(Position at) {
  committed_ = at;
  inputs_.restart(at);
  texts_.restart(at);
  hashes_.restart(at);
}

RecordingEnd Recorder::end_here(u32 exit_status) {
  const MachineHashes hashes = points_.look();
  return {exit_status, hashes.parts, hashes.total()};
}

Result<void> Recorder::finish(u32 exit_status) {
  last_hashes_ = points_.take();
  if (!begun_) return {};
  const Position at = last_hashes_.at;
  if (!error_) flush(at);
  if (last_keyframe_) say_used();
  if (error_) return *error_;
  begun_ = false;
  TRY(writer_.index(at));
  const RecordingEnd end{exit_status, last_hashes_.parts, last_hashes_.total()};
  TRY(writer_.chunk(kEnd, at, at, end.encode()));
  return writer_.sync();
}

}  // namespace reprise::trace
