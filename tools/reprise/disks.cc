#include "tools/reprise/disks.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <future>
#include <random>
#include <thread>

#include "replay/trace/events.h"
#include "storage/filter/overlay.h"
#include "storage/filter/pin_filter.h"
#include "storage/filter/replay_base.h"
#include "storage/format/probe.h"
#include "storage/host/create_image.h"
#include "storage/host/file_node.h"
#include "storage/host/temp_file.h"
#include "storage/host/thread_worker.h"
#include "storage/io_error.h"
#include "tools/reprise/test_faults.h"

namespace reprise::tools {
namespace {

// -test-disk-delay: some jobs take up to 4 ms longer.
class LateWorker final : public IoWorker {
 public:
  explicit LateWorker(u64 seed) : random_(seed) {}
  void submit(std::function<void()> job) override {
    const unsigned us = random_() % 3 ? 0 : unsigned(random_() % 4000);
    worker_.submit([us, job = std::move(job)] {
      std::this_thread::sleep_for(std::chrono::microseconds(us));
      job();
    });
  }

 private:
  std::mt19937_64 random_;
  ThreadWorker worker_;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

// A name of a file in a folder, and nothing that leads out of it.
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of(std::string("/\0", 2)) == std::string::npos;
}

}  // namespace

// Images are opened before there is a recorder, and close after it.
class Disks::LogSlot final : public DiskLog {
 public:
  void set(DiskLog* log) { log_.store(log); }
  void pin(const std::string& medium, u64 cluster, u64 hash) override {
    if (DiskLog* log = log_.load()) log->pin(medium, cluster, hash);
  }
  void keep(const std::string& medium, u64 cluster, std::span<const u8> content) override {
    if (DiskLog* log = log_.load()) log->keep(medium, cluster, content);
  }
  bool embeds() const override {
    const DiskLog* log = log_.load();
    return log && log->embeds();
  }
  bool active() const override { return log_.load() != nullptr; }

 private:
  std::atomic<DiskLog*> log_{nullptr};
};

Disks::Disks() : log_(std::make_unique<LogSlot>()) {}
Disks::~Disks() = default;

Result<Disks::Opened> Disks::open_image(const DriveConfig& drive, const std::string& key,
                                        Wanted wanted) {
  using Access = FileOptions::Access;
  FileOptions how;
  how.access = wanted == Wanted::ReadOnly || drive.snapshot ? Access::ReadOnly
               : wanted == Wanted::Either                   ? Access::Auto
                                                            : Access::ReadWrite;
  const auto found = FileNode::open(drive.file, how);
  if (!found) return explained(drive, found.error());
  const std::shared_ptr<BlockNode> file = *found;
  std::shared_ptr<BlockNode> node = TRY(open_format(file, drive.format, drive.file));
  Opened opened;
  opened.read_only = wanted == Wanted::ReadOnly || (!drive.snapshot && node->read_only());
  const u64 size = node->size();
  const auto faults = faults_.find(drive.id);
  const auto fail_there = [&] {
    if (faults != faults_.end()) node = std::make_shared<Fault>(node, faults->second);
  };
  if (!drive.snapshot) fail_there();
  node = pinned(key, std::move(node), size, false);
  std::shared_ptr<Overlay> overlay;
  if (drive.snapshot) {
    overlay = std::make_shared<Overlay>(node, TRY(make_temp_file(size)), size);
    node = overlay;
    fail_there();
  }
  opened.node =
      opened.read_only ? node : keep(key, {std::make_shared<TimeDisk>(node, size), overlay, {}});
  nodes_[key] = opened.node;
  opened_[drive.id] = files_[key] = drive.file;
  return opened;
}

std::shared_ptr<BlockNode> Disks::pinned(const std::string& key, std::shared_ptr<BlockNode> node,
                                         u64 size, bool recorded) {
  const auto filter = std::make_shared<PinFilter>(std::move(node), *log_, key, size);
  pins_[key] = {filter, recorded};
  return filter;
}

void Disks::release(const std::string& file) {
  for (auto medium = files_.begin(); medium != files_.end();) {
    const auto& [key, path] = *medium;
    std::error_code none;
    bool here = !std::filesystem::equivalent(path, file, none);
    for (const Drive* drive : machine_->drives())
      here = here || (drive->medium() && drive->medium()->key == key);
    if (here) {
      ++medium;
      continue;
    }
    if (const auto kept = kept_.find(key); kept != kept_.end()) {
      if (leaves_) leaves_(*kept->second.disk);
      kept_.erase(kept);
    }
    nodes_.erase(key);
    pins_.erase(key);
    medium = files_.erase(medium);
  }
}

// What names a medium begins with its drive.
void Disks::attach(const std::string& key, TimeDisk& disk) {
  disk.set_worker([this, key](std::function<void()> job) { on_worker(key, std::move(job)); });
}

void Disks::on_worker(const std::string& key, std::function<void()> job) const {
  Drive* drive = machine_->drive(key.substr(0, key.find('#')));
  drive ? drive->on_worker(std::move(job)) : job();
}

std::shared_ptr<BlockNode> Disks::keep(const std::string& key, Kept kept) {
  const std::shared_ptr<TimeDisk> disk = kept.disk;
  if (machine_) attach(key, *disk);
  if (joins_) joins_(*disk);
  kept_[key] = std::move(kept);
  return disk;
}

Error Disks::explained(const DriveConfig& drive, const Error& error) const {
  if (error.number != kEAGAIN) return error;
  for (const auto& [id, path] : opened_) {
    std::error_code none;
    const Drive* holder = machine_ ? machine_->drive(id) : nullptr;
    if (machine_ && !(holder && holder->medium())) continue;
    if (!std::filesystem::equivalent(path, drive.file, none)) continue;
    return fail("'" + drive.file + "' is in drive " + id + " already; " +
                (id == drive.id ? "eject it there first"
                                : "give each drive an image of its own, or make both read-only"));
  }
  return error;
}

Result<void> Disks::open(Options& options) {
  delay_seed_ = options.test_disk_delay;
  faults_ = TRY(parse_faults(options.test_faults));
  TRY(check_drives(options.config.drives));
  for (DriveConfig& drive : options.config.drives) {
    if (!drive.present) continue;
    Wanted wanted = drive.interface == "floppy" ? Wanted::Either : Wanted::ReadWrite;
    if (drive.read_only || drive.media == "cdrom") wanted = Wanted::ReadOnly;
    const auto opened = open_image(drive, drive.id, wanted);
    if (!opened) return fail("drive " + drive.id + ": " + opened.error().message);
    drive.size = opened->node->size();
    drive.read_only = opened->read_only;
    drive.format = "raw";
    media_[drive.id] = {drive.id, drive.file, drive.size, drive.read_only, opened->node};
  }
  return {};
}

// --- replay ---

Result<void> Disks::open_replay(const Options& options, const trace::Recording& recording) {
  recording_ = &recording;
  index_ = TRY(trace::DiskIndex::open(recording));
  folder_ = folder_of(options.replay);
  paths_ = options.replay_disks;
  delay_seed_ = options.test_disk_delay;
  for (const DriveConfig& drive : options.config.drives) {
    if (!drive.present) continue;
    Medium medium{drive.id, drive.file, drive.size, drive.read_only, nullptr};
    medium.node = TRY(replayed(medium, drive.format));
    media_[drive.id] = std::move(medium);
  }
  return {};
}

// A journey may come to a medium without having come by the message that names it.
std::string Disks::file_of(const Medium& medium) const {
  if (!medium.file.empty()) return medium.file;
  trace::EventStream inputs(*recording_, trace::kInput, trace::EventKind::Bytes);
  for (; const trace::Event* event = inputs.peek(); inputs.pop()) {
    if (!event->port.ends_with(":medium")) continue;
    const auto named = Drive::inserted(event->bytes);
    if (named && named->key == medium.key) return named->file;
  }
  return "";
}

// The image may be missing: a recording that embeds its disks needs none.
Result<std::shared_ptr<BlockNode>> Disks::replayed(const Medium& medium,
                                                   const std::string& format) {
  if (const auto known = nodes_.find(medium.key); known != nodes_.end()) return known->second;
  ReplayBase::Image image;
  const auto given = paths_.find(medium.key);
  const std::string named = given != paths_.end() ? "" : file_of(medium);
  image.name = given != paths_.end() ? given->second : folder_ + named;
  image.advice = "give the image as it was with -replay-disk " + medium.key + "=PATH";
  if (given == paths_.end() && !is_plain_name(named)) {
    image.why_none = "the recording names no image for " + medium.key;
  } else {
    auto file = FileNode::open(image.name, {.access = FileOptions::Access::ReadOnly});
    auto node = file ? open_format(*file, format, image.name)
                     : Result<std::shared_ptr<BlockNode>>(file.error());
    if (node) {
      image.node = *node;
    } else if (given != paths_.end()) {
      return fail("-replay-disk " + medium.key + "=" + given->second + ": " + node.error().message);
    } else {
      image.why_none = node.error().message;
    }
  }
  const auto base = std::make_shared<ReplayBase>(*index_, medium.key, medium.size, image);
  const auto pins = pinned(medium.key, base, medium.size, true);
  std::shared_ptr<BlockNode>& node = nodes_[medium.key];
  if (medium.read_only) return node = pins;
  const auto top = TRY(make_temp_file(medium.size));
  const auto overlay = std::make_shared<Overlay>(pins, top, medium.size);
  return node = keep(medium.key, {std::make_shared<TimeDisk>(overlay, medium.size), overlay, base});
}

// --- the machine ---

void Disks::equip(PcI440fx::HostOptions& host) {
  host.media = media_;
  host.worker = [seed = delay_seed_]() mutable -> std::unique_ptr<IoWorker> {
    if (seed) return std::make_unique<LateWorker>(seed++);
    return std::make_unique<ThreadWorker>();
  };
}

void Disks::join(PcI440fx& machine, std::function<void()> wake) {
  machine_ = &machine;
  for (Drive* drive : machine.drives()) {
    drive->on_ready(wake);
    drive->set_medium_source([this](const Medium& medium) -> Result<std::shared_ptr<BlockNode>> {
      if (index_) return replayed(medium, "raw");
      const auto known = nodes_.find(medium.key);
      if (known == nodes_.end()) return fail("no medium " + medium.key + " in this run");
      return known->second;
    });
  }
  for (auto& [key, kept] : kept_) attach(key, *kept.disk);
}

std::vector<Layered*> Disks::layered() const {
  std::vector<Layered*> all;
  for (const auto& [key, kept] : kept_) all.push_back(kept.disk.get());
  return all;
}

std::vector<std::string> Disks::written_media() const {
  std::vector<std::string> all;
  for (const auto& [key, kept] : kept_) all.push_back(key);
  return all;
}

void Disks::say(u32 keyframe, trace::DiskRecorder& recorder) {
  for (const auto& [key, kept] : kept_) {
    const auto said = std::make_shared<u64>(0);
    kept.disk->written(
        [&recorder, key = key, keyframe, said](u64 cluster, std::span<const u8> content) {
          recorder.held(key, keyframe, cluster, content);
          ++*said;
        },
        [&recorder, key = key, keyframe, said](bool ok) {
          if (ok) recorder.held_all(key, keyframe, *said);
        });
  }
}

void Disks::keep_changed(DiskLog& log) {
  for (const auto& [key, kept] : kept_)
    kept.disk->changed(kept.overlay.get(), [&log, key = key](u64 cluster, auto content) {
      log.keep(key, cluster, content);
    });
  drain();
}

void Disks::drain() {
  for (Drive* drive : machine_->drives()) {
    std::promise<void> done;
    drive->on_worker([&done] { done.set_value(); });
    done.get_future().wait();
  }
}

Result<void> Disks::all_there() const {
  for (const Drive* drive : machine_->drives())
    if (drive->medium() && !drive->medium()->node)
      return fail("drive " + drive->id() + " holds what was put in while that run went on (" +
                  drive->medium()->key + "), and this run does not have it");
  return {};
}

Result<void> Disks::restore(trace::DiskIndex& index, u32 keyframe) {
  std::optional<Error> failed;
  for (const auto& [key, kept] : kept_) {
    index.go(key, keyframe);
    kept.disk->post([&, key = key, disk = kept.disk.get()] {
      for (const u64 cluster : index.clusters(key)) {
        const auto content = index.kept(key, cluster);
        const Result<void> put = !content   ? content.error()
                                 : *content ? disk->put(cluster, **content)
                                            : Result<void>();
        if (!put) failed = fail("drive " + key + ": " + put.error().message);
      }
      disk->forget_written();
    });
    drain();  // one after the other: `failed` is theirs
  }
  if (failed) return *failed;
  return {};
}

void Disks::go(u32 keyframe) {
  for (const auto& [key, kept] : kept_)
    kept.disk->post([this, key = key, overlay = kept.overlay, base = kept.base, keyframe] {
      overlay->forget();
      index_->go(key, keyframe);
      base->restart();
    });
}

Result<void> Disks::enter_past() {
  std::vector<std::shared_ptr<BlockNode>> rooms;
  for (const auto& [key, kept] : kept_) rooms.push_back(TRY(make_temp_file(kept.disk->size())));
  auto room = rooms.begin();
  for (const auto& [key, kept] : kept_) kept.disk->enter_past(*room++);
  return {};
}

void Disks::leave_past() {
  for (const auto& [key, kept] : kept_) kept.disk->leave_past();
}

Result<void> Disks::take_past() {
  for (const auto& [key, kept] : kept_) {
    std::promise<Result<void>> done;
    kept.disk->take_past([&done](Result<void> taken) { done.set_value(std::move(taken)); });
    const Result<void> taken = done.get_future().get();
    if (!taken) return fail("drive " + key + ": " + taken.error().message);
  }
  return {};
}

Result<void> Disks::move_to(const std::string& id, const std::string& file) {
  const Drive* drive = machine_->drive(id);
  if (!drive) return fail("there is no drive '" + id + "'; `info block` lists them");
  const auto kept = drive->medium() ? kept_.find(drive->medium()->key) : kept_.end();
  if (kept == kept_.end()) return fail("drive " + id + " holds nothing that can be written");
  TimeDisk& disk = *kept->second.disk;
  std::error_code none;
  if (std::filesystem::exists(file, none))
    return fail("'" + file + "' exists already; name a file that does not");
  const CreatedImage image = TRY(create_image(file, disk.size(), Preallocation::Off));
  const auto node = pinned(kept->first, image.node, disk.size(), false);
  std::promise<Result<void>> done;
  disk.move_to(node, [&done](Result<void> moved) { done.set_value(std::move(moved)); });
  const Result<void> moved = done.get_future().get();
  if (!moved) return fail("drive " + id + ": " + moved.error().message);
  kept->second.overlay.reset();
  kept->second.base.reset();
  opened_[id] = files_[kept->first] = file;
  return {};
}

// What the image below does not have is kept at once.
void Disks::record(DiskLog* log) {
  log_->set(log);
  if (!log) return;
  for (const auto& [key, pins] : pins_) {
    const auto kept = kept_.find(key);
    const std::shared_ptr<Overlay> overlay = kept == kept_.end() ? nullptr : kept->second.overlay;
    on_worker(key, [this, log, key = key, pins = pins, overlay] {
      pins.filter->restart();
      std::set<u64> clusters;
      if (overlay) clusters = overlay->clusters();
      if (pins.recorded)
        for (const u64 cluster : index_->clusters(key)) clusters.insert(cluster);
      BlockNode& node = *nodes_.at(key);
      for (const u64 cluster : clusters) {
        const u64 offset = cluster * kClusterSize;
        if (offset >= node.size()) continue;
        std::vector<u8> content(std::min(kClusterSize, node.size() - offset));
        if (node.read(offset, content)) log->keep(key, cluster, content);
      }
    });
  }
}

void Disks::close() {
  for (Drive* drive : machine_->drives()) drive->close();
}

std::optional<Error> Disks::broken() const {
  for (const Drive* drive : machine_->drives())
    if (drive->broken()) return fail("drive " + drive->id() + ": " + drive->broken()->message);
  return {};
}

std::optional<std::string> Disks::stopped() const {
  for (const Drive* drive : machine_->drives())
    if (drive->stopped()) return "drive " + drive->id() + ": " + drive->stop_message();
  return {};
}

void Disks::retry() {
  for (Drive* drive : machine_->drives()) drive->retry();
}

// --- the operator ---

std::vector<const Drive*> Disks::drives() const {
  return {machine_->drives().begin(), machine_->drives().end()};
}

Result<Drive*> Disks::find(const std::string& id) const {
  if (machine_->door().replaying()) return fail("a replay can be watched, not changed");
  if (Drive* drive = machine_->drive(id)) return drive;
  Error error = fail("there is no drive '" + id + "'; `info block` lists them");
  error.kind = "DeviceNotFound";
  return error;
}

Result<void> Disks::eject(const std::string& id, bool force) {
  Drive* drive = TRY(find(id));
  const bool locked = drive->locked() && !force;
  TRY(drive->post_eject(force));  // the guest hears of it even if it has locked the tray
  if (locked)
    return fail("the guest has locked the tray of " + id +
                "; it has been asked to open it: try again, or use eject -f");
  return {};
}

Result<void> Disks::change(const std::string& id, const std::string& file,
                           const std::string& format, Access access) {
  Drive* drive = TRY(find(id));
  if (!drive->removable()) return fail("the medium of drive " + id + " cannot be changed");
  if (drive->locked()) return eject(id, false);
  DriveConfig config;
  for (const DriveConfig& one : machine_->config().drives)
    if (one.id == id) config = one;
  config.file = file;
  config.format = format;
  Wanted wanted = Wanted::Either;
  if (access == Access::ReadOnly || config.media == "cdrom") wanted = Wanted::ReadOnly;
  if (access == Access::ReadWrite && config.media != "cdrom") wanted = Wanted::ReadWrite;
  if (access == Access::Retain && drive->medium())
    wanted = drive->read_only() ? Wanted::ReadOnly : Wanted::ReadWrite;
  const std::string key = id + "#" + std::to_string(changes_[id] + 2);
  release(file);
  Opened opened = TRY(open_image(config, key, wanted));
  ++changes_[id];
  const u64 size = opened.node->size();
  return drive->post_insert(
      {key, last_component(file), size, opened.read_only, std::move(opened.node)});
}

}  // namespace reprise::tools
