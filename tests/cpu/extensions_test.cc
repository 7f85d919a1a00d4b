// Later extensions of the instruction set where comparison with silicon at CPL 3 cannot show them:
// what lacks its feature, the numbers of RDRAND, FSGSBASE by CR4.
#include <set>

#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

// In 64-bit mode; RSI addresses memory.
struct Extended : Machine {
  explicit Extended(bool blocks, std::vector<std::string> features = {}, u64 seed = 0,
                    unsigned cpus = 1)
      : Machine(blocks, "max", cpus, features, seed) {
    long_mode();
    c().cr4 |= CR4_OSFXSR;
    c().r[RSI] = 0x20000;
  }
  // The vector, or -1 if the code ran to its end.
  int does(const std::vector<u8>& bytes) {
    std::vector<u8> code = bytes;
    code.push_back(0xF4);
    ram->write(kCode, code);
    c().r[kRip] = kCode;
    c().activity = Activity::Running;
    c().update_mode();
    run();
    return vector();
  }
};

struct Extensions : testing::TestWithParam<bool> {
  Extended m{GetParam()};
  Cpu& c = m.c();
};
INSTANTIATE_TEST_SUITE_P(Blocks, Extensions, testing::Bool());

TEST_P(Extensions, EachIsUndefinedWithoutItsFeature) {
  const struct {
    const char* feature;
    std::vector<u8> code;
  } cases[] = {
      {"movbe", {0x0F, 0x38, 0xF0, 0x06}},
      {"movbe", {0x0F, 0x38, 0xF1, 0x06}},
      {"movbe", {0x66, 0x0F, 0x38, 0xF0, 0x06}},
      {"adx", {0x66, 0x0F, 0x38, 0xF6, 0xC1}},
      {"adx", {0xF3, 0x0F, 0x38, 0xF6, 0xC1}},
      {"aes", {0x66, 0x0F, 0x38, 0xDB, 0xC1}},
      {"aes", {0x66, 0x0F, 0x38, 0xDC, 0xC1}},
      {"aes", {0x66, 0x0F, 0x38, 0xDD, 0xC1}},
      {"aes", {0x66, 0x0F, 0x38, 0xDE, 0xC1}},
      {"aes", {0x66, 0x0F, 0x38, 0xDF, 0xC1}},
      {"aes", {0x66, 0x0F, 0x3A, 0xDF, 0xC1, 1}},
      {"pclmulqdq", {0x66, 0x0F, 0x3A, 0x44, 0xC1, 0}},
      {"sha-ni", {0x0F, 0x38, 0xC8, 0xC1}},
      {"sha-ni", {0x0F, 0x38, 0xC9, 0xC1}},
      {"sha-ni", {0x0F, 0x38, 0xCA, 0xC1}},
      {"sha-ni", {0x0F, 0x38, 0xCB, 0xC1}},
      {"sha-ni", {0x0F, 0x38, 0xCC, 0xC1}},
      {"sha-ni", {0x0F, 0x38, 0xCD, 0xC1}},
      {"sha-ni", {0x0F, 0x3A, 0xCC, 0xC1, 0}},
      {"rdrand", {0x0F, 0xC7, 0xF0}},
      {"rdrand", {0x66, 0x0F, 0xC7, 0xF0}},
      {"rdseed", {0x0F, 0xC7, 0xF8}},
      {"rdpid", {0xF3, 0x0F, 0xC7, 0xF8}},
      {"clflushopt", {0x66, 0x0F, 0xAE, 0x3E}},
      {"clwb", {0x66, 0x0F, 0xAE, 0x36}},
      {"fsgsbase", {0xF3, 0x0F, 0xAE, 0xC0}},
      {"fsgsbase", {0xF3, 0x48, 0x0F, 0xAE, 0xD8}},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.feature);
    Extended with(GetParam());
    with.c().cr4 |= CR4_FSGSBASE;
    EXPECT_EQ(with.does(each.code), -1);
    Extended without(GetParam(), {"-" + std::string(each.feature)});
    without.c().cr4 |= CR4_FSGSBASE;
    EXPECT_EQ(without.does(each.code), kUD);
  }
}

TEST_P(Extensions, PrefixesThatChooseNothingAreUndefined) {
  for (const std::vector<u8>& code : std::vector<std::vector<u8>>{
           {0xF3, 0x0F, 0x38, 0xF0, 0x06},  // MOVBE
           {0x0F, 0x38, 0xF0, 0xC6},        // ... of a register
           {0x0F, 0x38, 0xF6, 0xC1},        // neither ADCX nor ADOX
           {0xF2, 0x0F, 0x38, 0xF6, 0xC1},  //
           {0x0F, 0x38, 0xDC, 0xC1},        // AESENC without 66h
           {0x66, 0x0F, 0x38, 0xC8, 0xC1},  // SHA1NEXTE with it
           {0xF3, 0x0F, 0xC7, 0xF0},        // RDRAND
           {0xF2, 0x0F, 0xC7, 0xF8},        // RDSEED
           {0x0F, 0xC7, 0x36},              // of memory
           {0x66, 0x0F, 0xAE, 0xFE},        // CLFLUSHOPT of a register
           {0xF3, 0x0F, 0xAE, 0x06},        // RDFSBASE to memory
       }) {
    c.cr4 |= CR4_FSGSBASE;
    EXPECT_EQ(m.does(code), kUD) << std::hex << int(code[0]) << ' ' << int(code[2]);
  }
}

// Older processors ignore the F3h of TZCNT and LZCNT.
TEST_P(Extensions, CountsAreScansWithoutTheirFeature) {
  const std::vector<u8> tzcnt = {0xF3, 0x0F, 0xBC, 0xC1}, lzcnt = {0xF3, 0x0F, 0xBD, 0xC1};
  Extended old(GetParam(), {"-bmi1", "-abm"});
  for (Extended* each : {&m, &old}) each->c().r[RCX] = 0x0000FF00;
  EXPECT_EQ(m.does(tzcnt), -1);
  EXPECT_EQ(c.r[RAX], 8u);
  EXPECT_EQ(m.does(lzcnt), -1);
  EXPECT_EQ(c.r[RAX], 16u);
  EXPECT_EQ(old.does(tzcnt), -1);
  EXPECT_EQ(old.c().r[RAX], 8u);
  EXPECT_EQ(old.does(lzcnt), -1);
  EXPECT_EQ(old.c().r[RAX], 15u);
  for (Extended* each : {&m, &old}) each->c().r[RCX] = 0, each->c().r[RAX] = 77;
  EXPECT_EQ(m.does(tzcnt), -1);
  EXPECT_EQ(c.r[RAX], 32u);
  EXPECT_EQ(c.flags.bits(), CF);
  EXPECT_EQ(old.does(tzcnt), -1);
  EXPECT_EQ(old.c().r[RAX], 77u);
  EXPECT_TRUE(old.c().flags.zf());
}

// --- random numbers

std::vector<u64> draws(Machine& m, unsigned count, unsigned cpu = 0) {
  std::vector<u64> values;
  Cpu& c = m.cluster->cpu(cpu);
  while (values.size() < count) {
    const bool seed = values.size() % 2;
    m.code(Machine::kCode, {0x48, 0x0F, 0xC7, u8(seed ? 0xF8 : 0xF0), 0xF4});
    c.r[kRip] = Machine::kCode;
    c.activity = Activity::Running;
    c.flags.set_raw(kArith & ~CF);
    m.run(2);
    EXPECT_EQ(c.flags.bits(), CF);
    values.push_back(c.r[RAX]);
  }
  return values;
}

TEST_P(Extensions, RandomNumbersFollowFromTheSeed) {
  Extended a(GetParam(), {}, 7), b(GetParam(), {}, 7), other(GetParam(), {}, 8);
  const std::vector<u64> first = draws(a, 64);
  EXPECT_EQ(draws(b, 64), first);
  std::set<u64> all(first.begin(), first.end());
  const std::vector<u64> others = draws(other, 64);
  all.insert(others.begin(), others.end());
  EXPECT_EQ(all.size(), 128u);
  unsigned ones = 0;
  for (const u64 value : first) ones += unsigned(std::popcount(value));
  EXPECT_NEAR(ones, 64 * 32, 200);
  // Pinned, so that a recording plays again in another build: SplitMix64 from mix(mix(7 + g) + 0).
  EXPECT_EQ(first[0], 0xF33DC6BD55FFA86B);
}

TEST_P(Extensions, RandomNumbersAreStateAndOutliveResets) {
  Extended a(GetParam(), {}, 7), b(GetParam(), {}, 9);
  draws(a, 5);
  ASSERT_TRUE(load_objects(b.board.tree, save_objects(a.board.tree)).ok());
  b.board.tree.settle();
  b.long_mode();  // its memory has no tables yet
  const std::vector<u64> next = draws(a, 8);
  EXPECT_EQ(draws(b, 8), next);
  Extended c(GetParam(), {}, 7);
  draws(c, 5);
  c.board.tree.reset();
  c.long_mode();
  EXPECT_EQ(draws(c, 8), next);
}

TEST_P(Extensions, EachProcessorDrawsItsOwnNumbers) {
  Extended two(GetParam(), {}, 7, 2);
  RandomGenerator first = two.cluster->cpu(0).random, second = two.cluster->cpu(1).random;
  std::set<u64> all;
  for (unsigned i = 0; i < 100; ++i) all.insert({first.next(), second.next()});
  EXPECT_EQ(all.size(), 200u);
}

TEST_P(Extensions, RandomNumbersHaveTheOperandsWidth) {
  RandomGenerator expected = c.random;
  c.r[RAX] = ~u64(0);
  EXPECT_EQ(m.does({0x66, 0x0F, 0xC7, 0xF0}), -1);
  EXPECT_EQ(c.r[RAX], (~u64(0) & ~u64(0xFFFF)) | u16(expected.next()));
  EXPECT_EQ(m.does({0x0F, 0xC7, 0xF0}), -1);
  EXPECT_EQ(c.r[RAX], u32(expected.next()));
  EXPECT_EQ(m.does({0x49, 0x0F, 0xC7, 0xF9}), -1);  // RDSEED R9
  EXPECT_EQ(c.r[R9], expected.next());
}

// --- FSGSBASE, RDPID

TEST_P(Extensions, BasesAreReadAndWrittenIfCr4Allows) {
  const std::vector<u8> wrfs = {0xF3, 0x48, 0x0F, 0xAE, 0xD1}, wrgs = {0xF3, 0x0F, 0xAE, 0xD9},
                        rdfs = {0xF3, 0x48, 0x0F, 0xAE, 0xC2}, rdgs = {0xF3, 0x0F, 0xAE, 0xCB};
  for (const auto& each : {wrfs, wrgs, rdfs, rdgs}) EXPECT_EQ(m.does(each), kUD);
  EXPECT_EQ(m.does({0x0F, 0x20, 0xE0, 0x0D, 0, 0, 1, 0, 0x0F, 0x22, 0xE0}), -1);  // MOV CR4
  EXPECT_TRUE(c.cr4 & CR4_FSGSBASE);
  c.r[RCX] = 0xFFFF800012345678;
  EXPECT_EQ(m.does(wrfs), -1);
  EXPECT_EQ(m.does(wrgs), -1);
  EXPECT_EQ(c.seg[FS].base, 0xFFFF800012345678);
  EXPECT_EQ(c.seg[GS].base, 0x12345678u);
  c.seg[GS].base = 0xFFFF900087654321;
  EXPECT_EQ(m.does(rdfs), -1);
  EXPECT_EQ(m.does(rdgs), -1);
  EXPECT_EQ(c.r[RDX], 0xFFFF800012345678);
  EXPECT_EQ(c.r[RBX], 0x87654321u);
  c.r[RCX] = 0x0000800000000000;
  EXPECT_EQ(m.does(wrfs), kGP);
  EXPECT_EQ(c.seg[FS].base, 0xFFFF800012345678);
  // At CPL 3 as well; not outside 64-bit mode; and the bit needs the feature.
  Extended user(GetParam());
  user.long_mode(3);
  user.c().cr4 |= CR4_FSGSBASE;
  user.code(Machine::kCode, {0xF3, 0x48, 0x0F, 0xAE, 0xD1, 0xF4});
  user.c().r[RCX] = 0x4000;
  user.run(2);
  EXPECT_EQ(user.c().seg[FS].base, 0x4000u);
  Extended narrow(GetParam());
  narrow.c().efer = 0;
  narrow.protect();
  narrow.c().cr4 |= CR4_FSGSBASE;
  EXPECT_EQ(narrow.does(rdgs), kUD);
  Extended without(GetParam(), {"-fsgsbase"});
  EXPECT_EQ(without.does({0x0F, 0x20, 0xE0, 0x0D, 0, 0, 1, 0, 0x0F, 0x22, 0xE0}), kGP);
}

TEST_P(Extensions, RdpidGivesTscAux) {
  Extended only(GetParam(), {"-rdtscp"});
  for (Extended* each : {&m, &only}) {
    Cpu& cpu = each->c();
    cpu.r[RCX] = 0xC0000103, cpu.r[RAX] = 0x89ABCDEF, cpu.r[RDX] = 0;
    EXPECT_EQ(each->does({0x0F, 0x30}), -1);  // WRMSR
    cpu.r[RBX] = ~u64(0);
    EXPECT_EQ(each->does({0xF3, 0x0F, 0xC7, 0xFB}), -1);
    EXPECT_EQ(cpu.r[RBX], 0x89ABCDEFu);
  }
}

}  // namespace
}  // namespace reprise::cpu
