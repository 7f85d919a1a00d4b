#include "cpu/debug/stops.h"

#include "cpu/cluster.h"
#include "cpu/debug/view.h"
#include "replay/core/check.h"

namespace reprise::cpu {

u64 linear_pc(const Cpu& c) {
  const u64 ip = c.ip();
  return c.code64() ? ip : u32(c.seg[CS].base + ip);
}

namespace {

// Is the next instruction a REP that has begun? RF alone does not say so: handlers of faults may
// return with it to anywhere.
bool goes_on(const Cpu& c) {
  if (!(c.eflags & RF)) return false;
  u8 bytes[15];
  const std::size_t count = view_memory(c, AddressKind::Linear, linear_pc(c), bytes);
  bool rep = false;
  for (const u8 byte : std::span(bytes, count)) {
    switch (byte) {
      case 0xF2:
      case 0xF3:
        rep = true;
        continue;
      case 0x26:
      case 0x2E:
      case 0x36:
      case 0x3E:
      case 0x64:
      case 0x65:
      case 0x66:
      case 0x67:
      case 0xF0:
        continue;
    }
    if (c.code64() && (byte & 0xF0) == 0x40) continue;
    const bool string = (byte >= 0x6C && byte <= 0x6F) || (byte >= 0xA4 && byte <= 0xA7) ||
                        (byte >= 0xAA && byte <= 0xAF);
    return rep && string;
  }
  return false;
}

}  // namespace

void StopList::set_stops(std::vector<StopCondition> conditions, OnHit on_hit) {
  check(conditions.size() <= kMaxStops, "too many stops");
  check(conditions.empty() || on_hit, "stops that nobody is told of");
  check(!cluster_.running(), "stops change inside a run");
  const bool had_data = data_;
  const std::bitset<4096> had_offsets = offsets_;
  forget();
  list_.clear();
  for (const StopCondition& condition : conditions) list_.push_back({condition});
  on_hit_ = std::move(on_hit);
  compile();
  if (offsets_ != had_offsets)
    cluster_.drop_derived();
  else if (had_data || data_)
    cluster_.drop_fast();
}

void StopList::show_accesses(bool on) {
  if (on == shown_) return;
  check(!cluster_.running(), "a trace changes inside a run");
  shown_ = on;
  compile();
  cluster_.drop_fast();
}

void StopList::forget_used() {
  check(!cluster_.running(), "usage is forgotten inside a run");
  used_.clear();
  cluster_.drop_fast();
}

void StopList::compile() {
  pc_ = ports_ = interrupts_ = exceptions_ = {};
  for (unsigned write = 0; write < 2; ++write) linear_[write] = physical_[write] = {};
  offsets_.reset();
  for (u32 tag = 0; tag < list_.size(); ++tag) {
    const StopCondition& c = list_[tag].condition;
    check(c.first <= c.last, "a stop's range ends before it begins");
    RangeSet* const data = c.physical ? physical_ : linear_;
    switch (c.kind) {
      case StopKind::Pc:
        pc_.add(c.first, c.last, tag);
        for (u64 i = 0; i <= std::min<u64>(c.last - c.first, 4095); ++i)
          offsets_.set((c.first + i) & 0xFFF);
        break;
      case StopKind::Read:
        data[0].add(c.first, c.last, tag);
        break;
      case StopKind::Write:
        data[1].add(c.first, c.last, tag);
        break;
      case StopKind::Access:
        data[0].add(c.first, c.last, tag);
        data[1].add(c.first, c.last, tag);
        break;
      case StopKind::Port:
        ports_.add(c.first, c.last, tag);
        break;
      case StopKind::Interrupt:
        interrupts_.add(c.first, c.last, tag);
        break;
      case StopKind::Exception:
        exceptions_.add(c.first, c.last, tag);
        break;
    }
  }
  data_ = shown_;
  for (RangeSet* set : {&pc_, &ports_, &interrupts_, &exceptions_}) set->build();
  for (RangeSet* set : {&linear_[0], &linear_[1], &physical_[0], &physical_[1]}) {
    set->build();
    data_ |= !set->empty();
  }
}

// --- what is met

void StopList::meet(u32 tag, unsigned cpu, u64 pc, u64 address, u64 size, bool read) {
  Entry& e = list_[tag];
  if (e.condition.cpu && *e.condition.cpu != cpu) return;
  if (e.met) {
    e.only_read &= read;
    return;
  }
  e.met = true;
  e.only_read = read;
  e.hit = {e.condition.id, e.condition.kind, {}, cpu, pc, address, unsigned(size)};
  pending_.push_back(tag);
}

void StopList::meet_all(const RangeSet& set, Cpu& c, u64 pc, u64 address, u64 size, bool read) {
  set.each(address, address + size - 1,
           [&](u32 tag) { meet(tag, c.index, pc, address, size, read); });
  if (pending()) c.request_leave();
}

bool StopList::before_instruction(Cpu& c) {
  const u64 pc = linear_pc(c);
  if (!pc_.any(pc, pc) || goes_on(c)) return false;
  pc_.each(pc, pc, [&](u32 tag) { meet(tag, c.index, pc, pc, 0); });
  return pending() && report(c.position());
}

bool StopList::watches(const Cpu& c, u64 linear, u64 physical, bool write) const {
  if (shown_) return true;
  linear &= kPageFrameMask;
  physical = physical & c.bus->address_mask() & kPageFrameMask;
  return linear_[write].any(linear, linear | 0xFFF) ||
         physical_[write].any(physical, physical | 0xFFF);
}

void StopList::accessed(Cpu& c, u64 linear, u64 physical, unsigned size, bool write) {
  const u64 pc = linear_pc(c);
  meet_all(linear_[write], c, pc, linear, size, !write);
  meet_all(physical_[write], c, pc, physical & c.bus->address_mask(), size, !write);
}

void StopList::wrote_physical(Cpu& c, u64 physical, unsigned size) {
  used_.write_physical(physical, size);
  if (!data_) return;
  meet_all(physical_[1], c, linear_pc(c), physical & c.bus->address_mask(), size);
}

void StopList::device_wrote(u64 physical, u64 size) {
  used_.write_physical(physical, size);
  Cpu* const running = cluster_.running();
  const unsigned cpu = running ? running->index : cluster_.runs_next();
  physical_[1].each(physical, physical + size - 1,
                    [&](u32 tag) { meet(tag, cpu, 0, physical, size); });
  if (pending() && running) running->request_leave();
}

void StopList::used_port(Cpu& c, u16 port, unsigned size) {
  const u64 pc = linear_pc(c);
  const unsigned room = std::min(size, 0x10000u - port);
  for (unsigned i = 0; i < size; ++i) used_.ports.add(u16(port + i));
  meet_all(ports_, c, pc, port, room);
  if (room < size)
    meet_all(ports_, c, pc, 0, size - room);  // the last port's neighbour is the first
}

void StopList::delivered(Cpu& c, StopKind kind, u8 vector, u64 pc) {
  (kind == StopKind::Interrupt ? used_.interrupts : used_.exceptions).add(vector);
  const RangeSet& set = kind == StopKind::Interrupt ? interrupts_ : exceptions_;
  set.each(vector, vector, [&](u32 tag) { meet(tag, c.index, pc, vector, 0); });
  if (pending()) c.request_leave();
}

// --- telling

bool StopList::report(Position at) {
  std::sort(pending_.begin(), pending_.end());
  for (const u32 tag : pending_) {
    Entry& e = list_[tag];
    e.met = false;
    e.hit.at = at;
    stopped_ |= on_hit_(e.hit);
  }
  pending_.clear();
  return stopped_;
}

void StopList::forget_reads() {
  std::erase_if(pending_, [this](u32 tag) {
    Entry& e = list_[tag];
    if (e.only_read) e.met = false;
    return e.only_read;
  });
}

void StopList::stop_here() {
  stopped_ = true;
  cluster_.request_exit();
}

void StopList::forget() {
  for (const u32 tag : pending_) list_[tag].met = false;
  pending_.clear();
  stopped_ = false;
}

}  // namespace reprise::cpu
