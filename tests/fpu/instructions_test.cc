// What comparison with silicon at CPL 3 cannot show: which exception, when, by CR0, CR4 and MXCSR;
// the images of FNSAVE and FXSAVE, byte for byte.
#include "cpu/fpu/sse.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

constexpr u64 kImage = 0x20000;

struct Fpu64 : testing::Test {
  Machine m{true, "max"};
  Cpu& c = m.c();
  Fpu64() {
    m.long_mode();
    c.cr4 |= CR4_OSFXSR | CR4_OSXMMEXCPT;
    c.update_mode();
    c.r[RSI] = kImage;
    c.fpu.control = 0x037F;
  }
  // Runs the code, then HLT; gives the vector, or -1 if it ran to the end.
  int run(std::initializer_list<u8> bytes) {
    m.code(Machine::kCode, bytes);
    m.poke(Machine::kCode + bytes.size(), 1, 0xF4);
    c.r[kRip] = Machine::kCode;
    c.activity = Activity::Running;
    c.update_mode();
    m.run();
    return m.vector();
  }
};

TEST_F(Fpu64, AvailabilityFollowsControlRegisters) {
  const auto fld1 = [&] { return run({0xD9, 0xE8}); };
  const auto paddb = [&] { return run({0x0F, 0xFC, 0xC1}); };
  const auto addps = [&] { return run({0x0F, 0x58, 0xC1}); };
  const auto fwait = [&] { return run({0x9B}); };
  const u64 cr0 = c.cr0;
  EXPECT_EQ(fld1(), -1);
  EXPECT_EQ(paddb(), -1);
  EXPECT_EQ(addps(), -1);
  EXPECT_EQ(fwait(), -1);
  c.cr0 = cr0 | CR0_TS;
  EXPECT_EQ(fld1(), kNM);
  EXPECT_EQ(paddb(), kNM);
  EXPECT_EQ(addps(), kNM);
  EXPECT_EQ(fwait(), -1);
  c.cr0 = cr0 | CR0_TS | CR0_MP;
  EXPECT_EQ(fwait(), kNM);
  c.cr0 = cr0 | CR0_EM;
  EXPECT_EQ(fld1(), kNM);
  EXPECT_EQ(paddb(), kUD);
  EXPECT_EQ(addps(), kUD);
  c.cr0 = cr0;
  c.cr4 &= ~u64(CR4_OSFXSR);
  EXPECT_EQ(fld1(), -1);
  EXPECT_EQ(paddb(), -1);
  EXPECT_EQ(addps(), kUD);
}

TEST_F(Fpu64, AnX87ExceptionWaitsForTheNextInstruction) {
  // fninit; fldcw [rsi] (zero divide unmasked); fld1; fldz; fdivp; nop
  m.poke(kImage, 2, 0x037B);
  EXPECT_EQ(run({0xDB, 0xE3, 0xD9, 0x2E, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9, 0x90}), -1);
  EXPECT_EQ(c.fpu.status & 0x80FF, 0x8084);
  EXPECT_EQ(c.fpu.top, 6);           // nothing was popped
  EXPECT_EQ(run({0xDF, 0xE0}), -1);  // FNSTSW AX does not wait
  EXPECT_EQ(c.r[RAX] & 0xFFFF, 0xB084u);
  EXPECT_EQ(run({0xD9, 0xE8}), kMF);
  EXPECT_EQ(run({0x0F, 0x6F, 0xC1}), kMF);  // MMX waits too
  EXPECT_EQ(run({0x9B}), kMF);
  EXPECT_EQ(run({0xDB, 0xE2, 0x9B}), -1);  // FNCLEX
}

TEST_F(Fpu64, SimdExceptionsAndReservedBits) {
  c.fpu.mxcsr = 0x1F80 & ~u32(fpu::kZeroDivide << 7);
  c.fpu.xmm[0] = {{0x3F800000, 5}};
  c.fpu.xmm[1] = {};
  EXPECT_EQ(run({0xF3, 0x0F, 0x5E, 0xC1}), kXM);  // DIVSS
  EXPECT_EQ(c.fpu.mxcsr & 0x3F, fpu::kZeroDivide);
  EXPECT_EQ(c.fpu.xmm[0], (Xmm{{0x3F800000, 5}}));
  c.cr4 &= ~u64(CR4_OSXMMEXCPT);
  EXPECT_EQ(run({0xF3, 0x0F, 0x5E, 0xC1}), kUD);
  m.poke(kImage, 4, 0x11F80);
  EXPECT_EQ(run({0x0F, 0xAE, 0x16}), kGP);  // LDMXCSR
}

TEST_F(Fpu64, MemoryOperandsMustBeAligned) {
  c.r[RSI] = kImage + 8;
  EXPECT_EQ(run({0x0F, 0x28, 0x06}), kGP);        // MOVAPS
  EXPECT_EQ(run({0x66, 0x0F, 0xFC, 0x06}), kGP);  // PADDB xmm
  EXPECT_EQ(run({0x0F, 0xFC, 0x06}), -1);         // PADDB mm
  EXPECT_EQ(run({0x0F, 0x10, 0x06}), -1);         // MOVUPS
  EXPECT_EQ(run({0xF3, 0x0F, 0x58, 0x06}), -1);   // ADDSS
  EXPECT_EQ(run({0x0F, 0xAE, 0x06}), kGP);        // FXSAVE
}

TEST_F(Fpu64, FxsaveImage) {
  for (unsigned i = 0; i < 16; ++i) c.fpu.xmm[i] = {{i + 1, ~u64(i)}};
  for (unsigned i = 0; i < 512; i += 8) m.poke(kImage + i, 8, 0x5A5A5A5A5A5A5A5A);
  // fninit; fldpi; fld1; fxsave64 [rsi]
  EXPECT_EQ(run({0xDB, 0xE3, 0xD9, 0xEB, 0xD9, 0xE8, 0x48, 0x0F, 0xAE, 0x06}), -1);
  EXPECT_EQ(m.peek(kImage, 8), 0x01E8'00C0'3000'037Fu);       // FOP of FLD1, tags, TOP 6, FCW
  EXPECT_EQ(m.peek(kImage + 8, 8), Machine::kCode + 4);       // FIP
  EXPECT_EQ(m.peek(kImage + 24, 8), 0x0000'FFFF'0000'1F80u);  // MXCSR and its mask
  EXPECT_EQ(m.peek(kImage + 32, 8), u64(1) << 63);
  EXPECT_EQ(m.peek(kImage + 40, 2), 0x3FFFu);
  EXPECT_EQ(m.peek(kImage + 48, 8), 0xC90FDAA22168C235u);
  for (unsigned i = 0; i < 16; ++i) EXPECT_EQ(m.peek(kImage + 160 + 16 * i, 8), i + 1);
  for (unsigned i = 416; i < 512; i += 8) EXPECT_EQ(m.peek(kImage + i, 8), 0x5A5A5A5A5A5A5A5Au);
  const fpu::FpuState saved = c.fpu;
  // fninit; pxor xmm3, xmm3; fxrstor64 [rsi]
  EXPECT_EQ(run({0xDB, 0xE3, 0x66, 0x0F, 0xEF, 0xDB, 0x48, 0x0F, 0xAE, 0x0E}), -1);
  EXPECT_EQ(c.fpu.top, saved.top);
  EXPECT_EQ(c.fpu.empty, saved.empty);
  EXPECT_EQ(c.fpu.xmm[3], saved.xmm[3]);
  for (unsigned i = 0; i < 8; ++i)
    EXPECT_EQ(c.fpu.physical[i].significand, saved.physical[i].significand);
}

TEST_F(Fpu64, FnsaveImage) {
  // fninit; fldz; fldpi; fnsave [rsi]
  EXPECT_EQ(run({0xDB, 0xE3, 0xD9, 0xEE, 0xD9, 0xEB, 0xDD, 0x36}), -1);
  EXPECT_EQ(m.peek(kImage, 4), 0xFFFF037Fu);
  EXPECT_EQ(m.peek(kImage + 4, 4), 0xFFFF3000u);
  EXPECT_EQ(m.peek(kImage + 8, 4), 0xFFFF4FFFu);  // R7 zero, R6 valid, the rest empty
  EXPECT_EQ(m.peek(kImage + 12, 4), Machine::kCode + 4);
  EXPECT_EQ(m.peek(kImage + 28, 8), 0xC90FDAA22168C235u);
  EXPECT_EQ(m.peek(kImage + 36, 2), 0x4000u);
  EXPECT_EQ(m.peek(kImage + 38, 8), 0u);
  EXPECT_EQ(c.fpu.empty, 0xFF);      // as FNINIT leaves it
  EXPECT_EQ(run({0xDD, 0x26}), -1);  // FRSTOR
  EXPECT_EQ(c.fpu.top, 6);
  EXPECT_EQ(c.fpu.empty, 0x3F);
  EXPECT_EQ(c.fpu.physical[6].significand, 0xC90FDAA22168C235u);
  EXPECT_EQ(run({0x66, 0xDD, 0x36}), -1);  // 16-bit form: 14 bytes before ST(0)
  EXPECT_EQ(m.peek(kImage, 8), (Machine::kCode + 4) << 48 | 0x4FFF'3000'037Fu);
  EXPECT_EQ(m.peek(kImage + 14, 8), 0xC90FDAA22168C235u);
}

TEST_F(Fpu64, MmxAndX87ShareRegisters) {
  // fninit; fld1; movq mm2, [rsi]
  m.poke(kImage, 8, 0x1122334455667788);
  EXPECT_EQ(run({0xDB, 0xE3, 0xD9, 0xE8, 0x0F, 0x6F, 0x16}), -1);
  EXPECT_EQ(c.fpu.top, 0);
  EXPECT_EQ(c.fpu.empty, 0);
  EXPECT_EQ(c.fpu.physical[2].significand, 0x1122334455667788u);
  EXPECT_EQ(c.fpu.physical[2].sign_exponent, 0xFFFF);
  EXPECT_EQ(run({0x0F, 0x77}), -1);  // EMMS
  EXPECT_EQ(c.fpu.empty, 0xFF);
}

}  // namespace
}  // namespace reprise::cpu
