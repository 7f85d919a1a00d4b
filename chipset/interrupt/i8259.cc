#include "chipset/interrupt/i8259.h"

namespace reprise {

namespace {
enum Icw1 : u8 { kIc4 = 0x01, kSngl = 0x02, kAdi = 0x04, kIsIcw1 = 0x10 };
enum Icw4 : u8 { kUpm = 0x01, kAeoi = 0x02, kMasterBuffered = 0x04, kSfnm = 0x10 };
enum Ocw3 : u8 { kRis = 0x01, kRr = 0x02, kPoll = 0x04, kIsOcw3 = 0x08, kSmm = 0x20, kEsmm = 0x40 };
}  // namespace

void I8259::state(State& s) {
  s("pins", regs_.pins)("edges", regs_.edges)("elcr", regs_.elcr)("imr", regs_.imr);
  s("isr", regs_.isr)("icw1", regs_.icw1)("icw2", regs_.icw2)("icw3", regs_.icw3);
  s("icw4", regs_.icw4)("lowest", regs_.lowest, 0, 7)("step", regs_.step, 0, u64(Step::Icw4));
  s("single", regs_.single)("rotate_in_aeoi", regs_.rotate_in_aeoi);
  s("special_mask", regs_.special_mask)("read_isr", regs_.read_isr)("poll", regs_.poll);
}

unsigned I8259::first(u8 inputs) const {
  for (unsigned i = 1; i <= 8; ++i)
    if (const unsigned input = (regs_.lowest + i) & 7; inputs >> input & 1) return input;
  return 8;
}

unsigned I8259::highest() const {
  const unsigned input = first(requests() & u8(~regs_.imr));
  if (input == 8) return 8;
  // In special mask mode a masked input in service holds off nothing.
  const unsigned serving = first(regs_.special_mask ? regs_.isr & u8(~regs_.imr) : regs_.isr);
  if (serving == 8 || rank(input) < rank(serving)) return input;
  // Special fully nested: a slave may interrupt its own earlier request.
  if (input == serving && (regs_.icw4 & kSfnm) && cascaded(input)) return input;
  return 8;
}

void I8259::set_pin(unsigned pin, bool level) {
  const u8 bit = u8(1 << pin);
  if (level && !(regs_.pins & bit)) regs_.edges |= bit;
  if (!level) regs_.edges &= u8(~bit);
  regs_.pins = level ? regs_.pins | bit : regs_.pins & u8(~bit);
}

unsigned I8259::begin_acknowledge() {
  const unsigned input = interrupt() ? highest() : 8;
  if (input == 8) return 7;
  regs_.isr |= u8(1 << input);
  regs_.edges &= u8(~(1 << input));
  return input;
}

u8 I8259::vector(unsigned input) const {
  if (regs_.icw4 & kUpm) return u8((regs_.icw2 & 0xf8) | input);
  return (regs_.icw1 & kAdi) ? u8((regs_.icw1 & 0xe0) | input << 2)
                             : u8((regs_.icw1 & 0xc0) | input << 3);
}

void I8259::end_acknowledge(unsigned input) {
  if ((regs_.icw4 & kAeoi) && (regs_.isr >> input & 1)) finish(input, regs_.rotate_in_aeoi);
}

void I8259::finish(unsigned input, bool rotate) {
  if (input == 8) return;
  regs_.isr &= u8(~(1 << input));
  if (rotate) regs_.lowest = u8(input);
}

void I8259::command(u8 value) {
  const unsigned level = value & 7;
  const bool rotate = value & 0x80;
  // A non-specific end of interrupt passes over what special mask mode has taken out.
  const u8 serving = regs_.special_mask ? regs_.isr & u8(~regs_.imr) : regs_.isr;
  switch (value >> 5) {
    case 0:
    case 4:
      regs_.rotate_in_aeoi = rotate;
      break;
    case 1:
    case 5:
      finish(first(serving), rotate);
      break;
    case 3:
    case 7:
      finish(level, rotate);
      break;
    case 6:
      regs_.lowest = u8(level);
      break;
    default:
      break;  // 2: no operation
  }
}

void I8259::write(bool a0, u8 value) {
  if (!a0 && (value & kIsIcw1)) {
    const u8 pins = regs_.pins, elcr = regs_.elcr;
    const u8 icw2 = regs_.icw2, icw3 = regs_.icw3, icw4 = regs_.icw4;
    regs_ = {};
    regs_.pins = pins;
    regs_.elcr = elcr;
    regs_.icw1 = value;
    regs_.icw2 = icw2;
    regs_.icw3 = icw3;
    regs_.icw4 = (value & kIc4) ? icw4 : 0;
    regs_.single = value & kSngl;
    regs_.step = Step::Icw2;
    return;
  }
  if (!a0 && (value & kIsOcw3)) {
    if (value & kEsmm) regs_.special_mask = value & kSmm;
    regs_.poll = value & kPoll;
    if (!regs_.poll && (value & kRr)) regs_.read_isr = value & kRis;
    return;
  }
  if (!a0) return command(value);

  const Step after_icw3 = (regs_.icw1 & kIc4) ? Step::Icw4 : Step::Ready;
  switch (regs_.step) {
    case Step::Ready:
      regs_.imr = value;
      break;
    case Step::Icw2:
      regs_.icw2 = value;
      regs_.step = regs_.single ? after_icw3 : Step::Icw3;
      break;
    case Step::Icw3:
      regs_.icw3 = value;
      regs_.step = after_icw3;
      break;
    case Step::Icw4:
      regs_.icw4 = value;
      regs_.step = Step::Ready;
      break;
  }
}

u8 I8259::read(bool a0) {
  if (regs_.poll) {  // the read is an acknowledge
    regs_.poll = false;
    if (!interrupt()) return 0;
    const unsigned input = begin_acknowledge();
    end_acknowledge(input);
    return u8(0x80 | input);
  }
  if (a0) return regs_.imr;
  return regs_.read_isr ? regs_.isr : requests();
}

I8259Pair::I8259Pair(const DeviceContext& context, IrqLine intr)
    : Device(context),
      intr_(intr),
      master_ports_(
          [this](u16 offset) {
            const u8 value = master_.read(offset & 1);
            settle();
            return value;
          },
          [this](u16 offset, u8 value) {
            master_.write(offset & 1, value);
            settle();
          }),
      slave_ports_(
          [this](u16 offset) {
            const u8 value = slave_.read(offset & 1);
            settle();
            return value;
          },
          [this](u16 offset, u8 value) {
            slave_.write(offset & 1, value);
            settle();
          }),
      elcr_ports_([this](u16 offset) { return (offset & 1) ? slave_.elcr() : master_.elcr(); },
                  [this](u16 offset, u8 value) {
                    (offset & 1 ? slave_ : master_).set_elcr(value);
                    settle();
                  }) {}

void I8259Pair::reset() {
  master_.reset();
  slave_.reset();
}

void I8259Pair::settle() {
  master_.set_pin(kCascade, slave_.interrupt());
  intr_.set(master_.interrupt());
}

void I8259Pair::state(State& s) { s("master", master_)("slave", slave_); }

void I8259Pair::set_irq(unsigned pin, bool level) {
  if (pin >= 16 || pin == kCascade) return;
  (pin < 8 ? master_ : slave_).set_pin(pin & 7, level);
  settle();
}

u8 I8259Pair::acknowledge() {
  const unsigned input = master_.begin_acknowledge();
  const bool served = master_.cascaded(input) && input == kCascade;
  u8 vector = master_.vector(input);
  if (served) {
    const unsigned slave_input = slave_.begin_acknowledge();
    vector = slave_.vector(slave_input);
    slave_.end_acknowledge(slave_input);
  }
  master_.end_acknowledge(input);
  // INT of both chips falls with INTA, so that another request makes an edge behind it.
  master_.set_pin(kCascade, false);
  intr_.set(false);
  settle();
  return vector;
}

}  // namespace reprise
