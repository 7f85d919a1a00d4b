#include "tools/reprise/test_faults.h"

#include <charconv>

#include "storage/io_error.h"

namespace reprise::tools {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

bool number(std::string_view text, u64& out) {
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

bool which(std::string_view text, FaultRule& rule) {
  rule.count = 1;
  if (text.ends_with('+')) {
    rule.count = ~u64(0);
    text.remove_suffix(1);
  } else if (const std::size_t star = text.find('*'); star != text.npos) {
    if (!number(text.substr(star + 1), rule.count)) return false;
    text = text.substr(0, star);
  }
  return number(text, rule.skip);
}

bool operation(const std::string& word, FaultRule::Op& op) {
  constexpr std::pair<const char*, FaultRule::Op> kWords[] = {{"read", FaultRule::Op::Read},
                                                              {"write", FaultRule::Op::Write},
                                                              {"flush", FaultRule::Op::Flush},
                                                              {"discard", FaultRule::Op::Discard},
                                                              {"any", FaultRule::Op::Any}};
  for (const auto& [name, value] : kWords) {
    if (word != name) continue;
    op = value;
    return true;
  }
  return false;
}

bool error_number(const std::string& word, int& error) {
  u64 value = 0;
  if (word == "EIO") value = kEIO;
  if (word == "ENOSPC") value = kENOSPC;
  if (!value && !number(word, value)) return false;
  error = int(value);
  return value > 0 && value < 4096;
}

}  // namespace

Result<std::map<std::string, std::vector<FaultRule>>> parse_faults(const std::string& text) {
  std::map<std::string, std::vector<FaultRule>> rules;
  if (text.empty()) return rules;
  for (const std::string& item : split(text, ',')) {
    const std::vector<std::string> parts = split(item, ':');
    FaultRule rule;
    if (parts.size() != 4 || !operation(parts[1], rule.op) || !which(parts[2], rule) ||
        !error_number(parts[3], rule.error))
      return fail("-test-faults " + item + ": expected ID:OP:NUMBER:ERROR");
    rules[parts[0]].push_back(rule);
  }
  return rules;
}

}  // namespace reprise::tools
