#include "qmp/hmp/hmp.h"

#include <gtest/gtest.h>

#include "qmp/operator_drives.h"

namespace reprise {
namespace {

struct FakeOperator : Operator {
  RunState state = RunState::Running;
  bool quitting = false;
  RunState run_state() const override { return state; }
  void quit() override { quitting = true; }
  void stop() override { state = RunState::Paused; }
  Result<void> cont() override {
    if (state == RunState::Shutdown) return fail("the machine is off; system_reset starts it");
    state = RunState::Running;
    return {};
  }
  Result<void> system_reset() override { return {}; }
  std::vector<const cpu::Cpu*> cpus() const override { return {}; }
};

TEST(Hmp, RunsItsTable) {
  FakeOperator op;
  Hmp hmp(op);
  EXPECT_EQ(hmp.execute("info status"), "VM status: running\n");
  EXPECT_EQ(hmp.execute(" stop "), "");
  EXPECT_EQ(hmp.execute("info status"), "VM status: paused\n");
  EXPECT_EQ(hmp.execute("c"), "");
  EXPECT_EQ(op.state, RunState::Running);
  op.state = RunState::Shutdown;
  EXPECT_EQ(hmp.execute("cont"), "Error: the machine is off; system_reset starts it\n");
  EXPECT_EQ(hmp.execute("info status"), "VM status: paused (shutdown)\n");
  EXPECT_NE(hmp.execute("help").find("system_reset -- reset the machine\n"), std::string::npos);
  EXPECT_NE(hmp.execute("hlep").find("unknown command: 'hlep'"), std::string::npos);
  EXPECT_EQ(hmp.execute(""), "");
  EXPECT_FALSE(op.quitting);
  hmp.execute("quit");
  EXPECT_TRUE(op.quitting);
}

// What is asked of it, as text.
struct FakeDrives final : OperatorDrives {
  std::vector<const Drive*> drives() const override { return {}; }
  Result<void> eject(const std::string& id, bool force) override {
    asked = "eject " + id + (force ? " by force" : "");
    if (id == "none") return fail("there is no drive 'none'");
    return {};
  }
  Result<void> change(const std::string& id, const std::string& file, const std::string& format,
                      Access access) override {
    asked = "change " + id + "|" + file + "|" + format + "|" + std::to_string(int(access));
    return {};
  }
  std::string asked;
};

TEST(Hmp, ChangesMedia) {
  struct WithDrives final : FakeOperator {
    FakeDrives all;
    OperatorDrives* drives() override { return &all; }
  } op;
  Hmp hmp(op);
  EXPECT_EQ(hmp.execute("eject ide1-cd0"), "");
  EXPECT_EQ(op.all.asked, "eject ide1-cd0");
  EXPECT_EQ(hmp.execute("eject -f ide1-cd0"), "");
  EXPECT_EQ(op.all.asked, "eject ide1-cd0 by force");
  EXPECT_EQ(hmp.execute("eject none"), "Error: there is no drive 'none'\n");
  EXPECT_EQ(hmp.execute("change floppy0 \"a b.img\""), "");
  EXPECT_EQ(op.all.asked, "change floppy0|a b.img||0");
  EXPECT_EQ(hmp.execute("change floppy0 b.img raw read-only"), "");
  EXPECT_EQ(op.all.asked, "change floppy0|b.img|raw|1");
  for (const char* wrong : {"eject", "eject -f", "eject a b", "change", "change a",
                            "change a b c d", "change a b c retain e", "info block x"}) {
    op.all.asked.clear();
    EXPECT_TRUE(hmp.execute(wrong).starts_with("Error: ")) << wrong;
    EXPECT_EQ(op.all.asked, "") << wrong;
  }
  FakeOperator without;
  EXPECT_NE(Hmp(without).execute("info block").find("no drives"), std::string::npos);
}

TEST(HmpTerminal, EchoesAndEdits) {
  FakeOperator op;
  Hmp hmp(op);
  std::string screen;
  HmpTerminal terminal(hmp, [&](const std::string& text) { screen += text; });
  terminal.feed("xx\x15stoq\x7fp\x1b[A\r\n");
  EXPECT_EQ(op.state, RunState::Paused);
  EXPECT_EQ(screen, "xx\b \b\b \bstoq\b \bp\r\n(qemu) ");
}

TEST(OperatorQueue, RunsInOrder) {
  OperatorQueue queue;
  int wakes = 0;
  std::string order;
  queue.on_post([&] { ++wakes; });
  queue.post([&] { order += 'a'; });
  queue.post([&] { order += 'b'; });
  EXPECT_TRUE(queue.waiting());
  queue.run();
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(wakes, 2);
  EXPECT_FALSE(queue.waiting());
}

}  // namespace
}  // namespace reprise
