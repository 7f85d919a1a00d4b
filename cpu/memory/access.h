// Loads and stores by linear address: the fast forms, inlined into handlers.
//
// The tag compared is the page of the access's last byte, so an access that crosses a page never
// matches and goes the slow way, and a misaligned one inside a page is as fast as any.
#pragma once

#include <cstring>
#include <type_traits>

#include "cpu/cpu.h"

namespace reprise::cpu {

inline constexpr u64 kPageMask = ~u64(0xFFF);

template <class T>
inline T read_host(u64 address) {
  T value;
  std::memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}
template <class T>
inline void write_host(u64 address, T value) {
  std::memcpy(reinterpret_cast<void*>(address), &value, sizeof value);
}

// Lines: where a model of caches looks, which finds lines of 32 bytes that would not cost a clock
// (timing/p5.h), and data that are aligned.
template <bool Lines = false>
[[gnu::always_inline]] inline const FastEntry& fast_entry(const Cpu& c, u64 linear) {
  return Lines ? c.lines[linear >> 5 & (kDataLines - 1)] : c.fast[linear >> 12 & (kDataTlb - 1)];
}
template <class T, bool Lines>
[[gnu::always_inline]] inline u64 fast_tag(u64 linear) {
  return Lines ? linear & ~(u64(31) ^ (sizeof(T) - 1)) : (linear + sizeof(T) - 1) & kPageMask;
}
template <class T, bool Lines = false>
[[gnu::always_inline]] inline bool reads_fast(const Cpu& c, u64 linear) {
  return fast_tag<T, Lines>(linear) == fast_entry<Lines>(c, linear).read_tag;
}
template <class T, bool Lines = false>
[[gnu::always_inline]] inline bool writes_fast(const Cpu& c, u64 linear) {
  return fast_tag<T, Lines>(linear) == fast_entry<Lines>(c, linear).write_tag;
}

// T: u8 to u64. `seg` only tells #SS from #GP. Handlers that do not look for lines first do so
// where there is a model of caches: it has no pages to be found.
template <class T, bool Lines = false>
[[gnu::always_inline]] inline T load(Cpu& c, const Op* op, u64 linear, u8 seg) {
  if (reads_fast<T, Lines>(c, linear)) [[likely]]
    return read_host<T>(linear + fast_entry<Lines>(c, linear).addend);
  c.op = op;
  if (!Lines && c.lines && reads_fast<T, true>(c, linear))
    return read_host<T>(linear + fast_entry<true>(c, linear).addend);
  return T(c.load_slow(linear, sizeof(T), c.user(), seg));
}

template <class T, bool Lines = false>
[[gnu::always_inline]] inline void store(Cpu& c, const Op* op, u64 linear, T value, u8 seg) {
  if (writes_fast<T, Lines>(c, linear)) [[likely]]
    return write_host<T>(linear + fast_entry<Lines>(c, linear).addend, value);
  c.op = op;
  if (!Lines && c.lines && writes_fast<T, true>(c, linear))
    return write_host<T>(linear + fast_entry<true>(c, linear).addend, value);
  c.store_slow(linear, sizeof(T), value, c.user(), seg);
}

// The memory operand's offset in its segment.
[[gnu::always_inline]] inline u64 effective_offset(const Cpu& c, const Op* op) {
  const u64 offset =
      *reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(c.r) + op->base) +
      (*reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(c.r) + op->index) << op->scale) +
      u64(i64(op->disp));
  return op->asize == 8 ? offset : op->asize == 4 ? u32(offset) : u16(offset);
}

// Its linear address where segments matter (or may).
template <unsigned Size>
[[gnu::always_inline]] inline u64 general_address(Cpu& c, const Op* op, bool write) {
  const u64 offset = effective_offset(c, op);
  if (c.code64()) return op->seg >= FS ? c.seg[op->seg].base + offset : offset;
  c.op = op;
  return c.linear(op->seg, offset, Size, write);
}
// ... and where the mode says that they do not: 64-bit addresses, base 0.
inline u64 flat_address(const Cpu& c, const Op* op) {
  return *reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(c.r) + op->base) +
         (*reinterpret_cast<const u64*>(reinterpret_cast<const u8*>(c.r) + op->index)
          << op->scale) +
         u64(i64(op->disp));
}

// Places: where the r/m operand of a handler is. Each gives read, write, and modify (a Slot whose
// put() cannot fault).
struct InReg {
  template <class T>
  static T read(Cpu& c, const Op* op) {
    return c.reg<T>(op->rm);
  }
  template <class T>
  static void write(Cpu& c, const Op* op, T value) {
    c.set_reg<T>(op->rm, value);
  }
  template <class T>
  struct Slot {
    Cpu& c;
    const Op* op;
    T get() const { return c.reg<T>(op->rm); }
    void put(T value) const { c.set_reg<T>(op->rm, value); }
  };
  template <class T>
  [[gnu::always_inline]] static Slot<T> modify(Cpu& c, const Op* op) {
    return {c, op};
  }
  static constexpr bool kMemory = false, kFlat = false, kCareful = false, kLines = false;
  static constexpr bool kTaken = false;
};
// ... in a handler that goes to the stack, where a model of caches looks.
struct InRegLines : InReg {
  static constexpr bool kLines = true;
};
// ... of which take_stack() found the top.
struct InRegTaken : InRegLines {
  static constexpr bool kTaken = true;
};

template <bool Flat, bool Lines = false>
struct InMemory {
  template <class T>
  static u64 address(Cpu& c, const Op* op, bool write) {
    return Flat ? flat_address(c, op) : general_address<sizeof(T)>(c, op, write);
  }
  template <class T>
  static T read(Cpu& c, const Op* op) {
    return load<T, Lines>(c, op, address<T>(c, op, false), op->seg);
  }
  template <class T>
  static void write(Cpu& c, const Op* op, T value) {
    store<T, Lines>(c, op, address<T>(c, op, true), value, op->seg);
  }
  template <class T>
  struct Slot {
    Cpu& c;
    const Op* op;
    u64 linear;
    u64 host;  // 0: the slow way
    T value;
    T get() const { return value; }
    void put(T v) const {
      if (host) [[likely]]
        write_host<T>(host, v);
      else
        c.store_slow(linear, sizeof(T), v, c.user(), op->seg);
    }
  };
  template <class T>
  [[gnu::always_inline]] static Slot<T> modify(Cpu& c, const Op* op) {
    const u64 linear = address<T>(c, op, true);
    if (writes_fast<T, Lines>(c, linear)) [[likely]] {
      const u64 host = linear + fast_entry<Lines>(c, linear).addend;
      if (!host) __builtin_unreachable();  // put() has nothing to ask
      return {c, op, linear, host, read_host<T>(host)};
    }
    c.op = op;
    if (!Lines && c.lines && writes_fast<T, true>(c, linear)) {
      const u64 host = linear + fast_entry<true>(c, linear).addend;
      return {c, op, linear, host, read_host<T>(host)};
    }
    c.probe(linear, sizeof(T), true, c.user(), op->seg);
    return {c, op, linear, 0, T(c.load_slow(linear, sizeof(T), c.user(), op->seg))};
  }
  static constexpr bool kMemory = true, kFlat = Flat, kCareful = false, kLines = Lines;
  static constexpr bool kTaken = false;
};
using InFlat = InMemory<true>;
using InLines = InMemory<true, true>;
using InGeneral = InMemory<false>;
// What take_operand() found.
struct InTaken : InGeneral {
  template <class T>
  static T read(Cpu& c, const Op*) {
    return read_host<T>(c.taken);
  }
  template <class T>
  static void write(Cpu& c, const Op*, T value) {
    write_host<T>(c.taken, value);
  }
  template <class T>
  [[gnu::always_inline]] static Slot<T> modify(Cpu& c, const Op* op) {
    const u64 host = c.taken;
    if (!host) __builtin_unreachable();
    return {c, op, 0, host, read_host<T>(host)};
  }
};
// The operand where P has it, in a handler that goes all ways to the stack.
template <class P>
struct Careful : P {
  static constexpr bool kCareful = true;
};

// First in handlers: if the page is not where load() and store() look first, another form of the
// handler does the instruction. So the common one calls nothing and needs no stack frame. Where
// lines are looked for, `take` may find the datum and count what it costs: `Taken` goes on then.
template <auto General>
[[gnu::noinline, gnu::cold]] const Op* instead(Cpu& c, const Op* op) {
  return General(c, op);
}
template <auto General, auto Taken, auto take>
[[gnu::noinline, gnu::cold]] const Op* instead(Cpu& c, const Op* op) {
  return (take(c, op) ? Taken : General)(c, op);
}
enum class Take : u8 { kRead, kWrite, kModify };
// If the datum's page is at hand, what the access costs is counted, and Cpu::taken is where it is.
template <Take How>
bool take_datum(Cpu& c, const Op* op, u64 linear, unsigned size);
template <class S, Take How>
bool take_operand(Cpu& c, const Op* op) {
  return take_datum<How>(c, op, flat_address(c, op), sizeof(S));
}
template <class S, Take How>
bool take_stack(Cpu& c, const Op* op) {
  return take_datum<How>(c, op, c.r[RSP] - (How == Take::kWrite ? sizeof(S) : 0), sizeof(S));
}
#if REPRISE_TAIL_CALLS && defined(__clang__)
#define INSTEAD(...) [[clang::musttail]] return instead<__VA_ARGS__>(c, op)
#else
#define INSTEAD(...) return instead<__VA_ARGS__>(c, op)
#endif
#define OR_GENERAL(T, fast, take)                        \
  if (!(fast)) [[unlikely]] {                            \
    if constexpr (P::kLines)                             \
      INSTEAD(run<T, InGeneral>, run<T, InTaken>, take); \
    else                                                 \
      INSTEAD(run<T, InGeneral>);                        \
  }
#define OR_CAREFUL(T, fast, take)                                \
  if (!(fast)) [[unlikely]] {                                    \
    if constexpr (P::kLines)                                     \
      INSTEAD(run<T, Careful<InReg>>, run<T, InRegTaken>, take); \
    else                                                         \
      INSTEAD(run<T, Careful<InReg>>);                           \
  }
// T: the handler's, S: what is read or written.
#define FAST_READ(T, S)   \
  if constexpr (P::kFlat) \
  OR_GENERAL(T, (reads_fast<S, P::kLines>(c, flat_address(c, op))), (take_operand<S, Take::kRead>))
#define FAST_WRITE(T, S)                                             \
  if constexpr (P::kFlat)                                            \
  OR_GENERAL(T, (writes_fast<S, P::kLines>(c, flat_address(c, op))), \
             (take_operand<S, Take::kWrite>))
#define FAST_MODIFY(T)                                               \
  if constexpr (P::kFlat)                                            \
  OR_GENERAL(T, (writes_fast<T, P::kLines>(c, flat_address(c, op))), \
             (take_operand<T, Take::kModify>))
// Likewise for the stack of 64-bit code; the operand is in a register.
#define FAST_PUSH(T)                                                         \
  if constexpr (sizeof(T) == 8 && !P::kMemory && !P::kCareful && !P::kTaken) \
  OR_CAREFUL(T, (writes_fast<T, P::kLines>(c, c.r[RSP] - sizeof(T))), (take_stack<T, Take::kWrite>))
#define FAST_POP(T)                                                          \
  if constexpr (sizeof(T) == 8 && !P::kMemory && !P::kCareful && !P::kTaken) \
  OR_CAREFUL(T, (reads_fast<T, P::kLines>(c, c.r[RSP])), (take_stack<T, Take::kRead>))

// For operands whose offset is not just the effective address.
template <class T>
inline u64 linear_at(Cpu& c, const Op* op, u64 offset, bool write) {
  if (op->asize != 8) offset = op->asize == 4 ? u32(offset) : u16(offset);
  if (c.code64()) return op->seg == FS || op->seg == GS ? c.seg[op->seg].base + offset : offset;
  c.op = op;
  return c.linear(op->seg, offset, sizeof(T), write);
}
template <class T>
inline T load_for_write(Cpu& c, const Op* op, u64 linear) {
  c.op = op;
  c.probe(linear, sizeof(T), true, c.user(), op->seg);
  return load<T>(c, op, linear, op->seg);
}

// --- the same at run time, for handlers that need not be fast -----------------------------------

// Linear address of the memory operand, checked for an access of `size` bytes.
inline u64 memory_address(Cpu& c, const Op& op, unsigned size, bool write) {
  const u64 offset = effective_offset(c, &op);
  if (c.code64()) return op.seg == FS || op.seg == GS ? c.seg[op.seg].base + offset : offset;
  c.op = &op;
  return c.linear(op.seg, offset, size, write);
}
template <class T>
inline T read_rm(Cpu& c, const Op& op) {
  if (!(op.flags & kOpMemory)) return c.reg<T>(op.rm);
  return load<T>(c, &op, memory_address(c, op, sizeof(T), false), op.seg);
}
template <class T>
inline void write_rm(Cpu& c, const Op& op, T value) {
  if (!(op.flags & kOpMemory)) return c.set_reg<T>(op.rm, value);
  store<T>(c, &op, memory_address(c, op, sizeof(T), true), value, op.seg);
}

// The stack. Pushes write below RSP, then move it; width 2, 4 or 8 bytes.
inline u64 stack_address(Cpu& c, u64 offset, unsigned size, bool write) {
  if (c.code64()) return offset;
  return c.linear(SS, c.seg[SS].db() ? u32(offset) : u16(offset), size, write);
}
// `Size`: of what is pushed or popped; 8 bytes are of 64-bit code.
template <unsigned Size = 0>
inline void set_sp(Cpu& c, u64 value) {
  if (Size == 8 || c.code64())
    c.r[RSP] = value;
  else if (c.seg[SS].db())
    c.r[RSP] = u32(value);
  else
    c.reg<u16>(RSP * 8) = u16(value);
}
template <class T, class P = InReg>
[[gnu::always_inline]] inline void push(Cpu& c, const Op* op, T value) {
  const u64 sp = c.r[RSP] - sizeof(T);
  if (sizeof(T) == 8 || c.code64()) {
    if constexpr (P::kTaken)
      write_host<T>(c.taken, value);
    else
      store<T, P::kLines>(c, op, sp, value, SS);
    c.r[RSP] = sp;
    return;
  }
  c.op = op;
  store<T>(c, op, stack_address(c, sp, sizeof(T), true), value, SS);
  set_sp(c, sp);
}
// The value at the top, without moving RSP: pop() commits by set_sp afterwards.
template <class T, class P = InReg>
[[gnu::always_inline]] inline T peek(Cpu& c, const Op* op, u64 above = 0) {
  if constexpr (P::kTaken) return read_host<T>(c.taken);
  if (sizeof(T) == 8 || c.code64()) return load<T, P::kLines>(c, op, c.r[RSP] + above, SS);
  c.op = op;
  return load<T>(c, op, stack_address(c, c.r[RSP] + above, sizeof(T), false), SS);
}
template <class T, class P = InReg>
[[gnu::always_inline]] inline T pop(Cpu& c, const Op* op) {
  const T value = peek<T, P>(c, op);
  set_sp<sizeof(T)>(c, c.r[RSP] + sizeof(T));
  return value;
}

// --- a plain function as a handler; see engine/run.h for last and jump
// -------------------------------------------------------

// Goes on with the next instruction of the block.
template <auto Fn>
const Op* step(Cpu& c, const Op* op) {
  c.op = op;
  Fn(c, *op);
  NEXT;
}

}  // namespace reprise::cpu
