// Where a run is, going elsewhere in it, recording it, going on live.
#include "qmp/commands/travel.h"

namespace reprise::qmp {
namespace {

std::string_view name(TravelMode mode) {
  return mode == TravelMode::Live ? "live" : mode == TravelMode::Past ? "past" : "replay";
}

std::string_view name(TravelStop::Why why) {
  using Why = TravelStop::Why;
  switch (why) {
    case Why::Arrived:
      return "arrived";
    case Why::Breakpoint:
      return "breakpoint";
    case Why::Begin:
      return "begin";
    case Why::End:
      return "end";
    case Why::Interrupted:
      return "interrupted";
    case Why::Failed:
      return "failed";
  }
  return "failed";
}

Result<Json> query_replay(Context& c, const Json&) {
  const TravelStatus status = c.op.travel()->travel_status();
  const char* mode = status.mode == TravelMode::Replay ? "play"
                     : status.recording                ? "record"
                                                       : "none";
  Json out{{"mode", mode},
           {"icount", status.now.icount},
           {"cycles", status.now.cycles},
           {"time", name(status.mode)},
           {"first", position_json(status.first)},
           {"last", position_json(status.last)},
           {"first-reason", status.first_reason},
           {"busy", status.busy}};
  if (!status.file.empty()) out["filename"] = status.file;
  if (status.busy) out["progress"] = status.progress;
  return out;
}

Result<Json> query_hash(Context& c, const Json&) {
  const MachineHashes hashes = c.op.travel()->hashes();
  Json out = position_json(hashes.at);
  out["hash"] = hashes.total().hex();
  out["parts"] = Json::array();
  for (const HashPart& part : hashes.parts)
    out["parts"].push_back({{"name", part.name}, {"hash", part.value}});
  return out;
}

OperatorTravel::Done told(Context& c) {
  return [&c](const TravelStop& stop) { report_stop(c.op, c.events, stop); };
}

// Answered when it has begun; REPLAY_STOPPED says that it is done.
Result<Json> seek(Context& c, const Json& arguments) {
  using Kind = TravelTarget::Kind;
  if (arguments.size() != 1)
    return fail("Need exactly one of 'icount', 'cycles', 'percent' and 'to'");
  TravelTarget target;
  if (arguments.contains("icount")) {
    target.value = arguments["icount"].get<u64>();
  } else if (arguments.contains("cycles")) {
    target = {Kind::Cycle, arguments["cycles"].get<u64>(), 0};
  } else if (arguments.contains("percent")) {
    const double percent = arguments["percent"].get<double>();
    if (!(percent >= 0 && percent <= 100)) return fail("Parameter 'percent' expects 0 to 100");
    target = {Kind::Percent, 0, percent};
  } else {
    target.kind = arguments["to"] == "begin" ? Kind::Begin : Kind::End;
  }
  return answer(c.op.travel()->seek(target, told(c)));
}

Result<Json> step(Context& c, const Json& arguments) {
  const u64 count = arguments.value("count", u64(1));
  if (count == 0) return fail("Parameter 'count' expects 1 or more");
  return answer(c.op.travel()->step(count, arguments.value("reverse", false), told(c)));
}

Result<Json> run_on(Context& c, const Json& arguments) {
  return answer(c.op.travel()->run_on(arguments.value("reverse", false), told(c)));
}

// By drive, the file.
std::map<std::string, std::string> disks_of(const Json& arguments) {
  std::map<std::string, std::string> disks;
  for (const Json& disk : arguments.value("disks", Json::array()))
    disks[disk.at("device").get<std::string>()] = disk.at("filename").get<std::string>();
  return disks;
}

// REPLAY_OPENED says that it stands at its beginning.
Result<Json> open(Context& c, const Json& arguments) {
  ReplayTarget target;
  target.file = arguments.at("filename").get<std::string>();
  if (arguments.contains("branch")) target.branch = arguments["branch"].get<u32>();
  target.disks = disks_of(arguments);
  return answer(c.op.open_replay(target));
}

Result<Json> live(Context& c, const Json& arguments) {
  LiveTarget target;
  target.name = arguments.value("branch", "");
  target.file = arguments.value("filename", "");
  target.disks = disks_of(arguments);
  return answer(c.op.travel()->go_live(target));
}

Result<Json> record_start(Context& c, const Json& arguments) {
  return answer(c.op.travel()->record_start(arguments.at("filename").get<std::string>()));
}
Result<Json> record_stop(Context& c, const Json&) { return answer(c.op.travel()->record_stop()); }
Result<Json> record_save(Context& c, const Json& arguments) {
  return answer(c.op.travel()->record_save(arguments.at("filename").get<std::string>()));
}

Result<Json> checkpoint(Context& c, const Json&) { return answer(c.op.travel()->checkpoint()); }

Result<Json> query_branches(Context& c, const Json&) {
  Json out = Json::array();
  for (const BranchInfo& known : c.op.travel()->branches()) {
    out.push_back({{"branch", known.number},
                   {"name", known.name},
                   {"date", known.date},
                   {"from", position_json(known.from)},
                   {"current", known.current}});
    if (known.parent) out.back()["parent"] = *known.parent;
  }
  return out;
}

constexpr Handler kHandlers[] = {
    {"checkpoint-now", checkpoint, travels},
    {"query-branches", query_branches, travels},
    {"query-replay", query_replay, travels},
    {"query-replay-hash", query_hash, travels},
    {"replay-seek", seek, travels},
    {"replay-step", step, travels},
    {"replay-continue", run_on, travels},
    {"replay-live", live, travels},
    {"replay-open", open},
    {"record-start", record_start, travels},
    {"record-stop", record_stop, travels},
    {"record-save", record_save, travels},
};

}  // namespace

std::span<const Handler> travel_handlers() { return kHandlers; }

Json position_json(Position at) { return {{"icount", at.icount}, {"cycles", at.cycles}}; }

void report_stop(Operator& op, OperatorEvents& events, const TravelStop& stop) {
  Json data = position_json(stop.at);
  OperatorTravel* travel = op.travel();
  if (stop.why == TravelStop::Why::End && travel &&
      travel->travel_status().mode == TravelMode::Replay)
    events.event("REPLAY_END", data);
  data["reason"] = name(stop.why);
  if (!stop.message.empty()) data["message"] = stop.message;
  if (const auto& hit = stop.hit) {
    std::string_view kind = "pc";
    if (travel)
      for (const TravelBreak& known : travel->breaks())
        if (known.id == hit->id) kind = break_kind(known);
    data["break"] = {{"id", hit->id},           {"kind", kind},
                     {"cpu-index", hit->cpu},   {"pc", hit->pc},
                     {"address", hit->address}, {"size", hit->size}};
  }
  events.event("REPLAY_STOPPED", data);
}

}  // namespace reprise::qmp
