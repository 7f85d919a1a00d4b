// Commands that move no data between the disk and the host.
#include <algorithm>

#include "chipset/floppy/i82078.h"

namespace reprise {

namespace {
constexpr u8 kInvalid = 0x80, kSeekEnd = 0x20, kAbnormal = 0x40, kEquipmentCheck = 0x10;  // ST0
constexpr u8 kResetStatus = 0xc0;
constexpr unsigned kRecalibrateSteps = 80;
}  // namespace

void I82078::invalid() { give({kInvalid}); }

void I82078::specify() {
  regs_.srt_hut = regs_.command[1];
  regs_.hlt_nd = regs_.command[2];
  give({});
}

void I82078::sense_drive_status() {
  u8 st3 = u8(0x28 | (regs_.command[1] & 7));  // bits 5 and 3 are always 1
  if (drive() && drive()->write_protected()) st3 |= 0x40;
  if (drive() && drive()->track0()) st3 |= 0x10;
  give({st3});
}

// Resets come first, then seeks by drive. The interrupt goes, and comes again for the next seek.
void I82078::sense_interrupt_status() {
  regs_.reset_interrupt = false;
  if (regs_.reset_statuses) {
    const u8 drive = u8(kSelects - regs_.reset_statuses--);
    return give({u8(kResetStatus | drive), regs_.pcn[drive]});
  }
  for (u8 drive = 0; drive < kSelects; ++drive) {
    if (!(regs_.seek_done >> drive & 1)) continue;
    regs_.seek_done &= u8(~(1 << drive));
    irq_.set(false);
    return give({regs_.seek_status[drive], regs_.pcn[drive]});
  }
  invalid();
}

// --- seeks: the head moves at once, the command ends when it would have arrived ---

u64 I82078::step_time() const {
  const unsigned periods = 16 - (regs_.srt_hut >> 4);
  return u64(periods) * 500'000 / kbps();  // ms at 500 kbit/s
}

void I82078::begin_seek(unsigned drive, u8 status, unsigned steps) {
  regs_.seek_done &= u8(~(1 << drive));
  regs_.seeking |= u8(1 << drive);
  regs_.seek_status[drive] = u8(status | kSeekEnd | drive);
  after(seeks_[drive], std::max<u64>(steps * step_time(), 20));
  give({});
}

void I82078::seek_ended(unsigned drive) {
  regs_.seeking &= u8(~(1 << drive));
  regs_.seek_done |= u8(1 << drive);
  settle();
}

void I82078::recalibrate() {
  unsigned steps = kRecalibrateSteps;
  const bool there = drive() && drive()->connected();
  if (there) {
    steps = std::min<unsigned>(drive()->cylinder(), kRecalibrateSteps);
    drive()->step(-int(steps));
  }
  regs_.pcn[selected()] = 0;
  const bool found = there && drive()->track0();
  begin_seek(selected(), found ? 0 : kAbnormal | kEquipmentCheck, steps);
}

void I82078::seek() {
  const int steps = int(regs_.command[2]) - regs_.pcn[selected()];
  if (drive()) drive()->step(steps);
  regs_.pcn[selected()] = regs_.command[2];
  begin_seek(selected(), regs_.command[1] & 4, unsigned(std::abs(steps)));
}

void I82078::relative_seek() {
  const u8 steps = regs_.command[2];
  const bool inwards = regs_.command[0] & 0x40;
  if (drive()) drive()->step(inwards ? steps : -int(steps));
  u8& pcn = regs_.pcn[selected()];
  pcn = u8(inwards ? pcn + steps : pcn - steps);
  begin_seek(selected(), regs_.command[1] & 4, steps);
}

// --- how the controller is set up ---

void I82078::dumpreg() {
  const Regs& r = regs_;
  give({r.pcn[0], r.pcn[1], r.pcn[2], r.pcn[3], r.srt_hut, r.hlt_nd, r.eot,
        u8(r.lock << 7 | r.perpendicular), r.config, r.pretrk});
}

// Bits 5:2 change only with OW (bit 7).
void I82078::perpendicular() {
  const u8 value = regs_.command[1] & 0x3f;
  regs_.perpendicular =
      regs_.command[1] & 0x80 ? value : u8((regs_.perpendicular & 0x3c) | (value & 3));
  give({});
}

void I82078::configure() {
  regs_.config = regs_.command[2] & 0x7f;
  regs_.pretrk = regs_.command[3];
  give({});
}

void I82078::lock() {
  regs_.lock = regs_.command[0] & 0x80;
  give({u8(regs_.lock << 4)});
}

void I82078::version() { give({0x90}); }
void I82078::part_id() { give({0x41}); }  // S82078B, the first stepping

void I82078::powerdown() {
  regs_.powerdown = regs_.command[1];
  give({regs_.powerdown});
}

void I82078::option() {
  regs_.option = regs_.command[1] & 1;  // ISO format
  give({});
}

void I82078::save() {
  const Regs& r = regs_;
  give({u8(r.dsr & 0x1f), r.option, r.pcn[0], r.pcn[1], r.pcn[2], r.pcn[3], r.srt_hut, r.hlt_nd,
        r.eot, u8(r.lock << 7 | r.perpendicular), r.config, r.pretrk, r.powerdown, 0, 0, 0});
}

void I82078::restore() {
  Regs& r = regs_;
  const auto& from = r.command;
  r.dsr = u8((r.dsr & 0x60) | (from[1] & 0x1f));
  r.option = from[2] & 1;
  std::copy_n(&from[3], kSelects, r.pcn.begin());
  r.srt_hut = from[7];
  r.hlt_nd = from[8];
  r.eot = from[9];
  r.lock = from[10] & 0x80;
  r.perpendicular = from[10] & 0x3f;
  r.config = from[11] & 0x7f;
  r.pretrk = from[12];
  r.powerdown = from[13];
  give({});
}

// Bytes 0 FD1 FD0 PTS DRT1 DRT0 DT1 DT0, then 1 NRP 0 0 0 0 0 0.
void I82078::drive_specification() {
  u8 last = 0;
  for (unsigned i = 1; i < regs_.given; ++i) {
    last = regs_.command[i];
    if (last & 0x80) break;
    regs_.specification[last >> 5 & 3] = last & 0x1f;
  }
  const auto& s = regs_.specification;
  last & 0x40 ? give({}) : give({s[0], s[1], s[2], s[3]});
}

}  // namespace reprise
