#include "cpu/engine/fetch.h"

#include <algorithm>

#include "cpu/cluster.h"
#include "cpu/decode/decoder.h"
#include "cpu/timing/clock_ops.h"

namespace reprise::cpu {

Fetched fetch_one(Cpu& c, Op* op) {
  const u64 ip = c.r[kRip];
  const u64 linear = linear_ip(c);
  if (c.code64() && !canonical(linear)) c.raise(kGP, 0);
  unsigned have = 0;
  const u32 limit = c.seg[CS].limit;
  const u64 allowed = c.code64() ? 15 : ip > limit ? 0 : std::min<u64>(15, u64(limit) - ip + 1);
  Fetched f;
  u8* const bytes = f.bytes;
  if (allowed == 0) c.raise(kGP, 0);
  f.address = c.translate_fetch(linear);
  c.cluster.stops().executes(linear);
  const unsigned room = unsigned(kPageSize - (linear & 0xFFF));
  const auto append = [&](u64 address, unsigned count) {
    const PhysPage page = c.phys_page(address);
    for (unsigned i = 0; i < count; ++i, ++have)
      bytes[have] = page.block ? page.block->data()[page.page * kPageSize + (address & 0xFFF) + i]
                               : u8(c.read_physical(address + i, 1));
  };
  const unsigned first = unsigned(std::min<u64>({15, room, allowed}));
  append(f.address, first);
  DecodeResult result = decode(c, bytes, have, op);
  if (result == DecodeResult::kMore && have < allowed) {
    const u64 next = c.code64() ? linear + room : u32(linear + room);
    f.crossing = true;
    f.address2 = c.translate_fetch(next);
    if (c.phys_page(f.address).block) {  // the walk may have marked an entry among these bytes
      have = 0;
      append(f.address, first);
    }
    append(f.address2, unsigned(std::min<u64>(15, allowed) - have));
    result = decode(c, bytes, have, op);
  }
  // Past the segment's limit, or longer than 15 bytes.
  if (result == DecodeResult::kMore) c.raise(kGP, 0);
  if (TraceSink* trace = c.cluster.trace()) trace->decoded(c, linear, {bytes, op->length});
  return f;
}

namespace {

constexpr unsigned kMaxCount = ClockOps::kMax;

// Decodes a block that starts at r[kRip], of which `page` is the page.
Block* decode_block(Cpu& c, PageCode* page, u64 address) {
  BlockCache& cache = c.cluster.blocks();
  const u64 start = c.r[kRip];
  const u64 linear = linear_ip(c);
  const Timing& timing = c.cluster.timing();
  Op ops[kMaxCount + 3];
  u16 costs[kMaxCount + 1];
  const unsigned block_offset = address & 0xFFF;
  PageCode* page2 = nullptr;
  const u8* code = page->memory->data() + page->page * kPageSize;
  Fetched f;
  unsigned count = 0, bytes = 0;
  bool ends = false;
  while (count < kMaxCount) {
    const unsigned offset = block_offset + bytes;
    if (offset >= kPageSize || (count > 0 && c.cluster.stops().alone(offset))) break;
    const unsigned room = unsigned(kPageSize - offset);
    const u64 ip = start + bytes;
    const u32 limit = c.seg[CS].limit;
    if (!c.code64() && ip > std::min<u64>(limit, c.ip_mask())) break;
    const unsigned allowed =
        unsigned(std::min<u64>({15, room, c.code64() ? 15 : u64(limit) - ip + 1}));
    Op* op = &ops[count];
    if (decode(c, code + offset, allowed, op) == DecodeResult::kMore) break;
    op->offset = u16(bytes);
    costs[count] = u16(timing.cost(linear + bytes));
    if (TraceSink* trace = c.cluster.trace())
      trace->decoded(c, linear + bytes, {code + offset, op->length});
    bytes += op->length;
    ++count;
    if (op->flags & kOpEnds) {
      ends = true;
      break;
    }
  }
  if (count == 0) {  // the first instruction crosses into the next page
    const unsigned room = unsigned(kPageSize - block_offset);
    if (room >= 15 || (!c.code64() && start + room > c.seg[CS].limit)) return nullptr;
    // A device must not be read twice: step_one() does.
    const u64 next = c.code64() ? linear + room : u32(linear + room);
    if (!c.phys_page(c.translate_fetch(next)).block) return nullptr;
    f = fetch_one(c, ops);
    if (!f.crossing) return nullptr;
    const PhysPage second = c.phys_page(f.address2);
    if (!second.block) return nullptr;
    page2 = cache.page(*second.block, second.page);
    ops[0].offset = 0;
    costs[0] = u16(timing.cost(linear));
    bytes = ops[0].length;
    count = 1;
    ends = ops[0].flags & kOpEnds;
  }
  if (!ends) {  // control goes on behind the last instruction
    Op& next = ops[count];
    next = {};
    next.handler = next_block_handler(c.lines != nullptr);
    next.offset = u16(bytes);
    next.flags = kOpEnds | kOpFar;
  }
  ClockOps* const clock_ops = c.clocks ? c.clocks->ops.get() : nullptr;
  if (clock_ops)
    clock_ops->prepare(c, ops, count, page2 ? f.bytes : code + block_offset, linear, costs, false);
  unsigned cycles = 0;
  for (unsigned i = count; i-- > 0;) {
    cycles += costs[i];
    ops[i].cycles_left = u16(cycles);
    ops[i].count_left = u8(count - i);
  }
  check(cycles <= 0xFFFF, "a block takes more clocks than its Ops can say");
  for (unsigned i = 0; i < count; ++i) relocate(&ops[i]);
  Op& final_op = ops[count - (ends ? 1 : 0)];
  // With a 16-bit operand the target is cut to 64 KiB.
  const bool cut = final_op.osize == 2 && (c.mode & kModeWidth) != kMode16;
  if (page2 || cut || branches_out(final_op, block_offset)) final_op.flags |= kOpFar;

  Op with_clocks[ClockOps::kSlots];
  const Op* const all = clock_ops ? with_clocks : ops;
  unsigned stored = count + (ends ? 1 : 2);
  if (clock_ops)
    stored = clock_ops->lay_out(ops, ends, with_clocks) + 1;
  else
    fuse(ops, count);
  Block* const block = cache.make(stored + (clock_ops ? clock_ops->carry_slots() : 0));
  block->page = page;
  block->page2 = page2;
  block->crossing = page2 != nullptr;
  block->mode = c.mode;
  block->offset = u16(block_offset);
  std::copy(all, all + stored - 1, block->ops());
  new (&block->ops()[stored - 1]) Links{{nullptr, nullptr}, block, 0};
  if (clock_ops) clock_ops->put_carries(&block->ops()[stored]);
  block->cycles = cycles;
  block->count = u16(count);
  block->bytes = u16(bytes);
  const unsigned first = block->offset / 64;
  const unsigned seen = bytes + (clock_ops ? clock_ops->peeked() : 0);
  const unsigned final = std::min(block->offset + seen, 4096u) - 1;
  block->lines = (~u64(0) >> (63 - (final / 64 - first))) << first;
  cache.add(block);
  return block;
}

}  // namespace

Block* find_block(Cpu& c) {
  const u64 linear = linear_ip(c);
  if (c.code64() && !canonical(linear)) c.raise(kGP, 0);
  if (!c.code64() && c.r[kRip] > c.seg[CS].limit) c.raise(kGP, 0);
  const u64 tag = linear & ~u64(0xFFF);
  FastCode& f = c.fast_code[linear >> 12 & (kCodeTlb - 1)];
  if (f.tag != tag) {
    const PhysPage page = c.phys_page(c.translate_fetch(linear));
    if (!page.block) return nullptr;
    f = {tag, c.cluster.blocks().page(*page.block, page.page)};
    c.cluster.stops().executes(linear);
  }
  PageCode* const code = f.page;
  Block* b = code->find(linear & 0xFFF, c.mode);
  if (!b) b = decode_block(c, code, linear & 0xFFF);
  if (!b) return nullptr;
  if (b->crossing) {
    const u64 next = tag + kPageSize;
    const PhysPage second = c.phys_page(c.translate_fetch(c.code64() ? next : u32(next)));
    // The walk may have marked an entry among the instruction's own bytes.
    if (c.cluster.blocks().reclaim_due()) return nullptr;
    if (!second.block || second.block != b->page2->memory || second.page != b->page2->page) {
      c.cluster.blocks().drop_block(b);
      c.link = nullptr;
      return nullptr;
    }
  }
  if (!(c.mode & kModeFlatCs) &&
      c.r[kRip] + b->bytes - 1 > std::min<u64>(c.seg[CS].limit, c.ip_mask()))
    return nullptr;
  return b;
}

}  // namespace reprise::cpu
