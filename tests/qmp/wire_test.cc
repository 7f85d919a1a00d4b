// QMP on the wire: what QEMU 7.2 answered to the same bytes, except where it says otherwise.
#include <gtest/gtest.h>

#include "tests/qmp/qmp_rig.h"

namespace reprise::qmp {
namespace {

std::string error(const std::string& desc, const std::string& kind = "GenericError") {
  return "{\"error\": {\"class\": \"" + kind + "\", \"desc\": \"" + desc + "\"}}\r\n";
}
constexpr const char* kName = R"({"execute":"query-name"})";
constexpr const char* kNamed = "{\"return\": {\"name\": \"test\"}}\r\n";

TEST(QmpWire, GreetsAndNegotiates) {
  QmpRig rig(false);
  rig.monitor.open();
  EXPECT_EQ(rig.out,
            "{\"QMP\": {\"capabilities\": [], \"version\": {\"package\": \"Reprise test\", "
            "\"qemu\": {\"major\": 2, \"micro\": 2, \"minor\": 11}}}}\r\n");
  EXPECT_EQ(rig.say(kName),
            error("Expecting capabilities negotiation with 'qmp_capabilities'", "CommandNotFound"));
  rig.out.clear();
  rig.server.event("STOP", Json::object());
  EXPECT_EQ(rig.out, "") << "events come after negotiation";
  EXPECT_EQ(rig.say(R"({"execute":"qmp_capabilities","id":[1,{"a":null}]})"),
            "{\"return\": {}, \"id\": [1, {\"a\": null}]}\r\n");
  EXPECT_EQ(
      rig.say(R"({"execute":"qmp_capabilities"})"),
      error("Capabilities negotiation is already complete, command ignored", "CommandNotFound"));
  rig.out.clear();
  rig.server.event("RESET", {{"guest", true}});
  EXPECT_EQ(
      rig.out,
      "{\"timestamp\": {\"microseconds\": 8, \"seconds\": 7}, \"event\": \"RESET\", \"data\": "
      "{\"guest\": true}}\r\n");
  rig.monitor.open();  // the next client begins anew
  EXPECT_NE(rig.say(kName).find("Expecting capabilities"), std::string::npos);
}

TEST(QmpWire, AnswersInOrderHoweverBytesCome) {
  const std::string two = R"({"execute":"query-name"}{"execute":"query-name","id":2})";
  const std::string answers =
      std::string(kNamed) + "{\"return\": {\"name\": \"test\"}, \"id\": 2}\r\n";
  QmpRig whole;
  EXPECT_EQ(whole.say(two), answers);
  QmpRig split;
  std::string got;
  for (const char c : two) got += split.say(std::string(1, c));
  EXPECT_EQ(got, answers);
}

TEST(QmpWire, EchoesAnyId) {
  QmpRig rig;
  for (const char* id : {"null", "true", "-1", "18446744073709551615", "\"\\u0000\"", "\"\\u00e9\"",
                         "{\"b\": [{}]}"})
    EXPECT_EQ(rig.say(std::string("{\"execute\":\"query-name\",\"id\":") + id + "}"),
              std::string("{\"return\": {\"name\": \"test\"}, \"id\": ") + id + "}\r\n");
  EXPECT_EQ(rig.say("{'execute':'query-name', 'id':'a\"b\\'c'}"),
            "{\"return\": {\"name\": \"test\"}, \"id\": \"a\\\"b'c\"}\r\n");
  EXPECT_EQ(
      rig.say(R"({"execute":"nope","id":1})"),
      "{\"id\": 1, \"error\": {\"class\": \"CommandNotFound\", \"desc\": \"The command nope has "
      "not been found\"}}\r\n");
}

TEST(QmpWire, SurvivesWhatIsNotJson) {
  const std::pair<const char*, std::string> kCases[] = {
      {"foo bar\n", error("JSON parse error, invalid keyword 'foo'") +
                        error("JSON parse error, invalid keyword 'bar'")},
      {"1 ", error("QMP input must be a JSON object")},
      {"\"abc\"", error("QMP input must be a JSON object")},
      {"\xff", error("JSON parse error, stray '\\\\uFFFD'")},
      {"{\"execute\":\xff", error("JSON parse error, stray '\\\\uFFFD'")},
      {"[]", error("QMP input must be a JSON object")},
      {"{}", error("QMP input lacks member 'execute'")},
      {R"({"execute":1})", error("QMP input member 'execute' must be a string")},
      {R"({"execute":"query-name","arguments":1})",
       error("QMP input member 'arguments' must be an object")},
      {R"({"execute":"query-name","foo":1})", error("QMP input member 'foo' is unexpected")},
      {R"({"execute":"query-name","execute":"query-name"})",
       error("JSON parse error, duplicate key")},
      {R"({"exec-oob":"query-name"})", error("QMP input member 'exec-oob' is unexpected")},
  };
  for (const auto& [bytes, answer] : kCases) {
    QmpRig rig;
    EXPECT_EQ(rig.say(bytes), answer) << bytes;
    EXPECT_EQ(rig.say(kName), kNamed) << bytes;
  }
  // QEMU's words for these are others.
  for (const char* bytes : {"{\"execute\":\"x\n", "{\"a\":]}", "}}", "{\"id\": 1e400}", "{,}",
                            "{\"execute\":\"query-name\",\"id\":\"\xc3(\"}", "{\"a\": 'x\\q'}",
                            "\x01", "{\"a\":\"\\ud800\"}"}) {
    QmpRig rig;
    const std::string answer = rig.say(bytes);
    EXPECT_TRUE(
        answer.starts_with("{\"error\": {\"class\": \"GenericError\", \"desc\": \"JSON parse "))
        << bytes << answer;
    EXPECT_EQ(rig.say(kName), kNamed) << bytes;
  }
}

TEST(QmpWire, HasLimits) {
  struct Case {
    std::string bytes, answer;
  };
  const Case kCases[] = {
      {std::string(1025, '['), error("JSON nesting depth limit exceeded")},
      {std::string(1030, '[') + std::string(3000, '['), error("JSON nesting depth limit exceeded")},
      {"{\"a\": \"" + std::string(Splitter::kMaxBytes, 'a'),
       error("JSON token size limit exceeded")},
      {std::string(Splitter::kMaxBytes * 2, '1'), error("JSON token size limit exceeded")},
      {"[" + std::string(Splitter::kMaxTokens * 3, ','), error("JSON token count limit exceeded")},
  };
  for (const Case& c : kCases) {
    QmpRig rig;
    EXPECT_EQ(rig.say(c.bytes), c.answer) << c.bytes.substr(0, 10);
    EXPECT_EQ(rig.say(kName), "") << "it may be a part of the same";
    EXPECT_EQ(rig.say(std::string("\n") + kName), kNamed);
  }
  QmpRig deep;
  std::string nested = std::string(1023, '[') + std::string(1023, ']');
  EXPECT_EQ(deep.say("{\"execute\":\"query-name\",\"id\":" + nested + "}"),
            "{\"return\": {\"name\": \"test\"}, \"id\": " + nested + "}\r\n");
}

TEST(QmpWire, PrettyMeansLines) {
  QmpRig rig;
  std::string out;
  Monitor pretty(rig.server, true, [&](const std::string& text, Monitor::Kind) { out += text; });
  pretty.open();
  out.clear();
  pretty.feed(R"({"execute":"qmp_capabilities","id":[1,{}]})");
  while (pretty.step()) {
  }
  EXPECT_EQ(
      out,
      "{\r\n    \"return\": {},\r\n    \"id\": [\r\n        1,\r\n        {}\r\n    ]\r\n}\r\n");
}

}  // namespace
}  // namespace reprise::qmp
