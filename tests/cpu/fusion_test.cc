// Pairs of instructions that are one handler in a block: they do what the two do one by one.
#include <random>

#include "cpu/decode/decoder.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

constexpr u64 kData = 0x20000;

using Code = std::vector<u8>;
Code operator+(Code a, const Code& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// op r/m, reg with both registers below R8; `wide`: 64 bits.
Code registers(bool wide, Code opcode, u8 rm, u8 reg) {
  const Code prefix = wide ? Code{0x48} : Code{};
  return prefix + std::move(opcode) + Code{u8(0xC0 | reg << 3 | rm)};
}

// An instruction that may be in a chain, given the register that it changes and another.
using Maker = Code (*)(bool wide, u8 changed, u8 other, u8 number);
template <u8 Opcode>
Code alu(bool wide, u8 changed, u8 other, u8) {
  return registers(wide, {Opcode}, changed, other);
}
template <u8 Opcode, u8 Extension>
Code immediate(bool wide, u8 changed, u8, u8 number) {
  return registers(wide, {Opcode}, changed, Extension) + Code{number};
}
Code imul(bool wide, u8 changed, u8 other, u8) {
  return registers(wide, {0x0F, 0xAF}, other, changed);
}
Code imul_immediate(bool wide, u8 changed, u8 other, u8 number) {
  return registers(wide, {0x6B}, other, changed) + Code{number};
}
constexpr Maker kMakers[] = {alu<0x01>,          alu<0x29>,
                             alu<0x21>,          alu<0x09>,
                             alu<0x31>,          immediate<0x83, 0>,
                             immediate<0x83, 5>, immediate<0x83, 4>,
                             immediate<0x83, 1>, immediate<0x83, 6>,
                             immediate<0xC1, 4>, immediate<0xC1, 5>,
                             immediate<0xC1, 7>, imul,
                             imul_immediate,     alu<0x89>};

class Fusion : public testing::Test {
 protected:
  Fusion() {
    for (Machine* m : {&blocks_, &single_}) {
      m->long_mode();
      for (u64 at = 0; at < 0x2000; at += 8) m->poke(kData + at, 8, random_());
    }
    for (u64 at = 0; at < 0x2000; at += 8) single_.poke(kData + at, 8, blocks_.peek(kData + at, 8));
  }

  // Values at which flags change, and any.
  u64 value() {
    static constexpr u64 kEdges[] = {0, 1, 0x7F, 0x80, 0x7FFFFFFF, 0x80000000, ~u64(0) >> 1};
    const u64 kind = random_() % 16;
    if (kind < std::size(kEdges)) return kEdges[kind];
    return kind < 10 ? ~kEdges[kind - 7] : random_() >> random_() % 64;
  }

  // Is the first of `code`'s two instructions another handler in a block?
  bool fuses(const Code& code) {
    Op ops[3] = {};
    Code bytes = code + Code(15, 0x90);
    unsigned at = 0;
    for (Op* op : {&ops[0], &ops[1]}) {
      EXPECT_EQ(decode(blocks_.c(), bytes.data() + at, 15, op), DecodeResult::kOk);
      at += op->length;
    }
    const Handler before = ops[0].handler;
    fuse(ops, 2);
    return ops[0].handler != before;
  }

  // Runs `code` with the same registers in both machines.
  void expect_same(const Code& code) {
    u64 r[8];
    for (u64& v : r) v = value();
    const u32 flags = u32(random_());
    for (Machine* m : {&blocks_, &single_}) {
      Cpu& c = m->c();
      m->ram->write(Machine::kCode, code + Code{0xF4});
      std::copy(r, r + 8, c.r);
      c.r[RSP] = Machine::kStack0, c.r[RSI] = at_;
      c.flags.set_raw(flags);
      c.r[kRip] = Machine::kCode;
      c.activity = Activity::Running;
      m->run();
    }
    const Cpu &b = blocks_.c(), &s = single_.c();
    for (unsigned i = 0; i < 17; ++i) ASSERT_EQ(b.r[i], s.r[i]) << "register " << i;
    ASSERT_EQ(b.rflags(), s.rflags());
    ASSERT_EQ(b.icount, s.icount);
    ASSERT_EQ(b.cycle, s.cycle);
  }

  std::mt19937_64 random_{5};
  Machine blocks_{true}, single_{false};
  u64 at_ = kData;  // RSI
};

TEST_F(Fusion, ChainsOfTwo) {
  unsigned chains = 0;
  for (const bool wide : {false, true})
    for (const Maker first : kMakers)
      for (const Maker second : kMakers) {
        for (const u8 other : {RCX, RAX, RDX})
          for (const u8 changed : {RAX, RDX, RCX}) {
            const Code code =
                first(wide, RAX, RCX, u8(random_())) + second(wide, changed, other, u8(random_()));
            chains += fuses(code);
            expect_same(code);
            if (HasFatalFailure()) return;
          }
      }
  EXPECT_GT(chains, 2 * std::size(kMakers) * std::size(kMakers));
}

TEST_F(Fusion, OnlyOfOneWidthAndRegister) {
  const auto& move = kMakers[15];
  const auto& shift = kMakers[11];
  EXPECT_TRUE(fuses(move(true, RAX, RCX, 0) + shift(true, RAX, 0, 5)));
  EXPECT_TRUE(fuses(move(false, RAX, RCX, 0) + shift(false, RAX, 0, 5)));
  EXPECT_FALSE(fuses(move(true, RAX, RCX, 0) + shift(false, RAX, 0, 5)));
  EXPECT_FALSE(fuses(move(true, RAX, RCX, 0) + shift(true, RCX, 0, 5)));
  EXPECT_FALSE(fuses(move(true, RAX, RCX, 0) + shift(true, RAX, 0, 0)));     // flags stay
  EXPECT_FALSE(fuses(move(true, RAX, RCX, 0) + shift(true, RAX, 0, 64)));    // likewise
  EXPECT_FALSE(fuses(move(false, RAX, RCX, 0) + shift(false, RAX, 0, 32)));  // likewise
}

// CMP and TEST with memory, then Jcc; also where the operand crosses a page or is not there.
TEST_F(Fusion, ComparisonsWithMemory) {
  unsigned fused = 0;
  const Code comparisons[] = {
      {0x38, 0x0E}, {0x39, 0x0E},       {0x3A, 0x0E},       {0x3B, 0x0E}, {0x84, 0x0E},
      {0x85, 0x0E}, {0x80, 0x3E, 0x80}, {0x83, 0x3E, 0x80}, {0xF6, 6, 1}, {0xF7, 6, 1, 0, 0, 0x80}};
  for (const bool wide : {false, true})
    for (const Code& comparison : comparisons)
      for (u8 condition = 0; condition < 16; ++condition) {
        const Code code = (wide ? Code{0x48} : Code{}) + comparison + Code{u8(0x70 | condition), 2};
        fused += fuses(code);
        for (unsigned n = 0; n < 8; ++n) {
          at_ = n == 6 ? kData + 0xFFD : n == 7 ? 0x40000000 : kData + random_() % 0x1000 / 8 * 8;
          if (n == 5) {  // equal
            for (Machine* m : {&blocks_, &single_}) m->poke(kData, 8, 0xFFFFFFFFFFFFFF80);
            at_ = kData;
          }
          expect_same(code + Code{0xB3, 1});  // over mov bl, 1
          if (HasFatalFailure()) return;
        }
      }
  EXPECT_GT(fused, 2 * std::size(comparisons) * 6);
}

}  // namespace
}  // namespace reprise::cpu
