// One vCPU over flat memory, put into the mode that a test wants.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <vector>

#include "cpu/cluster.h"
#include "replay/core/state_readers.h"
#include "tests/support/test_board.h"

namespace reprise::cpu {

struct FlatBus final : Bus {
  MemoryBlock* ram = nullptr;
  std::vector<std::pair<u16, u32>> outs;
  u32 next_in = 0;
  PhysPage page(u64 address, bool) override {
    if (address >= ram->size()) return {};
    return {ram, address / kPageSize, true, (ram->size() - address) / kPageSize - 1};
  }
  u64 read(u64, unsigned, bool) override { return ~u64(0); }
  void write(u64, unsigned, u64, bool) override {}
  u32 in(u16, unsigned) override { return next_in; }
  void out(u16 port, unsigned, u32 value) override { outs.push_back({port, value}); }
};

struct NoApic final : LocalApic {
  u8 acknowledge() override { return 0x20; }
  u64 base() const override { return 0xFEE00900; }
  bool set_base(u64) override { return true; }
  u8 tpr() const override { return task_priority; }
  void set_tpr(u8 value) override { task_priority = value; }
  u64 tsc_deadline() const override { return 0; }
  void set_tsc_deadline(u64) override {}
  std::optional<u64> read_msr(u32) override { return std::nullopt; }
  bool write_msr(u32, u64) override { return false; }
  u8 task_priority = 0;
};

// Selectors of the GDT that Machine lays out.
enum : u16 {
  kCode0 = 0x08,
  kData0 = 0x10,
  kCode3 = 0x1B,
  kData3 = 0x23,
  kTask = 0x28,  // 16 bytes in long mode
  kFree = 0x38,  // from here on, a test's own
};

struct Machine {
  static constexpr u64 kGdt = 0x1000, kIdt = 0x2000, kTss = 0x3000, kHandlers = 0x8000,
                       kCode = 0x10000, kStack0 = 0x7000, kStack3 = 0x6000;

  explicit Machine(bool blocks = true, const std::string& model = "qemu64", unsigned cpus = 1,
                   const std::vector<std::string>& features = {}, u64 seed = 0,
                   const std::string& timing = "fixed") {
    ram = MemoryBlock::create(board.pages, "ram", 8 << 20).value();
    bus.ram = ram.get();
    const CpuOptions options{.model = model,
                             .features = features,
                             .timing = timing,
                             .cpus = cpus,
                             .seed = seed,
                             .blocks = blocks};
    cluster = Cluster::create(options, board.context("/cpu"), board.pages).value();
    for (unsigned i = 0; i < cpus; ++i) cluster->connect(i, bus, apic);
    cluster->on_triple_fault([this] { ++triple_faults; });
    board.tree.reset();
  }
  Cpu& c() { return cluster->cpu(0); }

  void poke(u64 at, unsigned size, u64 value) {
    ram->write(at, {reinterpret_cast<const u8*>(&value), size});
  }
  void code(u64 at, std::initializer_list<u8> bytes) {
    ram->write(at, {bytes.begin(), bytes.size()});
  }
  u64 peek(u64 at, unsigned size) const {
    u64 value = 0;
    ram->read(at, {reinterpret_cast<u8*>(&value), size});
    return value;
  }
  // `access`: byte 5; `flags`: upper half of byte 6.
  void descriptor(u16 selector, u32 base, u32 limit, u8 access, u8 flags) {
    const u64 low = (limit & 0xFFFF) | u64(base & 0xFFFFFF) << 16;
    const u64 high = access | (limit >> 16 & 15) << 8 | u32(flags) << 12 | (base >> 24) << 16;
    poke(kGdt + (selector & 0xFFF8), 8, low | high << 40);
  }
  static u64 gate(u16 selector, u32 offset, u8 access, u8 count = 0) {
    return (offset & 0xFFFF) | u64(selector) << 16 | u64(count) << 32 | u64(access) << 40 |
           u64(offset >> 16) << 48;
  }
  void segment(SegIndex index, u16 selector, u16 rights) {
    Segment& g = c().seg[index];
    g = {};
    g.selector = selector;
    g.rights = rights;
    g.limit = 0xFFFFFFFF;
  }

  // Flat 32-bit protected mode at `cpl`; every vector leads to a HLT of its own.
  void protect(u8 cpl = 0) {
    tables();
    for (unsigned v = 0; v < 256; ++v)
      poke(kIdt + 8 * v, 8, gate(kCode0, u32(kHandlers + 16 * v), 0x8E));
    descriptor(kTask, kTss, 0x67, 0x8B, 0);
    poke(kTss + 4, 4, kStack0), poke(kTss + 8, 2, kData0);
    poke(kTss + 0x66, 2, 0x68);  // no I/O map
    enter(cpl, 0xC000);
    c().cr0 = CR0_PE | CR0_ET | CR0_NE;
    c().update_mode();
  }
  // 64-bit mode: 2 MiB pages map the first 8 MiB, for all.
  void long_mode(u8 cpl = 0) {
    tables();
    poke(kGdt + 8, 8, 0x00AF9B000000FFFF);
    poke(kGdt + 0x18, 8, 0x00AFFB000000FFFF);
    for (unsigned v = 0; v < 256; ++v) {
      poke(kIdt + 16 * v, 8, gate(kCode0, u32(kHandlers + 16 * v), 0x8E));
      poke(kIdt + 16 * v + 8, 8, 0);
    }
    descriptor(kTask, kTss, 0x67, 0x8B, 0);
    poke(kTss + 4, 8, kStack0);
    poke(kTss + 0x66, 2, 0x68);
    poke(0x400000, 8, 0x401007), poke(0x401000, 8, 0x402007);
    for (unsigned i = 0; i < 4; ++i) poke(0x402000 + 8 * i, 8, u64(i) << 21 | 0x87);
    enter(cpl, 0xA000);
    c().cr3 = 0x400000;
    c().cr4 = CR4_PAE;
    c().efer = EFER_LME | EFER_LMA | EFER_SCE;
    c().cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_PG | CR0_WP;
    c().update_mode();
  }
  void run(u64 instructions = 100) {
    cluster->run_until({kNever, cluster->position().icount + instructions});
  }
  // After HLT in a handler: whose it is; -1 if it is none.
  int vector() {
    const u64 at = c().r[kRip] - 1 - kHandlers;
    return c().activity == Activity::Halted && at % 16 == 0 && at / 16 < 256 ? int(at / 16) : -1;
  }
  u64 stack(unsigned slot, unsigned size = 4) { return peek(c().r[RSP] + slot * size, size); }

  TestBoard board;
  std::unique_ptr<MemoryBlock> ram;
  FlatBus bus;
  NoApic apic;
  std::unique_ptr<Cluster> cluster;
  unsigned triple_faults = 0;

 private:
  void tables() {
    descriptor(kCode0, 0, 0xFFFFF, 0x9B, 0xC);
    descriptor(kData0, 0, 0xFFFFF, 0x93, 0xC);
    descriptor(kCode3, 0, 0xFFFFF, 0xFB, 0xC);
    descriptor(kData3, 0, 0xFFFFF, 0xF3, 0xC);
    for (unsigned v = 0; v < 256; ++v) poke(kHandlers + 16 * v, 1, 0xF4);
    c().gdtr = {kGdt, 0xFFF};
    c().idtr = {kIdt, 0xFFF};
    Segment& tr = c().seg[TR];
    tr.selector = kTask, tr.base = kTss, tr.limit = 0x67, tr.rights = 0x8B;
    c().seg[LDTR].usable = false;
  }
  void enter(u8 cpl, u16 code_flags) {
    const u16 level = u16(cpl << 5);
    segment(CS, cpl ? kCode3 : kCode0, u16(0x9B | level | code_flags));
    for (const SegIndex i : {SS, DS, ES, FS, GS})
      segment(i, cpl ? kData3 : kData0, u16(0xC093 | level));
    c().cpl = cpl;
    c().r[RSP] = cpl ? kStack3 : kStack0;
    c().r[kRip] = kCode;
    c().activity = Activity::Running;
  }
};

// Each test runs with blocks and without.
class SystemTest : public testing::TestWithParam<bool> {
 protected:
  Machine m{GetParam()};
  Cpu& c = m.c();
};

}  // namespace reprise::cpu
