// SMART: what a disk says of its own health.
//
// Sources: T13/1410D, 8.55 (SMART); SFF-8035i (attributes). Subcommands, by the Features register:
//   D0 READ DATA    D1 READ THRESHOLDS   D2 ATTRIBUTE AUTOSAVE (accepted)
//   D4 EXECUTE OFF-LINE IMMEDIATE        D5 READ LOG     D6 WRITE LOG
//   D8 ENABLE       D9 DISABLE           DA RETURN STATUS   DB automatic off-line
// Logs: 00 directory, 01 summary of errors (none), 06 self-tests, 80 one sector of the host's.
// A self-test ends at once and finds nothing. This disk never fails.
#pragma once

#include <array>
#include <span>

#include "replay/core/state.h"
#include "replay/core/types.h"

namespace reprise {

class AtaSmart {
 public:
  static constexpr u8 kHostLog = 0x80;
  enum Command : u8 {
    kReadData = 0xd0,
    kReadThresholds = 0xd1,
    kAutosave = 0xd2,
    kOffline = 0xd4,
    kReadLog = 0xd5,
    kWriteLog = 0xd6,
    kEnable = 0xd8,
    kDisable = 0xd9,
    kReturnStatus = 0xda,
    kAutoOffline = 0xdb
  };
  using Page = std::array<u8, 512>;

  bool enabled() const { return enabled_; }
  void enable(bool on) { enabled_ = on; }
  // Automatic off-line: F8h on, 0 off; false: neither.
  bool set_auto_offline(u8 value);
  bool start_test(u8 kind, u16 hours);  // false: no such test
  Page data(u16 hours) const;
  static Page thresholds();
  bool log(u8 address, Page& page) const;  // false: no such log
  bool write_log(u8 address, std::span<const u8> page);
  void state(State& s);

 private:
  struct Test {
    u8 kind = 0;
    u16 hours = 0;
    void state(State& s) { s("kind", kind)("hours", hours); }
  };
  static constexpr unsigned kTests = 21;
  bool enabled_ = true, auto_offline_ = true;
  u8 last_test_ = 0;  // 1 to 21: where the latest one is; 0: there was none
  std::array<Test, kTests> tests_{};
  Page host_log_{};
};

}  // namespace reprise
