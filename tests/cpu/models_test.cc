// CPU models, and what CPUID says of how vCPUs are arranged.
#include "cpu/system/instructions.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

struct Arranged {
  Arranged(const std::string& model, unsigned cpus, Topology topology) {
    const CpuOptions options{.model = model, .features = {}, .cpus = cpus, .topology = topology};
    cluster = Cluster::create(options, board.context("/cpu"), board.pages).value();
  }
  CpuidResult ask(unsigned cpu, u32 leaf, u32 subleaf = 0) {
    return cpuid_leaf(cluster->cpu(cpu), leaf, subleaf);
  }
  TestBoard board;
  std::unique_ptr<Cluster> cluster;
};

// Six to a package: three cores take two bits of an id, two threads one.
TEST(CpuTopology, IdsHaveAFieldForEachLevel) {
  Arranged m("SandyBridge", 12, {3, 2});
  std::vector<u32> ids;
  for (unsigned i = 0; i < 12; ++i) {
    ids.push_back(m.ask(i, 1).b >> 24);
    EXPECT_EQ(m.ask(i, 0xB).d, ids.back());
  }
  EXPECT_EQ(ids, (std::vector<u32>{0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13}));
  EXPECT_EQ(m.ask(0, 1).b >> 16 & 0xFF, 8u);  // room for eight ids
  EXPECT_TRUE(m.ask(0, 1).d & 1u << 28);
  EXPECT_EQ(m.ask(3, 0xB, 0).a, 1u);  // bits of an id below the core's
  EXPECT_EQ(m.ask(3, 0xB, 0).b, 2u);
  EXPECT_EQ(m.ask(3, 0xB, 1).a, 3u);
  EXPECT_EQ(m.ask(3, 0xB, 1).b, 6u);
  EXPECT_EQ(m.ask(3, 0xB, 2).b, 0u);
  EXPECT_EQ(m.ask(0, 4, 0).a >> 26, 3u);          // core ids of a package
  EXPECT_EQ(m.ask(0, 4, 0).a >> 14 & 0xFFF, 1u);  // two share a cache
}

TEST(CpuTopology, OneByOneByDefault) {
  Arranged m("SandyBridge", 3, {});
  for (unsigned i = 0; i < 3; ++i) {
    EXPECT_EQ(m.ask(i, 1).b >> 16, i << 8 | 1);
    EXPECT_FALSE(m.ask(i, 1).d & 1u << 28);
    EXPECT_EQ(m.ask(i, 4).a >> 14, 0u);
    EXPECT_EQ(m.ask(i, 0xB, 1).b, 1u);
    EXPECT_EQ(m.ask(i, 0xB, 1).d, i);
  }
}

TEST(CpuTopology, AmdCountsCores) {
  Arranged m("qemu64", 6, {3, 1});
  EXPECT_EQ(m.ask(4, 1).b >> 24, 5u);
  EXPECT_EQ(m.ask(4, 1).b >> 16 & 0xFF, 3u);
  EXPECT_EQ(m.ask(0, 0x80000008).c, 0x2002u);  // two bits, three cores
  EXPECT_TRUE(m.ask(0, 0x80000001).c & 2);     // CmpLegacy
  Arranged single("qemu64", 2, {});
  EXPECT_EQ(single.ask(0, 0x80000008).c, 0u);
  EXPECT_FALSE(single.ask(0, 0x80000001).c & 2);
}

// Family, model and stepping as published, level, and what tells a model from its neighbours.
struct ModelCase {
  const char* name;
  u32 signature, max_leaf;
  const char *has, *lacks;
};
TEST(CpuModels, AreWhatTheyWere) {
  static constexpr ModelCase cases[] = {
      {"486", 0x480, 1, "fpu", "tsc"},
      {"pentium", 0x543, 1, "apic", "cmov"},
      {"pentium2", 0x652, 2, "fxsr", "sse"},
      {"pentium3", 0x683, 3, "sse", "sse2"},
      {"coreduo", 0x6E8, 10, "nx", "ssse3"},
      {"core2duo", 0x6FB, 10, "cx16", "sse4.1"},
      {"Conroe", 0x6F3, 10, "ssse3", "cx16"},
      {"Penryn", 0x10673, 10, "sse4.1", "sse4.2"},
      {"Nehalem", 0x106A3, 11, "popcnt", "arat"},
      {"Westmere", 0x206C1, 11, "arat", "x2apic"},
      {"SandyBridge", 0x206A1, 13, "tsc-deadline", "smep"},
      {"IvyBridge", 0x306A9, 13, "smep", "pcid"},
      {"Haswell", 0x306C4, 13, "invpcid", "smap"},
      {"Haswell-noTSX", 0x306C1, 13, "pcid", "pku"},
      {"Haswell-v2", 0x306C1, 13, "erms", "pdpe1gb"},
      {"Nehalem-v1", 0x106A3, 11, "sse4.2", "rdtscp"},
  };
  for (const ModelCase& t : cases) {
    SCOPED_TRACE(t.name);
    const auto m = CpuModel::create(t.name, {});
    ASSERT_TRUE(m.ok()) << m.error().message;
    EXPECT_EQ(m->signature(), t.signature);
    EXPECT_EQ(m->max_leaf(), t.max_leaf);
    // Turning on what is there changes nothing, turning on what is not there does.
    const auto same = CpuModel::create(t.name, {std::string("+") + t.has});
    const auto other = CpuModel::create(t.name, {std::string("+") + t.lacks});
    ASSERT_TRUE(same.ok() && other.ok());
    bool equal = true, changed = false;
    for (unsigned w = 0; w < kFeatureWords; ++w) {
      equal &= same->word(FeatureWord(w)) == m->word(FeatureWord(w));
      changed |= other->word(FeatureWord(w)) != m->word(FeatureWord(w));
    }
    EXPECT_TRUE(equal) << t.has;
    EXPECT_TRUE(changed) << t.lacks;
  }
}

struct CodeCase {
  const char* model;
  std::vector<u8> code;
  bool known;
};
TEST(CpuModels, WhatAModelDoesNotKnowIsUndefined) {
  const std::vector<CodeCase> cases = {
      {"486", {0x0F, 0xC8}, true},   // bswap eax
      {"486", {0x0F, 0x31}, false},  // rdtsc
      {"pentium", {0x0F, 0x31}, true},
      {"486", {0x0F, 0xC7, 0x0E}, false},  // cmpxchg8b [rsi]
      {"pentium", {0x0F, 0xC7, 0x0E}, true},
      {"pentium", {0x0F, 0x44, 0xC1}, false},  // cmovz eax, ecx
      {"pentium2", {0x0F, 0x44, 0xC1}, true},
      {"pentium", {0x0F, 0x1F, 0xC0}, false},  // nop eax
      {"pentium2", {0x0F, 0x1F, 0xC0}, true},
      {"pentium", {0xDB, 0xF1}, false},  // fcomi
      {"pentium2", {0xDB, 0xF1}, true},
      {"486", {0x0F, 0x77}, false},  // emms
      {"pentium", {0x0F, 0x77}, true},
      {"pentium2", {0x0F, 0xAE, 0xF8}, false},  // sfence
      {"pentium3", {0x0F, 0xAE, 0xF8}, true},
      {"pentium", {0x0F, 0x18, 0x0E}, false},  // prefetcht0 [rsi]
      {"pentium2", {0x0F, 0x18, 0x0E}, true},
      {"pentium3", {0x0F, 0x0D, 0x0E}, false},  // prefetchw [rsi]
      {"core2duo", {0x0F, 0x0D, 0x0E}, true},
      {"pentium3", {0xDB, 0x0E}, false},  // fisttp [rsi]
      {"coreduo", {0xDB, 0x0E}, true},
      {"pentium3", {0x0F, 0xAE, 0xE8}, false},  // lfence
      {"coreduo", {0x0F, 0xAE, 0xE8}, true},
      {"Penryn", {0xF3, 0x0F, 0xB8, 0xC1}, false},  // popcnt eax, ecx
      {"Nehalem", {0xF3, 0x0F, 0xB8, 0xC1}, true},
      {"IvyBridge", {0x66, 0x0F, 0x38, 0x82, 0x06}, false},  // invpcid eax, [rsi]
      {"Haswell", {0x66, 0x0F, 0x38, 0x82, 0x06}, true},
      {"Haswell", {0x0F, 0x01, 0xCB}, false},  // stac
      {"max", {0x0F, 0x01, 0xCB}, true},
  };
  for (const CodeCase& t : cases) {
    SCOPED_TRACE(std::string(t.model) + ", " + std::to_string(t.code[1]));
    Machine m(true, t.model);
    m.protect();
    m.c().r[RSI] = 0x5000;
    m.ram->write(Machine::kCode, t.code);
    m.run(t.known ? 1 : 3);
    if (t.known)
      EXPECT_EQ(m.c().r[kRip], Machine::kCode + t.code.size());
    else
      EXPECT_EQ(m.vector(), kUD);
  }
}

// REX.W makes another instruction of it.
TEST(CpuModels, Cmpxchg16bIsAFeatureOfItsOwn) {
  for (const auto& [model, known] : {std::pair("Conroe", false), std::pair("core2duo", true)}) {
    Machine m(true, model);
    m.long_mode();
    m.c().r[RSI] = 0x5000;
    m.code(Machine::kCode, {0x48, 0x0F, 0xC7, 0x0E});
    m.run(known ? 1 : 3);
    EXPECT_EQ(m.vector(), known ? -1 : kUD) << model;
  }
}

TEST(CpuModels, WhatIsLackingIsKnownByName) {
  EXPECT_TRUE(CpuModel::lacks_feature("rtm"));
  EXPECT_FALSE(CpuModel::lacks_feature("sse2"));
  EXPECT_FALSE(CpuModel::lacks_feature("sse5"));
  EXPECT_FALSE(CpuModel::knows("Haswel"));
}

}  // namespace
}  // namespace reprise::cpu
