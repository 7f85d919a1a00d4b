#include "replay/trace/branches.h"

#include "replay/core/check.h"

namespace reprise::trace {
namespace {

constexpr std::size_t kMaxDate = 40;

}  // namespace

std::vector<u8> Branch::encode() const {
  ByteWriter out;
  out.varint(parent ? u64(*parent) + 1 : 0);
  out.varint(state);
  out.string(name);
  out.string(date);
  out.string(header);
  return out.data();
}

Result<Branch> Branch::decode(std::span<const u8> payload) {
  ByteReader in(payload);
  Branch branch;
  const u64 parent = in.varint(), state = in.varint();
  if (parent) branch.parent = u32(parent - 1);
  branch.state = u32(state);
  branch.name = in.string();
  branch.date = in.string();
  branch.header = in.string();
  if (!in.ok() || parent > kMaxBranches || state > 0xFFFF'FFFF ||
      branch.name.size() > Snapshot::kMaxName || branch.date.size() > kMaxDate ||
      (parent == 0) == branch.header.empty())
    return fail("a BRCH chunk is broken");
  return branch;
}

std::vector<u8> Snapshot::encode() const {
  ByteWriter out;
  out.string(name);
  out.varint(keyframe);
  out.string(date);
  return out.data();
}

Result<Snapshot> Snapshot::decode(std::span<const u8> payload) {
  ByteReader in(payload);
  Snapshot snapshot;
  snapshot.name = in.string();
  const u64 keyframe = in.varint();
  snapshot.keyframe = u32(keyframe);
  snapshot.date = in.string();
  if (!in.ok() || keyframe > 0xFFFF'FFFF || snapshot.name.empty() ||
      snapshot.name.size() > kMaxName || snapshot.date.size() > kMaxDate)
    return fail("a SNAP chunk is broken");
  return snapshot;
}

Lineage::Lineage(const std::vector<Branch>& branches, u32 branch) {
  u32 last = ~u32(0);
  for (;;) {
    const Branch& one = branches[branch];
    parts_.push_back({branch, last});
    root_begin_ = one.begin;
    if (!one.parent) return;
    check(*one.parent < branch, "a branch stands before its parent");
    last = std::min(last, one.state);
    branch = *one.parent;
  }
}

bool Lineage::has(const ChunkHeader& header) const {
  switch (header.type) {
    case kInput:
    case kText:
    case kHash:
    case kKeyframe:
    case kPages:
    case kObjects:
    case kUsed:
    case kIndex:
    case kEnd:
      for (const Part& part : parts_)
        if (part.branch == header.branch) return header.number <= part.last;
      return false;
    case kDisk:
    case kPins:
      return header.number >= root_begin_;
    default:
      return true;
  }
}

}  // namespace reprise::trace
