#include "tools/reprise/suboptions.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace reprise::tools {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != ',') {
      parts.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == ',') {
      parts.back() += ',';
      ++i;
    } else {
      parts.emplace_back();
    }
  }
  return parts;
}

bool contains(const std::vector<std::string>& names, const std::string& word) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

// Insertions, deletions, replacements, and swaps of neighbours.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] =
          std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

using Json = nlohmann::json;
using Values = std::vector<std::pair<std::string, std::string>>;

// False: too deep, or not a value that an option can have.
bool flatten(const Json& json, const std::string& key, unsigned depth, Values& out) {
  constexpr unsigned kMaxDepth = 8;
  const std::string inner = key.empty() ? "" : key + ".";
  if (depth > kMaxDepth) return false;
  if (json.is_object()) {
    for (const auto& [name, value] : json.items())
      if (!flatten(value, inner + name, depth + 1, out)) return false;
  } else if (json.is_array()) {
    for (std::size_t i = 0; i < json.size(); ++i)
      if (!flatten(json[i], inner + std::to_string(i), depth + 1, out)) return false;
  } else if (json.is_boolean()) {
    out.emplace_back(key, json.get<bool>() ? "on" : "off");
  } else if (json.is_string()) {
    out.emplace_back(key, json.get<std::string>());
  } else if (json.is_number_integer()) {
    out.emplace_back(key, json.dump());
  } else {
    return json.is_null();  // "backing": null, as if it were not there
  }
  return true;
}

Result<Values> parse_json(const std::string& where, const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(where + ": expected key=value,... or a JSON object");
  Values values;
  if (!flatten(json, "", 0, values))
    return fail(where + ": expected texts, whole numbers, true, false or null in the JSON object");
  return values;
}

}  // namespace

Result<Suboptions> Suboptions::parse(const std::string& option, const std::string& text,
                                     const std::string& first, std::vector<std::string> known) {
  Suboptions result;
  result.name_ = option;
  result.option_ = option + " " + shown(text);
  const bool is_json = text.starts_with("{");
  if (is_json) result.values_ = TRY(parse_json(result.option_, text));
  bool leading = true;
  for (const std::string& part : is_json ? std::vector<std::string>() : split(text)) {
    const auto equals = part.find('=');
    std::string key = part.substr(0, equals);
    std::string value = equals == std::string::npos ? "on" : part.substr(equals + 1);
    if (leading && equals == std::string::npos && !first.empty()) {
      value = part;
      key = first;
    } else if (equals == std::string::npos && !contains(known, key) && key.starts_with("no") &&
               contains(known, key.substr(2))) {
      key = key.substr(2);
      value = "off";
    }
    leading = false;
    if (key.empty()) return fail(result.option_ + ": an empty suboption between commas");
    result.values_.emplace_back(std::move(key), std::move(value));
  }
  for (const auto& [key, value] : result.values_) {
    if (!known.empty() && key != first && !contains(known, key))
      return fail(result.option_ + ": no suboption '" + shown(key) + "'; " +
                  expected_one_of(key, known));
  }
  return result;
}

const std::string* Suboptions::find(const std::string& key) const {
  for (auto it = values_.rbegin(); it != values_.rend(); ++it)
    if (it->first == key) return &it->second;
  return nullptr;
}

std::string Suboptions::text(const std::string& key, const std::string& otherwise) const {
  const std::string* value = find(key);
  return value ? *value : otherwise;
}

Result<u64> Suboptions::number(const std::string& key, u64 otherwise, u64 lo, u64 hi) const {
  const std::string* value = find(key);
  if (!value) return otherwise;
  const auto number = parse_number(*value, lo, hi);
  if (!number) return fail(name_ + " " + key + "=" + shown(*value) + ": " + number.error().message);
  return *number;
}

Result<bool> Suboptions::on_off(const std::string& key, bool otherwise) const {
  const std::string* value = find(key);
  if (!value) return otherwise;
  if (*value == "on" || *value == "yes" || *value == "true") return true;
  if (*value == "off" || *value == "no" || *value == "false") return false;
  return fail(name_ + " " + key + "=" + shown(*value) + ": expected on or off");
}

Result<std::string> Suboptions::one_of(const std::string& key, const std::string& otherwise,
                                       const std::vector<std::string>& names) const {
  const std::string value = text(key, otherwise);
  if (!find(key) || contains(names, value)) return value;
  return fail(name_ + " " + key + "=" + shown(value) + ": " + expected_one_of(value, names));
}

void Suboptions::add_default(const std::string& key, const std::string& value) {
  values_.emplace(values_.begin(), key, value);
}

Result<u64> parse_number(const std::string& text, u64 lo, u64 hi) {
  const bool hex = text.starts_with("0x") || text.starts_with("0X");
  const char* begin = text.data() + (hex ? 2 : 0);
  const char* end = text.data() + text.size();
  u64 value = 0;
  const auto [stop, problem] = std::from_chars(begin, end, value, hex ? 16 : 10);
  const bool overflow = problem == std::errc::result_out_of_range;
  if (stop != end || begin == end || (problem != std::errc() && !overflow))
    return fail("expected a number, not '" + shown(text) + "'");
  if (overflow || value < lo || value > hi)
    return fail("expected a number from " + std::to_string(lo) + " to " + std::to_string(hi));
  return value;
}

Result<u64> parse_size(const std::string& text, u64 unit) {
  constexpr const char* kExpected = "expected a size such as 512, 512M or 1G";
  const auto bad = [&] { return fail(std::string(kExpected) + ", not '" + shown(text) + "'"); };
  if (text.empty() || text[0] < '0' || text[0] > '9') return bad();
  if (text.starts_with("0x") || text.starts_with("0X")) {
    const auto value = parse_number(text, 0, ~u64(0) / unit);
    if (!value) return bad();
    return *value * unit;
  }
  // Integer and fraction apart, so that the result is exact whatever the host's floating point is.
  u64 whole = 0, fraction = 0, scale = 1;
  std::size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (whole > (u64(1) << 50)) return fail("the size '" + shown(text) + "' is too large");
    whole = whole * 10 + u64(text[i] - '0');
  }
  if (i < text.size() && text[i] == '.') {
    for (++i; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
      if (scale >= 1'000'000) continue;
      fraction = fraction * 10 + u64(text[i] - '0');
      scale *= 10;
    }
  }
  if (i < text.size()) {
    const std::string suffix = text.substr(i);
    const std::string letters = "bkmgtpe";
    const auto power = letters.find(char(suffix[0] | 0x20));
    if (power == std::string::npos || suffix.size() > 1) return bad();
    unit = u64(1) << (10 * power);
  }
  const u128 bytes = u128(whole) * unit + u128(fraction) * unit / scale;
  if (bytes > ~u64(0) >> 1) return fail("the size '" + shown(text) + "' is too large");
  return u64(bytes);
}

std::string nearest(const std::string& word, const std::vector<std::string>& names) {
  std::string best;
  std::size_t least = 1 + std::max<std::size_t>(1, word.size() / 3);
  if (word.size() > 64) return best;
  for (const std::string& name : names) {
    std::size_t distance = edit_distance(word, name);
    if (word.size() >= 3 && name.starts_with(word)) distance = std::min<std::size_t>(distance, 1);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

std::string expected_one_of(const std::string& word, const std::vector<std::string>& names) {
  std::string text = names.size() == 1 ? "expected " : "expected one of ";
  for (std::size_t i = 0; i < names.size(); ++i) text += (i ? ", " : "") + names[i];
  const std::string close = nearest(word, names);
  if (!close.empty()) text += "; did you mean '" + close + "'?";
  return text;
}

std::string shown(const std::string& text) {
  constexpr std::size_t kLimit = 200;
  std::string line = text.substr(0, kLimit);
  for (char& c : line)
    if (u8(c) < ' ' || c == 0x7f) c = '?';
  return text.size() > kLimit ? line + "..." : line;
}

std::string doubled_commas(const std::string& text) {
  std::string doubled;
  for (const char c : text) doubled += c == ',' ? ",," : std::string(1, c);
  return doubled;
}

std::string size_text(u64 bytes) {
  constexpr const char* kUnits[] = {" bytes", " KiB", " MiB", " GiB", " TiB"};
  unsigned unit = 0;
  while (unit < 4 && bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + kUnits[unit];
}

}  // namespace reprise::tools
