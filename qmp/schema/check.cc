// Is a value of a type? Messages as QEMU's.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "qmp/schema/schema.h"

namespace reprise::qmp {
namespace {

using Kind = Type::Kind;

std::string shown(const std::string& text) {
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

std::string invalid(const std::string& name, const char* expected) {
  return "Invalid parameter type for '" + name + "', expected: " + expected;
}

const char* word_of(Kind kind) {
  switch (kind) {
    case Kind::Str:
    case Kind::Enum:
      return "string";
    case Kind::Int:
      return "integer";
    case Kind::Number:
      return "number";
    case Kind::Bool:
      return "boolean";
    case Kind::Null:
      return "null";
    case Kind::Array:
      return "array";
    default:
      return "object";
  }
}

bool has_form(const Type& type, const Json& value) {
  switch (type.kind) {
    case Kind::Str:
    case Kind::Enum:
      return value.is_string();
    case Kind::Int:
      return value.is_number_integer();
    case Kind::Number:
      return value.is_number();
    case Kind::Bool:
      return value.is_boolean();
    case Kind::Null:
      return value.is_null();
    case Kind::Array:
      return value.is_array();
    case Kind::Object:
      return value.is_object();
    case Kind::Any:
      return true;
    case Kind::Alternate:
      return std::any_of(type.members.begin(), type.members.end(),
                         [&](const Member& m) { return has_form(*m.type, value); });
  }
  return false;
}

bool in_range(const Type& type, const Json& value) {
  if (value.is_number_unsigned()) return value.get<u64>() <= type.most;
  return value.get<i64>() >= type.least;
}

std::optional<std::string> members_problem(const std::vector<Member>& members, const Json& value,
                                           const std::string& prefix) {
  for (const Member& member : members) {
    const auto found = value.find(member.name);
    if (found == value.end()) {
      if (member.optional) continue;
      return "Parameter '" + prefix + member.name + "' is missing";
    }
    if (auto wrong = problem(*member.type, *found, prefix + member.name)) return wrong;
  }
  return std::nullopt;
}

const Type* variant_of(const Type& type, const Json& value) {
  if (type.tag.empty()) return nullptr;
  const auto found = type.variants.find(value.at(type.tag).get<std::string>());
  return found == type.variants.end() ? nullptr : found->second;
}

bool has_member(const Type* type, const std::string& name) {
  return type && std::any_of(type->members.begin(), type->members.end(),
                             [&](const Member& member) { return member.name == name; });
}

bool knows(const Type& type, const Json& value, const std::string& name) {
  if (has_member(&type, name)) return true;
  const Type* variant = variant_of(type, value);
  return variant && knows(*variant, value, name);
}

std::optional<std::string> object_problem(const Type& type, const Json& value,
                                          const std::string& prefix) {
  if (auto wrong = members_problem(type.members, value, prefix)) return wrong;
  const Type* variant = variant_of(type, value);
  return variant ? object_problem(*variant, value, prefix) : std::nullopt;
}

}  // namespace

std::optional<std::string> problem(const Type& type, const Json& value, const std::string& name,
                                   bool open) {
  if (type.kind == Kind::Any) return std::nullopt;
  if (!has_form(type, value))
    return invalid(name, type.kind == Kind::Alternate ? type.name.c_str() : word_of(type.kind));
  switch (type.kind) {
    case Kind::Str:  // names of files and the like; a C string would end there
      if (value.get_ref<const std::string&>().find('\0') != std::string::npos)
        return "Parameter '" + name + "' expects a string without '\\u0000'";
      return std::nullopt;
    case Kind::Int:
      if (!in_range(type, value))
        return "Parameter '" + name + "' expects " + (type.name == "int" ? "int64" : type.name);
      return std::nullopt;
    case Kind::Enum: {
      const std::string text = value.get<std::string>();
      if (std::find(type.values.begin(), type.values.end(), text) == type.values.end())
        return "Parameter '" + name + "' does not accept value '" + shown(text) + "'";
      return std::nullopt;
    }
    case Kind::Array:
      for (std::size_t i = 0; i < value.size(); ++i)
        if (auto wrong = problem(*type.element, value[i], name + "[" + std::to_string(i) + "]"))
          return wrong;
      return std::nullopt;
    case Kind::Alternate:
      for (const Member& member : type.members)
        if (has_form(*member.type, value)) return problem(*member.type, value, name);
      return std::nullopt;
    case Kind::Object: {
      const std::string prefix = name.empty() ? "" : name + ".";
      if (auto wrong = object_problem(type, value, prefix)) return wrong;
      if (open) return std::nullopt;
      for (const auto& [key, unused] : value.items())
        if (!knows(type, value, key))
          return "Parameter '" + prefix + shown(key) + "' is unexpected";
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace reprise::qmp
