#include "chipset/char/ns16550.h"

#include <algorithm>
#include <utility>

namespace reprise {

namespace {

enum : u8 { kDR = 0x01, kOE = 0x02, kFE = 0x08, kBI = 0x10, kTHRE = 0x20, kTEMT = 0x40 };
enum : u8 { kErrors = 0x1e, kCharErrors = 0x1c };
enum : u8 { kLcrBreak = 0x40, kDlab = 0x80, kOut2 = 0x08 };
constexpr u8 kTriggers[4] = {1, 4, 8, 14};

}  // namespace

Ns16550::Ns16550(const DeviceContext& context, IrqLine irq, u64 crystal_hz)
    : Device(context),
      clock_(context.scheduler, crystal_hz),
      irq_(irq),
      in_(context.door, context.path + ":in", PortKind::Input,
          [this](std::span<const u8> bytes) { receive_from_host(bytes); }),
      out_(context.door, context.path + ":out", PortKind::Text),
      break_in_(context.door, context.path + ":break", PortKind::Input,
                [this](std::span<const u8>) {
                  regs_.break_waits = true;
                  expect_character();
                }),
      tx_timer_(context.scheduler, context.path, 0, [this] { on_shifted(); }),
      rx_timer_(context.scheduler, context.path, 1, [this] { on_received(); }),
      timeout_timer_(context.scheduler, context.path, 2, [this] {
        regs_.rx_timeout = true;
        settle();
      }) {
  break_in_.set_credit(1);
}

void Ns16550::reset() {
  regs_ = {};
  rx_.clear();
  tx_.clear();
  line_.clear();
  tx_timer_.cancel();
  rx_timer_.cancel();
  timeout_timer_.cancel();
}

void Ns16550::settle() {
  irq_.set((regs_.mcr & kOut2) && !loop() && !(iir() & 1));
  grant();
}

void Ns16550::state(State& s) {
  s("divisor", regs_.divisor)("ier", regs_.ier, 0, 0x0f)("fcr", regs_.fcr, 0, 0xc9)(
      "lcr", regs_.lcr)("mcr", regs_.mcr, 0, 0x1f)("msr_delta", regs_.msr_delta, 0, 0x0f)(
      "scr", regs_.scr)("errors", regs_.errors, 0, kErrors)("thre_pending", regs_.thre_pending)(
      "rx_timeout", regs_.rx_timeout)("shifting", regs_.shifting)("shift", regs_.shift)(
      "break_waits", regs_.break_waits);
  s("rx", rx_, kFifo)("tx", tx_, kFifo)("line", line_, kLine);
  s("tx_timer", tx_timer_)("rx_timer", rx_timer_)("timeout_timer", timeout_timer_);
}

// Start bit, word, parity and stop bits, in half bits of 8 crystal periods x divisor. The counter
// counts down through zero, so a divisor of 0 divides by 65536.
u64 Ns16550::character_ticks() const {
  const unsigned word = 5 + (regs_.lcr & 3);
  const unsigned stop = !(regs_.lcr & 4) ? 2 : word == 5 ? 3 : 4;
  const unsigned half_bits = 2 * (1 + word + (regs_.lcr & 8 ? 1 : 0)) + stop;
  return u64(regs_.divisor ? regs_.divisor : 0x10000) * 8 * half_bits;
}

Cycles Ns16550::after_characters(unsigned count) const {
  return clock_.cycle_of(clock_.ticks() + count * character_ticks());
}

// Table 2 of the data sheet: line status, received data or time-out, THR empty, modem status.
u8 Ns16550::iir() const {
  const u8 fifo = fifo_enabled() ? 0xc0 : 0;
  const std::size_t trigger = fifo_enabled() ? kTriggers[regs_.fcr >> 6] : 1;
  if ((regs_.ier & 4) && regs_.errors) return fifo | 0x06;
  if ((regs_.ier & 1) && rx_.size() >= trigger) return fifo | 0x04;
  if ((regs_.ier & 1) && regs_.rx_timeout) return fifo | 0x0c;
  if ((regs_.ier & 2) && regs_.thre_pending) return fifo | 0x02;
  if ((regs_.ier & 8) && regs_.msr_delta) return fifo | 0x00;
  return fifo | 0x01;
}

u8 Ns16550::lsr() const {
  u8 value = regs_.errors;
  if (!rx_.empty()) value |= kDR;
  if (tx_.empty()) value |= kTHRE;
  if (tx_.empty() && !regs_.shifting) value |= kTEMT;
  const bool queued = std::any_of(rx_.begin(), rx_.end(), [](u16 c) { return c >> 8; });
  if (fifo_enabled() && (queued || (regs_.errors & kCharErrors))) value |= 0x80;
  return value;
}

u8 Ns16550::modem_lines() const {
  if (!loop()) return 0xb0;  // DCD, DSR, CTS
  const u8 mcr = regs_.mcr;  // CTS is RTS, DSR is DTR, RI is OUT1, DCD is OUT2
  return (mcr & 2) << 3 | (mcr & 1) << 5 | (mcr & 4) << 4 | (mcr & 8) << 4;
}

u32 Ns16550::io_read(u16 offset, unsigned) {
  const bool dlab = regs_.lcr & kDlab;
  switch (offset & 7) {
    case 0:
      return dlab ? regs_.divisor & 0xff : read_rbr();
    case 1:
      return dlab ? regs_.divisor >> 8 : regs_.ier;
    case 2:
      return read_iir();
    case 3:
      return regs_.lcr;
    case 4:
      return regs_.mcr;
    case 5: {
      const u8 value = lsr();
      regs_.errors = 0;
      settle();
      return value;
    }
    case 6: {
      const u8 value = modem_lines() | std::exchange(regs_.msr_delta, 0);
      settle();
      return value;
    }
    default:
      return regs_.scr;
  }
}

void Ns16550::io_write(u16 offset, unsigned, u32 wide) {
  const u8 value = u8(wide);
  const bool dlab = regs_.lcr & kDlab;
  switch (offset & 7) {
    case 0:
      if (dlab) {
        regs_.divisor = (regs_.divisor & 0xff00) | value;
      } else {
        write_thr(value);
      }
      break;
    case 1:
      if (dlab) {
        regs_.divisor = u16(value << 8) | (regs_.divisor & 0xff);
        break;
      }
      // Enabling the interrupt while THR is empty raises it at once; drivers rely on it.
      if ((value & 2) && !(regs_.ier & 2) && tx_.empty()) regs_.thre_pending = true;
      regs_.ier = value & 0x0f;
      break;
    case 2:
      write_fcr(value);
      break;
    case 3:
      write_lcr(value);
      break;
    case 4:
      write_mcr(value);
      break;
    case 7:
      regs_.scr = value;
      break;
    default:
      break;  // LSR and MSR: for factory tests only
  }
  settle();
}

u8 Ns16550::read_rbr() {
  if (rx_.empty()) return 0;
  const u8 value = u8(rx_.front());
  rx_.pop_front();
  regs_.rx_timeout = false;
  show_top();
  restart_timeout();
  expect_character();
  settle();
  return value;
}

u8 Ns16550::read_iir() {
  const u8 value = iir();
  if ((value & 0x0f) == 0x02) {
    regs_.thre_pending = false;
    settle();
  }
  return value;
}

void Ns16550::write_thr(u8 value) {
  regs_.thre_pending = false;
  if (tx_.size() < capacity()) {
    tx_.push_back(value);
  } else if (!fifo_enabled()) {
    tx_.back() = value;  // the holding register is overwritten; a full FIFO ignores the write
  }
  if (!regs_.shifting) start_shift();
}

void Ns16550::write_fcr(u8 value) {
  const bool toggled = (value ^ regs_.fcr) & 1;
  if (toggled || ((value & 1) && (value & 2))) clear_rx();
  if ((toggled || ((value & 1) && (value & 4))) && !tx_.empty()) {
    tx_.clear();
    regs_.thre_pending = true;
  }
  regs_.fcr = value & 1 ? value & 0xc9 : 0;
  expect_character();
}

void Ns16550::write_lcr(u8 value) {
  const bool begins = (value & kLcrBreak) && !(regs_.lcr & kLcrBreak);
  regs_.lcr = value;
  if (begins && loop()) {
    regs_.break_waits = true;
    expect_character();
  }
}

void Ns16550::write_mcr(u8 value) {
  const u8 before = modem_lines();
  regs_.mcr = value & 0x1f;
  const u8 changed = before ^ modem_lines();
  regs_.msr_delta |= (changed & 0xb0) >> 4;
  if (changed & before & 0x40) regs_.msr_delta |= 4;  // TERI: RI's trailing edge only
  expect_character();
}

void Ns16550::start_shift() {
  regs_.shift = tx_.front();
  tx_.pop_front();
  regs_.shifting = true;
  if (tx_.empty()) regs_.thre_pending = true;
  tx_timer_.arm(after_characters(1));
  if (!loop() && !(regs_.lcr & kLcrBreak)) out_.door().emit(out_, {&regs_.shift, 1});
}

void Ns16550::on_shifted() {
  regs_.shifting = false;
  if (loop() && !(regs_.lcr & kLcrBreak)) push_rx(regs_.shift, 0);
  if (!tx_.empty()) start_shift();
  settle();
}

void Ns16550::receive_from_host(std::span<const u8> bytes) {
  const std::size_t room = kLine - line_.size();  // more than was granted is lost on the line
  for (const u8 byte : bytes.first(std::min(room, bytes.size()))) line_.push_back(byte);
  expect_character();
  grant();
}

// Lets the far end send its next character, unless one is under way or there is no room for it.
void Ns16550::expect_character() {
  const bool from_host = !loop() && !line_.empty() && rx_.size() < capacity();
  if (rx_timer_.armed() || !(from_host || regs_.break_waits)) return;
  rx_timer_.arm(after_characters(1));
}

void Ns16550::on_received() {
  if (std::exchange(regs_.break_waits, false)) {
    push_rx(0, kBI | kFE);
  } else if (!loop() && !line_.empty() && rx_.size() < capacity()) {
    push_rx(line_.front(), 0);
    line_.pop_front();
  }
  expect_character();
  settle();
}

void Ns16550::push_rx(u8 value, u8 errors) {
  if (rx_.size() >= capacity()) {
    regs_.errors |= kOE;
    // Without FIFOs the new character replaces the old; a full FIFO keeps what it has.
    if (fifo_enabled()) return;
    rx_.pop_front();
  }
  rx_.push_back(u16(value | errors << 8));
  if (rx_.size() == 1) show_top();
  regs_.rx_timeout = false;
  restart_timeout();
}

// A character's errors are revealed in LSR when it comes to the top of the FIFO.
void Ns16550::show_top() {
  if (rx_.empty()) return;
  regs_.errors |= rx_.front() >> 8 & kCharErrors;
  rx_.front() &= 0xff;
}

void Ns16550::restart_timeout() {
  if (fifo_enabled() && !rx_.empty()) {
    timeout_timer_.arm(after_characters(4));
  } else {
    timeout_timer_.cancel();
  }
}

void Ns16550::clear_rx() {
  rx_.clear();
  regs_.errors = 0;
  regs_.rx_timeout = false;
  timeout_timer_.cancel();
}

void Ns16550::grant() { in_.set_credit(kLine - line_.size()); }

}  // namespace reprise
