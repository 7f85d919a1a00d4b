// The payload of INPT and TEXT chunks: what passed the door, each with its position.
//
//   event  = varint (port << 2 | kind), then by kind
//   kind 0   names the next port: string
//   kind 1   bytes: varint icount and cycles since the event before (the chunk's first position at
//            the start), varint length, bytes
//   kind 2   answer: the same two, varint value
// Every chunk names its ports again, so that each can be read alone.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "replay/trace/place.h"
#include "replay/trace/reader.h"

namespace reprise::trace {

enum class EventKind : u8 { Bytes = 1, Answer = 2 };

class EventWriter {
 public:
  void bytes(Position at, const std::string& port, std::span<const u8> data);
  void answer(Position at, const std::string& port, u64 value);
  const std::vector<u8>& data() const { return out_.data(); }
  std::size_t size() const { return out_.size(); }
  void restart(Position first);

 private:
  void head(EventKind kind, Position at, const std::string& port);
  ByteWriter out_;
  Position last_;
  std::map<std::string, u64> ports_;
};

struct Event {
  EventKind kind = EventKind::Bytes;
  Position at;
  std::string port;
  std::span<const u8> bytes;  // valid until the stream moves on
  u64 value = 0;
};

// All events of one kind in one type of chunk, in order, decoded as they are asked for.
class EventStream {
 public:
  EventStream(const Recording& recording, u32 type, EventKind kind)
      : recording_(recording), type_(type), kind_(kind), in_({}) {}
  const Event* peek();  // null: no more, or error
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
  bool broken(const char* what);
  const Recording& recording_;
  u32 type_;
  EventKind kind_;
  std::size_t chunk_ = 0;  // the next to be opened
  u64 taken_ = 0;          // of the chunk before it
  std::vector<u8> payload_;
  ByteReader in_;
  Position last_, limit_;
  std::vector<std::string> ports_;
  bool have_ = false;
  Event event_;
  std::string error_;
};

}  // namespace reprise::trace
