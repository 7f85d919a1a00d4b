// info: what a recording is of, how it ended, and what the file is made of.
#include <cstdio>
#include <ctime>

#include "chipset/board/config.h"
#include "replay/trace/keyframe.h"
#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/recording.h"
#include "tools/reprise/suboptions.h"

namespace reprise::log {
namespace {

using Json = nlohmann::json;
using trace::Chunk;

struct ChunkCount {
  u64 count = 0, stored = 0, raw = 0;  // headers are in `stored`
};

// By type, in the order in which they first come.
std::vector<std::pair<std::string, ChunkCount>> chunk_counts(const trace::Recording& recording) {
  std::vector<std::pair<std::string, ChunkCount>> counts;
  for (const Chunk& chunk : recording.chunks()) {
    const u32 type = chunk.header.type;
    const std::string name = type ? trace::type_name(type) : "others";  // of other branches
    auto at = counts.begin();
    while (at != counts.end() && at->first != name) ++at;
    if (at == counts.end()) at = counts.insert(at, {name, {}});
    ++at->second.count;
    at->second.stored += trace::kChunkHeaderSize + chunk.header.stored;
    at->second.raw += chunk.header.raw;
  }
  return counts;
}

struct KeyframeFacts {
  std::vector<Position> at;
  std::string problem;
  // The longest way from a keyframe to the next, or to the end: what a seek may have to play.
  u64 farthest(Position end) const {
    u64 most = 0;
    for (std::size_t i = 0; i < at.size(); ++i)
      most = std::max(most, (i + 1 < at.size() ? at[i + 1] : end).icount - at[i].icount);
    return at.empty() ? end.icount : most;
  }
};

KeyframeFacts keyframes_of(const trace::Recording& recording) {
  KeyframeFacts facts;
  const auto disks = trace::DiskIndex::open(recording);
  const auto frames =
      disks ? trace::Keyframes::open(recording, &*disks) : Result<trace::Keyframes>(disks.error());
  if (!frames) {
    facts.problem = frames.error().message;
    return facts;
  }
  for (std::size_t i = 0; i < frames->count(); ++i) facts.at.push_back(frames->at(i));
  return facts;
}

std::string utc(i64 seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  char text[40] = "?";
  if (gmtime_r(&time, &parts)) std::strftime(text, sizeof text, "%FT%T", &parts);
  return text;
}

void row(const char* name, const std::string& text) {
  std::printf("%-10s %s\n", name, tools::shown(text).c_str());
}

void say_drive(const DriveConfig& drive) {
  std::string text = drive.id + ": " + (drive.interface == "floppy" ? "floppy" : drive.media);
  if (!drive.present) {
    text += ", empty";
  } else {
    text += ", " + drive.file + ", " + tools::size_text(drive.size);
    if (drive.read_only) text += ", read-only";
    if (drive.snapshot) text += ", writes not kept";
  }
  row("drive", text);
}

void say_machine(const MachineConfig& config) {
  std::string text = config.machine + ", " + tools::size_text(config.ram_bytes) + ", " +
                     std::to_string(config.cpus) + " x " + config.cpu_model;
  for (const std::string& feature : config.cpu_features) text += "," + feature;
  text += " at " + grouped(config.cpu_hz) + " Hz, timing " + config.timing;
  if (config.cores * config.threads > 1)
    text += ", " + std::to_string(config.cores) + " cores in a package, " +
            std::to_string(config.threads) + " threads in a core";
  if (config.cpus > 1) text += ", quantum " + grouped(config.quantum);
  if (config.interleave_seed)
    text += ", interleaving seed " + std::to_string(config.interleave_seed);
  row("machine", text);
  if (!config.name.empty()) row("name", config.name);
  row("clock", utc(config.rtc_base) + " at power-on; seed " + std::to_string(config.seed));
  if (!config.append.empty()) row("append", config.append);
  for (const DeviceOption& device : config.devices) {
    text = device.kind;
    for (const auto& [key, value] : device.properties) text += "," + key + "=" + value;
    row("device", text);
  }
  for (const DriveConfig& drive : config.drives) say_drive(drive);
}

void say_end(const trace::Recording& recording) {
  const auto& end = recording.end();
  if (end)
    row("end", "in good order, exit status " + std::to_string(end->exit_status) + ", state-hash " +
                   end->total.hex());
  else
    row("end", "the file was cut off; it plays up to " + trace::text(recording.last()));
}

void say(const Opened& opened) {
  const trace::Recording& recording = opened.recording;
  const trace::RecordingHeader& header = recording.header();
  const auto config = MachineConfig::from_json(header.machine);
  const Position last = recording.last();
  row("file", opened.path + ", " + grouped(opened.file->size()) + " bytes");
  row("made", header.created + " by " + header.build);
  if (config)
    say_machine(*config);
  else
    row("machine", config.error().message);
  if (const auto blobs = MachineConfig::blob_refs(header.machine))
    for (const auto& [role, blob] : *blobs)
      row("content", role + ", " + grouped(blob.size) + " bytes, " + blob.hash.hex());
  const KeyframeFacts frames = keyframes_of(recording);
  const Position first = frames.at.empty() ? Position{} : frames.at.front();
  if (first != Position{}) row("begins", "at " + trace::text(first));
  row("length", "icount " + grouped(last.icount) + ", cycle " + grouped(last.cycles) + ", " +
                    seconds_text(last.cycles, clock_of(recording)) + " s of the guest's time");
  say_end(recording);
  if (!frames.problem.empty())
    row("keyframes", frames.problem);
  else
    row("keyframes", std::to_string(frames.at.size()) + "; from one to the next at most " +
                         grouped(frames.farthest(last)) + " instructions");
  for (const trace::Snapshot& one : recording.snapshots())
    row("snapshot", one.name + ", at " + trace::text(one.at) + " in branch " +
                        std::to_string(one.branch) + ", " + one.date);
  for (u32 i = 0; recording.branches().size() > 1 && i < recording.branches().size(); ++i) {
    const trace::Branch& one = recording.branches()[i];
    row("branch", std::to_string(i) + (i == recording.branch() ? ", this one" : "") +
                      (one.name.empty() ? "" : ", " + one.name) +
                      (one.parent ? ", of branch " + std::to_string(*one.parent) + " from " +
                                        trace::text(one.from)
                                  : ", a run of its own") +
                      ", to " + trace::text(recording.branch_last(i)));
  }
  row("hashes", "every " + grouped(header.hash_interval) + " cycles");
  std::printf("\n%-6s %10s %15s %15s\n", "chunk", "count", "bytes", "unpacked");
  for (const auto& [name, count] : chunk_counts(recording))
    std::printf("%-6s %10llu %15s %15s\n", name.c_str(), ull(count.count),
                grouped(count.stored).c_str(), grouped(count.raw).c_str());
}

Json json_of(Position at) { return {{"icount", at.icount}, {"cycles", at.cycles}}; }

void say_json(const Opened& opened) {
  const trace::Recording& recording = opened.recording;
  const auto& end = recording.end();
  const KeyframeFacts frames = keyframes_of(recording);
  Json json = {{"file", opened.path},
               {"bytes", opened.file->size()},
               {"build", recording.header().build},
               {"created", recording.header().created},
               {"hash-interval", recording.header().hash_interval},
               {"machine", Json::parse(recording.header().machine, nullptr, false)},
               {"first", json_of(frames.at.empty() ? Position{} : frames.at.front())},
               {"last", json_of(recording.last())},
               {"complete", end.has_value()},
               {"chunks", Json::object()},
               {"keyframes", Json::array()},
               {"snapshots", Json::array()},
               {"branches", Json::array()},
               {"farthest", frames.farthest(recording.last())}};
  if (json["machine"].is_discarded()) json["machine"] = nullptr;
  for (const trace::Snapshot& one : recording.snapshots())
    json["snapshots"].push_back(
        {{"name", one.name}, {"at", json_of(one.at)}, {"branch", one.branch}, {"date", one.date}});
  json["branch"] = recording.branch();
  for (u32 i = 0; i < recording.branches().size(); ++i) {
    const trace::Branch& one = recording.branches()[i];
    Json branch = {
        {"name", one.name}, {"date", one.date}, {"last", json_of(recording.branch_last(i))}};
    if (one.parent) branch["parent"] = *one.parent;
    if (one.parent) branch["from"] = json_of(one.from);
    json["branches"].push_back(std::move(branch));
  }
  if (!frames.problem.empty()) json["problem"] = frames.problem;
  if (end) json["exit-status"] = end->exit_status;
  if (end) json["state-hash"] = end->total.hex();
  for (const auto& [name, count] : chunk_counts(recording))
    json["chunks"][name] = {{"count", count.count}, {"stored", count.stored}, {"raw", count.raw}};
  for (const Position at : frames.at) json["keyframes"].push_back(json_of(at));
  std::printf("%s\n", one_line(json).c_str());
}

}  // namespace

Result<int> info(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"--json", false}}));
  const Opened opened = TRY(open_recording(TRY(one_file(arguments))));
  if (arguments.has("--json"))
    say_json(opened);
  else
    say(opened);
  return 0;
}

}  // namespace reprise::log
