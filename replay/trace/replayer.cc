#include "replay/trace/replayer.h"

#include <algorithm>
#include <utility>

namespace reprise::trace {
namespace {

std::string quoted(std::span<const u8> bytes) {
  constexpr std::size_t kShown = 40;
  std::string out = "\"";
  for (const u8 byte : bytes.first(std::min(bytes.size(), kShown))) {
    if (byte >= ' ' && byte <= '~') {
      out += char(byte);
    } else {
      out += std::string("\\x") + "0123456789abcdef"[byte >> 4] + "0123456789abcdef"[byte & 15];
    }
  }
  return out + (bytes.size() > kShown ? "\"..." : "\"");
}

}  // namespace

Replayer::Replayer(Machine& machine, const Recording& recording)
    : machine_(machine),
      recording_(recording),
      points_(machine, recording.header().hash_interval),
      inputs_(recording, kInput, EventKind::Bytes),
      answers_(recording, kInput, EventKind::Answer),
      texts_(recording, kText, EventKind::Bytes),
      hashes_(recording) {
  machine_.door().record(this);
  machine_.door().replay(this);
}

Replayer::~Replayer() {
  machine_.door().record(nullptr);
  machine_.door().replay(nullptr);
}

void Replayer::diverge(Position at, const std::string& message) {
  if (divergence_) return;
  divergence_ = Divergence{at, agreed_, message, {}};
}

void Replayer::stuck(const std::string& why) { diverge(machine_.position(), why); }

void Replayer::note(const std::string& stream_error) {
  if (error_.empty()) error_ = stream_error;
}

Place Replayer::place() {
  return {inputs_.place(), answers_.place(), texts_.place(),
          hashes_.place(), points_.place(),  agreed_};
}

void Replayer::go(const Place& place) {
  inputs_.go(place.inputs);
  answers_.go(place.answers);
  texts_.go(place.texts);
  hashes_.go(place.hashes);
  points_.go(place.points);
  agreed_ = place.agreed;
  delivering_ = {};
  divergence_.reset();
  error_.clear();
  finished_ = false;
  lenient_ = false;
}

// --- what the recording supplies ---

Position Replayer::next() {
  const Event* event = inputs_.peek();
  note(inputs_.error());
  if (!event || failed()) return {kNever, kNever};
  return event->at;
}

std::pair<std::string, std::vector<u8>> Replayer::take() {
  const Event* event = inputs_.peek();
  check(event != nullptr, "take without an input");
  delivering_ = event->at;
  std::pair<std::string, std::vector<u8>> input{event->port,
                                                {event->bytes.begin(), event->bytes.end()}};
  inputs_.pop();
  return input;
}

bool Replayer::out_of_answers() {
  const bool none = !answers_.peek();
  note(answers_.error());
  return none;
}

u64 Replayer::answer(Position at, const Port& port) {
  const Event* event = answers_.peek();
  note(answers_.error());
  if (failed()) return 0;
  if (!event || event->at != at || event->port != port.name()) {
    // Past the last committed event the recording knows nothing, and the loop stops.
    if (!event && at >= recording_.last()) return 0;
    diverge(at, port.name() + " asks the host at " + text(at) + "; recorded is " +
                    (event ? event->port + " at " + text(event->at) : "nothing more"));
    return 0;
  }
  const u64 value = event->value;
  answers_.pop();
  return value;
}

void Replayer::refused(const std::string& port) {
  diverge(delivering_, "the recording has an input for " + port + " at " + text(delivering_) +
                           ", and this machine has no such port");
}

void Replayer::input(Position at, const Port& port, std::span<const u8>) {
  if (at == delivering_) return;
  diverge(at, "the input for " + port.name() + " was recorded at " + text(delivering_) +
                  ", and the machine got only to " + text(at));
}

// --- what is compared ---

void Replayer::output(Position at, const Port& port, std::span<const u8> bytes) {
  if (failed() || lenient_) return;
  if (port.kind() != PortKind::Text) return points_.output(at, port, bytes);
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kTextPiece))) {
    compare_text(at, port, bytes.first(std::min(bytes.size(), kTextPiece)));
  }
}

void Replayer::compare_text(Position at, const Port& port, std::span<const u8> bytes) {
  const Event* event = texts_.peek();
  note(texts_.error());
  if (failed()) return;
  if (!event && at >= recording_.last()) return;
  if (event && event->at == at && event->port == port.name() &&
      std::equal(bytes.begin(), bytes.end(), event->bytes.begin(), event->bytes.end())) {
    texts_.pop();
    return;
  }
  diverge(at, "output differs: replay gives " + quoted(bytes) + " on " + port.name() + " at " +
                  text(at) + "; recorded is " +
                  (event ? quoted(event->bytes) + " on " + event->port + " at " + text(event->at)
                         : "nothing more"));
}

void Replayer::missing_text(Position before) {
  if (lenient_) return;
  const Event* event = texts_.peek();
  note(texts_.error());
  if (failed() || !event || event->at >= before) return;
  diverge(before, "output is missing: recorded is " + quoted(event->bytes) + " on " + event->port +
                      " at " + text(event->at) + "; replay has got to " + text(before));
}

void Replayer::compare_hashes(const std::vector<HashPart>& recorded) {
  const std::vector<std::string> parts = differing_parts(last_hashes_.parts, recorded);
  if (parts.empty()) {
    agreed_ = last_hashes_.at;
    return;
  }
  std::string list;
  for (const std::string& part : parts) list += (list.empty() ? "" : ", ") + part;
  diverge(last_hashes_.at, "the machine is not as recorded at " + text(last_hashes_.at) +
                               " (all was equal at " + text(agreed_) + "); different: " + list);
  divergence_->parts = parts;
}

void Replayer::hash_point() {
  last_hashes_ = points_.take();
  const Position at = last_hashes_.at;
  missing_text(at);
  const MachineHashes* record = hashes_.peek();
  note(hashes_.error());
  if (failed() || lenient_) return;
  if (record && record->at == at) {
    compare_hashes(record->parts);
    hashes_.pop();
  } else if (at < recording_.last()) {
    // At last() itself the file may have been cut before the point was written.
    diverge(at, "the replay is at " + text(at) + " where the recording " +
                    (record ? "was at " + text(record->at) : "has nothing more to compare with"));
  }
}

void Replayer::finish() {
  if (std::exchange(finished_, true)) return;
  missing_text(recording_.last());
  last_hashes_ = points_.take();
  if (failed()) return;
  if (last_hashes_.at != recording_.last()) {
    diverge(last_hashes_.at, "the recording ends at " + text(recording_.last()) +
                                 ", and the machine got only to " + text(last_hashes_.at));
    return;
  }
  if (recording_.end()) compare_hashes(recording_.end()->parts);
}

}  // namespace reprise::trace
