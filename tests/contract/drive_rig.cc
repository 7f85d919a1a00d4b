// A drive, for the contract tests.
#include <algorithm>

#include "replay/core/hash.h"
#include "storage/drive/drive.h"
#include "tests/support/contract.h"

namespace reprise {
namespace {

// A disk whose content is memory, so that a copy of the rig has it too.
class BlockDisk final : public BlockNode {
 public:
  explicit BlockDisk(MemoryBlock& block) : block_(block) {}
  std::string_view driver() const override { return "memory"; }
  u64 size() const override { return block_.size(); }
  bool read_only() const override { return false; }
  Result<void> read(u64 offset, std::span<u8> out) override {
    if (offset % 7 == 3) return Error{"a bad sector", "GenericError", 5};
    std::copy_n(block_.data() + offset, out.size(), out.data());
    return {};
  }
  Result<void> write(u64 offset, std::span<const u8> in) override {
    block_.write(offset, in);
    return {};
  }
  Result<void> flush() override { return {}; }
  Result<void> discard(u64 offset, u64 length) override {
    return write(offset, std::vector<u8>(length));
  }
  Result<Extent> map(u64, u64 length) override { return Extent{length, false, true, {}}; }

 private:
  MemoryBlock& block_;
};

// A controller that remembers all that it was told.
struct DriveProbes final : Device, DriveClient {
  explicit DriveProbes(const DeviceContext& context) : Device(context) {}
  std::string_view kind() const override { return "drive-probes"; }
  void reset() override { seen = 0; }
  void state(State& s) override { s("seen", seen); }
  void drive_done(u32 tag, int error, std::span<const u8> data) override {
    seen = hash64(data, seen + tag * 100 + u64(error));
  }
  void medium_changed() override { ++seen; }
  u64 seen = 0;
};

}  // namespace

void drive_rig(ContractRig& rig) {
  constexpr u64 kDisk = 64 * kPageSize;
  std::shared_ptr<MemoryBlock> block =
      std::move(*MemoryBlock::create(rig.board.pages, "disk", kDisk));
  const auto node = std::make_shared<BlockDisk>(*block);
  auto& client = rig.place<DriveProbes>("/client");
  auto& drive =
      rig.place<Drive>("/drive", DriveSetup{.id = "d", .removable = true, .has_tray = true},
                       std::make_unique<InlineWorker>());
  drive.connect(client);
  drive.insert({"d", "d.img", kDisk, false, node});
  drive.set_medium_source([node](const Medium& medium) -> Result<std::shared_ptr<BlockNode>> {
    if (medium.key != "d") return fail("no such medium");
    return std::shared_ptr<BlockNode>(node);
  });
  rig.keep(block);
  rig.probe([&drive](auto& random) {
    if (!drive.accepts() || drive.sectors() == 0) return 0;
    const u64 first = random() % drive.sectors();
    const u64 length = std::min<u64>(1 + random() % 4, drive.sectors() - first) * kSectorSize;
    const u32 tag = u32(random());
    switch (random() % 6) {
      case 0:
      case 1:
        return drive.write(tag, first * kSectorSize, std::vector<u8>(length, u8(random()))), 1;
      case 2:
        return drive.discard(tag, first * kSectorSize, length), 2;
      case 3:
        return drive.flush(tag), 3;
      default:
        return drive.read(tag, first * kSectorSize, u32(length)), 4;
    }
  });
  rig.probe([&drive, &client](auto& random) {
    if (random() % 64 == 0) drive.abandon();
    if (random() % 64 == 0) drive.guest_eject();
    if (random() % 8 == 0) drive.guest_load();
    return client.seen + drive.busy() + drive.present() + drive.read_only() + drive.tray_open();
  });
  rig.messages("/drive:medium", [](auto& random) -> std::vector<u8> {
    if (random() % 8 == 0) return {u8(1 + random() % 2)};
    std::vector<u8> insert{3, 0,   0,  u8(1 + random() % 4), 0, 0, 0, 0, 0, u8(random() % 4 == 0),
                           1, 'd', 'f'};
    if (random() % 8 == 0) insert[11] = 'e';
    return insert;
  });
  rig.legal("last_deadline",
            [&rig](auto& random) { return rig.board.scheduler.now() + random() % 1'000'000; });
  rig.legal("offset", [](auto& random) { return random() % kDisk; });
  rig.legal("next_offset", [](auto& random) { return random() % 128 * kSectorSize; });
  rig.legal("length", [](auto& random) { return random() % 4096; });
  rig.legal("capacity", [](auto& random) { return kDisk >> random() % 2; });
  rig.legal_bytes("data",
                  [](auto&, std::span<u8> data) { std::fill(data.begin(), data.end(), 'd'); });
  rig.never_shows("/drive/written");  // for hashes only: the disk itself is not among the fields
}

}  // namespace reprise
