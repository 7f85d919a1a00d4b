// diff: the first place where two recordings are not of the same run.
#include <algorithm>
#include <cstdio>

#include "replay/trace/events.h"
#include "replay/trace/hash_chain.h"
#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/decode.h"
#include "tools/reprise-log/recording.h"

namespace reprise::log {
namespace {

using Json = nlohmann::json;
using trace::Event;
using trace::EventKind;
using trace::EventStream;

// What was found, and where.
struct Difference {
  Position at;
  std::string text;
};

std::string said(const std::string& port) {
  return quoted({reinterpret_cast<const u8*>(port.data()), port.size()});
}

std::string in_words(const Event* event, bool input) {
  if (!event) return "nothing more";
  std::string text = event->kind == EventKind::Answer
                         ? decode_answer(event->port, event->value).text
                     : input ? decode_input(event->port, event->bytes).text
                             : quoted(event->bytes);
  constexpr std::size_t kShown = 100;
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return text + " on " + said(event->port) + " at " + trace::text(event->at);
}

// Where a recording begins: at power-on, or at its first keyframe.
Position first_of(const trace::Recording& recording) {
  for (const trace::Chunk& chunk : recording.chunks())
    if (chunk.header.type == trace::kInput) return chunk.header.first;
  return recording.last();
}

bool same(const Event& a, const Event& b) {
  if (a.at != b.at || a.port != b.port) return false;
  if (a.kind == EventKind::Answer) return a.value == b.value;
  return std::ranges::equal(a.bytes, b.bytes);
}

class Comparison {
 public:
  Comparison(const Opened& a, const Opened& b)
      : a_(a.recording), b_(b.recording), begin_(std::max(first_of(a_), first_of(b_))) {}

  // The first of each kind, in order.
  Result<std::vector<Difference>> find() {
    TRY(events("host answer", trace::kInput, EventKind::Answer));
    TRY(events("input", trace::kInput, EventKind::Bytes));
    TRY(events("output", trace::kText, EventKind::Bytes));
    TRY(hashes());
    ends();
    std::ranges::stable_sort(found_, {}, &Difference::at);
    return found_;
  }

 private:
  void found(Position at, std::string text) { found_.push_back({at, std::move(text)}); }
  // Both are known up to here; what one of them has more lies behind.
  Position known() const { return std::min(a_.last(), b_.last()); }

  Result<void> events(const char* what, u32 type, EventKind kind) {
    EventStream a(a_, type, kind), b(b_, type, kind);
    for (EventStream* stream : {&a, &b})
      while (stream->peek() && stream->peek()->at < begin_) stream->pop();
    for (;; a.pop(), b.pop()) {
      const Event *one = a.peek(), *other = b.peek();
      for (const EventStream* stream : {&a, &b})
        if (!stream->error().empty()) return fail(stream->error());
      if (!one && !other) return {};
      if (one && other && same(*one, *other)) continue;
      const Position at = std::min(one ? one->at : Position{kNever, kNever},
                                   other ? other->at : Position{kNever, kNever});
      if (at < known() || (one && other))
        found(at, std::string(what) + ": " + in_words(one, type == trace::kInput) +
                      "; the other: " + in_words(other, type == trace::kInput));
      return {};
    }
  }

  static std::string list(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += "\n  differs: " + part;
    return text;
  }

  Result<void> hashes() {
    if (a_.header().hash_interval != b_.header().hash_interval) return {};  // said already
    trace::HashStream a(a_), b(b_);
    Position agreed = begin_;
    for (trace::HashStream* stream : {&a, &b})
      while (stream->peek() && stream->peek()->at < begin_) stream->pop();
    for (;; a.pop(), b.pop()) {
      const MachineHashes *one = a.peek(), *other = b.peek();
      for (const trace::HashStream* stream : {&a, &b})
        if (!stream->error().empty()) return fail(stream->error());
      if (!one || !other) return {};
      if (one->at != other->at) {
        found(std::min(one->at, other->at), "a hash point is at " + trace::text(one->at) +
                                                ", the other: at " + trace::text(other->at) +
                                                "; all was equal at " + trace::text(agreed));
        return {};
      }
      const auto parts = trace::differing_parts(one->parts, other->parts);
      if (!parts.empty()) {
        found(one->at, "the machines are not the same any more; all was equal at " +
                           trace::text(agreed) + list(parts));
        return {};
      }
      agreed = one->at;
    }
  }

  void ends() {
    const auto &one = a_.end(), &other = b_.end();
    if (a_.last() != b_.last())
      return found(known(),
                   std::string("one ends here (") +
                       ((a_.last() < b_.last() ? one : other) ? "in good order" : "cut off") +
                       "), the other goes on to " + trace::text(std::max(a_.last(), b_.last())));
    if (!one || !other) {
      if (one || other) found(known(), "one was cut off here, the other ends in good order");
      return;
    }
    const auto parts = trace::differing_parts(one->parts, other->parts);
    if (!parts.empty()) found(known(), "the machines end differently" + list(parts));
    if (one->exit_status != other->exit_status)
      found(known(), "exit status " + std::to_string(one->exit_status) +
                         ", the other: " + std::to_string(other->exit_status));
  }

  const trace::Recording &a_, &b_;
  const Position begin_;  // of the part that both have
  std::vector<Difference> found_;
};

// Prints what the headers do not agree in.
bool headers(const Opened& a, const Opened& b) {
  const trace::RecordingHeader &one = a.recording.header(), &other = b.recording.header();
  const Json left = Json::parse(one.machine, nullptr, false),
             right = Json::parse(other.machine, nullptr, false);
  bool differ = false;
  const auto say = [&](const std::string& what, const std::string& x, const std::string& y) {
    if (x == y) return;
    differ = true;
    std::printf("%s: %s, the other: %s\n", what.c_str(), x.c_str(), y.c_str());
  };
  // That another program recorded it, or at another time, makes no other run.
  if (one.build != other.build)
    std::printf("made by %s, the other: by %s\n", said(one.build).c_str(),
                said(other.build).c_str());
  say("hash interval", std::to_string(one.hash_interval), std::to_string(other.hash_interval));
  if (!left.is_object() || !right.is_object()) {
    say("machine", said(one.machine), said(other.machine));
    return differ;
  }
  Json names = left;
  names.update(right);
  for (const auto& [name, value] : names.items())
    say(one_line(name), left.contains(name) ? one_line(left[name]) : "nothing",
        right.contains(name) ? one_line(right[name]) : "nothing");
  return differ;
}

}  // namespace

Result<int> diff(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {}));
  const auto& files = arguments.operands();
  if (files.size() != 2) return Error{"expected two recordings", tools::kWrongUsage};
  const Opened a = TRY(open_recording(files[0])), b = TRY(open_recording(files[1]));
  const bool other_machine = headers(a, b);
  const std::vector<Difference> found = TRY(Comparison(a, b).find());
  if (found.empty()) {
    if (!other_machine)
      std::printf("the same run, up to %s\n", trace::text(a.recording.last()).c_str());
    return other_machine ? kDiffers : 0;
  }
  for (const Difference& one : found)
    std::printf("%s at %s\n%s\n", &one == found.data() ? "the first difference is" : "then",
                trace::text(one.at).c_str(), one.text.c_str());
  return kDiffers;
}

}  // namespace reprise::log
