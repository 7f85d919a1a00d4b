#include "qmp/hmp/travel.h"

#include <cstdio>

#include "qmp/operator_travel.h"

namespace reprise {
namespace {

using ull = unsigned long long;
using Action = Result<void> (OperatorTravel::*)(const std::string&);

constexpr const char* kNone = "Error: this machine has no time travel\n";

std::string snapshot(HmpState& state, const HmpWords& words, Action action) {
  if (words.size() != 2) return "Error: expected: " + words[0] + " tag\n";
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said((travel->*action)(words[1])) : kNone;
}

std::string text(Position at) {
  return "icount " + std::to_string(at.icount) + ", cycles " + std::to_string(at.cycles);
}

}  // namespace

std::string hmp_savevm(HmpState& state, const HmpWords& words) {
  return snapshot(state, words, &OperatorTravel::save_snapshot);
}
std::string hmp_loadvm(HmpState& state, const HmpWords& words) {
  return snapshot(state, words, &OperatorTravel::load_snapshot);
}
std::string hmp_delvm(HmpState& state, const HmpWords& words) {
  return snapshot(state, words, &OperatorTravel::delete_snapshot);
}

std::string hmp_info_snapshots(HmpState& state, const HmpWords&) {
  OperatorTravel* travel = state.op.travel();
  if (!travel) return kNone;
  const auto all = travel->snapshots();
  if (all.empty()) return "There is no snapshot available.\n";
  std::string out = "TAG                  DATE                 ICOUNT           BRANCH\n";
  for (const SnapshotInfo& known : all) {
    char line[80];
    std::snprintf(line, sizeof line, " %-20.20s %-16llu %u\n", known.date.c_str(),
                  ull(known.at.icount), known.branch);
    std::string tag = known.name;
    tag.resize(std::max<std::size_t>(tag.size(), 20), ' ');
    out += tag + line;
  }
  return out;
}

std::string hmp_info_replay(HmpState& state, const HmpWords&) {
  OperatorTravel* travel = state.op.travel();
  if (!travel) return kNone;
  const TravelStatus s = travel->travel_status();
  const std::string file = s.file.empty() ? "" : " '" + s.file + "'";
  std::string out = s.mode == TravelMode::Replay ? "Playing the recording" + file
                    : s.recording                ? "Recording to" + file
                                                 : "Not recorded to a file";
  if (s.mode == TravelMode::Past) out += "; in the past of the run";
  out += "\nnow:   " + text(s.now) + "\nfirst: " + text(s.first);
  if (!s.first_reason.empty()) out += " (" + s.first_reason + ")";
  out += "\nlast:  " + text(s.last) + "\n";
  if (s.busy) out += "on its way: " + std::to_string(int(s.progress * 100)) + " %\n";
  return out;
}

}  // namespace reprise
