#include <cstring>

#include "replay/core/hash.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {

// Loads random legal values instead of an image's.
class RandomState final : public State {
 public:
  RandomState(ContractRig& rig, std::mt19937_64& random)
      : rig_(rig), random_(random), now_(rig.board.scheduler.now()) {}
  bool loading() const override { return true; }
  void refuse(std::string_view, std::string_view) override { refused_ = true; }
  bool refused() const { return refused_; }

 protected:
  void number(std::string_view name, u64& value, unsigned, u64 lo, u64 hi) override {
    const auto legal = rig_.legal_numbers.find(std::string(name));
    if (legal != rig_.legal_numbers.end()) {
      value = legal->second(random_);
    } else if (name == "deadline") {
      value = now_ + random_() % 1'000'000;
    } else if (name == "size") {
      value = random_() % (std::min<u64>(hi, 20) + 1);
    } else {
      const u64 range = hi - lo;
      const u64 bits = random_() >> (random_() % 64);  // small values as often as large ones
      value = range == ~u64(0) ? bits : lo + bits % (range + 1);
    }
  }
  void bytes(std::string_view name, std::span<u8> data) override {
    const auto legal = rig_.legal_runs.find(std::string(name));
    if (legal != rig_.legal_runs.end()) return legal->second(random_, data);
    for (u8& byte : data) byte = u8(random_());
  }
  void enter(std::string_view) override {}
  void leave() override {}

 private:
  ContractRig& rig_;
  std::mt19937_64& random_;
  Cycles now_;
  bool refused_ = false;
};

constexpr u64 kRam = 1 << 20;

}  // namespace

ContractRig::ContractRig(u8 fill)
    : ram(std::move(*MemoryBlock::create(board.pages, "ram", kRam))),
      ram_window(space, "ram", MapPriority::Ram, *ram),
      fill_(fill) {
  ram_window.map(0, kRam);
}

ContractRig::~ContractRig() {
  for (; !placed_.empty(); placed_.pop_back()) {
    placed_.back().destroy();
    std::free(placed_.back().memory);
  }
}

// Not inlined, so that the compiler cannot drop the filling of memory that it knows to be dead.
[[gnu::noinline]] void* ContractRig::filled(std::size_t size, std::size_t alignment) {
  void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  std::memset(memory, fill_, size);
  asm volatile("" : : "r"(memory) : "memory");
  return memory;
}

PciBus& ContractRig::pci() {
  if (!pci_) {
    pci_ = &place<PciBus>("/pci", space, msi,
                          std::array<IrqLine, 4>{pin(40), pin(41), pin(42), pin(43)});
  }
  return *pci_;
}

void ContractRig::note(Device& device) {
  if (auto* handler = dynamic_cast<IoHandler*>(&device)) io.push_back(handler);
  if (auto* handler = dynamic_cast<MmioHandler*>(&device)) mmio.push_back(handler);
  if (auto* function = dynamic_cast<PciDevice*>(&device)) functions.push_back(function);
}

void ContractRig::forget() {
  board.pins.edges.clear();
  cpu.nmis = cpu.smis = cpu.inits = cpu.map_changes = actions = 0;
  cpu.sipis.clear();
  msi.messages.clear();
}

void ContractRig::look(std::vector<u64>& seen) {
  for (unsigned n = 0; n < 64; ++n) {
    seen.push_back(board.pins.level[n]);
    seen.push_back(board.pins.edges[n]);
  }
  for (const u64 value : {u64(cpu.intr), u64(cpu.nmis), u64(cpu.smis), u64(cpu.inits),
                          u64(cpu.sipis.size()), u64(actions), u64(space.a20())}) {
    seen.push_back(value);
  }
  for (const auto& [address, data] : msi.messages) {
    seen.push_back(address);
    seen.push_back(data);
  }
}

void ContractRig::traffic(std::mt19937_64& random, unsigned steps, std::vector<u64>& seen) {
  for (const auto& [name, port] : board.door.ports()) {
    port->connect([&seen](std::span<const u8> bytes) { seen.push_back(hash64(bytes)); });
  }
  for (unsigned i = 0; i < steps; ++i) {
    act(random, seen);
    if (i % 16 == 0) look(seen);
  }
  look(seen);
  seen.push_back(hash64({ram->data(), ram->size()}));
  for (const auto& [name, port] : board.door.ports()) port->connect({});
}

// Small values, any values, and those that mean something to the device.
u64 ContractRig::written(std::mt19937_64& random) const {
  if (!favourites.empty() && random() % 2) return favourites[random() % favourites.size()];
  return random() % 2 ? random() : random() >> (random() % 64);
}

void ContractRig::access_space(std::mt19937_64& random, std::vector<u64>& seen) {
  const unsigned size = 1u << random() % 3;
  if (!memory_ranges.empty() && random() % 2) {
    const auto& [base, length] = memory_ranges[random() % memory_ranges.size()];
    const u64 address = base + (random() % length & ~u64(7));
    if (random() % 2) {
      space.write(address, size, written(random), false);
    } else {
      seen.push_back(space.read(address, size, false));
    }
    return;
  }
  u16 port = u16(random());
  if (!port_ranges.empty()) {
    const auto& [base, count] = port_ranges[random() % port_ranges.size()];
    port = u16(base + random() % count);
  }
  if (random() % 2) {
    space.out(port, size, u32(written(random)));
  } else {
    seen.push_back(space.in(port, size));
  }
}

void ContractRig::post(std::mt19937_64& random) {
  std::vector<Port*> ports;
  for (const auto& [name, port] : board.door.ports()) {
    if (port->kind() == PortKind::Input) ports.push_back(port);
  }
  if (ports.empty()) return;
  Port& port = *ports[random() % ports.size()];
  const auto maker = makers.find(port.name());
  std::vector<u8> bytes(1 + random() % 16);
  for (u8& byte : bytes) byte = u8(random() >> random() % 8);
  if (maker != makers.end()) bytes = maker->second(random);
  board.door.post(port, bytes);
  board.run(0);
}

void ContractRig::act(std::mt19937_64& random, std::vector<u64>& seen) {
  // Low offsets, where most registers are, and any; MMIO registers are often 16 bytes apart.
  const u16 offset = u16(random() % 8 ? random() % 16 : random());
  const u64 far = std::array<u64, 4>{random() % 2 * 16, random() % 64 * 16, random() % 0x400 & ~7u,
                                     random() % 0x4000}[random() % 4];
  const unsigned size = random() % 2 ? 1 : 1u << random() % 3;
  const unsigned far_size = random() % 4 ? 4 : 1u << random() % 4;
  const u64 pick = random();
  if (mostly_probes && random() % 4) {
    seen.push_back(probes[pick % probes.size()](random));
    return;
  }
  switch (random() % 16) {
    case 0:
    case 1:
      if (!io.empty()) seen.push_back(io[pick % io.size()]->io_read(offset, size));
      break;
    case 2:
    case 3:
    case 4:
      if (!io.empty()) io[pick % io.size()]->io_write(offset, size, u32(written(random)));
      break;
    case 5:
    case 6:
      if (!mmio.empty()) seen.push_back(mmio[pick % mmio.size()]->mmio_read(far, far_size));
      break;
    case 7:
    case 8:
      if (!mmio.empty()) mmio[pick % mmio.size()]->mmio_write(far, far_size, written(random));
      break;
    case 9:
      if (functions.empty()) break;
      if (random() % 2) functions[pick % functions.size()]->config_write(4, 2, 7);  // decode
      functions[pick % functions.size()]->config_write(u8(random()), size, u32(written(random)));
      seen.push_back(functions[pick % functions.size()]->config_read(u8(random()), size));
      break;
    case 10: {
      if (sinks.empty()) break;
      const auto& [sink, pins] = sinks[pick % sinks.size()];
      sink->set_irq(unsigned(random() % pins), random() % 2);
      break;
    }
    case 11:
      post(random);
      break;
    case 12:
    case 13:
      access_space(random, seen);
      break;
    case 14:
      if (!probes.empty()) seen.push_back(probes[pick % probes.size()](random));
      break;
    default:
      board.run(random() % 4 ? random() % 1000 : random() % longest);
      if (told_of_time) told_of_time();
  }
}

Result<void> ContractRig::copy_to(ContractRig& other) {
  copy_memory(other);
  return other.load(save());
}

void ContractRig::copy_without(const std::string& field, ContractRig& other) {
  copy_memory(other);
  const FieldValues rest = without(field, fields());
  WriteFields load(rest);
  other.board.tree.state(load);
  other.board.tree.settle();
}

// And time.
void ContractRig::copy_memory(ContractRig& other) {
  other.board.scheduler.set_now(board.scheduler.now());
  const auto& here = board.pages.blocks();
  const auto& there = other.board.pages.blocks();
  for (std::size_t i = 0; i < here.size(); ++i) {
    for (u64 at = 0; at < here[i]->size(); at += kPageSize) {
      const std::span<const u8> page(here[i]->data() + at, kPageSize);
      if (std::memcmp(page.data(), there[i]->data() + at, kPageSize)) there[i]->write(at, page);
    }
  }
}

FieldValues ContractRig::fields() {
  ReadFields read;
  board.tree.state(read);
  return std::move(read.values);
}

bool ContractRig::randomize(std::mt19937_64& random) {
  const std::vector<u8> before = save();
  RandomState state(*this, random);
  board.tree.state(state);
  if (!state.refused()) {
    board.tree.settle();
    return true;
  }
  check(load(before).ok(), "a saved state does not load");
  return false;
}

std::string ContractRig::differences(const std::vector<u8>& image) {
  CompareState compare(image);
  board.tree.state(compare);
  std::string text = compare.error();
  for (const StateDifference& difference : compare.differences()) {
    text += "\n  " + difference.name + ": " + difference.here.substr(0, 80) + " / " +
            difference.image.substr(0, 80);
  }
  return text;
}

}  // namespace reprise
