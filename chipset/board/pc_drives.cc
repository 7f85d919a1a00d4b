// The drives of the machine: what controllers read and write through.
#include <algorithm>

#include "chipset/board/pc_i440fx.h"

namespace reprise {
namespace {

LatencyModel latency_of(const DriveConfig& config) {
  if (config.interface == "floppy") return LatencyModel::floppy();
  return config.media == "cdrom" ? LatencyModel::cdrom() : LatencyModel::disk();
}

OnError policy_of(const std::string& word) {
  if (word == "ignore") return OnError::Ignore;
  if (word == "enospc") return OnError::Enospc;
  return word == "stop" ? OnError::Stop : OnError::Report;
}

}  // namespace

Result<void> PcI440fx::build_drives(const HostOptions& host) {
  TRY(check_drives(config_.drives));
  for (const DriveConfig& config : config_.drives) {
    const DriveSetup setup{.id = config.id,
                           .latency = latency_of(config),
                           .rerror = policy_of(config.rerror),
                           .werror = policy_of(config.werror),
                           .removable = config.removable(),
                           .has_tray = config.media == "cdrom"};
    auto& drive = add<Drive>("/drive/" + config.id, setup, host.worker());
    drives_.push_back(&drive);
    if (!config.present) continue;
    const auto medium = host.media.find(config.id);
    if (medium == host.media.end())
      return fail("drive '" + config.id + "' has a medium, and there is no image for it");
    drive.insert(medium->second);
  }
  std::sort(drives_.begin(), drives_.end(),
            [](const Drive* a, const Drive* b) { return a->path() < b->path(); });
  return {};
}

Drive* PcI440fx::drive(const std::string& id) const {
  const auto found = std::find_if(drives_.begin(), drives_.end(),
                                  [&](const Drive* drive) { return drive->id() == id; });
  return found == drives_.end() ? nullptr : *found;
}

// Always in the same order: a recording has the answers in it.
bool PcI440fx::settle_drives() {
  return std::all_of(drives_.begin(), drives_.end(),
                     [](Drive* drive) { return drive->settle_due(); });
}

void PcI440fx::wait_for_host() {
  for (const Drive* drive : drives_) drive->wait();
}

}  // namespace reprise
