// A small machine whose every part can be disturbed: RAM, a ROM, a window that maps either of them,
// a page of registers with side effects that note the time of each access, timers, interrupts, NMI,
// SMI and DMA. For tests that hold two ways of running the same program against each other.
#pragma once

#include <xxhash.h>

#include <memory>
#include <string>
#include <vector>

#include "cpu/cluster.h"
#include "replay/core/state_readers.h"
#include "tests/support/test_board.h"

namespace reprise::cpu {

struct Rng {
  u64 state;
  u64 next() {
    u64 z = state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return z ^ z >> 31;
  }
  u32 below(u32 n) { return u32(next() >> 33) % n; }
  bool chance(u32 percent) { return below(100) < percent; }
};

// Guest-physical addresses.
inline constexpr u64 kRamSize = 0xD0000, kWindow = 0xD0000, kRom = 0xE0000, kRegisters = 0xF0000;
inline constexpr u64 kCodeArea = 0xC000, kDataArea = 0x20000, kAreaSize = 0x4000;

class Rig final : public Device, public Bus {
 public:
  struct Apic final : LocalApic {
    Rig* rig = nullptr;
    Pins* pins = nullptr;
    u32 pending = 0;
    u8 priority = 0;
    void raise(unsigned n) {
      pending |= 1u << (n & 15);
      pins->set_intr(true);
    }
    u8 acknowledge() override {
      rig->note(0xAC);
      const unsigned n = pending ? unsigned(std::countr_zero(pending)) : 15;
      pending &= pending - 1;
      if (!pending) pins->set_intr(false);
      return u8(0x20 + n);
    }
    u64 base() const override { return 0xFEE00900; }
    bool set_base(u64) override { return true; }
    u8 tpr() const override { return priority; }
    void set_tpr(u8 value) override {
      rig->note(value);
      priority = value;
    }
    u64 tsc_deadline() const override { return 0; }
    void set_tsc_deadline(u64) override {}
    void set_tsc_offset(u64) override {}
    std::optional<u64> read_msr(u32) override { return std::nullopt; }
    bool write_msr(u32, u64) override { return false; }
    void state(State& s) { s("pending", pending)("priority", priority); }
  };

  Rig(const DeviceContext& context, MemoryBlock& ram, MemoryBlock& rom)
      : Device(context),
        ram_(ram),
        rom_(rom),
        scheduler_(context.scheduler),
        timers_{Timer(scheduler_, path(), 0, [this] { fire(0); }),
                Timer(scheduler_, path(), 1, [this] { fire(1); })} {
    for (Apic& a : apics) a.rig = this;
  }
  Apic apics[2];
  Cluster* cluster = nullptr;

  void start(Cycles period) { timers_[0].arm(period); }

  std::string_view kind() const override { return "rig"; }
  void reset() override {}
  void state(State& s) override {
    s("digest", digest_)("mapped", mapped_)("apic0", apics[0])("apic1", apics[1]);
    s("timer0", timers_[0])("timer1", timers_[1]);
  }

  PhysPage page(u64 address, bool) override {
    if (address < kRamSize) return {&ram_, address / kPageSize, true};
    if (address == kWindow) {
      if (mapped_) return {&ram_, kDataArea / kPageSize, true};
      return {&rom_, 1, false};
    }
    if (address >= kRom && address < kRom + rom_.size())
      return {&rom_, (address - kRom) / kPageSize, false};
    return {};
  }
  u64 read(u64 address, unsigned size, bool) override {
    note(address << 8 | size);
    if (address >= kRegisters + kPageSize || address < kRegisters) return ~u64(0);
    if (address & 0x80) act(address, u32(digest_ >> 16 & 0xFF));
    // Code here is short: NOPs, and what the digest says.
    return address & 0x800 ? 0x9090909090909090 : digest_ & 0x3F3F3F3F3F3F3F3F;
  }
  void write(u64 address, unsigned size, u64 value, bool) override {
    note(address << 8 | size | 0x80);
    note(value);
    if (address >= kRegisters && address < kRegisters + kPageSize) act(address, u32(value));
  }
  u32 in(u16 port, unsigned size) override {
    note(u64(port) << 32 | size);
    if (port & 0x80) act(port, u32(digest_ >> 16 & 0xFF));
    return u32(digest_);
  }
  void out(u16 port, unsigned size, u32 value) override {
    note(u64(port) << 40 | u64(size) << 32 | value);
    act(port, value);
  }
  void note(u64 what) {
    digest_ = (digest_ ^ what ^ scheduler_.now() << 20) * 0x9E3779B97F4A7C15;
    digest_ ^= digest_ >> 29;
  }

 private:
  Cpu& pick(u32 value) { return cluster->cpu((value >> 3) % cluster->size()); }
  void act(u64 address, u32 value) {
    switch (address >> 4 & 7) {
      case 1:
        return apics[(value >> 3) % cluster->size()].raise(value & 7);
      case 2:
        return timers_[1].arm(scheduler_.now() + (value & 127));
      case 3:
        mapped_ = !mapped_;
        for (unsigned i = 0; i < cluster->size(); ++i) cluster->cpu(i).memory_map_changed();
        return;
      case 4:
        return pulse(value);
      case 5:
        return dma(value);
      case 6:
        return cluster->request_exit();
      case 7:
        apics[0].pending = 0;
        return cluster->cpu(0).set_intr(false);
    }
  }
  void pulse(u32 value) {
    Cpu& c = pick(value);
    if ((value & 7) == 1) return c.smi();
    if ((value & 7) == 2 && cluster->size() > 1) {
      cluster->cpu(1).init();
      return cluster->cpu(1).sipi(0x0C);
    }
    if ((value & 7) == 3) c.nmi();
  }
  void dma(u32 value) {
    const u64 at =
        (value & 0xE0) == 0xE0 ? kCodeArea + (digest_ & 0x3FF8) : kDataArea + (digest_ & 0x3FF8);
    const u64 bytes = (value & 0xE0) == 0xE0 ? 0x9090909090909090 : digest_;
    ram_.write(at, {reinterpret_cast<const u8*>(&bytes), 1 + (value & 7)});
    cluster->stops().device_wrote(at, 1 + (value & 7));
  }
  void fire(unsigned index) {
    note(index);
    const unsigned target = (digest_ >> 13) % cluster->size();
    if (digest_ % 16 == 0)
      cluster->cpu(target).nmi();
    else
      apics[target].raise(8 + index);
    if (index == 0) timers_[0].arm(scheduler_.now() + 50 + (digest_ >> 17) % 1500);
  }

  MemoryBlock& ram_;
  MemoryBlock& rom_;
  Scheduler& scheduler_;
  Timer timers_[2];
  u64 digest_ = 0;
  bool mapped_ = false;
};

struct EquivalenceMachine {
  EquivalenceMachine(bool blocks, const std::string& timing, unsigned cpus, Cycles quantum,
                     u64 interleave_seed) {
    ram = MemoryBlock::create(board.pages, "ram", kRamSize).value();
    rom = MemoryBlock::create(board.pages, "rom", 0x4000, true).value();
    const CpuOptions options{.model = "max",
                             .features = {},
                             .timing = timing,
                             .cpus = cpus,
                             .quantum = quantum,
                             .interleave_seed = interleave_seed,
                             .seed = 1,
                             .blocks = blocks};
    cluster = Cluster::create(options, board.context("/cpu"), board.pages).value();
    rig = std::make_unique<Rig>(board.context("/rig"), *ram, *rom);
    rig->cluster = cluster.get();
    for (unsigned i = 0; i < cpus; ++i) {
      rig->apics[i].pins = &cluster->pins(i);
      cluster->connect(i, *rig, rig->apics[i]);
    }
    board.tree.reset();
  }

  void poke(u64 at, unsigned size, u64 value) {
    ram->write(at, {reinterpret_cast<const u8*>(&value), size});
  }
  Position position() const { return cluster->position(); }
  // Runs to the first boundary at or behind `stop`, or where one of the operator's stops was met,
  // as a machine's loop does.
  void run(Stop stop) {
    while (position().cycles < stop.cycles && position().icount < stop.icount) {
      if (cluster->all_halted()) {
        const Cycles next = std::min(board.scheduler.deadline(), stop.cycles);
        if (next == kNever) return;
        if (next > position().cycles) cluster->skip_to(next);
      } else {
        cluster->run_until(stop);
      }
      board.scheduler.run_due();
      if (cluster->take_stop()) return;
    }
  }
  u64 hash() {
    HashState fields;
    board.tree.state(fields);
    u64 value = fields.value();
    for (u64 page = 0; page < ram->pages(); ++page)
      if (ram->info(page).write_epoch != 0)
        value = XXH64(ram->data() + page * kPageSize, kPageSize, value ^ page);
    return value;
  }
  std::vector<u8> save() {
    SaveState image;
    board.tree.state(image);
    return image.take();
  }
  // Takes over all of the other machine's state.
  void load_from(EquivalenceMachine& other) {
    for (u64 page = 0; page < ram->pages(); ++page)
      if (other.ram->info(page).write_epoch != 0)
        ram->write(page * kPageSize, {other.ram->data() + page * kPageSize, kPageSize});
    rom->write(0, {other.rom->data(), rom->size()});
    const auto loaded = load_objects(board.tree, other.save());
    check(loaded.ok(), "a state that cannot be loaded");
  }

  TestBoard board{4'000'000};
  std::unique_ptr<MemoryBlock> ram, rom;
  std::unique_ptr<Cluster> cluster;
  std::unique_ptr<Rig> rig;
};

}  // namespace reprise::cpu
