#include "qmp/schema/schema.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "gen/qmp_schema.h"
#include "replay/core/check.h"

namespace reprise::qmp {
namespace {

using Kind = Type::Kind;

// A nameless type's members in the order in which they stand there.
using Ordered = nlohmann::ordered_json;

struct Builtin {
  const char* name;
  Kind kind;
  i64 least;
  u64 most;
};
constexpr i64 kMin64 = std::numeric_limits<i64>::min();
constexpr u64 kMax64 = u64(std::numeric_limits<i64>::max());
constexpr Builtin kBuiltins[] = {
    {"str", Kind::Str, 0, 0},
    {"number", Kind::Number, 0, 0},
    {"bool", Kind::Bool, 0, 0},
    {"null", Kind::Null, 0, 0},
    {"any", Kind::Any, 0, 0},
    {"int", Kind::Int, kMin64, kMax64},
    {"int8", Kind::Int, -128, 127},
    {"int16", Kind::Int, -32768, 32767},
    {"int32", Kind::Int, -2147483648, 2147483647},
    {"int64", Kind::Int, kMin64, kMax64},
    {"uint8", Kind::Int, 0, 255},
    {"uint16", Kind::Int, 0, 65535},
    {"uint32", Kind::Int, 0, 4294967295},
    {"uint64", Kind::Int, 0, ~u64(0)},
    {"size", Kind::Int, 0, ~u64(0)},
};

}  // namespace

class SchemaReader {
 public:
  explicit SchemaReader(Schema& schema) : schema_(schema) {}

  void read() {
    for (const Builtin& b : kBuiltins) {
      Type& type = add(b.name);
      type.kind = b.kind;
      type.least = b.least;
      type.most = b.most;
    }
    std::vector<Ordered> files;
    for (const std::string_view text : kSchemaFiles) files.push_back(Ordered::parse(text));
    for (const Ordered& file : files)  // names first: types refer to each other
      for (const auto& [name, definition] : section(file, "types").items()) {
        check(!schema_.types_.contains(name), "the schema defines a type twice");
        add(name);
        definitions_[name] = &definition;
      }
    for (const auto& [name, definition] : definitions_) fill(*schema_.types_.at(name), *definition);
    for (const Ordered& file : files) {
      for (const auto& [name, definition] : section(file, "commands").items())
        read_command(name, definition);
      for (const auto& [name, data] : section(file, "events").items())
        check(schema_.events_.emplace(name, &object(data)).second, "an event is there twice");
    }
  }

 private:
  static const Ordered& section(const Ordered& file, const char* name) {
    static const Ordered empty = Ordered::object();
    return file.contains(name) ? file.at(name) : empty;
  }
  Type& add(const std::string& name) {
    auto& slot = schema_.types_[name];
    slot = std::make_unique<Type>();
    slot->name = name;
    return *slot;
  }

  const Type& find(const std::string& name) {
    const auto found = schema_.types_.find(name);
    if (found != schema_.types_.end()) return *found->second;
    check(name.size() > 2 && name.front() == '[', "the schema names a type that is not there");
    const Type& element = find(name.substr(1, name.size() - 2));
    Type& array = add(name);
    array.kind = Kind::Array;
    array.element = &element;
    return array;
  }

  // {"a": TYPE, ...}, or the name of a struct or union.
  const Type& object(const Ordered& members) {
    if (members.is_string()) return find(members.get<std::string>());
    Type& type = *schema_.nameless_.emplace_back(std::make_unique<Type>());
    append(type, members);
    return type;
  }
  void append(Type& type, const Ordered& members) {
    for (const auto& [key, value] : members.items()) {
      const bool optional = key.ends_with('?');
      const std::string name = optional ? key.substr(0, key.size() - 1) : key;
      type.members.push_back({name, &find(value.get<std::string>()), optional});
    }
  }
  // The base's members, of a type that may not be filled yet.
  void append_base(Type& type, const Ordered& definition) {
    if (!definition.contains("base")) return;
    const Ordered& base = definition.at("base");
    if (!base.is_string()) return append(type, base);
    const Ordered& of = *definitions_.at(base.get<std::string>());
    append_base(type, of);
    append(type, of.at("struct"));
  }

  void fill(Type& type, const Ordered& definition) {
    append_base(type, definition);
    if (definition.contains("enum")) {
      type.kind = Kind::Enum;
      type.values = definition.at("enum").get<std::vector<std::string>>();
    } else if (definition.contains("alternate")) {
      type.kind = Kind::Alternate;
      append(type, definition.at("alternate"));
    } else if (definition.contains("struct")) {
      append(type, definition.at("struct"));
    } else if (definition.contains("tag")) {
      type.tag = definition.at("tag").get<std::string>();
      for (const auto& [value, variant] : definition.at("union").items())
        type.variants[value] = &find(variant.get<std::string>());
    } else {
      simple_union(type, definition.at("union"));
    }
  }
  void simple_union(Type& type, const Ordered& branches) {
    Type& kind = add(type.name + "Kind");
    kind.kind = Kind::Enum;
    type.tag = "type";
    type.members.push_back({"type", &kind, false});
    for (const auto& [value, data] : branches.items()) {
      kind.values.push_back(value);
      type.variants[value] = &object({{"data", data}});
    }
  }

  void read_command(const std::string& name, const Ordered& definition) {
    Command command;
    command.name = name;
    command.args = &object(definition.value("args", Ordered::object()));
    command.returns = &object(definition.value("returns", Ordered::object()));
    command.open = definition.value("open", false);
    command.logged = definition.value("logged", false);
    command.states = definition.value("states", std::vector<std::string>());
    check(schema_.commands_.emplace(name, std::move(command)).second, "a command is there twice");
  }

  Schema& schema_;
  std::map<std::string, const Ordered*> definitions_;
};

Schema::Schema() { SchemaReader(*this).read(); }
Schema::~Schema() = default;

const Command* Schema::find(std::string_view command) const {
  const auto found = commands_.find(command);
  return found == commands_.end() ? nullptr : &found->second;
}
const Type* Schema::event(std::string_view name) const {
  const auto found = events_.find(name);
  return found == events_.end() ? nullptr : found->second;
}
const Type* Schema::type(std::string_view name) const {
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : found->second.get();
}

}  // namespace reprise::qmp
