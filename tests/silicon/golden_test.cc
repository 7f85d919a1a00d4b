// Every kind of instruction against golden/, and what the golden files cover.
#include "tests/silicon/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <set>
#include <tuple>

#include "tests/silicon/exclusions.h"
#include "tests/silicon/guest_cpu.h"
#include "tests/silicon/host_cpu.h"

namespace reprise::cpu::silicon {
namespace {

bool has_all(Feature) { return true; }

// An address that is not in the arena might be anything in the host's process.
bool harmless(const Outcome& o) {
  const auto inside = [](u64 address) {
    return (address >= kArena && address < kArenaEnd) || address < 0x10000 || address >> 47;
  };
  return inside(o.after.rip) && (o.vector != kPF || inside(o.cr2));
}

u32 add_input(u32 so_far, const Made& made) { return so_far * 31 + input_digest(made); }

std::string name_of(const Kind& kind) {
  const Slot& s = kind[0];
  static constexpr const char* maps[] = {"", "0F ",     "0F 38 ",    "0F 3A ",
                                         "", "VEX.0F ", "VEX.0F38 ", "VEX.0F3A "};
  char text[80];
  std::snprintf(text, sizeof text, "%s%02X%s%s %s", maps[s.map], s.opcode,
                s.reg < 0 ? "" : (" /" + std::to_string(s.reg)).c_str(),
                s.form < 0    ? ""
                : s.form == 0 ? " m"
                              : " r",
                s.row->name);
  return text;
}

// What the cases of a kind start from.
u32 input_of(const Kind& kind, Code width, bool intel) {
  Generator generator(intel, true);
  u32 input = 0;
  for (unsigned i = 0; i < kGoldenCases; ++i)
    input =
        add_input(input, generator.make_one(kind, width, golden_seed(identity(kind), width, i)));
  return input;
}

// Asks the host about what is new, and writes the files.
void write(Code width) {
  HostCpu host;
  ASSERT_EQ(host.problem(), "");
  GuestCpu guest;
  Golden golden;
  const Golden before = read_golden(golden_path(width));
  const bool intel = HostCpu::intel();
  Generator generator(intel, true);
  std::vector<std::string> missing;
  for (const Kind& kind : kinds(width, has_all, missing)) {
    GoldenKind& to = golden.kinds[identity(kind)];
    ASSERT_TRUE(to.answers.empty()) << name_of(kind) << ": two kinds of one identity";
    if (const auto known = before.kinds.find(identity(kind));
        known != before.kinds.end() &&
        known->second.input == input_of(kind, width, known->second.intel)) {
      to = known->second;
      continue;
    }
    ASSERT_TRUE(HostCpu::has(kind[0].row->feature)) << "the host lacks " << name_of(kind);
    to.intel = intel;
    for (unsigned i = 0; i < kGoldenCases; ++i) {
      const Made made = generator.make_one(kind, width, golden_seed(identity(kind), width, i));
      to.input = add_input(to.input, made);
      Digest d;
      d.vector = kNotCompared;
      const Outcome ours = guest.run(made.experiment, 30'000);
      if (!made.skip && !guest.endless() && harmless(ours)) {
        const Outcome theirs = host.run(made.experiment);
        if (!ambiguous(made, theirs, ours, intel))
          d = digest(seen(made, theirs, host.window(), false), made.experiment.wide);
      }
      to.answers.push_back(d);
    }
  }
  ASSERT_TRUE(write_golden(golden_path(width), golden));
}

struct Counts {
  std::map<unsigned, unsigned> prefixes, vectors;
  void note(const Made& made, const Digest& d) {
    if (d.vector != 0xFF) ++vectors[d.vector];
    const bool long_code = made.experiment.width == Code::k64;
    for (unsigned i = 0; i < made.experiment.length; ++i) {
      const u8 b = made.experiment.code[i];
      const bool rex = long_code && (b & 0xF0) == 0x40;
      if (!rex && std::string_view("\x26\x2E\x36\x3E\x64\x65\x66\x67\xF0\xF2\xF3").find(char(b)) ==
                      std::string_view::npos)
        break;
      ++prefixes[rex ? 0x40 : b];
    }
  }
};

std::string parts(const Digest& golden, const Digest& ours) {
  char text[200];
  std::snprintf(text, sizeof text, "vector %02x, ours %02x; flags %02x, ours %02x;%s%s%s%s differ",
                golden.vector, ours.vector, golden.flags, ours.flags,
                golden.registers != ours.registers ? " registers" : "",
                golden.rest != ours.rest ? " rip/error/cr2/rflags" : "",
                golden.memory != ours.memory ? " memory" : "", golden.fx != ours.fx ? " fx" : "");
  return text;
}

void compare_with_golden(Code width) {
  if (const char* mode = std::getenv("REPRISE_SILICON_GOLDEN");
      mode && mode == std::string("write"))
    write(width);
  const Golden golden = read_golden(golden_path(width));
  ASSERT_FALSE(golden.kinds.empty()) << golden_path(width) << " is not there or broken";
  GuestCpu guest;
  std::vector<std::string> missing;
  Counts counts;
  unsigned compared = 0, kinds_seen = 0;
  const auto all = kinds(width, has_all, missing);
  for (const Kind& kind : all) {
    const auto at = golden.kinds.find(identity(kind));
    if (at == golden.kinds.end()) {
      ADD_FAILURE() << name_of(kind) << " is new: REPRISE_SILICON_GOLDEN=write, on x86-64";
      continue;
    }
    ++kinds_seen;
    Generator generator(at->second.intel, true);
    u32 input = 0;
    unsigned of_kind = 0, differ = 0;
    std::string first;
    for (unsigned i = 0; i < at->second.answers.size(); ++i) {
      const u64 seed = golden_seed(identity(kind), width, i);
      const Made made = generator.make_one(kind, width, seed);
      input = add_input(input, made);
      const Digest& theirs = at->second.answers[i];
      if (theirs.vector == kNotCompared) continue;
      ++of_kind;
      counts.note(made, theirs);
      const Outcome ours = guest.run(made.experiment, i % 8 ? 30'000 : 1 + i % 5);
      const Digest d = digest(seen(made, ours, guest.window(), false), made.experiment.wide);
      if (d == theirs) continue;
      if (differ++ == 0) first = parts(theirs, d) + "\n" + describe(made, seed);
    }
    if (input != at->second.input) {
      ADD_FAILURE() << name_of(kind) << ": the generator makes other cases than those whose "
                    << "answers are kept: REPRISE_SILICON_GOLDEN=write, on x86-64";
      continue;
    }
    EXPECT_EQ(differ, 0u) << name_of(kind) << ": " << first;
    compared += of_kind;
    if (const char* reason = thin(kind[0].row->name, width == Code::k64))
      EXPECT_LT(of_kind, 8u) << name_of(kind) << " is no longer thin: " << reason;
    else
      EXPECT_GE(of_kind, 8u) << name_of(kind) << ": too few cases compared";
  }
  std::printf("silicon: %u-bit, golden file: %u cases of %u kinds\n", bits_of(width), compared,
              kinds_seen);
  // Each prefix, and each exception that a program can cause.
  std::vector<unsigned> prefixes = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65,
                                    0x66, 0x67, 0xF0, 0xF2, 0xF3};
  if (width == Code::k64) prefixes.push_back(0x40);
  for (const unsigned each : prefixes)
    EXPECT_GE(counts.prefixes[each], 100u) << "prefix " << std::hex << each;
  std::vector<unsigned> vectors = {kDE, kDB, kUD, kGP, kPF, kMF, kAC, kXM};
  if (width != Code::k32) vectors.push_back(kSS);  // there SS is flat
  if (width != Code::k64) vectors.push_back(kBR);
  for (const unsigned each : vectors)
    EXPECT_GE(counts.vectors[each], each == kBR ? 1u : 4u) << "exception " << each;
}

TEST(Golden, AgreesIn64BitMode) { compare_with_golden(Code::k64); }
TEST(Golden, AgreesIn32BitMode) { compare_with_golden(Code::k32); }
TEST(Golden, AgreesIn16BitMode) { compare_with_golden(Code::k16); }

// What ours do with flags that the manuals leave undefined.
TEST(Golden, UndefinedFlagsAreAsDocumented) {
  GuestCpu guest;
  Generator generator(true, true);
  std::vector<std::string> missing;
  for (const UndefinedFlags& row : kUndefinedFlags) {
    unsigned seen_cases = 0;
    for (const Kind& kind : kinds(Code::k32, has_all, missing)) {
      if (row.names.find(" " + std::string(kind[0].row->name) + " ") == row.names.npos) continue;
      for (unsigned i = 0; i < 200; ++i) {
        const Made made = generator.make_one(kind, Code::k32, i);
        if (!applies(row, made.shape)) continue;
        const Outcome o = guest.run(made.experiment, 30'000);
        if (o.vector >= 0 || guest.endless()) continue;
        ++seen_cases;
        const u32 before = made.experiment.before.rflags;
        ASSERT_EQ(o.after.rflags & row.clears, 0u) << row.names << describe(made, i);
        ASSERT_EQ((o.after.rflags ^ before) & row.keeps, 0u) << row.names << describe(made, i);
      }
    }
    EXPECT_GE(seen_cases, 4u) << row.names;
  }
}

// A repeated string instruction that faults in its first iteration has changed nothing, also where
// its addresses are of 32 bits and the registers hold more (SDM 1, 7.3.9.3: the registers are those
// after the last iteration that succeeded). Some of AMD's clear bits 32-63 of rDI first.
TEST(Silicon, AFirstIterationThatFaultsChangesNothing) {
  GuestCpu guest;
  Experiment e;
  e.before.rip = kCode + 0x800;
  e.window = {};
  e.code = {0x67, 0xF3, 0xA4};  // REP MOVSB by ESI, EDI
  e.length = 3;
  e.before.r[RSP] = kWindow + 0x100;
  e.before.r[RCX] = 0x1234567800000005;
  e.before.r[RSI] = 0xABCDEF0110000000;
  e.before.r[RDI] = 0xFEDCBA9800000000 | kReadOnly;
  const Outcome o = guest.run(e, 30'000);
  EXPECT_EQ(o.vector, kPF);
  EXPECT_EQ(o.cr2, kReadOnly);
  for (const unsigned i : {RCX, RSI, RDI}) EXPECT_EQ(o.after.r[i], e.before.r[i]) << i;
}

// A denormal divided by infinity stays as it is, but underflows where that is not masked.
TEST(Silicon, RemainderByInfinityUnderflows) {
  GuestCpu guest;
  Experiment e;
  e.floating = true;
  e.before.rip = kCode + 0x800;
  e.window = {};
  e.before.r[RSP] = kWindow + 0x100;
  const u64 tiny = 0x12AC6BE72307CF8D, infinity = 0x8000000000000000;
  const u16 control = 0x036F;  // UM clear
  std::memcpy(&e.before.fx[0], &control, 2);
  e.before.fx[4] = 0x03;
  std::memcpy(&e.before.fx[32], &tiny, 8);
  std::memcpy(&e.before.fx[48], &infinity, 8);
  e.before.fx[56] = 0xFF, e.before.fx[57] = 0x7F;
  e.code = {0xD9, 0xF8};  // FPREM
  e.length = 2;
  const Outcome o = guest.run(e, 30'000);
  EXPECT_EQ(o.vector, -1);
  EXPECT_EQ(o.after.fx[2] & 0xB7, 0x92) << "UE, DE, ES";
  u64 significand;
  u16 exponent;
  std::memcpy(&significand, &o.after.fx[32], 8);
  std::memcpy(&exponent, &o.after.fx[40], 2);
  EXPECT_EQ(significand, tiny << 3);
  EXPECT_EQ(exponent, 1 - 3 + 0x6000);
}

// ENTER leaves in rBP what the operand's size says, whatever the stack's.
TEST(Silicon, EnterWritesBpByOperandSize) {
  GuestCpu guest;
  Experiment e;
  e.window = {};
  e.before.rip = kCode + 0x800;
  e.width = Code::k32;
  e.code = {0x66, 0xC8, 0x10, 0x00, 0x00};  // 16-bit operand, 32-bit stack
  e.length = 5;
  e.before.r[RSP] = kWindow + 0x100;
  e.before.r[RBP] = 0x77778888;
  EXPECT_EQ(guest.run(e, 30'000).after.r[RBP], 0x777700FEu);
  e.width = Code::k16;  // 32-bit operand, 16-bit stack: ESP's upper half comes along
  e.before.r[RSP] = 0x55550100;
  const Outcome o = guest.run(e, 30'000);
  EXPECT_EQ(o.after.r[RBP], 0x555500FCu);
  EXPECT_EQ(o.after.r[RSP], 0x555500ECu);
}

// Every row that decodes is generated, or excluded for a reason.
TEST(Golden, CoversTheOpcodeMap) {
  for (const Code width : {Code::k64, Code::k32, Code::k16}) {
    std::vector<std::string> missing;
    std::set<std::tuple<int, int, int, int, int>> made;
    for (const Kind& kind : kinds(width, has_all, missing))
      for (const Slot& s : kind) made.insert({s.map, s.opcode, s.prefix, s.reg, s.form});
    unsigned rows = 0, left_out = 0;
    std::map<std::string, unsigned> reasons;
    const auto check_row = [&](Map map, u8 opcode, Prefix prefix, const Row& row, int reg,
                               int form) {
      if (!row.name || !row.handlers) return;
      ++rows;
      if (made.count({map, opcode, prefix, reg, form})) return;
      ++left_out;
      const char* reason = nullptr;
      if (const Exclusion* e = excluded(map, opcode, reg, row.name)) reason = e->reason;
      if (width != Code::k64 && (row.attributes & kOnly64)) reason = "exists in 64-bit mode only";
      if (width != Code::k64 && map == kOneByte64) reason = "exists in 64-bit mode only";
      if (width == Code::k64 && map == kOneByte) {
        if ((opcode & 0xF0) == 0x40) reason = "REX in 64-bit mode";
        if (opcode == 0xD5) reason = "REX2 on newer processors";
        if (opcode == 0xC4 || opcode == 0xC5 || opcode == 0x62) reason = "VEX, EVEX in 64-bit mode";
        if (tables().row(kOneByte64, opcode, prefix).name) reason = "another row in 64-bit mode";
      }
      if (!reason)
        ADD_FAILURE() << row.name << " (map " << map << ", opcode " << std::hex << int(opcode)
                      << ", prefix " << prefix << ") is neither generated nor excluded";
      else
        ++reasons[reason];
    };
    for (unsigned m = kOneByte; m < kMaps; ++m)
      for (unsigned opcode = 0; opcode < 256; ++opcode)
        for (unsigned p = kNoPrefix; p <= kF2; ++p) {
          const Row& row = tables().row(Map(m), u8(opcode), Prefix(p));
          if (!row.group) {
            check_row(Map(m), u8(opcode), Prefix(p), row, -1, -1);
            continue;
          }
          for (int reg = 0; reg < 8; ++reg)
            for (int form = 0; form < 9; ++form)
              check_row(Map(m), u8(opcode), Prefix(p), row.group->rows[reg][form], reg, form);
        }
    std::printf("silicon: %u-bit: %u rows, %u not generated:\n", bits_of(width), rows, left_out);
    for (const auto& [reason, count] : reasons) std::printf("  %4u %s\n", count, reason.c_str());
    EXPECT_GT(rows, 3000u);
  }
}

}  // namespace
}  // namespace reprise::cpu::silicon
