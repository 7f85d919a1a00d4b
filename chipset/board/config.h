// What a machine is made of: everything that the guest can see of the command line.
//
// A recording carries this as canonical JSON (config.cc) plus the blobs by content, so that a replay
// needs no other file and no option.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chipset/board/drive_config.h"
#include "replay/core/hash.h"
#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

// File contents that the machine starts from, by role: "bios", "vgabios", "kernel", "initrd", ...
using Blob = std::shared_ptr<const std::vector<u8>>;

// What the JSON says of a blob.
struct BlobRef {
  u64 size = 0;
  Hash128 hash;
};

struct DeviceOption {            // -device KIND,key=value,...
  std::string kind;
  std::map<std::string, std::string> properties;
};

struct MachineConfig {
  std::string machine = "pc-i440fx-2.11";
  std::string name;              // -name
  u64 ram_bytes = 128ull << 20;  // -m
  std::string cpu_model = "qemu64";
  std::vector<std::string> cpu_features;  // "+sse4.2", "-hpet", in order
  u64 cpu_hz = 1'000'000'000;    // -cpu MODEL,clock=HZ
  std::string timing = "fixed";  // -cpu MODEL,timing=...; "test" costs 0 to 40 by a hash of RIP
  unsigned cpus = 1;             // -smp
  Cycles quantum = 50'000;       // cycles in a vCPU's turn
  i64 rtc_base = 0;              // seconds since 1970 UTC at cycle 0 (as the guest's RTC shows it)
  u64 seed = 0;                  // of everything random in the machine
  bool graphics = true;          // -nographic clears it: fw_cfg tells the firmware to use serial
  std::string append;            // -append
  unsigned serials = 1;          // 16550s present (host ends are not the guest's business)
  bool debugcon = false;         // -debugcon: a port at 402h; E9h is always there
  bool hpet = true;
  bool reboot = true;            // -no-reboot clears it: a reset ends the run
  std::vector<DeviceOption> devices;
  std::vector<DriveConfig> drives;
  std::map<std::string, Blob> blobs;

  const Blob* blob(const std::string& role) const {
    const auto it = blobs.find(role);
    return it == blobs.end() ? nullptr : &it->second;
  }
  // Canonical: keys in order, no spaces; blobs by role with size and 128-bit content hash only.
  std::string to_json() const;
  static Result<MachineConfig> from_json(const std::string& text);  // blobs left empty
  static Result<std::map<std::string, BlobRef>> blob_refs(const std::string& text);  // by role
};

}  // namespace reprise
