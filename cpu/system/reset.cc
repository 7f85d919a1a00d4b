// Reset, INIT, SIPI, and the list of a vCPU's state.
//
// Source: Intel SDM volume 3, table 9-1 (state after power-up, RESET and INIT), section 8.4.
#include <cstring>

#include "cpu/cluster.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"
#include "cpu/timing/clocks.h"

namespace reprise::cpu {

namespace {

// What RESET and INIT have in common.
void reset_core(Cpu& c) {
  for (u64& value : c.r) value = 0;
  c.r[RDX] = c.cluster.model().signature();
  c.r[kRip] = 0xFFF0;
  c.flags.set_raw(0);
  c.eflags = 2;
  for (Segment& g : c.seg) {
    g = {};
    g.rights = 0x93;
  }
  c.seg[CS].selector = 0xF000;
  c.seg[CS].base = 0xFFFF0000;
  c.seg[LDTR].rights = 0x82;
  c.seg[TR].rights = 0x8B;
  c.gdtr = c.idtr = {};
  c.cr0 = CR0_ET | CR0_NW | CR0_CD;
  c.cr2 = c.cr3 = c.cr4 = c.efer = 0;
  for (unsigned i = 0; i < 4; ++i) c.dr[i] = c.pdpte[i] = 0;
  c.dr[4] = c.dr[5] = 0;
  c.dr[6] = 0xFFFF0FF0;
  c.dr[7] = 0x400;
  c.cpl = 0;
  c.shadow_at = kNever;
  c.debug_trap = 0;
  c.yield = false;
  // The bootstrap processor runs; others wait for a start-up IPI.
  c.activity = c.index == 0 ? Activity::Running : Activity::WaitForSipi;
  c.flush_tlb(true);
  c.update_mode();
}

bool legal_entry(const TlbEntry& e) {
  const bool flags =
      e.user <= 1 && e.writable <= 1 && e.dirty <= 1 && e.global <= 1 && e.nx <= 1 && e.key <= 15;
  const bool size = e.large == 0 || e.large == 21 || e.large == 22 || e.large == 30;
  return flags && size && e.frame < (u64(1) << 40) && !e.spare;
}

// A TLB as raw bytes; an image is checked entry by entry.
template <unsigned N>
void tlb_state(State& s, const char* name, TlbEntry (&tlb)[N]) {
  static_assert(sizeof(TlbEntry) == 24);  // without padding
  s.raw(name, {reinterpret_cast<u8*>(tlb), sizeof tlb});
  if (!s.loading()) return;
  for (const TlbEntry& e : tlb)
    if (!legal_entry(e)) return s.refuse(name, "a translation that cannot be");
}

}  // namespace

Cpu::Cpu(const DeviceContext& context, Cluster& owner, unsigned number)
    : Device(context),
      random(owner.seed(), number),
      cluster(owner),
      scheduler(context.scheduler),
      index(number),
      scratch(std::make_unique<Op[]>(6)) {
  fast = pages = fast_tables[0];
  fast_code = fast_codes[0];
}

Cpu::~Cpu() = default;

void Cpu::reset() {
  reset_core(*this);
  fpu = {};
  xcr0 = XCR0_X87;
  msr = {};
  pkru = 0;
  tsc_offset = u64(0) - scheduler.now();
  smbase = 0x30000;
  smm = false;
  nmi_blocked = false;
  intr = false;
  pending = 0;
  sipi_vector = 0;
  delivering = {};
  if (clocks) clocks->reset();
  drop_fast();
  request_leave();
}

void Cpu::take_init() {
  const u64 cache = cr0 & (CR0_CD | CR0_NW);  // INIT leaves these two alone
  reset_core(*this);
  cr0 = CR0_ET | cache;
  update_mode();
}

void Cpu::take_sipi() {
  load_real_segment(*this, CS, u16(sipi_vector << 8));
  r[kRip] = 0;
  activity = Activity::Running;
  update_mode();
}

void Cpu::settle() {
  drop_fast();
  data_sets.all();
  code_sets.all();
  lent.none();
  lends = false;
  delivering = {};
  update_mode();
  if (apic) apic->set_tsc_offset(tsc_offset);
}

void Cpu::state(State& s) {
  s("r0", r[0])("r1", r[1])("r2", r[2])("r3", r[3])("r4", r[4])("r5", r[5])("r6", r[6])("r7", r[7]);
  s("r8", r[8])("r9", r[9])("r10", r[10])("r11", r[11])("r12", r[12])("r13", r[13]);
  s("r14", r[14])("r15", r[15])("rip", r[kRip]);
  u32 image = rflags();
  s("rflags", image, 0, 0x3F7FD7);
  if (s.loading()) {
    eflags = (image & ~kArith) | 2;
    flags.set_raw(image);
  }
  static constexpr const char* names[8] = {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"};
  for (unsigned i = 0; i < 8; ++i) s(names[i], seg[i]);
  s("cr0", cr0, 0, 0xFFFFFFFF)("cr2", cr2)("cr3", cr3)("cr4", cr4, 0, 0xFFFFFFFF);
  s("efer", efer, 0, 0xFFFF)("xcr0", xcr0, XCR0_X87, 0x3FF)("pkru", pkru)("pdpte", pdpte);
  s("dr", dr)("gdtr", gdtr)("idtr", idtr);
  s("fpu", fpu)("msr", msr)("tsc_offset", tsc_offset)("smbase", smbase, 0, 0xFFFFFFFF);
  s("random", random);
  s("cpl", cpl, 0, 3)("smm", smm)("nmi_blocked", nmi_blocked)("intr", intr);
  s("pending", pending, 0, 15)("sipi_vector", sipi_vector);
  s("activity", activity, 0, u64(Activity::Shutdown));
  s("debug_trap", debug_trap, 0, 0xFFFF);
  // An icount in the CPU: what counts is whether this boundary is the one.
  bool shadow = shadow_at == icount;
  s("shadow", shadow);
  if (s.loading()) shadow_at = shadow && activity == Activity::Running ? icount : kNever;
  tlb_state(s, "data_tlb", data_tlb);
  tlb_state(s, "code_tlb", code_tlb);
  if (clocks) s("clocks", *clocks);
}

// --- pins: what happens at the next instruction boundary
// --------------------------------------------

void Cpu::set_intr(bool level) {
  if (level == intr) return;
  intr = level;
  if (level) request_leave();
}

namespace {
void pend(Cpu& c, u32 what) {
  c.pending |= what;
  c.request_leave();
}
}  // namespace

void Cpu::nmi() { pend(*this, kPendNmi); }
void Cpu::smi() { pend(*this, kPendSmi); }
void Cpu::init() {
  pending &= ~kPendSipi;  // one that came before has no effect
  pend(*this, kPendInit);
}

void Cpu::sipi(u8 vector) {
  // Only a processor that waits for it takes notice.
  if (activity != Activity::WaitForSipi && !(pending & kPendInit)) return;
  sipi_vector = vector;
  pend(*this, kPendSipi);
}

bool Cpu::has_1g_pages() const { return cluster.model().has(Feature::kPdpe1gb); }

}  // namespace reprise::cpu
