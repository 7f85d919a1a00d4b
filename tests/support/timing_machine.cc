#include "tests/support/timing_machine.h"

namespace reprise::cpu {

namespace {

void real_segment(Segment& s, u32 base, bool v86) {
  s = {};
  s.selector = u16(base >> 4);
  s.rights = v86 ? 0xF3 : 0x93;
  s.limit = 0xFFFF;
  s.base = base;
}

}  // namespace

std::vector<u8> from_hex(std::string_view text) {
  std::vector<u8> bytes;
  unsigned value = 0, digits = 0;
  for (const char ch : text) {
    if (ch == ' ') continue;
    value = value << 4 | unsigned(ch <= '9' ? ch - '0' : ch - 'A' + 10);
    if (++digits % 2 == 0) bytes.push_back(u8(value));
  }
  return bytes;
}

TimingMachine::TimingMachine(const std::string& timing, GuestKind k, bool blocks)
    : m(blocks, "max", 1, {}, 0, timing), kind(k) {}

void TimingMachine::stack(unsigned slot, u32 value) {
  const unsigned size = kind == GuestKind::kReal || kind == GuestKind::kV86 ? 2 : 4;
  m.poke(c.seg[SS].base + c.r[RSP] + slot * size, size, value);
}

void TimingMachine::enter() {
  c.eflags = 2;
  m.protect(kind == GuestKind::kUser ? 3 : 0);
  if (kind != GuestKind::kProtected) {
    // An I/O map that allows all; real-mode vectors lead to the handlers too.
    c.seg[TR].limit = 0x2067;
    for (unsigned v = 0; v < 256; ++v) m.poke(4 * v, 4, (Machine::kHandlers + 16 * v) & 0xFFFF);
  }
  if (kind == GuestKind::kReal || kind == GuestKind::kV86) {
    const bool v86 = kind == GuestKind::kV86;
    if (!v86) c.cr0 = CR0_ET | CR0_NE;
    c.update_mode();
    if (!v86) c.idtr = {0, 0x3FF};
    for (const SegIndex i : {DS, ES, FS, GS}) real_segment(c.seg[i], kData, v86);
    real_segment(c.seg[SS], 0, v86);
    real_segment(c.seg[CS], Machine::kCode, v86);
    if (v86) {
      c.cpl = 3;
      c.set_rflags(VM | IOPL | 2);
    }
    c.update_mode();
  }
  for (unsigned i = 0; i < 16; ++i) c.r[i] = 0;
  c.r[RAX] = 0x10, c.r[RCX] = kFill;
  c.r[RSP] = c.r[RBP] = 0x5000;
  const bool wide = first_ip() != 0;
  c.r[RBX] = c.r[RDI] = wide ? kData : 0;
  c.r[RSI] = c.r[RBX] + 0x100;
  c.r[RDX] = 0;
  c.r[kRip] = first_ip();
  c.flags.set_raw(0);
  c.fpu = {};
  c.fpu.control = 0x37F;
  c.fpu.empty = 0;
  c.activity = Activity::Running;
  for (unsigned i = 0; i < 256; ++i) data(i, kFill);
  for (u64 at = 0x4F80; at < 0x5080; at += 4) m.poke(at, 4, kFill);
}

// Clocks from the first NOP to where control is behind the code (or elsewhere, after it).
i64 TimingMachine::run(bool stepped) {
  i64 before = 0;
  const u64 start = m.cluster->position().icount;
  m.run(kNops);
  before = i64(m.cluster->position().cycles);
  if (stepped) {
    while (c.r[kRip] >= code_ip() && c.r[kRip] < end_ip() && c.activity == Activity::Running &&
           m.cluster->position().icount < start + 20000)
      m.run(1);
  } else {
    m.run(steps_);
  }
  steps_ = m.cluster->position().icount - start - kNops;
  return i64(m.cluster->position().cycles) - before;
}

i64 TimingMachine::clocks(const std::vector<u8>& code,
                          const std::function<void(TimingMachine&)>& prepare) {
  size_ = code.size();
  i64 first = 0;
  for (unsigned round = 0; round < 4; ++round) {
    enter();
    std::vector<u8> all(kNops, 0x90);
    all.insert(all.end(), code.begin(), code.end());
    all.insert(all.end(), 8, 0x90);
    all.push_back(0xF4);
    m.ram->write(Machine::kCode, all);
    if (prepare) prepare(*this);
    // Nothing of the last round's pipeline; what is in the cache stays.
    if (c.clocks) {
      c.clocks->flush_pipeline();
      c.clocks->fpu_free = c.clocks->write_free = 0;
    }
    const i64 now = run(round < 3);
    if (round == 2) first = now;
    if (round == 3) {
      EXPECT_EQ(now, first) << "by blocks, and step by step";
    }
  }
  return first;
}

}  // namespace reprise::cpu
