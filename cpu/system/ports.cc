// IN, OUT, INS, OUTS: who may use a port, and the access.
//
// Source: Intel SDM volume 1, chapter 19; volume 2: IN, INS.
//
// An access takes 1 us beside the instruction's own clocks, as on an ISA bus: software counts on it
// where it polls a port a limited number of times.
#include <algorithm>

#include "cpu/cluster.h"
#include "cpu/memory/access.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

bool port_allowed(Cpu& c, u16 port, unsigned size) {
  if (!c.protected_mode()) return true;
  if (!c.v86() && c.cpl <= (c.eflags & IOPL) >> 12) return true;
  const Segment& tr = c.seg[TR];
  if (!tr.usable || !(tr.type() & 8) || tr.limit < 0x67) return false;
  const auto read = [&](u64 offset) {
    const u64 linear = tr.base + offset;
    return c.read_system(c.long_mode() ? linear : u32(linear), 2);
  };
  // Two bytes of the map are read, whatever the size.
  const u64 at = read(0x66) + port / 8;
  if (at + 1 > tr.limit) return false;
  const u64 bits = read(at) >> (port & 7);
  return !(bits & ((1u << size) - 1));
}

namespace {

// Breakpoints on ports need CR4.DE.
void watch_port(Cpu& c, u16 port, unsigned size) {
  if (!(c.dr[7] & 0xFF) || !(c.cr4 & CR4_DE)) return;
  for (unsigned i = 0; i < 4; ++i) {
    const u32 control = u32(c.dr[7] >> (16 + 4 * i)) & 15;
    if (!(c.dr[7] >> (2 * i) & 3) || (control & 3) != 2) continue;
    static constexpr u8 lengths[4] = {1, 2, 8, 4};
    const u64 length = lengths[control >> 2];
    const u64 first = c.dr[i] & ~(length - 1);
    if (port + size > first && port < first + length) c.debug_trap |= 1u << i;
  }
}

void check_port(Cpu& c, u16 port, unsigned size) {
  if (!port_allowed(c, port, size)) c.raise(kGP, 0);
}

u32 read_port(Cpu& c, u16 port, unsigned size) {
  c.publish();
  const u32 value = c.bus->in(port, size);
  c.wait(c.scheduler.cpu_hz() / 1'000'000);
  c.after_device();
  watch_port(c, port, size);
  c.cluster.stops().used_port(c, port, size);
  return value;
}

void write_port(Cpu& c, u16 port, unsigned size, u32 value) {
  c.publish();
  c.bus->out(port, size, value);
  c.wait(c.scheduler.cpu_hz() / 1'000'000);
  c.after_device();
  watch_port(c, port, size);
  c.cluster.stops().used_port(c, port, size);
}

void in(Cpu& c, const Op& op, u16 port) {
  const unsigned size = std::min<unsigned>(op.osize, 4);
  check_port(c, port, size);
  const u32 value = read_port(c, port, size);
  if (size == 1)
    c.reg<u8>(RAX * 8) = u8(value);
  else
    write_reg_size(c, RAX * 8, size, value);
}

void out(Cpu& c, const Op& op, u16 port) {
  const unsigned size = std::min<unsigned>(op.osize, 4);
  check_port(c, port, size);
  const u32 value = u32(c.r[RAX]);
  write_port(c, port, size, size == 1 ? u8(value) : size == 2 ? u16(value) : value);
}

u64 index_offset(const Cpu& c, const Op& op, Gpr index) {
  return op.asize == 8 ? c.r[index] : op.asize == 4 ? u32(c.r[index]) : u16(c.r[index]);
}

void advance(Cpu& c, const Op& op, Gpr index, unsigned size) {
  const u64 next = c.r[index] + (c.eflags & DF ? u64(0) - size : size);
  write_reg_size(c, u8(index * 8), op.asize, next);
}

}  // namespace

void in_imm(Cpu& c, const Op& op) { in(c, op, u8(op.imm)); }
void in_dx(Cpu& c, const Op& op) { in(c, op, u16(c.r[RDX])); }
void out_imm(Cpu& c, const Op& op) { out(c, op, u8(op.imm)); }
void out_dx(Cpu& c, const Op& op) { out(c, op, u16(c.r[RDX])); }

template <class T>
void ins_one(Cpu& c, const Op& op) {
  const u16 port = u16(c.r[RDX]);
  check_port(c, port, sizeof(T));
  const u64 linear = c.linear(ES, index_offset(c, op, RDI), sizeof(T), true);
  c.probe(linear, sizeof(T), true, c.user(), ES);
  const u32 value = read_port(c, port, sizeof(T));
  c.store_slow(linear, sizeof(T), value, c.user(), ES);
  advance(c, op, RDI, sizeof(T));
}

template <class T>
void outs_one(Cpu& c, const Op& op) {
  const u16 port = u16(c.r[RDX]);
  check_port(c, port, sizeof(T));
  const u64 linear = c.linear(op.seg, index_offset(c, op, RSI), sizeof(T), false);
  const u32 value = u32(c.load_slow(linear, sizeof(T), c.user(), op.seg));
  write_port(c, port, sizeof(T), value);
  advance(c, op, RSI, sizeof(T));
}

template void ins_one<u8>(Cpu&, const Op&);
template void ins_one<u16>(Cpu&, const Op&);
template void ins_one<u32>(Cpu&, const Op&);
template void outs_one<u8>(Cpu&, const Op&);
template void outs_one<u16>(Cpu&, const Op&);
template void outs_one<u32>(Cpu&, const Op&);

}  // namespace reprise::cpu
