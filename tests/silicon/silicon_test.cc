// Our interpreter against processors: the same instruction, registers, flags and memory on both,
// and whatever differs afterwards is a fault of ours.
//
// Against the processor that the test runs on, where that is x86-64 with Linux; and everywhere
// against golden/, what a processor once did with some cases of every kind of instruction.
//
//   REPRISE_SILICON_CASES=N   experiments of each mode (default 340000: a million)
//   REPRISE_SILICON_SEED=N    where the sequence begins
//   REPRISE_SILICON_CASE=SEED just the one that a failure named
//   REPRISE_SILICON_UNDEFINED=1  compares undefined flags too
//   REPRISE_SILICON_MORE="NAME ..."  these instructions, each kind thirty times as often
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>

#include "tests/silicon/compare.h"
#include "tests/silicon/guest_cpu.h"
#include "tests/silicon/host_cpu.h"

namespace reprise::cpu::silicon {
namespace {

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 0) : otherwise;
}

// An address that is not in the arena might be anything in this process.
bool harmless(u64 address) {
  return (address >= kArena && address < kArenaEnd) || address < 0x10000 || address >> 47;
}

// In a process of its own: some systems do not survive the attempt.
bool runs_nop(HostCpu& host, Code width) {
  Experiment nop;
  nop.width = width;
  nop.before.rip = kCode + 0x800;
  nop.before.r[RSP] = kWindow + 0x100;
  nop.before.rflags = 2 | IF;
  nop.window = {};
  nop.code[0] = 0x90;
  nop.length = 1;
  const pid_t child = fork();
  if (child == 0) {
    const Outcome outcome = host.run(nop);
    _exit(outcome.after.rip >= kArena && outcome.after.rip < kArenaEnd ? 0 : 1);
  }
  int status = 1;
  return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

// Why this host cannot be compared with; some systems run 64-bit code alone.
std::string problem(HostCpu& host, Code width) {
  if (!host.problem().empty() || width == Code::k64 || runs_nop(host, width)) return host.problem();
  return "it runs no " + std::to_string(bits_of(width)) + "-bit code";
}

void weight(std::vector<Kind>& all) {
  const char* names = std::getenv("REPRISE_SILICON_MORE");
  if (!names) return;
  const std::string listed = " " + std::string(names) + " ";
  for (size_t i = all.size(); i-- > 0;)
    if (listed.find(" " + std::string(all[i][0].row->name) + " ") != listed.npos)
      all.insert(all.end(), 29, Kind(all[i]));
}

void compare_with_host(Code width) {
  HostCpu host;
  const std::string why = problem(host, width);
  if (!why.empty()) GTEST_SKIP() << "not compared with a processor: " << why;
  GuestCpu guest;
  const bool intel = HostCpu::intel();
  Generator generator(intel, HostCpu::has(Feature::kAvx));
  std::vector<std::string> missing;
  std::vector<Kind> all = kinds(width, HostCpu::has, missing);
  weight(all);
  const u64 cases = setting("REPRISE_SILICON_CASES", 340'000);
  const u64 seed = setting("REPRISE_SILICON_SEED", 1);
  const u64 single = setting("REPRISE_SILICON_CASE", 0);
  const bool undefined = setting("REPRISE_SILICON_UNDEFINED", 0);
  u64 ran = 0, faults = 0, left_out = 0;
  std::map<std::string, u64> failures;
  for (u64 i = 0; i < (single ? 1 : cases); ++i) {
    const u64 key =
        single ? single
               : fpu::test::Random(fpu::test::Random(seed).next() + 3 * i + u64(width)).next();
    const Made made = generator.make(all, width, key);
    if (made.skip && !undefined) continue;
    const Outcome ours = guest.run(made.experiment, key % 8 ? 30'000 : 1 + key % 5);
    if (guest.endless() || !harmless(ours.after.rip)) continue;
    if (ours.vector == kPF && !harmless(ours.cr2)) continue;
    const Outcome theirs = host.run(made.experiment);
    if (ambiguous(made, theirs, ours, intel)) {
      ++left_out;
      continue;
    }
    ++ran;
    faults += theirs.vector >= 0;
    const Seen mine = seen(made, ours, guest.window(), undefined);
    std::string text = differences(made, seen(made, theirs, host.window(), undefined), mine);
    // The host was perhaps interrupted, and a hypervisor lost NT on the way back.
    if (!text.empty()) {
      const Outcome again = host.run(made.experiment);
      text = differences(made, seen(made, again, host.window(), undefined), mine);
    }
    if (text.empty()) continue;
    // Two of each kind tell enough.
    if (failures[std::string(made.shape.name)]++ < 2)
      ADD_FAILURE() << describe(made, key) << "\n ==>" << text;
  }
  for (const auto& [name, count] : failures)
    std::printf("%s: %llu differ\n", name.c_str(), (unsigned long long)count);
  std::printf(
      "silicon: %u-bit on this host (%s), seed %llu: %llu experiments on %zu kinds, %llu faults, "
      "%llu ambiguous, %zu kinds differ\n",
      bits_of(width), intel ? "Intel" : "not Intel", (unsigned long long)seed,
      (unsigned long long)ran, all.size(), (unsigned long long)faults, (unsigned long long)left_out,
      failures.size());
  EXPECT_GT(ran, single ? 0 : cases / 2);
  if (!missing.empty()) {
    std::string names;
    for (const std::string& each : missing) names += " " + each;
    GTEST_SKIP() << "the host lacks:" << names;
  }
}

// Every input of the decimal instructions, where a wrong limit hides between random ones.
TEST(Silicon, AgreesOnDecimalAdjustment) {
  HostCpu host;
  const std::string why = problem(host, Code::k32);
  if (!why.empty()) GTEST_SKIP() << "not compared with a processor: " << why;
  GuestCpu guest;
  const struct {
    const char* name;
    std::vector<u8> code;
  } instructions[] = {{"daa", {0x27}},    {"das", {0x2F}},       {"aaa", {0x37}},
                      {"aas", {0x3F}},    {"aam", {0xD4, 10}},   {"aad", {0xD5, 10}},
                      {"aam", {0xD4, 0}}, {"aad", {0xD5, 0x83}}, {"aam", {0xD4, 0xC7}}};
  Made made;
  Experiment& e = made.experiment;
  e.width = Code::k32;
  e.before.rip = kCode + 0x800;
  e.before.r[RSP] = kWindow + 0x100;
  e.window = {};
  for (const auto& each : instructions) {
    made.shape.name = each.name;
    made.undefined = undefined_flags(made.shape);
    std::copy(each.code.begin(), each.code.end(), e.code.begin());
    e.length = unsigned(each.code.size());
    for (unsigned i = 0; i < 4096; ++i) {
      static constexpr u8 high[] = {0, 0xFF, 1, 0x39};
      e.before.r[RAX] = 0x12340000 | high[i >> 10] << 8 | (i & 0xFF);
      e.before.rflags = 2 | IF | (i & 0x100 ? CF : 0) | (i & 0x200 ? AF : 0);
      const Outcome ours = guest.run(e, 30'000), theirs = host.run(e);
      const std::string text = differences(made, seen(made, theirs, host.window(), false),
                                           seen(made, ours, guest.window(), false));
      ASSERT_EQ(text, "") << describe(made, 0);
    }
  }
}

TEST(Silicon, AgreesIn64BitMode) { compare_with_host(Code::k64); }
TEST(Silicon, AgreesIn32BitMode) { compare_with_host(Code::k32); }
TEST(Silicon, AgreesIn16BitMode) { compare_with_host(Code::k16); }

}  // namespace
}  // namespace reprise::cpu::silicon
