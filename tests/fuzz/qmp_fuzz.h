// Any bytes as what a QMP client says: cut into the same messages however they come, parsed, printed,
// read as commands, and their arguments checked.
#pragma once

#include <span>
#include <vector>

#include "qmp/schema/schema.h"
#include "qmp/server/message.h"
#include "qmp/server/splitter.h"
#include "replay/core/check.h"

namespace reprise::qmp {

inline std::vector<Splitter::Piece> pieces_of(std::string_view bytes, std::size_t at_once) {
  Splitter splitter;
  Splitter::Piece piece;
  std::vector<Splitter::Piece> all;
  for (std::size_t at = 0; at < bytes.size(); at += at_once) {
    std::string_view part = bytes.substr(at, at_once);
    while (splitter.next(part, piece)) all.push_back(piece);
  }
  return all;
}

inline void fuzz_qmp(const Schema& schema, std::span<const u8> data) {
  const std::string_view bytes(reinterpret_cast<const char*>(data.data()), data.size());
  const auto whole = pieces_of(bytes, bytes.size() + 1), split = pieces_of(bytes, 1);
  check(whole.size() == split.size(), "the same messages");
  for (std::size_t i = 0; i < whole.size(); ++i) {
    check(whole[i].text == split[i].text && whole[i].error == split[i].error, "in all ways");
    check(whole[i].text.empty() != whole[i].error.empty(), "text or an error");
    const auto value = parse(whole[i].text);
    if (!value) continue;
    for (const bool pretty : {false, true}) {
      const std::string printed = line({{"id", &*value}}, pretty);
      const auto again = parse(printed);
      check(again && again->at("id") == *value, "what is printed is what was said");
    }
    std::optional<Json> id;
    const auto request = read_request(*value, id);
    if (!request) continue;
    for (const auto& [name, command] : schema.commands())
      (void)problem(*command.args, request->arguments, "", command.open);
  }
}

}  // namespace reprise::qmp
