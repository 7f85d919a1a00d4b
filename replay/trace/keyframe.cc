#include "replay/trace/keyframe.h"

#include <algorithm>
#include <cstring>

#include "replay/core/state_readers.h"
#include "replay/trace/usage_chunk.h"

namespace reprise::trace {
namespace {

constexpr u8 kZeros[kPageSize] = {};
constexpr u64 kObjectsPiece = 1 << 20;

void numbers(ByteWriter& out, const std::vector<u32>& list) {
  out.varint(list.size());
  for (const u32 number : list) out.varint(number);
}

}  // namespace

// --- writing ---

Result<void> KeyframeWriter::pages(ByteWriter& blocks, std::vector<u32>& chunks) {
  const Position at = machine_.position();
  std::vector<u8> contents;
  u64 count = 0;
  const auto flush = [&]() -> Result<void> {
    if (contents.empty()) return {};
    chunks.push_back(TRY(writer_.chunk(kPages, at, at, contents)));
    contents.clear();
    return {};
  };
  const auto& all = machine_.pages().blocks();
  blocks.varint(all.size());
  for (const MemoryBlock* block : all) {
    ByteWriter entries;
    u64 listed = 0, expected = 0;
    for (u64 page = 0; page < block->pages(); ++page) {
      if (page % MemoryBlock::kGroupPages == 0 && block->group_epoch(page) <= epoch_) {
        page += MemoryBlock::kGroupPages - 1;
        continue;
      }
      if (block->info(page).write_epoch <= epoch_) continue;
      const u8* content = block->data() + page * kPageSize;
      const bool zeros = std::memcmp(content, kZeros, kPageSize) == 0;
      if (zeros && epoch_ == 0) continue;
      entries.varint(page - expected);
      entries.varint(zeros ? 0 : ++count);
      expected = page + 1;
      ++listed;
      if (zeros) continue;
      contents.insert(contents.end(), content, content + kPageSize);
      if (contents.size() == kPagesPerChunk * kPageSize) TRY(flush());
    }
    blocks.string(block->name());
    blocks.varint(listed);
    blocks.bytes(entries.data());
  }
  return flush();
}

Result<u32> KeyframeWriter::write(u32 next, const HashPlace& points,
                                  const std::vector<std::string>& media) {
  const Position at = machine_.position();
  ByteWriter head, blocks;
  head.varint(next);
  head.varint(points.next);
  head.varint(points.digests.size());
  for (const auto& [port, digest] : points.digests) {
    head.string(port);
    head.u64_(digest);
  }
  head.varint(media.size());
  for (const std::string& medium : media) head.string(medium);
  std::vector<u32> chunks;
  const std::vector<u8> objects = save_objects(machine_.objects());
  for (u64 offset = 0; offset < objects.size(); offset += kObjectsPiece) {
    const u64 length = std::min<u64>(kObjectsPiece, objects.size() - offset);
    chunks.push_back(
        TRY(writer_.chunk(kObjects, at, at, std::span(objects).subspan(offset, length))));
  }
  numbers(head, chunks);
  chunks.clear();
  TRY(pages(blocks, chunks));
  numbers(head, chunks);
  head.bytes(blocks.data());
  if (head.size() > kMaxChunk) return fail("too many pages for one keyframe");
  const u32 number = TRY(writer_.chunk(kKeyframe, at, at, head.data()));
  rebase();
  return number;
}

void KeyframeWriter::rebase() {
  epoch_ = machine_.pages().epoch();
  machine_.pages().advance_epoch();
}

// --- reading ---

Result<Keyframes> Keyframes::open(const Recording& recording, const DiskIndex* disks) {
  Keyframes frames(recording);
  for (const Chunk& chunk : recording.chunks()) {
    if (chunk.header.type == kUsed && !frames.frames_.empty() &&
        chunk.header.first == frames.frames_.back().at)
      frames.frames_.back().used = chunk.header.number;
    if (chunk.header.type != kKeyframe || chunk.header.last > recording.last()) continue;
    TRY(frames.add(chunk));
    // Disks follow their keyframes in order: behind the first that was cut off, all are.
    const Frame& frame = frames.frames_.back();
    if (disks && !disks->complete(frame.chunk, frame.media)) {
      frames.drop_last();
      break;
    }
  }
  std::sort(frames.versions_.begin(), frames.versions_.end());
  return frames;
}

Result<void> Keyframes::add(const Chunk& chunk) {
  const std::string what = "keyframe in chunk " + std::to_string(chunk.header.number);
  const std::vector<u8> payload = TRY(recording_->payload(chunk));
  ByteReader in(payload);
  Frame frame;
  frame.at = chunk.header.last;
  frame.chunk = chunk.header.number;
  frame.next = in.varint();
  frame.points.next = in.varint();
  for (u64 n = in.varint(); n > 0 && in.ok(); --n) {
    std::string port = in.string();
    frame.points.digests[std::move(port)] = in.u64_();
  }
  for (u64 n = in.varint(); n > 0 && in.ok(); --n) frame.media.push_back(in.string());
  for (std::vector<u32>* list : {&frame.objects, &frame.pages})
    for (u64 n = in.varint(); n > 0 && in.ok(); --n) list->push_back(u32(in.varint()));
  for (u64 n = in.varint(); n > 0 && in.ok(); --n) {
    const std::string name = in.string();
    const auto known = std::find(blocks_.begin(), blocks_.end(), name);
    const u32 block = u32(known - blocks_.begin());
    if (known == blocks_.end()) blocks_.push_back(name);
    u64 page = 0;
    for (u64 listed = in.varint(); listed > 0 && in.ok(); --listed) {
      page += in.varint();
      const u64 content = in.varint();
      if (page > 0xFFFF'FFFF || content > frame.pages.size() * kPagesPerChunk ||
          versions_.size() >= kMaxPages)
        return fail("the recording is damaged: " + what + " lists a page that cannot be");
      versions_.push_back({block, u32(page), u32(frames_.size()), u32(content)});
      ++page;
    }
  }
  if (!in.ok() || !in.at_end()) return fail("the recording is damaged: " + what + " is broken");
  TRY(check_chunks(frame));
  if (!frames_.empty() && frame.at < frames_.back().at)
    return fail("the recording is damaged: " + what + " lies before the one before it");
  frames_.push_back(std::move(frame));
  return {};
}

std::optional<std::size_t> Keyframes::find(u32 chunk) const {
  for (std::size_t i = 0; i < frames_.size(); ++i)
    if (frames_[i].chunk == chunk) return i;
  return {};
}

bool Keyframes::add_used(std::size_t frame, Usage& all) const {
  const Position end = frame + 1 < count() ? at(frame + 1) : recording_->last();
  if (!frames_[frame].used) return false;
  const Chunk& chunk = recording_->chunks()[frames_[frame].used];
  if (chunk.header.last < end) return false;
  const auto payload = recording_->payload(chunk);
  return payload && decode_usage(*payload, all);
}

bool Keyframes::may_meet(std::size_t frame, std::span<const StopCondition> conditions) const {
  const auto usage = std::make_unique<Usage>();
  return !add_used(frame, *usage) ||
         std::any_of(conditions.begin(), conditions.end(),
                     [&](const StopCondition& one) { return usage->may_meet(one); });
}

void Keyframes::drop_last() {
  frames_.pop_back();
  while (!versions_.empty() && versions_.back().frame == frames_.size()) versions_.pop_back();
}

// What a keyframe needs stands before it, and is of its kind.
Result<void> Keyframes::check_chunks(const Frame& frame) const {
  const auto& chunks = recording_->chunks();
  const auto is = [&](u32 number, u32 type) {
    return number < frame.chunk && chunks[number].header.type == type;
  };
  bool ok = frame.next <= frame.chunk;
  for (const u32 number : frame.objects) ok = ok && is(number, kObjects);
  for (const u32 number : frame.pages) ok = ok && is(number, kPages);
  if (ok) return {};
  return fail("the recording is damaged: the keyframe in chunk " + std::to_string(frame.chunk) +
              " names chunks that are not its own");
}

void Keyframes::starts_at_first(Machine& machine) {
  based_ = true;
  base_ = 0;
  epoch_ = machine.pages().epoch();
  machine.pages().advance_epoch();
}

Result<std::vector<MemoryBlock*>> Keyframes::blocks_of(Machine& machine) const {
  std::vector<MemoryBlock*> found;
  for (const std::string& name : blocks_) {
    MemoryBlock* block = nullptr;
    for (MemoryBlock* one : machine.pages().blocks())
      if (one->name() == name) block = one;
    if (!block) return fail("the recording has memory '" + name + "', and this machine has not");
    found.push_back(block);
  }
  for (const Version& version : versions_)
    if (version.page >= found[version.block]->pages())
      return fail("the recording has a page outside memory '" + blocks_[version.block] + "'");
  return found;
}

Result<const u8*> Keyframes::content(u32 frame, u32 index) {
  const u32 number = frames_[frame].pages[(index - 1) / kPagesPerChunk];
  if (cached_ != number) {
    cached_ = kNever;
    cache_ = TRY(recording_->payload(recording_->chunks()[number]));
    cached_ = number;
  }
  const u64 offset = (index - 1) % kPagesPerChunk * kPageSize;
  if (offset + kPageSize > cache_.size())
    return fail("the recording is damaged: chunk " + std::to_string(number) + " has too few pages");
  return cache_.data() + offset;
}

// Pages that may differ: those written since the machine was known, and those that differ between
// the keyframe that it was and the one that it is to be.
Result<void> Keyframes::load_pages(std::size_t frame, Machine& machine) {
  struct Wanted {
    u32 frame, content;  // order of reading: one chunk after the other
    u32 block, page;
    auto operator<=>(const Wanted&) const = default;
  };
  const std::vector<MemoryBlock*> blocks = TRY(blocks_of(machine));
  const std::size_t low = based_ ? std::min(base_, frame) : 0;
  const std::size_t high = based_ ? std::max(base_, frame) : frames_.size();
  const u32 known = based_ ? epoch_ : 0;
  std::vector<Wanted> wanted;
  const auto listed = [&](u32 block, u32 page) {
    const auto run = std::partition_point(versions_.begin(), versions_.end(), [&](const auto& v) {
      return std::pair(v.block, v.page) < std::pair(block, page);
    });
    return run != versions_.end() && run->block == block && run->page == page;
  };
  for (auto first = versions_.begin(); first != versions_.end();) {
    auto last = first;
    bool differs = !based_;
    Wanted want{0, 0, first->block, first->page};
    for (; last != versions_.end() && last->block == first->block && last->page == first->page;
         ++last) {
      if (last->frame <= frame) want.frame = last->frame, want.content = last->content;
      differs = differs || (last->frame > low && last->frame <= high);
    }
    if (differs || blocks[want.block]->info(want.page).write_epoch > known) wanted.push_back(want);
    first = last;
  }
  for (MemoryBlock* block : machine.pages().blocks()) {
    const auto number = std::find(blocks.begin(), blocks.end(), block);
    for (u64 page = 0; page < block->pages(); ++page) {
      if (page % MemoryBlock::kGroupPages == 0 && block->group_epoch(page) <= known) {
        page += MemoryBlock::kGroupPages - 1;
        continue;
      }
      if (block->info(page).write_epoch <= known) continue;
      if (number != blocks.end() && listed(u32(number - blocks.begin()), u32(page))) continue;
      block->write(page * kPageSize, {kZeros, kPageSize});  // no keyframe ever had it
    }
  }
  std::sort(wanted.begin(), wanted.end());
  for (const Wanted& want : wanted) {
    const u8* bytes = want.content ? TRY(content(want.frame, want.content)) : kZeros;
    blocks[want.block]->write(u64(want.page) * kPageSize, {bytes, kPageSize});
  }
  return {};
}

Result<Place> Keyframes::load(std::size_t frame, Machine& machine) {
  const Frame& to = frames_[frame];
  std::vector<u8> objects;
  for (const u32 number : to.objects) {
    const std::vector<u8> piece = TRY(recording_->payload(recording_->chunks()[number]));
    objects.insert(objects.end(), piece.begin(), piece.end());
    if (objects.size() > kMaxObjects) return fail("the recording has a keyframe that is too large");
  }
  TRY(load_pages(frame, machine));
  TRY(load_objects(machine.objects(), objects));
  if (machine.position() != to.at)
    return fail("the recording is damaged: a keyframe of " + text(to.at) + " leads to " +
                text(machine.position()));
  based_ = true;
  base_ = frame;
  epoch_ = machine.pages().epoch();
  machine.pages().advance_epoch();
  const StreamPlace stream{to.next, 0};
  return Place{stream, stream, stream, stream, to.points, to.at};
}

}  // namespace reprise::trace
