// From the names of image files to nodes behind drives, live and in a replay.
//
//   live       [pins] -> faults (tests) -> raw -> file
//   -snapshot  faults (tests) -> overlay on a temporary file -> [pins] -> raw -> file, read-only
//   replay     overlay on a temporary file -> what was kept, else raw -> file, read-only
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "chipset/board/pc_i440fx.h"
#include "qmp/operator_drives.h"
#include "replay/trace/disk_chunks.h"
#include "storage/filter/fault.h"
#include "tools/reprise/options.h"

namespace reprise::tools {

class Disks final : public OperatorDrives {
 public:
  Disks();
  ~Disks() override;

  // Before the machine is built. Live: opens the images, and says in the options what they are.
  Result<void> open(Options& options);
  Result<void> open_replay(const Options& options, const trace::Recording& recording);
  void equip(PcI440fx::HostOptions& host);
  // Afterwards; `wake` ends the driver's sleep.
  void join(PcI440fx& machine, std::function<void()> wake);
  // From now on, images tell what they held; null: no more.
  void record(DiskLog* log);
  // Waits for the workers. Nothing is read or written afterwards.
  void close();
  // What keeps the machine from going on for ever; live, never.
  std::optional<Error> broken() const;
  // The error that stopped the machine, as "ide0-hd0: no space ...".
  std::optional<std::string> stopped() const;
  void retry();

  // --- OperatorDrives ---
  std::vector<const Drive*> drives() const override;
  Result<void> eject(const std::string& id, bool force) override;
  Result<void> change(const std::string& id, const std::string& file, const std::string& format,
                      Access access) override;

 private:
  class LogSlot;
  struct Opened {
    std::shared_ptr<BlockNode> node;
    bool read_only = false;
  };
  enum class Wanted { ReadOnly, ReadWrite, Either };
  Result<Opened> open_image(const DriveConfig& drive, const std::string& key, Wanted wanted);
  Result<std::shared_ptr<BlockNode>> replayed(const Medium& medium,
                                              const std::string& format) const;
  Result<Drive*> find(const std::string& id) const;

  std::unique_ptr<LogSlot> log_;
  std::map<std::string, Medium> media_;  // at power-on
  std::map<std::string, std::vector<FaultRule>> faults_;
  u64 delay_seed_ = 0;
  bool recorded_ = false;
  std::optional<trace::DiskIndex> index_;     // of the recording that is played
  std::string folder_;                        // that it is in
  std::map<std::string, std::string> paths_;  // -replay-disk
  PcI440fx* machine_ = nullptr;
  std::map<std::string, unsigned> changes_;  // of media, by drive
};

}  // namespace reprise::tools
