// Stops never change what a guest computes, wherever they are and whatever is answered; and what
// they meet does not depend on how the machine is run. Random programs with random stops.
//
//   REPRISE_STOPS_CASES=N   programs (a soak); REPRISE_STOPS_CASE=N   just this one
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/support/program_generator.h"

namespace reprise::cpu {

namespace {

constexpr Cycles kLastCycle = 400'000;

std::string text(const StopHit& h) {
  std::ostringstream out;
  out << std::hex << "id " << h.id << " kind " << unsigned(h.kind) << " at " << h.at.icount << "+"
      << h.at.cycles << " cpu " << h.cpu << " pc " << h.pc << " address " << h.address << " size "
      << h.size;
  return out.str();
}

std::vector<StopCondition> random_stops(Rng& rng, const Program& p) {
  static constexpr u64 areas[] = {kCodeArea,
                                  kDataArea,
                                  0x200000 + kDataArea,
                                  0x400000 + kCodeArea,
                                  kWindow,
                                  kRegisters,
                                  0x44000,
                                  0x4000,
                                  0x1000,
                                  0x6000};
  std::vector<StopCondition> list;
  for (unsigned n = 1 + rng.below(12); n > 0; --n) {
    StopCondition c;
    c.id = n;
    c.kind = StopKind(rng.below(7));
    switch (c.kind) {
      case StopKind::Pc:
        c.first = rng.chance(70) ? p.entry[rng.below(p.cpus)] + rng.below(80)
                                 : areas[rng.below(10)] + rng.below(kAreaSize);
        c.last = c.first + (rng.chance(70) ? rng.below(40) : 0);
        break;
      case StopKind::Port:
        c.first = rng.below(256), c.last = c.first + rng.below(64);
        break;
      case StopKind::Interrupt:
      case StopKind::Exception:
        c.first = rng.below(48), c.last = c.first + rng.below(8);
        break;
      default:
        c.first = areas[rng.below(10)] + rng.below(kAreaSize);
        c.last = c.first + rng.below(rng.chance(50) ? 16 : 0x1800);
        c.physical = rng.chance(40);
    }
    if (rng.chance(20)) c.cpu = rng.below(p.cpus);
    list.push_back(c);
  }
  return list;
}

bool same(const StopHit& a, const StopHit& b) {
  return a.id == b.id && a.kind == b.kind && a.at == b.at && a.cpu == b.cpu && a.pc == b.pc &&
         a.address == b.address && a.size == b.size;
}

struct Way {
  const char* name;
  bool blocks;
  bool watched;
  u32 stop_percent;  // of the positions at which something is met
  u32 slice;         // 0: none
};

struct Outcome {
  std::vector<u64> hashes;
  std::vector<StopHit> hits;
  std::vector<Usage> used;     // up to each checkpoint, from the one before it
  std::vector<Position> ends;  // the checkpoints
};

Outcome run_way(const Program& p, const Way& w, const std::vector<StopCondition>& list,
                const std::vector<u64>& checkpoints) {
  Outcome out;
  EquivalenceMachine m(w.blocks, p.timing, p.cpus, p.quantum, p.interleave_seed);
  install_program(m, p);
  Rng rng{7};
  Position stopped{kNever, kNever};
  const auto met = [&](const StopHit& hit) {
    if (hit.at == stopped) {  // where the run goes on; a Pc may be new here
      bool known = false;
      for (const StopHit& old : out.hits) known |= same(old, hit);
      if (!known) out.hits.push_back(hit);
      return false;
    }
    out.hits.push_back(hit);
    const bool stop = Rng{hit.at.icount ^ hit.at.cycles << 20}.chance(w.stop_percent);
    return stop;
  };
  if (w.watched) m.cluster->stops().set_stops(list, met);
  for (const u64 checkpoint : checkpoints) {
    while (m.position().icount < checkpoint && m.position().cycles < kLastCycle) {
      Stop until{kLastCycle, checkpoint};
      if (w.slice)
        until.icount = std::min(checkpoint, m.position().icount + 1 + rng.below(w.slice));
      const std::size_t before = out.hits.size();
      m.run(until);
      // What was met last is here, or nothing was.
      if (out.hits.size() != before) stopped = m.position();
    }
    out.hashes.push_back(m.hash());
    out.used.push_back(m.cluster->stops().used());
    out.ends.push_back(m.position());
    m.cluster->stops().forget_used();
  }
  return out;
}

// Whatever a stop met, the run without stops says that it may have been met there.
bool foretold(const Outcome& plain, const StopHit& hit, const std::vector<StopCondition>& list) {
  const StopCondition& condition =
      *std::find_if(list.begin(), list.end(), [&](const auto& c) { return c.id == hit.id; });
  for (std::size_t i = 0; i < plain.used.size(); ++i) {
    const bool inside = hit.at <= plain.ends[i] && (i == 0 || hit.at >= plain.ends[i - 1]);
    if (inside && plain.used[i].may_meet(condition)) return true;
  }
  return false;
}

bool run_case(u64 seed) {
  const Program p = generate_program(seed);
  Rng rng{seed ^ 0x5707};
  const u64 length = 300 + rng.below(1500);
  const std::vector<u64> checkpoints = {length / 3, length / 2, length};
  const std::vector<StopCondition> list = random_stops(rng, p);
  const Way ways[] = {{"no stops", true, false, 0, 0},
                      {"blocks off, never stopped", false, true, 0, 0},
                      {"blocks on, never stopped", true, true, 0, 0},
                      {"blocks off, stopped", false, true, 30, 0},
                      {"blocks on, stopped", true, true, 30, 0},
                      {"blocks on, stopped always, slices", true, true, 100, 50}};
  const Outcome plain = run_way(p, ways[0], list, checkpoints);
  Outcome first;
  for (const Way& w : std::span(ways).subspan(1)) {
    const Outcome out = run_way(p, w, list, checkpoints);
    EXPECT_EQ(out.hashes, plain.hashes) << "case " << seed << ": " << w.name;
    if (&w == &ways[1]) first = out;
    for (const StopHit& hit : out.hits) {
      if (foretold(plain, hit, list)) continue;
      ADD_FAILURE() << "case " << seed << " mode " << int(p.mode)
                    << ": not foretold: " << text(hit);
      break;
    }
    const std::size_t n = std::max(out.hits.size(), first.hits.size());
    for (std::size_t i = 0; i < n; ++i) {
      if (i < out.hits.size() && i < first.hits.size() && same(out.hits[i], first.hits[i]))
        continue;
      ADD_FAILURE() << "case " << seed << " mode " << int(p.mode) << ": " << w.name << ": hit " << i
                    << " of " << out.hits.size() << "/" << first.hits.size() << "\n  "
                    << text(i < out.hits.size() ? out.hits[i] : StopHit{}) << "\n  "
                    << text(i < first.hits.size() ? first.hits[i] : StopHit{});
      break;
    }
    if (testing::Test::HasFailure()) return false;
  }
  return true;
}

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

TEST(StopsEquivalence, StopsNeverChangeAProgram) {
  if (const u64 only = setting("REPRISE_STOPS_CASE", 0)) {
    EXPECT_TRUE(run_case(only));
    return;
  }
  const u64 cases = setting("REPRISE_STOPS_CASES", 200);
  for (u64 seed = 1; seed <= cases; ++seed)
    if (!run_case(seed)) break;
}

}  // namespace
}  // namespace reprise::cpu
