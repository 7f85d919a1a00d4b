#include "cpu/debug/disassembler.h"

#include <gtest/gtest.h>

namespace reprise::cpu {
namespace {

TEST(Disassembler, ReadsTheSameBytesByWidth) {
  const u8 bytes[] = {0x48, 0x89, 0xD8, 0x90};
  Disassembler disassembler;
  const Disassembled wide = disassembler(bytes, 64, 0x1000);
  EXPECT_EQ(wide.text, "mov rax, rbx");
  EXPECT_EQ(wide.length, 3u);
  EXPECT_EQ(disassembler(bytes, 32, 0x1000).text, "dec eax");
  EXPECT_EQ(disassembler(bytes, 16, 0x1000).text, "dec ax");
}

TEST(Disassembler, NamesTargetsAndRubbish) {
  const u8 jump[] = {0xEB, 0xFE};
  EXPECT_EQ(disassemble(jump, 64, 0x1234).text, "jmp 0x1234");
  const u8 rubbish[] = {0x0F, 0xFF};
  EXPECT_EQ(disassemble(std::span(rubbish).first(1), 64, 0).text, "(bad)");
  EXPECT_EQ(disassemble({}, 64, 0).length, 1u);
}

}  // namespace
}  // namespace reprise::cpu
