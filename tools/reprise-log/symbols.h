// Names of code addresses, from an ELF file (vmlinux, any program) or from text as /proc/kallsyms
// and System.map have it: ADDRESS TYPE NAME, a line each.
//
// Source: System V ABI, Object Files (ELF header, section headers, symbol tables). A file may be
// anything: every offset and size is checked before it is used, and there is a limit on the number
// of symbols.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise::log {

class Symbols {
 public:
  static constexpr u32 kNone = 0;  // the name of what has none

  // A range of addresses and the number of its name.
  struct Range {
    u64 begin = 0, end = 0;  // `end` itself is outside
    u32 name = kNone;
    bool holds(u64 address) const { return address >= begin && address < end; }
  };

  Symbols() : names_(1) {}
  // Adds those of a file's contents; addresses are moved by `offset`. How many there were.
  Result<std::size_t> add(std::span<const u8> file, u64 offset);
  void settle();  // after the last add()

  // After settle(). A function without a size reaches to the next.
  Range find(u64 address) const;
  const std::string& name(u32 number) const { return names_[number]; }
  u32 intern(std::string_view name);  // adds a name that no address has

 private:
  struct Symbol {
    u64 begin, size;
    u32 name;
  };
  Result<void> add_elf(std::span<const u8> file, u64 offset);
  Result<void> add_text(std::span<const u8> file, u64 offset);
  Result<void> put(u64 address, u64 size, std::string_view name);

  std::vector<Symbol> symbols_;
  std::vector<std::string> names_;
};

}  // namespace reprise::log
