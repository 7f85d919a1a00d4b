#include "chipset/input/ps2_mouse.h"

#include <algorithm>
#include <utility>

namespace reprise {

namespace {

enum : u8 { kAck = 0xfa, kError = 0xfc, kResend = 0xfe };
constexpr std::size_t kOut = 16;

u16 add_bounded(u16 total, i16 delta) {
  return u16(i16(std::clamp(int(i16(total)) + delta, -32767, 32767)));
}

i16 take(u16& total, int limit) {
  const i16 part = i16(std::clamp<int>(i16(total), -limit - 1, limit));
  total = u16(i16(total) - part);
  return part;
}

// 2:1 scaling applies to small counts as the manual's table says.
int scale_two_to_one(int count) {
  constexpr int kTable[6] = {0, 1, 1, 3, 6, 9};
  const int size = count < 0 ? -count : count;
  const int scaled = std::min(size < 6 ? kTable[size] : 2 * size, 255);
  return count < 0 ? -scaled : scaled;
}

}  // namespace

Ps2Mouse::Ps2Mouse(const DeviceContext& context)
    : Device(context),
      clock_(context.scheduler, 1'000'000),
      motion_(context.door, context.path + ":motion", PortKind::Input,
              [this](std::span<const u8> bytes) { receive(bytes); }),
      sample_timer_(context.scheduler, context.path, 0, [this] { on_sample(); }),
      test_timer_(context.scheduler, context.path, 1, [this] {
        answer({0xaa, regs_.id});
      }) {}

void Ps2Mouse::reset() {
  regs_ = {};
  out_.clear();
  sample_timer_.cancel();
  test_timer_.cancel();
}

void Ps2Mouse::settle() { motion_.set_credit(7 * 64); }

void Ps2Mouse::state(State& s) {
  s("reporting", regs_.reporting)("remote", regs_.remote)("wrap", regs_.wrap)(
      "scaling", regs_.scaling)("resolution", regs_.resolution, 0, 3)("rate", regs_.rate, 10, 200)(
      "id", regs_.id, 0, 4)("argument_of", regs_.argument_of)("rates", regs_.rates)(
      "last", regs_.last)("buttons", regs_.buttons, 0, 31)("reported", regs_.reported, 0, 31)(
      "dx", regs_.dx)("dy", regs_.dy)("dz", regs_.dz);
  s("out", out_, kOut);
  s("sample_timer", sample_timer_)("test_timer", test_timer_);
}

void Ps2Mouse::defaults() {
  regs_.reporting = regs_.remote = regs_.scaling = false;
  regs_.resolution = 2;
  regs_.rate = 100;
  regs_.dx = regs_.dy = regs_.dz = 0;
  sample_timer_.cancel();
}

void Ps2Mouse::receive(std::span<const u8> bytes) {
  for (; bytes.size() >= 7; bytes = bytes.subspan(7)) {
    const auto number = [&](unsigned at) { return i16(bytes[at] | bytes[at + 1] << 8); };
    regs_.buttons = bytes[6] & 31;
    if (!regs_.reporting && !regs_.remote) continue;
    regs_.dx = add_bounded(regs_.dx, number(0));
    regs_.dy = add_bounded(regs_.dy, i16(-std::max<int>(number(2), -32767)));
    if (regs_.id) regs_.dz = add_bounded(regs_.dz, number(4));
  }
  note_change();
}

// The first change after a quiet time waits for the next sample, like any other.
void Ps2Mouse::note_change() {
  const u8 visible = regs_.id == 4 ? 31 : 7;
  const bool changed = regs_.dx || regs_.dy || (regs_.id && regs_.dz) ||
                       ((regs_.buttons ^ regs_.reported) & visible);
  if (changed && regs_.reporting && !regs_.remote && !regs_.wrap && !sample_timer_.armed())
    sample_timer_.arm(after_us(1'000'000 / regs_.rate));
}

void Ps2Mouse::on_sample() {
  if (out_.empty()) put_packet(regs_.scaling);  // the cable is slower than the rate: wait
  note_change();
  ready();
}

void Ps2Mouse::put_packet(bool scaled) {
  int x = take(regs_.dx, 255);
  int y = take(regs_.dy, 255);
  if (scaled) {
    x = scale_two_to_one(x);
    y = scale_two_to_one(y);
  }
  out_.push_back(u8((regs_.buttons & 7) | 0x08 | (x < 0) << 4 | (y < 0) << 5));
  out_.push_back(u8(x));
  out_.push_back(u8(y));
  const i16 z = take(regs_.dz, 7);
  if (regs_.id == 3) out_.push_back(u8(z));
  if (regs_.id == 4) out_.push_back(u8((z & 0x0f) | (regs_.buttons & 0x18) << 1));
  regs_.reported = regs_.buttons;
}

void Ps2Mouse::answer(std::initializer_list<u8> bytes) {
  for (const u8 byte : bytes)
    if (out_.size() < kOut) out_.push_back(byte);
  ready();
}

u8 Ps2Mouse::ps2_take_byte() {
  check(!out_.empty(), "a mouse was asked for a byte that it has not");
  const u8 value = out_.front();
  out_.pop_front();
  if (value != kResend) regs_.last = value;
  if (ps2_has_byte()) ready();
  return value;
}

void Ps2Mouse::ps2_write(u8 value) {
  out_.clear();  // a packet that the host interrupts is given up
  test_timer_.cancel();
  if (regs_.wrap && value != 0xec && value != 0xff) return answer({value});
  const u8 pending = std::exchange(regs_.argument_of, 0);
  if (pending == 0xe8) {
    if (value > 3) return answer({kError});
    regs_.resolution = value;
    answer({kAck});
  } else if (pending == 0xf3) {
    set_rate(value);
  } else {
    command(value);
  }
  note_change();
}

void Ps2Mouse::set_rate(u8 value) {
  if (value < 10 || value > 200) return answer({kError});
  if (regs_.rates[0] == 200 && value == 80) {
    if (regs_.rates[1] == 100) regs_.id = std::max<u8>(regs_.id, 3);
    if (regs_.rates[1] == 200) regs_.id = 4;
  }
  regs_.rates[0] = regs_.rates[1];
  regs_.rates[1] = value;
  regs_.rate = value;
  answer({kAck});
}

void Ps2Mouse::command(u8 value) {
  switch (value) {
    case 0xe6:
    case 0xe7:
      regs_.scaling = value & 1;
      break;
    case 0xe8:
    case 0xf3:
      regs_.argument_of = value;
      break;
    case 0xe9: {
      const u8 b = regs_.buttons;
      const u8 status = u8(regs_.remote << 6 | regs_.reporting << 5 | regs_.scaling << 4 |
                           (b & 1) << 2 | (b & 4) >> 1 | (b & 2) >> 1);
      return answer({kAck, status, regs_.resolution, regs_.rate});
    }
    case 0xea:
      regs_.remote = false;
      break;
    case 0xeb:
      out_.push_back(kAck);
      put_packet(false);
      return ready();
    case 0xec:
      regs_.wrap = false;
      break;
    case 0xee:
      regs_.wrap = true;
      break;
    case 0xf0:
      regs_.remote = true;
      break;
    case 0xf2:
      return answer({kAck, regs_.id});
    case 0xf4:
      regs_.reporting = true;
      break;
    case 0xf5:
      regs_.reporting = false;
      break;
    case 0xf6:
      defaults();
      break;
    case 0xfe:
      return answer({regs_.last});
    case 0xff:
      regs_.wrap = false;
      defaults();
      regs_.id = 0;
      regs_.rates[0] = regs_.rates[1] = 0;
      test_timer_.arm(after_us(20'000));
      break;
    default:
      return answer({kResend});
  }
  answer({kAck});
}

}  // namespace reprise
