// What a device under test stands on: time, door, object tree, pages, and pins that remember.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "replay/core/device.h"
#include "replay/core/pages.h"
#include "replay/core/state_readers.h"

namespace reprise {

// An interrupt controller of any number of pins: keeps levels, counts rising edges.
struct TestPins final : IrqSink {
  std::map<unsigned, bool> level;
  std::map<unsigned, unsigned> edges;
  void set_irq(unsigned pin, bool on) override {
    if (on && !level[pin]) ++edges[pin];
    level[pin] = on;
  }
};

struct TestBoard {
  explicit TestBoard(u64 cpu_hz = 1'000'000'000) : scheduler(cpu_hz) {}

  Scheduler scheduler;
  Door door{[this] { return Position{scheduler.now(), scheduler.now()}; }};
  ObjectTree tree;
  PageStore pages;
  TestPins pins;

  DeviceContext context(const std::string& path) { return {tree, scheduler, door, path}; }
  // As the machine's loop: what is posted is delivered now, each timer fires at its own cycle.
  void run_to(Cycles cycle) {
    door.deliver_due({scheduler.now(), scheduler.now()});
    while (scheduler.deadline() <= cycle) {
      scheduler.set_now(std::max(scheduler.now(), scheduler.deadline()));
      scheduler.run_due();
    }
    scheduler.set_now(cycle);
  }
  void run(Cycles cycles) { run_to(scheduler.now() + cycles); }
  // A posted input, delivered at once.
  void post(const std::string& port, std::vector<u8> bytes) {
    check(door.find(port) != nullptr, "no such port");
    door.post(*door.find(port), std::move(bytes));
    door.deliver_due({scheduler.now(), scheduler.now()});
  }
  // Saves everything, resets it, and loads it again.
  Result<void> reload() {
    const std::vector<u8> image = save_objects(tree);
    tree.reset();
    return load_objects(tree, image);
  }
  // Collects what a port emits.
  void capture(const std::string& port, std::string& out) {
    check(door.find(port) != nullptr, "no such port");
    door.find(port)->connect([&out](std::span<const u8> b) { out.append(b.begin(), b.end()); });
  }
};

}  // namespace reprise
