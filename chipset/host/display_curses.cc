// -display curses: text modes in this terminal; Alt-1 the machine's screen, Alt-2 the monitor,
// Alt-3 the first serial port, as far as they are there.
#define NCURSES_NOMACROS 1
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <langinfo.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "chipset/host/display.h"
#include "chipset/host/fd.h"
#include "chipset/host/terminal.h"
#include "chipset/host/text_console.h"
#include "chipset/input/ascii_keys.h"

namespace reprise {

namespace {

constexpr int kFrameMs = 33;

struct SpecialKey {
  int curses;
  QKeyCode key;
  const char* bytes;  // what a terminal sends for it
};
constexpr SpecialKey kSpecial[] = {
    {KEY_UP, QKeyCode::k_up, "\x1b[A"},
    {KEY_DOWN, QKeyCode::k_down, "\x1b[B"},
    {KEY_RIGHT, QKeyCode::k_right, "\x1b[C"},
    {KEY_LEFT, QKeyCode::k_left, "\x1b[D"},
    {KEY_HOME, QKeyCode::k_home, "\x1b[1~"},
    {KEY_END, QKeyCode::k_end, "\x1b[4~"},
    {KEY_IC, QKeyCode::k_insert, "\x1b[2~"},
    {KEY_DC, QKeyCode::k_delete, "\x1b[3~"},
    {KEY_PPAGE, QKeyCode::k_pgup, "\x1b[5~"},
    {KEY_NPAGE, QKeyCode::k_pgdn, "\x1b[6~"},
    {KEY_BACKSPACE, QKeyCode::k_backspace, "\x7f"},
    {KEY_ENTER, QKeyCode::k_ret, "\r"},
};
constexpr QKeyCode kFunction[12] = {QKeyCode::k_f1,  QKeyCode::k_f2,  QKeyCode::k_f3,
                                    QKeyCode::k_f4,  QKeyCode::k_f5,  QKeyCode::k_f6,
                                    QKeyCode::k_f7,  QKeyCode::k_f8,  QKeyCode::k_f9,
                                    QKeyCode::k_f10, QKeyCode::k_f11, QKeyCode::k_f12};

using Chord = std::vector<QKeyCode>;

// The keys that give what the terminal sent; empty: none do.
Chord chord_of(wint_t code, bool is_key) {
  if (is_key) {
    for (const SpecialKey& special : kSpecial)
      if (int(code) == special.curses) return {special.key};
    const int f = int(code) - KEY_F0;
    if (f >= 1 && f <= 12) return {kFunction[f - 1]};
    if (f >= 13 && f <= 24) return {QKeyCode::k_shift, kFunction[f - 13]};
    if (f >= 25 && f <= 36) return {QKeyCode::k_ctrl, kFunction[f - 25]};
    if (code == KEY_BTAB) return {QKeyCode::k_shift, QKeyCode::k_tab};
    return {};
  }
  if (code == '\r') return {QKeyCode::k_ret};
  if (code == '\t') return {QKeyCode::k_tab};
  if (code == 0x1b) return {QKeyCode::k_esc};
  if (code == 0x7f || code == '\b') return {QKeyCode::k_backspace};
  if (code < 0x20) {  // Ctrl and the character 40h above
    const auto key = ascii_key(code >= 1 && code <= 26 ? char(code + 0x60) : char(code + 0x40));
    if (key && key->shift) return {QKeyCode::k_ctrl, QKeyCode::k_shift, key->key};
    return key ? Chord{QKeyCode::k_ctrl, key->key} : Chord{};
  }
  const auto key = code < 0x80 ? ascii_key(char(code)) : std::nullopt;
  if (!key) return {};
  return key->shift ? Chord{QKeyCode::k_shift, key->key} : Chord{key->key};
}

// The same for a terminal's end of a line.
std::string bytes_of(wint_t code, bool is_key) {
  if (is_key) {
    for (const SpecialKey& special : kSpecial)
      if (int(code) == special.curses) return special.bytes;
    return "";
  }
  if (code < 0x80) return std::string(1, char(code));
  char text[MB_LEN_MAX * 4];
  std::mbstate_t state{};
  const std::size_t size = std::wcrtomb(text, wchar_t(code), &state);
  return size == std::size_t(-1) ? "" : std::string(text, size);
}

class CursesDisplay final : public Display {
 public:
  CursesDisplay(DisplayLink link, SCREEN* screen)
      : link_(std::move(link)), frames_(std::make_shared<Frames>(link_, false)), screen_(screen) {
    start();
    thread_ = std::thread([this] {
      block_signals();
      loop();
    });
  }
  ~CursesDisplay() override {
    stop_ = true;
    wake_.notify();
    thread_.join();
    ::endwin();
    ::delscreen(screen_);
  }

 private:
  void start() {
    ::raw();
    ::noecho();
    ::nonl();
    ::set_escdelay(25);
    ::nodelay(stdscr, TRUE);
    ::keypad(stdscr, TRUE);
    ::meta(stdscr, TRUE);
    if (!::has_colors()) return;
    ::start_color();
    // Pair 1 + background x inks + ink; without sixteen colours, bright ink is bold.
    inks_ = COLORS >= 16 && COLOR_PAIRS > 256 ? 16 : 8;
    for (int paper = 0; paper < inks_; ++paper)
      for (int ink = 0; ink < inks_; ++ink)
        ::init_pair(short(1 + paper * inks_ + ink), colour(ink), colour(paper));
  }
  // The VGA has blue in bit 0, terminals have red there.
  static short colour(int vga) { return short((vga & 0x0a) | (vga & 1) << 2 | (vga & 4) >> 2); }

  void loop() {
    while (!stop_) {
      pollfd ends[2] = {{STDIN_FILENO, POLLIN, 0}, {wake_.fd(), POLLIN, 0}};
      ::poll(ends, 2, kFrameMs);
      wint_t code;
      for (int kind; (kind = ::get_wch(&code)) != ERR && !stop_;) key(code, kind == KEY_CODE_YES);
      if (ends[0].revents & (POLLHUP | POLLERR)) {  // the terminal is gone
        link_.quit();
        return;
      }
      if (shown_ == 0) {
        frames_->request();
        frames_->take([this](const Frames::Frame& frame) { machine_screen(frame); });
      } else {
        link_.consoles[shown_ - 1]->look(
            seen_, [this](const TextConsole::Screen& screen) { console_screen(screen); });
      }
    }
  }

  void key(wint_t code, bool is_key) {
    if (is_key && code == KEY_RESIZE) return show(shown_);
    bool alt = false;
    if (!is_key && code == 0x1b) {  // Alt comes as ESC and the key, at once
      wint_t next;
      const int kind = ::get_wch(&next);
      if (kind != ERR) {
        alt = true;
        code = next;
        is_key = kind == KEY_CODE_YES;
      }
    }
    if (alt && !is_key && code >= '1' && code <= '9') {
      if (code - '1' <= link_.consoles.size()) show(unsigned(code - '1'));
      return;
    }
    if (shown_ != 0) {
      link_.consoles[shown_ - 1]->type((alt ? "\x1b" : "") + bytes_of(code, is_key));
      return;
    }
    Chord chord = chord_of(code, is_key);
    if (alt && !chord.empty()) chord.insert(chord.begin(), QKeyCode::k_alt);
    if (!chord.empty() && link_.keyboard) link_.chord(chord);
  }

  void show(unsigned console) {
    shown_ = console;
    seen_ = 0;
    ::clear();
    if (console == 0) machine_screen(last_);
  }

  void machine_screen(const Frames::Frame& frame) {
    if (&frame != &last_) {
      last_.text = frame.text;
      last_.surface.width = frame.surface.width;
      last_.surface.height = frame.surface.height;
    }
    ::erase();
    if (!frame.text) {
      const std::string what = std::to_string(frame.surface.width) + " x " +
                               std::to_string(frame.surface.height) + " Graphic mode";
      ::mvaddnstr(LINES / 2, std::max(0, (COLS - int(what.size())) / 2), what.c_str(), COLS);
      ::curs_set(0);
      ::refresh();
      return;
    }
    text_screen(*frame.text);
  }

  // A terminal that is too small shows the part where the cursor is.
  void text_screen(const TextScreen& text) {
    const int columns = std::min(COLS, int(text.columns));
    const int cursor_row = text.cursor ? int(*text.cursor / text.columns) : 0;
    const int top = std::max(0, std::min(cursor_row + 1, int(text.rows)) - LINES);
    for (int row = 0; row < std::min(LINES, int(text.rows) - top); ++row)
      for (int column = 0; column < columns; ++column)
        cell(row, column, text.cells[std::size_t(row + top) * text.columns + unsigned(column)],
             text.blinks);
    if (text.cursor && int(*text.cursor % text.columns) < columns) {
      ::curs_set(1);
      ::move(cursor_row - top, int(*text.cursor % text.columns));
    } else {
      ::curs_set(0);
    }
    ::refresh();
  }

  void cell(int row, int column, TextCell cell, bool blinks) {
    const char16_t shown = code_page_437(cell.character);
    const wchar_t text[2] = {wchar_t(shown ? shown : u' '), 0};
    attr_t attributes = blinks && (cell.attribute & 0x80) ? A_BLINK : A_NORMAL;
    const int ink = cell.attribute & 15, paper = cell.attribute >> 4 & (blinks ? 7 : 15);
    if (inks_ == 8 && ink >= 8) attributes |= A_BOLD;
    const short pair = inks_ ? short(1 + paper % inks_ * inks_ + ink % inks_) : short(0);
    cchar_t character;
    ::setcchar(&character, text, attributes, pair, nullptr);
    ::mvadd_wch(row, column, &character);
  }

  void console_screen(const TextConsole::Screen& screen) {
    constexpr unsigned kColumns = TextConsole::kColumns;
    ::erase();
    const int top = std::max(0, int(screen.row) + 1 - LINES);
    for (int row = 0; row < std::min(LINES, int(TextConsole::kRows) - top); ++row) {
      for (int column = 0; column < std::min(COLS, int(kColumns)); ++column) {
        const TextConsole::Cell& from =
            screen.cells[unsigned(row + top) * kColumns + unsigned(column)];
        const wchar_t text[2] = {wchar_t(from.character), 0};
        cchar_t character;
        ::setcchar(&character, text,
                   attr_t((from.reverse ? A_REVERSE : A_NORMAL) | (from.bold ? A_BOLD : A_NORMAL)),
                   0, nullptr);
        ::mvadd_wch(row, column, &character);
      }
    }
    ::curs_set(1);
    ::move(int(screen.row) - top, int(std::min(screen.column, kColumns - 1)));
    ::refresh();
  }

  const DisplayLink link_;
  const std::shared_ptr<Frames> frames_;
  SCREEN* const screen_;
  int inks_ = 0;
  unsigned shown_ = 0;  // 0: the machine's screen, otherwise a console
  u64 seen_ = 0;
  Frames::Frame last_;  // without its pixels
  std::atomic<bool> stop_{false};
  Event wake_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<Display>> open_curses(DisplayLink link) {
  if (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO))
    return fail("-display curses: standard input and output are no terminal; use -nographic");
  // What is not ASCII needs the terminal's character set.
  std::setlocale(LC_CTYPE, "");
  if (std::strcmp(::nl_langinfo(CODESET), "UTF-8") != 0) std::setlocale(LC_CTYPE, "C.UTF-8");
  SCREEN* screen = ::newterm(nullptr, stdout, stdin);
  if (!screen) {
    const char* term = std::getenv("TERM");
    return fail(std::string("-display curses: no terminal of type '") + (term ? term : "") +
                "' is known here; set TERM");
  }
  return std::unique_ptr<Display>(std::make_unique<CursesDisplay>(std::move(link), screen));
}

}  // namespace reprise
