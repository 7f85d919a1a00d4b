#include "tests/support/field_values.h"

#include <algorithm>
#include <cstring>

namespace reprise {
namespace {

std::string joined(const std::vector<std::string>& names, std::string_view last) {
  std::string path;
  for (const std::string& name : names) path += name + "/";
  return path + std::string(last);
}

bool is_index(const std::string& name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string entry_of(const std::string& path, const FieldValues& fields) {
  std::vector<std::string> names;
  std::string group;  // all but the last name
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end == path.size()) group = path.substr(0, at);
    names.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  const std::string& last = names.back();
  const bool container = (last == "size" || last == "data") && fields.contains(group + "size");
  const bool timer = (last == "armed" || last == "deadline") && fields.contains(group + "armed");
  if (container || timer || is_index(last)) names.pop_back();
  std::string entry;
  for (const std::string& name : names) entry += "/" + (is_index(name) ? "#" : name);
  return entry;
}

std::set<std::string> entries(const FieldValues& fields) {
  std::set<std::string> all;
  for (const auto& [path, value] : fields) all.insert(entry_of(path, fields));
  return all;
}

FieldValues without(const std::string& entry, const FieldValues& fields) {
  FieldValues rest;
  for (const auto& [path, value] : fields) {
    const std::string owner = entry_of(path, fields);
    if (owner != entry && !owner.starts_with(entry + "/")) rest.emplace(path, value);
  }
  return rest;
}

void ReadFields::number(std::string_view name, u64& value, unsigned width, u64, u64) {
  const u8* bytes = reinterpret_cast<const u8*>(&value);
  values[joined(names_, name)].assign(bytes, bytes + width);
}

void ReadFields::bytes(std::string_view name, std::span<u8> data) {
  values[joined(names_, name)].assign(data.begin(), data.end());
}

void WriteFields::number(std::string_view name, u64& value, unsigned width, u64, u64) {
  const auto found = values_.find(joined(names_, name));
  if (found == values_.end() || found->second.size() != width) return;
  value = 0;
  std::memcpy(&value, found->second.data(), width);
}

void WriteFields::bytes(std::string_view name, std::span<u8> data) {
  const auto found = values_.find(joined(names_, name));
  if (found == values_.end() || found->second.size() != data.size()) return;
  std::copy(found->second.begin(), found->second.end(), data.begin());
}

}  // namespace reprise
