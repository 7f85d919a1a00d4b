#include "replay/trace/reader.h"

#include <lz4.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace reprise::trace {
namespace {

std::string where(const Chunk& chunk) {
  return "chunk " + std::to_string(chunk.header.number) + " (" + type_name(chunk.header.type) +
         ") at offset " + std::to_string(chunk.offset);
}

Error damaged(u64 number, u64 offset, const std::string& what) {
  return fail("the recording is damaged: chunk " + std::to_string(number) + " at offset " +
              std::to_string(offset) + ": " + what + "; take another copy of the file");
}

Error damaged(const Chunk& chunk, const std::string& what) {
  return fail("the recording is damaged: " + where(chunk) + ": " + what +
              "; take another copy of the file");
}

}  // namespace

std::string RecordingHeader::to_json() const {
  nlohmann::json json = {{"build", build},
                         {"created", created},
                         {"hash-interval", hash_interval},
                         {"machine", machine}};
  if (!origin.empty()) json["origin"] = origin;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<RecordingHeader> RecordingHeader::from_json(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const auto is_string = [&](const char* key) {
    return json.contains(key) && json[key].is_string();
  };
  if (!json.is_object() || !is_string("build") || !is_string("created") || !is_string("machine") ||
      !json.contains("hash-interval") || !json["hash-interval"].is_number_unsigned() ||
      json["hash-interval"].get<u64>() - 1 >= kMaxHashInterval) {
    return fail("the recording's header does not describe a machine");
  }
  return RecordingHeader{json["machine"].get<std::string>(), json["build"].get<std::string>(),
                         json["created"].get<std::string>(), json["hash-interval"].get<u64>(),
                         is_string("origin") ? json["origin"].get<std::string>() : ""};
}

std::vector<u8> RecordingEnd::encode() const {
  ByteWriter out;
  out.u32_(exit_status);
  out.u64_(total.high);
  out.u64_(total.low);
  for (const HashPart& part : parts) {
    out.string(part.name);
    out.u64_(part.value);
  }
  return out.data();
}

Result<RecordingEnd> RecordingEnd::decode(std::span<const u8> payload) {
  ByteReader in(payload);
  RecordingEnd end;
  end.exit_status = in.u32_();
  end.total.high = in.u64_();
  end.total.low = in.u64_();
  while (in.ok() && !in.at_end()) {
    std::string name = in.string();
    end.parts.push_back({std::move(name), in.u64_()});
  }
  if (!in.ok()) return fail("the recording's END chunk is broken");
  return end;
}

Result<Recording> Recording::open(const RecordingFile& file, Kind kind, std::optional<u32> branch) {
  Recording recording(file);
  recording.kind_ = kind;
  recording.branches_.resize(1);
  recording.ends_.resize(1);
  TRY(recording.check_file_head());
  TRY(recording.scan());
  TRY(recording.select(branch));
  return recording;
}

Result<void> Recording::check_file_head() {
  if (file_->size() < kFileHeadSize) {
    return fail("not a recording, or cut before its first chunk: it has " +
                std::to_string(file_->size()) + " bytes");
  }
  std::vector<u8> bytes(kFileHeadSize);
  TRY(file_->read_at(0, bytes));
  if (!std::equal(kMagic.begin(), kMagic.end(), bytes.begin(),
                  [](char a, u8 b) { return u8(a) == b; })) {
    return fail("not a recording: it does not begin with REPRISE");
  }
  ByteReader in(std::span<const u8>(bytes).subspan(kMagic.size()));
  const u32 version = in.u32_();
  if (in.u32_() != crc32c(std::span<const u8>(bytes).first(kFileHeadSize - 4))) {
    return fail("the recording is damaged in its first 16 bytes; take another copy of the file");
  }
  if (version != kFormatVersion) {
    return fail("the recording has format version " + std::to_string(version) +
                ", and this build reads version " + std::to_string(kFormatVersion) +
                ": replay it with the build that made it");
  }
  return {};
}

// Reads one chunk and checks its bytes.
Result<bool> Recording::scan_chunk(u64 offset, Chunk& chunk) {
  const u64 left = file_->size() - offset;
  u64 number = chunks_.size() + shift_;
  if (left < kChunkHeaderSize) return false;
  std::vector<u8> bytes(kChunkHeaderSize);
  TRY(file_->read_at(offset, bytes));
  chunk.offset = offset;
  ChunkHeader& header = chunk.header;
  if (!decode(bytes, header)) return damaged(number, offset, "its header has changed");
  const bool gap = kind_ == Kind::Ring && chunks_.size() == 1 && header.number > number;
  if (gap) number = header.number, shift_ = number - 1;
  if (header.number != number) {
    return damaged(number, offset, "it says it is chunk " + std::to_string(header.number));
  }
  if (header.stored > kMaxChunk || header.raw > kMaxChunk) return damaged(chunk, "it is too large");
  if (header.flags & ~kFlagLz4) return damaged(chunk, "it has unknown flags");
  if (!(header.flags & kFlagLz4) && header.raw != header.stored) {
    return damaged(chunk, "its two lengths differ");
  }
  if (left - kChunkHeaderSize < header.stored) return false;
  bytes.resize(header.stored);
  TRY(file_->read_at(offset + kChunkHeaderSize, bytes));
  if (crc32c(bytes) != header.payload_crc) return damaged(chunk, "its content has changed");
  return true;
}

// Behind the end, a chunk of another run may have been cut; nothing else.
Result<bool> Recording::begins_another(u64 offset) const {
  std::vector<u8> bytes(std::min<u64>(4, file_->size() - offset));
  TRY(file_->read_at(offset, bytes));
  for (const u32 type : {kBranch, kDisk, kPins}) {
    const std::string name = type_name(type);
    if (std::equal(bytes.begin(), bytes.end(), name.begin(),
                   [](u8 a, char b) { return a == u8(b); }))
      return true;
  }
  return false;
}

Result<void> Recording::scan() {
  u64 offset = kFileHeadSize;
  while (offset < file_->size()) {
    Chunk chunk;
    if (!TRY(scan_chunk(offset, chunk))) break;
    const u32 type = chunk.header.type;
    // Disks are put to the state that a branch goes on from before it begins.
    if (ends_.back().end && type != kBranch && type != kDisk && type != kPins)
      return damaged(chunk, "it comes after the end");
    TRY(accept(chunk));
    chunks_.push_back(chunk);
    offset += kChunkHeaderSize + chunk.header.stored;
  }
  whole_ = offset;
  if (ends_.back().end && !TRY(begins_another(offset)))
    return damaged(chunks_.size(), offset, "there are bytes after the end");
  if (chunks_.empty()) {
    return fail("the recording is cut before its header ends: there is nothing to replay");
  }
  return {};
}

// What a chunk's header says must fit the chunks before it.
Result<void> Recording::accept(const Chunk& chunk) {
  const ChunkHeader& header = chunk.header;
  if (chunks_.empty() != (header.type == kHead)) {
    return damaged(chunk, "the header must be the first chunk and the only one of its type");
  }
  if (header.type == kBranch) return accept_branch(chunk);
  if (header.branch >= branches_.size()) return damaged(chunk, "its branch has not begun");
  if (header.last < header.first || header.last.cycles < header.first.cycles) {
    return damaged(chunk, "it ends before it begins");
  }
  if (header.last.icount >= kEndOfTime || header.last.cycles >= kEndOfTime) {
    return damaged(chunk, "its last position is out of range");
  }
  if (header.type == kHead) {
    const std::vector<u8> bytes = TRY(payload(chunk));
    header_ = TRY(
        RecordingHeader::from_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
  }
  if (header.type == kSnapshot) return accept_snapshot(chunk);
  Position& last = ends_[header.branch].last;
  // A recording that was saved later begins with a state.
  if (header.type == kKeyframe && last == Position{}) last = header.last;
  const bool events = header.type == kInput || header.type == kText || header.type == kHash;
  const bool goes_on = kind_ == Kind::File || last != Position{};
  if (events && goes_on && header.first != last)
    return damaged(chunk, "it does not go on where it should");
  if (header.type == kInput) last = header.last;
  if (header.type == kEnd) {
    if (header.last != last) return damaged(chunk, "the end is not where the events end");
    const std::vector<u8> bytes = TRY(payload(chunk));
    ends_[header.branch].end = TRY(RecordingEnd::decode(bytes));
  }
  return {};
}

const Chunk* Recording::keyframe(u32 number) const {
  const u64 index = number - (number ? shift_ : 0);
  if (index >= chunks_.size() || chunks_[index].header.type != kKeyframe) return nullptr;
  return &chunks_[index];
}

Result<void> Recording::accept_branch(const Chunk& chunk) {
  Branch branch = TRY(Branch::decode(TRY(payload(chunk))));
  if (chunk.header.branch != branches_.size() || branches_.size() >= kMaxBranches)
    return damaged(chunk, "branches are not counted right");
  branch.begin = chunk.header.number;
  RunEnd end;
  if (branch.parent) {
    const Chunk* state = keyframe(branch.state);
    if (*branch.parent >= branches_.size() || !state ||
        !Lineage(branches_, *branch.parent).has(state->header))
      return damaged(chunk, "a branch goes on from what is not there");
    branch.from = end.last = state->header.last;
  }
  branches_.push_back(std::move(branch));
  ends_.push_back(std::move(end));
  return {};
}

Result<void> Recording::accept_snapshot(const Chunk& chunk) {
  Snapshot snapshot = TRY(Snapshot::decode(TRY(payload(chunk))));
  std::erase_if(snapshots_, [&](const Snapshot& one) { return one.name == snapshot.name; });
  if (!snapshot.keyframe) return {};
  const Chunk* state = keyframe(snapshot.keyframe);
  if (!state) return damaged(chunk, "a snapshot has no state");
  snapshot.branch = state->header.branch;
  snapshot.at = state->header.last;
  snapshots_.push_back(std::move(snapshot));
  return {};
}

const Snapshot* Recording::snapshot(const std::string& name) const {
  for (const Snapshot& one : snapshots_)
    if (one.name == name) return &one;
  return nullptr;
}

Result<void> Recording::select(std::optional<u32> branch) {
  branch_ = branch.value_or(u32(branches_.size() - 1));
  if (branch_ >= branches_.size())
    return fail("the recording has branches 0 to " + std::to_string(branches_.size() - 1));
  last_ = ends_[branch_].last;
  end_ = ends_[branch_].end;
  if (branches_.size() == 1) return {};
  const Lineage lineage(branches_, branch_);
  if (const std::string& header = branches_[lineage.root()].header; !header.empty())
    header_ = TRY(RecordingHeader::from_json(header));
  for (Chunk& chunk : chunks_)
    if (!lineage.has(chunk.header)) chunk.header.type = 0;
  return {};
}

Result<std::vector<u8>> Recording::payload(const Chunk& chunk) const {
  std::vector<u8> stored(chunk.header.stored);
  TRY(file_->read_at(chunk.offset + kChunkHeaderSize, stored));
  if (!(chunk.header.flags & kFlagLz4)) return stored;
  std::vector<u8> raw(std::max<u32>(chunk.header.raw, 1));
  const int length = LZ4_decompress_safe(reinterpret_cast<const char*>(stored.data()),
                                         reinterpret_cast<char*>(raw.data()), int(stored.size()),
                                         int(chunk.header.raw));
  if (length < 0 || u32(length) != chunk.header.raw) {
    return damaged(chunk, "it does not decompress");
  }
  raw.resize(chunk.header.raw);
  return raw;
}

Result<std::set<Hash128>> Recording::blobs() const {
  std::set<Hash128> all;
  for (const Chunk& chunk : chunks_) {
    if (chunk.header.type != kBlob) continue;
    const std::vector<u8> bytes = TRY(payload(chunk));
    ByteReader in(bytes);
    const Hash128 of{in.u64_(), in.u64_()};
    const u64 total = in.u64_(), offset = in.u64_();
    if (offset + in.rest().size() == total) all.insert(of);  // its last piece
  }
  return all;
}

Result<std::vector<u8>> Recording::blob(const Hash128& hash, u64 limit) const {
  std::vector<u8> content;
  for (const Chunk& chunk : chunks_) {
    if (chunk.header.type != kBlob) continue;
    const std::vector<u8> bytes = TRY(payload(chunk));
    ByteReader in(bytes);
    const Hash128 of{in.u64_(), in.u64_()};
    if (of != hash) continue;
    const u64 total = in.u64_(), offset = in.u64_();
    const std::span<const u8> piece = in.rest();
    if (total > limit) {
      return fail("the recording's blob " + hash.hex() + " has " + std::to_string(total) +
                  " bytes, more than the " + std::to_string(limit) + " allowed");
    }
    if (!in.ok() || offset != content.size() || piece.size() > total - offset) {
      return damaged(chunk, "a blob's pieces do not fit together");
    }
    content.insert(content.end(), piece.begin(), piece.end());
    if (content.size() != total) continue;
    if (hash128(content) != hash) return damaged(chunk, "a blob is not what its hash says");
    return content;
  }
  return fail("the recording does not hold blob " + hash.hex() +
              (end_ ? "" : ": the file was cut before it"));
}

}  // namespace reprise::trace
