#include "chipset/input/i8042.h"

#include "chipset/input/keys.h"

namespace reprise {

namespace {

enum : u8 { kIrq1 = 0x01, kIrq12 = 0x02, kSystem = 0x04, kKbdOff = 0x10, kAuxOff = 0x20 };
enum : u8 { kTranslate = 0x40, kNotReset = 0x01, kA20 = 0x02 };
constexpr std::size_t kAnswers = 16;

}  // namespace

I8042::I8042(const DeviceContext& context, Wires wires, Ps2Device* keyboard, Ps2Device* mouse)
    : Device(context),
      clock_(context.scheduler, 1'000'000),
      wires_(wires),
      devices_{keyboard, mouse},
      send_timer_(context.scheduler, context.path, 0, [this] { on_sent(); }),
      receive_timer_(context.scheduler, context.path, 1, [this] { on_received(); }) {
  for (unsigned i = 0; i < 2; ++i)
    if (devices_[i]) devices_[i]->attach(*this, i);
}

void I8042::reset() {
  regs_ = {};
  ram_.fill(0);
  receiving_ = kKeyboard;
  answers_.clear();
  send_timer_.cancel();
  receive_timer_.cancel();
}

void I8042::settle() {
  wires_.irq1.set(regs_.obf && !regs_.aux_output && (regs_.command & kIrq1));
  wires_.irq12.set(regs_.obf && regs_.aux_output && (regs_.command & kIrq12));
  wires_.a20.set(regs_.outport & kA20);
}

void I8042::state(State& s) {
  s("command", regs_.command)("outport", regs_.outport)("output", regs_.output)("obf", regs_.obf)(
      "aux_output", regs_.aux_output)("after_command", regs_.after_command)(
      "argument_of", regs_.argument_of)("translating_break", regs_.translating_break)(
      "ibf", regs_.ibf)("input", regs_.input)("input_aux", regs_.input_aux)(
      "sending", regs_.sending)("sent", regs_.sent)("sent_aux", regs_.sent_aux)(
      "next_port", regs_.next_port, 0, 1);
  s("ram", ram_)("receiving", receiving_, 0, 1)("answers", answers_, kAnswers);
  s("send_timer", send_timer_)("receive_timer", receive_timer_);
}

u8 I8042::status() const {
  return u8(regs_.obf | regs_.ibf << 1 | (regs_.command & kSystem) | regs_.after_command << 3 |
            0x10 | (regs_.obf && regs_.aux_output) << 5);
}

u8 I8042::read_data() {
  const u8 value = regs_.output;  // an empty buffer still shows its last byte
  if (!regs_.obf) return value;
  regs_.obf = false;
  settle();  // each byte makes its own edge
  if (!answers_.empty()) {
    const u16 next = answers_.front();
    answers_.pop_front();
    answer(u8(next), next >> 8);
  } else {
    receive_next();
  }
  return value;
}

// The controller's own bytes go before those of the devices.
void I8042::answer(u8 value, bool aux) {
  if (regs_.obf) {
    if (answers_.size() < kAnswers) answers_.push_back(u16(value | aux << 8));
    return;
  }
  regs_.output = value;
  regs_.aux_output = aux;
  regs_.obf = true;
  settle();
}

void I8042::write_data(u8 value) {
  regs_.after_command = false;
  const u8 command = regs_.argument_of;
  regs_.argument_of = 0;
  if (command) {
    argument(command, value);
  } else {
    regs_.command &= u8(~kKbdOff);  // sending to the keyboard turns it on
    send(false, value);
  }
}

void I8042::write_command(u8 value) {
  regs_.after_command = true;
  regs_.argument_of = 0;
  if (value >= 0x20 && value < 0x40)
    return answer(value == 0x20 ? regs_.command : ram_[value & 31]);
  if (value >= 0x60 && value < 0x80) {
    regs_.argument_of = value;
    return;
  }
  switch (value) {
    case 0xa4:
      return answer(0xf1);
    case 0xa7:
      regs_.command |= kAuxOff;
      break;
    case 0xa8:
      regs_.command &= u8(~kAuxOff);
      break;
    case 0xa9:
    case 0xab:
      return answer(0x00);
    case 0xaa:
      regs_.command = kSystem | kKbdOff | kAuxOff;
      settle();
      return answer(0x55);
    case 0xad:
      regs_.command |= kKbdOff;
      break;
    case 0xae:
      regs_.command &= u8(~kKbdOff);
      break;
    case 0xc0:
      return answer(0x80);  // not locked
    // OBF as it was before this answer
    case 0xd0: {
      const u8 full =
          u8((regs_.obf && !regs_.aux_output) << 4 | (regs_.obf && regs_.aux_output) << 5);
      return answer((regs_.outport & 0xcf) | full);
    }
    case 0xd1:
    case 0xd2:
    case 0xd3:
    case 0xd4:
      regs_.argument_of = value;
      break;
    case 0xdd:
      set_outport(regs_.outport & u8(~kA20));
      break;
    case 0xdf:
      set_outport(regs_.outport | kA20);
      break;
    case 0xe0:
      return answer(0x00);
    default:
      if (value >= 0xf0 && !(value & 1)) wires_.reset.pulse();  // only bit 0 is wired to anything
      break;
  }
  receive_next();
}

void I8042::argument(u8 command, u8 value) {
  switch (command) {
    case 0x60:
      regs_.command = value;
      settle();
      receive_next();
      break;
    case 0xd1:
      set_outport(value);
      break;
    case 0xd2:
      answer(value);
      break;
    case 0xd3:
      answer(value, true);
      break;
    case 0xd4:
      regs_.command &= u8(~kAuxOff);
      send(true, value);
      break;
    default:
      ram_[command & 31] = value;
      break;
  }
}

void I8042::set_outport(u8 value) {
  regs_.outport = (value & 0xcf) | kNotReset;  // a reset through this bit is a pulse here
  settle();
  if (!(value & kNotReset)) wires_.reset.pulse();
}

void I8042::send(bool aux, u8 value) {
  if (regs_.sending) {
    regs_.ibf = true;  // a byte that waits already is overwritten
    regs_.input = value;
    regs_.input_aux = aux;
    return;
  }
  regs_.sending = true;
  regs_.sent = value;
  regs_.sent_aux = aux;
  send_timer_.arm(byte_time());
}

void I8042::on_sent() {
  const u8 value = regs_.sent;
  const bool aux = regs_.sent_aux;
  regs_.sending = false;
  if (regs_.ibf) {
    regs_.ibf = false;
    send(regs_.input_aux, regs_.input);
  }
  if (devices_[aux]) {
    devices_[aux]->ps2_write(value);
  } else {
    answer(0xfe, aux);  // nobody clocks the byte out: the controller reports it for resending
  }
  receive_next();
}

bool I8042::enabled(unsigned port) const {
  return !(regs_.command & (port == kAux ? kAuxOff : kKbdOff));
}

void I8042::ps2_ready(unsigned) { receive_next(); }

// While the output buffer is full the clock lines are held low: devices wait. The ports take turns.
void I8042::receive_next() {
  if (regs_.obf || receive_timer_.armed()) return;
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned port = (regs_.next_port + i) & 1;
    if (!devices_[port] || !enabled(port) || !devices_[port]->ps2_has_byte()) continue;
    receiving_ = u8(port);
    receive_timer_.arm(byte_time());
    return;
  }
}

void I8042::on_received() {
  const unsigned port = receiving_;
  Ps2Device* device = devices_[port];
  // Cut off meanwhile: the device keeps the byte. An answer took the buffer: read_data() goes on.
  if (regs_.obf || !device || !enabled(port) || !device->ps2_has_byte()) return receive_next();
  u8 value = device->ps2_take_byte();
  regs_.next_port = u8(port ^ 1);
  if (port == kKeyboard && (regs_.command & kTranslate)) {
    if (value == 0xf0) {
      regs_.translating_break = true;
      return receive_next();
    }
    value = translate(value);
  }
  answer(value, port == kAux);
}

u8 I8042::translate(u8 value) {
  const u8 bit = regs_.translating_break ? 0x80 : 0;
  regs_.translating_break = false;
  return set1_of(value) | bit;
}

}  // namespace reprise
