#include <gtest/gtest.h>

#include "chipset/host/image_file.h"
#include "chipset/input/key_sender.h"
#include "qmp/hmp/hmp.h"
#include "qmp/operator_console.h"
#include "tests/support/test_board.h"

namespace reprise {
namespace {

struct FakeConsole final : OperatorConsole {
  std::string said;
  Result<void> screendump(const std::string& file, const std::string& format) override {
    said = "dump " + file + " " + format;
    return {};
  }
  Result<void> send_keys(std::span<const QKeyCode> keys, u64 hold_ms) override {
    said = std::to_string(hold_ms);
    for (const QKeyCode key : keys) said += " " + std::string(kKeys[unsigned(key)].name);
    return {};
  }
  Result<void> key(QKeyCode key, bool down) override {
    said = std::string(kKeys[unsigned(key)].name) + (down ? " down" : " up");
    return {};
  }
  Result<void> mouse_move(int dx, int dy, int dz) override {
    said = std::to_string(dx) + " " + std::to_string(dy) + " " + std::to_string(dz);
    return {};
  }
  Result<void> mouse_buttons(unsigned buttons) override {
    said = std::to_string(buttons);
    return fail("no mouse");
  }
};

struct FakeOperator final : Operator {
  FakeConsole screen;
  RunState run_state() const override { return RunState::Running; }
  void quit() override {}
  void stop() override {}
  Result<void> cont() override { return {}; }
  Result<void> system_reset() override { return {}; }
  std::vector<const cpu::Cpu*> cpus() const override { return {}; }
  OperatorConsole* console() override { return &screen; }
};

TEST(HmpConsole, Commands) {
  FakeOperator op;
  Hmp hmp(op);
  const auto says = [&](const char* line) {
    const std::string answer = hmp.execute(line);
    return answer.empty() ? op.screen.said : answer;
  };
  EXPECT_EQ(says("screendump a.png"), "dump a.png ");
  EXPECT_EQ(says("screendump -f png x"), "dump x png");
  EXPECT_EQ(says("screendump"), "Error: expected: screendump file [-f ppm|png]\n");
  EXPECT_EQ(says("screendump a b"), "Error: expected: screendump file [-f ppm|png]\n");
  EXPECT_EQ(says("sendkey ctrl-alt-delete"), "100 ctrl alt delete");
  EXPECT_EQ(says("sendkey 0x1e-0xc8 500"), "500 a up") << "scan codes of set 1";
  EXPECT_EQ(says("sendkey kp_enter-less"), "100 kp_enter less");
  EXPECT_TRUE(says("sendkey ctrl-altt").starts_with("Error: sendkey: no key 'altt'"));
  EXPECT_TRUE(says("sendkey a-").starts_with("Error: sendkey: no key ''"));
  EXPECT_TRUE(says("sendkey unmapped").starts_with("Error"));
  EXPECT_TRUE(says("sendkey a -1").starts_with("Error: sendkey: '-1'"));
  EXPECT_EQ(says("mouse_move 10 -20"), "10 -20 0");
  EXPECT_EQ(says("mouse_move 1 2 3"), "1 2 3");
  EXPECT_TRUE(says("mouse_move 1 40000").starts_with("Error: mouse_move: '40000'"));
  EXPECT_EQ(says("mouse_button 5"), "Error: mouse_button: no mouse\n");
  EXPECT_TRUE(says("mouse_button 8").starts_with("Error: expected: mouse_button"));
}

TEST(KeySender, PressesTogetherHoldsAndReleases) {
  TestBoard board(1'000'000);
  std::vector<std::string> seen;
  Port keyboard(board.door, "key", PortKind::Input, [&](std::span<const u8> b) {
    seen.push_back(std::string(kKeys[b[0] | b[1] << 8].name) + (b[2] ? "+" : "-") +
                   std::to_string(board.scheduler.now() / 1000));
  });
  keyboard.set_credit(3 * 64);
  KeySender sender(board.scheduler, keyboard);
  const QKeyCode first[] = {QKeyCode::k_ctrl, QKeyCode::k_c}, second[] = {QKeyCode::k_x};
  ASSERT_TRUE(sender.send(first, 100));
  ASSERT_TRUE(sender.send(second, 50));
  for (unsigned ms = 0; ms <= 300; ++ms) board.run(1000);
  const std::vector<std::string> expected = {"ctrl+0",   "c+0",   "c-101",
                                             "ctrl-101", "x+101", "x-151"};
  ASSERT_EQ(seen.size(), expected.size());
  for (std::size_t i = 0; i < seen.size(); ++i)
    EXPECT_EQ(seen[i].substr(0, seen[i].find_first_of("+-") + 1),
              expected[i].substr(0, expected[i].find_first_of("+-") + 1));
  EXPECT_EQ(seen[0], "ctrl+0");
  EXPECT_NEAR(std::stoi(seen[2].substr(2)), 100, 2);
  EXPECT_NEAR(std::stoi(seen[5].substr(2)), 150, 3);
  const std::vector<QKeyCode> many(KeySender::kMaxKeys + 1, QKeyCode::k_a);
  EXPECT_FALSE(sender.send(many, 1));
  EXPECT_FALSE(sender.send(second, KeySender::kMaxHoldMs + 1));
  keyboard.set_credit(0);  // nobody takes them: the queue is bounded
  unsigned taken = 0;
  while (sender.send(second, 1)) ++taken;
  EXPECT_EQ(taken, KeySender::kMaxWaiting / 2);
}

TEST(ImageFile, Formats) {
  Surface surface{2, 1, {0x102030, 0xffffff}};
  const auto ppm = encode_image(surface, ImageFormat::Ppm);
  ASSERT_TRUE(ppm);
  EXPECT_EQ(std::string(ppm->begin(), ppm->end()), "P6\n2 1\n255\n\x10\x20\x30\xff\xff\xff");
  const auto png = encode_image(surface, ImageFormat::Png);
  ASSERT_TRUE(png);
  EXPECT_EQ(std::string(png->begin() + 1, png->begin() + 4), "PNG");
  EXPECT_EQ(image_format_of_file("a.png"), ImageFormat::Png);
  EXPECT_EQ(image_format_of_file("png"), ImageFormat::Ppm);
  EXPECT_FALSE(image_format("jpeg"));
  const auto failed = write_image(surface, ImageFormat::Ppm, "/nonexistent/a.ppm");
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("cannot write '/nonexistent/a.ppm': No such file"),
            std::string::npos);
  EXPECT_FALSE(write_image(surface, ImageFormat::Ppm, "/dev/full"));
}

}  // namespace
}  // namespace reprise
