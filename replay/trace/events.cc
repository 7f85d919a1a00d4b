#include "replay/trace/events.h"

#include <algorithm>

namespace reprise::trace {

void EventWriter::restart(Position first) {
  out_.clear();
  ports_.clear();
  last_ = first;
}

void EventWriter::head(EventKind kind, Position at, const std::string& port) {
  check(at >= last_ && at.cycles >= last_.cycles, "a position before the one before it");
  const auto [place, added] = ports_.try_emplace(port, ports_.size());
  if (added) {
    out_.varint(0);
    out_.string(port);
  }
  out_.varint(place->second << 2 | u64(kind));
  out_.varint(at.icount - last_.icount);
  out_.varint(at.cycles - last_.cycles);
  last_ = at;
}

void EventWriter::bytes(Position at, const std::string& port, std::span<const u8> data) {
  head(EventKind::Bytes, at, port);
  out_.blob(data);
}

void EventWriter::answer(Position at, const std::string& port, u64 value) {
  head(EventKind::Answer, at, port);
  out_.varint(value);
}

bool EventStream::broken(const char* what) {
  error_ = type_name(type_) + " chunk " +
           std::to_string(recording_.chunks()[chunk_ - 1].header.number) + ": " + what;
  return false;
}

bool EventStream::open_next() {
  const auto& chunks = recording_.chunks();
  while (chunk_ < chunks.size() && chunks[chunk_].header.type != type_) ++chunk_;
  if (chunk_ == chunks.size()) return false;
  Result<std::vector<u8>> payload = recording_.payload(chunks[chunk_]);
  if (!payload) {
    error_ = payload.error().message;
    return false;
  }
  payload_ = std::move(*payload);
  in_ = ByteReader(payload_);
  last_ = chunks[chunk_].header.first;
  limit_ = chunks[chunk_].header.last;
  ports_.clear();
  taken_ = 0;
  ++chunk_;
  return true;
}

const Event* EventStream::peek() {
  while (!have_ && error_.empty()) {
    if (in_.at_end()) {
      if (!open_next()) return nullptr;
    } else if (!decode()) {
      return nullptr;
    }
  }
  return have_ ? &event_ : nullptr;
}

StreamPlace EventStream::place() {
  if (!have_ && in_.at_end()) return {chunk_ + recording_.shift(), 0};
  return {chunk_ - 1 + recording_.shift(), taken_};
}

void EventStream::go(StreamPlace place) {
  error_.clear();
  have_ = false;
  in_ = ByteReader({});
  chunk_ = place.chunk - std::min(place.chunk, recording_.shift());
  for (u64 i = 0; i < place.taken && peek(); ++i) pop();
}

bool EventStream::decode() {
  const u64 code = in_.varint();
  const u64 port = code >> 2;
  if (code == 0) {
    ports_.push_back(in_.string());
    return in_.ok() || broken("a broken port name");
  }
  const u64 icounts = in_.varint(), cycles = in_.varint();
  if (icounts > limit_.icount - last_.icount || cycles > limit_.cycles - last_.cycles) {
    return broken("an event after the chunk's last position");
  }
  last_ = {last_.icount + icounts, last_.cycles + cycles};
  event_.kind = EventKind(code & 3);
  event_.at = last_;
  if (event_.kind == EventKind::Bytes) {
    event_.bytes = in_.blob();
  } else if (event_.kind == EventKind::Answer) {
    event_.value = in_.varint();
  } else {
    return broken("an unknown kind of event");
  }
  if (!in_.ok() || port >= ports_.size()) return broken("a broken event");
  event_.port = ports_[port];
  have_ = event_.kind == kind_;
  return true;
}

}  // namespace reprise::trace
