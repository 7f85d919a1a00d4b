// QMP on a machine that only keeps books.
#pragma once

#include <string>
#include <vector>

#include "qmp/operator_console.h"
#include "qmp/operator_debug.h"
#include "qmp/operator_travel.h"
#include "qmp/server/monitor.h"
#include "qmp/server/server.h"

namespace reprise::qmp {

// Every call is noted; everything succeeds unless `refuse` says why not.
struct FakeTravel final : OperatorTravel {
  TravelStatus status;
  std::string said, refuse;
  Done done;
  std::vector<TravelBreak> all;
  u32 last_id = 0;
  std::vector<SnapshotInfo> kept;
  TravelQuestion question;
  std::function<void()> answered;
  Result<TravelAnswer> answer{TravelAnswer()};
  struct Query final : TravelQuery {
    explicit Query(FakeTravel& all) : travel(all) {}
    double progress() const override { return 0.25; }
    void cancel() override { travel.said = "cancel"; }
    const Result<TravelAnswer>& answer() const override { return travel.answer; }
    FakeTravel& travel;
  };

  Result<void> note(const std::string& text) {
    said = text;
    if (!refuse.empty()) return fail(refuse);
    return {};
  }
  TravelStatus travel_status() const override { return status; }
  Result<void> seek(const TravelTarget& target, Done then) override {
    done = std::move(then);
    return note("seek " + std::to_string(int(target.kind)) + " " + std::to_string(target.value) +
                " " + std::to_string(int(target.percent)));
  }
  Result<void> step(u64 count, bool reverse, Done then) override {
    done = std::move(then);
    return note("step " + std::to_string(count) + (reverse ? " back" : ""));
  }
  Result<void> run_on(bool reverse, Done then) override {
    done = std::move(then);
    return note(reverse ? "run back" : "run on");
  }
  void interrupt() override {}
  Result<u32> add_break(TravelBreak what) override {
    what.id = ++last_id;
    all.push_back(what);
    return what.id;
  }
  Result<void> remove_break(u32 id) override {
    if (!std::erase_if(all, [&](const TravelBreak& b) { return b.id == id; }))
      return fail("there is no breakpoint " + std::to_string(id));
    return {};
  }
  void remove_breaks_of(const std::string&) override {}
  std::vector<TravelBreak> breaks() const override { return all; }
  MachineHashes hashes() override { return {}; }
  Result<std::unique_ptr<TravelQuery>> ask(TravelQuestion asked,
                                           std::function<void()> then) override {
    question = asked;
    answered = std::move(then);
    TRY(note("ask"));
    return std::unique_ptr<TravelQuery>(std::make_unique<Query>(*this));
  }
  Result<void> save_snapshot(const std::string& name) override { return note("save " + name); }
  Result<void> load_snapshot(const std::string& name) override { return note("load " + name); }
  Result<void> delete_snapshot(const std::string& name) override { return note("delete " + name); }
  std::vector<SnapshotInfo> snapshots() const override { return kept; }
  Result<void> record_start(const std::string& file) override { return note("record " + file); }
  Result<void> record_stop() override { return note("record stop"); }
  Result<void> record_save(const std::string& file) override { return note("keep " + file); }
  std::vector<BranchInfo> branches() const override { return {}; }
  Result<void> checkpoint() override { return note("checkpoint"); }
  Result<void> go_live(const LiveTarget& target) override {
    std::string disks;
    for (const auto& [drive, file] : target.disks) disks += " " + drive + "=" + file;
    return note("live " + target.name + disks);
  }
};

// Memory of 64 KiB that says its addresses.
struct FakeDebug final : OperatorDebug {
  std::vector<u8> read_physical(u64 address, u64 length) override {
    std::vector<u8> bytes;
    for (u64 i = 0; i < length && address + i < 0x10000; ++i) bytes.push_back(u8(address + i));
    return bytes;
  }
  std::vector<u8> read_linear(unsigned, u64 address, u64 length) override {
    return read_physical(address, length);
  }
  Result<void> write_linear(unsigned, u64, std::span<const u8>) override { return {}; }
  Result<void> write_physical(u64, std::span<const u8>) override { return {}; }
  Result<void> write_register(unsigned, std::string_view, std::span<const u8>) override {
    return {};
  }
};

struct FakeScreen final : OperatorConsole {
  std::string said;
  Result<void> screendump(const std::string& file, const std::string& format) override {
    said += "dump " + file + " " + format + ";";
    return {};
  }
  Result<void> send_keys(std::span<const QKeyCode> keys, u64 hold_ms) override {
    said += std::to_string(hold_ms);
    for (const QKeyCode key : keys) said += " " + std::string(kKeys[unsigned(key)].name);
    said += ";";
    return {};
  }
  Result<void> key(QKeyCode key, bool down) override {
    said += std::string(kKeys[unsigned(key)].name) + (down ? " down;" : " up;");
    return {};
  }
  Result<void> mouse_move(int dx, int dy, int dz) override {
    said += std::to_string(dx) + " " + std::to_string(dy) + " " + std::to_string(dz) + ";";
    return {};
  }
  Result<void> mouse_buttons(unsigned buttons) override {
    said += "buttons " + std::to_string(buttons) + ";";
    return {};
  }
};

struct FakeMachine : Operator {
  RunState state = RunState::Running;
  std::string said;
  OperatorTravel* time = nullptr;
  OperatorDebug* memory = nullptr;
  OperatorConsole* screen = nullptr;
  RunState run_state() const override { return state; }
  void quit() override { said += "quit;"; }
  void stop() override { state = RunState::Paused; }
  Result<void> cont() override {
    state = RunState::Running;
    return {};
  }
  Result<void> system_reset() override {
    said += "reset;";
    return {};
  }
  std::vector<const cpu::Cpu*> vcpus{nullptr};
  std::vector<const cpu::Cpu*> cpus() const override { return vcpus; }
  OperatorConsole* console() override { return screen; }
  OperatorTravel* travel() override { return time; }
  OperatorDebug* debug() override { return memory; }
  OperatorIdentity identity() const override { return {"test", ""}; }
};

// A server, and one monitor on it; every answer is checked by the schema.
struct QmpRig {
  FakeMachine machine;
  Server server{machine, {[] { return HostFacts::Time{7, 8}; }, 42, "Reprise test"}};
  std::string out;
  Monitor monitor{server, false, [this](const std::string& text, Monitor::Kind) { out += text; }};

  explicit QmpRig(bool negotiated = true) {
    server.check_answers(true);
    monitor.open();
    if (negotiated) say("{\"execute\": \"qmp_capabilities\"}");
    out.clear();
  }
  // What is answered to these bytes.
  std::string say(std::string_view bytes) {
    out.clear();
    monitor.feed(bytes);
    while (monitor.step()) server.run_jobs();
    return out;
  }
  // A command with arguments as JSON text: what is returned, or "CLASS: DESC".
  Json run(const std::string& command, const std::string& arguments = "{}") {
    const auto answer = server.execute(command, Json::parse(arguments));
    if (answer) return *answer;
    return answer.error().kind + ": " + answer.error().message;
  }
};

}  // namespace reprise::qmp
