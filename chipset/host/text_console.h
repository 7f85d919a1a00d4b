// A terminal inside a display: what a serial port or a monitor says, as characters.
//
// Knows CR, LF, BS, TAB, and of ECMA-48: cursor movement (A to H), erasing (J, K), reverse video
// and bold (m). Bytes of 80h and more are UTF-8. Not modelled: scroll regions, tab stops, colours,
// scrolling back.
#pragma once

#include <functional>

#include "chipset/host/chardev.h"

namespace reprise {

class TextConsole final : public Chardev {
 public:
  static constexpr unsigned kColumns = 80, kRows = 24;
  struct Cell {
    char32_t character = ' ';
    bool reverse = false, bold = false;
  };
  struct Screen {
    std::vector<Cell> cells = std::vector<Cell>(kColumns * kRows);
    unsigned column = 0, row = 0;  // of the cursor; column kColumns: about to wrap
  };

  explicit TextConsole(std::string name) : name_(std::move(name)) {}
  ~TextConsole() override { disconnect(); }
  void write(std::span<const u8> bytes) override;
  std::string address() const override { return "vc"; }
  const std::string& name() const { return name_; }

  // Any thread: what was typed; what there is no credit for is lost.
  void type(std::string_view bytes);
  // Calls `see` if the screen changed since `seen`, which it brings up to date.
  void look(u64& seen, const std::function<void(const Screen&)>& see);

 private:
  void put(u8 byte);
  void show(char32_t character);
  void control(u8 byte);
  void escape(u8 byte);
  void erase(unsigned from, unsigned to);
  void new_line();

  std::string name_;
  std::mutex mutex_;  // guards what follows
  Screen screen_;
  u64 version_ = 1;
  bool reverse_ = false, bold_ = false;
  enum class State : u8 { Plain, Escape, Sequence } state_ = State::Plain;
  std::vector<unsigned> parameters_;
  char32_t partial_ = 0;  // of a UTF-8 character
  unsigned missing_ = 0;
};

}  // namespace reprise
