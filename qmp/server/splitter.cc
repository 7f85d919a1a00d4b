#include "qmp/server/splitter.h"

#include <cstdio>
#include <utility>

namespace reprise::qmp {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_structure(char c) {
  return c == '{' || c == '}' || c == '[' || c == ']' || c == ',' || c == ':';
}
bool is_control(char c) { return u8(c) < 0x20; }
bool cannot_be(char c) { return u8(c) >= 0xfe || (is_control(c) && !is_space(c)); }

std::string stray(char c) {
  char text[48];
  if (u8(c) >= 0xfe) return "JSON parse error, stray '\\uFFFD'";
  std::snprintf(text, sizeof text, "JSON parse error, stray '\\u%04X'", u8(c));
  return text;
}

}  // namespace

bool Splitter::next(std::string_view& input, Piece& piece) {
  while (!input.empty()) {
    const char c = input.front();
    const bool done = take(c, piece);
    if (!std::exchange(again_, false)) input.remove_prefix(1);
    if (done) return true;
  }
  return false;
}

bool Splitter::take(char c, Piece& piece) {
  if (in_ == In::Rubbish) {
    if (u8(c) >= 0xfe) return refuse(piece, stray(c), In::Space);
    if (c == '\n') in_ = In::Space;
    return false;
  }
  if (cannot_be(c) || (quote_ && is_control(c) && c != '\t'))
    return refuse(piece, stray(c), In::Space);
  if (text_.size() >= kMaxBytes)
    return refuse(piece, "JSON token size limit exceeded", In::Rubbish);
  return quote_ ? take_in_string(c, piece) : take_outside(c, piece);
}

bool Splitter::take_in_string(char c, Piece& piece) {
  if (escaped_) {
    escaped_ = false;
    if (c == '\'') text_.pop_back();  // \' is QEMU's own
    text_ += c;
    return false;
  }
  if (c == '\\') {
    escaped_ = true;
    text_ += c;
  } else if (c == quote_) {
    quote_ = 0;
    text_ += '"';
    if (in_ == In::String) return complete(piece);
  } else {
    if (c == '"') text_ += '\\';
    if (c == '\t')
      text_ += "\\t";
    else
      text_ += c;
  }
  return false;
}

bool Splitter::take_outside(char c, Piece& piece) {
  if (in_ == In::Word) {
    if (!is_space(c) && !is_structure(c) && c != '"' && c != '\'') {
      text_ += c;
      return false;
    }
    again_ = true;
    return complete(piece);
  }
  if (is_space(c)) {
    if (in_ == In::Brackets) text_ += ' ';
    return false;
  }
  if (c == '"' || c == '\'') {
    if (in_ == In::Space) in_ = In::String;
    quote_ = c;
    text_ += '"';
    return count(piece);
  }
  text_ += c;
  if (!is_structure(c)) {
    if (in_ == In::Space) in_ = In::Word;
    return false;
  }
  braces_ += (c == '{') - (c == '}');
  brackets_ += (c == '[') - (c == ']');
  in_ = In::Brackets;
  if (braces_ + brackets_ > int(kMaxDepth))
    return refuse(piece, "JSON nesting depth limit exceeded", In::Rubbish);
  if (braces_ < 0 || brackets_ < 0 || (braces_ == 0 && brackets_ == 0)) return complete(piece);
  return count(piece);
}

bool Splitter::count(Piece& piece) {
  if (++tokens_ <= kMaxTokens) return false;
  return refuse(piece, "JSON token count limit exceeded", In::Rubbish);
}

bool Splitter::complete(Piece& piece) {
  piece = {std::move(text_), ""};
  const bool again = again_;
  reset();
  again_ = again;
  return true;
}

bool Splitter::refuse(Piece& piece, std::string error, In then) {
  piece = {"", std::move(error)};
  reset();
  in_ = then;
  return true;
}

}  // namespace reprise::qmp
