// x, xp, and the commands of time travel, on a machine that keeps books.
#include <gtest/gtest.h>

#include "qmp/hmp/hmp.h"
#include "tests/qmp/qmp_rig.h"

namespace reprise::qmp {
namespace {

TEST(HmpMemory, Formats) {
  FakeMachine machine;
  FakeDebug memory;  // each byte is the low byte of its address
  Hmp hmp(machine);
  EXPECT_EQ(hmp.execute("x 0"), "Error: this machine's memory cannot be looked at\n");
  machine.memory = &memory;
  EXPECT_EQ(hmp.execute("xp 0x10"), "0000000000000010: 0x13121110\n");
  EXPECT_EQ(hmp.execute("xp/2xg 0"), "0000000000000000: 0x0706050403020100 0x0f0e0d0c0b0a0908\n");
  EXPECT_EQ(hmp.execute("x /9xb 0"),
            "0000000000000000: 0x00 0x01 0x02 0x03 0x04 0x05 0x06 0x07\n0000000000000008: 0x08\n");
  EXPECT_EQ(hmp.execute("xp /2dh 0xfe+0"), "00000000000000fe:     -2    256\n");
  EXPECT_EQ(hmp.execute("xp /1ub 255"), "00000000000000ff: 255\n");
  EXPECT_EQ(hmp.execute("xp /1ob 0x0ff"), "00000000000000ff: 0377\n");
  EXPECT_EQ(hmp.execute("xp /3c 0x41 - 2"), "000000000000003f: '?' '@' 'A'\n");
  EXPECT_EQ(hmp.execute("xp /2c 0x7e"), "000000000000007e: '~' '\\x7f'\n");
  EXPECT_EQ(hmp.execute("xp /3xb 0xfffe"), "000000000000fffe: 0xfe 0xff\nCannot access memory\n");
  EXPECT_EQ(hmp.execute("xp 0x10000"), "Cannot access memory\n");
  for (const char* wrong : {"x", "x /4x", "x $nothing", "x 1+", "x /0x 0", "x /99999999999x 0",
                            "x /70000x 0", "x /4z 0", "x 0x", "x 0 1 -", "x $rip"})
    EXPECT_TRUE(hmp.execute(wrong).starts_with("Error: expected: x ")) << wrong;
}

TEST(HmpTravel, Commands) {
  FakeMachine machine;
  FakeTravel travel;
  Hmp hmp(machine);
  EXPECT_EQ(hmp.execute("savevm a"), "Error: this machine has no time travel\n");
  machine.time = &travel;
  EXPECT_EQ(hmp.execute("savevm a"), "");
  EXPECT_EQ(travel.said, "save a");
  EXPECT_EQ(hmp.execute("loadvm \"b c\""), "");
  EXPECT_EQ(travel.said, "load b c");
  EXPECT_EQ(hmp.execute("delvm a"), "");
  EXPECT_EQ(travel.said, "delete a");
  EXPECT_EQ(hmp.execute("savevm"), "Error: expected: savevm tag\n");
  EXPECT_EQ(hmp.execute("replay_seek 0x10"), "");
  EXPECT_EQ(travel.said, "seek 0 16 0");
  hmp.execute("replay_seek 50%");
  EXPECT_EQ(travel.said, "seek 2 0 50");
  hmp.execute("replay_seek end");
  EXPECT_EQ(travel.said, "seek 4 0 0");
  hmp.execute("replay_step -r 7");
  EXPECT_EQ(travel.said, "step 7 back");
  hmp.execute("replay_continue -r");
  EXPECT_EQ(travel.said, "run back");
  hmp.execute("replay_live b f");
  EXPECT_EQ(travel.said, "live b");
  hmp.execute("record_start r");
  EXPECT_EQ(travel.said, "record r");
  EXPECT_EQ(hmp.execute("replay_break 5"), "");
  ASSERT_EQ(travel.all.size(), 1u);
  EXPECT_EQ(travel.all[0].position, 5u);
  EXPECT_EQ(hmp.execute("info branches"), "The run is not in a file.\n");
  for (const char* wrong : {"replay_seek", "replay_seek 101%", "replay_seek x", "replay_step 0",
                            "replay_break", "replay_continue 1", "record_start"})
    EXPECT_TRUE(hmp.execute(wrong).starts_with("Error: expected: ")) << wrong;
  travel.refuse = "no room";
  EXPECT_EQ(hmp.execute("savevm a"), "Error: no room\n");
  EXPECT_EQ(hmp.execute("info snapshots"), "There is no snapshot available.\n");
  travel.kept.push_back({"boot", {5, 6}, "2026-11-20T12:00:00Z", 3});
  EXPECT_NE(hmp.execute("info snapshots").find("boot                 2026-11-20T12:00:00Z 5 "),
            std::string::npos)
      << hmp.execute("info snapshots");
  travel.status = {TravelMode::Past, false, "", {5, 6}, {1, 2}, {7, 8}, "ring full", true, 0.5};
  EXPECT_EQ(hmp.execute("info replay"),
            "Not recorded to a file; in the past of the run\n"
            "now:   icount 5, cycles 6\n"
            "first: icount 1, cycles 2 (ring full)\n"
            "last:  icount 7, cycles 8\n"
            "on its way: 50 %\n");
}

}  // namespace
}  // namespace reprise::qmp
