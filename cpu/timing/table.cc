#include "cpu/timing/table.h"

#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

#include "replay/core/types.h"

namespace reprise::cpu {

namespace {

unsigned hex(std::string_view s) {
  return unsigned(std::strtoul(std::string(s.substr(0, 2)).c_str(), nullptr, 16));
}

}  // namespace

ClockTable::ClockTable(std::span<const Row> rows) {
  for (const Row& row : rows) {
    std::string_view rest = row.encodings;
    while (!rest.empty()) {
      const std::size_t space = rest.find(' ');
      std::string_view token = rest.substr(0, space);
      rest = space == std::string_view::npos ? "" : rest.substr(space + 1);
      Entry e{&row};
      unsigned map = 0;
      if (token.size() >= 4 && token.substr(0, 2) == "0F" && std::isxdigit(u8(token[2]))) {
        map = 1;
        token.remove_prefix(2);
      }
      const unsigned opcode = hex(token);
      token.remove_prefix(2);
      if (!token.empty() && token[0] == '/') e.digit = i16(token[1] - '0'), token.remove_prefix(2);
      if (!token.empty() && token[0] == '=')
        e.modrm = i16(hex(token.substr(1))), token.remove_prefix(3);
      for (const char c : token) {
        if (c == 'r') e.memory_form = false;
        if (c == 'm') e.reg_form = false;
        if (c == 'w') e.word = true;
        if (c == '*') e.rep = true;
      }
      entries_[map][opcode].push_back(e);
    }
  }
}

const Row* ClockTable::find(const Form& f) const {
  const Row* found = nullptr;
  for (const Entry& e : entries_[f.map][f.opcode]) {
    if (e.rep != f.rep || (e.word && f.width != 2)) continue;
    if (f.has_modrm) {
      if (e.modrm >= 0 && e.modrm != f.modrm) continue;
      if (e.digit >= 0 && e.digit != f.reg()) continue;
      if (!(f.memory ? e.memory_form : e.reg_form)) continue;
    }
    found = e.row;
    if (e.modrm >= 0 || e.word) break;  // the most that can be said
  }
  return found;
}

}  // namespace reprise::cpu
