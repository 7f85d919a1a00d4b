// How a machine is run never changes what its guest computes: blocks on or off, where slices end (in
// cycles or instructions, inside blocks and REP strings), new epochs, dropped host pointers, and
// saving and loading in the middle. Random programs run in several of these ways side by side; all
// state is compared at several positions.
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
  if (gap)
    for (u64 at = rng.below(gap); at < length; at += 1 + rng.below(gap))
      w.actions.push_back({at, rng.chance(reload_percent) ? Action::kReload : Action(rng.below(3))});
  if (stop_gap)
    for (Cycles at = rng.below(stop_gap); at < 40 * length; at += 1 + rng.below(stop_gap))
      w.stops.push_back(at);
  return w;
}

class Run {
 public:
  Run(const Program& p, const Way& w) : p_(p), w_(w), m_(fresh()) { install_program(*m_, p); }

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

 private:
  std::unique_ptr<EquivalenceMachine> fresh() {
    return std::make_unique<EquivalenceMachine>(w_.blocks, p_.timing, p_.cpus, p_.quantum);
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
    Run left(p, a), right(p, b);
    (left.hash_at(middle) == right.hash_at(middle) ? good : bad) = middle;
  }
  Run before(p, a), left(p, a), right(p, b);
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

// True if all ways agree.
bool run_case(u64 seed) {
  const Program p = generate_program(seed);
  Rng rng{seed ^ 0x5555};
  const u64 length = 300 + rng.below(1500);
  const Way ways[] = {
      make_way("blocks off", false, length, 0, 0, 0, rng),
      make_way("blocks on", true, length, 0, 0, 0, rng),
      make_way("small slices", true, length, 1 + rng.below(30), 0, 1 + rng.below(60), rng),
      make_way("slices", true, length, 1 + rng.below(300), 0, 1 + rng.below(2000), rng),
      make_way("reloads", true, length, 1 + rng.below(400), 60, 0, rng),
      make_way("blocks off, slices and reloads", false, length, 1 + rng.below(200), 30, 400, rng),
  };
  std::vector<u64> checkpoints;
  for (unsigned i = 0; i < 3; ++i) checkpoints.push_back(rng.below(u32(length)));
  checkpoints.push_back(length);
  std::sort(checkpoints.begin(), checkpoints.end());

  std::vector<u64> wanted;
  for (const Way& w : ways) {
    Run run(p, w);
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
  }
  return true;
}

TEST(Equivalence, HowAProgramIsRunNeverChangesIt) {
  if (const u64 only = setting("REPRISE_EQUIV_CASE", 0)) {
    EXPECT_TRUE(run_case(only));
    return;
  }
  const u64 cases = setting("REPRISE_EQUIV_CASES", 400);
  const u64 seed = setting("REPRISE_EQUIV_SEED", 1);
  unsigned failures = 0;
  for (u64 i = 0; i < cases && failures < 3; ++i)
    if (!run_case(seed + i)) ++failures;
  EXPECT_EQ(failures, 0u);
}

}  // namespace
}  // namespace reprise::cpu
