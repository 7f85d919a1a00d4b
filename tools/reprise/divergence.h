// Where a replay left its recording, as far as that can be found.
//
// Hashes of the recording name an interval and the devices that differ. The fields of those are
// known where the recording has its next keyframe. The instruction is known if one of two runs from
// a state before the interval gives what was recorded, and the other gives again what the replay
// gave: then the first instruction after which they differ is looked for.
#pragma once

#include <functional>

#include "replay/core/state_readers.h"
#include "tools/reprise/options.h"
#include "tools/reprise/replay_machine.h"

namespace reprise::tools {

struct MachineDifferences {
  static constexpr std::size_t kMost = 24;  // of each are kept
  std::vector<StateDifference> fields;      // here, and in the image: there
  std::vector<std::string> pages;           // "pc.ram 0x1234000"
  u64 more = 0;                             // that are not kept
  bool empty() const { return fields.empty() && pages.empty(); }
};
MachineDifferences differences(Machine& here, Machine& there);

struct WrongInstruction {
  Position at;  // before it
  unsigned cpu = 0;
  u64 pc = 0;                      // linear
  std::string text;                // its disassembly
  MachineDifferences after;        // replayed, and as recorded; empty where only parts are known
  std::vector<std::string> parts;  // of the machine that differ after it
};

struct DivergenceReport {
  trace::Divergence divergence;
  std::optional<Position> keyframe;  // the next one; and there:
  MachineDifferences fields;         // replayed, and recorded
  std::optional<WrongInstruction> instruction;
  std::string found_by;  // the run that gives what was recorded; or why the instruction is unknown
  std::string text() const;  // for people, in lines
};

// `machine` has just left the recording, as `replayer` says, and is played on. `give_up` is asked
// all the while.
DivergenceReport explain(PcI440fx& machine, trace::Replayer& replayer, const Options& options,
                         const std::function<bool()>& give_up);
// The same of a divergence that was seen elsewhere: `run` is played again, from the last keyframe
// before it.
Result<DivergenceReport> explain_again(const RecordedRun& run, const trace::Divergence& seen,
                                       const Options& options,
                                       const std::function<bool()>& give_up);

}  // namespace reprise::tools
