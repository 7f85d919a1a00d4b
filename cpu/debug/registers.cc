#include "cpu/debug/registers.h"

#include "cpu/cluster.h"
#include "cpu/debug/view.h"
#include "cpu/exec/x87.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

using Kind = DebugRegister::Kind;
using Part = DebugRegister::Feature;

constexpr const char* kGeneral64[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr Gpr kOrder64[] = {RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP,
                            R8,  R9,  R10, R11, R12, R13, R14, R15};
constexpr const char* kGeneral32[] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};

void add_core(std::vector<DebugRegister>& all, bool wide) {
  const unsigned bits = wide ? 64 : 32;
  const std::string number = wide ? "int64" : "int32";
  const auto add = [&](std::string name, unsigned width, const std::string& type, Kind kind,
                       u8 index = 0) {
    all.push_back({std::move(name), width, type, Part::Core, kind, index});
  };
  const auto general = [&](const char* name, u8 index) {
    const bool pointer = index == RSP || index == RBP;
    add(name, bits, pointer ? "data_ptr" : number, Kind::General, index);
  };
  if (wide)
    for (unsigned i = 0; i < 16; ++i) general(kGeneral64[i], kOrder64[i]);
  else
    for (unsigned i = 0; i < 8; ++i) general(kGeneral32[i], u8(i));
  add(wide ? "rip" : "eip", bits, "code_ptr", Kind::Ip);
  add("eflags", 32, "i386_eflags", Kind::Flags);
  constexpr std::pair<const char*, SegIndex> kSelectors[] = {{"cs", CS}, {"ss", SS}, {"ds", DS},
                                                             {"es", ES}, {"fs", FS}, {"gs", GS}};
  for (const auto& [name, index] : kSelectors) add(name, 32, "int32", Kind::Selector, index);
  for (u8 i = 0; i < 8; ++i) add("st" + std::to_string(i), 80, "i387_ext", Kind::St, i);
  constexpr std::pair<const char*, Kind> kFpu[] = {
      {"fctrl", Kind::FpuControl},    {"fstat", Kind::FpuStatus},
      {"ftag", Kind::FpuTags},        {"fiseg", Kind::FpuCodeSegment},
      {"fioff", Kind::FpuCodeOffset}, {"foseg", Kind::FpuDataSegment},
      {"fooff", Kind::FpuDataOffset}, {"fop", Kind::FpuOpcode}};
  for (const auto& [name, kind] : kFpu) add(name, 32, "int", kind);
}

u16 tags_to_empty(u64 tags) {
  u16 empty = 0;
  for (unsigned i = 0; i < 8; ++i)
    if ((tags >> (2 * i) & 3) == 3) empty |= u16(1u << i);
  return empty;
}

// What an instruction would raise as a fault is a refusal here.
template <class Change>
bool without_fault(Cpu& c, Change change) {
  if (setjmp(c.fault_exit)) return false;
  change();
  return true;
}

// Loading CR0, CR3 or CR4 reads the PDPTEs in PAE mode: from memory, never from a device.
bool has_table(const Cpu& c, u64 cr0, u64 cr3, u64 cr4) {
  if (!(cr0 & CR0_PG) || !(cr4 & CR4_PAE) || c.long_mode()) return true;
  return memory_at(c, AddressKind::Physical, cr3 & 0xFFFFFFE0).block != nullptr;
}

bool write_data_selector(Cpu& c, u8 index, u16 selector) {
  if ((selector & 0xFFFC) == 0) return load_null_segment(c, index, selector), true;
  const bool local = selector & 4;
  if (local && !c.seg[LDTR].usable) return false;
  const u64 base = local ? c.seg[LDTR].base : c.gdtr.base;
  const u64 limit = local ? c.seg[LDTR].limit : c.gdtr.limit;
  if ((selector | 7u) > limit) return false;
  u32 words[2];
  const std::span<u8> bytes(reinterpret_cast<u8*>(words), sizeof words);
  const u64 address = base + (selector & 0xFFF8);
  if (view_memory(c, AddressKind::Linear, c.long_mode() ? address : u32(address), bytes) !=
      bytes.size())
    return false;
  Descriptor d;
  d.low = words[0];
  d.high = words[1];
  if (!d.s() || !d.readable() || !d.present()) return false;
  if (!d.conforming_code() && ((selector & 3) > d.dpl() || c.cpl > d.dpl())) return false;
  c.seg[index] = d.segment(selector);
  return true;
}

bool write_selector(Cpu& c, u8 index, u64 value) {
  if (value > 0xFFFF) return false;
  if (value == c.seg[index].selector) return true;
  const bool real = !c.protected_mode() || c.v86();
  if (!real && (index == CS || index == SS)) return false;
  if (real)
    load_real_segment(c, index, u16(value));
  else if (!write_data_selector(c, index, u16(value)))
    return false;
  c.update_mode();
  return true;
}

bool write_fpu(Cpu& c, Kind kind, u64 value) {
  fpu::FpuState& f = c.fpu;
  switch (kind) {
    case Kind::FpuControl:
      f.control = legal_control(u16(value));
      X87(c).update_summary();
      break;
    case Kind::FpuStatus:
      load_status(c, u16(value));
      break;
    case Kind::FpuTags:
      f.empty = u8(tags_to_empty(value));
      break;
    case Kind::FpuCodeSegment:
      f.code_segment = u16(value);
      break;
    case Kind::FpuCodeOffset:
      f.instruction = (f.instruction & ~u64(0xFFFFFFFF)) | u32(value);
      break;
    case Kind::FpuDataSegment:
      f.data_segment = u16(value);
      break;
    case Kind::FpuDataOffset:
      f.data = (f.data & ~u64(0xFFFFFFFF)) | u32(value);
      break;
    default:
      f.opcode = value & 0x7FF;
      break;
  }
  return true;
}

bool write_control(Cpu& c, Kind kind, u64 value) {
  switch (kind) {
    case Kind::Cr0:
      return has_table(c, value, c.cr3, c.cr4) && without_fault(c, [&] { set_cr0(c, value); });
    case Kind::Cr2:
      c.cr2 = value;
      return true;
    case Kind::Cr3:
      return has_table(c, c.cr0, value, c.cr4) && without_fault(c, [&] { set_cr3(c, value); });
    case Kind::Cr4:
      return has_table(c, c.cr0, c.cr3, value) && without_fault(c, [&] { set_cr4(c, value); });
    case Kind::Cr8:
      if (value > 15 || !c.apic) return false;
      c.apic->set_tpr(u8(value << 4));
      return true;
    default:
      if ((value ^ c.efer) & EFER_LMA) return false;  // follows CR0.PG
      return c.cluster.model().efer_mask() != 0 && set_efer(c, value & ~u64(EFER_LMA));
  }
}

}  // namespace

std::vector<DebugRegister> debug_registers(const CpuModel& model) {
  const bool wide = model.has(Feature::kLm);
  std::vector<DebugRegister> all;
  add_core(all, wide);
  if (model.has(Feature::kSse)) {
    for (u8 i = 0; i < (wide ? 16 : 8); ++i)
      all.push_back({"xmm" + std::to_string(i), 128, "vec128", Part::Sse, Kind::Xmm, i});
    all.push_back({"mxcsr", 32, "i386_mxcsr", Part::Sse, Kind::Mxcsr});
  }
  if (model.has(cpu::Feature::kAvx))
    for (u8 i = 0; i < (wide ? 16 : 8); ++i)
      all.push_back({"ymm" + std::to_string(i) + "h", 128, "uint128", Part::Avx, Kind::YmmHigh, i});
  if (model.has(cpu::Feature::kPku))
    all.push_back({"pkru", 32, "uint32", Part::Keys, Kind::Pkru});
  const unsigned bits = wide ? 64 : 32;
  const std::string number = wide ? "int64" : "int32";
  const auto add = [&](const char* name, Part part, Kind kind, u8 index = 0) {
    all.push_back({name, bits, number, part, kind, index});
  };
  if (wide) {
    add("fs_base", Part::Segments, Kind::SegmentBase, FS);
    add("gs_base", Part::Segments, Kind::SegmentBase, GS);
    add("k_gs_base", Part::System, Kind::KernelGsBase);
  }
  add("cr0", Part::System, Kind::Cr0);
  add("cr2", Part::System, Kind::Cr2);
  add("cr3", Part::System, Kind::Cr3);
  add("cr4", Part::System, Kind::Cr4);
  if (wide) {
    add("cr8", Part::System, Kind::Cr8);
    add("efer", Part::System, Kind::Efer);
  }
  return all;
}

u128 read_register(const Cpu& c, const DebugRegister& which) {
  const fpu::FpuState& f = c.fpu;
  const auto mask = [&](u64 value) { return which.bits == 32 ? u32(value) : value; };
  switch (which.kind) {
    case Kind::General:
      return mask(c.r[which.index]);
    case Kind::Ip:
      return mask(c.r[kRip]);
    case Kind::Flags:
      return c.rflags();
    case Kind::Selector:
      return c.seg[which.index].selector;
    case Kind::St: {
      const fpu::Register80& st = f.physical[(f.top + which.index) & 7];
      return u128(st.sign_exponent) << 64 | st.significand;
    }
    case Kind::FpuControl:
      return f.control;
    case Kind::FpuStatus:
      return full_status(f);
    case Kind::FpuTags:
      return full_tag_word(f);
    case Kind::FpuCodeSegment:
      return f.code_segment;
    case Kind::FpuCodeOffset:
      return u32(f.instruction);
    case Kind::FpuDataSegment:
      return f.data_segment;
    case Kind::FpuDataOffset:
      return u32(f.data);
    case Kind::FpuOpcode:
      return f.opcode;
    case Kind::Xmm:
      return u128(f.xmm[which.index].q[1]) << 64 | f.xmm[which.index].q[0];
    case Kind::Mxcsr:
      return f.mxcsr;
    case Kind::YmmHigh:
      return u128(f.ymm_high[which.index].q[1]) << 64 | f.ymm_high[which.index].q[0];
    case Kind::Pkru:
      return c.pkru;
    case Kind::SegmentBase:
      return c.seg[which.index].base;
    case Kind::KernelGsBase:
      return c.msr.kernel_gs_base;
    case Kind::Cr0:
      return mask(c.cr0);
    case Kind::Cr2:
      return mask(c.cr2);
    case Kind::Cr3:
      return mask(c.cr3);
    case Kind::Cr4:
      return mask(c.cr4);
    case Kind::Cr8:
      return c.apic ? c.apic->tpr() >> 4 : 0;
    case Kind::Efer:
      return c.efer;
  }
  return 0;
}

bool write_register(Cpu& c, const DebugRegister& which, u128 whole) {
  const u64 value = u64(whole);
  switch (which.kind) {
    case Kind::General:
      c.r[which.index] = value;
      return true;
    case Kind::Ip:
      if (c.code64() ? !canonical(value) : (value & ~c.ip_mask()) != 0) return false;
      c.r[kRip] = value;
      return true;
    case Kind::Flags:
      if ((value ^ c.rflags()) & VM) return false;
      c.set_rflags(u32(value));
      return true;
    case Kind::Selector:
      return write_selector(c, which.index, value);
    case Kind::St:
      c.fpu.physical[(c.fpu.top + which.index) & 7] = {value, u16(whole >> 64)};
      return true;
    case Kind::Xmm:
      c.fpu.xmm[which.index] = {{value, u64(whole >> 64)}};
      return true;
    case Kind::YmmHigh:
      c.fpu.ymm_high[which.index] = {{value, u64(whole >> 64)}};
      return true;
    case Kind::Pkru:
      c.set_pkru(u32(value));
      return true;
    case Kind::Mxcsr:
      if (value & ~u64(0xFFFF)) return false;
      c.fpu.mxcsr = u32(value);
      return true;
    case Kind::SegmentBase:
      if (!canonical(value)) return false;
      c.seg[which.index].base = value;
      return true;
    case Kind::KernelGsBase:
      if (!canonical(value)) return false;
      c.msr.kernel_gs_base = value;
      return true;
    case Kind::Cr0:
    case Kind::Cr2:
    case Kind::Cr3:
    case Kind::Cr4:
    case Kind::Cr8:
    case Kind::Efer:
      return write_control(c, which.kind, value);
    default:
      return write_fpu(c, which.kind, value);
  }
}

}  // namespace reprise::cpu
