// Registers, the phases of a command, reset.
#include "chipset/floppy/i82078.h"

#include <algorithm>

namespace reprise {

namespace {
enum : u8 { kRqm = 0x80, kDio = 0x40, kNonDma = 0x20, kBusy = 0x10 };  // MSR
constexpr u8 kPollOff = 0x10;                                          // CONFIGURE
constexpr u64 kResetPoll = 100;                                        // us
}  // namespace

// How many bytes a command has, itself included; `mask` says which of its bits name it.
struct I82078::Command {
  u8 mask, value, length;
  void (I82078::*run)();
};

const I82078::Command I82078::kCommands[] = {
    {0xff, 0x03, 3, &I82078::specify},
    {0xff, 0x04, 2, &I82078::sense_drive_status},
    {0xff, 0x07, 2, &I82078::recalibrate},
    {0xff, 0x08, 1, &I82078::sense_interrupt_status},
    {0xff, 0x0e, 1, &I82078::dumpreg},
    {0xff, 0x0f, 3, &I82078::seek},
    {0xbf, 0x8f, 3, &I82078::relative_seek},
    {0xff, 0x10, 1, &I82078::version},
    {0xff, 0x12, 2, &I82078::perpendicular},
    {0xff, 0x13, 4, &I82078::configure},
    {0x7f, 0x14, 1, &I82078::lock},
    {0xff, 0x17, 2, &I82078::powerdown},
    {0xff, 0x18, 1, &I82078::part_id},
    {0xff, 0x2e, 1, &I82078::save},
    {0xff, 0x33, 2, &I82078::option},
    {0xff, 0x4e, 17, &I82078::restore},
    {0xff, 0x8e, 6, &I82078::drive_specification},  // or as many as it takes to say "done"
    {0xbf, 0x02, 9, &I82078::read_track},
    {0x3f, 0x05, 9, &I82078::write_data},
    {0x1f, 0x06, 9, &I82078::read_data},
    {0x3f, 0x09, 9, &I82078::write_data},  // WRITE DELETED DATA
    {0xbf, 0x0a, 2, &I82078::read_id},
    {0x1f, 0x0c, 9, &I82078::read_deleted},
    {0xbf, 0x0d, 6, &I82078::format_track},
    {0x1f, 0x11, 9, &I82078::scan},
    {0x1f, 0x19, 9, &I82078::scan},
    {0x1f, 0x1d, 9, &I82078::scan},
    {0x1f, 0x16, 9, &I82078::verify},
};

const I82078::Command* I82078::find(u8 first_byte) {
  for (const Command& command : kCommands) {
    if ((first_byte & command.mask) == command.value) return &command;
  }
  return nullptr;
}

I82078::I82078(const DeviceContext& context, IrqLine irq, I8237& dma,
               const std::array<Slot, kDrives>& slots)
    : Device(context),
      irq_(irq),
      dma_(dma),
      clock_(context.scheduler, 1'000'000),
      drives_{FloppyDrive(slots[0].type, slots[0].disk,
                          [this](int error, auto data) { disk_done(0, error, data); }),
              FloppyDrive(slots[1].type, slots[1].disk,
                          [this](int error, auto data) { disk_done(1, error, data); })},
      event_(context.scheduler, context.path, 0, [this] { on_event(); }),
      seeks_{Timer(context.scheduler, context.path, 1, [this] { seek_ended(0); }),
             Timer(context.scheduler, context.path, 2, [this] { seek_ended(1); }),
             Timer(context.scheduler, context.path, 3, [this] { seek_ended(2); }),
             Timer(context.scheduler, context.path, 4, [this] { seek_ended(3); })} {}

void I82078::reset() {
  regs_ = {};
  transfer_ = {};
  event_.cancel();
  for (Timer& seek : seeks_) seek.cancel();
}

void I82078::settle() {
  const bool data = transfer_.stage == Stage::Host && !dma_mode() && transfer_.window;
  const bool asks = regs_.result_interrupt || regs_.reset_interrupt || regs_.seek_done || data;
  irq_.set(asks && gated() && !in_reset());
}

void I82078::Transfer::state(State& s) {
  s("stage", stage, 0, u64(Stage::Host))("kind", kind, 0, Format)("c", c)("h", h)("r", r)("n", n);
  s("head", head, 0, 1)("index", index)("left", left)("st1", st1)("st2", st2)("seeked", seeked);
  s("tc", tc)("order", order, 0, 2)("at", at, 0, kSectorSize)("size", size, 0, kSectorSize);
  s("window", window, 0, 16)("polls", polls, 0, kMaxPolls);
  if (s.loading() && at > size) s.refuse("at", "it is beyond the sector's size");
}

void I82078::state(State& s) {
  Regs& r = regs_;
  s("dor", r.dor)("tdr", r.tdr, 0, 3)("dsr", r.dsr, 0, 0x7f)("phase", r.phase, 0, 2);
  s("given", r.given, 0, kMaxCommand - 1)("result_at", r.result_at, 0, kMaxResult - 1);
  s("result_size", r.result_size, 0, kMaxResult)("command", r.command)("result", r.result);
  s("result_interrupt", r.result_interrupt)("reset_interrupt", r.reset_interrupt);
  s("reset_statuses", r.reset_statuses, 0, kSelects)("seeking", r.seeking, 0, 15);
  s("seek_done", r.seek_done, 0, 15)("pcn", r.pcn)("seek_status", r.seek_status);
  s("srt_hut", r.srt_hut)("hlt_nd", r.hlt_nd)("config", r.config, 0, 0x7f)("pretrk", r.pretrk);
  s("perpendicular", r.perpendicular, 0, 0x3f)("lock", r.lock)("powerdown", r.powerdown);
  s("option", r.option, 0, 1)("eot", r.eot)("specification", r.specification);
  s("transfer", transfer_).raw("buffer", buffer_);
  s("drive0", drives_[0])("drive1", drives_[1])("event", event_)("seeks", seeks_);
}

// --- registers ---

unsigned I82078::kbps() const {
  static constexpr u16 kRates[] = {500, 300, 250, 1000};
  return kRates[regs_.dsr & 3];
}

u8 I82078::msr() const {
  if (in_reset()) return 0;
  u8 value = regs_.seeking;
  switch (regs_.phase) {
    case Phase::Command:
      return u8(value | kRqm | (regs_.given ? kBusy : 0));
    case Phase::Result:
      return u8(value | kRqm | kDio | kBusy);
    case Phase::Execution:
      value |= kBusy;
      if (!dma_mode()) value |= kNonDma;
      if (transfer_.stage == Stage::Host && !dma_mode() && transfer_.window)
        value |= u8(kRqm | (from_disk() ? kDio : 0));
  }
  return value;
}

u32 I82078::io_read(u16 offset, unsigned) {
  switch (offset) {
    case 2:
      return regs_.dor;
    case 3:
      return 0xfc | regs_.tdr;
    case 4:
      return msr();
    case 5:
      return in_reset() ? 0 : read_fifo();
    case 7: {
      const unsigned drive = regs_.dor & 3;
      return drive < kDrives && drives_[drive].disk_changed() ? 0x80 : 0;
    }
  }
  return 0xff;
}

void I82078::io_write(u16 offset, unsigned, u32 value) {
  switch (offset) {
    case 2:
      return write_dor(u8(value));
    case 3:
      regs_.tdr = value & 3;
      return;
    case 4:
      return write_dsr(u8(value));
    case 5:
      if (!in_reset()) write_fifo(u8(value));
      return;
    case 7:
      regs_.dsr = u8((regs_.dsr & ~3) | (value & 3));
      return;
  }
}

void I82078::write_dor(u8 value) {
  const bool was_in_reset = in_reset();
  regs_.dor = value;
  if (in_reset())
    software_reset();
  else if (was_in_reset)
    leave_reset();
  settle();
}

void I82078::write_dsr(u8 value) {
  regs_.dsr = value & 0x7f;
  if (!(value & 0x80) || in_reset()) return;
  software_reset();
  leave_reset();
  settle();
}

// What CONFIGURE set outlives it while LOCK says so; so does what SPECIFY and PERPENDICULAR MODE
// chose, always, and the data rate.
void I82078::software_reset() {
  Regs fresh;
  const Regs& old = regs_;
  fresh.dor = old.dor;
  fresh.tdr = old.tdr;
  fresh.dsr = old.dsr;
  fresh.srt_hut = old.srt_hut;
  fresh.hlt_nd = old.hlt_nd;
  fresh.perpendicular = old.perpendicular & 0x3c;
  fresh.specification = old.specification;
  fresh.lock = old.lock;
  if (old.lock) {
    fresh.config = old.config & 0x2f;
    fresh.pretrk = old.pretrk;
  }
  regs_ = fresh;
  transfer_ = {};
  event_.cancel();
  for (Timer& seek : seeks_) seek.cancel();
  for (FloppyDrive& drive : drives_) drive.abandon();
  dma_.set_dreq(kDmaChannel, false);
}

// Polling the drives finds each of them changed.
void I82078::leave_reset() {
  if (regs_.config & kPollOff) return;
  regs_.reset_statuses = kSelects;
  after(event_, kResetPoll);
}

// --- the phases of a command ---

u8 I82078::read_fifo() {
  if (regs_.phase == Phase::Execution) return host_read();
  if (regs_.phase != Phase::Result) return 0;
  regs_.result_interrupt = false;
  const u8 value = regs_.result[regs_.result_at++];
  if (regs_.result_at >= regs_.result_size) to_command();
  settle();
  return value;
}

void I82078::write_fifo(u8 value) {
  if (regs_.phase == Phase::Execution) return host_write(value);
  if (regs_.phase != Phase::Command) return;
  regs_.command[regs_.given++] = value;
  const Command* command = find(regs_.command[0]);
  const bool complete = !command || regs_.given >= command->length ||
                        (command->value == 0x8e && regs_.given > 1 && value & 0x80);
  if (!complete) return;
  regs_.phase = Phase::Execution;
  command ? (this->*command->run)() : invalid();
  settle();
}

void I82078::to_command() {
  regs_.phase = Phase::Command;
  regs_.given = regs_.result_at = regs_.result_size = 0;
}

// A result, or with nothing to give, none.
void I82078::give(std::initializer_list<u8> bytes) {
  to_command();
  if (bytes.size() == 0) return;
  std::copy(bytes.begin(), bytes.end(), regs_.result.begin());
  regs_.result_size = u8(bytes.size());
  regs_.phase = Phase::Result;
}

void I82078::on_event() {
  switch (transfer_.stage) {
    case Stage::None:
      regs_.reset_interrupt = regs_.reset_statuses != 0;
      break;
    case Stage::Seek:
      start_sector();
      break;
    case Stage::Search:
      finish(0x40);
      break;
    case Stage::Id:
      id_passes();
      break;
    case Stage::Disk:
      break;
    case Stage::Host:
      dma_mode() ? serve_dma() : open_window();
  }
  settle();
}

}  // namespace reprise
