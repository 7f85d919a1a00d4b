// Recorded sessions of the fake machine, and their replay.
#pragma once

#include <random>
#include <string>

#include "replay/trace/driver.h"
#include "tests/replay/fake_machine.h"

namespace reprise::trace {

inline constexpr Cycles kTestInterval = 1 << 14;

struct Session {
  MemoryFile file;
  Hash128 hash;
  Position last;
};

// Runs to about `cycles`, with random slices and inputs; what is random differs by `seed`.
inline Session record(Cycles cycles, unsigned seed, u32 exit_status = 0, u64 spacing = 20'000) {
  Session session;
  FakeMachine machine;
  Recorder recorder(machine, session.file, {"{\"fake\":1}", "test build", "today", kTestInterval},
                    {.keyframe_spacing = spacing});
  const std::string bios = "this is the firmware";
  check(recorder.begin({{reinterpret_cast<const u8*>(bios.data()), bios.size()}}).ok(), "begin");
  std::mt19937 random(seed);
  RunOptions options;
  options.control = [&] {
    if (machine.position().cycles >= cycles) return Verdict::End;
    options.slice = 1 + random() % 3000;
    session.file.late = random() % 8 == 0;  // a second has passed: a commit
    if (random() % 4 == 0) machine.post(std::string(random() % 20, char(random())));
    return Verdict::Run;
  };
  run_live(machine, options, &recorder);
  check(recorder.finish(exit_status).ok(), "finish");
  session.hash = recorder.last_hashes().total();
  session.last = machine.position();
  return session;
}

struct Played {
  std::string error;  // of opening or of the file
  std::optional<Divergence> divergence;
  Hash128 hash;
  Position last;
};

inline Played play(const RecordingFile& file, FakeMachine& machine, unsigned seed = 0) {
  Played played;
  const Result<Recording> recording = Recording::open(file);
  if (!recording) {
    played.error = recording.error().message;
    return played;
  }
  Replayer replayer(machine, *recording);
  std::mt19937 random(seed);
  RunOptions options;
  options.control = [&] {
    options.slice = 1 + random() % 5000;
    return Verdict::Run;
  };
  run_replay(machine, options, replayer);
  played.error = replayer.error();
  played.divergence = replayer.divergence();
  played.hash = replayer.last_hashes().total();
  played.last = machine.position();
  return played;
}

inline Played play(const RecordingFile& file, unsigned seed = 0) {
  FakeMachine machine;
  return play(file, machine, seed);
}

}  // namespace reprise::trace
