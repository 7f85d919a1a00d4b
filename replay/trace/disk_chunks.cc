#include "replay/trace/disk_chunks.h"

#include <algorithm>
#include <set>

namespace reprise::trace {
namespace {

constexpr std::size_t kMaxName = 80;
constexpr std::size_t kMaxContent = 64 << 10;  // a cluster

Error broken(const Chunk& chunk) {
  return fail("the recording is damaged: chunk " + std::to_string(chunk.header.number) + " (" +
              type_name(chunk.header.type) + ") does not say what a disk held; take another copy " +
              "of the file");
}

}  // namespace

void DiskRecorder::pin(const std::string& medium, u64 cluster, u64 hash) {
  const std::scoped_lock lock(mutex_);
  ByteWriter& pins = pins_[medium];
  if (pins.empty()) pins.string(medium);
  pins.varint(cluster);
  pins.u64_(hash);
  if (pins.size() < kMaxChunk / 4) return;
  (void)writer_.chunk(kPins, {}, {}, pins.data()).ok();
  pins.clear();
}

void DiskRecorder::keep(const std::string& medium, u64 cluster, std::span<const u8> content) {
  ByteWriter out;
  out.string(medium);
  out.varint(cluster);
  out.bytes(content);
  (void)writer_.chunk(kDisk, {}, {}, out.data()).ok();
}

void DiskRecorder::flush() {
  const std::scoped_lock lock(mutex_);
  for (auto& [medium, pins] : pins_) {
    if (!pins.empty()) (void)writer_.chunk(kPins, {}, {}, pins.data()).ok();
    pins.clear();
  }
}

void DiskRecorder::held(const std::string& medium, u32 keyframe, u64 cluster,
                        std::span<const u8> content) {
  ByteWriter out;
  out.string(medium);
  out.varint(keyframe);
  out.varint(0);
  out.varint(cluster);
  out.bytes(content);
  (void)writer_.chunk(kDiskThen, {}, {}, out.data()).ok();
}

void DiskRecorder::held_all(const std::string& medium, u32 keyframe, u64 clusters) {
  ByteWriter out;
  out.string(medium);
  out.varint(keyframe);
  out.varint(clusters + 1);
  (void)writer_.chunk(kDiskThen, {}, {}, out.data()).ok();
}

Result<DiskIndex> DiskIndex::open(const Recording& recording) {
  DiskIndex index(recording);
  std::size_t pins = 0;
  for (std::size_t i = 0; i < recording.chunks().size(); ++i) {
    const u32 type = recording.chunks()[i].header.type;
    if (type == kDisk) TRY(index.add_disk(i));
    if (type == kPins) TRY(index.add_pins(i, pins));
    if (type == kDiskThen) TRY(index.add_then(i));
  }
  // The first that was said of a cluster holds.
  const auto earlier = [](const Pin& a, const Pin& b) { return a.cluster < b.cluster; };
  for (auto& [name, medium] : index.media_)
    std::stable_sort(medium.pins.begin(), medium.pins.end(), earlier);
  return index;
}

Result<void> DiskIndex::add_disk(std::size_t chunk) {
  const std::vector<u8> payload = TRY(recording_->payload(recording_->chunks()[chunk]));
  ByteReader in(payload);
  const std::string name = in.string();
  const u64 cluster = in.varint();
  if (!in.ok() || name.size() > kMaxName || in.rest().size() > kMaxContent)
    return broken(recording_->chunks()[chunk]);
  media_[name].kept.emplace(cluster, chunk);
  return {};
}

Result<void> DiskIndex::add_pins(std::size_t chunk, std::size_t& pins) {
  const std::vector<u8> payload = TRY(recording_->payload(recording_->chunks()[chunk]));
  ByteReader in(payload);
  const std::string name = in.string();
  if (!in.ok() || name.size() > kMaxName) return broken(recording_->chunks()[chunk]);
  Medium& medium = media_[name];
  while (!in.at_end()) {
    const u64 cluster = in.varint(), hash = in.u64_();
    if (!in.ok()) return broken(recording_->chunks()[chunk]);
    if (++pins > kMaxPins)
      return fail("the recording pins more than 1 TiB of disks: it was not made by this program");
    medium.pins.push_back({cluster, hash});
  }
  return {};
}

Result<void> DiskIndex::add_then(std::size_t chunk) {
  const std::vector<u8> payload = TRY(recording_->payload(recording_->chunks()[chunk]));
  ByteReader in(payload);
  const std::string name = in.string();
  const u32 keyframe = u32(in.varint());
  const u64 all = in.varint();
  if (!in.ok() || name.size() > kMaxName) return broken(recording_->chunks()[chunk]);
  // Of another branch.
  if (keyframe >= recording_->chunks().size() ||
      recording_->chunks()[keyframe].header.type != kKeyframe)
    return {};
  Medium& medium = media_[name];
  if (all) {
    medium.complete[keyframe] = all - 1;
    return {};
  }
  const u64 cluster = in.varint();
  if (!in.ok() || in.rest().size() > kMaxContent) return broken(recording_->chunks()[chunk]);
  std::vector<Then>& then = medium.then[cluster];
  if (!then.empty() && then.back().keyframe >= keyframe) return broken(recording_->chunks()[chunk]);
  then.push_back({keyframe, chunk});
  ++medium.said[keyframe];
  return {};
}

bool DiskIndex::complete(u32 keyframe, const std::vector<std::string>& media) const {
  return std::all_of(media.begin(), media.end(), [&](const std::string& name) {
    const auto medium = media_.find(name);
    if (medium == media_.end()) return false;
    const auto all = medium->second.complete.find(keyframe);
    const auto said = medium->second.said.find(keyframe);
    return all != medium->second.complete.end() &&
           all->second == (said == medium->second.said.end() ? 0 : said->second);
  });
}

// What stands in a chunk behind the medium's name and so many numbers.
Result<std::vector<u8>> DiskIndex::content(std::size_t chunk, unsigned numbers) const {
  const std::vector<u8> payload = TRY(recording_->payload(recording_->chunks()[chunk]));
  ByteReader in(payload);
  in.string();
  while (numbers-- > 0) in.varint();
  const std::span<const u8> content = in.rest();
  return std::vector<u8>(content.begin(), content.end());
}

std::vector<std::string> DiskIndex::media() const {
  std::vector<std::string> names;
  for (const auto& [name, medium] : media_) names.push_back(name);
  return names;
}

const DiskIndex::Then* DiskIndex::last_said(const std::vector<Then>& said, u32 up_to) {
  const auto behind =
      std::upper_bound(said.begin(), said.end(), up_to,
                       [](u32 keyframe, const Then& one) { return keyframe < one.keyframe; });
  return behind == said.begin() ? nullptr : &*std::prev(behind);
}

Result<void> DiskIndex::written(const std::string& medium, u32 behind, u32 up_to,
                                const Visit& visit) const {
  const auto found = media_.find(medium);
  if (found == media_.end()) return {};
  for (const auto& [cluster, said] : found->second.then) {
    const Then* last = last_said(said, up_to);
    if (last && last->keyframe > behind) TRY(visit(cluster, TRY(content(last->chunk, 3))));
  }
  return {};
}

Result<std::optional<std::vector<u8>>> DiskIndex::kept(const std::string& medium,
                                                       u64 cluster) const {
  const std::optional<std::vector<u8>> none;
  const auto found = media_.find(medium);
  if (found == media_.end()) return none;
  const auto then = found->second.then.find(cluster);
  if (found->second.at && then != found->second.then.end())
    if (const Then* said = last_said(then->second, found->second.at))
      return std::optional(TRY(content(said->chunk, 3)));
  const auto chunk = found->second.kept.find(cluster);
  if (chunk == found->second.kept.end()) return none;
  return std::optional(TRY(content(chunk->second, 1)));
}

std::vector<u64> DiskIndex::clusters(const std::string& medium) const {
  std::set<u64> all;
  if (const auto found = media_.find(medium); found != media_.end()) {
    for (const auto& [cluster, chunk] : found->second.kept) all.insert(cluster);
    for (const auto& [cluster, then] : found->second.then) all.insert(cluster);
  }
  return {all.begin(), all.end()};
}

std::optional<u64> DiskIndex::pinned(const std::string& medium, u64 cluster) const {
  const auto found = media_.find(medium);
  if (found == media_.end()) return {};
  const auto& pins = found->second.pins;
  const auto pin = std::lower_bound(pins.begin(), pins.end(), cluster,
                                    [](const Pin& a, u64 b) { return a.cluster < b; });
  if (pin == pins.end() || pin->cluster != cluster) return {};
  return pin->hash;
}

}  // namespace reprise::trace
