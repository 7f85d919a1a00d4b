// The schema of QMP: which commands and events there are, and the types of what they carry.
//
// It is read from qmp/schema/*.json, which are part of the program:
//   "commands": {"NAME": {"args": {"a": TYPE, "b?": TYPE} or "STRUCT", "returns": TYPE,
//                         "open": true    any further arguments are taken
//                         "logged": true  it changes what the guest sees: refused where the guest
//                                         can only be watched
//                         "states": [...] the run states in which it is legal; default: all}}
//   "events":   {"NAME": {"a": TYPE, ...}}
//   "types":    {"NAME": {"base": ..., "struct": {...}}, {"enum": [...]}, {"alternate": {...}},
//                        {"base": ..., "tag": "MEMBER", "union": {"VALUE": "STRUCT"}}, or without
//                        base and tag QEMU's "simple" union, {"type": VALUE, "data": TYPE}}
//   TYPE: a name; "[NAME]" is an array. "?" marks a member that may be left out.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/core/types.h"

namespace reprise::qmp {

using Json = nlohmann::json;

struct Type;

struct Member {
  std::string name;
  const Type* type;
  bool optional;
};

struct Type {
  enum class Kind { Str, Int, Number, Bool, Null, Any, Enum, Array, Object, Alternate };
  std::string name;
  Kind kind = Kind::Object;
  i64 least = 0;                    // Int
  u64 most = 0;                     // Int
  std::vector<std::string> values;  // Enum
  const Type* element = nullptr;    // Array
  std::vector<Member> members;      // Object: the base's first. Alternate: what it may be
  std::string tag;                  // Object: the member that chooses; empty: no variants
  std::map<std::string, const Type*> variants;  // their members come on top
};

struct Command {
  std::string name;
  const Type* args = nullptr;     // an Object
  const Type* returns = nullptr;  // the empty Object for those that return nothing
  bool open = false;
  bool logged = false;
  std::vector<std::string> states;
};

class Schema {
 public:
  Schema();  // what is embedded; a mistake in it is a programmer's
  ~Schema();
  Schema(const Schema&) = delete;

  const Command* find(std::string_view command) const;  // null: there is none
  const Type* event(std::string_view name) const;
  const Type* type(std::string_view name) const;
  const std::map<std::string, Command, std::less<>>& commands() const { return commands_; }
  const std::map<std::string, const Type*, std::less<>>& events() const { return events_; }

 private:
  friend class SchemaReader;
  std::map<std::string, std::unique_ptr<Type>, std::less<>> types_;
  std::vector<std::unique_ptr<Type>> nameless_;  // arguments of commands, data of events
  std::map<std::string, Command, std::less<>> commands_;
  std::map<std::string, const Type*, std::less<>> events_;
};

// What is wrong with `value`, in QEMU's words; nothing if it is of that type. `open`: unknown
// members are fine.
std::optional<std::string> problem(const Type& type, const Json& value, const std::string& name,
                                   bool open = false);

// query-qmp-schema's answer: these commands, all events in `events`, and the types that they reach.
Json introspect(const std::vector<const Command*>& commands,
                const std::map<std::string, const Type*, std::less<>>& events);

}  // namespace reprise::qmp
