// Plays a recording: supplies inputs and answers, and compares outputs and hashes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "replay/trace/events.h"
#include "replay/trace/hash_chain.h"

namespace reprise::trace {

// Where a replay left its recording, and what was seen of it.
struct Divergence {
  Position at;     // of what was noticed; the cause is not before `since`
  Position since;  // the last position at which all was equal
  std::string message;
  std::vector<std::string> parts;  // hash parts that differ, when a hash showed it
};

class Replayer final : public DoorLog, public DoorSource {
 public:
  // Attaches to the machine's door until destroyed. `recording` must outlive it.
  Replayer(Machine& machine, const Recording& recording);
  ~Replayer() override;

  // The loop's half.
  const Recording& recording() const { return recording_; }
  Position last() const { return recording_.last(); }
  Cycles next_hash() const { return points_.next(); }
  void hash_point();
  void finish();  // at last(): compares what is left to compare, once
  // Nothing that was asked of the host is left: at last(), a machine that waits for an answer waits
  // as the recorded one did.
  bool out_of_answers();
  // Noticed by the loop: the machine does not get to where the recording goes on.
  void stuck(const std::string& why);
  const std::optional<Divergence>& divergence() const { return divergence_; }
  // Not empty: the file itself is broken.
  const std::string& error() const { return error_; }
  bool failed() const { return (divergence_ && !lenient_) || !error_.empty(); }
  const MachineHashes& last_hashes() const { return last_hashes_; }
  MachineHashes look() { return points_.look(); }  // as a hash point here would be
  // After a divergence: the rest is played as far as that goes, and not compared; until go().
  void play_on() { lenient_ = true; }

  // What was taken so far; and back (or ahead) to where that was so. A divergence seen later is
  // forgotten.
  Place place();
  void go(const Place& place);

  Position next() override;
  std::pair<std::string, std::vector<u8>> take() override;
  u64 answer(Position at, const Port& port) override;
  bool answerable(Position at) override { return at < last() || !out_of_answers(); }
  void refused(const std::string& port) override;
  void input(Position at, const Port& port, std::span<const u8> bytes) override;
  void answer(Position, const Port&, u64) override {}
  void output(Position at, const Port& port, std::span<const u8> bytes) override;

 private:
  void diverge(Position at, const std::string& message);
  void compare_hashes(const std::vector<HashPart>& recorded);
  void compare_text(Position at, const Port& port, std::span<const u8> bytes);
  void missing_text(Position before);
  void note(const std::string& stream_error);

  Machine& machine_;
  const Recording& recording_;
  HashPoints points_;
  EventStream inputs_, answers_, texts_;
  HashStream hashes_;
  Position delivering_;  // recorded position of the input that is being delivered
  Position agreed_;      // the last hash point at which all was equal
  bool finished_ = false;
  bool lenient_ = false;
  MachineHashes last_hashes_;
  std::optional<Divergence> divergence_;
  std::string error_;
};

}  // namespace reprise::trace
