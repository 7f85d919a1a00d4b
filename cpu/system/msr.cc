// RDMSR and WRMSR.
//
// Source: Intel SDM volume 4; volume 3, chapter 11 (MTRR, PAT), 15 (machine check), 17.17 (TSC);
// AMD APM volume 2, appendix A.
// MTRRs and PAT are kept and checked but change nothing: there is no cache to model. Machine-check
// banks are kept; no error is ever reported, nor by the Pentium's P5_MC_ADDR and P5_MC_TYPE, which
// are read-only here. An unknown MSR is #GP(0), read or written.
// Read as 0 and written without effect: AMD's HWCR, SYSCFG, NB_CFG and INT_PENDING, which kernels
// touch on every processor of that vendor.
#include "cpu/cluster.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

enum Msr : u32 {
  kP5McAddr = 0,
  kP5McType,
  kTsc = 0x10,
  kPlatformId = 0x17,
  kApicBase = 0x1B,
  kFeatureControl = 0x3A,
  kTscAdjust = 0x3B,
  kBiosUpdate = 0x79,
  kBiosSignature = 0x8B,
  kMtrrCap = 0xFE,
  kSysenterCs = 0x174,
  kSysenterEsp = 0x175,
  kSysenterEip = 0x176,
  kMcgCap = 0x179,
  kMcgStatus = 0x17A,
  kMcgCtl = 0x17B,
  kMiscEnable = 0x1A0,
  kDebugCtl = 0x1D9,
  kMtrrPhysBase0 = 0x200,  // to 20F: base and mask of eight ranges
  kMtrrFix64K = 0x250,
  kMtrrFix16K = 0x258,  // two
  kMtrrFix4K = 0x268,   // eight
  kPat = 0x277,
  kMtrrDefType = 0x2FF,
  kMc0Ctl = 0x400,  // CTL, STATUS, ADDR, MISC of ten banks
  kTscDeadline = 0x6E0,
  kX2apic = 0x800,  // to 8FF
  kEfer = 0xC0000080,
  kStar,
  kLstar,
  kCstar,
  kFmask,
  kFsBase = 0xC0000100,
  kGsBase,
  kKernelGsBase,
  kTscAux,
  kSyscfg = 0xC0010010,
  kHwcr = 0xC0010015,
  kNbCfg = 0xC001001F,
  kIntPending = 0xC0010055,
};

constexpr unsigned kBanks = 10;
constexpr u64 kPhysMask = (u64(1) << 40) - 1;

bool has(const Cpu& c, Feature f) { return c.cluster.model().has(f); }
// What came with the P6, as CMOV did.
bool is_p6(const Cpu& c) { return has(c, Feature::kCmov); }
bool has_tsc_aux(const Cpu& c) { return has(c, Feature::kRdtscp) || has(c, Feature::kRdpid); }

bool memory_type(u64 type) { return type <= 1 || (type >= 4 && type <= 6); }
// PAT allows UC- (7) too; MTRRs do not.
bool valid_types(u64 value, bool pat) {
  for (unsigned i = 0; i < 8; ++i) {
    const u64 type = value >> (8 * i) & 0xFF;
    if (!memory_type(type) && !(pat && type == 7)) return false;
  }
  return true;
}

// Index in Msrs::mtrr_fixed; -1 if it is none.
int fixed_index(u32 index) {
  if (index == kMtrrFix64K) return 0;
  if (index == kMtrrFix16K || index == kMtrrFix16K + 1) return int(index - kMtrrFix16K) + 1;
  if (index >= kMtrrFix4K && index < kMtrrFix4K + 8) return int(index - kMtrrFix4K) + 3;
  return -1;
}

void move_tsc(Cpu& c, u64 offset) {
  c.tsc_offset = offset;
  if (!c.apic) return;
  c.publish();
  c.apic->set_tsc_offset(offset);
  c.after_device();
}

// MTRRs: true if `index` is one of them; `value` null: a read of it is fine.
bool read_mtrr(const Cpu& c, u32 index, u64& value) {
  if (!has(c, Feature::kMtrr)) return false;
  if (index == kMtrrCap)
    value = 0x508;
  else if (index == kMtrrDefType)
    value = c.msr.mtrr_def_type;
  else if (index >= kMtrrPhysBase0 && index < kMtrrPhysBase0 + 16)
    value = c.msr.mtrr_var[index - kMtrrPhysBase0];
  else if (const int i = fixed_index(index); i >= 0)
    value = c.msr.mtrr_fixed[i];
  else
    return false;
  return true;
}

bool write_mtrr(Cpu& c, u32 index, u64 value) {
  if (!has(c, Feature::kMtrr)) return false;
  if (index == kMtrrDefType) {
    if ((value & ~u64(0xCFF)) || !memory_type(value & 0xFF)) return false;
    c.msr.mtrr_def_type = value;
  } else if (index >= kMtrrPhysBase0 && index < kMtrrPhysBase0 + 16) {
    const bool mask = index & 1;
    if (value & ~kPhysMask) return false;
    if (mask ? value & 0x7FF : (value & 0xF00) || !memory_type(value & 0xFF)) return false;
    c.msr.mtrr_var[index - kMtrrPhysBase0] = value;
  } else if (const int i = fixed_index(index); i >= 0) {
    if (!valid_types(value, false)) return false;
    c.msr.mtrr_fixed[i] = value;
  } else {
    return false;
  }
  return true;
}

bool is_bank(const Cpu& c, u32 index) {
  return has(c, Feature::kMca) && index >= kMc0Ctl && index < kMc0Ctl + 4 * kBanks;
}

bool read_msr(Cpu& c, u32 index, u64& value) {
  if (read_mtrr(c, index, value)) return true;
  if (is_bank(c, index)) {
    value = c.msr.mc_bank[index - kMc0Ctl];
    return true;
  }
  const bool amd = c.cluster.model().vendor() == Vendor::Amd, p6 = is_p6(c);
  const auto give = [&](bool present, u64 v) {
    value = v;
    return present;
  };
  if (index >= kX2apic && index < kX2apic + 0x100) {
    if (!c.apic || !has(c, Feature::kX2apic)) return false;
    c.publish();
    const auto answer = c.apic->read_msr(index);
    c.after_device();
    return give(answer.has_value(), answer.value_or(0));
  }
  switch (index) {
    case kP5McAddr:
    case kP5McType:
      return give(!amd && has(c, Feature::kMce), 0);
    case kTsc:
      return give(true, c.tsc());
    case kPlatformId:
      return give(!amd && p6, 0);
    case kApicBase:
      return give(c.apic && has(c, Feature::kApic), c.apic ? c.apic->base() : 0);
    case kFeatureControl:
      return give(!amd && p6, c.msr.feature_control);
    case kTscAdjust:
      return give(has(c, Feature::kTscAdjust), c.msr.tsc_adjust);
    case kBiosUpdate:
      return give(!amd && p6, 0);
    case kBiosSignature:
      return give(p6, c.msr.ucode);
    case kSysenterCs:
      return give(has(c, Feature::kSep), c.msr.sysenter_cs);
    case kSysenterEsp:
      return give(has(c, Feature::kSep), c.msr.sysenter_esp);
    case kSysenterEip:
      return give(has(c, Feature::kSep), c.msr.sysenter_eip);
    case kMcgCap:
      return give(has(c, Feature::kMca), 0x100 | kBanks);
    case kMcgStatus:
      return give(has(c, Feature::kMca), c.msr.mcg_status);
    case kMcgCtl:
      return give(has(c, Feature::kMca), c.msr.mcg_ctl);
    case kMiscEnable:
      return give(!amd && p6, c.msr.misc_enable);
    case kDebugCtl:
      return give(p6, c.msr.debugctl);
    case kPat:
      return give(has(c, Feature::kPat), c.msr.pat);
    case kTscDeadline:
      if (!c.apic || !has(c, Feature::kTscDeadline)) return false;
      c.publish();
      value = c.apic->tsc_deadline();
      c.after_device();
      return true;
    case kEfer:
      return give(c.cluster.model().efer_mask() != 0, c.efer);
    case kStar:
      return give(has(c, Feature::kSyscall), c.msr.star);
    case kLstar:
      return give(has(c, Feature::kLm), c.msr.lstar);
    case kCstar:
      return give(has(c, Feature::kLm), c.msr.cstar);
    case kFmask:
      return give(has(c, Feature::kLm), c.msr.fmask);
    case kFsBase:
      return give(has(c, Feature::kLm), c.seg[FS].base);
    case kGsBase:
      return give(has(c, Feature::kLm), c.seg[GS].base);
    case kKernelGsBase:
      return give(has(c, Feature::kLm), c.msr.kernel_gs_base);
    case kTscAux:
      return give(has_tsc_aux(c), c.msr.tsc_aux);
    case kSyscfg:
    case kHwcr:
    case kNbCfg:
    case kIntPending:
      return give(amd, 0);
    default:
      return false;
  }
}

bool set(bool legal, u64& field, u64 value) {
  if (legal) field = value;
  return legal;
}

bool write_msr(Cpu& c, u32 index, u64 value) {
  u64 ignored = 0;
  if (read_mtrr(c, index, ignored)) return write_mtrr(c, index, value);
  if (is_bank(c, index)) {
    // STATUS, ADDR and MISC take only zeros. CTL: AMD's take any bits (Linux turns off bit 10 of
    // bank 4 on a K8), Intel's zeros or ones.
    const bool any = c.cluster.model().vendor() == Vendor::Amd || value == ~u64(0);
    const bool legal = value == 0 || ((index & 3) == 0 && any);
    return set(legal, c.msr.mc_bank[index - kMc0Ctl], value);
  }
  const bool amd = c.cluster.model().vendor() == Vendor::Amd;
  const bool lm = has(c, Feature::kLm), sep = has(c, Feature::kSep), mca = has(c, Feature::kMca);
  const bool p6 = is_p6(c);
  if (index >= kX2apic && index < kX2apic + 0x100) {
    if (!c.apic || !has(c, Feature::kX2apic)) return false;
    c.publish();
    const bool legal = c.apic->write_msr(index, value);
    c.after_device();
    return legal;
  }
  switch (index) {
    case kTsc: {
      const u64 delta = value - c.tsc();
      c.msr.tsc_adjust += delta;
      move_tsc(c, c.tsc_offset + delta);
      return true;
    }
    case kApicBase: {
      if (!c.apic || !has(c, Feature::kApic)) return false;
      c.publish();
      const bool legal = c.apic->set_base(value);
      c.after_device();
      return legal;
    }
    case kFeatureControl:
      return set(!amd && p6 && !(c.msr.feature_control & 1), c.msr.feature_control, value);
    case kTscAdjust:
      if (!has(c, Feature::kTscAdjust)) return false;
      move_tsc(c, c.tsc_offset + (value - c.msr.tsc_adjust));
      c.msr.tsc_adjust = value;
      return true;
    case kBiosUpdate:
      return !amd && p6;
    case kBiosSignature:
      return set(p6, c.msr.ucode, value);
    case kSysenterCs:
      return set(sep, c.msr.sysenter_cs, u32(value));
    case kSysenterEsp:
      return set(sep && (!lm || canonical(value)), c.msr.sysenter_esp, value);
    case kSysenterEip:
      return set(sep && (!lm || canonical(value)), c.msr.sysenter_eip, value);
    case kMcgStatus:
      return set(mca && value == 0, c.msr.mcg_status, value);
    case kMcgCtl:
      return set(mca && (value == 0 || value == ~u64(0)), c.msr.mcg_ctl, value);
    case kMiscEnable:
      return set(!amd && p6, c.msr.misc_enable, value);
    case kDebugCtl:
      return set(p6 && !(value & ~u64(3)), c.msr.debugctl, value);
    case kPat:
      return set(has(c, Feature::kPat) && valid_types(value, true), c.msr.pat, value);
    case kTscDeadline:
      if (!c.apic || !has(c, Feature::kTscDeadline)) return false;
      c.publish();
      c.apic->set_tsc_deadline(value);
      c.after_device();
      return true;
    case kEfer:
      return c.cluster.model().efer_mask() != 0 && set_efer(c, value);
    case kStar:
      return set(has(c, Feature::kSyscall), c.msr.star, value);
    case kLstar:
      return set(lm && canonical(value), c.msr.lstar, value);
    case kCstar:
      return set(lm && canonical(value), c.msr.cstar, value);
    case kFmask:
      return set(lm, c.msr.fmask, u32(value));
    case kFsBase:
      return set(lm && canonical(value), c.seg[FS].base, value);
    case kGsBase:
      return set(lm && canonical(value), c.seg[GS].base, value);
    case kKernelGsBase:
      return set(lm && canonical(value), c.msr.kernel_gs_base, value);
    case kTscAux:
      return set(has_tsc_aux(c) && !(value >> 32), c.msr.tsc_aux, value);
    case kSyscfg:
    case kHwcr:
    case kNbCfg:
    case kIntPending:
      return amd;
    default:
      return false;
  }
}

}  // namespace

bool set_efer(Cpu& c, u64 value) {
  const u64 mask = c.cluster.model().efer_mask();
  if (value & ~mask) return false;
  if (((value ^ c.efer) & EFER_LME) && (c.cr0 & CR0_PG)) return false;
  const u64 changed = value ^ c.efer;
  c.efer = (value & ~u64(EFER_LMA)) | (c.efer & EFER_LMA);
  if (changed & EFER_NXE) c.flush_tlb(true);
  c.update_mode();
  return true;
}

void Cpu::Msrs::state(State& s) {
  s("star", star)("lstar", lstar)("cstar", cstar)("fmask", fmask);
  s("kernel_gs_base", kernel_gs_base);
  s("sysenter_cs", sysenter_cs)("sysenter_esp", sysenter_esp)("sysenter_eip", sysenter_eip);
  s("pat", pat)("misc_enable", misc_enable)("tsc_adjust", tsc_adjust)("tsc_aux", tsc_aux);
  s("mtrr_def_type", mtrr_def_type)("mtrr_fixed", mtrr_fixed)("mtrr_var", mtrr_var);
  s("mcg_status", mcg_status)("mcg_ctl", mcg_ctl)("mc_bank", mc_bank);
  s("feature_control", feature_control)("debugctl", debugctl)("ucode", ucode);
}

void rdmsr(Cpu& c, const Op&) {
  u64 value = 0;
  if (c.cpl != 0 || !read_msr(c, u32(c.r[RCX]), value)) c.raise(kGP, 0);
  c.r[RAX] = u32(value);
  c.r[RDX] = value >> 32;
}

void wrmsr(Cpu& c, const Op&) {
  const u64 value = u32(c.r[RAX]) | c.r[RDX] << 32;
  if (c.cpl != 0 || !write_msr(c, u32(c.r[RCX]), value)) c.raise(kGP, 0);
}

}  // namespace reprise::cpu
