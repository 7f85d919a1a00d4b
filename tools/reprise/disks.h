// From the names of image files to nodes behind drives, live and in a replay.
//
//   live       time -> pins -> faults (tests) -> raw -> file
//   -snapshot  time -> faults (tests) -> overlay on a temporary file -> pins -> raw -> file
//   replay     time -> overlay on a temporary file -> pins -> what was kept, else raw -> file
// where only media that can be written have a time node.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "chipset/board/pc_i440fx.h"
#include "qmp/operator_drives.h"
#include "replay/trace/disk_chunks.h"
#include "storage/filter/fault.h"
#include "storage/filter/pin_filter.h"
#include "storage/filter/replay_base.h"
#include "storage/filter/time_disk.h"
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
  // Waits until the workers have done what they were told.
  void drain();
  // Waits for the workers. Nothing is read or written afterwards.
  void close();
  // What keeps the machine from going on for ever; live, never.
  std::optional<Error> broken() const;
  // The error that stopped the machine, as "ide0-hd0: no space ...".
  std::optional<std::string> stopped() const;
  void retry();

  // --- time travel ---
  // Disks that are put back together with the machine; those of media that come and go are told.
  std::vector<Layered*> layered() const;
  void on_layered(std::function<void(Layered&)> joins, std::function<void(Layered&)> leaves) {
    joins_ = std::move(joins);
    leaves_ = std::move(leaves);
  }
  // For the recorder: the media that are written, and what they hold at a keyframe.
  std::vector<std::string> written_media() const;
  void say(u32 keyframe, trace::DiskRecorder& recorder);
  // What is needed of them to begin a replay here, and images do not have.
  void keep_changed(DiskLog& log);
  // In a replay: they become what they were at the keyframe in this chunk.
  void go(u32 keyframe);
  const trace::DiskIndex* index() const { return index_ ? &*index_ : nullptr; }
  // Live: they become what they were at the keyframe in this chunk.
  Result<void> restore(trace::DiskIndex& index, u32 keyframe);
  // Does this run have the media that the machine's state, just loaded, names?
  Result<void> all_there() const;
  // While a live run is in its past, images are left alone.
  Result<void> enter_past();
  void leave_past();
  // The run goes on from its past: images become what they were there.
  Result<void> take_past();
  // A replay goes on live: the content of a drive's medium goes to a new file, and stays there.
  Result<void> move_to(const std::string& drive, const std::string& file);

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
  // A medium that can be put back; in a replay with what is below.
  struct Kept {
    std::shared_ptr<TimeDisk> disk;
    std::shared_ptr<Overlay> overlay;  // -snapshot, replay
    std::shared_ptr<ReplayBase> base;
  };
  void on_worker(const std::string& key, std::function<void()> job) const;
  std::shared_ptr<BlockNode> pinned(const std::string& key, std::shared_ptr<BlockNode> node,
                                    u64 size, bool recorded);
  std::string file_of(const Medium& medium) const;
  Result<std::shared_ptr<BlockNode>> replayed(const Medium& medium, const std::string& format);
  std::shared_ptr<BlockNode> keep(const std::string& key, Kept kept);
  void attach(const std::string& key, TimeDisk& disk);
  // A medium that was taken out is not kept any longer: somebody wants its file.
  void release(const std::string& file);
  // Why the file cannot be opened for `drive`, in terms of this machine where it is in use there.
  Error explained(const DriveConfig& drive, const Error& error) const;
  Result<Drive*> find(const std::string& id) const;

  std::unique_ptr<LogSlot> log_;
  std::map<std::string, Medium> media_;                      // at power-on
  std::map<std::string, std::shared_ptr<BlockNode>> nodes_;  // of all media of this run, by key
  std::map<std::string, Kept> kept_;
  struct Pinned {
    std::shared_ptr<PinFilter> filter;
    bool recorded = false;  // below it is what a recording keeps
  };
  std::map<std::string, Pinned> pins_;
  std::function<void(Layered&)> joins_, leaves_;
  std::map<std::string, std::string> files_;   // of media, by key
  std::map<std::string, std::string> opened_;  // by drive: the image it was given last
  std::map<std::string, std::vector<FaultRule>> faults_;
  u64 delay_seed_ = 0;
  const trace::Recording* recording_ = nullptr;  // that is played
  std::optional<trace::DiskIndex> index_;        // of it
  std::string folder_;                           // that it is in
  std::map<std::string, std::string> paths_;     // -replay-disk
  PcI440fx* machine_ = nullptr;
  std::map<std::string, unsigned> changes_;  // of media, by drive
};

}  // namespace reprise::tools
