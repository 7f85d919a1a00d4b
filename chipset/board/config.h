// What a machine is made of: everything that the guest can see of the command line.
//
// A recording carries this as canonical JSON (config.cc) plus the blobs by content, so that a
// replay needs no other file and no option.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "chipset/board/drive_config.h"
#include "replay/core/hash.h"
#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

// File contents that the machine starts from, by role: "bios", "vgabios", "kernel", "initrd",
// "bootsplash", "smbios0" ... (-smbios file=), "fw_cfg:NAME" (-fw_cfg).
using Blob = std::shared_ptr<const std::vector<u8>>;

// What the JSON says of a blob.
struct BlobRef {
  u64 size = 0;
  Hash128 hash;
};

struct DeviceOption {  // -device KIND,key=value,...
  std::string kind;
  std::map<std::string, std::string> properties;
};

struct BootConfig {           // -boot
  std::string order = "cad";  // a, b: floppy, c: disk, d: CD, n: network
  std::string once;           // instead of it until the first reset
  bool menu = false;
  bool strict = false;       // try nothing that has no bootindex
  bool check_floppy = true;  // -no-fd-bootchk clears it
  i64 splash_time = -1;      // ms, -1: not given
  i64 reboot_timeout = -1;   // ms until a reset when nothing boots, -1: never
};

struct MachineConfig {
  std::string machine = "pc-i440fx-2.11";
  std::string name;              // -name
  u64 ram_bytes = 128ull << 20;  // -m
  std::string cpu_model = "qemu64";
  std::vector<std::string> cpu_features;  // "+sse4.2", "-hpet", in order
  u64 cpu_hz = 1'000'000'000;             // -cpu MODEL,clock=HZ
  std::string timing = "fixed";     // -cpu MODEL,timing=...; see cpu/timing/timing.h
  unsigned cpus = 1;                // -smp
  unsigned cores = 1, threads = 1;  // of a package, of a core
  Cycles quantum = 50'000;          // cycles in a vCPU's turn
  u64 interleave_seed = 0;          // -accel interp,interleave-seed=: turns of varying length
  i64 rtc_base = 0;           // seconds since 1970 UTC at cycle 0 (as the guest's RTC shows it)
  u64 seed = 0;               // of everything random in the machine
  bool graphics = true;       // -nographic clears it: fw_cfg tells the firmware to use serial
  std::string append;         // -append
  unsigned serial_ports = 1;  // bit i: COM(i + 1), a 16550 (host ends are not the guest's business)
  bool debugcon = false;      // -debugcon: a port at 402h; E9h is always there
  unsigned parallel_ports = 1;  // bit i: the one at 378h, 278h, 3BCh
  std::string vga = "std";      // -vga: std, none
  unsigned xres = 0, yres = 0;  // -g: what the display prefers (EDID); 0: its own
  std::array<std::string, 2> floppy_types{"auto", "auto"};  // isa-fdc.fdtypeA, B: 120, 144, 288
  bool hpet = true;
  bool acpi = true;  // -no-acpi: no tables, no power management
  BootConfig boot;
  std::string uuid;  // -uuid, as 8-4-4-4-12 hexadecimal digits; empty: none
  // -smbios: by type, the fields by QEMU's names; of type 11 "value0", "value1", ...
  std::map<unsigned, std::map<std::string, std::string>> smbios;
  bool reboot = true;  // -no-reboot clears it: a reset ends the run
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
