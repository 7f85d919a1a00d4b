// Our interpreter against the processor that this test runs on: the same instruction, registers,
// flags and memory on both, and whatever differs afterwards is a fault of ours.
//
//   REPRISE_SILICON_CASES=N   experiments of each mode (default 150000)
//   REPRISE_SILICON_SEED=N    where the sequence begins
//   REPRISE_SILICON_CASE=SEED just the one that a failure named
//   REPRISE_SILICON_UNDEFINED=1  compares undefined flags too
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>

#include "cpu/debug/disassembler.h"
#include "tests/silicon/exclusions.h"
#include "tests/silicon/generator.h"
#include "tests/silicon/guest_cpu.h"
#include "tests/silicon/host_cpu.h"

namespace reprise::cpu::silicon {
namespace {

u64 setting(const char* name, u64 otherwise) {
  const char* text = std::getenv(name);
  return text && *text ? std::strtoull(text, nullptr, 0) : otherwise;
}

std::string format(const char* text, auto... values) {
  char line[512];
  std::snprintf(line, sizeof line, text, values...);
  return line;
}

constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

// An address that is not in the arena might be anything in this process.
bool harmless(u64 address) {
  return (address >= kArena && address < kArenaEnd) || address < 0x10000 || address >> 47;
}

std::string at_fx(unsigned offset) {
  static constexpr const char* parts[] = {"fcw", "fcw", "fsw", "fsw", "ftw", "ftw"};
  if (offset < 6) return parts[offset];
  if (offset < 32) return "mxcsr";
  return format(offset < 160 ? "st%u+%u" : "xmm%u+%u", (offset - (offset < 160 ? 32 : 160)) / 16,
                offset % 16);
}

// The differences as text; empty if there are none.
std::string differences(const Made& made, const Outcome& host, const Outcome& ours,
                        const u8* host_window, const u8* our_window, u32 undefined) {
  const Experiment& e = made.experiment;
  std::string text;
  const auto compare = [&](const std::string& what, u64 a, u64 b) {
    if (a != b) text += format(" %s: host %llx, ours %llx;", what.c_str(), a, b);
  };
  const auto trouble = [](const Outcome& o) { return u64(i64(o.vector)) & 0xFF; };
  compare("vector", trouble(host), trouble(ours));
  const bool faulted = host.vector >= 0;
  if (host.vector == ours.vector && faulted) {
    // Of the kernel's half of the addresses the kernel does not tell.
    if (host.vector != kPF || !(host.cr2 >> 47)) compare("error", host.error, ours.error);
    if (host.vector == kPF && !long_operand(made.shape.name)) compare("cr2", host.cr2, ours.cr2);
  }
  const u64 mask = e.code64 ? ~u64(0) : 0xFFFFFFFF;
  const unsigned count = e.code64 ? 16 : 8;
  for (unsigned i = 0; i < count; ++i)
    compare(kNames[i], host.after.r[i] & mask, ours.after.r[i] & mask);
  compare("rip", host.after.rip, ours.after.rip);
  const u32 flags = ~(RF | (faulted && host.vector != kDB ? 0 : undefined));
  compare("rflags", host.after.rflags & flags, ours.after.rflags & flags);
  if (std::memcmp(host_window, our_window, kWindowSize) != 0)
    for (unsigned i = 0; i < kWindowSize; ++i)
      if (host_window[i] != our_window[i]) {
        u64 a, b;
        const unsigned at = std::min<unsigned>(i, kWindowSize - 8);
        std::memcpy(&a, host_window + at, 8);
        std::memcpy(&b, our_window + at, 8);
        compare(format("[%llx]", (unsigned long long)(kWindow + at)), a, b);
        break;
      }
  if (e.floating) {
    for (unsigned i = 0; i < 416; ++i) {
      // MMX instructions that fault may have taken over the x87 stack before: TOP, tags, and with
      // them which register is ST(0).
      if (faulted && made.mmx && i >= 2 && i < 160 && !(i >= 24 && i < 28)) continue;
      if ((i >= 5 && i < 24) || (i >= 28 && i < 32)) continue;
      if (i >= 32 && i < 160 && i % 16 >= 10) continue;
      if (host.after.fx[i] != ours.after.fx[i])
        compare(at_fx(i), host.after.fx[i], ours.after.fx[i]);
    }
  }
  return text;
}

std::string describe(const Made& made, u64 seed) {
  const Experiment& e = made.experiment;
  std::string bytes, code;
  for (unsigned i = 0; i < e.length; ++i) bytes += format("%02x", e.code[i]);
  for (unsigned at = 0; at < e.length;) {
    const Disassembled d = disassemble(std::span(e.code).first(e.length).subspan(at),
                                       e.code64 ? 64 : 32, e.before.rip + at);
    code += (at ? "; " : "") + d.text;
    at += d.length;
  }
  std::string text = format("%s: %s (%u-bit, case %#llx) before: rip %llx rflags %x", bytes.c_str(),
                            code.c_str(), e.code64 ? 64 : 32, (unsigned long long)seed,
                            (unsigned long long)e.before.rip, e.before.rflags);
  for (unsigned i = 0; i < (e.code64 ? 16 : 8); ++i)
    text += format(" %s %llx", kNames[i], (unsigned long long)e.before.r[i]);
  if (e.floating) {
    u16 control, status;
    u32 mxcsr;
    std::memcpy(&control, &e.before.fx[0], 2);
    std::memcpy(&status, &e.before.fx[2], 2);
    std::memcpy(&mxcsr, &e.before.fx[24], 4);
    text += format(" fcw %x fsw %x ftw %x mxcsr %x", control, status, e.before.fx[4], mxcsr);
    for (unsigned i = 0; i < 24; ++i) {
      u64 low, high;
      std::memcpy(&low, &e.before.fx[32 + 16 * i], 8);
      std::memcpy(&high, &e.before.fx[40 + 16 * i], 8);
      text += format(" %s%u %llx:%llx", i < 8 ? "st" : "xmm", i < 8 ? i : i - 8,
                     (unsigned long long)high, (unsigned long long)low);
    }
  }
  return text;
}

void compare_with_host(bool code64) {
  HostCpu host;
  if (!host.problem().empty()) GTEST_SKIP() << "not compared with a processor: " << host.problem();
  GuestCpu guest;
  Generator generator(HostCpu::intel());
  std::vector<std::string> missing;
  const std::vector<Kind> all = kinds(code64, missing);
  const u64 cases = setting("REPRISE_SILICON_CASES", 150'000);
  const u64 seed = setting("REPRISE_SILICON_SEED", 1);
  const u64 single = setting("REPRISE_SILICON_CASE", 0);
  const bool undefined = setting("REPRISE_SILICON_UNDEFINED", 0);
  u64 ran = 0, faults = 0;
  std::map<std::string, u64> failures;
  for (u64 i = 0; i < (single ? 1 : cases); ++i) {
    const u64 key =
        single ? single : fpu::test::Random(fpu::test::Random(seed).next() + 2 * i + code64).next();
    const Made made = generator.make(all, code64, key);
    if (made.skip && !undefined) continue;
    const Outcome ours = guest.run(made.experiment, key % 8 ? 30'000 : 1 + key % 5);
    if (guest.endless() || !harmless(ours.after.rip)) continue;
    if (ours.vector == kPF && !harmless(ours.cr2)) continue;
    const Outcome theirs = host.run(made.experiment);
    if (ambiguous(made.shape.name, code64, made.experiment.before.r[RCX], ours.vector,
                  ours.vector >= 0 || theirs.vector >= 0, HostCpu::intel()))
      continue;
    ++ran;
    faults += theirs.vector >= 0;
    const std::string text = differences(made, theirs, ours, host.window(), guest.window(),
                                         undefined ? 0 : made.undefined);
    if (text.empty()) continue;
    // Two of each kind tell enough.
    if (failures[std::string(made.shape.name)]++ < 2)
      ADD_FAILURE() << describe(made, key) << "\n ==>" << text;
  }
  for (const auto& [name, count] : failures)
    std::printf("%s: %llu differ\n", name.c_str(), (unsigned long long)count);
  std::printf(
      "silicon: %u-bit, seed %llu: %llu experiments on %zu kinds, %llu faults, %zu kinds "
      "differ\n",
      code64 ? 64 : 32, (unsigned long long)seed, (unsigned long long)ran, all.size(),
      (unsigned long long)faults, failures.size());
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
  if (!host.problem().empty()) GTEST_SKIP() << "not compared with a processor: " << host.problem();
  GuestCpu guest;
  const struct {
    const char* name;
    std::vector<u8> code;
  } instructions[] = {{"daa", {0x27}},    {"das", {0x2F}},       {"aaa", {0x37}},
                      {"aas", {0x3F}},    {"aam", {0xD4, 10}},   {"aad", {0xD5, 10}},
                      {"aam", {0xD4, 0}}, {"aad", {0xD5, 0x83}}, {"aam", {0xD4, 0xC7}}};
  Made made;
  Experiment& e = made.experiment;
  e.code64 = false;
  e.before.rip = kCode + 0x800;
  e.before.r[RSP] = kWindow + 0x100;
  e.window = {};
  for (const auto& each : instructions) {
    made.shape.name = each.name;
    std::copy(each.code.begin(), each.code.end(), e.code.begin());
    e.length = unsigned(each.code.size());
    for (unsigned i = 0; i < 4096; ++i) {
      static constexpr u8 high[] = {0, 0xFF, 1, 0x39};
      e.before.r[RAX] = 0x12340000 | high[i >> 10] << 8 | (i & 0xFF);
      e.before.rflags = 2 | IF | (i & 0x100 ? CF : 0) | (i & 0x200 ? AF : 0);
      const Outcome ours = guest.run(e, 30'000), theirs = host.run(e);
      const std::string text = differences(made, theirs, ours, host.window(), guest.window(),
                                           undefined_flags(made.shape));
      ASSERT_EQ(text, "") << describe(made, 0);
    }
  }
}

TEST(Silicon, AgreesIn64BitMode) { compare_with_host(true); }
TEST(Silicon, AgreesIn32BitMode) { compare_with_host(false); }

}  // namespace
}  // namespace reprise::cpu::silicon
