#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cpu/system/model.h"
#include "tests/qmp/qmp_rig.h"
#include "tests/support/timing_machine.h"

namespace reprise::qmp {
namespace {

TEST(QmpCommands, OfTheMachine) {
  QmpRig rig;
  EXPECT_EQ(rig.run("query-status"),
            Json::parse(R"({"running": true, "singlestep": false, "status": "running"})"));
  EXPECT_EQ(rig.run("stop"), Json::object());
  EXPECT_EQ(rig.run("query-status")["status"], "paused");
  EXPECT_EQ(rig.run("cont"), Json::object());
  EXPECT_EQ(rig.run("query-uuid")["UUID"], "00000000-0000-0000-0000-000000000000");
  EXPECT_EQ(rig.run("query-version")["qemu"], Json::parse(R"({"major":2,"minor":11,"micro":2})"));
  const Json models = rig.run("query-cpu-definitions");
  EXPECT_EQ(models.size(), cpu::CpuModel::names().size());
  EXPECT_EQ(models[0]["name"], "qemu64");
  EXPECT_EQ(rig.run("system_reset"), Json::object());
  EXPECT_EQ(rig.run("quit"), Json::object());
  EXPECT_EQ(rig.machine.said, "reset;quit;");
  EXPECT_EQ(rig.run("system_powerdown"), "GenericError: this machine has no power button");
  EXPECT_EQ(rig.run("human-monitor-command", R"({"command-line": "info status"})"),
            "VM status: running\r\n");
  EXPECT_EQ(rig.run("human-monitor-command", R"({"command-line": "foo"})"),
            "unknown command: 'foo'; 'help' lists what there is\r\n");
  EXPECT_EQ(rig.run("human-monitor-command", R"({"command-line": "info status", "cpu-index": 7})"),
            "GenericError: Parameter 'cpu-index' expects a CPU number");
}

// What the timing model counted, in numbers and in words: here a loop's branches and its reads.
TEST(QmpCommands, OfTheTimingModel) {
  QmpRig rig;
  cpu::TimingMachine guest("i486", cpu::GuestKind::kReal, true);
  rig.machine.vcpus = {&guest.c};
  const auto counters = [&] { return rig.run("query-cpu-timing")[0]["counters"]; };
  EXPECT_EQ(counters()["reads"], 0);
  guest.read_nothing();
  // L: add ax,[si] / add si,2 / dec cx / jnz L, four times, as clocks() runs it
  guest.clocks(cpu::from_hex("0304 83C602 49 75F8"),
               [](cpu::TimingMachine& t) { t.c.r[cpu::RCX] = 10; });
  EXPECT_EQ(counters()["reads"], 40);
  EXPECT_EQ(counters()["taken"], 36);
  EXPECT_EQ(counters()["not-taken"], 4);
  EXPECT_GT(counters()["read-misses"], 0);
  EXPECT_LT(counters()["read-misses"], 10);
  const std::string said =
      rig.run("human-monitor-command", R"({"command-line": "info timing"})").get<std::string>();
  EXPECT_NE(said.find("taken            36\r\n"), std::string::npos) << said;

  cpu::TimingMachine plain("fixed", cpu::GuestKind::kReal, true);
  rig.machine.vcpus = {&plain.c};
  EXPECT_FALSE(rig.run("query-cpu-timing")[0].contains("counters"));
}

TEST(QmpCommands, OfTheConsole) {
  QmpRig rig;
  FakeScreen screen;
  EXPECT_EQ(rig.run("screendump", R"({"filename": "a"})"),
            "CommandNotFound: The command screendump has not been found");
  rig.machine.screen = &screen;
  const auto does = [&](const char* command, const char* arguments) {
    screen.said.clear();
    const Json answer = rig.run(command, arguments);
    return answer.is_string() ? answer.get<std::string>() : screen.said;
  };
  EXPECT_EQ(does("screendump", R"({"filename": "a", "format": "png"})"), "dump a png;");
  EXPECT_EQ(does("screendump", R"({"filename": "a"})"), "dump a ppm;");
  EXPECT_EQ(does("send-key", R"({"keys": [{"type": "qcode", "data": "ctrl"},
                                          {"type": "number", "data": 211}]})"),
            "100 ctrl delete;");
  EXPECT_EQ(does("send-key", R"({"keys": [{"type": "number", "data": 0}]})"),
            "GenericError: a PC's keyboard has no key 0");
  EXPECT_EQ(does("input-send-event",
                 R"({"events": [
      {"type": "key", "data": {"key": {"type": "qcode", "data": "a"}, "down": true}},
      {"type": "btn", "data": {"button": "left", "down": true}},
      {"type": "btn", "data": {"button": "right", "down": true}},
      {"type": "btn", "data": {"button": "left", "down": false}},
      {"type": "btn", "data": {"button": "wheel-down", "down": true}},
      {"type": "rel", "data": {"axis": "y", "value": -5}}]})"),
            "a down;buttons 1;buttons 5;buttons 4;0 0 -1;0 -5 0;");
  EXPECT_EQ(does("input-send-event",
                 R"({"events": [{"type": "abs", "data": {"axis": "y", "value": 5}}]})"),
            "GenericError: Input handler not found for event type abs");
  rig.machine.state = RunState::Paused;
  EXPECT_EQ(does("input-send-event", R"({"events": []})"), "GenericError: VM not running");
}

TEST(QmpCommands, SaveMemory) {
  QmpRig rig;
  FakeDebug memory;
  rig.machine.memory = &memory;
  const std::string file = testing::TempDir() + "qmp-memory";
  const auto save = [&](const std::string& where) {
    return rig.run("pmemsave", "{\"filename\": \"" + file + "\", " + where + "}");
  };
  EXPECT_EQ(save(R"("val": 254, "size": 4)"), Json::object());
  std::string bytes(std::istreambuf_iterator<char>(std::ifstream(file).rdbuf()), {});
  EXPECT_EQ(bytes, std::string("\xfe\xff\0\x01", 4));
  EXPECT_EQ(save(R"("val": 65535, "size": 2)"),
            "GenericError: Invalid addr 0x000000000000ffff/size 2 specified");
  EXPECT_EQ(save(R"("val": 0, "size": -1)"), "GenericError: Parameter 'size' expects a size");
  std::filesystem::remove(file);
}

TEST(QmpCommands, OfTimeTravel) {
  QmpRig rig;
  FakeTravel travel;
  rig.machine.time = &travel;
  travel.status.now = {10, 20};
  EXPECT_EQ(rig.run("query-replay")["mode"], "none");
  travel.status.recording = true;
  travel.status.file = "f";
  EXPECT_EQ(rig.run("query-replay")["mode"], "record");
  travel.status.mode = TravelMode::Replay;
  EXPECT_EQ(rig.run("query-replay"),
            Json::parse(R"({"mode": "play", "filename": "f", "icount": 10, "cycles": 20, "time":
      "replay", "first": {"icount": 0, "cycles": 0}, "last": {"icount": 0, "cycles": 0},
      "first-reason": "", "busy": false})"));
  const auto does = [&](const char* command, const char* arguments) {
    travel.said.clear();
    const Json answer = rig.run(command, arguments);
    return answer.is_string() ? answer.get<std::string>() : travel.said;
  };
  EXPECT_EQ(does("replay-seek", R"({"icount": 5})"), "seek 0 5 0");
  EXPECT_EQ(does("replay-seek", R"({"cycles": 5})"), "seek 1 5 0");
  EXPECT_EQ(does("replay-seek", R"({"percent": 50})"), "seek 2 0 50");
  EXPECT_EQ(does("replay-seek", R"({"to": "end"})"), "seek 4 0 0");
  EXPECT_NE(does("replay-seek", "{}").find("exactly one"), std::string::npos);
  EXPECT_NE(does("replay-seek", R"({"icount": 1, "to": "end"})").find("exactly one"),
            std::string::npos);
  EXPECT_NE(does("replay-step", "{}").find("'stop' it first"), std::string::npos);
  rig.machine.state = RunState::Paused;
  EXPECT_EQ(does("replay-step", R"({"count": 3, "reverse": true})"), "step 3 back");
  EXPECT_EQ(does("replay-continue", R"({"reverse": true})"), "run back");
  EXPECT_EQ(does("replay-live", R"({"branch": "b", "disks": [{"device": "hd", "filename": "f"}]})"),
            "live b hd=f");
  EXPECT_EQ(does("checkpoint-now", "{}"), "checkpoint");
  EXPECT_EQ(does("record-start", R"({"filename": "r"})"), "record r");
  EXPECT_NE(does("system_reset", "{}").find("replay-live"), std::string::npos);
  EXPECT_EQ(rig.machine.said, "") << "the guest cannot be changed here";
  travel.refuse = "busy";
  EXPECT_EQ(does("replay-continue", "{}"), "GenericError: busy");
}

TEST(QmpCommands, TellWhereARunStopped) {
  QmpRig rig;
  FakeTravel travel;
  rig.machine.time = &travel;
  travel.status.mode = TravelMode::Replay;
  EXPECT_EQ(rig.run("replay-break-add", R"({"kind": "write", "at": 16, "length": 4})"),
            Json::parse(R"({"id": 1})"));
  rig.run("replay-seek", R"({"icount": 5})");
  rig.out.clear();
  StopHit hit;
  hit.id = 1;
  hit.address = 17;
  hit.size = 1;
  travel.done({TravelStop::Why::Breakpoint, {5, 6}, hit, ""});
  EXPECT_NE(rig.out.find(R"("event": "REPLAY_STOPPED")"), std::string::npos) << rig.out;
  EXPECT_NE(rig.out.find(R"("kind": "write")"), std::string::npos) << rig.out;
  rig.out.clear();
  travel.done({TravelStop::Why::End, {7, 8}, {}, ""});
  EXPECT_NE(rig.out.find(R"("event": "REPLAY_END")"), std::string::npos) << rig.out;
  EXPECT_NE(rig.out.find(R"("reason": "end")"), std::string::npos) << rig.out;
}

TEST(QmpCommands, OfBreakpoints) {
  QmpRig rig;
  FakeTravel travel;
  rig.machine.time = &travel;
  travel.status.now = {10, 20};
  const auto adds = [&](const char* arguments) { return rig.run("replay-break-add", arguments); };
  EXPECT_TRUE(adds(R"({"kind": "pc", "at": 31744, "cpu-index": 0})").is_object());
  EXPECT_TRUE(adds(R"({"kind": "read", "at": 0, "length": 8, "physical": true})").is_object());
  EXPECT_TRUE(adds(R"({"kind": "text", "text": "login:"})").is_object());
  EXPECT_TRUE(adds(R"({"kind": "cycles", "at": 7})").is_object());
  EXPECT_EQ(rig.run("query-replay-breaks"), Json::parse(R"([
      {"id": 1, "kind": "pc", "at": 31744, "length": 1, "physical": false, "cpu-index": 0,
       "owner": "qmp"},
      {"id": 2, "kind": "read", "at": 0, "length": 8, "physical": true, "owner": "qmp"},
      {"id": 3, "kind": "text", "text": "login:", "owner": "qmp"},
      {"id": 4, "kind": "cycles", "at": 7, "owner": "qmp"}])"));
  for (const char* wrong :
       {R"({"kind": "pc"})", R"({"kind": "text"})", R"({"kind": "text", "text": ""})",
        R"({"kind": "pc", "at": 0, "text": "x"})", R"({"kind": "port", "at": 65536})",
        R"({"kind": "port", "at": 65535, "length": 2})", R"({"kind": "exception", "at": 256})",
        R"({"kind": "pc", "at": 0, "length": 0})", R"({"kind": "pc", "at": 0, "physical": true})",
        R"({"kind": "pc", "at": 0, "cpu-index": 1})", R"({"kind": "icount", "at": 0, "length": 1})",
        R"({"kind": "pc", "at": 18446744073709551615, "length": 2})"})
    EXPECT_TRUE(adds(wrong).is_string()) << wrong;
  EXPECT_EQ(travel.all.size(), 4u);
  EXPECT_EQ(rig.run("replay-break-remove", R"({"id": 2})"), Json::object());
  EXPECT_EQ(rig.run("replay-break-remove", R"({"id": 2})"),
            "GenericError: there is no breakpoint 2");

  // QEMU's one: another takes its place.
  EXPECT_EQ(rig.run("replay-break", R"({"icount": 9})"),
            "GenericError: cannot set breakpoint at the instruction in the past");
  EXPECT_EQ(rig.run("replay-break", R"({"icount": 11})"), Json::object());
  EXPECT_EQ(rig.run("replay-break", R"({"icount": 12})"), Json::object());
  EXPECT_EQ(travel.all.size(), 4u);
  EXPECT_EQ(travel.all.back().position, 12u);
  EXPECT_EQ(rig.run("replay-delete-break"), Json::object());
  EXPECT_EQ(travel.all.size(), 3u);
}

// The events of a job, in the order of QEMU's.
TEST(QmpCommands, SnapshotsAreJobs) {
  QmpRig rig;
  FakeTravel travel;
  rig.machine.time = &travel;
  const auto changes = [&] {
    std::string all;
    for (std::size_t at = 0; (at = rig.out.find("\"status\": \"", at)) != std::string::npos;) {
      at += 11;
      all += rig.out.substr(at, rig.out.find('"', at) - at) + " ";
    }
    return all;
  };
  rig.say(R"({"execute": "snapshot-save", "arguments": {"job-id": "j", "tag": "t", "vmstate": "d",
              "devices": ["d"]}})");
  EXPECT_EQ(travel.said, "save t");
  EXPECT_EQ(changes(), "created running waiting pending concluded ");
  EXPECT_EQ(rig.run("query-jobs"), Json::parse(R"([{"id": "j", "type": "snapshot-save", "status":
      "concluded", "current-progress": 1, "total-progress": 1}])"));
  EXPECT_EQ(rig.run("snapshot-load", R"({"job-id": "j", "tag": "t"})"),
            "GenericError: Job ID 'j' already in use");
  EXPECT_EQ(rig.run("job-cancel", R"({"id": "j"})"),
            "GenericError: Job 'j' in state 'concluded' cannot accept command verb 'cancel'");
  EXPECT_EQ(rig.run("job-dismiss", R"({"id": "j"})"), Json::object());
  EXPECT_EQ(rig.run("job-dismiss", R"({"id": "j"})"), "GenericError: Job not found");
  EXPECT_EQ(rig.run("snapshot-save", R"({"job-id": "1", "tag": "t"})"),
            "GenericError: Invalid job ID '1'");

  travel.refuse = "no such snapshot";
  rig.say(R"({"execute": "snapshot-load", "arguments": {"job-id": "k", "tag": "t"}})");
  EXPECT_EQ(changes(), "created running aborting concluded ");
  EXPECT_EQ(rig.run("query-jobs")[0]["error"], "no such snapshot");
  EXPECT_EQ(rig.run("job-dismiss", R"({"id": "k"})"), Json::object());
  rig.run("snapshot-delete", R"({"job-id": "k", "tag": "t"})");  // and before it runs
  EXPECT_EQ(rig.run("job-cancel", R"({"id": "k"})"), Json::object());
  rig.server.run_jobs();
  EXPECT_EQ(travel.said, "load t");
}

TEST(QmpCommands, QuestionsToTheWholeRun) {
  QmpRig rig;
  FakeTravel travel;
  rig.machine.time = &travel;
  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "q", "kind": "icount", "at": 5})"),
            "GenericError: Parameter 'kind' expects what can be met more than once");
  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "q", "kind": "write", "at": 5, "limit": 0})"),
            "GenericError: Parameter 'limit' expects 1 to 4096");
  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "q", "kind": "text", "text": "a", "at": 5})"),
            "GenericError: Parameter 'at' is unexpected");
  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "", "kind": "text", "text": "a"})"),
            "GenericError: Invalid job ID ''");
  EXPECT_EQ(travel.said, "");
  travel.refuse = "this run cannot be asked";
  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "q", "kind": "text", "text": "a"})"),
            "GenericError: this run cannot be asked");
  EXPECT_EQ(rig.run("query-jobs"), Json::array());
  travel.refuse.clear();

  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "q", "kind": "write", "at": 4096, "length": 16,
      "physical": true, "order": "last", "limit": 3, "from": 7, "to": 90})"),
            Json::object());
  EXPECT_EQ(travel.question.condition.kind, StopKind::Write);
  EXPECT_EQ(travel.question.condition.last, 4111u);
  EXPECT_TRUE(travel.question.condition.physical);
  EXPECT_EQ(travel.question.order, TravelQuestion::Order::Last);
  EXPECT_EQ(travel.question.limit, 3u);
  EXPECT_EQ(travel.question.from, 7u);
  EXPECT_EQ(travel.question.to, 90u);
  EXPECT_EQ(rig.run("query-jobs"), Json::parse(R"([{"id": "q", "type": "replay-query", "status":
      "running", "current-progress": 250, "total-progress": 1000}])"));
  EXPECT_EQ(rig.run("query-replay-hits", R"({"id": "q"})"),
            "GenericError: Job 'q' is still searching");
  EXPECT_EQ(rig.run("replay-query", R"({"job-id": "r", "kind": "text", "text": "a"})"),
            "GenericError: job 'q' is still searching: job-cancel ends it");
  EXPECT_EQ(rig.run("job-dismiss", R"({"id": "q"})"),
            "GenericError: Job 'q' in state 'running' cannot accept command verb 'dismiss'");

  StopHit hit;
  hit.at = {50, 60};
  hit.pc = 0x7C00;
  hit.address = 4100;
  hit.size = 2;
  travel.answer = TravelAnswer{{hit}, true};
  travel.answered();
  EXPECT_EQ(rig.run("query-replay-hits", R"({"id": "q"})"), Json::parse(R"({"complete": true,
      "hits": [{"icount": 50, "cycles": 60, "cpu-index": 0, "pc": 31744, "address": 4100,
                "size": 2}]})"));
  EXPECT_EQ(rig.run("query-jobs")[0]["current-progress"], 1000);
  EXPECT_EQ(rig.run("job-dismiss", R"({"id": "q"})"), Json::object());
  EXPECT_EQ(rig.run("query-replay-hits", R"({"id": "q"})"),
            "GenericError: Job 'q' is not a replay-query");

  // Cancelled, it is concluded when it says so.
  rig.run("replay-query", R"({"job-id": "q", "kind": "text", "text": "a"})");
  EXPECT_EQ(travel.question.text, "a");
  EXPECT_EQ(rig.run("job-cancel", R"({"id": "q"})"), Json::object());
  EXPECT_EQ(travel.said, "cancel");
  EXPECT_EQ(rig.run("query-jobs")[0]["status"], "running");
  travel.answer = fail("cancelled");
  travel.answered();
  EXPECT_EQ(rig.run("query-jobs")[0]["error"], "cancelled");
  EXPECT_EQ(rig.run("query-replay-hits", R"({"id": "q"})"), "GenericError: cancelled");
}

}  // namespace
}  // namespace reprise::qmp
