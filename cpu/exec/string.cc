#include "cpu/exec/string.h"

#include <algorithm>

#include "cpu/cluster.h"
#include "cpu/exec/string_sets.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

u64 index_of(const Cpu& c, const Op* op, u8 reg) {
  return op->asize == 8 ? c.r[reg] : op->asize == 4 ? u32(c.r[reg]) : u16(c.r[reg]);
}

void set_index(Cpu& c, const Op* op, u8 reg, u64 value) {
  if (op->asize == 8)
    c.r[reg] = value;
  else if (op->asize == 4)
    c.r[reg] = u32(value);
  else
    c.reg<u16>(reg * 8) = u16(value);
}

void advance(Cpu& c, const Op* op, u8 reg, i64 bytes) {
  set_index(c, op, reg, c.r[reg] + u64(bytes));
}

template <class T>
u64 source(Cpu& c, const Op* op) {
  return linear_at<T>(c, op, index_of(c, op, RSI), false);
}

template <class T>
u64 destination(Cpu& c, const Op* op, bool write) {
  const u64 offset = index_of(c, op, RDI);
  return c.code64() ? offset : c.linear(ES, offset, sizeof(T), write);
}

template <class T>
i64 step_bytes(const Cpu& c) {
  return c.eflags & DF ? -i64(sizeof(T)) : i64(sizeof(T));
}

template <class T>
using PortWidth = std::conditional_t<sizeof(T) == 8, u32, T>;  // REX.W does not widen INS and OUTS

template <StringOp S, class T>
void iterate(Cpu& c, const Op* op) {
  const i64 bytes = step_bytes<T>(c);
  if constexpr (S == StringOp::kMovs) {
    const T value = load<T>(c, op, source<T>(c, op), op->seg);
    store<T>(c, op, destination<T>(c, op, true), value, ES);
  } else if constexpr (S == StringOp::kStos) {
    store<T>(c, op, destination<T>(c, op, true), c.reg<T>(RAX * 8), ES);
  } else if constexpr (S == StringOp::kLods) {
    c.set_reg<T>(RAX * 8, load<T>(c, op, source<T>(c, op), op->seg));
  } else if constexpr (S == StringOp::kCmps) {
    // Where both would fault, Intel's processors report the destination.
    const T b = load<T>(c, op, destination<T>(c, op, false), ES);
    Sub::apply<T>(c, load<T>(c, op, source<T>(c, op), op->seg), b);
  } else if constexpr (S == StringOp::kScas) {
    Sub::apply<T>(c, c.reg<T>(RAX * 8), load<T>(c, op, destination<T>(c, op, false), ES));
  } else if constexpr (S == StringOp::kIns) {
    return ins_one<PortWidth<T>>(c, *op);
  } else {
    return outs_one<PortWidth<T>>(c, *op);
  }
  constexpr bool from = S == StringOp::kMovs || S == StringOp::kLods || S == StringOp::kCmps;
  constexpr bool to = S != StringOp::kLods;
  if (from) advance(c, op, RSI, bytes);
  if (to) advance(c, op, RDI, bytes);
}

// Where there is nothing to do, processors yet write the count of a 32-bit address size back, as
// they do with all 32-bit results, and MOVS and STOS their indices (measured on the host).
template <StringOp S>
void shorten_indices(Cpu& c, const Op* op) {
  constexpr bool moves = S == StringOp::kMovs, stores = S == StringOp::kStos;
  if (!c.code64() || op->asize != 4 || S == StringOp::kIns || S == StringOp::kOuts) return;
  c.r[RCX] = 0;
  if (moves) c.r[RSI] = u32(c.r[RSI]);
  if (moves || stores) c.r[RDI] = u32(c.r[RDI]);
}

// A limit was reached, or set by what a page walk met.
bool must_leave(const Cpu& c) { return c.cycle >= c.cycle_limit || c.icount >= c.icount_limit; }

// How many further iterations, from 0, may run before a limit ends the chain, at `cost` each.
u64 iterations_left(const Cpu& c, unsigned cost) {
  if (must_leave(c)) return 0;
  const u64 by_count = c.icount_limit - c.icount;
  if (cost == 0) return by_count;
  return std::min(by_count, (c.cycle_limit - c.cycle + cost - 1) / cost);
}

// Elements from `linear` to the end of its page, in the direction of DF.
template <class T>
u64 elements_in_page(u64 linear, bool down) {
  const u64 offset = linear & 0xFFF;
  return down ? (offset + sizeof(T) > kPageSize ? 0 : offset / sizeof(T) + 1)
              : (kPageSize - offset) / sizeof(T);
}

// Does up to `limit` elements of REP MOVS or REP STOS at once; 0 where only single iterations do.
template <StringOp S, class T>
u64 bulk(Cpu& c, const Op* op, u64 limit) {
  const bool down = c.eflags & DF;
  if (down || limit < 4 || op->asize == 2) return 0;
  if (!c.code64() && !(c.mode & kModeFlatData)) return 0;
  if (!c.code64() && (op->seg >= FS || op->seg == CS)) return 0;  // may end at a limit
  const u64 to = destination<T>(c, op, true);
  u64 n = std::min(limit, elements_in_page<T>(to, false));
  u64 from = 0;
  if constexpr (S == StringOp::kMovs) {
    from = source<T>(c, op);
    n = std::min(n, elements_in_page<T>(from, false));
    // Conflicting TLB entries, or an overlap that repeats a pattern: one by one.
    if ((from >> 12 & (kDataTlb - 1)) == (to >> 12 & (kDataTlb - 1)) && from >> 12 != to >> 12)
      return 0;
    if (to - from < sizeof(T) * n && to != from) return 0;
  }
  if (op->asize == 4) {  // indices that wrap
    n = std::min(n, ((u64(1) << 32) - index_of(c, op, RDI)) / sizeof(T));
    if (S == StringOp::kMovs) n = std::min(n, ((u64(1) << 32) - index_of(c, op, RSI)) / sizeof(T));
  }
  if (n < 4) return 0;
  unsigned bytes = unsigned(n * sizeof(T));
  if constexpr (S == StringOp::kMovs) {
    const u8* source_host = c.host_pointer(from, bytes, false, c.user(), op->seg);
    if (!source_host) return 0;
    u8* host = c.host_pointer(to, bytes, true, c.user(), ES);
    if (!host || must_leave(c)) return 0;
    // The same overlap by another address.
    if (u64(host - source_host) < bytes && host != source_host) return 0;
    n = bytes / sizeof(T);
    bytes = unsigned(n * sizeof(T));
    std::memmove(host, source_host, bytes);
    advance(c, op, RSI, bytes);
  } else {
    u8* host = c.host_pointer(to, bytes, true, c.user(), ES);
    if (!host || must_leave(c)) return 0;
    n = bytes / sizeof(T);
    bytes = unsigned(n * sizeof(T));
    const T value = c.reg<T>(RAX * 8);
    for (u64 i = 0; i < n; ++i) std::memcpy(host + i * sizeof(T), &value, sizeof(T));
  }
  advance(c, op, RDI, bytes);
  return n;
}

}  // namespace

template <StringOp S>
template <class T, class P>
const Op* String<S>::run(Cpu& c, const Op* op) {
  c.op = op;
  const bool rep = op->flags & (kOpRepe | kOpRepne);
  if (!rep) {
    iterate<S, T>(c, op);
    c.r[kRip] = c.next_ip(op);
    GO(InReg, c);
  }
  constexpr bool compares = S == StringOp::kCmps || S == StringOp::kScas;
  const unsigned cost = op->cycles_left;
  const Flags before = c.flags;
  u64 count = index_of(c, op, RCX);
  if (count == 0) shorten_indices<S>(c, op);
  // The block has paid for the first iteration (or for finding RCX = 0).
  while (count) {
    u64 done = 0;
    if constexpr (S == StringOp::kMovs || S == StringOp::kStos) {
      if (!c.single) done = bulk<S, T>(c, op, std::min(count, iterations_left(c, cost) + 1));
      if (done) {
        c.cycle += (done - 1) * cost;
        c.icount += done - 1;
      }
    }
    if (!done) {
      iterate<S, T>(c, op);
      done = 1;
    }
    count -= done;
    set_index(c, op, RCX, count);
    if (compares && c.flags.zf() != bool(op->flags & kOpRepe)) break;
    if (!count) break;
    // A boundary: this instruction goes on, unless a limit was reached. The flags are those from
    // before it until it ends, as a fault that follows must find them. Outside a block, where
    // writes into its own bytes go unnoticed, it is fetched again; so RF keeps its breakpoint off.
    if (compares) c.flags = before;
    if (c.single || must_leave(c)) {
      c.eflags |= RF;
      c.r[kRip] = (c.r[kRip] + op->offset) & c.ip_mask();
      return nullptr;
    }
    c.cycle += cost;
    c.icount += 1;
  }
  c.r[kRip] = c.next_ip(op);
  GO(InReg, c);
}

const HandlerSet string_sets[7] = {
    make_set<String<StringOp::kMovs>>(), make_set<String<StringOp::kStos>>(),
    make_set<String<StringOp::kLods>>(), make_set<String<StringOp::kCmps>>(),
    make_set<String<StringOp::kScas>>(), make_set<String<StringOp::kIns>>(),
    make_set<String<StringOp::kOuts>>(),
};

}  // namespace reprise::cpu
