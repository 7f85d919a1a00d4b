// Packets on the line: what is taken, what is asked for again, what is kept.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/fuzz/gdb_fuzz.h"

namespace reprise {
namespace {

using gdb::packet;

TEST(GdbPacket, ChecksumsEscapesAndAcknowledgements) {
  GdbRig rig;
  rig.raw("$?#3f");
  EXPECT_EQ(rig.said, "+$T05thread:01;#07");
  rig.said.clear();
  rig.raw("-");
  EXPECT_EQ(rig.said, "$T05thread:01;#07") << "said again";
  rig.said.clear();
  rig.raw("+-");
  EXPECT_EQ(rig.said, "") << "it was acknowledged";
  rig.raw("$?#3e$?#zz");
  EXPECT_EQ(rig.said, "--") << "wrong sums";
  rig.said.clear();
  rig.raw("$mff$?#3f");
  EXPECT_EQ(rig.said, "+$T05thread:01;#07") << "a packet begins anew";
  EXPECT_EQ(packet("a#b$c}d*"),
            "$a}\x03"
            "b}\x04"
            "c}]d}\x0a#" +
                gdb::to_hex(std::string(1, char(u8('a' + '}' + 3 + 'b' + '}' + 4 + 'c' + '}' + ']' +
                                                   'd' + '}' + 0x0a)))));
}

TEST(GdbPacket, NobodyKnowsItSoItIsEmpty) {
  GdbRig rig;
  for (const char* unknown : {"vMustReplyEmpty", "qTStatus", "!", "R00", "vRun;a", "qCRC:0,1",
                              "QThreadSuffixSupported", "jThreadsInfo", "Hx1", "A", ""})
    EXPECT_EQ(rig.ask(unknown), "") << unknown;
}

TEST(GdbPacket, TheLongestAndOneMore) {
  GdbRig rig;
  std::string longest = "X20000," + gdb::hex_number(gdb::kPacketSize - 12) + ":";
  longest += std::string(gdb::kPacketSize - longest.size(), 'a');
  ASSERT_EQ(longest.size(), gdb::kPacketSize);
  EXPECT_EQ(rig.ask(longest), "OK");
  EXPECT_EQ(rig.machine.peek(0x20000, 4), 0x61616161u);
  EXPECT_TRUE(rig.ask(longest + "a").starts_with("E."));
  EXPECT_EQ(rig.ask("?"), "T05thread:01;");
}

TEST(GdbPacket, WithoutAcknowledgements) {
  GdbRig rig;
  rig.raw(packet("QStartNoAckMode"));
  EXPECT_EQ(rig.said, "+$OK#9a");
  rig.said.clear();
  rig.raw("+" + packet("qAttached") + "$?#00");
  EXPECT_EQ(rig.said, packet("1"));
  rig.stub->connected();
  rig.said.clear();
  rig.raw(packet("qAttached"));
  EXPECT_EQ(rig.said, "+" + packet("1")) << "the next one begins anew";
}

// The fuzzer's cases, and changes of them.
TEST(GdbFuzz, Corpus) {
  std::mt19937 random(1);
  unsigned files = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/fuzz/corpus/gdb")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    ASSERT_FALSE(text.empty()) << entry.path();
    ++files;
    GdbRig rig(2);
    for (unsigned round = 0; round < 50; ++round) {
      std::vector<u8> bytes(text.begin(), text.end());
      for (unsigned changes = round ? 1 + random() % 4 : 0; changes > 0; --changes)
        bytes[random() % bytes.size()] = u8(random());
      debug_with(rig, bytes);
    }
  }
  EXPECT_GE(files, 5u);
}

}  // namespace
}  // namespace reprise
