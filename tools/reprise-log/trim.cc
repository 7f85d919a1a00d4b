// trim: a part of a recording as a recording. compact: the same run in a smaller file.
#include <cstdio>
#include <set>

#include "tools/reprise-log/commands.h"
#include "tools/reprise-log/recording.h"
#include "tools/reprise-log/rewrite.h"
#include "tools/reprise/suboptions.h"

namespace reprise::log {
namespace {

using tools::RecordedRun;

Result<std::string> output_argument(const Arguments& arguments) {
  const std::string* path = arguments.find("-o");
  if (!path) return Error{"expected -o FILE", tools::kWrongUsage};
  return *path;
}

struct Frames {
  std::vector<Position> at;
  std::vector<u32> chunks;
};
Result<Frames> keyframes_of(const trace::Recording& recording) {
  const trace::DiskIndex disks = TRY(trace::DiskIndex::open(recording));
  const trace::Keyframes frames = TRY(trace::Keyframes::open(recording, &disks));
  Frames all;
  for (std::size_t i = 0; i < frames.count(); ++i) {
    all.at.push_back(frames.at(i));
    all.chunks.push_back(frames.chunk(i));
  }
  return all;
}

// Snapshots stay.
void keep_named(const trace::Recording& recording, const std::vector<u32>& chunks,
                std::vector<std::size_t>& kept) {
  std::set<std::size_t> all(kept.begin(), kept.end());
  for (const trace::Snapshot& one : recording.snapshots())
    for (std::size_t frame = 0; frame < chunks.size(); ++frame)
      if (chunks[frame] == one.keyframe) all.insert(frame);
  kept.assign(all.begin(), all.end());
}

void say(const std::string& out, const Rewritten& written, u64 before) {
  std::printf("%s: from %s to %s\n%s bytes (of %s); a seek plays at most %s instructions\n",
              tools::shown(out).c_str(), trace::text(written.first).c_str(),
              trace::text(written.last).c_str(), grouped(written.bytes).c_str(),
              grouped(before).c_str(), grouped(written.farthest).c_str());
}

Result<u64> size_of(const std::string& file) { return TRY(trace::DiskFile::open(file))->size(); }

// So many keyframes, the first among them, spread evenly over the work that was done.
std::vector<std::size_t> spread(const std::vector<Position>& frames, Position end, u64 count) {
  std::vector<std::size_t> kept;
  if (frames.empty()) return kept;
  const u64 first = frames.front().icount, length = end.icount - first;
  for (u64 i = 0; i < count; ++i) {
    const u64 wanted = first + u64(u128(length) * i / count);
    std::size_t nearest = kept.empty() ? 0 : kept.back() + 1;
    if (nearest == frames.size()) break;
    const auto distance = [&](std::size_t frame) {
      const u64 at = frames[frame].icount;
      return at > wanted ? at - wanted : wanted - at;
    };
    while (nearest + 1 < frames.size() && i > 0 && distance(nearest + 1) <= distance(nearest))
      ++nearest;
    kept.push_back(nearest);
  }
  return kept;
}

}  // namespace

Result<int> trim(const Words& words) {
  const auto arguments = TRY(Arguments::parse(
      words, {{"--from", true}, {"--to", true}, {"-o", true}, {"--replay-disk", true}}));
  const std::string file = TRY(one_file(arguments)), out = TRY(output_argument(arguments));
  const u64 from = TRY(icount_argument(arguments, "--from", 0));
  Rewriting how;
  how.to = TRY(icount_argument(arguments, "--to", kNever));
  const auto run = TRY(RecordedRun::open(file, TRY(disk_arguments(arguments))));
  const Frames frames = TRY(keyframes_of(run->recording()));
  if (from > run->recording().last().icount || from > how.to)
    return fail("--from " + std::to_string(from) + ": behind the end");
  std::size_t first = frames.at.size();
  while (first > 0 && frames.at[first - 1].icount > from) --first;
  if (first == 0 && !frames.at.empty() && from > 0)
    return fail("the recording begins at " + trace::text(frames.at.front()));
  for (std::size_t frame = first > 0 ? first - 1 : 0; frame < frames.at.size(); ++frame)
    how.keyframes.push_back(frame);
  if (frames.at.empty() && from > 0)
    return fail(
        "the recording has no keyframes: a part of it can only begin where it begins, "
        "--from 0");
  say(out, TRY(rewrite(*run, how, out)), TRY(size_of(run->path())));
  return 0;
}

Result<int> compact(const Words& words) {
  const auto arguments =
      TRY(Arguments::parse(words, {{"--keyframes", true}, {"-o", true}, {"--replay-disk", true}}));
  const std::string file = TRY(one_file(arguments)), out = TRY(output_argument(arguments));
  const auto run = TRY(RecordedRun::open(file, TRY(disk_arguments(arguments))));
  const Frames frames = TRY(keyframes_of(run->recording()));
  u64 count = (frames.at.size() + 3) / 4;
  if (const std::string* given = arguments.find("--keyframes")) {
    const auto number = tools::parse_number(*given, 1, 1 << 20);
    if (!number) return fail("--keyframes " + *given + ": " + number.error().message);
    count = *number;
  }
  Rewriting how;
  how.squeeze = true;
  how.keyframes = spread(frames.at, run->recording().last(), count);
  keep_named(run->recording(), frames.chunks, how.keyframes);
  say(out, TRY(rewrite(*run, how, out)), TRY(size_of(run->path())));
  return 0;
}

}  // namespace reprise::log
