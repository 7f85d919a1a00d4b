#include "storage/filter/failed_writes.h"

#include <algorithm>
#include <iterator>

namespace reprise {

Result<void> FailedWrites::read(u64 offset, std::span<u8> out) {
  while (!out.empty()) {
    // The range that holds `offset`, or the gap before the next one.
    const auto next = held_.upper_bound(offset);
    u64 length = out.size();
    if (next != held_.end()) length = std::min(length, next->first - offset);
    const auto here = next == held_.begin() ? held_.end() : std::prev(next);
    if (here == held_.end() || offset - here->first >= here->second.length) {
      TRY(child_->read(offset, out.first(length)));
    } else {
      const u64 skip = offset - here->first;
      const Range& range = here->second;
      length = std::min(length, range.length - skip);
      if (range.data.empty()) {
        std::fill_n(out.begin(), length, 0);
      } else {
        std::copy_n(range.data.begin() + std::ptrdiff_t(skip), length, out.begin());
      }
    }
    offset += length;
    out = out.subspan(length);
  }
  return {};
}

Result<void> FailedWrites::write(u64 offset, std::span<const u8> in) {
  Result<void> done = child_->write(offset, in);
  lost_ = false;
  if (done) {
    if (!held_.empty()) forget(offset, in.size());
  } else {
    hold(offset, in.size(), in);
  }
  return done;
}

Result<void> FailedWrites::discard(u64 offset, u64 length) {
  Result<void> done = child_->discard(offset, length);
  lost_ = false;
  if (done) {
    if (!held_.empty()) forget(offset, length);
  } else {
    hold(offset, length, {});
  }
  return done;
}

// What is held is tried again: who flushes wants it kept.
Result<void> FailedWrites::flush() {
  while (!held_.empty()) {
    const auto first = held_.begin();
    const Range& range = first->second;
    TRY(range.data.empty() ? child_->discard(first->first, range.length)
                           : child_->write(first->first, range.data));
    bytes_ -= range.data.size();
    held_.erase(first);
  }
  return child_->flush();
}

Result<Extent> FailedWrites::map(u64 offset, u64 length) {
  const auto next = held_.upper_bound(offset);
  if (next != held_.end()) length = std::min(length, next->first - offset);
  const auto here = next == held_.begin() ? held_.end() : std::prev(next);
  if (here == held_.end() || offset - here->first >= here->second.length)
    return child_->map(offset, length);
  const u64 rest = here->second.length - (offset - here->first);
  return Extent{std::min(length, rest), here->second.data.empty(), true, {}};
}

// Ranges that overlap are cut.
void FailedWrites::forget(u64 offset, u64 length) {
  const u64 end = offset + length;
  auto at = held_.upper_bound(offset);
  if (at != held_.begin()) --at;
  while (at != held_.end() && at->first < end) {
    const u64 start = at->first, stop = start + at->second.length;
    if (stop <= offset) {
      ++at;
      continue;
    }
    Range old = std::move(at->second);
    at = held_.erase(at);
    bytes_ -= old.data.size();
    const auto keep = [&](u64 from, u64 to) {
      Range part;
      part.length = to - from;
      if (!old.data.empty()) {
        const auto first = old.data.begin() + std::ptrdiff_t(from - start);
        part.data.assign(first, first + std::ptrdiff_t(to - from));
      }
      bytes_ += part.data.size();
      held_.emplace(from, std::move(part));
    };
    if (start < offset) keep(start, offset);
    if (stop > end) keep(end, stop);
  }
}

void FailedWrites::hold(u64 offset, u64 length, std::span<const u8> data) {
  if (length == 0) return;
  if (bytes_ + data.size() > kMaxHeld || held_.size() + 2 > kMaxRanges) {
    lost_ = true;
    return;
  }
  forget(offset, length);
  held_.emplace(offset, Range{length, {data.begin(), data.end()}});
  bytes_ += data.size();
}

}  // namespace reprise
