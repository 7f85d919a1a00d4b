#include "qmp/hmp/memory.h"

#include <charconv>
#include <cstdio>
#include <cstring>
#include <functional>

#include "cpu/cpu.h"
#include "cpu/debug/disassembler.h"
#include "qmp/operator_debug.h"

namespace reprise {
namespace {

using ull = unsigned long long;

// "/COUNTFORMATSIZE", as in gdb and QEMU: 4x, 10i, 2xg.
struct Format {
  static constexpr unsigned kMaxCount = 65536;
  unsigned count = 1;
  char format = 'x';  // x d u o c i
  unsigned size = 4;  // bytes
};

std::optional<Format> parse_format(std::string_view text) {
  Format out;
  const char* end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, out.count);
  if (number.ec == std::errc::result_out_of_range || !out.count || out.count > Format::kMaxCount)
    return std::nullopt;
  bool sized = false;
  for (const char* c = number.ptr; c != end; ++c) {
    const char* sizes = "bhwg";
    if (std::strchr("xduoci", *c)) {
      out.format = *c;
    } else if (const char* at = std::strchr(sizes, *c)) {
      out.size = 1u << (at - sizes);
      sized = true;
    } else {
      return std::nullopt;
    }
  }
  if (out.format == 'c' && !sized) out.size = 1;
  return out;
}

std::optional<u64> register_value(const cpu::Cpu& c, std::string_view name) {
  using namespace cpu;
  constexpr std::string_view kNames[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  const u64 low = 0xffffffff;
  if (name == "pc") return c.seg[CS].base + c.r[kRip];
  if (name == "rip" || name == "eip") return name[0] == 'r' ? c.r[kRip] : c.r[kRip] & low;
  if (name.size() == 3 && (name[0] == 'r' || name[0] == 'e'))
    for (unsigned i = 0; i < 8; ++i)
      if (name.substr(1) == kNames[i]) return name[0] == 'r' ? c.r[i] : c.r[i] & low;
  unsigned number = 0;
  const auto parsed = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (name[0] == 'r' && parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() &&
      number >= 8 && number < 16)
    return c.r[number];
  return std::nullopt;
}

std::optional<u64> term(const cpu::Cpu* cpu, std::string_view text) {
  if (text.size() > 1 && text[0] == '$')
    return cpu ? register_value(*cpu, text.substr(1)) : std::nullopt;
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  if (hex) text.remove_prefix(2);
  u64 value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, hex ? 16 : 10);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::string shown(u64 value, const Format& f) {
  const unsigned bits = f.size * 8;
  char text[40];
  switch (f.format) {
    case 'd':
      std::snprintf(text, sizeof text, " %*lld", int(bits * 10 / 33 + 2),
                    static_cast<long long>(i64(value << (64 - bits)) >> (64 - bits)));
      break;
    case 'u':
      std::snprintf(text, sizeof text, " %*llu", int(bits * 10 / 33 + 1), ull(value));
      break;
    case 'o':
      std::snprintf(text, sizeof text, " 0%0*llo", int((bits + 2) / 3), ull(value));
      break;
    case 'c':
      if (value >= 0x20 && value < 0x7f)
        std::snprintf(text, sizeof text, " '%c'", char(value));
      else
        std::snprintf(text, sizeof text, " '\\x%0*llx'", int(f.size * 2), ull(value));
      break;
    default:
      std::snprintf(text, sizeof text, " 0x%0*llx", int(f.size * 2), ull(value));
  }
  return text;
}

using View = std::function<std::vector<u8>(u64 address, u64 length)>;
constexpr const char* kNoAccess = "Cannot access memory\n";

std::string start_of_line(u64 address) {
  char text[24];
  std::snprintf(text, sizeof text, "%016llx:", ull(address));
  return text;
}

std::string items(const View& view, u64 address, const Format& f) {
  const unsigned per_line = std::max(1u, (f.size == 1 ? 8 : 16) / f.size);
  std::string out;
  for (unsigned done = 0; done < f.count; ++done, address += f.size) {
    const std::vector<u8> bytes = view(address, f.size);
    if (bytes.size() < f.size) return out + (out.empty() ? "" : "\n") + kNoAccess;
    u64 value = 0;
    std::memcpy(&value, bytes.data(), f.size);
    if (done % per_line == 0) out += (done ? "\n" : "") + start_of_line(address);
    out += shown(value, f);
  }
  return out + "\n";
}

std::string instructions(const View& view, const cpu::Cpu& cpu, u64 address, unsigned count) {
  constexpr u64 kLongest = 15;
  const unsigned bits = cpu.code64() ? 64 : cpu.mode & cpu::kMode32 ? 32 : 16;
  cpu::Disassembler disassemble;
  std::string out;
  for (unsigned i = 0; i < count; ++i) {
    const std::vector<u8> bytes = view(address, kLongest);
    if (bytes.empty()) return out + kNoAccess;
    const cpu::Disassembled op = disassemble(bytes, bits, address);
    char text[24];
    std::snprintf(text, sizeof text, "0x%08llx:  ", ull(address));
    out += text + op.text + "\n";
    address += op.length;
  }
  return out;
}

std::string view_memory(HmpState& state, const HmpWords& words, bool physical) {
  OperatorDebug* debug = state.op.debug();
  if (!debug) return "Error: this machine's memory cannot be looked at\n";
  const std::string usage = "Error: expected: " + words[0] +
                            " [/COUNTFORMATSIZE] address; formats x d u o c i, sizes b h w g\n";
  std::size_t next = 1;
  Format format;
  if (words.size() > 1 && words[1].starts_with('/')) {
    const auto parsed = parse_format(std::string_view(words[1]).substr(1));
    if (!parsed) return usage;
    format = *parsed;
    ++next;
  }
  std::string expression;
  for (; next < words.size(); ++next) expression += words[next];
  const auto cpus = state.op.cpus();
  const cpu::Cpu* cpu = state.cpu < cpus.size() ? cpus[state.cpu] : nullptr;
  const auto address = hmp_address(cpu, expression);
  if (!address) return usage;
  const View view = [&](u64 at, u64 length) {
    return physical ? debug->read_physical(at, length) : debug->read_linear(state.cpu, at, length);
  };
  if (format.format != 'i') return items(view, *address, format);
  if (!cpu) return "Can not dump without CPU\n";
  return instructions(view, *cpu, *address, format.count);
}

}  // namespace

std::optional<u64> hmp_address(const cpu::Cpu* cpu, const std::string& text) {
  u64 sum = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const bool minus = at > 0 && text[at - 1] == '-';
    const std::size_t end = std::min(text.find_first_of("+-", at), text.size());
    const auto value = term(cpu, std::string_view(text).substr(at, end - at));
    if (!value) return std::nullopt;
    sum += minus ? 0 - *value : *value;
    at = end + 1;
  }
  return sum;
}

std::string hmp_x(HmpState& state, const HmpWords& words) {
  return view_memory(state, words, false);
}
std::string hmp_xp(HmpState& state, const HmpWords& words) {
  return view_memory(state, words, true);
}

}  // namespace reprise
