#include "chipset/input/ps2_keyboard.h"

#include <utility>

namespace reprise {

namespace {

enum : u8 { kAck = 0xfa, kResend = 0xfe };
enum : u8 { kTypematic = 1, kBreak = 2 };  // a key's type in set 3; make codes are always sent
constexpr std::size_t kAnswers = 16;

constexpr u8 default_type(KeyType type) {
  return type == KeyType::T ? kTypematic : type == KeyType::B ? kBreak : 0;
}

constexpr bool is(unsigned key, QKeyCode code) { return key == unsigned(code); }

}  // namespace

Ps2Keyboard::Ps2Keyboard(const DeviceContext& context)
    : Device(context),
      clock_(context.scheduler, 1'000'000),
      key_(context.door, context.path + ":key", PortKind::Input,
           [this](std::span<const u8> bytes) { receive(bytes); }),
      repeat_timer_(context.scheduler, context.path, 0,
                    [this] {
                      send_key(regs_.repeating, true);
                      const unsigned rate = regs_.rate;
                      repeat_timer_.arm(after_us(u64(8 + (rate & 7)) * 4170 << (rate >> 3 & 3)));
                    }),
      test_timer_(context.scheduler, context.path, 1, [this] {
        regs_.testing = false;
        answer({0xaa});
      }) {
  defaults();
}

void Ps2Keyboard::reset() {
  regs_ = {};
  down_.fill(0);
  answers_.clear();
  defaults();
  test_timer_.cancel();
}

// Keys are few and slow: a message is taken at once, and its effect is bounded by the buffer.
void Ps2Keyboard::settle() { key_.set_credit(3 * 64); }

void Ps2Keyboard::state(State& s) {
  s("scanning", regs_.scanning)("set", regs_.set, 1, 3)("rate", regs_.rate, 0, 0x7f)(
      "leds", regs_.leds, 0, 7)("argument_of", regs_.argument_of)("last", regs_.last)(
      "testing", regs_.testing)("repeating", regs_.repeating, 0, kKeyCount - 1);
  s("down", down_, 0, 1)("types", types_, 0, 3);
  s("answers", answers_, kAnswers)("codes", codes_, kBuffer + 1);
  s("repeat_timer", repeat_timer_)("test_timer", test_timer_);
}

void Ps2Keyboard::defaults() {
  regs_.rate = kDefaultRate;
  regs_.repeating = 0;
  codes_.clear();
  repeat_timer_.cancel();
  for (unsigned i = 0; i < kKeyCount; ++i) types_[i] = default_type(kKeys[i].type3);
}

void Ps2Keyboard::receive(std::span<const u8> bytes) {
  for (; bytes.size() >= 3; bytes = bytes.subspan(3))
    key_event(bytes[0] | bytes[1] << 8, bytes[2] != 0);
}

void Ps2Keyboard::key_event(unsigned key, bool down) {
  if (key >= kKeyCount || down_[key] == u8(down)) return;  // repeating is our own business
  down_[key] = down;
  if (!down && regs_.repeating == key) {
    regs_.repeating = 0;
    repeat_timer_.cancel();
  }
  if (!regs_.scanning || regs_.testing) return;
  send_key(key, down);
  const bool repeats = regs_.set == 3 ? types_[key] & kTypematic : !is(key, QKeyCode::k_pause);
  if (down && repeats) {
    regs_.repeating = u16(key);
    repeat_timer_.arm(after_us(((regs_.rate >> 5 & 3) + 1) * 250'000));
  }
}

bool Ps2Keyboard::sends(unsigned key, bool down) const {
  if (regs_.set == 3) return kKeys[key].set3 && (down || (types_[key] & kBreak));
  return kKeys[key].set2;
}

void Ps2Keyboard::send_key(unsigned key, bool down) {
  if (!sends(key, down)) return;
  if (regs_.set == 3) {
    down ? put_codes({kKeys[key].set3}) : put_codes({0xf0, kKeys[key].set3});
    return;
  }
  const bool set1 = regs_.set == 1;
  const bool ctrl = down_[unsigned(QKeyCode::k_ctrl)] || down_[unsigned(QKeyCode::k_ctrl_r)];
  const bool alt = down_[unsigned(QKeyCode::k_alt)] || down_[unsigned(QKeyCode::k_alt_r)];
  u16 code = kKeys[key].set2;
  if (is(key, QKeyCode::k_pause)) {  // make and break at once; with Ctrl it is Break
    if (!down) return;
    if (ctrl && set1) return put_codes({0xe0, 0x46, 0xe0, 0xc6});
    if (ctrl) return put_codes({0xe0, 0x7e, 0xe0, 0xf0, 0x7e});
    if (set1) return put_codes({0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5});
    return put_codes({0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77});
  }
  if (is(key, QKeyCode::k_print)) {
    if (alt) {
      code = 0x84;  // SysRq
    } else if (!ctrl && !down_[unsigned(QKeyCode::k_shift)] &&
               !down_[unsigned(QKeyCode::k_shift_r)]) {
      if (set1)
        return down ? put_codes({0xe0, 0x2a, 0xe0, 0x37}) : put_codes({0xe0, 0xb7, 0xe0, 0xaa});
      if (down) return put_codes({0xe0, 0x12, 0xe0, 0x7c});
      return put_codes({0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12});
    }
  }
  const u8 low = u8(code);
  const bool prefixed = code >> 8 == 0xe0;
  if (set1) {
    const u8 make = set1_of(low) | (down ? 0 : 0x80);
    return prefixed ? put_codes({0xe0, make}) : put_codes({make});
  }
  if (down) return prefixed ? put_codes({0xe0, low}) : put_codes({low});
  return prefixed ? put_codes({0xe0, 0xf0, low}) : put_codes({0xf0, low});
}

void Ps2Keyboard::put_code(u8 code) {
  if (codes_.size() > kBuffer) return;
  codes_.push_back(codes_.size() < kBuffer ? code : regs_.set == 1 ? 0xff : 0x00);
}

void Ps2Keyboard::put_codes(std::initializer_list<u8> codes) {
  for (const u8 code : codes) put_code(code);
  ready();
}

void Ps2Keyboard::answer(std::initializer_list<u8> bytes) {
  for (const u8 byte : bytes)
    if (answers_.size() < kAnswers) answers_.push_back(byte);
  ready();
}

u8 Ps2Keyboard::ps2_take_byte() {
  std::deque<u8>& queue = answers_.empty() ? codes_ : answers_;
  check(!queue.empty(), "a keyboard was asked for a byte that it has not");
  const u8 value = queue.front();
  queue.pop_front();
  if (value != kResend) regs_.last = value;
  if (ps2_has_byte()) ready();
  return value;
}

void Ps2Keyboard::ps2_write(u8 value) {
  answers_.clear();  // what the host interrupts is given up
  test_timer_.cancel();
  regs_.testing = false;
  const u8 pending = std::exchange(regs_.argument_of, 0);
  if (pending && argument(pending, value)) return;
  command(value);
}

bool Ps2Keyboard::argument(u8 command, u8 value) {
  switch (command) {
    case 0xed:
      if (value > 7) return false;
      regs_.leds = value;
      break;
    case 0xf0:
      if (value > 3) return false;
      if (value == 0) {
        answer({kAck, regs_.set});
        return true;
      }
      regs_.set = value;
      codes_.clear();
      break;
    case 0xf3:
      if (value > 0x7f) return false;
      regs_.rate = value;
      break;
    default: {  // FBh-FDh: any number of keys, by their code in set 3, until a command comes
      bool found = false;
      for (unsigned i = 0; i < kKeyCount; ++i) {
        if (!kKeys[i].set3 || kKeys[i].set3 != value) continue;
        types_[i] = command == 0xfb ? kTypematic : command == 0xfc ? kBreak : 0;
        found = true;
      }
      if (!found) return false;
      regs_.argument_of = command;
      break;
    }
  }
  answer({kAck});
  return true;
}

void Ps2Keyboard::command(u8 value) {
  switch (value) {
    case 0xee:
      return answer({0xee});
    case 0xf2:
      return answer({kAck, 0xab, 0x83});
    case 0xed:
    case 0xf0:
    case 0xf3:
    case 0xfb:
    case 0xfc:
    case 0xfd:
      regs_.argument_of = value;
      break;
    case 0xf4:
      codes_.clear();
      regs_.scanning = true;
      break;
    case 0xf5:
    case 0xf6:
      defaults();
      regs_.set = 2;
      regs_.scanning = value == 0xf6;
      break;
    case 0xf7:
      set_all_types(kTypematic);
      break;
    case 0xf8:
      set_all_types(kBreak);
      break;
    case 0xf9:
      set_all_types(0);
      break;
    case 0xfa:
      set_all_types(kTypematic | kBreak);
      break;
    case 0xfe:
      return answer({regs_.last});
    case 0xff:
      defaults();
      regs_.set = 2;
      regs_.scanning = true;
      regs_.leds = 0;
      answer({kAck});
      regs_.testing = true;
      test_timer_.arm(after_us(20'000));
      return;
    default:
      return answer({kResend});
  }
  answer({kAck});
}

void Ps2Keyboard::set_all_types(u8 type) { types_.fill(type); }

}  // namespace reprise
