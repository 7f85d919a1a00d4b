// The schema as query-qmp-schema gives it: types by number, and only those that are reached.
#include <deque>
#include <nlohmann/json.hpp>

#include "qmp/schema/schema.h"
#include "replay/core/check.h"

namespace reprise::qmp {
namespace {

using Kind = Type::Kind;

class Introspection {
 public:
  Json take() {
    while (!waiting_.empty()) {
      const Type* type = waiting_.front();
      waiting_.pop_front();
      list_.push_back(describe(*type));
    }
    return std::move(list_);
  }
  void add(Json entity) { list_.push_back(std::move(entity)); }

  // The name that a type has here; it will be described.
  std::string name_of(const Type& type) {
    for (const auto& [known, name] : names_)
      if (known == &type) return name;
    // All empty objects are one, as are all integers.
    if (is_empty(type) && !empty_.empty()) return empty_;
    if (type.kind == Kind::Int && type.name != "int" && !int_.empty()) return int_;
    std::string name;
    if (type.kind == Kind::Array) {
      name = "[" + name_of(*type.element) + "]";
    } else if (type.kind >= Kind::Enum) {
      name = std::to_string(next_++);
    } else {
      name = type.kind == Kind::Int ? "int" : type.name;
    }
    if (is_empty(type)) empty_ = name;
    const bool known = type.kind == Kind::Int && !std::exchange(int_, name).empty();
    names_.emplace_back(&type, name);
    if (!known) waiting_.push_back(&type);
    return name;
  }

 private:
  static bool is_empty(const Type& type) {
    return type.kind == Kind::Object && type.members.empty() && type.tag.empty();
  }
  static const char* json_type(Kind kind) {
    switch (kind) {
      case Kind::Str:
        return "string";
      case Kind::Int:
        return "int";
      case Kind::Number:
        return "number";
      case Kind::Bool:
        return "boolean";
      case Kind::Null:
        return "null";
      default:
        return "value";
    }
  }
  Json describe(const Type& type) {
    Json out{{"name", name_of(type)}};
    switch (type.kind) {
      case Kind::Enum:
        out["meta-type"] = "enum";
        out["values"] = type.values;
        break;
      case Kind::Array:
        out["meta-type"] = "array";
        out["element-type"] = name_of(*type.element);
        break;
      case Kind::Alternate:
        out["meta-type"] = "alternate";
        out["members"] = Json::array();
        for (const Member& m : type.members) out["members"].push_back({{"type", name_of(*m.type)}});
        break;
      case Kind::Object:
        out["meta-type"] = "object";
        describe_object(type, out);
        break;
      default:
        out["meta-type"] = "builtin";
        out["json-type"] = json_type(type.kind);
    }
    return out;
  }
  void describe_object(const Type& type, Json& out) {
    out["members"] = Json::array();
    const Type* tag = nullptr;
    for (const Member& m : type.members) {
      Json member{{"name", m.name}, {"type", name_of(*m.type)}};
      if (m.optional) member["default"] = nullptr;
      out["members"].push_back(std::move(member));
      if (m.name == type.tag) tag = m.type;
    }
    if (type.tag.empty()) return;
    check(tag && tag->kind == Kind::Enum, "a union's tag is one of its members, an enum");
    out["tag"] = type.tag;
    out["variants"] = Json::array();
    for (const std::string& value : tag->values) {
      const auto found = type.variants.find(value);
      const Type& variant = found == type.variants.end() ? nothing_ : *found->second;
      out["variants"].push_back({{"case", value}, {"type", name_of(variant)}});
    }
  }

  Json list_ = Json::array();
  std::vector<std::pair<const Type*, std::string>> names_;
  std::deque<const Type*> waiting_;
  std::string empty_, int_;
  unsigned next_ = 0;
  const Type nothing_;
};

}  // namespace

Json introspect(const std::vector<const Command*>& commands,
                const std::map<std::string, const Type*, std::less<>>& events) {
  Introspection out;
  for (const Command* command : commands)
    out.add({{"name", command->name},
             {"meta-type", "command"},
             {"arg-type", out.name_of(*command->args)},
             {"ret-type", out.name_of(*command->returns)}});
  for (const auto& [name, data] : events)
    out.add({{"name", name}, {"meta-type", "event"}, {"arg-type", out.name_of(*data)}});
  return out.take();
}

}  // namespace reprise::qmp
