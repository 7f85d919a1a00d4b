#include "chipset/host/text_console.h"

#include <algorithm>

namespace reprise {

void TextConsole::write(std::span<const u8> bytes) {
  const std::scoped_lock lock(mutex_);
  for (const u8 byte : bytes) put(byte);
  ++version_;
}

void TextConsole::type(std::string_view bytes) {
  if (!in_) return;
  const std::size_t room = std::min<u64>(bytes.size(), in_->credit());
  if (room) in_->door().post(*in_, {bytes.begin(), bytes.begin() + std::ptrdiff_t(room)});
}

void TextConsole::look(u64& seen, const std::function<void(const Screen&)>& see) {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(seen, version_) != version_) see(screen_);
}

void TextConsole::put(u8 byte) {
  if (state_ == State::Escape) {
    state_ = byte == '[' ? State::Sequence : State::Plain;
    parameters_.assign(1, 0);
  } else if (state_ == State::Sequence) {
    escape(byte);
  } else if (byte < 0x20 || byte == 0x7f) {
    missing_ = 0;
    control(byte);
  } else if (byte < 0x80) {
    missing_ = 0;
    show(byte);
  } else if ((byte & 0xc0) == 0x80 && missing_) {
    partial_ = partial_ << 6 | (byte & 0x3f);
    if (--missing_ == 0) show(partial_);
  } else if (byte >= 0xc2 && byte < 0xf5) {
    missing_ = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
    partial_ = byte & (0x3fu >> missing_);
  } else {
    show('?');
  }
}

void TextConsole::control(u8 byte) {
  unsigned& column = screen_.column;
  column = byte == '\r' ? 0 : column;
  if (byte == '\b') column = std::min(column, kColumns - 1) - (column ? 1 : 0);
  if (byte == '\t') column = std::min((column / 8 + 1) * 8, kColumns - 1);
  if (byte == '\n') new_line();
  if (byte == 0x1b) state_ = State::Escape;
}

void TextConsole::show(char32_t character) {
  if (screen_.column >= kColumns) {
    screen_.column = 0;
    new_line();
  }
  screen_.cells[screen_.row * kColumns + screen_.column++] = {character, reverse_, bold_};
}

void TextConsole::new_line() {
  if (++screen_.row < kRows) return;
  screen_.row = kRows - 1;
  std::copy(screen_.cells.begin() + kColumns, screen_.cells.end(), screen_.cells.begin());
  erase((kRows - 1) * kColumns, kRows * kColumns);
}

void TextConsole::erase(unsigned from, unsigned to) {
  std::fill(screen_.cells.begin() + from, screen_.cells.begin() + to, Cell{});
}

// ESC [ parameters letter.
void TextConsole::escape(u8 byte) {
  constexpr std::size_t kMaxParameters = 16;
  if (byte >= '0' && byte <= '9') {
    parameters_.back() = std::min(parameters_.back() * 10 + (byte - '0'), 9999u);
    return;
  }
  if (byte == ';') {
    if (parameters_.size() < kMaxParameters) parameters_.push_back(0);
    return;
  }
  if (byte < 0x40) return;
  state_ = State::Plain;
  unsigned &row = screen_.row, &column = screen_.column;
  column = std::min(column, kColumns - 1);
  const unsigned first = parameters_[0], count = std::max(first, 1u);
  const unsigned here = row * kColumns + column, line = row * kColumns;
  switch (byte) {
    case 'A':
      row -= std::min(row, count);
      break;
    case 'B':
      row = std::min(row + count, kRows - 1);
      break;
    case 'C':
      column = std::min(column + count, kColumns - 1);
      break;
    case 'D':
      column -= std::min(column, count);
      break;
    case 'G':
      column = std::min(count, kColumns) - 1;
      break;
    case 'H':
    case 'f':
      row = std::min(count, kRows) - 1;
      column = std::min(parameters_.size() > 1 ? std::max(parameters_[1], 1u) : 1, kColumns) - 1;
      break;
    case 'J':
      erase(first == 0 ? here : 0, first == 1 ? here + 1 : kRows * kColumns);
      break;
    case 'K':
      erase(first == 0 ? here : line, first == 1 ? here + 1 : line + kColumns);
      break;
    case 'm':
      for (const unsigned p : parameters_) {
        if (p == 0) reverse_ = bold_ = false;
        if (p == 1) bold_ = true;
        if (p == 7) reverse_ = true;
        if (p == 22) bold_ = false;
        if (p == 27) reverse_ = false;
      }
      break;
    default:
      break;
  }
}

}  // namespace reprise
