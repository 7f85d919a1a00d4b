#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "tests/qmp/qmp_rig.h"

namespace reprise::qmp {
namespace {

std::string wrong(const Type& type, const char* json, bool open = false) {
  return problem(type, Json::parse(json), "", open).value_or("");
}

// Messages as QEMU 7.2's.
TEST(QmpSchema, ChecksArguments) {
  const Schema schema;
  const Type& hmp = *schema.find("human-monitor-command")->args;
  EXPECT_EQ(wrong(hmp, R"({"command-line": "x"})"), "");
  EXPECT_EQ(wrong(hmp, "{}"), "Parameter 'command-line' is missing");
  EXPECT_EQ(wrong(hmp, R"({"command-line": 1})"),
            "Invalid parameter type for 'command-line', expected: string");
  EXPECT_EQ(wrong(hmp, R"({"command-line": "x", "a": 1})"), "Parameter 'a' is unexpected");
  EXPECT_EQ(wrong(hmp, R"({"command-line": "x", "a": 1})", true), "");
  EXPECT_EQ(wrong(hmp, R"({"command-line": "x", "cpu-index": 1.5})"),
            "Invalid parameter type for 'cpu-index', expected: integer");
  EXPECT_EQ(wrong(hmp, R"({"command-line": "x", "cpu-index": 9223372036854775808})"),
            "Parameter 'cpu-index' expects int64");
  EXPECT_EQ(wrong(hmp, R"({"command-line": "a\u0000b"})"),
            "Parameter 'command-line' expects a string without '\\u0000'");

  const Type& keys = *schema.find("send-key")->args;
  EXPECT_EQ(wrong(keys, R"({"keys": [{"type": "qcode", "data": "a"}]})"), "");
  EXPECT_EQ(wrong(keys, R"({"keys": [{"type": "number", "data": 1}]})"), "");
  EXPECT_EQ(wrong(keys, R"({"keys": [{"type": "qcode"}]})"), "Parameter 'keys[0].data' is missing");
  EXPECT_EQ(wrong(keys, R"({"keys": 5})"), "Invalid parameter type for 'keys', expected: array");
  EXPECT_EQ(wrong(keys, R"({"keys": [7]})"),
            "Invalid parameter type for 'keys[0]', expected: object");
  EXPECT_EQ(wrong(keys, R"({"keys": [{"type": "foo", "data": 1}]})"),
            "Parameter 'keys[0].type' does not accept value 'foo'");
  EXPECT_EQ(wrong(keys, R"({"keys": [{"type": "number", "data": 1, "x": 1}]})"),
            "Parameter 'keys[0].x' is unexpected");

  // A union in a union, an alternate, a base of a base.
  const Type& add = *schema.find("blockdev-add")->args;
  EXPECT_EQ(wrong(add, R"({"driver": "qcow2", "file": {"driver": "file", "filename": "x"}})"), "");
  EXPECT_EQ(wrong(add, R"({"driver": "qcow2", "file": "node"})"), "");
  EXPECT_EQ(wrong(add, R"({"driver": "qcow2", "file": {"driver": "file"}})"),
            "Parameter 'file.filename' is missing");
  EXPECT_EQ(wrong(add, R"({"driver": "qcow2", "file": 3})"),
            "Invalid parameter type for 'file', expected: BlockdevRef");
}

// The schema of 2.11.2, and what came on top.
TEST(QmpSchema, IsComplete) {
  const Schema schema;
  EXPECT_GE(schema.commands().size(), 155u);
  EXPECT_GE(schema.events().size(), 37u);
  for (const char* name : {"query-status", "migrate-set-parameters", "query-rocker-of-dpa-flows",
                           "xen-set-replication", "replay-seek"})
    EXPECT_TRUE(schema.find(name)) << name;
  EXPECT_TRUE(schema.type("NetdevUserOptions"));
}

// Each name that an entity of query-qmp-schema refers to is there, once; nothing else is.
TEST(QmpSchema, IntrospectionIsClosed) {
  QmpRig rig;
  const Json all = rig.run("query-qmp-schema");
  std::set<std::string> names, used;
  std::vector<std::string> commands;
  for (const Json& entity : all) {
    const std::string name = entity["name"];
    if (entity["meta-type"] == "command") {
      commands.push_back(name);
      used.insert(entity["arg-type"].get<std::string>());
      used.insert(entity["ret-type"].get<std::string>());
    } else if (entity["meta-type"] == "event") {
      used.insert(entity["arg-type"].get<std::string>());
    } else {
      EXPECT_TRUE(names.insert(name).second) << name;
    }
    for (const char* list : {"members", "variants"})
      for (const Json& member : entity.value(list, Json::array()))
        used.insert(member["type"].get<std::string>());
    if (entity.contains("element-type")) used.insert(entity["element-type"].get<std::string>());
  }
  EXPECT_EQ(names, used);
  std::vector<std::string> listed;
  for (const Json& command : rig.run("query-commands")) listed.push_back(command["name"]);
  EXPECT_EQ(commands, listed);
}

// What documents of QEMU show: where we have the command, its answers are of the type that we have.
TEST(QmpSchema, NamesNoCommandWithoutHandler) {
  QmpRig rig;
  std::set<std::string> listed;
  for (const Json& command : rig.run("query-commands"))
    listed.insert(command["name"].get<std::string>());
  for (const auto& [name, command] : rig.server.schema().commands()) {
    const std::string said = rig.run(name, "{\"no-such-argument\": 1}").dump();
    const bool refused = said.find("has not been found") != std::string::npos;
    EXPECT_EQ(refused, !listed.contains(name)) << name << said;
  }
  EXPECT_FALSE(listed.contains("replay-seek")) << "a machine without time travel";
  EXPECT_FALSE(listed.contains("migrate"));
}

}  // namespace
}  // namespace reprise::qmp
