#include "tools/reprise-log/symbols.h"

#include <algorithm>
#include <cstring>

namespace reprise::log {

namespace {

constexpr std::size_t kMostSymbols = 2'000'000;
constexpr std::size_t kLongestName = 512;

// Little-endian fields of a file; what lies outside reads as `ok` false.
class View {
 public:
  explicit View(std::span<const u8> bytes) : bytes_(bytes) {}
  u64 get(u64 at, unsigned size) {
    if (at > bytes_.size() || size > bytes_.size() - at) {
      ok_ = false;
      return 0;
    }
    u64 value = 0;
    std::memcpy(&value, bytes_.data() + at, size);
    return value;
  }
  bool ok() const { return ok_; }

 private:
  std::span<const u8> bytes_;
  bool ok_ = true;
};

struct Section {
  u64 type = 0, flags = 0, offset = 0, size = 0, entry = 0;
  u32 link = 0;
};

constexpr u64 kSymbolTable = 2, kExecutable = 4;  // SHT_SYMTAB, SHF_EXECINSTR
constexpr unsigned kNoType = 0, kFunction = 2;    // STT_NOTYPE, STT_FUNC

}  // namespace

u32 Symbols::intern(std::string_view name) {
  names_.emplace_back(name);
  return u32(names_.size() - 1);
}

Result<void> Symbols::put(u64 address, u64 size, std::string_view name) {
  if (name.empty() || name.size() > kLongestName) return {};
  if (symbols_.size() == kMostSymbols) return fail("more than 2,000,000 symbols");
  symbols_.push_back({address, size, intern(name)});
  return {};
}

Result<std::size_t> Symbols::add(std::span<const u8> file, u64 offset) {
  const std::size_t before = symbols_.size();
  if (file.size() >= 4 && std::memcmp(file.data(),
                                      "\x7F"
                                      "ELF",
                                      4) == 0)
    TRY(add_elf(file, offset));
  else
    TRY(add_text(file, offset));
  return symbols_.size() - before;
}

Result<void> Symbols::add_elf(std::span<const u8> file, u64 offset) {
  View view(file);
  const u64 width = view.get(4, 1), order = view.get(5, 1);
  if (width < 1 || width > 2 || order != 1)
    return fail("not a little-endian ELF file of 32 or 64 bits");
  const bool wide = width == 2;
  const u64 headers = wide ? view.get(0x28, 8) : view.get(0x20, 4);
  const u64 header_size = view.get(wide ? 0x3A : 0x2E, 2), count = view.get(wide ? 0x3C : 0x30, 2);
  if (!view.ok() || header_size < (wide ? 64 : 40)) return fail("its section headers are missing");
  const auto section = [&](u64 number) {
    const u64 at =
        headers + number * header_size;  // a sum that wraps lies outside, or is read as it is
    Section s;
    s.type = view.get(at + 4, 4);
    s.flags = view.get(at + 8, wide ? 8 : 4);
    s.offset = view.get(at + (wide ? 24 : 16), wide ? 8 : 4);
    s.size = view.get(at + (wide ? 32 : 20), wide ? 8 : 4);
    s.link = u32(view.get(at + (wide ? 40 : 24), 4));
    s.entry = view.get(at + (wide ? 56 : 36), wide ? 8 : 4);
    return s;
  };
  std::vector<bool> executable(count);
  for (u64 i = 0; i < count; ++i) executable[i] = section(i).flags & kExecutable;
  for (u64 i = 0; i < count && view.ok(); ++i) {
    const Section table = section(i);
    if (table.type != kSymbolTable || table.entry < (wide ? 24 : 16) || table.link >= count)
      continue;
    const Section strings = section(table.link);
    if (strings.offset > file.size() || strings.size > file.size() - strings.offset ||
        table.offset > file.size() || table.size > file.size() - table.offset)
      return fail("a symbol table lies outside of it");
    const std::span<const u8> text = file.subspan(strings.offset, strings.size);
    for (u64 at = table.offset, n = table.size / table.entry; n > 0; --n, at += table.entry) {
      const u64 name = view.get(at, 4), info = view.get(at + (wide ? 4 : 12), 1);
      const u64 home = view.get(at + (wide ? 6 : 14), 2),
                value = view.get(at + (wide ? 8 : 4), wide ? 8 : 4);
      const u64 size = view.get(at + (wide ? 16 : 8), wide ? 8 : 4);
      const unsigned type = info & 15;
      if ((type != kFunction && type != kNoType) || home >= count || !executable[home] ||
          name >= text.size())
        continue;
      const auto* begin = reinterpret_cast<const char*>(text.data() + name);
      TRY(put(value + offset, size, {begin, strnlen(begin, text.size() - name)}));
    }
  }
  if (!view.ok()) return fail("it is cut off");
  return {};
}

// Of a module's symbols the name is followed by a tab and [module].
Result<void> Symbols::add_text(std::span<const u8> file, u64 offset) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  for (std::size_t at = 0, number = 1; at < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    u64 address = 0;
    std::size_t digits = 0;
    for (; digits < line.size() && digits < 16; ++digits) {
      const char c = line[digits];
      const int value = c >= '0' && c <= '9'                 ? c - '0'
                        : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                             : -1;
      if (value < 0) break;
      address = address << 4 | u64(value);
    }
    if (digits == 0 || line.size() < digits + 4 || line[digits] != ' ' || line[digits + 2] != ' ')
      return fail("line " + std::to_string(number) +
                  ": expected ADDRESS TYPE NAME, or an ELF file");
    std::string_view name = line.substr(digits + 3);
    name = name.substr(0, name.find_first_of(" \t"));
    const char type = line[digits + 1];
    if (type == 't' || type == 'T' || type == 'w' || type == 'W')
      TRY(put(address + offset, 0, name));
  }
  return {};
}

// Of several names for one address the first in the file counts; one with a size before one
// without.
void Symbols::settle() {
  std::stable_sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
    return a.begin != b.begin ? a.begin < b.begin : (a.size != 0) > (b.size != 0);
  });
  const auto same = [](const Symbol& a, const Symbol& b) { return a.begin == b.begin; };
  symbols_.erase(std::unique(symbols_.begin(), symbols_.end(), same), symbols_.end());
}

Symbols::Range Symbols::find(u64 address) const {
  const auto next = std::upper_bound(symbols_.begin(), symbols_.end(), address,
                                     [](u64 a, const Symbol& s) { return a < s.begin; });
  const u64 limit = next == symbols_.end() ? ~u64(0) : next->begin;
  if (next == symbols_.begin()) return {0, limit, kNone};
  const Symbol& symbol = next[-1];
  if (symbol.size == 0) return {symbol.begin, limit, symbol.name};
  const u64 end = limit - symbol.begin < symbol.size ? limit : symbol.begin + symbol.size;
  if (address >= end) return {end, limit, kNone};
  return {symbol.begin, end, symbol.name};
}

}  // namespace reprise::log
