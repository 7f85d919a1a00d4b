#include "qmp/hmp/hmp.h"

#include <gtest/gtest.h>

namespace reprise {
namespace {

struct FakeOperator final : Operator {
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
