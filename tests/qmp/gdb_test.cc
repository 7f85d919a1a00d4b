// What a debugger is told of the machine, and what it can make it do.
#include <gtest/gtest.h>

#include "tests/qmp/gdb_rig.h"

namespace reprise {
namespace {

using gdb::to_hex;

std::string le(u64 value, unsigned size) {
  return to_hex(std::span(reinterpret_cast<const u8*>(&value), size));
}

TEST(Gdb, Greeting) {
  GdbRig rig;
  EXPECT_EQ(rig.state, RunState::Paused) << "the machine stops for a debugger";
  const std::string known = rig.ask("qSupported:multiprocess+;swbreak+;hwbreak+;qRelocInsn+");
  for (const char* feature : {"PacketSize=4000", "qXfer:features:read+", "ReverseStep+",
                              "ReverseContinue+", "vContSupported+", "multiprocess+"})
    EXPECT_NE(known.find(feature), std::string::npos) << feature;
  EXPECT_EQ(rig.ask("?"), "T05thread:p01.01;");
  EXPECT_EQ(rig.ask("qC"), "QCp01.01");
  EXPECT_EQ(rig.ask("qAttached:1"), "1");
  EXPECT_EQ(rig.ask("vCont?"), "vCont;c;C;s;S;t");
}

TEST(Gdb, TargetDescription) {
  GdbRig rig;
  std::string text, piece;
  do {
    piece = rig.ask("qXfer:features:read:target.xml:" + gdb::hex_number(text.size()) + ",7fb");
    ASSERT_TRUE(piece.starts_with("m") || piece.starts_with("l")) << piece;
    text += piece.substr(1);
  } while (piece[0] == 'm');
  EXPECT_NE(text.find("<architecture>i386:x86-64</architecture>"), std::string::npos);
  for (const char* feature :
       {"org.gnu.gdb.i386.core", "org.gnu.gdb.i386.sse", "org.gnu.gdb.i386.segments"})
    EXPECT_NE(text.find(feature), std::string::npos) << feature;
  for (const char* name : {"rax", "r15", "rip", "st7", "fop", "xmm15", "mxcsr", "fs_base",
                           "k_gs_base", "cr0", "cr8", "efer"})
    EXPECT_NE(text.find("<reg name=\"" + std::string(name) + "\""), std::string::npos) << name;
  EXPECT_TRUE(text.ends_with("</target>\n"));
  EXPECT_EQ(rig.ask("qXfer:features:read:target.xml:fffffffffffffff0,10"), "E00");
  EXPECT_EQ(rig.ask("qXfer:features:read:other.xml:0,10"), "E00");
  // Of QEMU's size, in the order that debuggers without XML suppose.
  EXPECT_EQ(rig.ask("g").size(), 2u * 608);
}

TEST(Gdb, ModelsWithoutLongMode) {
  GdbRig old(1, "pentium");
  const std::string text = old.ask("qXfer:features:read:target.xml:0,2000");
  EXPECT_NE(text.find("<architecture>i386</architecture>"), std::string::npos);
  EXPECT_EQ(text.find("xmm"), std::string::npos) << "it has none";
  EXPECT_EQ(text.find("fs_base"), std::string::npos);
  old.machine.c().r[cpu::RSP] = 0x12345678;
  EXPECT_EQ(old.ask("p4"), "78563412");
  GdbRig newer(1, "pentium3");
  EXPECT_NE(newer.ask("qXfer:features:read:target.xml:0,2000").find("xmm7"), std::string::npos);
}

TEST(Gdb, Registers) {
  GdbRig rig;
  rig.machine.long_mode();
  cpu::Cpu& c = rig.machine.c();
  c.r[cpu::RBX] = 0x1122334455667788;
  c.r[cpu::kRip] = 0x10000;
  EXPECT_EQ(rig.ask("p1"), "8877665544332211");
  EXPECT_EQ(rig.ask("p10"), le(0x10000, 8)) << "RIP";
  EXPECT_EQ(rig.ask("p12"), le(cpu::kCode0, 4)) << "CS";
  EXPECT_EQ(rig.ask("P0=efcdab8967452301"), "OK");
  EXPECT_EQ(c.r[cpu::RAX], 0x0123456789abcdefu);
  EXPECT_EQ(rig.ask("P11=d5000000"), "OK");
  EXPECT_EQ(c.rflags() & 0xfff, 0xd7u);
  // st0, with a stack whose top is elsewhere.
  c.fpu.top = 6;
  EXPECT_EQ(rig.ask("P18=0000000000000080ff3f"), "OK");
  EXPECT_EQ(c.fpu.physical[6].significand, u64(1) << 63);
  EXPECT_EQ(c.fpu.physical[6].sign_exponent, 0x3fff);
  EXPECT_EQ(rig.ask("p18"), "0000000000000080ff3f");
  EXPECT_EQ(rig.ask("P22=ff0f0000"), "OK");  // ftag
  EXPECT_EQ(c.fpu.empty, 0x3f);
  EXPECT_EQ(rig.ask("P28=" + le(1, 8) + le(2, 8)), "OK");  // xmm0
  EXPECT_EQ(c.fpu.xmm[0].q[1], 2u);
  EXPECT_EQ(rig.ask("P39=" + le(0x7f0000001000, 8)), "OK");  // fs_base
  EXPECT_EQ(c.seg[cpu::FS].base, 0x7f0000001000u);
  // What a processor would refuse.
  for (const char* refused : {"P39=0000000000000080",  // fs_base: not canonical
                              "P10=0000000000000080",  // rip
                              "P38=00000100",          // mxcsr: reserved
                              "P3c=0000000000000080",  // cr0: PG without PE, upper half
                              "P12=10000000",          // cs
                              "P11=00000200"})         // eflags.VM
    EXPECT_TRUE(rig.ask(refused).starts_with("E.")) << refused;
  for (const char* bad : {"p", "pffff", "p1x", "P1", "P1=", "P1=11", "Pffff=00",
                          "P1=112233445566778899", "G", "G00", "Gzz"})
    EXPECT_EQ(rig.ask(bad), "E16") << bad;
}

TEST(Gdb, WritingAllRegistersWritesThoseThatDiffer) {
  GdbRig rig;
  rig.machine.long_mode();
  std::string all = rig.ask("g");
  EXPECT_EQ(rig.ask("G" + all), "OK");
  EXPECT_EQ(rig.memory.written, "");
  all.replace(16, 16, le(0x77, 8));
  EXPECT_EQ(rig.ask("G" + all), "OK");
  EXPECT_EQ(rig.memory.written, " rbx");
  EXPECT_EQ(rig.machine.c().r[cpu::RBX], 0x77u);
  EXPECT_EQ(rig.ask("G" + all.substr(2)), "E16");
}

TEST(Gdb, SegmentsByTheDescriptorsOfTheirSelectors) {
  GdbRig rig;
  rig.machine.protect();
  rig.machine.descriptor(cpu::kFree, 0x12340000, 0xfffff, 0x92, 0xC);
  EXPECT_EQ(rig.ask("P14=" + le(cpu::kFree, 4)), "OK");  // ds
  EXPECT_EQ(rig.machine.c().seg[cpu::DS].base, 0x12340000u);
  EXPECT_TRUE(rig.ask("P14=" + le(0xfff8, 4)).starts_with("E.")) << "beyond the table";
  EXPECT_EQ(rig.ask("P14=00000000"), "OK");
  EXPECT_FALSE(rig.machine.c().seg[cpu::DS].usable);
  GdbRig real;
  EXPECT_EQ(real.ask("P12=" + le(0x1234, 4)), "OK");  // cs in real mode
  EXPECT_EQ(real.machine.c().seg[cpu::CS].base, 0x12340u);
}

TEST(Gdb, Memory) {
  GdbRig rig;
  rig.machine.long_mode();
  rig.machine.poke(0x20000, 8, 0x8877665544332211);
  EXPECT_EQ(rig.ask("m20000,8"), "1122334455667788");
  EXPECT_EQ(rig.ask("M20002,2:aabb"), "OK");
  EXPECT_EQ(rig.machine.peek(0x20000, 4), 0xbbaa2211u);
  EXPECT_EQ(rig.ask("X20000,3:$#}"), "OK");
  EXPECT_EQ(rig.machine.peek(0x20000, 3), 0x7d2324u);
  EXPECT_EQ(rig.ask("x20000,3"), "$#}");
  EXPECT_EQ(rig.ask("x0,0"), "OK");
  EXPECT_EQ(rig.ask("X20000,0:"), "OK");
  // As far as there is memory; a page that is not mapped; addresses that are none.
  EXPECT_EQ(rig.ask("m7ffffe,8"), "0000");
  EXPECT_EQ(rig.ask("m800000,8"), "E0e");
  EXPECT_EQ(rig.ask("m8000000000000000,8"), "E0e");
  EXPECT_EQ(rig.ask("mffffffffffffffff,ffffffffffffffff"), "E0e");
  EXPECT_EQ(rig.ask("m0,ffffffffffffffff").size(), gdb::kPacketSize);
  EXPECT_TRUE(rig.ask("M800000,1:00").starts_with("E."));
  for (const char* bad : {"m", "m1", "m1,", "m,1", "m1,1x", "m11112222333344445,1", "M0,2:00",
                          "M0,1:0", "M0,1", "X0,2:a", "X0,1"})
    EXPECT_EQ(rig.ask(bad), "E16") << bad;
  rig.memory.refuses = true;
  EXPECT_NE(rig.ask("M20000,1:00").find("replay-live"), std::string::npos);
  EXPECT_NE(rig.ask("P0=0000000000000000").find("replay-live"), std::string::npos);
}

TEST(Gdb, PhysicalMemory) {
  GdbRig rig;
  rig.machine.long_mode();
  EXPECT_EQ(rig.ask("qqemu.PhyMemMode"), "0");
  // Linear page 0x200000 leads to physical 0x600000 now.
  rig.machine.poke(0x402008, 8, 0x600087);
  rig.machine.poke(0x200000, 1, 0x11);
  rig.machine.poke(0x600000, 1, 0x22);
  EXPECT_EQ(rig.ask("m200000,1"), "22");
  EXPECT_EQ(rig.ask("Qqemu.PhyMemMode:1"), "OK");
  EXPECT_EQ(rig.ask("qqemu.PhyMemMode"), "1");
  EXPECT_EQ(rig.ask("m200000,1"), "11");
  EXPECT_EQ(rig.ask("M200000,1:33"), "OK");
  EXPECT_EQ(rig.machine.peek(0x200000, 1), 0x33u);
  EXPECT_TRUE(rig.ask("Qqemu.PhyMemMode:2").starts_with("E."));
}

TEST(Gdb, Threads) {
  GdbRig rig(3);
  EXPECT_EQ(rig.ask("qfThreadInfo"), "m01,02,03");
  EXPECT_EQ(rig.ask("qsThreadInfo"), "l");
  EXPECT_EQ(rig.ask("qThreadExtraInfo,1"), to_hex("CPU#0 [running]"));
  EXPECT_EQ(rig.ask("qThreadExtraInfo,p1.2"), to_hex("CPU#1 [waits for SIPI]"));
  rig.machine.cluster->cpu(2).r[cpu::RAX] = 0x33;
  EXPECT_EQ(rig.ask("Hg3"), "OK");
  EXPECT_EQ(rig.ask("p0"), le(0x33, 8));
  EXPECT_EQ(rig.ask("Hg0"), "OK");
  EXPECT_EQ(rig.ask("p0"), le(0x33, 8)) << "any: the same as before";
  EXPECT_EQ(rig.ask("Hgp1.-1"), "OK");
  EXPECT_EQ(rig.ask("T3"), "OK");
  for (const char* none : {"T4", "T0", "T", "Hg4", "Hgp2.1", "Hg", "qThreadExtraInfo,9", "Hcp1.x"})
    EXPECT_TRUE(rig.ask(none).starts_with("E.")) << none;
}

TEST(Gdb, Breakpoints) {
  GdbRig rig;
  EXPECT_EQ(rig.ask("Z0,1000,1"), "OK");
  EXPECT_EQ(rig.ask("Z0,1000,1"), "OK");
  EXPECT_EQ(rig.ask("Z1,1000,1"), "OK");
  EXPECT_EQ(rig.ask("Z2,2000,8"), "OK");
  ASSERT_EQ(rig.journey.all.size(), 3u) << "twice the same is once";
  EXPECT_EQ(rig.journey.all[2].condition.kind, StopKind::Write);
  EXPECT_EQ(rig.journey.all[2].condition.last, 0x2007u);
  EXPECT_EQ(rig.journey.all[2].owner, "gdb");
  EXPECT_EQ(rig.ask("z0,1000,1"), "OK");
  EXPECT_EQ(rig.ask("z0,1000,1"), "OK");
  EXPECT_EQ(rig.journey.all.size(), 2u);
  EXPECT_EQ(rig.ask("Z5,0,0"), "");
  for (const char* bad :
       {"Z0", "Z0,1", "Z0,1,", "Z2,0,0", "Z2,ffffffffffffffff,2", "Z0,1,1;x", "z0,1"})
    EXPECT_EQ(rig.ask(bad), "E16") << bad;
  // As many as there may be.
  std::string last;
  for (unsigned i = 0; i < Stops::kMaxStops + 1; ++i)
    last = rig.ask("Z0," + gdb::hex_number(0x10000 + i) + ",1");
  EXPECT_TRUE(last.starts_with("E.")) << last;
  EXPECT_EQ(rig.journey.all.size(), Stops::kMaxStops);
  EXPECT_EQ(rig.ask("?"), "T05thread:01;");
  EXPECT_EQ(rig.journey.all.size(), 0u) << "a debugger that begins has none";
}

TEST(Gdb, RunsAndStops) {
  GdbRig rig;
  rig.ask("qSupported:swbreak+;hwbreak+;xmlRegisters=i386");
  rig.ask("Z0,1000,1");
  rig.ask("Z1,1004,1");
  rig.ask("Z2,2000,8");
  rig.ask("Z3,3000,8");
  rig.ask("Z4,4000,8");
  EXPECT_EQ(rig.ask("vCont;c"), "") << "the answer comes when it stops";
  EXPECT_EQ(rig.journey.asked, " run");
  rig.machine.c().r[cpu::kRip] = 0x1000;
  rig.journey.hit(1, 0x1000);
  EXPECT_EQ(rig.answers(), "T05thread:01;swbreak:;");
  rig.machine.c().r[cpu::kRip] = 0x1004;
  rig.ask("c");
  rig.journey.hit(2, 0x1004);
  EXPECT_EQ(rig.answers(), "T05thread:01;hwbreak:;");
  rig.ask("vCont;c:p1.-1");
  rig.journey.hit(3, 0x1ffe);
  EXPECT_EQ(rig.answers(), "T05thread:01;watch:2000;") << "within what is watched";
  rig.ask("bc");
  rig.journey.hit(4, 0x3004);
  EXPECT_EQ(rig.answers(), "T05thread:01;rwatch:3004;");
  rig.ask("C05");
  rig.journey.hit(5, 0x4000);
  EXPECT_EQ(rig.answers(), "T05thread:01;awatch:4000;");
  rig.ask("c");
  rig.journey.hit(99, 0x4000);
  EXPECT_EQ(rig.answers(), "T05thread:01;") << "somebody else's";
  rig.ask("c");
  rig.journey.arrive(TravelStop::Why::End);
  EXPECT_EQ(rig.answers(), "T05thread:01;replaylog:end;");
  rig.ask("bc");
  rig.journey.arrive(TravelStop::Why::Begin);
  EXPECT_EQ(rig.answers(), "T05thread:01;replaylog:begin;");
  rig.ask("c");
  rig.journey.arrive(TravelStop::Why::Failed, "the disk is gone");
  EXPECT_EQ(rig.answers(), "O" + to_hex("the disk is gone\n") + " T06thread:01;");
  rig.ask("bc");
  rig.journey.arrive(TravelStop::Why::Failed, "there is no past");
  EXPECT_EQ(rig.answers(), "O" + to_hex("there is no past\n") + " T05thread:01;replaylog:begin;");
  rig.journey.asked.clear();
  rig.ask("vCont;s:1;c");
  rig.journey.arrive(TravelStop::Why::Arrived);
  EXPECT_EQ(rig.answers(), "T05thread:01;");
  rig.ask("bs");
  rig.journey.arrive(TravelStop::Why::Arrived);
  EXPECT_EQ(rig.journey.asked, " +1 -1");
  EXPECT_EQ(rig.answers(), "T05thread:01;");
}

// In 16-bit code RIP is not the linear address: gdb would look for a breakpoint there, find none
// and go on.
TEST(Gdb, ABreakpointBehindASegmentBaseIsABareTrap) {
  GdbRig rig;
  rig.ask("qSupported:swbreak+;hwbreak+");
  rig.ask("Z0,fe05b,1");
  rig.machine.c().r[cpu::kRip] = 0xe05b;
  rig.ask("c");
  rig.journey.hit(1, 0xfe05b);
  EXPECT_EQ(rig.answers(), "T05thread:01;");
}

TEST(Gdb, InterruptsAndWhatComesMeanwhile) {
  GdbRig rig;
  rig.raw("\x03");
  EXPECT_EQ(rig.journey.asked, "") << "nothing runs";
  rig.ask("c");
  rig.raw(gdb::packet("qC") + gdb::packet("T1"));
  EXPECT_EQ(rig.answers(), "") << "answered when it has stopped";
  rig.raw("\x03");
  EXPECT_EQ(rig.answers(), "T02thread:01; QC01 OK");
  rig.ask("c");
  for (unsigned i = 0; i < 1000; ++i) rig.raw(gdb::packet("T1"));
  rig.raw("\x03");
  EXPECT_EQ(rig.answers(), "T02thread:01; OK OK OK OK OK OK OK OK") << "no more are kept";
}

TEST(Gdb, AJourneyThatCannotBegin) {
  GdbRig rig;
  rig.journey.error = "the flight recorder is off";
  const std::string said = "O" + to_hex(rig.journey.error + "\n");
  EXPECT_EQ(rig.ask("bs"), said + " T05thread:01;replaylog:begin;");
  EXPECT_EQ(rig.ask("bc"), said + " T05thread:01;replaylog:begin;");
  EXPECT_EQ(rig.ask("c"), said + " T05thread:01;");
  for (const char* bad :
       {"vCont;", "vCont;x", "vCont;s:9", "vCont;c:1x", "vCont;Cx", "cx", "sx", "C", "Cx", "C05x"})
    EXPECT_EQ(rig.ask(bad), "E16") << bad;
  EXPECT_EQ(rig.ask("bx"), "");
  EXPECT_EQ(rig.ask("vCont;t"), "T00thread:01;") << "it stands";
}

TEST(Gdb, StepsTheVcpuThatItIsToldTo) {
  GdbRig rig(2);
  rig.machine.cluster->cpu(1).activity = cpu::Activity::Running;
  rig.ask("vCont;s:1;c");
  EXPECT_EQ(rig.journey.asked, " +1") << "it is its turn";
  rig.journey.arrive(TravelStop::Why::Arrived);
  EXPECT_EQ(rig.answers(), "T05thread:01;");
  rig.journey.asked.clear();
  rig.ask("vCont;s:2;c");
  EXPECT_EQ(rig.journey.asked, " run") << "to the other's turn first";
  ASSERT_EQ(rig.journey.all.size(), 1u);
  EXPECT_EQ(rig.journey.all[0].condition.cpu, 1u);
  rig.journey.hit(rig.journey.last_id, 0x1000, 1);
  rig.poll();
  EXPECT_EQ(rig.journey.asked, " run +1");
  EXPECT_EQ(rig.journey.all.size(), 0u);
  rig.journey.arrive(TravelStop::Why::Arrived);
  EXPECT_EQ(rig.answers(), "T05thread:02;");
  // Another's breakpoint comes first.
  rig.ask("Z0,1000,1");
  rig.ask("vCont;s:2;c");
  rig.machine.c().r[cpu::kRip] = 0x1000;
  rig.journey.hit(rig.journey.all[0].id, 0x1000, 0);
  EXPECT_EQ(rig.answers(), "T05thread:01;");
  EXPECT_EQ(rig.journey.all.size(), 1u);
  // Back: to where it would do again what it did last.
  rig.journey.asked.clear();
  rig.ask("Hc2");
  rig.ask("bs");
  EXPECT_EQ(rig.journey.asked, " back");
  rig.journey.hit(rig.journey.last_id, 0x1234, 1);
  EXPECT_EQ(rig.answers(), "T05thread:02;");
}

TEST(Gdb, GoesAway) {
  GdbRig rig;
  rig.ask("Z0,1000,1");
  EXPECT_EQ(rig.ask("D;1"), "OK");
  EXPECT_EQ(rig.state, RunState::Running);
  EXPECT_EQ(rig.journey.all.size(), 0u);
  // A line that breaks: a live run goes on, one that travels back stops.
  rig.stub->connected();
  EXPECT_EQ(rig.state, RunState::Paused);
  rig.ask("Z0,1000,1");
  rig.journey.asked.clear();
  rig.ask("c");
  rig.stub->disconnected();
  EXPECT_EQ(rig.journey.asked, " run");
  EXPECT_EQ(rig.journey.all.size(), 0u);
  rig.journey.arrive(TravelStop::Why::Arrived);
  EXPECT_EQ(rig.said, "") << "nobody is there to be told";
  rig.stub->connected();
  rig.journey.asked.clear();
  rig.ask("bc");
  rig.stub->disconnected();
  EXPECT_EQ(rig.journey.asked, " back interrupt");
  EXPECT_FALSE(rig.quitting);
  rig.ask("k");
  EXPECT_TRUE(rig.quitting);
}

TEST(Gdb, TheProgramEnds) {
  GdbRig rig;
  rig.ask("qSupported:multiprocess+");
  rig.ask("c");
  rig.stub->ended(7);
  EXPECT_EQ(rig.answers(), "W07;process:1");
  rig.journey.arrive(TravelStop::Why::Arrived);
  EXPECT_EQ(rig.answers(), "");
  GdbRig other;
  EXPECT_EQ(other.ask("vKill;1"), "OK");
  EXPECT_TRUE(other.quitting);
  other.stub->ended(0);
  EXPECT_EQ(other.answers(), "") << "it does not wait";
}

TEST(Gdb, MonitorCommands) {
  GdbRig rig;
  EXPECT_EQ(rig.ask("qRcmd," + to_hex("info status")), "O" + to_hex("answer\n") + " OK");
  EXPECT_EQ(rig.monitor, "info status;");
  EXPECT_TRUE(rig.ask("qRcmd,1").starts_with("E."));
}

}  // namespace
}  // namespace reprise
