// RET goes where the stack says, whatever is remembered of the call.
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

using Returns = SystemTest;
INSTANTIATE_TEST_SUITE_P(BlocksOnAndOff, Returns, testing::Bool(),
                         [](const auto& p) { return p.param ? "Blocks" : "Single"; });

constexpr u64 kCode = Machine::kCode;

TEST_P(Returns, FollowTheStack) {
  m.long_mode();
  m.code(kCode, {0xB9, 5,    0,    0,    0,  // mov ecx, 5
                 0xE8, 7,    0,    0,    0,  // again: call f
                 0xFF, 0xC0,                 // inc eax
                 0xFF, 0xC9, 0x75, 0xF5,     // dec ecx; jnz again
                 0xF4, 0x83, 0xF9, 2,        // hlt; f: cmp ecx, 2
                 0x75, 5,                    // jne done
                 0x48, 0x83, 0x04, 0x24, 2,  // add qword [rsp], 2: not to INC EAX
                 0xC3});                     // done: ret
  c.r[RAX] = 0;
  m.run();
  EXPECT_EQ(c.r[RAX], 4u);
}

TEST_P(Returns, FindCodeThatWasWrittenSince) {
  m.long_mode();
  m.code(kCode, {0xB9, 5,    0,    0,    0,                 // mov ecx, 5
                 0xE8, 7,    0,    0,    0,                 // again: call f
                 0xFF, 0xC0,                                // inc eax, then dec eax
                 0xFF, 0xC9, 0x75, 0xF5,                    // dec ecx; jnz again
                 0xF4, 0x83, 0xF9, 2,                       // hlt; f: cmp ecx, 2
                 0x75, 7,                                   // jne done
                 0xC6, 0x05, 0xEE, 0xFF, 0xFF, 0xFF, 0xC8,  // mov byte [rip - 12h], C8h
                 0xC3});                                    // done: ret
  c.r[RAX] = 0;
  m.run();
  EXPECT_EQ(c.r[RAX], 1u);
}

// The caller's page is mapped elsewhere while it waits, and code of the new one has run.
TEST_P(Returns, FindThePageThatIsThereNow) {
  m.long_mode();
  m.poke(0x402018, 8, 0x403007);  // 600000h and on: 4 KiB pages
  m.poke(0x403000, 8, 0x500007);
  const u32 to_f = 0x10100 - 0x600005, to_page = 0x600800 - 0x1011D;
  const auto byte = [](u32 value, unsigned i) { return u8(value >> (8 * i)); };
  for (const u64 page : {0x500000, 0x501000}) {
    m.code(page,
           {0xE8, byte(to_f, 0), byte(to_f, 1), byte(to_f, 2), byte(to_f, 3),  // again: call f
            0xFF, u8(page == 0x500000 ? 0xC0 : 0xC8),                          // inc, dec eax
            0xFF, 0xC9, 0x75, 0xF5, 0xF4});  // dec ecx; jnz again; hlt
    m.code(page + 0x800, {0xC3});
  }
  m.code(0x10100, {0x83,
                   0xF9,
                   2,
                   0x75,
                   24,  // cmp ecx, 2; jne done
                   0xC7,
                   0x04,
                   0x25,
                   0,
                   0x30,
                   0x40,
                   0,
                   7,
                   0x10,
                   0x50,
                   0,  // mov [403000h], 501007h
                   0x0F,
                   0x01,
                   0x3C,
                   0x25,
                   0,
                   0,
                   0x60,
                   0,  // invlpg [600000h]
                   0xE8,
                   byte(to_page, 0),
                   byte(to_page, 1),
                   byte(to_page, 2),
                   byte(to_page, 3),
                   0xC3});  // call 600800h; done: ret
  c.r[kRip] = 0x600000;
  c.r[RAX] = 0;
  c.r[RCX] = 5;
  m.run();
  EXPECT_EQ(c.r[RAX], 1u);
}

TEST_P(Returns, OfMoreCallsThanAreRemembered) {
  m.long_mode();
  m.code(kCode, {0xB9, 40,   0,    0,    0,           // again: mov ecx, 40
                 0xE8, 6,    0,    0,    0,           // call f
                 0xFF, 0xCA, 0x75, 0xF2, 0xF4, 0x90,  // dec edx; jnz again; hlt
                 0xFF, 0xC9, 0x74, 5,                 // f: dec ecx; jz out
                 0xE8, 0xF7, 0xFF, 0xFF, 0xFF,        // call f
                 0xFF, 0xC0, 0xC3});                  // out: inc eax; ret
  c.r[RAX] = 0;
  c.r[RDX] = 3;
  for (unsigned slice = 0; slice < 120; ++slice) m.run(7);
  EXPECT_EQ(c.r[RAX], 120u);
  EXPECT_EQ(c.activity, Activity::Halted);
}

}  // namespace
}  // namespace reprise::cpu
