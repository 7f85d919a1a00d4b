#include "chipset/host/text_console.h"

#include <gtest/gtest.h>

#include <random>

#include "chipset/input/ascii_keys.h"

namespace reprise {
namespace {

struct Console : testing::Test {
  TextConsole console{"test"};
  u64 seen = 0;
  unsigned column = 0, row = 0;

  std::string line(unsigned number) {
    std::string text;
    seen = 0;
    console.look(seen, [&](const TextConsole::Screen& screen) {
      for (unsigned i = 0; i < TextConsole::kColumns; ++i) {
        const char32_t c = screen.cells[number * TextConsole::kColumns + i].character;
        text += c < 0x80 ? char(c) : '*';
      }
      column = screen.column;
      row = screen.row;
    });
    return text.substr(0, text.find_last_not_of(' ') + 1);
  }
  void write(std::string_view text) {
    console.write({reinterpret_cast<const u8*>(text.data()), text.size()});
  }
};

TEST_F(Console, LinesAndControls) {
  write("one\r\ntwo\bO\tx");
  EXPECT_EQ(line(0), "one");
  EXPECT_EQ(line(1), "twO     x");
  write("\r\x1b[K\x1b[1;3Hn\x1b[2;1Hnew \xc3\xa9!");
  EXPECT_EQ(line(0), "onn");
  EXPECT_EQ(line(1), "new *!");
  EXPECT_EQ(column, 6u);
  write("\x1b[2J\x1b[H" + std::string(81, 'x'));
  EXPECT_EQ(line(1), "x") << "the line goes on below";
  for (unsigned i = 0; i < 30; ++i) write("\r\n" + std::to_string(i));
  EXPECT_EQ(line(TextConsole::kRows - 1), "29");
  EXPECT_EQ(line(0), "6");
}

TEST_F(Console, IsLookedAtOnlyWhenItChanged) {
  write("a");
  unsigned looks = 0;
  for (unsigned i = 0; i < 3; ++i) console.look(seen, [&](auto&) { ++looks; });
  EXPECT_EQ(looks, 1u);
}

TEST_F(Console, TakesAnyBytes) {
  std::mt19937 random(1);
  for (unsigned i = 0; i < 200'000; ++i) {
    const char* pieces[] = {"\x1b[", ";", "99999999", "H", "J", "K", "A", "\n", "\xf0"};
    if (random() % 2)
      write(pieces[random() % std::size(pieces)]);
    else
      write(std::string(1, char(random())));
  }
  line(0);
  EXPECT_LE(column, TextConsole::kColumns);
  EXPECT_LT(row, TextConsole::kRows);
}

TEST(AsciiKeys, EachHasAKey) {
  for (char c = ' '; c < 0x7f; ++c) EXPECT_TRUE(ascii_key(c)) << c;
  EXPECT_EQ(ascii_key('Z')->key, QKeyCode::k_z);
  EXPECT_TRUE(ascii_key('Z')->shift);
  EXPECT_EQ(ascii_key('?')->key, QKeyCode::k_slash);
  EXPECT_EQ(ascii_key('\'')->key, QKeyCode::k_apostrophe);
  EXPECT_FALSE(ascii_key('\n'));
}

}  // namespace
}  // namespace reprise
