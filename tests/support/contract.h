// What every device keeps, whatever it is: the contract of DESIGN's chapter on state.
//
// A device is built, with what it needs around it, in memory filled with a given byte. The tests in
// tests/contract do to it what guests, hosts and snapshots do, and compare.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "chipset/interrupt/apic_bus.h"
#include "chipset/memory/address_space.h"
#include "chipset/pci/pci_bus.h"
#include "chipset/pci/pci_device.h"
#include "replay/core/state_readers.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {

// Everything that a device can be wired to.
class ContractRig {
 public:
  explicit ContractRig(u8 fill);
  ~ContractRig();

  // Builds a device in memory filled with the rig's byte. Destroyed last to first.
  template <class D, class... Args>
  D& place(const std::string& path, Args&&... args) {
    void* memory = filled(sizeof(D), alignof(D));
    D* device = new (memory) D(board.context(path), std::forward<Args>(args)...);
    placed_.push_back({memory, device, [device] { device->~D(); }});
    note(*device);
    return *device;
  }
  PciBus& pci();  // placed at the first call
  IrqLine pin(unsigned n) { return {board.pins, n}; }
  std::function<void()> action() {
    return [this] { ++actions; };
  }
  // What traffic reaches besides what a device itself implements.
  void ports(IoHandler& handler) { io.push_back(&handler); }
  void inputs(IrqSink& sink, unsigned pins) { sinks.push_back({&sink, pins}); }
  // Ports and memory where a device answers through the address space.
  void decodes(u16 base, unsigned count) { port_ranges.push_back({base, count}); }
  void decodes_memory(u64 base, u64 size) { memory_ranges.push_back({base, size}); }
  // Another thing that the board does to a device; what it gives is compared.
  using Probe = std::function<u64(std::mt19937_64&)>;
  void probe(Probe probe) { probes.push_back(std::move(probe)); }
  // Values that software writes to such a device: commands that chance would seldom find.
  void favours(std::initializer_list<u8> values) { favourites = values; }

  TestBoard board;
  std::unique_ptr<MemoryBlock> ram;
  AddressSpace space;
  MemoryWindow ram_window;
  ApicBus apic_bus;
  TestCpuPins cpu;
  TestIntAck pic;
  TestMsi msi;
  unsigned actions = 0;

  std::vector<IoHandler*> io;
  std::vector<MmioHandler*> mmio;
  std::vector<PciDevice*> functions;
  std::vector<std::pair<IrqSink*, unsigned>> sinks;
  std::vector<std::pair<u16, unsigned>> port_ranges;
  std::vector<std::pair<u64, u64>> memory_ranges;
  std::vector<Probe> probes;
  std::vector<u8> favourites;

  // Does `steps` random things to the devices; what can be seen of them is added to `seen`.
  void traffic(std::mt19937_64& random, unsigned steps, std::vector<u64>& seen);
  // Forgets edges and messages, not levels: what was seen before.
  void forget();
  // The state of all devices and of memory, put into another rig of the same kind.
  Result<void> copy_to(ContractRig& other);
  // Random legal values in every field; false if the devices refuse them.
  bool randomize(std::mt19937_64& random);
  std::vector<u8> save() { return save_objects(board.tree); }
  Result<void> load(std::span<const u8> image) { return load_objects(board.tree, image); }
  // Fields of this rig's devices that are not as in `image`, as text.
  std::string differences(const std::vector<u8>& image);

 private:
  struct Placed {
    void* memory;
    Device* device;
    std::function<void()> destroy;
  };
  void* filled(std::size_t size, std::size_t alignment);
  void note(Device& device);
  void look(std::vector<u64>& seen);
  void act(std::mt19937_64& random, std::vector<u64>& seen);
  void access_space(std::mt19937_64& random, std::vector<u64>& seen);
  void post(std::mt19937_64& random);
  u64 written(std::mt19937_64& random) const;

  u8 fill_;
  PciBus* pci_ = nullptr;
  std::vector<Placed> placed_;
};

// One line for each kind of device (tests/contract/device_list.cc).
struct DeviceUnderTest {
  std::string kind;
  std::function<void(ContractRig&)> build;
};
const std::vector<DeviceUnderTest>& devices_under_test();

}  // namespace reprise
