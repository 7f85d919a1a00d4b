// timeline: what came into the machine and what it said, in order of position.
//
// Read as a stream: what is held in memory does not grow with the recording.
#include <cstdio>
#include <map>

#include "replay/trace/events.h"
#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/decode.h"
#include "tools/reprise-log/recording.h"

namespace reprise::log {
namespace {

using Json = nlohmann::json;
using trace::Event;
using trace::EventKind;
using trace::EventStream;

constexpr std::size_t kLongestLine = 1000;  // longer output is said in pieces
constexpr u64 kPauseMs = 100;               // of the guest's time: a prompt is a line, too

class Timeline {
 public:
  Timeline(const trace::Recording& recording, u64 from, u64 to, bool answers, bool json)
      : recording_(recording),
        from_(from),
        to_(to),
        all_answers_(answers),
        json_(json),
        hz_(clock_of(recording)),
        answers_(recording, trace::kInput, EventKind::Answer),
        inputs_(recording, trace::kInput, EventKind::Bytes),
        texts_(recording, trace::kText, EventKind::Bytes) {
    for (EventStream* stream : {&answers_, &inputs_}) stream->go({first_chunk(trace::kInput), 0});
    texts_.go({first_chunk(trace::kText), 0});
  }

  Result<void> say() {
    for (;;) {
      EventStream* next = nullptr;
      for (EventStream* stream : {&answers_, &inputs_, &texts_}) {
        const Event* event = stream->peek();
        if (!stream->error().empty()) return fail(stream->error());
        if (event && (!next || event->at < next->peek()->at)) next = stream;
      }
      const Position at = next ? next->peek()->at : recording_.last();
      keyframes(at);
      if (!next || at.icount > to_) break;
      if (at.icount >= from_) event(*next);
      next->pop();
    }
    flush(kNever);
    if (recording_.last().icount <= to_) end();
    return {};
  }

 private:
  // The first chunk of a type that has anything of the part that is asked for.
  u64 first_chunk(u32 type) const {
    const auto& chunks = recording_.chunks();
    u64 i = 0;
    while (i < chunks.size() &&
           (chunks[i].header.type != type || chunks[i].header.last.icount < from_))
      ++i;
    return i;
  }

  void event(EventStream& stream) {
    const Event& event = *stream.peek();
    if (&stream == &texts_) return text(event);
    if (&stream == &answers_) {
      const Answer answer = decode_answer(event.port, event.value);
      if (answer.failed || all_answers_) line(event.at, "answer", event.port, answer.text);
      return;
    }
    const Decoded input = decode_input(event.port, event.bytes);
    line(event.at, input.kind, event.port, input.text);
  }

  // States that can be begun from, before `before` or there.
  void keyframes(Position before) {
    const auto& chunks = recording_.chunks();
    for (; chunk_ < chunks.size(); ++chunk_) {
      const trace::ChunkHeader& header = chunks[chunk_].header;
      if (header.type != trace::kKeyframe) continue;
      if (header.last > before) return;
      if (header.last.icount >= from_ && header.last.icount <= to_)
        line(header.last, "keyframe", "",
             "chunk " + std::to_string(header.number) + names(header.number));
    }
  }

  // Of snapshots.
  std::string names(u32 keyframe) const {
    std::string text;
    for (const trace::Snapshot& one : recording_.snapshots())
      if (one.keyframe == keyframe) text += ", snapshot " + quoted_name(one.name);
    return text;
  }

  // Output, by lines: each at the position where it was whole.
  struct Partial {
    std::string text;
    Position last;
  };
  void text(const Event& event) {
    for (const u8 byte : event.bytes) {
      Partial& partial = partial_[event.port];
      if (partial.text.empty()) flush(event.at.cycles);
      partial.text += char(byte);
      partial.last = event.at;
      if (byte == '\n' || partial.text.size() >= kLongestLine) output(event.port, partial);
    }
  }
  void output(const std::string& port, Partial& partial) {
    const std::string whole = std::exchange(partial.text, {});
    print(partial.last, "output", port,
          json_ ? whole : quoted({reinterpret_cast<const u8*>(whole.data()), whole.size()}));
  }
  // Lines that nothing was added to for a while before `now`.
  void flush(Cycles now) {
    const Cycles pause = hz_ / 1000 * kPauseMs;
    for (auto& [port, partial] : partial_)
      if (!partial.text.empty() && (now == kNever || now - partial.last.cycles >= pause))
        output(port, partial);
  }

  void end() {
    const auto& end = recording_.end();
    line(
        recording_.last(), "end", "",
        end ? "exit status " + std::to_string(end->exit_status) + ", state-hash " + end->total.hex()
            : "the file was cut off here");
  }

  void line(Position at, const std::string& kind, const std::string& port,
            const std::string& text) {
    flush(at.cycles);
    print(at, kind, port, text);
  }
  void print(Position at, const std::string& kind, const std::string& port,
             const std::string& text) const {
    if (json_) {
      Json json = {{"icount", at.icount}, {"cycles", at.cycles}, {"kind", kind}, {"text", text}};
      if (!port.empty()) json["port"] = port;
      std::printf("%s\n", one_line(json).c_str());
    } else {
      std::printf("%15s %14s s  %-8s %s%s%s\n", grouped(at.icount).c_str(),
                  seconds_text(at.cycles, hz_).c_str(), kind.c_str(), quoted_port(port).c_str(),
                  port.empty() ? "" : "  ", text.c_str());
    }
  }
  // As a recording has them, they may be anything.
  static std::string quoted_name(const std::string& name) {
    return quoted({reinterpret_cast<const u8*>(name.data()), name.size()});
  }
  static std::string quoted_port(const std::string& port) {
    const std::string text = quoted_name(port);
    return text.substr(1, text.size() - 2);
  }

  const trace::Recording& recording_;
  const u64 from_, to_;
  const bool all_answers_, json_;
  const u64 hz_;
  EventStream answers_, inputs_, texts_;
  std::size_t chunk_ = 0;  // up to which keyframes were said
  std::map<std::string, Partial> partial_;
};

}  // namespace

Result<int> timeline(const Words& words) {
  const auto arguments = TRY(Arguments::parse(
      words, {{"--from", true}, {"--to", true}, {"--answers", false}, {"--json", false}}));
  const u64 from = TRY(icount_argument(arguments, "--from", 0));
  const u64 to = TRY(icount_argument(arguments, "--to", kNever));
  const Opened opened = TRY(open_recording(TRY(one_file(arguments))));
  Timeline timeline(opened.recording, from, to, arguments.has("--answers"),
                    arguments.has("--json"));
  const auto said = timeline.say();
  if (!said) return fail(opened.path + ": " + said.error().message);
  return 0;
}

}  // namespace reprise::log
