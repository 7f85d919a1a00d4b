#include "qmp/hmp/travel.h"

#include <charconv>
#include <cstdio>

#include "qmp/operator_travel.h"

namespace reprise {
namespace {

using ull = unsigned long long;
using Action = Result<void> (OperatorTravel::*)(const std::string&);

constexpr const char* kOwner = "hmp";
constexpr const char* kNone = "Error: this machine has no time travel\n";

std::string snapshot(HmpState& state, const HmpWords& words, Action action) {
  if (words.size() != 2)
    return "Error: expected: " + words[0] + (words[0].starts_with("record") ? " file\n" : " tag\n");
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said((travel->*action)(words[1])) : kNone;
}

std::optional<u64> number(const std::string& word) {
  u64 value = 0;
  const int base = word.starts_with("0x") ? 16 : 10;
  const char* first = word.data() + (base == 16 ? 2 : 0);
  const auto [end, wrong] = std::from_chars(first, word.data() + word.size(), value, base);
  if (wrong != std::errc() || end != word.data() + word.size()) return {};
  return value;
}

// 123, 0x7b, 50%, begin, end.
std::optional<TravelTarget> target(std::string word) {
  using Kind = TravelTarget::Kind;
  if (word == "begin") return TravelTarget{Kind::Begin, 0, 0};
  if (word == "end") return TravelTarget{Kind::End, 0, 0};
  const bool percent = word.ends_with('%');
  if (percent) word.pop_back();
  const std::optional<u64> value = number(word);
  if (!value || (percent && *value > 100)) return {};
  if (percent) return TravelTarget{Kind::Percent, 0, double(*value)};
  return TravelTarget{Kind::Icount, *value, 0};
}

// Takes "-r" out.
bool backwards(HmpWords& words) { return std::erase(words, "-r") > 0; }

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

std::string hmp_replay_seek(HmpState& state, const HmpWords& words) {
  const auto to = words.size() == 2 ? target(words[1]) : std::nullopt;
  if (!to) return "Error: expected: replay_seek icount|percent%|begin|end\n";
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said(travel->seek(*to, {})) : kNone;
}

std::string hmp_replay_step(HmpState& state, const HmpWords& words) {
  HmpWords rest = words;
  const bool reverse = backwards(rest);
  const auto count = rest.size() == 1 ? 1 : rest.size() == 2 ? number(rest[1]) : std::nullopt;
  if (!count || *count == 0) return "Error: expected: replay_step [-r] [count]\n";
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said(travel->step(*count, reverse, {})) : kNone;
}

std::string hmp_replay_continue(HmpState& state, const HmpWords& words) {
  HmpWords rest = words;
  const bool reverse = backwards(rest);
  if (rest.size() != 1) return "Error: expected: replay_continue [-r]\n";
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said(travel->run_on(reverse, {})) : kNone;
}

std::string hmp_replay_break(HmpState& state, const HmpWords& words) {
  TravelBreak what;
  const auto icount = words.size() == 2 ? number(words[1]) : std::nullopt;
  if (!icount) return "Error: expected: replay_break icount\n";
  what.kind = TravelBreak::Kind::Icount;
  what.position = *icount;
  what.owner = kOwner;
  OperatorTravel* travel = state.op.travel();
  if (!travel) return kNone;
  travel->remove_breaks_of(kOwner);
  const auto added = travel->add_break(what);
  return added ? "" : "Error: " + added.error().message + "\n";
}

std::string hmp_replay_delete_break(HmpState& state, const HmpWords&) {
  OperatorTravel* travel = state.op.travel();
  if (!travel) return kNone;
  travel->remove_breaks_of(kOwner);
  return "";
}

std::string hmp_replay_open(HmpState& state, const HmpWords& words) {
  ReplayTarget target;
  const auto branch = words.size() == 3 ? number(words[2]) : u64(0);
  if (words.size() < 2 || words.size() > 3 || !branch || *branch > ~u32(0))
    return "Error: expected: replay_open file [branch]\n";
  target.file = words[1];
  if (words.size() == 3) target.branch = u32(*branch);
  return hmp_said(state.op.open_replay(target));
}

std::string hmp_replay_live(HmpState& state, const HmpWords& words) {
  if (words.size() > 3) return "Error: expected: replay_live [branch [file]]\n";
  LiveTarget to;
  if (words.size() > 1) to.name = words[1];
  if (words.size() > 2) to.file = words[2];
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said(travel->go_live(to)) : kNone;
}

std::string hmp_record_start(HmpState& state, const HmpWords& words) {
  return snapshot(state, words, &OperatorTravel::record_start);
}
std::string hmp_record_save(HmpState& state, const HmpWords& words) {
  return snapshot(state, words, &OperatorTravel::record_save);
}
std::string hmp_record_stop(HmpState& state, const HmpWords&) {
  OperatorTravel* travel = state.op.travel();
  return travel ? hmp_said(travel->record_stop()) : kNone;
}

std::string hmp_info_branches(HmpState& state, const HmpWords&) {
  OperatorTravel* travel = state.op.travel();
  if (!travel) return kNone;
  std::string out;
  for (const BranchInfo& known : travel->branches()) {
    out += std::string(known.current ? "* " : "  ") + std::to_string(known.number);
    if (!known.name.empty()) out += " " + known.name;
    if (known.parent)
      out += ": from branch " + std::to_string(*known.parent) + " at " + text(known.from);
    out += "\n";
  }
  return out.empty() ? "The run is not in a file.\n" : out;
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
