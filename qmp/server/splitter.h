// Cuts a stream of bytes into JSON values, as QMP's clients send them: with or without newlines,
// several in a packet or one in many, with strings in single quotes too.
//
// What cannot be JSON is reported once and forgotten, and the stream goes on: at the next byte
// after a control character in a string or a byte FEh or FFh (clients send FFh to get rid of what
// another has left half said); after a limit, at the next newline or such a byte.
#pragma once

#include <string>
#include <string_view>

#include "replay/core/types.h"

namespace reprise::qmp {

class Splitter {
 public:
  static constexpr std::size_t kMaxBytes = 4 << 20;  // of one value
  static constexpr std::size_t kMaxTokens = 1 << 18;
  static constexpr unsigned kMaxDepth = 1024;

  struct Piece {
    std::string text;   // one value, strings in double quotes: to be parsed
    std::string error;  // or what was wrong
  };

  // Takes bytes off the front of `input` until a piece is complete (true) or all are taken.
  bool next(std::string_view& input, Piece& piece);
  void reset() { *this = {}; }

 private:
  enum class In { Space, Word, String, Brackets, Rubbish };
  bool take(char c, Piece& piece);
  bool take_in_string(char c, Piece& piece);
  bool take_outside(char c, Piece& piece);
  bool complete(Piece& piece);
  bool refuse(Piece& piece, std::string error, In then);
  bool count(Piece& piece);

  std::string text_;
  In in_ = In::Space;
  int braces_ = 0, brackets_ = 0;
  std::size_t tokens_ = 0;
  char quote_ = 0;  // inside a string: how it began
  bool escaped_ = false;
  bool again_ = false;  // the byte that ended a word is not part of it
};

}  // namespace reprise::qmp
