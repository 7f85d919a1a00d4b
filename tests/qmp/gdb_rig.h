// A debugger's view of a small machine: the stub, with an operator that steps and runs it in the
// simplest way, and what is said on the line. Also the fuzzer's.
#pragma once

#include <string>
#include <vector>

#include "cpu/debug/view.h"
#include "qmp/gdb/stub.h"
#include "qmp/operator_debug.h"
#include "tests/cpu/system_machine.h"

namespace reprise {

// Memory and registers without a door.
struct PlainDebug final : OperatorDebug {
  explicit PlainDebug(cpu::Cluster& all) : cpus(all), known(cpu::debug_registers(all.model())) {}
  std::vector<u8> read(unsigned cpu, cpu::AddressKind kind, u64 address, u64 length) {
    std::vector<u8> bytes(std::min<u64>(length, 1 << 20));
    bytes.resize(cpu::view_memory(cpus.cpu(cpu), kind, address, bytes));
    return bytes;
  }
  std::vector<u8> read_linear(unsigned cpu, u64 address, u64 length) override {
    return read(cpu, cpu::AddressKind::Linear, address, length);
  }
  std::vector<u8> read_physical(u64 address, u64 length) override {
    return read(0, cpu::AddressKind::Physical, address, length);
  }
  Result<void> write(unsigned cpu, cpu::AddressKind kind, u64 address, std::span<const u8> bytes) {
    if (refuses) return fail("the past can be watched, not changed; replay-live goes on live");
    for (const u8 byte : bytes) {
      const auto piece = cpu::memory_at(cpus.cpu(cpu), kind, address++);
      if (!piece.block) return fail("no memory there");
      piece.block->write(piece.offset, {&byte, 1});
    }
    return {};
  }
  Result<void> write_linear(unsigned cpu, u64 address, std::span<const u8> bytes) override {
    return write(cpu, cpu::AddressKind::Linear, address, bytes);
  }
  Result<void> write_physical(u64 address, std::span<const u8> bytes) override {
    return write(0, cpu::AddressKind::Physical, address, bytes);
  }
  Result<void> write_register(unsigned cpu, std::string_view name,
                              std::span<const u8> bytes) override {
    if (refuses) return fail("the past can be watched, not changed; replay-live goes on live");
    for (const auto& which : known) {
      if (which.name != name) continue;
      u128 value = 0;
      for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
      written += " " + which.name;
      if (cpu::write_register(cpus.cpu(cpu), which, value)) return {};
    }
    return fail("cannot have that value");
  }
  cpu::Cluster& cpus;
  std::vector<cpu::DebugRegister> known;
  bool refuses = false;
  std::string written;
};

// Does nothing by itself: a test says where each journey ends.
struct ScriptedTravel final : OperatorTravel {
  TravelStatus travel_status() const override { return status; }
  Result<void> seek(const TravelTarget&, Done) override { return fail("not here"); }
  Result<void> begin(const std::string& what, Done on_done) {
    asked += what;
    if (!error.empty()) return fail(error);
    done = std::move(on_done);
    return {};
  }
  Result<void> step(u64 count, bool reverse, Done on_done) override {
    return begin((reverse ? " -" : " +") + std::to_string(count), std::move(on_done));
  }
  Result<void> run_on(bool reverse, Done on_done) override {
    return begin(reverse ? " back" : " run", std::move(on_done));
  }
  void interrupt() override {
    asked += " interrupt";
    arrive(TravelStop::Why::Interrupted);
  }
  void arrive(TravelStop::Why why, const std::string& message = "") {
    arrive(TravelStop{why, {}, {}, message});
  }
  void arrive(const TravelStop& stop) {
    if (const Done told = std::exchange(done, nullptr)) told(stop);
  }
  void hit(u32 id, u64 address, unsigned cpu = 0) {
    StopHit hit;
    hit.id = id;
    hit.cpu = cpu;
    hit.pc = hit.address = address;
    arrive(TravelStop{TravelStop::Why::Breakpoint, {}, hit, ""});
  }
  Result<u32> add_break(TravelBreak what) override {
    if (all.size() >= Stops::kMaxStops) return fail("there are 4096 breakpoints");
    what.id = ++last_id;
    all.push_back(what);
    return what.id;
  }
  Result<void> remove_break(u32 id) override {
    std::erase_if(all, [&](const TravelBreak& b) { return b.id == id; });
    return {};
  }
  void remove_breaks_of(const std::string& owner) override {
    std::erase_if(all, [&](const TravelBreak& b) { return b.owner == owner; });
  }
  std::vector<TravelBreak> breaks() const override { return all; }
  MachineHashes hashes() override { return {}; }
  Result<std::unique_ptr<TravelQuery>> ask(TravelQuestion, std::function<void()>) override {
    return fail("not here");
  }
  Result<void> save_snapshot(const std::string&) override { return {}; }
  Result<void> load_snapshot(const std::string&) override { return {}; }
  Result<void> delete_snapshot(const std::string&) override { return {}; }
  std::vector<SnapshotInfo> snapshots() const override { return {}; }
  Result<void> record_start(const std::string&) override { return {}; }
  Result<void> record_stop() override { return {}; }
  Result<void> record_save(const std::string&) override { return {}; }
  std::vector<BranchInfo> branches() const override { return {}; }
  Result<void> checkpoint() override { return {}; }
  Result<void> go_live(const LiveTarget&) override { return {}; }

  TravelStatus status;
  std::string asked, error;
  Done done;
  std::vector<TravelBreak> all;
  u32 last_id = 0;
};

struct GdbRig final : Operator {
  explicit GdbRig(unsigned cpus = 1, const std::string& model = "qemu64")
      : machine(true, model, cpus), memory(*machine.cluster) {
    stub = std::make_unique<GdbStub>(
        *this, [this](std::string_view text) { said += text; },
        [this](const std::string& line) { return monitor += line + ";", "answer\n"; },
        [this] { ++wakes; });
    stub->connected();
  }
  RunState run_state() const override { return state; }
  void quit() override { quitting = true; }
  void stop() override { state = RunState::Paused; }
  Result<void> cont() override { return state = RunState::Running, Result<void>(); }
  Result<void> system_reset() override { return {}; }
  std::vector<const cpu::Cpu*> cpus() const override {
    std::vector<const cpu::Cpu*> all;
    for (unsigned i = 0; i < machine.cluster->size(); ++i) all.push_back(&machine.cluster->cpu(i));
    return all;
  }
  OperatorTravel* travel() override { return &journey; }
  OperatorDebug* debug() override { return &memory; }

  void poll() {
    while (wakes) --wakes, stub->poll();
  }
  void raw(std::string_view bytes) {
    stub->feed({reinterpret_cast<const u8*>(bytes.data()), bytes.size()});
    poll();
  }
  // The data of all packets that this one is answered with, by spaces; "+" left out.
  std::string ask(std::string_view data) {
    said.clear();
    raw(gdb::packet(data));
    return answers();
  }
  std::string answers() {
    poll();
    std::string all;
    gdb::PacketReader reader;
    for (const char c : said)
      if (reader.feed(u8(c)) == gdb::PacketReader::Event::Packet)
        all += (all.empty() ? "" : " ") + reader.data();
    said.clear();
    return all;
  }

  cpu::Machine machine;
  PlainDebug memory;
  ScriptedTravel journey;
  RunState state = RunState::Running;
  bool quitting = false;
  unsigned wakes = 0;
  std::string said, monitor;
  std::unique_ptr<GdbStub> stub;
};

}  // namespace reprise
