#include "replay/trace/hash_chain.h"

#include <algorithm>

namespace reprise::trace {

void HashPoints::output(Position at, const Port& port, std::span<const u8> bytes) {
  u64& digest = digests_[port.name()];
  ByteWriter seed;
  seed.u64_(digest);
  seed.u64_(at.icount);
  seed.u64_(at.cycles);
  digest = hash64(bytes, hash64(seed.data()));
}

MachineHashes HashPoints::look() {
  MachineHashes hashes = hash_.take();
  for (const auto& [name, digest] : digests_) hashes.parts.push_back({"output:" + name, digest});
  return hashes;
}

MachineHashes HashPoints::take() {
  MachineHashes hashes = look();
  digests_.clear();
  next_ = (hashes.at.cycles / interval_ + 1) * interval_;
  return hashes;
}

void HashWriter::restart(Position first) {
  out_.clear();
  last_ = first;
  values_.clear();
  ids_.clear();
}

void HashWriter::add(const MachineHashes& hashes) {
  std::map<std::string, u64> now;
  for (const HashPart& part : hashes.parts) now[part.name] = part.value;

  ByteWriter entries;
  u64 count = 0;
  const auto entry = [&](const std::string& name, bool gone) {
    const auto [place, added] = ids_.try_emplace(name, ids_.size());
    entries.varint(place->second << 1 | u64(gone));
    if (added) entries.string(name);
    ++count;
  };
  for (const auto& [name, value] : values_) {
    if (!now.contains(name)) entry(name, true);
  }
  for (const auto& [name, value] : now) {
    const auto before = values_.find(name);
    if (before != values_.end() && before->second == value) continue;
    entry(name, false);
    entries.u64_(value);
  }
  out_.varint(hashes.at.icount - last_.icount);
  out_.varint(hashes.at.cycles - last_.cycles);
  out_.varint(count);
  out_.bytes(entries.data());
  last_ = hashes.at;
  values_ = std::move(now);
}

bool HashStream::open_next() {
  const auto& chunks = recording_.chunks();
  while (chunk_ < chunks.size() && chunks[chunk_].header.type != kHash) ++chunk_;
  if (chunk_ == chunks.size()) return false;
  Result<std::vector<u8>> payload = recording_.payload(chunks[chunk_]);
  if (!payload) {
    error_ = payload.error().message;
    return false;
  }
  payload_ = std::move(*payload);
  in_ = ByteReader(payload_);
  last_ = chunks[chunk_].header.first;
  limit_ = chunks[chunk_].header.last;
  values_.clear();
  names_.clear();
  taken_ = 0;
  ++chunk_;
  return true;
}

StreamPlace HashStream::place() {
  if (!have_ && in_.at_end()) return {chunk_ + recording_.shift(), 0};
  return {chunk_ - 1 + recording_.shift(), taken_};
}

void HashStream::go(StreamPlace place) {
  error_.clear();
  have_ = false;
  in_ = ByteReader({});
  chunk_ = place.chunk - std::min(place.chunk, recording_.shift());
  for (u64 i = 0; i < place.taken && peek(); ++i) pop();
}

const MachineHashes* HashStream::peek() {
  while (!have_ && error_.empty()) {
    if (in_.at_end()) {
      if (!open_next()) return nullptr;
    } else if (!decode()) {
      error_ = "HASH chunk " + std::to_string(recording_.chunks()[chunk_ - 1].header.number) +
               ": a broken record";
    }
  }
  return have_ ? &record_ : nullptr;
}

bool HashStream::decode() {
  const u64 icounts = in_.varint(), cycles = in_.varint();
  if (icounts > limit_.icount - last_.icount || cycles > limit_.cycles - last_.cycles) return false;
  last_ = {last_.icount + icounts, last_.cycles + cycles};
  for (u64 count = in_.varint(); count > 0 && in_.ok(); --count) {
    const u64 code = in_.varint(), id = code >> 1;
    if (id == names_.size()) names_.push_back(in_.string());
    if (id >= names_.size()) return false;
    if (code & 1) {
      values_.erase(names_[id]);
    } else {
      values_[names_[id]] = in_.u64_();
    }
  }
  if (!in_.ok()) return false;
  record_ = {last_, {}};
  for (const auto& [name, value] : values_) record_.parts.push_back({name, value});
  have_ = true;
  return true;
}

std::vector<std::string> differing_parts(const std::vector<HashPart>& a,
                                         const std::vector<HashPart>& b) {
  std::map<std::string, u64> here, there;
  for (const HashPart& part : a) here[part.name] = part.value;
  for (const HashPart& part : b) there[part.name] = part.value;
  std::vector<std::string> names;
  for (const auto& [name, value] : here) {
    const auto other = there.find(name);
    if (other == there.end() || other->second != value) names.push_back(name);
  }
  for (const auto& [name, value] : there) {
    if (!here.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace reprise::trace
