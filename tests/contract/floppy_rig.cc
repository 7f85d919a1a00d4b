// The floppy controller with one drive, and what a driver does to them.
#include "chipset/floppy/i82078.h"
#include "tests/storage/memory_node.h"
#include "tests/support/contract.h"

namespace reprise {

namespace {

// A driver's command with data: drive 0, its first tracks.
std::array<u8, 9> floppy_command(std::mt19937_64& random) {
  static constexpr u8 kCommands[] = {0x46, 0x46, 0x45, 0x42, 0x56, 0x51, 0x59, 0x5d, 0x4c, 0x4d};
  const u8 command = kCommands[random() % std::size(kCommands)];
  if (command == 0x4d) return {command, 0, 2, u8(1 + random() % 3), 0x1b, u8(random())};
  return {command, u8(random() & 0x80), 0, 0, u8(1 + random() % 9), 2, u8(1 + random() % 9),
          0x1b,    u8(1 + random() % 3)};
}

}  // namespace

void floppy_rig(ContractRig& rig) {
  auto& dma = rig.place<I8237>("/dma", rig.space);
  auto& disk =
      rig.place<Drive>("/drive", DriveSetup{.id = "drive", .latency = LatencyModel::floppy()},
                       std::make_unique<InlineWorker>());
  auto node = std::make_shared<MemoryNode>(160 << 10);
  disk.insert({.key = "drive", .file = "", .size = node->size(), .node = node});
  auto& fdc = rig.place<I82078>("/floppy", rig.pin(6), dma,
                                std::array<I82078::Slot, 2>{{{FloppyType::Kb360, &disk}, {}}});
  rig.pace(1'500'000);
  rig.mostly_probes = true;
  rig.legal("polls", [](auto& random) { return random() % 2 * 5000; });
  // DMA and the drive have their own tests.
  for (const char* field :
       {"controllers/#/flip_flop", "controllers/#/temporary", "controllers/#/terminal", "dreq"})
    rig.never_shows(std::string("/dma/") + field);
  for (const char* field : {"key", "last_deadline", "next_offset", "read_only", "written"})
    rig.never_shows(std::string("/drive/") + field);

  const auto service = [&fdc](auto& random) {  // results, data, interrupts
    u64 seen = 0;
    for (unsigned i = 0; i < 20; ++i) {
      const u8 msr = u8(fdc.io_read(4, 1));
      seen = seen * 257 + msr;
      if ((msr & 0xc0) == 0xc0)
        seen = seen * 257 + fdc.io_read(5, 1);
      else if ((msr & 0xe0) == 0xa0)
        fdc.io_write(5, 1, u8(random() % 4 ? 0 : random()));
      else
        break;
    }
    return seen;
  };
  const auto on = [&fdc](auto& random) {
    fdc.io_write(2, 1, 0x1c);
    if (random() % 4 == 0) fdc.io_write(7, 1, 2);
  };
  rig.probe(service);
  rig.probe([&rig, &fdc, &dma, service, on](auto& random) {  // a transfer, perhaps to its end
    on(random);
    dma.second_ports().io_write(0x14, 1, 0);
    IoHandler& ports = dma.first_ports();
    ports.io_write(0xb, 1, random() % 2 ? 0x46 : 0x4a);
    ports.io_write(0xc, 1, 0);
    for (const u32 value : {0x00u, 1 + u32(random() % 4)}) ports.io_write(5, 1, value);
    ports.io_write(0xa, 1, random() % 8 ? 2 : 6);
    u64 seen = service(random);
    if ((fdc.io_read(4, 1) & 0xf0) == 0x80)
      for (const u8 byte : floppy_command(random)) fdc.io_write(5, 1, byte);
    rig.board.run(random() % 1'500'000);
    if (random() % 2) seen = seen * 257 + service(random);
    return seen;
  });
  rig.probe([&fdc, service, on](auto& random) {  // other commands
    static constexpr u8 kCommands[][4] = {{3, 0x03, 0xd0, 0x02},
                                          {3, 0x03, 0x20, 0x03},
                                          {3, 0x0f, 0x00, 0x00},
                                          {3, 0x0f, 0x02, 0x07},
                                          {2, 0x07, 0x00},
                                          {2, 0x07, 0x01},
                                          {2, 0x4a, 0x00},
                                          {1, 0x08},
                                          {1, 0x08},
                                          {1, 0x0e},
                                          {1, 0x2e},
                                          {1, 0x94},
                                          {1, 0x14},
                                          {3, 0x8e, 0x3b, 0x80},
                                          {2, 0x12, 0x97},
                                          {2, 0x33, 0x01},
                                          {2, 0x17, 0x05},
                                          {3, 0xcf, 0x00, 0x01},
                                          {3, 0x13, 0x00, 0x47},
                                          {2, 0x04, 0x00}};
    on(random);
    const u64 seen = service(random);
    const auto& command = kCommands[random() % std::size(kCommands)];
    for (unsigned i = 1; i <= command[0]; ++i) fdc.io_write(5, 1, command[i]);
    return seen;
  });
  rig.favours({0x0c, 0x1c, 0x3d, 0x08, 0x0e, 0x07, 0x03, 0x2e, 0x04, 0x80});
}

}  // namespace reprise
