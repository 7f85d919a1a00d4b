#include "cpu/timing/p5.h"

#include <cstring>

#include "cpu/cluster.h"
#include "cpu/memory/sized.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

namespace {

// A page, by few bits: of another with the same, lines are dropped in vain at times.
constexpr u16 kNoPage = 0xFFFF;
u16 page_number(u64 linear) { return u16((linear >> 12 ^ linear >> 27) & 0x7FFF); }

}  // namespace

P5::P5() {
  code_lines.fill(kNever);
  for (auto& table : line_pages)
    for (u16& page : table) page = kNoPage;
  for (unsigned table = 0; table < 3; ++table)
    for (unsigned set = 0; set < kDataLines; ++set) drop_line(table, set);
  known.fill(kNone);
}

void P5::drop_lines() {
  for (unsigned table = 0; table < 2; ++table)
    for (unsigned set = 0; set < kDataLines; ++set) {
      if (line_pages[table][set] == kNoPage) continue;
      line_pages[table][set] = kNoPage;
      drop_line(table, set);
    }
  code_lines.fill(kNever);
}

void P5::drop_lines(bool user, u64 page) {
  // Mostly there is none, which is known soonest by vectors.
  using Numbers = u16 __attribute__((vector_size(16)));
  using Halves = u64 __attribute__((vector_size(16)));
  const u16 number = page_number(page);
  u16(&pages)[kDataLines] = line_pages[user];
  Numbers found = {};
  for (unsigned set = 0; set < kDataLines; set += 8) {
    Numbers eight;
    std::memcpy(&eight, &pages[set], sizeof eight);
    found |= Numbers(eight == number);
  }
  const Halves any = Halves(found);
  if (!(any[0] | any[1])) return;
  for (unsigned set = 0; set < kDataLines; ++set)
    if (pages[set] == number) pages[set] = kNoPage, drop_line(user, set);
}

void P5::drop_code_lines(u64 number) {
  for (u64& line : code_lines)
    if (line >> 7 == number) line = kNever;
}

void P5::state(State& s) {
  s("written", exit.written)("slack", exit.slack, 0, 15)("paid", exit.paid)("rep", exit.rep)(
      "banks", banks);
  u8 branch = exit.branch;
  bool beside = exit.beside_memory;
  s("branch", branch, 0, P5Branch::kIndirect)("beside_memory", beside);
  exit.branch = branch & 7, exit.beside_memory = beside;
  u64 from = branch_at();
  u16 after = u16(left.after - left.branch);
  s("branch_at", from)("after", after);
  at = from, left = {0, after};
  s("code", code.tags)("code_recent", code.recent)("data", data.tags)("data_recent", data.recent);
  s("code_pages", code_pages.tags)("code_page_next", code_pages.next);
  s("data_pages", data_pages.tags)("data_page_next", data_pages.next);
  for (BtbSet& set : btb) {
    s("branch", set.branch)("target", set.target)("counter", set.counter)("next", set.next, 0, 3);
    if (!s.loading()) continue;
    for (u8& counter : set.counter) counter &= 3;
  }
  s("write_free", write_free)("fp_free", fp_free)("fmul_free", fmul_free);
  s("fp_ready", fp_ready);
  Counters& n = counters;
  s("pairs", n.pairs)("line_misses", n.line_misses)("read_misses", n.read_misses);
  s("write_misses", n.write_misses)("code_tlb_misses", n.code_tlb_misses)(
      "data_tlb_misses", n.data_tlb_misses)("misaligned", n.misaligned);
  s("bank_conflicts", n.bank_conflicts)("agi", n.agi)("branches", n.branches);
  s("mispredicted", n.mispredicted)("write_stalls", n.write_stalls)("fpu_waits", n.fpu_waits);
  if (!s.loading()) return;
  for (u8& way : code.recent) way &= 1;
  for (u8& way : data.recent) way &= 1;
  for (u8& way : code_pages.next) way &= 3;
  for (u8& way : data_pages.next) way &= 3;
  drop_lines();
  known.fill(kNone);
}

namespace p5 {

namespace {

// The page that `linear` is in, by the TLB; kNever: it has none.
template <unsigned N>
u64 frame_of(const Cpu& c, const TlbEntry (&tlb)[N], u64 linear) {
  if (!(c.cr0 & CR0_PG)) return u32(linear) >> 12;
  const TlbEntry& e = tlb[linear >> 12 & (N - 1)];
  return e.tag == linear >> 12 ? e.frame : kNever;
}
// ... where there are no pointers to it; kNever too where it is not memory.
[[gnu::noinline]] u64 frame_in_memory(Cpu& c, u64 linear) {
  const u64 frame = frame_of(c, c.data_tlb, linear);
  return frame != kNever && c.phys_page(frame << 12).block ? frame : kNever;
}

// A write that misses waits for a buffer.
i64 buffer_write(P5& k, Cycles now) {
  constexpr Cycles full = kP5WriteBuffers * kP5WriteClocks;
  k.write_free = std::max(k.write_free, now) + kP5WriteClocks;
  const Cycles stall = std::max(k.write_free, now + full) - now - full;
  k.counters.write_stalls += stall != 0;
  return i64(stall);
}

// One access to a line that is not known to cost nothing, `extra` clocks behind its start: what it
// costs. `page`: that of the access, if it is mapped; derived for the next time, the line.
template <bool Write>
[[gnu::always_inline]] inline i64 look_up_line(Cpu& c, u64 linear, u64 frame, const FastEntry* page,
                                               i64 extra) {
  P5& k = *c.p5;
  const unsigned set = TwoWay::set(linear);
  i64 clocks = 0;
  const auto found = k.data.look_up(set, u32(frame), !Write);
  if (found != TwoWay::kRecent) [[likely]] {
    if (!k.data_pages.look_up(linear >> 12)) [[unlikely]] {
      ++k.counters.data_tlb_misses;
      clocks += kP5TlbMiss;
    }
    if (found == TwoWay::kMiss) {
      ++(Write ? k.counters.write_misses : k.counters.read_misses);
      if (Write) return clocks + buffer_write(k, c.position().cycles + u64(extra + clocks));
      clocks += kP5ReadMiss;
    }
    k.drop_line(0, set), k.drop_line(1, set);
  }
  if (page) {
    const u64 tag = linear & ~u64(31);
    c.lines[set] = {tag, page->write_tag == page->read_tag ? tag : P5::kNoLine, page->addend,
                    frame};
    k.line_pages[c.user()][set] = page_number(linear);
  }
  return clocks;
}

// What makes an access that is not aligned slower.
[[gnu::always_inline]] inline i64 misalignment(P5& k, u64 linear, unsigned size) {
  const unsigned natural = size > 4 ? 8 : 4;
  const bool misaligned = (linear & (natural - 1)) + size > natural;
  k.counters.misaligned += misaligned;
  return misaligned ? kP5Misaligned : 0;
}
template <bool Write>
bool in_known_line(const Cpu& c, u64 linear) {
  const FastEntry& line = c.lines[TwoWay::set(linear)];
  return (Write ? line.write_tag : line.read_tag) == (linear & ~u64(31));
}

// One access, which has been made: what it costs more than its instruction's clocks.
template <bool Write>
void charge(Cpu& c, u64 linear, unsigned size) {
  P5& k = *c.p5;
  if (k.exit.rep && (c.op->flags & kOpEnds)) return;  // part of a REP's clocks
  i64 extra = misalignment(k, linear, size);
  if (!in_known_line<Write>(c, linear)) {
    const FastEntry& page = c.pages[linear >> 12 & (kDataTlb - 1)];
    const bool mapped = page.read_tag == (linear & kPageMask);
    const u64 frame = mapped ? page.frame : frame_in_memory(c, linear);
    if (frame != kNever) [[likely]]
      extra += look_up_line<Write>(c, linear, frame, mapped ? &page : nullptr, extra);
  }
  if (extra) c.wait(u64(extra));
}

}  // namespace

u64 load(Cpu& c, u64 linear, unsigned size, bool user, u8 segment) {
  const FastEntry& page = c.pages[linear >> 12 & (kDataTlb - 1)];
  u64 value = 0;
  if (((linear + size - 1) & kPageMask) == page.read_tag && user == c.user()) [[likely]]
    value = read_sized(linear + page.addend, size);
  else
    value = c.load_any(linear, size, user, segment, true);
  charge<false>(c, linear, size);
  return value;
}

void store(Cpu& c, u64 linear, unsigned size, u64 value, bool user, u8 segment) {
  const FastEntry& page = c.pages[linear >> 12 & (kDataTlb - 1)];
  if (((linear + size - 1) & kPageMask) == page.write_tag && user == c.user()) [[likely]]
    write_sized(linear + page.addend, size, value);
  else
    c.store_any(linear, size, value, user, segment);
  charge<true>(c, linear, size);
}

}  // namespace p5

// An access that cannot fault is charged before it is made.
template <Take How>
bool take_datum(Cpu& c, const Op* op, u64 linear, unsigned size) {
  constexpr bool write = How == Take::kWrite;
  const FastEntry& page = c.pages[linear >> 12 & (kDataTlb - 1)];
  const u64 tag = How == Take::kRead ? page.read_tag : page.write_tag;
  if (((linear + size - 1) & kPageMask) != tag) [[unlikely]]
    return false;
  // What is aligned is written where it was read at no cost beside.
  if (How == Take::kModify && (linear & (size - 1))) return false;
  c.op = op;
  c.taken = linear + page.addend;
  i64 extra = p5::misalignment(*c.p5, linear, size);
  if (!p5::in_known_line<write>(c, linear))
    extra += p5::look_up_line<write>(c, linear, page.frame, &page, extra);
  // As Cpu::wait(), without a jump over it where there is nothing to wait for.
  c.cycle += u64(extra);
  if (c.cycle >= c.cycle_limit && extra) [[unlikely]]
    c.request_leave();
  return true;
}
template bool take_datum<Take::kRead>(Cpu&, const Op*, u64, unsigned);
template bool take_datum<Take::kWrite>(Cpu&, const Op*, u64, unsigned);
template bool take_datum<Take::kModify>(Cpu&, const Op*, u64, unsigned);

namespace p5 {

i64 fetch_line(Cpu& c, u64 linear) {
  P5& k = *c.p5;
  const u64 frame = frame_of(c, c.code_tlb, linear);
  if (frame == kNever) return 0;
  i64 extra = 0;
  const auto found = k.code.look_up(TwoWay::set(linear), u32(frame), true);
  if (found != TwoWay::kRecent) {
    if (!k.code_pages.look_up(linear >> 12)) {
      ++k.counters.code_tlb_misses;
      extra += kP5TlbMiss;
    }
    if (found == TwoWay::kMiss) {
      ++k.counters.line_misses;
      extra += kP5CodeMiss;
    }
  }
  k.code_lines[linear >> 5 & (P5::kSets - 1)] = linear >> 5;
  return extra;
}

}  // namespace p5

}  // namespace reprise::cpu
