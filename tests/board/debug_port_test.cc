// What debuggers change: messages as they should be, and any others.
#include "chipset/board/debug_port.h"

#include <gtest/gtest.h>

#include <random>

#include "chipset/board/pc_i440fx.h"
#include "replay/core/hash.h"
#include "tools/reprise/debugger.h"

namespace reprise {
namespace {

using cpu::AddressKind;

struct Pc {
  Pc() {
    MachineConfig config;
    config.ram_bytes = 2 << 20;
    config.cpus = 2;
    config.blobs["bios"] = std::make_shared<std::vector<u8>>(0x10000, u8(0xf4));
    machine = PcI440fx::create(config).value();
  }
  bool send(std::vector<u8> message) {
    const u64 before = machine->debug().delivered();
    EXPECT_TRUE(machine->debug().post(std::move(message)));
    machine->deliver();
    EXPECT_EQ(machine->debug().delivered(), before + 1);
    return machine->debug().done();
  }
  std::string hash() { return MachineHash(*machine).take().total().hex(); }
  std::unique_ptr<PcI440fx> machine;
};

TEST(DebugPort, ChangesMemoryAndRegisters) {
  Pc pc;
  tools::Debugger debugger(*pc.machine);
  const std::vector<u8> bytes = {1, 2, 3, 4};
  EXPECT_TRUE(debugger.write_linear(1, 0x1ffe, bytes));
  EXPECT_EQ(debugger.read_physical(0x1ffe, 4), bytes) << "over the end of a page";
  EXPECT_TRUE(debugger.write_physical(0xfffffff0, bytes)) << "ROM too: operators may";
  EXPECT_EQ(debugger.read_physical(0xfffffff0, 100).size(), 16u) << "up to the end of memory";
  EXPECT_TRUE(debugger.write_register(1, "rbx", std::vector<u8>{1, 0, 0, 0, 0, 0, 0, 0x80}));
  EXPECT_EQ(pc.machine->cpus().cpu(1).r[cpu::RBX], 0x8000000000000001u);
  // All of it or nothing; no device is touched.
  EXPECT_FALSE(debugger.write_physical((2 << 20) - 2, bytes));
  EXPECT_EQ(debugger.read_physical((2 << 20) - 2, 4), (std::vector<u8>{0, 0}));
  EXPECT_FALSE(debugger.write_linear(0, 0xfee000f0, bytes));
  EXPECT_TRUE(debugger.read_linear(0, 0xfee000f0, 4).empty());
  EXPECT_TRUE(debugger.read_linear(2, 0, 4).empty());
  EXPECT_FALSE(debugger.write_linear(2, 0, bytes));
  EXPECT_FALSE(debugger.write_linear(0, 0, {}));
  EXPECT_FALSE(debugger.write_linear(0, 0, std::vector<u8>(DebugPort::kMaxBytes + 1)));
  EXPECT_FALSE(debugger.write_register(0, "rzx", bytes));
  EXPECT_FALSE(debugger.write_register(0, "cr0", std::vector<u8>{0, 0, 0, 0x80, 0, 0, 0, 0}));
}

// A recording is a stranger's.
TEST(DebugPort, WhatIsNoMessageChangesNothing) {
  Pc pc;
  const std::vector<u8> one = {1};
  auto memory = DebugPort::write_memory(0, AddressKind::Physical, 0x1000, one);
  auto reg = DebugPort::write_register(0, "rax", std::vector<u8>(8, 1));
  const std::string before = pc.hash();
  for (auto message : {memory, reg}) {
    while (!message.empty()) {
      message.pop_back();
      EXPECT_FALSE(pc.send(message)) << message.size();
    }
  }
  auto message = memory;
  message[1] = 2;
  EXPECT_FALSE(pc.send(message)) << "no such vCPU";
  message = reg;
  message[2] = 255;
  EXPECT_FALSE(pc.send(message)) << "a name that is longer than the message";
  message = reg;
  message.push_back(0);
  EXPECT_FALSE(pc.send(message)) << "wider than the register";
  EXPECT_FALSE(pc.send({4, 0, 0, 0}));
  EXPECT_FALSE(pc.send(DebugPort::write_memory(0, AddressKind::Linear, ~u64(0), {{1, 2}})));
  EXPECT_EQ(pc.hash(), before);
  EXPECT_TRUE(pc.send(memory));
  EXPECT_TRUE(pc.send(reg));
  EXPECT_NE(pc.hash(), before);
}

// Any value in any register, in any order: the machine runs on.
TEST(DebugPort, AnyRegisterCanBeTried) {
  Pc pc;
  std::mt19937_64 random(1);
  const auto& all = pc.machine->debug().registers();
  unsigned done = 0;
  for (unsigned round = 0; round < 5000; ++round) {
    const auto& which = all[random() % all.size()];
    std::vector<u8> value(which.bits / 8);
    const bool sparse = random() % 2;
    for (u8& byte : value) byte = sparse && random() % 4 ? 0 : u8(random());
    done += pc.send(DebugPort::write_register(unsigned(random() % 2), which.name, value));
    if (round % 16 == 0) pc.machine->run({pc.machine->position().cycles + 100, kNever});
  }
  EXPECT_GT(done, 1000u);
}

}  // namespace
}  // namespace reprise
