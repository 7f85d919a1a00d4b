// What every device keeps, whatever it is: its state is what state() lists, and nothing else.
//
// A device is built, with what it needs around it, in memory filled with a given byte. The tests in
// tests/contract do to it what guests, hosts and snapshots do, and compare.
//
// A new kind of device is covered by one function and one line in tests/contract/device_list.cc:
// the function places it in a ContractRig. A device's own register interfaces (IoHandler,
// MmioHandler, PciDevice) and its ports to the door are found by themselves; the function names
// what else reaches it: ports(), inputs(), decodes(), probe(). Chance finds few commands:
// favours(), messages() and pace() say what software writes, what comes from the host, and how slow
// it is.
//
// Two tests find mistakes in the list of fields. ALoadedCopyGoesOnAsTheOriginal fails if a field is
// missing. EveryListedFieldMatters leaves out each listed field in turn and wants that noticed: if
// not, either the walk never comes near the field (help it with the functions above), or the field
// is dead or derived and should go. tests/contract/mutate.py does the same to the sources.
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
#include "tests/support/field_values.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {

// While one lives, this thread's `new` gives memory filled with a byte.
class FilledMemory {
 public:
  explicit FilledMemory(u8 fill);
  ~FilledMemory();
  FilledMemory(const FilledMemory&) = delete;
};

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
  // What arrives at the input port of this name.
  using Message = std::function<std::vector<u8>(std::mt19937_64&)>;
  void messages(const std::string& port, Message make) { makers[port] = std::move(make); }
  // The longest time, in cycles of 1 ns, that passes at once.
  void pace(Cycles cycles) { longest = cycles; }
  // Told when time has passed.
  void on_time(std::function<void()> told) { told_of_time = std::move(told); }
  // A legal value for fields of this name, where not every value in their range will do.
  using Value = std::function<u64(std::mt19937_64&)>;
  using Bytes = std::function<void(std::mt19937_64&, std::span<u8>)>;
  void legal(const std::string& field, Value make) { legal_numbers[field] = std::move(make); }
  void legal_bytes(const std::string& field, Bytes make) { legal_runs[field] = std::move(make); }
  // Listed although it never shows; say why where this is called.
  void never_shows(const std::string& entry) { unseen.insert(entry); }
  // Holds something that is not a device.
  void keep(std::shared_ptr<void> part) { kept.push_back(std::move(part)); }

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
  std::map<std::string, Message> makers;
  std::map<std::string, Value> legal_numbers;
  std::map<std::string, Bytes> legal_runs;
  std::set<std::string> unseen;
  std::vector<std::shared_ptr<void>> kept;
  std::function<void()> told_of_time;
  Cycles longest = 3'000'000;
  bool mostly_probes = false;

  // Does `steps` random things to the devices; what can be seen of them is added to `seen`.
  void traffic(std::mt19937_64& random, unsigned steps, std::vector<u64>& seen);
  // Forgets edges and messages, not levels: what was seen before.
  void forget();
  // The state of all devices and of memory, put into another rig of the same kind.
  Result<void> copy_to(ContractRig& other);
  // Likewise, as if the devices did not list the field.
  void copy_without(const std::string& field, ContractRig& other);
  // Random legal values in every field; false if the devices refuse them.
  bool randomize(std::mt19937_64& random);
  std::vector<u8> save() { return save_objects(board.tree); }
  Result<void> load(std::span<const u8> image) { return load_objects(board.tree, image); }
  // Fields of this rig's devices that are not as in `image`, as text.
  std::string differences(const std::vector<u8>& image);
  FieldValues fields();

 private:
  struct Placed {
    void* memory;
    Device* device;
    std::function<void()> destroy;
  };
  void* filled(std::size_t size, std::size_t alignment);
  void note(Device& device);
  void copy_memory(ContractRig& other);
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
