// A PIIX3 with drives on its cables, driven by ports as software does it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "chipset/ide/ata_disk.h"
#include "chipset/ide/atapi_cd.h"
#include "chipset/ide/piix3_ide.h"
#include "tests/support/interrupt_parts.h"
#include "tests/support/test_board.h"

namespace reprise {

// Every eight bytes are different; from `bad` on, I/O fails.
class DiskNode final : public BlockNode {
 public:
  explicit DiskNode(u64 size) : bytes(size) {
    for (u64 at = 0; at < size; at += 8) {
      const u64 value = at * 0x9e37'79b9'7f4a'7c15u + 1;
      std::memcpy(&bytes[at], &value, 8);
    }
  }
  std::string_view driver() const override { return "memory"; }
  u64 size() const override { return bytes.size(); }
  bool read_only() const override { return false; }
  Result<void> read(u64 offset, std::span<u8> out) override {
    if (offset + out.size() > bad) return Error{.message = "bad", .number = 5};
    std::memcpy(out.data(), &bytes[offset], out.size());
    return {};
  }
  Result<void> write(u64 offset, std::span<const u8> in) override {
    if (offset + in.size() > bad) return Error{.message = "bad", .number = 5};
    std::memcpy(&bytes[offset], in.data(), in.size());
    return {};
  }
  Result<void> flush() override {
    ++flushes;
    return {};
  }
  Result<void> discard(u64 offset, u64 length) override {
    std::memset(&bytes[offset], 0, length);
    return {};
  }
  Result<Extent> map(u64, u64 length) override { return Extent{length, false, true, {}}; }

  std::vector<u8> bytes;
  u64 bad = kNever;
  unsigned flushes = 0;
};

class IdeRig : public testing::Test {
 protected:
  static constexpr u64 kRam = 4 << 20, kDiskSize = 8 << 20, kCdSize = 2 << 20;
  static constexpr u16 kPrimary = 0x1f0, kSecondary = 0x170, kMaster = 0xc000;
  static constexpr u8 kErr = 1, kDrq = 8, kBsy = 0x80;

  TestBoard board;
  AddressSpace space;
  TestMsi messages;
  std::unique_ptr<MemoryBlock> ram = std::move(*MemoryBlock::create(board.pages, "ram", kRam));
  MemoryWindow ram_window{space, "ram", MapPriority::Ram, *ram};
  PciBus pci{board.context("/pci"), space, messages, {}};
  Piix3Ide ide{board.context("/pci/ide"), pci, {IrqLine(board.pins, 14), IrqLine(board.pins, 15)}};
  std::vector<std::unique_ptr<Drive>> drives;
  std::vector<std::unique_ptr<IdeDevice>> devices;
  u16 base = kPrimary;  // the channel that the functions below talk to

  void SetUp() override {
    ram_window.map(0, kRam);
    space.out(0, 1, 0);
  }
  void power_on() {
    board.tree.reset();
    config(0x04, 2, 5);
    config(0x40, 4, 0x8000'8000);
    config(0x20, 4, kMaster);
  }
  void config(u8 offset, unsigned size, u32 value) { ide.config_write(offset, size, value); }

  Drive& drive(const std::string& id, std::shared_ptr<DiskNode> node, bool cd = false) {
    DriveSetup setup;
    setup.id = id;
    setup.removable = setup.has_tray = cd;
    drives.push_back(std::make_unique<Drive>(board.context("/drive/" + id), setup,
                                             std::make_unique<InlineWorker>()));
    if (node) drives.back()->insert(medium(id, node, cd));
    return *drives.back();
  }
  static Medium medium(const std::string& key, std::shared_ptr<DiskNode> node, bool read_only) {
    return {key, key, node->size(), read_only, node};
  }
  AtaDisk& add_disk(unsigned channel, unsigned unit, std::shared_ptr<DiskNode> node) {
    const std::string id = "hd" + std::to_string(2 * channel + unit);
    auto disk = std::make_unique<AtaDisk>(board.context("/pci/ide/" + id), drive(id, node),
                                          IdeIdentity{"RP00001", "REPRISE HARDDISK", "1.0"},
                                          Geometry::of(node->size() / 512, 0, 0, 0));
    AtaDisk& reference = *disk;
    ide.plug(channel, unit, reference);
    devices.push_back(std::move(disk));
    return reference;
  }
  AtapiCd& add_cd(unsigned channel, unsigned unit, std::shared_ptr<DiskNode> node) {
    const std::string id = "cd" + std::to_string(2 * channel + unit);
    auto cd = std::make_unique<AtapiCd>(board.context("/pci/ide/" + id), drive(id, node, true),
                                        IdeIdentity{"RP00003", "REPRISE CD-ROM", "1.0"});
    AtapiCd& reference = *cd;
    ide.plug(channel, unit, reference);
    devices.push_back(std::move(cd));
    return reference;
  }

  // --- time ---
  void run(Cycles cycles) {
    const Cycles end = board.scheduler.now() + cycles;
    for (;;) {
      for (auto& drive : drives) drive->settle_due();
      board.scheduler.run_due();
      const Cycles next = board.scheduler.deadline();
      if (next > end) break;
      board.scheduler.set_now(std::max(next, board.scheduler.now()));
    }
    board.scheduler.set_now(end);
  }

  // --- ports ---
  u8 in(unsigned reg) { return u8(space.in(u16(base + reg), 1)); }
  void out(unsigned reg, u8 value) { space.out(u16(base + reg), 1, value); }
  u8 alternate_status() { return u8(space.in(u16(base + 0x206), 1)); }
  void control(u8 value) { space.out(u16(base + 0x206), 1, value); }
  bool irq() { return board.pins.level[base == kPrimary ? 14 : 15]; }
  unsigned edges() { return board.pins.edges[base == kPrimary ? 14 : 15]; }
  u16 in_data() { return u16(space.in(base, 2)); }
  void out_data(u16 value) { space.out(base, 2, value); }
  // Until the device is not busy; the status, by the register that clears INTRQ.
  u8 wait() {
    for (unsigned i = 0; i < 10'000 && alternate_status() & kBsy; ++i) run(100'000);
    return in(7);
  }
  std::vector<u8> take(unsigned bytes) {
    std::vector<u8> data;
    while (data.size() < bytes) {
      const u16 word = in_data();
      data.push_back(u8(word));
      data.push_back(u8(word >> 8));
    }
    data.resize(bytes);
    return data;
  }
  void give(std::span<const u8> data) {
    for (std::size_t i = 0; i < data.size(); i += 2)
      out_data(u16(data[i] | (i + 1 < data.size() ? data[i + 1] << 8 : 0)));
  }
  // A task file for a 28-bit address, and the command.
  void ata(u8 code, u32 lba = 0, u8 count = 1, u8 unit = 0) {
    out(6, u8(0xe0 | unit << 4 | (lba >> 24 & 15)));
    out(2, count);
    out(3, u8(lba));
    out(4, u8(lba >> 8));
    out(5, u8(lba >> 16));
    out(7, code);
  }
  void ata_ext(u8 code, u64 lba, u16 count, u8 unit = 0) {
    out(6, u8(0xe0 | unit << 4));
    out(2, u8(count >> 8));
    out(2, u8(count));
    for (unsigned i = 0; i < 3; ++i) {
      out(3 + i, u8(lba >> (24 + 8 * i)));
      out(3 + i, u8(lba >> (8 * i)));
    }
    out(7, code);
  }

  // --- bus master ---
  u16 master() const { return u16(kMaster + (base == kPrimary ? 0 : 8)); }
  struct Region {
    u32 address, length;  // length as in the table
  };
  void table(u32 at, std::vector<Region> regions, bool last = true) {
    for (std::size_t i = 0; i < regions.size(); ++i) {
      const u32 flags = last && i + 1 == regions.size() ? 0x8000'0000 : 0;
      put32(at + u32(8 * i), regions[i].address);
      put32(at + u32(8 * i) + 4, (regions[i].length & 0xffff) | flags);
    }
    space.out(u16(master() + 4), 4, at);
  }
  void start(bool to_memory) {
    space.out(u16(master() + 2), 1, 6);
    space.out(master(), 1, to_memory ? 8 : 0);
    space.out(master(), 1, to_memory ? 9 : 1);
  }
  u8 stop() {
    const u8 status = u8(space.in(u16(master() + 2), 1));
    space.out(master(), 1, 0);
    return status;
  }
  u8 master_status() { return u8(space.in(u16(master() + 2), 1)); }
  void put32(u32 at, u32 value) {
    u8 bytes[4];
    std::memcpy(bytes, &value, 4);
    ram->write(at, bytes);
  }
  std::vector<u8> memory(u32 at, u32 length) {
    return {ram->data() + at, ram->data() + at + length};
  }
  static std::vector<u8> part(const DiskNode& node, u64 at, u64 length) {
    return {node.bytes.begin() + std::ptrdiff_t(at),
            node.bytes.begin() + std::ptrdiff_t(at + length)};
  }
};

}  // namespace reprise
