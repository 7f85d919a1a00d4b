// The IDE controller with a disk and a CD, and software that drives them.
#include "chipset/ide/ata_disk.h"
#include "chipset/ide/atapi_cd.h"
#include "chipset/ide/piix3_ide.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {

// A medium whose contents nobody changes: they are no part of a drive's state. Its end is bad.
class Unwritten final : public BlockNode {
 public:
  explicit Unwritten(u64 size) : size_(size) {}
  std::string_view driver() const override { return "unwritten"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return false; }
  Result<void> read(u64 offset, std::span<u8> out) override {
    if (offset + out.size() > size_ / 4 * 3) return Error{"bad", "GenericError", 5};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = u8((offset + i) * 0x9e37'79b9 >> 16);
    return {};
  }
  Result<void> write(u64, std::span<const u8>) override { return {}; }
  Result<void> flush() override { return {}; }
  Result<void> discard(u64, u64) override { return {}; }
  Result<Extent> map(u64, u64 length) override { return Extent{length, false, true, {}}; }

 private:
  u64 size_;
};

constexpr u16 kPrimary = 0x1f0, kSecondary = 0x170, kMaster = 0xc000;
constexpr u32 kTable = 0x1000, kRegion = 0x2000;

// The driver of one channel. Each step goes on with what the device is at, so that commands come
// to an end, and between any two of its steps there may be a load.
struct IdeDriver {
  ContractRig& rig;
  std::mt19937_64& random;
  u16 base;

  u64 pick(u64 below) { return random() % below; }
  void out(unsigned reg, u64 value) { rig.space.out(u16(base + reg), 1, u8(value)); }
  u8 in(unsigned reg) { return u8(rig.space.in(u16(base + reg), 1)); }
  u8 status() { return in(0x206); }
  u16 master() const { return u16(kMaster + (base == kPrimary ? 0 : 8)); }

  u64 step() {
    if (pick(64) == 0) {
      out(0x206, 4);
      out(0x206, pick(8) ? 0 : random() & 0x82);
    }
    const u8 now = status();
    if (now & 0x80) {
      rig.board.run(pick(60'000));
    } else if (now & 0x08) {
      if (pick(2)) start_master();
      return base == kSecondary && in(2) == 0 ? give_mode_list() : move_data();
    } else if (base == kPrimary) {
      disk_command();
    } else {
      pick(4) ? packet() : features();
    }
    return registers();
  }

  u64 registers() {
    u64 all = pick(2) ? in(7) : status();
    for (unsigned reg = 1; reg < 7; ++reg) all = all << 8 | in(reg);
    return all;
  }

  // The register takes what goes the device's way; the other direction does nothing.
  u64 move_data() {
    u64 all = 0;
    for (u64 n = pick(600); n; --n) all = all * 3 + rig.space.in(base, 2);
    for (u64 n = pick(600); n; --n) rig.space.out(base, 2, u32(random()));
    return all;
  }

  void start_master() {
    for (u32 i = 0; i < 4; ++i) {
      const std::array<u32, 2> entry{u32(kRegion + 2 * pick(64)), u32(pick(0x3000)) | u32(pick(2))
                                                                                          << 31};
      rig.ram->write(kTable + 8 * i, {reinterpret_cast<const u8*>(entry.data()), 8});
    }
    start_table(u32(kTable + 8 * pick(4)), pick(2));
  }
  void start_table(u32 address, bool to_memory) {
    rig.space.out(u16(master() + 4), 4, address);
    rig.space.out(master(), 1, 0);
    rig.space.out(master(), 1, to_memory ? 9 : 1);
  }

  void disk_command() {
    static constexpr u8 kCommands[] = {0x20, 0x24, 0x25, 0x25, 0x29, 0x34, 0x35, 0x35,
                                       0x40, 0xc4, 0xc4, 0xc5, 0xc6, 0xc8, 0xc8, 0xca,
                                       0xce, 0x06, 0x06, 0x06, 0xe7, 0xec, 0x90, 0x91,
                                       0xe4, 0xe8, 0xe5, 0xe0, 0xe1, 0x3d, 0x70};
    if (pick(3) == 0) return features();
    u8 code = kCommands[pick(std::size(kCommands))];
    if (pick(4) == 0) code = 0xf8 + u8(pick(2));  // READ NATIVE MAX, and SET MAX after it
    out(6, pick(8) ? 0xe0 : 0xa0 | (random() & 0x1f));
    out(1, 1);
    for (unsigned reg = 2; reg < 6; ++reg) {
      out(reg, pick(16) ? 0 : random());
      out(reg, reg == 2 ? 1 + pick(8) : reg == 3 ? pick(120) : 0);
    }
    if (code == 0x06) {  // what to trim
      for (u32 i = 0; i < 64; ++i) {
        const std::array<u8, 8> range{u8(pick(120)), 0, 0, 0, 0, 0, u8(pick(4)), 0};
        rig.ram->write(kRegion + 8 * i, range);
      }
      const std::array<u32, 2> entry{kRegion, 0x8000'1000};
      rig.ram->write(kTable, {reinterpret_cast<const u8*>(entry.data()), 8});
      start_table(kTable, false);
    }
    out(7, code);
  }

  // SET FEATURES, power modes, SMART.
  void features() {
    static constexpr u8 kFeatures[] = {0x02, 0x82, 0x03, 0x03, 0x03, 0x55, 0xaa, 0x66, 0xcc};
    static constexpr u8 kSmart[] = {0xd0, 0xd4, 0xd4, 0xd5, 0xd5, 0xd5, 0xd6, 0xd8, 0xd9, 0xdb};
    static constexpr u8 kCounts[] = {0x20, 0x21, 0x42, 0x45, 0, 1, 1, 1, 0xf8, 0xf8};
    static constexpr u8 kLows[] = {0, 1, 2, 6, 6, 0x80, 0x80, 0x81};
    static constexpr u8 kOthers[] = {0xe0, 0xe1, 0xe5, 0xe5, 0xa1, 0xec, 0xe6};
    const bool smart = base == kPrimary && pick(2);
    out(6, 0xa0);
    out(1, smart ? kSmart[pick(std::size(kSmart))] : kFeatures[pick(std::size(kFeatures))]);
    out(2, kCounts[pick(std::size(kCounts))]);
    out(3, kLows[pick(std::size(kLows))]);
    out(4, 0x4f);
    out(5, 0xc2);
    out(7, smart ? 0xb0 : pick(2) ? 0xef : kOthers[pick(std::size(kOthers))]);
  }

  void packet() {
    static constexpr u8 kPackets[] = {0x00, 0x03, 0x12, 0x1b, 0x1e, 0x25, 0x28, 0x28,
                                      0x28, 0xbe, 0xbe, 0xa8, 0xa8, 0x43, 0x46, 0x4a,
                                      0x51, 0x55, 0x15, 0x55, 0x15, 0x5a, 0x1a};
    const u8 code = kPackets[pick(std::size(kPackets))];
    std::array<u8, 12> bytes{};
    bytes[0] = code;
    bytes[1] = code == 0x4a;
    bytes[2] = code == 0x5a || code == 0x1a ? 0x3f : 0;
    const bool reads = code == 0x28 || code == 0xa8 || code == 0xbe;
    if (!reads)
      bytes[4] = u8(code == 0x1b ? 3 - (pick(4) == 0) : code == 0x15 ? 28 : 0x12 | pick(2));
    bytes[5] = u8(pick(8));
    const u8 count = u8(1 + pick(pick(2) ? 4 : 50));
    bytes[code == 0xa8 ? 9 : 8] = code == 0x55 ? 32 : count;
    if (code == 0xbe) bytes[9] = u8(pick(2) ? 0xf8 : 0x10);
    out(6, 0xa0);
    out(1, pick(2));
    out(4, pick(8));
    out(5, 2);
    out(7, 0xa0);
    for (unsigned i = 0; i < 12; i += 2) rig.space.out(base, 2, u32(bytes[i] | bytes[i + 1] << 8));
  }

  // MODE SELECT with two pages, after a long or a short header.
  u64 give_mode_list() {
    const unsigned length = in(4), header = length == 32 ? 8 : 4;
    std::array<u8, 32> list{};
    const u8 start = u8(random());
    const auto page = [&](unsigned at, u8 code, u8 size) {
      list[at] = code;
      list[at + 1] = size;
      for (unsigned i = 0; i < size; ++i) list[at + 2 + i] = u8(start + i);
    };
    page(header, 0x01, 6);
    page(header + 8, 0x0e, 14);
    for (unsigned i = 0; i < list.size(); i += 2)
      rig.space.out(base, 2, u32(list[i] | list[i + 1] << 8));
    return status();
  }
};

}  // namespace

// Two channels: a disk on the first, a CD on the second.
void ide_rig(ContractRig& rig) {
  auto& ide = rig.place<Piix3Ide>("/pci/ide", rig.pci(), std::array{rig.pin(14), rig.pin(15)});
  const auto drive = [&rig](const std::string& id, u64 size, bool cd) -> Drive& {
    const DriveSetup setup{.id = id,
                           .latency = {20'000, 10'000, 1'000'000'000, 10'000},
                           .removable = cd,
                           .has_tray = cd};
    auto& drive = rig.place<Drive>("/drive/" + id, setup, std::make_unique<InlineWorker>());
    drive.insert({id, id, size, false, std::make_shared<Unwritten>(size)});
    rig.never_shows("/drive/" + id + "/written");  // for those who compare runs
    rig.never_shows("/drive/" + id + "/key");      // names the medium, which is there
    return drive;
  };
  auto& disk =
      rig.place<AtaDisk>("/pci/ide/disk", drive("disk", 1 << 16, false),
                         IdeIdentity{"SERIAL", "MODEL", "1.0"}, Geometry::of(128, 0, 0, 0));
  auto& cd = rig.place<AtapiCd>("/pci/ide/cd", drive("cd", 1 << 17, true),
                                IdeIdentity{"SERIAL", "MODEL CD", "1.0"});
  rig.never_shows("/drive/cd/read_only");  // nobody writes to a CD
  ide.plug(0, 0, disk);
  ide.plug(1, 0, cd);
  rig.mostly_probes = true;
  rig.probe([&ide](auto&) {  // firmware and driver turn it on
    ide.config_write(4, 2, 5);
    ide.config_write(0x40, 4, 0x8000'8000);
    ide.config_write(0x20, 4, kMaster);
    return 0;
  });
  rig.probe([&cd](auto& random) {  // the operator
    if (random() % 8 == 0) cd.medium_changed();
    return random() % 4 ? 0 : u64(cd.eject_refused());
  });
  for (const u16 base : {kPrimary, kSecondary}) {
    for (unsigned often = 0; often < 3; ++often)
      rig.probe([&rig, base](auto& random) { return IdeDriver{rig, random, base}.step(); });
    rig.decodes(base, 8);
    rig.decodes(u16(base + 0x206), 1);
  }
  rig.decodes(kMaster, 16);
}

}  // namespace reprise
