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

std::string to_hex(const std::vector<u8>& bytes) {
  std::string text;
  for (const u8 b : bytes) text += {"0123456789ABCDEF"[b >> 4], "0123456789ABCDEF"[b & 15]};
  return text;
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
  if (kind == GuestKind::kLong) {
    m.long_mode();
    c.cr4 |= CR4_OSFXSR | CR4_OSXSAVE;
    c.xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX;
    c.update_mode();
    c.flush_tlb(true);
  } else {
    m.protect(kind == GuestKind::kUser ? 3 : 0);
  }
  if (kind != GuestKind::kProtected && kind != GuestKind::kLong) {
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

// A loop reads the data and the stack, so that they are in the cache; it also takes so long that
// nothing of the last run is still going on.
void TimingMachine::read_all() {
  static constexpr u8 loop[] = {0x8A, 0x06, 0x83, 0xC6, 0x10, 0x49, 0x75, 0xF8, 0xF4};
  constexpr u64 at = Machine::kHandlers + 0x1800;
  m.ram->write(at, loop);
  const auto read = [&](u64 from, unsigned lines) {
    c.eflags = 2;
    c.cr4 = c.efer = 0;
    m.protect();
    c.r[kRip] = at, c.r[RSI] = from, c.r[RCX] = lines;
    if (c.clocks) c.clocks->flush_pipeline();
    m.run(4 * lines + 1);
  };
  read(0x4F00, 0x200 / 16);
  read(Machine::kStack0 - 0x40, 0x40 / 16);
  read(kData, 0x800 / 16);
}

// Clocks behind the first NOPs, to where control is behind the code (or elsewhere, after it). In
// `steps_` how many instructions that were; `all_` from the first NOP to some way behind the code.
i64 TimingMachine::run_stepped() {
  const auto now = [this] { return m.cluster->position(); };
  const Position first = now();
  m.run(kNops);
  const Position start = now();
  const auto running = [this] { return c.activity == Activity::Running; };
  while (c.r[kRip] >= code_ip() && c.r[kRip] < end_ip() && running() &&
         now().icount < start.icount + 20000)
    m.run(1);
  const i64 clocks = i64(now().cycles - start.cycles);
  steps_ = now().icount - start.icount;
  all_ = {};
  if (c.r[kRip] != end_ip() || !running()) return clocks;
  for (unsigned i = 0; i < kNopsBehind + 4; ++i) m.run(1);
  all_ = {now().icount - first.icount, now().cycles - first.cycles};
  return clocks;
}

i64 TimingMachine::run(u64 before, u64 count) {
  if (before) m.run(before);
  const u64 start = m.cluster->position().cycles;
  m.run(count);
  return i64(m.cluster->position().cycles - start);
}

i64 TimingMachine::clocks(const std::vector<u8>& code,
                          const std::function<void(TimingMachine&)>& prepare) {
  size_ = code.size();
  i64 clocks = 0;
  for (round_ = 0; round_ < 5; ++round_) {
    if (warm_) read_all();
    enter();
    std::vector<u8> all(kNops, 0x90);
    all.insert(all.end(), code.begin(), code.end());
    all.insert(all.end(), kNopsBehind, 0x90);
    all.insert(all.end(), {0xEB, 0x00});  // a block ends
    all.insert(all.end(), kNopsBehind, 0x90);
    all.push_back(0xF4);
    m.ram->write(Machine::kCode, all);
    if (prepare) prepare(*this);
    // Nothing of the loop's pipeline; what is in the cache stays.
    if (c.clocks) c.clocks->flush_pipeline();
    if (round_ < 3) {
      clocks = run_stepped();
    } else if (round_ == 3) {
      EXPECT_EQ(run(kNops, steps_), clocks) << "at once, and step by step: " << to_hex(code);
    } else if (all_.icount && warm_) {  // the same code is in the cache
      EXPECT_EQ(run(0, all_.icount), i64(all_.cycles))
          << "in blocks, and step by step: " << to_hex(code);
    }
  }
  return clocks;
}

}  // namespace reprise::cpu
