#include "replay/core/usage.h"

#include <algorithm>

namespace reprise {
namespace {

constexpr u64 kA20 = u64(1) << 20;

template <unsigned Bits>
bool any(const BitSet<Bits>& set, u64 first, u64 last) {
  for (u64 bit = first; bit <= std::min<u64>(last, BitSet<Bits>::kSize - 1); ++bit)
    if (set.has(u32(bit))) return true;
  return false;
}

// Where the A20 gate is closed, bit 20 of an address is not seen.
bool any_physical(const PageSet& pages, u64 first, u64 last) {
  if (first / kA20 != last / kA20)
    return pages.may_have(first & ~(2 * kA20 - 1), last | (2 * kA20 - 1));
  return pages.may_have(first, last) || pages.may_have(first | kA20, last | kA20);
}

}  // namespace

bool Usage::may_meet(const StopCondition& c) const {
  switch (c.kind) {
    case StopKind::Pc:
      return executed.may_have(c.first, c.last);
    case StopKind::Read:
    case StopKind::Access:
      return c.physical ? any_physical(accessed_physical, c.first, c.last)
                        : accessed.may_have(c.first, c.last);
    case StopKind::Write:
      return c.physical ? any_physical(written_physical, c.first, c.last)
                        : written.may_have(c.first, c.last);
    case StopKind::Port:
      return any(ports, c.first, c.last);
    case StopKind::Interrupt:
      return any(interrupts, c.first, c.last);
    case StopKind::Exception:
      return any(exceptions, c.first, c.last);
  }
  return true;
}

void Usage::clear() {
  each_set([](auto& set) { set.clear(); });
}

}  // namespace reprise
