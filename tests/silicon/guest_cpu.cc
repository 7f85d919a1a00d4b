#include "tests/silicon/guest_cpu.h"

#include <cstring>

namespace reprise::cpu::silicon {

namespace {

// Guest-physical pages.
constexpr u64 kTables = 0, kWindowAt = 0x4000, kReadOnlyAt = 0x6000, kCodeAt = 0x7000;

constexpr u64 kPresent = 1, kWritable = 2, kUser = 4, kNoExecute = u64(1) << 63;

void put(MemoryBlock& m, u64 at, u64 value) {
  u8 bytes[8];
  std::memcpy(bytes, &value, 8);
  m.write(at, bytes);
}

void load_fx(fpu::FpuState& f, const u8* fx) {
  u16 status;
  std::memcpy(&f.control, fx, 2);
  std::memcpy(&status, fx + 2, 2);
  f.top = status >> 11 & 7;
  f.status = status & ~0x3800;
  f.empty = u8(~fx[4]);
  std::memcpy(&f.mxcsr, fx + 24, 4);
  for (unsigned i = 0; i < 8; ++i) {
    fpu::Register80& r = f.physical[(f.top + i) & 7];
    std::memcpy(&r.significand, fx + 32 + 16 * i, 8);
    std::memcpy(&r.sign_exponent, fx + 40 + 16 * i, 2);
  }
  for (unsigned i = 0; i < 16; ++i) std::memcpy(&f.xmm[i], fx + 160 + 16 * i, 16);
}

void save_fx(const fpu::FpuState& f, u8* fx) {
  const u16 status = u16(f.status | f.top << 11);
  std::memcpy(fx, &f.control, 2);
  std::memcpy(fx + 2, &status, 2);
  fx[4] = u8(~f.empty);
  std::memcpy(fx + 24, &f.mxcsr, 4);
  for (unsigned i = 0; i < 8; ++i) {
    const fpu::Register80& r = f.physical[(f.top + i) & 7];
    std::memcpy(fx + 32 + 16 * i, &r.significand, 8);
    std::memcpy(fx + 40 + 16 * i, &r.sign_exponent, 2);
  }
  for (unsigned i = 0; i < 16; ++i) std::memcpy(fx + 160 + 16 * i, &f.xmm[i], 16);
}

}  // namespace

GuestCpu::GuestCpu() {
  memory_ = std::move(*MemoryBlock::create(board_.pages, "ram", 1 << 20));
  bus_.memory = memory_.get();
  build_page_tables();
  const std::vector<u8> halts(kCodeSize, kEnd);
  memory_->write(kCodeAt, halts);
  CpuOptions options;
  options.model = "max";
  auto cluster = Cluster::create(options, board_.context("/cpus"), board_.pages);
  check(bool(cluster), "no such CPU");
  cluster_ = std::move(*cluster);
  cluster_->trace(this);
  Cpu& c = cpu();
  c.bus = &bus_;
  c.reset();
  c.cr0 = CR0_PG | CR0_AM | CR0_WP | CR0_NE | CR0_ET | CR0_MP | CR0_PE;
  c.cr3 = kTables;
  c.cr4 = CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_FSGSBASE | CR4_OSXSAVE;
  c.xcr0 = XCR0_X87 | XCR0_SSE | XCR0_AVX;
  c.efer = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
  // No handlers: the first event is what is looked for; its delivery shuts the vCPU down.
  c.idtr.limit = 0;
  c.seg[TR].limit = 0;
}

void GuestCpu::build_page_tables() {
  const u64 branch = kPresent | kWritable | kUser;
  put(*memory_, kTables, (kTables + 0x1000) | branch);
  put(*memory_, kTables + 0x1000, (kTables + 0x2000) | branch);
  put(*memory_, kTables + 0x2000 + 8 * (kWindow >> 21), (kTables + 0x3000) | branch);
  const auto map = [&](u64 linear, u64 physical, u64 size, u64 rights) {
    for (u64 i = 0; i < size; i += kPageSize)
      put(*memory_, kTables + 0x3000 + 8 * ((linear + i) >> 12 & 511),
          (physical + i) | kPresent | kUser | rights);
  };
  map(kWindow, kWindowAt, kWindowSize, kWritable | kNoExecute);
  map(kReadOnly, kReadOnlyAt, kPageSize, kNoExecute);
  map(kCode, kCodeAt, kCodeSize, 0);
}

const u8* GuestCpu::window() const { return memory_->data() + kWindowAt; }

void GuestCpu::set_registers(const Experiment& e) {
  Cpu& c = cpu();
  std::memcpy(c.r, e.before.r, sizeof e.before.r);
  c.r[kRip] = e.before.rip - code_base(e.width);
  for (Segment& g : c.seg) g = {0, 0, false, 0, 0};
  const auto local = [](const LocalSegment& l) {
    return Segment{l.selector, l.rights, true, l.limit, l.base};
  };
  const Segment flat = {kData, 0xC0F3, true, 0xFFFFFFFF, 0};
  if (e.width == Code::k64) {
    c.seg[CS] = {kCode64, 0xA0FB, true, 0xFFFFFFFF, 0};
    c.seg[SS] = flat;
    c.seg[FS].base = kFsBase;
    c.seg[GS].base = kGsBase;
  } else {
    const bool small = e.width == Code::k16;
    c.seg[CS] = small ? local(kLdtCode16) : Segment{kCode32, 0xC0FB, true, 0xFFFFFFFF, 0};
    c.seg[SS] = c.seg[DS] = c.seg[ES] = small ? local(kLdtData16) : flat;
    c.seg[FS] = local(kLdtFs);
    c.seg[GS] = local(kLdtGs);
  }
  c.seg[TR] = {0x40, 0x8B, true, 0, 0};
  c.cpl = 3;
  c.activity = Activity::Running;
  c.debug_trap = 0;
  c.pending = 0;
  c.delivering = {};
  c.shadow_at = kNever;
  if (e.floating) load_fx(c.fpu, e.before.fx.data());
  static_assert(sizeof c.fpu.ymm_high == sizeof e.before.high);
  if (e.wide) std::memcpy(c.fpu.ymm_high, e.before.high.data(), sizeof c.fpu.ymm_high);
  c.set_rflags(e.before.rflags);
  c.update_mode();
}

void GuestCpu::event(const Cpu& c, u8 vector, EventKind, bool has_error, u32 error) {
  if (over_) return;
  over_ = true;
  Registers& after = result_.after;
  std::memcpy(after.r, c.r, sizeof after.r);
  after.rip = c.r[kRip] + code_base(experiment_->width);
  after.rflags = c.rflags();
  if (experiment_->floating) save_fx(c.fpu, after.fx.data());
  if (experiment_->wide) std::memcpy(after.high.data(), c.fpu.ymm_high, sizeof c.fpu.ymm_high);
  result_.vector = vector;
  result_.error = has_error ? error : 0;
  result_.cr2 = c.cr2;
  if (experiment_->ended(after, vector)) result_.vector = -1;
}

Outcome GuestCpu::run(const Experiment& e, u64 first_stop) {
  experiment_ = &e;
  result_ = {};
  over_ = false;
  const u64 at = kCodeAt + (e.before.rip - kCode);
  memory_->write(at, std::span(e.code).first(e.length));
  memory_->write(kWindowAt, e.window);
  set_registers(e);
  Stop stop;
  stop.icount = cluster_->position().icount + first_stop;
  cluster_->run_until(stop);
  if (!over_) {
    stop.icount = cluster_->position().icount + 30'000;
    cluster_->run_until(stop);
  }
  endless_ = !over_;
  const std::vector<u8> halts(e.length, kEnd);
  memory_->write(at, halts);
  return result_;
}

}  // namespace reprise::cpu::silicon
