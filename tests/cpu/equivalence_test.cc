// How a machine is run never changes what its guest computes: blocks on or off, where slices end
// (in cycles or instructions, inside blocks and REP strings), new epochs, dropped host pointers,
// and saving and loading in the middle. Random programs run in several of these ways side by side;
// all state is compared at several positions, and where slices end too.
//
//   REPRISE_EQUIV_CASES=N   programs (a soak); REPRISE_EQUIV_SEED=N   where the sequence begins
//   REPRISE_EQUIV_CASE=N    just the one that a failure named
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "tests/support/program_generator.h"

namespace reprise::cpu {
namespace {

constexpr Cycles kLastCycle = 400'000;

enum class Action { kStop, kEpoch, kDrop, kReload };

// One way of running: what is done where. Positions do not depend on where the run is observed.
struct Way {
  const char* name;
  bool blocks = true;
  std::vector<std::pair<u64, Action>> actions;  // by icount
  std::vector<Cycles> stops;
};

Way make_way(const char* name, bool blocks, u64 length, u32 gap, u32 reload_percent, u32 stop_gap,
             Rng& rng) {
  Way w{name, blocks, {}, {}};
  if (gap) {
    const bool only_stops = rng.chance(50);  // what makes accesses quick stays
    for (u64 at = rng.below(gap); at < length; at += 1 + rng.below(gap))
      w.actions.push_back({at, rng.chance(reload_percent) ? Action::kReload
                               : only_stops               ? Action::kStop
                                                          : Action(rng.below(3))});
  }
  if (stop_gap)
    for (Cycles at = rng.below(stop_gap); at < 40 * length; at += 1 + rng.below(stop_gap))
      w.stops.push_back(at);
  return w;
}

class Session {
 public:
  Session(const Program& p, const Way& w) : p_(p), w_(w), m_(fresh()) { install_program(*m_, p); }

  // All state at `icount`, or where the guest stands still before that.
  u64 hash_at(u64 icount) {
    go(icount);
    return m_->hash();
  }
  void go(u64 icount) {
    while (next_ < w_.actions.size() && w_.actions[next_].first <= icount) {
      const auto [at, action] = w_.actions[next_];
      if (!run(at)) return;
      ++next_;
      act(action);
    }
    run(icount);
  }
  EquivalenceMachine& machine() { return *m_; }
  // Where each piece of the run ended.
  const std::vector<Position>& ends() const { return ends_; }

 private:
  std::unique_ptr<EquivalenceMachine> fresh() {
    return std::make_unique<EquivalenceMachine>(w_.blocks, p_.timing, p_.cpus, p_.quantum,
                                                p_.interleave_seed);
  }
  // False if the last cycle came first.
  bool run(u64 icount) {
    for (;;) {
      const Position at = m_->position();
      if (at.icount >= icount) return true;
      if (at.cycles >= kLastCycle) return false;
      while (next_stop_ < w_.stops.size() && w_.stops[next_stop_] <= at.cycles) ++next_stop_;
      const Cycles stop = next_stop_ < w_.stops.size() ? w_.stops[next_stop_] : kLastCycle;
      m_->run({.cycles = std::min(stop, kLastCycle), .icount = icount});
      ends_.push_back(m_->position());
    }
  }
  void act(Action action) {
    if (action == Action::kEpoch) m_->board.pages.advance_epoch();
    if (action == Action::kDrop)
      for (unsigned i = 0; i < p_.cpus; ++i) m_->cluster->cpu(i).drop_fast();
    if (action != Action::kReload) return;
    auto other = fresh();
    other->load_from(*m_);
    m_ = std::move(other);
  }

  const Program& p_;
  const Way& w_;
  std::unique_ptr<EquivalenceMachine> m_;
  std::size_t next_ = 0, next_stop_ = 0;
  std::vector<Position> ends_;
};

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

void print_place(const char* title, EquivalenceMachine& m) {
  for (unsigned i = 0; i < m.cluster->size(); ++i) {
    Cpu& c = m.cluster->cpu(i);
    const u64 at = c.code64() ? c.r[kRip] : u32(c.seg[CS].base + c.r[kRip]);
    const u64 physical = c.debug_translate(at);
    std::printf("  %s cpu %u: %llu+%llu at %llx cpl %u flags %x activity %u:", title, i,
                (unsigned long long)m.position().icount, (unsigned long long)m.position().cycles,
                (unsigned long long)at, c.cpl, c.rflags(), unsigned(c.activity));
    for (unsigned n = 0; n < 12 && physical + n < kRamSize; ++n)
      std::printf(" %02x", m.ram->data()[physical + n]);
    std::printf("\n");
  }
}

// Finds the first position at which the two ways differ, and says how.
void explain(const Program& p, const Way& a, const Way& b, u64 good, u64 bad) {
  while (bad - good > 1) {
    const u64 middle = (good + bad) / 2;
    Session left(p, a), right(p, b);
    (left.hash_at(middle) == right.hash_at(middle) ? good : bad) = middle;
  }
  Session before(p, a), left(p, a), right(p, b);
  before.go(good);
  print_place("before", before.machine());
  left.go(bad);
  right.go(bad);
  print_place(a.name, left.machine());
  print_place(b.name, right.machine());
  const std::vector<u8> image = right.machine().save();
  CompareState compare(image);
  left.machine().board.tree.state(compare);
  for (const StateDifference& d : compare.differences())
    std::printf("  %s: %.80s / %.80s\n", d.name.c_str(), d.here.c_str(), d.image.c_str());
  if (!compare.error().empty()) std::printf("  %s\n", compare.error().c_str());
  for (u64 page = 0; page < kRamSize / kPageSize; ++page)
    if (!left.machine().ram->info(page).write_epoch != !right.machine().ram->info(page).write_epoch)
      std::printf("  page %llx is written in one only\n", (unsigned long long)page);
  for (u64 at = 0, shown = 0; at < kRamSize && shown < 8; ++at) {
    const u8 x = left.machine().ram->data()[at], y = right.machine().ram->data()[at];
    if (x != y) std::printf("  [%llx]: %02x / %02x\n", (unsigned long long)at, x, y), ++shown;
  }
}

// The same way with other actions, without blocks.
Way make_partner(const char* name, const Way& w, u32 reload_percent, Rng& rng) {
  Way partner{name, false, w.actions, w.stops};
  for (auto& [at, action] : partner.actions)
    action = rng.chance(reload_percent) ? Action::kReload : Action(rng.below(3));
  return partner;
}

bool same_ends(u64 seed, const Way& w, const std::vector<Position>& ends,
               const std::vector<Position>& wanted) {
  const auto [end, want] = std::mismatch(ends.begin(), ends.end(), wanted.begin(), wanted.end());
  if (end == ends.end() && want == wanted.end()) return true;
  std::printf("case %llu: '%s': of %zu pieces (without blocks %zu) number %zu ends elsewhere",
              (unsigned long long)seed, w.name, ends.size(), wanted.size(),
              std::size_t(end - ends.begin()));
  if (end != ends.end() && want != wanted.end())
    std::printf(", at %llu+%llu, not at %llu+%llu", (unsigned long long)end->icount,
                (unsigned long long)end->cycles, (unsigned long long)want->icount,
                (unsigned long long)want->cycles);
  std::printf("\n");
  return false;
}

// True if all ways agree.
bool run_case(u64 seed) {
  const Program p = generate_program(seed);
  Rng rng{seed ^ 0x5555};
  const u64 length = 300 + rng.below(1500);
  const Way slices =
      make_way("small slices", true, length, 1 + rng.below(30), 0, 1 + rng.below(60), rng);
  const Way ways[] = {
      make_way("blocks off", false, length, 0, 0, 0, rng),
      make_way("blocks on", true, length, 0, 0, 0, rng),
      make_way("slices", true, length, 1 + rng.below(300), 0, 1 + rng.below(2000), rng),
      make_way("reloads", true, length, 1 + rng.below(400), 60, 0, rng),
      slices,
      make_partner("blocks off, small slices and reloads", slices, 4, rng),
  };
  std::vector<u64> checkpoints;
  for (unsigned i = 0; i < 3; ++i) checkpoints.push_back(rng.below(u32(length)));
  checkpoints.push_back(length);
  std::sort(checkpoints.begin(), checkpoints.end());

  std::vector<u64> wanted;
  std::vector<Position> ends;
  for (const Way& w : ways) {
    Session run(p, w);
    u64 good = 0;
    for (std::size_t i = 0; i < checkpoints.size(); ++i) {
      // "blocks on" runs straight to the end.
      if (&w == &ways[1] && i + 1 < checkpoints.size()) continue;
      const u64 hash = run.hash_at(checkpoints[i]);
      if (&w == &ways[0]) {
        wanted.push_back(hash);
      } else if (hash != wanted[i]) {
        std::printf("case %llu: mode %d ring %d cpus %u timing %s quantum %llu: '%s' is not '%s'\n",
                    (unsigned long long)seed, int(p.mode), p.ring, p.cpus, p.timing.c_str(),
                    (unsigned long long)p.quantum, w.name, ways[0].name);
        explain(p, ways[0], w, good, checkpoints[i]);
        return false;
      }
      good = checkpoints[i];
    }
    if (&w == std::end(ways) - 1 && !same_ends(seed, slices, ends, run.ends())) return false;
    ends = run.ends();
  }
  return true;
}

// Cases that chance does not meet: hand-made code at the code area, blocks on against blocks off.
class SmallEquivalence : public testing::Test {
 protected:
  static Program program(GuestMode mode, u64 at, std::vector<u8> code) {
    Program p = generate_program(1);
    p.mode = mode;
    p.ring = 0;
    p.cpus = 1;
    p.timing = "fixed";
    p.entry[0] = at;
    p.memory.push_back({kCodeArea, std::vector<u8>(kAreaSize, 0x90)});
    p.memory.push_back({at, std::move(code)});
    return p;
  }
  // Runs both ways, stopping now and then.
  static void expect_equal(const Program& p, std::initializer_list<u64> stops) {
    const Way on{"blocks on", true, {}, {}}, off{"blocks off", false, {}, {}};
    Session left(p, on), right(p, off);
    for (u64 at : stops) EXPECT_EQ(left.hash_at(at), right.hash_at(at)) << "at " << at;
  }
};

// A word at an odd address below 32, which is no line of data that was taken already.
TEST_F(SmallEquivalence, LowOddWordIsInMemory) {
  Program p = program(GuestMode::kRealFlat, kCodeArea,
                      {0x31, 0xC0, 0x8E, 0xD8, 0xA1, 0x01, 0x00, 0xA3, 0x03, 0x00, 0xF4});
  p.timing = "p5";
  expect_equal(p, {2, 3, 4, 5});
}

// A model's clocks of a block, which its Ops count in 16 bits.
TEST_F(SmallEquivalence, ManyClocksInARow) {
  std::vector<u8> code;
  for (unsigned n = 0; n < 48; ++n) code.insert(code.end(), {0x0F, 0x09});  // WBINVD
  code.push_back(0xF4);
  Program p = program(GuestMode::kRealFlat, kCodeArea, code);
  p.timing = "p5";
  expect_equal(p, {1, 20, 47, 48});
}

// 16-bit code wraps at 64 KiB, also where its segment goes on.
TEST_F(SmallEquivalence, SixteenBitCodeWraps) {
  Program p = program(GuestMode::kRealFlat, 0xFFF0, std::vector<u8>(14, 0x40));
  p.memory.push_back({0xFFFE, {0x40, 0x40, 0x43, 0x43, 0xF4}});
  expect_equal(p, {5, 15, 16, 17, 18, 40});
  p.memory.push_back({0xFFFE, {0x40, 0xB8, 0x34, 0x12, 0x43, 0xF4}});  // across the end
  expect_equal(p, {5, 15, 16, 17, 18, 40});
}

// A device from which an instruction's last bytes come is read once.
TEST_F(SmallEquivalence, CodeOfADeviceIsReadOnce) {
  // jmp E000:3FFE, where the ROM ends
  Program p = program(GuestMode::kReal, 0xC000, {0xEA, 0xFE, 0x3F, 0x00, 0xE0});
  p.rom.assign(0x4000, 0x90);
  p.rom[0x3FFE] = 0xB8;  // mov ax, imm: the upper byte is the device's
  expect_equal(p, {2, 3, 4});
}

// CR0.EM turns #NM of MMX into #UD, though CR4.OSFXSR is off and TS set.
TEST_F(SmallEquivalence, MmxDependsOnEm) {
  Program p = program(GuestMode::kReal, 0xC000,
                      {0x66, 0x31, 0xC0, 0x0F, 0x22, 0xE0,                    // CR4 = 0
                       0x66, 0x0F, 0x20, 0xC0, 0x0C, 0x08, 0x0F, 0x22, 0xC0,  // TS
                       0x0F, 0xFC, 0xC1,                                      // L: paddb
                       0x0F, 0x20, 0xC0, 0x0C, 0x04, 0x0F, 0x22, 0xC0,        // EM
                       0xEB, 0xF3});                                          // jmp L
  for (unsigned v : {6u, 7u}) {
    // push bp; mov bp, sp; add word [bp + 2], 3; inc word cs:[A200 + v * 2]; pop bp; iret
    p.memory.push_back({0x4000 + 0x40 * v,
                        {0x55, 0x8B, 0xEC, 0x83, 0x46, 0x02, 0x03, 0x2E, 0xFF, 0x06, u8(v * 2),
                         0xA2, 0x5D, 0xCF}});
  }
  expect_equal(p, {10, 20, 30, 40});
}

TEST(Equivalence, HowAProgramIsRunNeverChangesIt) {
  if (const u64 only = setting("REPRISE_EQUIV_CASE", 0)) {
    EXPECT_TRUE(run_case(only));
    return;
  }
  const u64 cases = setting("REPRISE_EQUIV_CASES", 300);
  const u64 seed = setting("REPRISE_EQUIV_SEED", 1);
  unsigned failures = 0;
  for (u64 i = 0; i < cases && failures < 3; ++i)
    if (!run_case(seed + i)) ++failures;
  EXPECT_EQ(failures, 0u);
}

}  // namespace
}  // namespace reprise::cpu
