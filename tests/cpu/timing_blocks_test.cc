// What models of time add is the same with blocks as without.
#include <random>

#include "cpu/timing/p5.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

using Code = std::vector<u8>;

constexpr u32 kData = 0x100000;

// A loop without end of what can be a pair, and of what costs more now and then.
class Program {
 public:
  explicit Program(u64 seed) : random_(seed) {}

  Code make(bool wide) {
    wide_ = wide;
    const unsigned count = 40 + below(160);
    for (unsigned i = 0; i < count; ++i) instruction();
    const u32 back = u32(-i32(code_.size() + 5));
    put({0xE9, u8(back), u8(back >> 8), u8(back >> 16), u8(back >> 24)});
    return code_;
  }

 private:
  unsigned below(unsigned n) { return unsigned(random_() % n); }
  void put(std::initializer_list<u8> bytes) { code_.insert(code_.end(), bytes); }
  // EAX, ECX, EDX, EBX, EBP; half of the time the one that was taken last.
  u8 any() {
    static constexpr u8 kAll[] = {RAX, RCX, RDX, RBX, RBP};
    return below(2) ? last_ : last_ = kAll[below(5)];
  }
  void prefix() {
    if (wide_ && below(2)) put({0x48});
  }
  void registers(std::initializer_list<u8> opcode, u8 rm, u8 reg) {
    prefix();
    put(opcode), put({u8(0xC0 | reg << 3 | rm)});
  }
  // [rsi + displacement]: more than the cache and the TLB hold, a few of them often; some
  // misaligned.
  void memory(std::initializer_list<u8> opcode, u8 reg) {
    const u32 at = (below(3) ? below(40) * 32 : below(70) << 12) + below(8) * 4 + !below(12);
    prefix();
    put(opcode), put({u8(0x86 | reg << 3), u8(at), u8(at >> 8), u8(at >> 16), u8(at >> 24)});
  }
  void jump() { put({u8(0x70 | below(16)), 2, 0x31, 0xC9}); }  // over xor ecx, ecx
  void instruction() {
    static constexpr u8 kAlu[] = {0x01, 0x29, 0x21, 0x09, 0x31, 0x39, 0x85, 0x89};
    switch (below(14)) {
      case 0:
      case 1:
      case 2:
        return registers({kAlu[below(8)]}, any(), any());
      case 3:
        registers({0x83}, any(), u8(below(8)));
        return put({u8(random_())});
      case 4:
        registers({0xC1}, any(), u8(5 + 2 * below(2)));
        return put({u8(below(4) ? 1 + below(31) : 0)});
      case 5:
        return registers({0x0F, 0xAF}, any(), any());
      case 6:
        return memory({0x8B}, any());
      case 7:
        return memory({kAlu[below(8)]}, any());
      case 8:
        return memory({0x89}, any());
      case 9:
        return put({u8(0x50 | any()), u8(0x58 | any())});
      case 10:
        return put({0xE8, 2, 0, 0, 0, 0xEB, 1, 0xC3});  // call f; jmp on; f: ret; on:
      default: {
        static constexpr u8 kCompare[] = {0x39, 0x3B, 0x85};
        if (below(2))
          memory({kCompare[below(3)]}, any());
        else
          registers({kCompare[below(3)]}, any(), any());
        jump();
      }
    }
  }

  std::mt19937_64 random_;
  Code code_;
  bool wide_ = false;
  u8 last_ = RAX;
};

std::vector<u8> saved(Machine& m) {
  SaveState image;
  m.board.tree.state(image);
  return image.take();
}

void compare(u64 seed, bool wide, const std::string& timing) {
  std::mt19937_64 random(seed);
  const Code code = Program(seed).make(wide);
  Machine blocks(true, "qemu64", 1, {}, 0, timing), single(false, "qemu64", 1, {}, 0, timing);
  for (Machine* m : {&blocks, &single}) {
    wide ? m->long_mode() : m->protect();
    m->ram->write(Machine::kCode, code);
    std::mt19937_64 data(seed);
    for (u64 at = 0; at < 0x50000; at += 8) m->poke(kData + at, 8, data() >> data() % 64);
    m->c().r[kRip] = Machine::kCode;
    m->c().r[RSP] = Machine::kStack0, m->c().r[RSI] = kData;
    m->c().update_mode();
  }
  Cycles stop = 0;
  const unsigned step = seed % 2 ? 40 : 400;
  for (unsigned i = 0; i < 400; ++i) {
    stop = std::max(stop, single.cluster->position().cycles) + 1 + random() % step;
    for (Machine* m : {&blocks, &single}) m->cluster->run_until({stop, kNever});
    const Position b = blocks.cluster->position(), s = single.cluster->position();
    ASSERT_EQ(s.icount, b.icount) << "seed " << seed << ", stop " << stop;
    ASSERT_EQ(s.cycles, b.cycles) << "seed " << seed << ", stop " << stop;
    ASSERT_EQ(single.c().rflags(), blocks.c().rflags()) << "seed " << seed << ", stop " << stop;
    if (i % 8) continue;
    ASSERT_TRUE(saved(single) == saved(blocks)) << "seed " << seed << ", stop " << stop;
  }
  ASSERT_EQ(single.c().activity, Activity::Running);
}

// A stop by cycles is at the first boundary that reaches it: also where what the Pentium's model
// adds to an access or to a block's front reaches it in the middle of a block, between the two
// instructions of a pair that is one handler.
TEST(TimingBlocks, StopsByCycles) {
  for (u64 seed = 0; seed < 40; ++seed)
    for (const char* timing : {"fixed", "i486", "p5"}) {
      compare(seed, seed / 2 % 2, timing);
      if (testing::Test::HasFatalFailure()) return;
    }
}

// Whether the last instruction of a block pairs is said by the one behind it, which is of no line
// that the block is decoded from, and is written when the block has run.
TEST(TimingBlocks, CodeBehindThePentiums) {
  Code code;
  for (unsigned i = 0; i < 48; ++i)
    code.insert(code.end(), {0x89, 0xD0});  // mov eax, edx: as many as a block has
  code.insert(code.end(), {0x89, 0xD1,      // mov ecx, edx, then not ecx
                           0xC6, 0x05, 0x80, 0x00, 0x01, 0x00, 0xF7,  // mov byte [10080h], F7h
                           0xEB, 0x100 - 107});                       // jmp to the first
  Cycles cycles[2][3];
  for (const bool blocks : {false, true}) {
    Machine m(blocks, "qemu64", 1, {}, 0, "p5");
    m.protect();
    m.ram->write(0x10020, code);
    m.c().r[kRip] = 0x10020;
    for (Cycles& at : cycles[blocks]) {
      m.run(51);
      at = m.cluster->position().cycles;
    }
  }
  for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(cycles[0][i], cycles[1][i]) << "time " << i;
  EXPECT_EQ(cycles[0][2] - cycles[0][1], 51u);
}

// A Jcc to the instruction behind it goes on there, taken or not: the Pentium's model sees none
// that was taken. A JMP to the same place, at an address with the same low half, is always one.
TEST(TimingBlocks, JumpsToTheNextInstruction) {
  u64 cycles[2], mispredicted[2];
  for (const bool blocks : {false, true}) {
    Machine m(blocks, "qemu64", 1, {}, 0, "p5");
    m.long_mode();
    m.poke(0x401000 + 8 * 4, 8, 0x403007), m.poke(0x403000, 8, 0x200087);  // 4 GiB: from 2 MiB on
    m.code(0x12000, {0xEB, 0x00, 0xC3});                                   // jmp; ret
    m.code(0x212000, {0x74, 0x00, 0xC3});                                  // jz; ret
    m.code(Machine::kCode, {0x48, 0xB8, 0x00, 0x20, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00,  // mov rax
                            0xBB, 0x00, 0x20, 0x01, 0x00,                                // mov ebx
                            0xFF, 0xD3, 0x31, 0xD2, 0xFF, 0xD0, 0xEB, 0xF8});
    m.c().r[kRip] = Machine::kCode;
    m.run(5000);
    cycles[blocks] = m.cluster->position().cycles;
    mispredicted[blocks] = m.c().p5->counters.mispredicted;
  }
  EXPECT_EQ(cycles[0], cycles[1]);
  EXPECT_EQ(mispredicted[0], mispredicted[1]);
}

}  // namespace
}  // namespace reprise::cpu
