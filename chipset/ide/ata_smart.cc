#include "chipset/ide/ata_smart.h"

#include <algorithm>

namespace reprise {

namespace {

struct Attribute {
  u8 id;
  u16 flags;
  u8 value, threshold;
};
constexpr u8 kPowerOnHours = 9, kPowerCycles = 12, kTemperature = 194;
constexpr Attribute kAttributes[] = {
    {1, 0x0003, 100, 6},   // raw read errors
    {3, 0x0003, 100, 16},  // time to spin up
    {4, 0x0002, 100, 20},  // starts and stops
    {5, 0x0003, 100, 36},  // sectors reallocated
    {kPowerOnHours, 0x0003, 100, 1},
    {kPowerCycles, 0x0003, 100, 0},
    {kTemperature, 0x0002, 69, 50},
};
constexpr u8 kLogDirectory = 0, kErrorLog = 1, kTestLog = 6;

void put16(AtaSmart::Page& page, unsigned at, u16 value) {
  page[at] = u8(value);
  page[at + 1] = u8(value >> 8);
}

void seal(AtaSmart::Page& page) {
  u8 sum = 0;
  for (unsigned i = 0; i < 511; ++i) sum += page[i];
  page[511] = u8(0 - sum);
}

}  // namespace

bool AtaSmart::set_auto_offline(u8 value) {
  if (value && value != 0xf8) return false;
  auto_offline_ = value;
  return true;
}

AtaSmart::Page AtaSmart::data(u16 hours) const {
  Page page{};
  put16(page, 0, 1);
  unsigned at = 2;
  for (const Attribute& attribute : kAttributes) {
    page[at] = attribute.id;
    put16(page, at + 1, attribute.flags);
    page[at + 3] = page[at + 4] = attribute.value;
    if (attribute.id == kPowerOnHours) put16(page, at + 5, hours);
    if (attribute.id == kPowerCycles) put16(page, at + 5, 1);
    if (attribute.id == kTemperature) put16(page, at + 5, 31);
    at += 12;
  }
  page[362] = auto_offline_ ? 0x82 : 0x02;  // off-line collection: completed
  put16(page, 364, 60);                     // seconds that it takes
  page[367] = 0x19;                         // can: EXECUTE OFF-LINE, offline read, self-tests
  put16(page, 368, 3);                      // saves attributes; has autosave
  page[370] = 1;                            // error logs
  page[372] = page[373] = 1;                // minutes that a self-test takes: short, extended
  seal(page);
  return page;
}

AtaSmart::Page AtaSmart::thresholds() {
  Page page{};
  put16(page, 0, 1);
  unsigned at = 2;
  for (const Attribute& attribute : kAttributes) {
    page[at] = attribute.id;
    page[at + 1] = attribute.threshold;
    at += 12;
  }
  seal(page);
  return page;
}

bool AtaSmart::start_test(u8 kind, u16 hours) {
  constexpr u8 kCaptive = 0x80, kOfflineRoutine = 0, kAbortTest = 0x7f;
  const u8 test = kind & u8(~kCaptive);
  if (kind == kOfflineRoutine || kind == kAbortTest) return true;
  if (test != 1 && test != 2) return false;  // short, extended
  last_test_ = u8(last_test_ % kTests + 1);
  tests_[last_test_ - 1u] = {.kind = kind, .hours = hours};
  return true;
}

bool AtaSmart::log(u8 address, Page& page) const {
  page = {};
  switch (address) {
    case kLogDirectory:
      page[0] = 1;
      for (const u8 log : {kErrorLog, kTestLog, AtaSmart::kHostLog}) page[2u * log] = 1;
      return true;
    case kErrorLog:
      page[0] = 1;
      break;
    case kTestLog: {
      put16(page, 0, 1);
      for (unsigned i = 0; i < kTests; ++i) {
        page[2 + 24 * i] = tests_[i].kind;
        put16(page, 4 + 24 * i, tests_[i].hours);
      }
      page[508] = last_test_;
      break;
    }
    case kHostLog:
      page = host_log_;
      return true;
    default:
      return false;
  }
  seal(page);
  return true;
}

bool AtaSmart::write_log(u8 address, std::span<const u8> page) {
  if (address != kHostLog || page.size() != host_log_.size()) return false;
  std::copy(page.begin(), page.end(), host_log_.begin());
  return true;
}

void AtaSmart::state(State& s) {
  s("enabled", enabled_)("auto_offline", auto_offline_);
  s("last_test", last_test_, 0, kTests)("tests", tests_)("host_log", host_log_);
}

}  // namespace reprise
