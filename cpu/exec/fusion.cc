// Which instructions of a block become one dispatch.
#include <algorithm>
#include <array>
#include <functional>
#include <tuple>
#include <vector>

#include "cpu/decode/decoder.h"
#include "cpu/exec/chain.h"
#include "cpu/exec/fused.h"

namespace reprise::cpu {

namespace {

struct ByHandler {
  template <class P>
  bool operator()(const P& a, const P& b) const {
    return std::less<Handler>()(a.handler, b.handler);
  }
  template <class P>
  bool operator()(const P& p, Handler h) const {
    return std::less<Handler>()(p.handler, h);
  }
  template <class P>
  bool operator()(Handler h, const P& p) const {
    return std::less<Handler>()(h, p.handler);
  }
};

// --- comparisons and the conditional jump behind them
// -----------------------------------------------------------------------------------------------

using ByCondition = std::array<Handler, 16>;
struct Comparison {
  Handler handler;
  ByCondition with;        // the jump of each condition; null: stay two handlers
  ByCondition with_lines;  // likewise where a model of caches looks
};

// Of comparisons with memory, those that compilers write.
template <class A>
constexpr bool usual(unsigned condition) {
  const unsigned group = condition >> 1;
  return std::is_same_v<A, Sub> ? group != 0 && group != 5 : group == 2 || group == 4 || group == 7;
}
template <class Plain, class A, class T, class Place, unsigned Condition>
Handler with_jump() {
  if constexpr (!Place::kMemory || usual<A>(Condition))
    return FusedJcc<Plain, A, Condition>::template run<T, Place>;
  else
    return nullptr;
}
template <class Plain, class A, class T, class Place, unsigned... C>
ByCondition with_jumps(std::integer_sequence<unsigned, C...>) {
  return {with_jump<Plain, A, T, Place, C>()...};
}

std::vector<Comparison> make_comparisons() {
  std::vector<Comparison> all;
  constexpr auto conditions = std::make_integer_sequence<unsigned, 16>();
  const auto add = [&]<class T>(unsigned width, T) {
    const auto registers = [&]<class Plain, class A>(Plain, A) {
      all.push_back({kSet<Plain>.of[width][0], with_jumps<Plain, A, T, InReg>(conditions),
                     with_jumps<Plain, A, T, InRegLines>(conditions)});
    };
    const auto memory = [&]<class Plain, class A>(Plain, A) {
      all.push_back({kSet<Plain>.of[width][1], with_jumps<Plain, A, T, InFlat>(conditions), {}});
      all.push_back({kSet<Plain>.of[width][3], {}, with_jumps<Plain, A, T, InLines>(conditions)});
    };
    registers(CompareEG<Sub>(), Sub());
    registers(CompareEI<Sub>(), Sub());
    registers(CompareEG<And>(), And());
    registers(CompareEI<And>(), And());
    if constexpr (sizeof(T) != 2) {
      memory(CompareEG<Sub>(), Sub());
      memory(CompareGE<Sub>(), Sub());
      memory(CompareEI<Sub>(), Sub());
      memory(CompareEG<And>(), And());
      memory(CompareEI<And>(), And());
    }
  };
  add(0, u8()), add(1, u16()), add(2, u32()), add(3, u64());
  std::sort(all.begin(), all.end(), ByHandler());
  return all;
}
const std::vector<Comparison>& comparisons() {
  static const std::vector<Comparison> all = make_comparisons();
  return all;
}

// --- chains of two
// -----------------------------------------------------------------------------------------------

using Firsts =
    std::tuple<ChainRegister<Add>, ChainRegister<Sub>, ChainRegister<And>, ChainRegister<Or>,
               ChainRegister<Xor>, ChainImmediate<Add>, ChainImmediate<Sub>, ChainImmediate<And>,
               ChainImmediate<Or>, ChainImmediate<Xor>, ChainShift<Shl>, ChainShift<Shr>,
               ChainShift<Sar>, ChainImul, ChainImulImmediate, ChainMove>;
using Seconds = decltype(std::tuple_cat(
    Firsts(), std::tuple<ChainSource<Add>, ChainSource<Sub>, ChainSource<And>, ChainSource<Or>,
                         ChainSource<Xor>, ChainImulSource>()));
constexpr unsigned kFirsts = std::tuple_size_v<Firsts>, kSeconds = std::tuple_size_v<Seconds>;

// An instruction as one of them.
struct Part {
  Handler handler;
  u8 kind;                  // index in the tuple
  bool wide;                // 64 bits, otherwise 32
  u8 (*common)(const Op&);  // the first's target, the second's input
  bool (*usable)(const Op&);
};

template <class Kinds, unsigned... I>
std::vector<Part> make_parts(std::integer_sequence<unsigned, I...>, auto&& common) {
  std::vector<Part> parts;
  const auto add = [&]<class K>(std::type_identity<K>, u8 kind) {
    for (const bool wide : {false, true})
      parts.push_back({kSet<typename K::Plain>.of[wide ? 3 : 2][0], kind, wide,
                       common(std::type_identity<K>()), K::usable});
  };
  (add(std::type_identity<std::tuple_element_t<I, Kinds>>(), I), ...);
  std::sort(parts.begin(), parts.end(), ByHandler());
  return parts;
}
template <unsigned First, unsigned Second>
constexpr std::array<Handler, 2> chain() {
  using C = Chain<std::tuple_element_t<First, Firsts>, std::tuple_element_t<Second, Seconds>>;
  return {C::template run<u32>, C::template run<u64>};
}
template <unsigned... I>
constexpr auto make_chains(std::integer_sequence<unsigned, I...>) {
  return std::array<std::array<Handler, 2>, sizeof...(I)>{chain<I / kSeconds, I % kSeconds>()...};
}
constexpr auto kChains = make_chains(std::make_integer_sequence<unsigned, kFirsts * kSeconds>());

const std::vector<Part>& firsts() {
  static const std::vector<Part> parts =
      make_parts<Firsts>(std::make_integer_sequence<unsigned, kFirsts>(),
                         []<class K>(std::type_identity<K>) { return K::target; });
  return parts;
}
Handler first_plain(unsigned kind, bool wide) {
  for (const Part& part : firsts())
    if (part.kind == kind && part.wide == wide) return part.handler;
  return nullptr;
}
const Part* find_first(const Op& op) {
  const std::vector<Part>& parts = firsts();
  const auto found = std::lower_bound(parts.begin(), parts.end(), op.handler, ByHandler());
  return found != parts.end() && found->handler == op.handler && found->usable(op) ? &*found
                                                                                   : nullptr;
}
const Part* find_second(const Op& op, bool wide, u8 input) {
  static const std::vector<Part> parts =
      make_parts<Seconds>(std::make_integer_sequence<unsigned, kSeconds>(),
                          []<class K>(std::type_identity<K>) { return K::input; });
  const auto [begin, end] = std::equal_range(parts.begin(), parts.end(), op.handler, ByHandler());
  for (auto part = begin; part != end; ++part)
    if (part->wide == wide && part->common(op) == input && part->usable(op)) return &*part;
  return nullptr;
}

}  // namespace

void fuse_branch(Op* ops, unsigned count) {
  if (count < 2) return;
  Op& first = ops[count - 2];
  const Op& second = ops[count - 1];
  // Only the 64-bit forms of Jcc: the fused half goes to a target of full width.
  const unsigned condition = second.arg & 15;
  if (second.osize != 8) return;
  const bool lines = second.handler == jcc_handler(second, true);
  if (!lines && second.handler != jcc_handler(second, false)) return;
  const auto& all = comparisons();
  const auto found = std::lower_bound(all.begin(), all.end(), first.handler, ByHandler());
  if (found == all.end() || found->handler != first.handler) return;
  if (const Handler h = (lines ? found->with_lines : found->with)[condition]) first.handler = h;
}

void fuse_chains(Op* ops, unsigned count) {
  for (unsigned i = 0; i + 1 < count; ++i) {
    const Part* const first = find_first(ops[i]);
    if (!first) continue;
    const Part* const second = find_second(ops[i + 1], first->wide, first->common(ops[i]));
    if (!second) continue;
    ops[i].handler = kChains[first->kind * kSeconds + second->kind][first->wide];
    ++i;
  }
}

void fuse(Op* ops, unsigned count) {
  fuse_branch(ops, count);
  fuse_chains(ops, count);
}

Handler unfused(Handler fused) {
  for (unsigned chain = 0; chain < kChains.size(); ++chain)
    for (const bool wide : {false, true})
      if (kChains[chain][wide] == fused) return first_plain(chain / kSeconds, wide);
  for (const Comparison& comparison : comparisons())
    for (const ByCondition& with : {comparison.with, comparison.with_lines})
      if (std::find(with.begin(), with.end(), fused) != with.end()) return comparison.handler;
  return nullptr;
}

}  // namespace reprise::cpu
