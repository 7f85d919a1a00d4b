#include "chipset/interrupt/lapic.h"

#include <bit>

namespace reprise {

namespace {
bool test(const std::array<u32, 8>& bits, unsigned vector) {
  return bits[vector / 32] >> (vector % 32) & 1;
}
void assign(std::array<u32, 8>& bits, unsigned vector, bool on) {
  const u32 bit = u32(1) << (vector % 32);
  bits[vector / 32] = on ? bits[vector / 32] | bit : bits[vector / 32] & ~bit;
}
DeliveryMode delivery_mode(u32 lvt) { return DeliveryMode(lvt >> 8 & 7); }
}  // namespace

Lapic::Lapic(const DeviceContext& context, const LapicConfig& config, ApicBus& bus, cpu::Pins& pins,
             IntAck& pic)
    : Device(context),
      config_(config),
      bus_(bus),
      pins_(pins),
      pic_(pic),
      scheduler_(context.scheduler),
      clock_(context.scheduler, kBusHz),
      timer_(context.scheduler, context.path, 0, [this] { on_timer(); }) {
  reset();
  bus_.add(*this);
}

Lapic::~Lapic() { bus_.remove(*this); }

void Lapic::reset() {
  regs_ = {};
  regs_.id = config_.id;
  base_ = 0xfee0'0000 | (config_.present ? u64(kEn) : 0) | (config_.bootstrap ? u64(kBsp) : 0);
  tsc_offset_ = 0;
  lint_[0] = lint_[1] = false;
}

void Lapic::settle() {
  arm_timer();
  update_intr();
}

void Lapic::init_reset() {
  const u8 id = regs_.id;
  regs_ = {};
  regs_.id = id;
  settle();
}

void Lapic::state(State& s) {
  s("base", base_)("tsc_offset", tsc_offset_)("lint0", lint_[0])("lint1", lint_[1]);
  s("id", regs_.id)("tpr", regs_.tpr)("ldr", regs_.ldr)("dfr", regs_.dfr)("svr", regs_.svr);
  s("isr", regs_.isr)("tmr", regs_.tmr)("irr", regs_.irr)("esr", regs_.esr);
  s("errors", regs_.errors)("icr_low", regs_.icr_low)("icr_high", regs_.icr_high);
  s("lvt", regs_.lvt)("ext_int", regs_.ext_int)("divide", regs_.divide);
  s("initial_count", regs_.initial_count)("start_count", regs_.start_count);
  s("start_tick", regs_.start_tick)("tsc_deadline", regs_.tsc_deadline);
}

// Priorities and the INTR pin

int Lapic::highest(const Bits& bits) {
  for (int i = 7; i >= 0; --i)
    if (bits[i]) return i * 32 + 31 - std::countl_zero(bits[i]);
  return -1;
}

u8 Lapic::ppr() const {
  const int serving = highest(regs_.isr);
  const u8 isr_class = serving < 0 ? 0 : serving & 0xf0;
  return (regs_.tpr & 0xf0) >= isr_class ? regs_.tpr : isr_class;
}

u8 Lapic::apr() const {
  const int serving = highest(regs_.isr), waiting = highest(regs_.irr);
  const u8 isr_class = serving < 0 ? 0 : serving & 0xf0;
  const u8 irr_class = waiting < 0 ? 0 : waiting & 0xf0;
  const u8 tpr_class = regs_.tpr & 0xf0;
  if (tpr_class >= irr_class && tpr_class > isr_class) return regs_.tpr;
  return isr_class > irr_class ? isr_class : irr_class;
}

bool Lapic::lint_active(unsigned pin) const {
  return lint_[pin] != bool(regs_.lvt[kLint0 + pin] >> 13 & 1);
}

bool Lapic::ext_int() const {
  if (!hardware_enabled()) return lint_[0];
  if (regs_.ext_int) return true;
  for (unsigned pin = 0; pin < 2; ++pin) {
    const u32 lvt = regs_.lvt[kLint0 + pin];
    if (!(lvt & kMasked) && delivery_mode(lvt) == DeliveryMode::ExtInt && lint_active(pin))
      return true;
  }
  return false;
}

int Lapic::deliverable() const {
  if (!hardware_enabled()) return -1;
  const int vector = highest(regs_.irr);
  return (vector >> 4) > (ppr() >> 4) ? vector : -1;
}

void Lapic::update_intr() { pins_.set_intr(deliverable() >= 0 || ext_int()); }

u8 Lapic::acknowledge() {
  if (const int vector = deliverable(); vector >= 0) {
    assign(regs_.irr, vector, false);
    assign(regs_.isr, vector, true);
    update_intr();
    return u8(vector);
  }
  if (!hardware_enabled() || ext_int()) {
    regs_.ext_int = false;
    const u8 vector = pic_.acknowledge();
    update_intr();
    return vector;
  }
  update_intr();
  return u8(regs_.svr);  // what had raised INTR has gone since
}

void Lapic::set_tpr(u8 value) {
  regs_.tpr = value;
  update_intr();
}

// Arrival of interrupts

void Lapic::request(u8 vector, bool level) {
  assign(regs_.irr, vector, true);
  assign(regs_.tmr, vector, level);
  update_intr();
}

void Lapic::error(u8 bit) {
  regs_.errors |= bit;
  const u32 lvt = regs_.lvt[kError];
  if (lvt & kMasked) return;
  if ((lvt & 0xff) < 16)
    regs_.errors |= kReceiveIllegal;
  else
    request(u8(lvt), false);
}

bool Lapic::matches(const ApicMessage& message) const {
  if (!hardware_enabled()) return false;
  const u32 destination = message.destination;
  const bool broadcast = destination == ApicMessage::kBroadcast;
  if (!message.logical) return broadcast || destination == (x2apic() ? config_.id : regs_.id);
  if (x2apic())
    return broadcast || (destination >> 16 == ldr() >> 16 && (destination & ldr() & 0xffff));
  if (destination > 0xff && !broadcast) return false;
  const u8 mda = u8(destination), logical_id = u8(regs_.ldr >> 24);
  switch (regs_.dfr >> 28) {
    case 0xf:
      return logical_id & mda;
    case 0x0:
      return broadcast || (logical_id >> 4 == mda >> 4 && (logical_id & mda & 0xf));
    default:
      return false;
  }
}

bool Lapic::accept(const ApicMessage& message) {
  switch (message.mode) {
    case DeliveryMode::Fixed:
    case DeliveryMode::LowestPriority:
      if (!software_enabled()) return false;
      if (message.vector < 16)
        error(kReceiveIllegal);
      else
        request(message.vector, message.level_triggered);
      return true;
    case DeliveryMode::Smi:
      pins_.smi();
      return true;
    case DeliveryMode::Nmi:
      pins_.nmi();
      return true;
    case DeliveryMode::Init:
      init_reset();
      pins_.init();
      return true;
    case DeliveryMode::StartUp:
      pins_.sipi(message.vector);
      return true;
    case DeliveryMode::ExtInt:
      if (!software_enabled()) return false;
      regs_.ext_int = true;
      update_intr();
      return true;
    case DeliveryMode::Reserved:
      break;
  }
  return false;
}

void Lapic::trigger(unsigned index) {
  const u32 lvt = regs_.lvt[index];
  if (!hardware_enabled() || (lvt & kMasked)) return;
  switch (index == kTimer ? DeliveryMode::Fixed : delivery_mode(lvt)) {
    case DeliveryMode::Fixed:
      if ((lvt & 0xff) < 16)
        error(kReceiveIllegal);
      else
        request(u8(lvt), false);
      break;
    case DeliveryMode::Smi:
      pins_.smi();
      break;
    case DeliveryMode::Nmi:
      pins_.nmi();
      break;
    case DeliveryMode::Init:
      init_reset();
      pins_.init();
      break;
    default:
      break;  // ExtINT: see ext_int(); the others are reserved here
  }
}

void Lapic::set_irq(unsigned pin, bool level) {
  if (pin > 1 || lint_[pin] == level) return;
  lint_[pin] = level;
  if (!hardware_enabled()) {
    if (pin == 1 && level) pins_.nmi();
  } else if (lint_active(pin) && !lint_level_mode(pin)) {
    trigger(kLint0 + pin);
  }
  level_lints();
  update_intr();
}

bool Lapic::lint_level_mode(unsigned pin) const {
  const u32 lvt = regs_.lvt[kLint0 + pin];
  return (lvt & kLevel) && delivery_mode(lvt) == DeliveryMode::Fixed;
}

void Lapic::level_lints() {
  for (unsigned pin = 0; pin < 2; ++pin) {
    u32& lvt = regs_.lvt[kLint0 + pin];
    if (!lint_level_mode(pin) || (lvt & (kMasked | kRemoteIrr)) || !lint_active(pin)) continue;
    if ((lvt & 0xff) < 16 || !hardware_enabled()) continue;
    lvt |= kRemoteIrr;
    request(u8(lvt), true);
  }
}

void Lapic::write_eoi() {
  const int vector = highest(regs_.isr);
  if (vector < 0) return;
  assign(regs_.isr, vector, false);
  if (test(regs_.tmr, vector)) {
    for (unsigned pin = 0; pin < 2; ++pin)
      if (u32& lvt = regs_.lvt[kLint0 + pin]; int(lvt & 0xff) == vector) lvt &= ~u32(kRemoteIrr);
    bus_.end_of_interrupt(u8(vector));
    level_lints();
  }
  update_intr();
}

void Lapic::send_ipi(u32 low, u32 destination) {
  ApicMessage message;
  message.destination = destination;
  message.logical = low >> 11 & 1;
  message.mode = delivery_mode(low);
  message.vector = u8(low);
  const bool fixed = message.mode == DeliveryMode::Fixed;
  if ((fixed || message.mode == DeliveryMode::LowestPriority) && message.vector < 16)
    return error(kSendIllegal);
  if (message.mode == DeliveryMode::Reserved || message.mode == DeliveryMode::ExtInt) return;
  // INIT level de-assert only synchronised arbitration IDs.
  if (message.mode == DeliveryMode::Init && (low >> 14 & 3) == 2) return;
  switch (low >> 18 & 3) {
    case 0:
      bus_.send(message);
      return;
    case 1:  // self, and all including self: for fixed interrupts only
      if (fixed) accept(message);
      return;
    case 2:
      if (!fixed) return;
      message.destination = ApicMessage::kBroadcast;
      message.logical = false;
      bus_.send(message);
      return;
    case 3:
      message.destination = ApicMessage::kBroadcast;
      message.logical = false;
      bus_.send(message, this);
      return;
  }
}

// IA32_APIC_BASE

bool Lapic::set_base(u64 value) {
  const u64 address = ((u64(1) << config_.physical_bits) - 1) & ~u64(0xfff);
  if (value & ~(address | kBsp | kEn | (config_.x2apic ? u64(kExtd) : 0))) return false;
  const u64 from = base_ & (kEn | kExtd), to = value & (kEn | kExtd);
  if (to == kExtd) return false;
  if (from == (kEn | kExtd) && to == kEn) return false;
  if (from == 0 && to == (kEn | kExtd)) return false;
  const u64 old = base_;
  base_ = (value & ~u64(kBsp)) | (old & kBsp);
  if (from && !to) {
    regs_ = {};
    regs_.id = config_.id;
  }
  settle();
  if (base_ != old) pins_.memory_map_changed();
  return true;
}

u32 Lapic::ldr() const {
  if (!x2apic()) return regs_.ldr;
  return u32(config_.id >> 4) << 16 | u32(1) << (config_.id & 0xf);
}

}  // namespace reprise
