// XSAVE and what enables AVX, against Intel SDM volume 1, chapter 13.
#include "cpu/exec/xsave.h"

#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

constexpr u64 kArea = 0x200000, kXstateBv = kArea + 512, kXcompBv = kArea + 520;
constexpr u64 kAvxState = XCR0_X87 | XCR0_SSE | XCR0_AVX;

// 64-bit mode with all of XCR0; RDI addresses the area, EDX:EAX asks for `wanted`.
struct XsaveTest : testing::Test {
  Machine m{true, "max"};
  Cpu& c = m.c();

  XsaveTest() { start(0); }
  void start(u64 wanted) {
    m.long_mode();
    c.cr4 |= CR4_OSFXSR | CR4_OSXSAVE;
    c.xcr0 = kAvxState | XCR0_PKRU;
    c.update_mode();
    c.r[RDI] = kArea;
    c.r[RAX] = u32(wanted), c.r[RDX] = wanted >> 32;
    c.activity = Activity::Running;
  }
  // The vector that one instruction ends in; -1: none.
  int run(std::initializer_list<u8> bytes, u64 wanted = 0) {
    start(wanted);
    m.code(Machine::kCode, bytes);
    m.code(Machine::kCode + bytes.size(), {0xF4});
    m.run(4);
    return m.vector();
  }
  int save(u64 wanted) { return run({0x48, 0x0F, 0xAE, 0x27}, wanted); }
  int save_compacted(u64 wanted) { return run({0x48, 0x0F, 0xC7, 0x27}, wanted); }
  int restore(u64 wanted) { return run({0x48, 0x0F, 0xAE, 0x2F}, wanted); }
  int vaddps() { return run({0xC5, 0xF4, 0x58, 0xC2}); }

  void fill() {
    c.fpu.empty = 0x7F;
    c.fpu.physical[7] = {0x1122334455667788, 0x4001};
    for (unsigned i = 0; i < 16; ++i) {
      c.fpu.xmm[i] = {{i + 1, i + 2}};
      c.fpu.ymm_high[i] = {{i + 3, i + 4}};
    }
    c.set_pkru(0x5550);
  }
};

TEST_F(XsaveTest, AvxIsThereWhereItIsEnabled) {
  EXPECT_EQ(vaddps(), -1);
  const auto broken = [&](auto change) {
    start(0);
    change();
    c.update_mode();
    m.code(Machine::kCode, {0xC5, 0xF4, 0x58, 0xC2, 0xF4});
    m.run(4);
    return m.vector();
  };
  EXPECT_EQ(broken([&] { c.cr4 &= ~u64(CR4_OSXSAVE); }), kUD);
  EXPECT_EQ(broken([&] { c.xcr0 = XCR0_X87 | XCR0_SSE; }), kUD);
  EXPECT_EQ(broken([&] { c.cr0 |= CR0_TS; }), kNM);
  EXPECT_EQ(broken([&] { c.cr0 |= CR0_EM; }), -1) << "CR0.EM is of SSE and x87";
  EXPECT_EQ(broken([&] { c.cr4 &= ~u64(CR4_OSFXSR); }), -1) << "and so is CR4.OSFXSR";
}

TEST_F(XsaveTest, AModelWithoutItHasNone) {
  Machine old(true, "qemu64");
  old.long_mode();
  old.code(Machine::kCode, {0xC5, 0xF4, 0x58, 0xC2});
  old.run(4);
  EXPECT_EQ(old.vector(), kUD);
  old.long_mode();
  old.c().activity = Activity::Running;
  old.code(Machine::kCode, {0x0F, 0x22, 0xE0});  // MOV CR4, RAX
  old.c().r[RAX] = CR4_PAE | CR4_OSXSAVE;
  old.run(4);
  EXPECT_EQ(old.vector(), kGP);
}

TEST_F(XsaveTest, WhatIsSavedComesBack) {
  for (const bool compacted : {false, true}) {
    fill();
    const u64 all = kAvxState | XCR0_PKRU;
    ASSERT_EQ(compacted ? save_compacted(all) : save(all), -1);
    EXPECT_EQ(m.peek(kXstateBv, 8), all);
    EXPECT_EQ(m.peek(kXcompBv, 8), compacted ? all | u64(1) << 63 : 0);
    EXPECT_EQ(m.peek(kArea + kXsaveAvx + 16 * 5, 8), 8u);
    EXPECT_EQ(m.peek(kArea + (compacted ? kXsaveAvx + kXsaveAvxSize : kXsavePkru), 4), 0x5550u);
    c.fpu = {};
    c.set_pkru(0);
    ASSERT_EQ(restore(all), -1);
    EXPECT_EQ(c.fpu.physical[7].significand, 0x1122334455667788u);
    EXPECT_EQ(c.fpu.xmm[3].q[1], 5u);
    EXPECT_EQ(c.fpu.ymm_high[15].q[0], 18u);
    EXPECT_EQ(c.pkru, 0x5550u);
    m.poke(kXcompBv, 8, 0);
  }
}

TEST_F(XsaveTest, OnlyWhatIsAskedForIsTouched) {
  fill();
  m.poke(kXstateBv, 8, XCR0_SSE);
  m.poke(kArea + 160, 8, 0x77);
  ASSERT_EQ(save(XCR0_AVX), -1);
  EXPECT_EQ(m.peek(kXstateBv, 8), u64(XCR0_SSE | XCR0_AVX)) << "the rest of the header stays";
  EXPECT_EQ(m.peek(kArea + 160, 8), 0x77u);
  ASSERT_EQ(restore(XCR0_SSE), -1);
  EXPECT_EQ(c.fpu.xmm[0].q[0], 0x77u);
  EXPECT_EQ(c.fpu.ymm_high[0].q[0], 3u);
  // What the image does not have is initialized.
  m.poke(kXstateBv, 8, 0);
  ASSERT_EQ(restore(kAvxState), -1);
  EXPECT_EQ(c.fpu.xmm[1].q[0] | c.fpu.ymm_high[1].q[0], 0u);
  EXPECT_EQ(c.fpu.control, 0x37F);
  EXPECT_EQ(c.fpu.empty, 0xFF);
}

TEST_F(XsaveTest, WhatIsNotInUseIsNotMarked) {
  c.fpu = {};
  c.fpu.control = 0x37F, c.fpu.empty = 0xFF;
  c.fpu.xmm[2].q[1] = 1;
  ASSERT_EQ(save(kAvxState), -1);
  EXPECT_EQ(m.peek(kXstateBv, 8), u64(XCR0_SSE));
  ASSERT_EQ(run({0x0F, 0x01, 0xD0}), -1);  // XGETBV of XCR[ECX]
  c.r[RCX] = 1;
  ASSERT_EQ(run({0x0F, 0x01, 0xD0}), -1);
  EXPECT_EQ(c.r[RAX], u64(XCR0_SSE));
}

TEST_F(XsaveTest, IllegalImagesAreRefused) {
  const auto refused = [&](auto change) {
    for (u64 at = 512; at < 576; at += 8) m.poke(kArea + at, 8, 0);
    m.poke(kArea + 24, 4, 0x1F80);
    change();
    return restore(kAvxState);
  };
  EXPECT_EQ(refused([] {}), -1);
  EXPECT_EQ(refused([&] { m.poke(kXstateBv, 8, 1 << 5); }), kGP) << "a component that is not";
  EXPECT_EQ(refused([&] { m.poke(kXcompBv, 8, 1); }), kGP);
  EXPECT_EQ(refused([&] { m.poke(kArea + 528, 8, 1); }), kGP);
  EXPECT_EQ(refused([&] { m.poke(kArea + 24, 4, 0x10000); }), kGP) << "MXCSR";
  EXPECT_EQ(refused([&] {
              m.poke(kXcompBv, 8, u64(1) << 63 | XCR0_X87);
              m.poke(kXstateBv, 8, XCR0_AVX);
            }),
            kGP)
      << "present, but without a place";
}

TEST_F(XsaveTest, Xcr0TakesLegalCombinationsOnly) {
  const auto set = [&](u64 value, u64 which = 0) {
    c.r[RCX] = which;
    return run({0x0F, 0x01, 0xD1}, value);
  };
  EXPECT_EQ(set(kAvxState), -1);
  EXPECT_EQ(c.xcr0, kAvxState);
  EXPECT_EQ(set(XCR0_SSE), kGP) << "x87 cannot be left out";
  EXPECT_EQ(set(XCR0_X87 | XCR0_AVX), kGP) << "AVX needs SSE";
  EXPECT_EQ(set(kAvxState | 0xE0), kGP) << "not in this model";
  EXPECT_EQ(set(kAvxState, 1), kGP);
}

TEST_F(XsaveTest, TheImageMustBeAligned) {
  start(kAvxState);
  c.r[RDI] = kArea + 32;
  m.code(Machine::kCode, {0x48, 0x0F, 0xAE, 0x27, 0xF4});
  m.run(4);
  EXPECT_EQ(m.vector(), kGP);
}

}  // namespace
}  // namespace reprise::cpu
