// Which keys of a US keyboard type a character of ASCII.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "chipset/input/keys.h"

namespace reprise {

// The key to press, and whether Shift goes with it.
struct AsciiKey {
  QKeyCode key;
  bool shift;
};

constexpr std::optional<AsciiKey> ascii_key(char c) {
  constexpr std::string_view kPlain = "`1234567890-=[]\\;',./ ";
  constexpr std::string_view kShifted = "~!@#$%^&*()_+{}|:\"<>?";
  constexpr QKeyCode kKeysOf[] = {QKeyCode::k_grave_accent,
                                  QKeyCode::k_1,
                                  QKeyCode::k_2,
                                  QKeyCode::k_3,
                                  QKeyCode::k_4,
                                  QKeyCode::k_5,
                                  QKeyCode::k_6,
                                  QKeyCode::k_7,
                                  QKeyCode::k_8,
                                  QKeyCode::k_9,
                                  QKeyCode::k_0,
                                  QKeyCode::k_minus,
                                  QKeyCode::k_equal,
                                  QKeyCode::k_bracket_left,
                                  QKeyCode::k_bracket_right,
                                  QKeyCode::k_backslash,
                                  QKeyCode::k_semicolon,
                                  QKeyCode::k_apostrophe,
                                  QKeyCode::k_comma,
                                  QKeyCode::k_dot,
                                  QKeyCode::k_slash,
                                  QKeyCode::k_spc};
  if (c >= 'a' && c <= 'z') return AsciiKey{*key_by_name(std::string_view(&c, 1)), false};
  if (c >= 'A' && c <= 'Z') {
    const char lower = char(c + 32);
    return AsciiKey{*key_by_name(std::string_view(&lower, 1)), true};
  }
  if (const auto at = kPlain.find(c); at != kPlain.npos) return AsciiKey{kKeysOf[at], false};
  if (const auto at = kShifted.find(c); at != kShifted.npos) return AsciiKey{kKeysOf[at], true};
  return std::nullopt;
}

}  // namespace reprise
