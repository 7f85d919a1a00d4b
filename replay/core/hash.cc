#include "replay/core/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "replay/core/state_readers.h"

namespace reprise {
namespace {

// So that equal pages at different places do not cancel or swap unseen.
u64 mix(u64 content, u64 index) {
  u64 h = content ^ ((index + 1) * 0x9E3779B97F4A7C15ull);
  h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93ull;
  h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93ull;
  return h ^ (h >> 32);
}

bool all_zero(const u8* page) {
  return page[0] == 0 && std::memcmp(page, page + 1, kPageSize - 1) == 0;
}

void append(std::vector<u8>& out, u64 value) {
  for (unsigned i = 0; i < 8; ++i) out.push_back(u8(value >> (8 * i)));
}

}  // namespace

std::string Hash128::hex() const {
  char text[33];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(high),
                static_cast<unsigned long long>(low));
  return text;
}

u64 hash64(std::span<const u8> bytes, u64 seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

Hash128 hash128(std::span<const u8> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

Hash128 MachineHashes::total() const {
  std::vector<u8> all;
  for (const HashPart& part : parts) {
    append(all, part.name.size());
    all.insert(all.end(), part.name.begin(), part.name.end());
    append(all, part.value);
  }
  return hash128(all);
}

MachineHash::Block::Block(u64 pages)
    : added(static_cast<u64*>(std::calloc(pages, sizeof(u64))), &std::free) {
  check(added != nullptr || pages == 0, "out of memory for page hashes");
}

MachineHashes MachineHash::take() {
  MachineHashes result{machine_.position(), {}};
  for (const auto& [path, device] : machine_.objects().all()) {
    HashState state;
    device->state(state);
    result.parts.push_back({path, state.value()});
  }
  for (const MemoryBlock* block : machine_.pages().blocks()) {
    result.parts.push_back({"memory:" + block->name(), memory(*block)});
  }
  machine_.pages().advance_epoch();
  return result;
}

u64 MachineHash::memory(const MemoryBlock& block) {
  Block& known = blocks_.try_emplace(block.name(), block.pages()).first->second;
  const u32 now = machine_.pages().epoch();
  for (u64 first = 0; first < block.pages(); first += MemoryBlock::kGroupPages) {
    if (block.group_epoch(first) <= known.epoch) continue;
    const u64 end = std::min(block.pages(), first + MemoryBlock::kGroupPages);
    for (u64 page = first; page < end; ++page) {
      if (block.info(page).write_epoch <= known.epoch) continue;
      const u8* content = block.data() + page * kPageSize;
      const u64 adds = all_zero(content) ? 0 : mix(hash64({content, kPageSize}), page);
      known.sum += adds - known.added[page];
      if (known.added[page] != adds) known.added[page] = adds;
    }
  }
  known.epoch = now;
  return known.sum;
}

}  // namespace reprise
