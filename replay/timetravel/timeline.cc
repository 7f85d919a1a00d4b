#include "replay/timetravel/timeline.h"

#include <lz4.h>

#include <algorithm>

#include "replay/core/state_readers.h"
#include "replay/timetravel/page_layers.h"

namespace reprise {
namespace {

std::vector<u8> packed(const std::vector<u8>& raw) {
  std::vector<u8> out(std::size_t(LZ4_compressBound(int(raw.size()))));
  const int size =
      LZ4_compress_default(reinterpret_cast<const char*>(raw.data()),
                           reinterpret_cast<char*>(out.data()), int(raw.size()), int(out.size()));
  check(size > 0, "a state does not compress");
  return {out.begin(), out.begin() + size};
}

std::vector<u8> unpacked(const std::vector<u8>& in, u64 size) {
  std::vector<u8> raw(size);
  const int got =
      LZ4_decompress_safe(reinterpret_cast<const char*>(in.data()),
                          reinterpret_cast<char*>(raw.data()), int(in.size()), int(raw.size()));
  check(got >= 0 && u64(got) == size, "a state does not decompress");
  return raw;
}

}  // namespace

Timeline::Timeline(Machine& machine)
    : machine_(machine), pages_(std::make_unique<PageLayers>(machine.pages())) {}
Timeline::~Timeline() = default;

void Timeline::join(Layered& member) {
  member.clear();
  // Nothing has changed there between the marks that there are.
  for (std::size_t i = 0; i < marks_.size(); ++i) member.mark();
  if (!marks_.empty()) member.go(here_);
  members_.push_back(&member);
}

void Timeline::leave(Layered& member) { std::erase(members_, &member); }

std::vector<Layered*> Timeline::all() {
  std::vector<Layered*> all{pages_.get()};
  all.insert(all.end(), members_.begin(), members_.end());
  return all;
}

u64 Timeline::bytes() const {
  u64 sum = mark_bytes_ + pages_->bytes();
  for (const Layered* member : members_) sum += member->bytes();
  return sum;
}

void Timeline::mark(trace::Place place) {
  const std::vector<u8> raw = save_objects(machine_.objects());
  Mark mark{machine_.position(), std::move(place), packed(raw), raw.size()};
  mark_bytes_ += mark.objects.size();
  for (Layered* member : all()) member->mark();
  here_ = marks_.empty() ? 0 : here_ + 1;
  marks_.insert(marks_.begin() + std::ptrdiff_t(here_), std::move(mark));
}

void Timeline::adopt() {
  for (Layered* member : all()) member->adopt();
  ++here_;
}

void Timeline::go(std::size_t mark) {
  check(mark < marks_.size(), "no such mark");
  for (Layered* member : all()) member->go(mark);
  here_ = mark;
  const Mark& to = marks_[mark];
  const auto loaded = load_objects(machine_.objects(), unpacked(to.objects, to.objects_size));
  check(loaded.ok(), "a state of this run does not load");
}

void Timeline::clear() {
  for (Layered* member : all()) member->clear();
  marks_.clear();
  here_ = 0;
  mark_bytes_ = 0;
}

void Timeline::forget(std::size_t mark) {
  for (Layered* member : all()) member->forget(mark);
  mark_bytes_ -= marks_[mark].objects.size();
  marks_.erase(marks_.begin() + std::ptrdiff_t(mark));
  if (mark <= here_) --here_;
}

void Timeline::drop_oldest() {
  while (bytes() > budget_ && here_ > 0) forget(0);
}

void Timeline::thin() {
  constexpr std::size_t kFew = 8;
  while (bytes() > budget_ && here_ >= kFew) {
    // The nearest ones stay as dense as they are.
    for (std::size_t mark = 1; mark + kFew / 2 < here_ + 1; ++mark) forget(mark);
  }
}

}  // namespace reprise
