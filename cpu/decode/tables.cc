#include "cpu/decode/tables.h"

namespace reprise::cpu {

Tables::Tables() {
  add_integer_rows(*this);
  add_system_rows(*this);
  add_x87_rows(*this);
  add_sse_rows(*this);
  add_bit_rows(*this);
}

void Tables::add(Map map, u8 opcode, Prefix prefix, const Row& row) {
  if (prefix == kAnyPrefix) {
    for (Row& each : rows_[map][opcode]) each = row;
  } else {
    rows_[map][opcode][prefix] = row;
  }
}

void Tables::add(Map map, u8 opcode, Prefix prefix, unsigned reg, Form form, int rm,
                 const Row& row) {
  const unsigned first = prefix == kAnyPrefix ? 0 : prefix;
  const unsigned last = prefix == kAnyPrefix ? 3 : prefix;
  for (unsigned p = first; p <= last; ++p) {
    Row& slot = rows_[map][opcode][p];
    if (!slot.group) {
      groups_.push_back(std::make_unique<Group>());
      slot = {"group", kModRm, nullptr, 0, Feature::kAlways, groups_.back().get()};
    }
    auto& rows = const_cast<Group*>(slot.group)->rows[reg];
    if (form != kReg) rows[0] = row;
    if (form == kMem) continue;
    for (int i = 0; i < 8; ++i)
      if (rm < 0 || rm == i) rows[1 + i] = row;
  }
}

const Tables& tables() {
  static const Tables all;
  return all;
}

}  // namespace reprise::cpu
