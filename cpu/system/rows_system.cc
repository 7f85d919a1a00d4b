// The opcode map of the system instructions.
//
// Source: Intel SDM volume 2, appendix A.
#include "cpu/decode/tables.h"
#include "cpu/exec/misc.h"
#include "cpu/system/instructions.h"

namespace reprise::cpu {

namespace {

void add_segments(Tables& t) {
  t.add(kOneByte, 0x8C, kAnyPrefix, {"mov", Ev, STEP(mov_from_sreg), kRawReg});
  t.add(kOneByte, 0x8E, kAnyPrefix, {"mov", Ev, LAST(mov_to_sreg), kRawReg | kEnds});
  t.add(kOneByte, 0x06, kAnyPrefix, {"push", None, STEP(push_sreg<ES>), kNo64});
  t.add(kOneByte, 0x0E, kAnyPrefix, {"push", None, STEP(push_sreg<CS>), kNo64});
  t.add(kOneByte, 0x16, kAnyPrefix, {"push", None, STEP(push_sreg<SS>), kNo64});
  t.add(kOneByte, 0x1E, kAnyPrefix, {"push", None, STEP(push_sreg<DS>), kNo64});
  t.add(k0F, 0xA0, kAnyPrefix, {"push", None, STEP(push_sreg<FS>), kDef64});
  t.add(k0F, 0xA8, kAnyPrefix, {"push", None, STEP(push_sreg<GS>), kDef64});
  t.add(kOneByte, 0x07, kAnyPrefix, {"pop", None, LAST(pop_sreg<ES>), kNo64 | kEnds});
  t.add(kOneByte, 0x17, kAnyPrefix, {"pop", None, LAST(pop_sreg<SS>), kNo64 | kEnds});
  t.add(kOneByte, 0x1F, kAnyPrefix, {"pop", None, LAST(pop_sreg<DS>), kNo64 | kEnds});
  t.add(k0F, 0xA1, kAnyPrefix, {"pop", None, LAST(pop_sreg<FS>), kDef64 | kEnds});
  t.add(k0F, 0xA9, kAnyPrefix, {"pop", None, LAST(pop_sreg<GS>), kDef64 | kEnds});
  t.add(kOneByte, 0xC4, kAnyPrefix,
        {"les", M, LAST(load_far_pointer<ES>), kNo64 | kMemOnly | kEnds});
  t.add(kOneByte, 0xC5, kAnyPrefix,
        {"lds", M, LAST(load_far_pointer<DS>), kNo64 | kMemOnly | kEnds});
  t.add(k0F, 0xB2, kAnyPrefix, {"lss", M, LAST(load_far_pointer<SS>), kMemOnly | kEnds});
  t.add(k0F, 0xB4, kAnyPrefix, {"lfs", M, LAST(load_far_pointer<FS>), kMemOnly | kEnds});
  t.add(k0F, 0xB5, kAnyPrefix, {"lgs", M, LAST(load_far_pointer<GS>), kMemOnly | kEnds});
  t.add(k0F, 0x02, kAnyPrefix, {"lar", Ev, STEP(lar), kProtOnly});
  t.add(k0F, 0x03, kAnyPrefix, {"lsl", Ev, STEP(lsl), kProtOnly});
  t.add(kOneByte, 0x63, kAnyPrefix, {"arpl", Ev, STEP(arpl), kProtOnly | kNo64});
  t.add(k0F, 0x00, kAnyPrefix, 0, kAnyForm, -1, {"sldt", Ev, STEP(sldt), kProtOnly});
  t.add(k0F, 0x00, kAnyPrefix, 1, kAnyForm, -1, {"str", Ev, STEP(str), kProtOnly});
  t.add(k0F, 0x00, kAnyPrefix, 2, kAnyForm, -1, {"lldt", Ev, STEP(lldt), kProtOnly});
  t.add(k0F, 0x00, kAnyPrefix, 3, kAnyForm, -1, {"ltr", Ev, STEP(ltr), kProtOnly});
  t.add(k0F, 0x00, kAnyPrefix, 4, kAnyForm, -1, {"verr", Ev, STEP(verr), kProtOnly});
  t.add(k0F, 0x00, kAnyPrefix, 5, kAnyForm, -1, {"verw", Ev, STEP(verw), kProtOnly});
  t.add(k0F, 0x01, kAnyPrefix, 0, kMem, -1, {"sgdt", M, STEP(sgdt)});
  t.add(k0F, 0x01, kAnyPrefix, 1, kMem, -1, {"sidt", M, STEP(sidt)});
  t.add(k0F, 0x01, kAnyPrefix, 2, kMem, -1, {"lgdt", M, STEP(lgdt)});
  t.add(k0F, 0x01, kAnyPrefix, 3, kMem, -1, {"lidt", M, STEP(lidt)});
}

void add_transfers(Tables& t) {
  t.add(kOneByte, 0xEA, kAnyPrefix, {"jmp", Ap, JUMP(jmp_far_direct), kNo64 | kEnds});
  t.add(kOneByte, 0x9A, kAnyPrefix, {"call", Ap, JUMP(call_far_direct), kNo64 | kEnds});
  t.add(kOneByte, 0xFF, kAnyPrefix, 3, kMem, -1, {"call", M, JUMP(call_far_memory), kEnds});
  t.add(kOneByte, 0xFF, kAnyPrefix, 5, kMem, -1, {"jmp", M, JUMP(jmp_far_memory), kEnds});
  t.add(kOneByte, 0xCA, kAnyPrefix, {"retf", Iw, JUMP(ret_far), kEnds});
  t.add(kOneByte, 0xCB, kAnyPrefix, {"retf", None, JUMP(ret_far), kEnds});
  t.add(kOneByte, 0xCC, kAnyPrefix, {"int3", None, JUMP(int3), kEnds});
  t.add(kOneByte, 0xCD, kAnyPrefix, {"int", Ub, JUMP(int_n), kEnds});
  t.add(kOneByte, 0xCE, kAnyPrefix, {"into", None, JUMP(into), kNo64 | kEnds});
  t.add(kOneByte, 0xCF, kAnyPrefix, {"iret", None, JUMP(iret), kEnds});
  t.add(kOneByte, 0xF1, kAnyPrefix, {"int1", None, JUMP(int1), kEnds});
  t.add(kOneByte, 0x62, kAnyPrefix, {"bound", Ev, STEP(bound), kNo64 | kMemOnly});
  t.add(k0F, 0x05, kAnyPrefix, {"syscall", None, JUMP(syscall), kEnds, Feature::kSyscall});
  t.add(k0F, 0x07, kAnyPrefix, {"sysret", None, JUMP(sysret), kEnds, Feature::kSyscall});
  t.add(k0F, 0x34, kAnyPrefix, {"sysenter", None, JUMP(sysenter), kEnds, Feature::kSep});
  t.add(k0F, 0x35, kAnyPrefix, {"sysexit", None, JUMP(sysexit), kEnds, Feature::kSep});
  t.add(k0F, 0xAA, kAnyPrefix, {"rsm", None, JUMP(rsm), kEnds});
}

void add_control(Tables& t) {
  const u32 raw = kRawReg | kIgnoreMod | kForce64;
  t.add(k0F, 0x20, kAnyPrefix, {"mov", Ev, STEP(mov_from_cr), raw});
  t.add(k0F, 0x21, kAnyPrefix, {"mov", Ev, STEP(mov_from_dr), raw});
  t.add(k0F, 0x22, kAnyPrefix, {"mov", Ev, LAST(mov_to_cr), raw | kEnds | kLockable});
  t.add(k0F, 0x23, kAnyPrefix, {"mov", Ev, LAST(mov_to_dr), raw | kEnds});
  t.add(k0F, 0x01, kAnyPrefix, 4, kAnyForm, -1, {"smsw", Ev, STEP(smsw)});
  t.add(k0F, 0x01, kAnyPrefix, 6, kAnyForm, -1, {"lmsw", Ev, LAST(lmsw), kEnds});
  t.add(k0F, 0x01, kAnyPrefix, 7, kMem, -1, {"invlpg", M, LAST(invlpg), kEnds});
  t.add(k0F, 0x01, kAnyPrefix, 7, kReg, 0, {"swapgs", None, LAST(swapgs), kOnly64 | kEnds});
  t.add(k0F, 0x01, kAnyPrefix, 7, kReg, 1, {"rdtscp", None, STEP(rdtscp), 0, Feature::kRdtscp});
  t.add(k0F, 0xC7, kF3, 7, kReg, -1, {"rdpid", Ev, STEP(rdpid), 0, Feature::kRdpid});
  const auto base = [&](unsigned reg, const char* name, const HandlerSet* set) {
    t.add(k0F, 0xAE, kF3, reg, kReg, -1, {name, Ev, set, kOnly64, Feature::kFsgsbase});
  };
  base(0, "rdfsbase", STEP(read_base<FS>));
  base(1, "rdgsbase", STEP(read_base<GS>));
  base(2, "wrfsbase", STEP(write_base<FS>));
  base(3, "wrgsbase", STEP(write_base<GS>));
  t.add(k0F, 0x01, kAnyPrefix, 1, kReg, 0, {"monitor", None, STEP(monitor), 0, Feature::kMonitor});
  t.add(k0F, 0x01, kAnyPrefix, 1, kReg, 1, {"mwait", None, LAST(mwait), kEnds, Feature::kMonitor});
  t.add(k0F, 0x01, kNoPrefix, 1, kReg, 2, {"clac", None, STEP(clac), 0, Feature::kSmap});
  t.add(k0F, 0x01, kNoPrefix, 1, kReg, 3, {"stac", None, STEP(stac), 0, Feature::kSmap});
  t.add(k0F, 0x01, kNoPrefix, 5, kReg, 6, {"rdpkru", None, STEP(rdpkru), 0, Feature::kPku});
  t.add(k0F, 0x01, kNoPrefix, 5, kReg, 7, {"wrpkru", None, STEP(wrpkru), 0, Feature::kPku});
  t.add(k0F38, 0x82, k66,
        {"invpcid", M, LAST(invpcid), kMemOnly | kRawReg | kForce64 | kEnds, Feature::kInvpcid});
  t.add(k0F, 0x06, kAnyPrefix, {"clts", None, LAST(clts), kEnds});
  t.add(k0F, 0x08, kAnyPrefix, {"invd", None, STEP(invd)});
  t.add(k0F, 0x09, kAnyPrefix, {"wbinvd", None, LAST(wbinvd), kEnds});
  t.add(k0F, 0x0D, kAnyPrefix, {"prefetch", Ev, STEP(nop), 0, Feature::kLm});
  t.add(k0F, 0x18, kAnyPrefix, {"prefetch", Ev, STEP(nop), 0, Feature::kCmov});
  t.add(kOneByte, 0xF4, kAnyPrefix, {"hlt", None, LAST(hlt), kEnds});
  t.add(kOneByte, 0xFA, kAnyPrefix, {"cli", None, STEP(cli)});
  t.add(kOneByte, 0xFB, kAnyPrefix, {"sti", None, LAST(sti), kEnds});
  t.add(kOneByte, 0x9C, kAnyPrefix, {"pushf", None, STEP(pushf), kDef64});
  t.add(kOneByte, 0x9D, kAnyPrefix, {"popf", None, LAST(popf), kDef64 | kEnds});
  t.add(kOneByte, 0x90, kF3, {"pause", None, LAST(pause), kEnds});
  t.add(k0F, 0x31, kAnyPrefix, {"rdtsc", None, STEP(rdtsc), 0, Feature::kTsc});
  t.add(k0F, 0x33, kAnyPrefix, {"rdpmc", None, STEP(rdpmc), 0, Feature::kMmx});
  t.add(k0F, 0x30, kAnyPrefix, {"wrmsr", None, LAST(wrmsr), kEnds, Feature::kMsr});
  t.add(k0F, 0x32, kAnyPrefix, {"rdmsr", None, STEP(rdmsr), 0, Feature::kMsr});
  t.add(k0F, 0xA2, kAnyPrefix, {"cpuid", None, STEP(cpuid)});
  for (const u8 byte : {0, 1}) {
    const u32 width = byte ? 0u : u32(kByte);
    t.add(kOneByte, 0xE4 + byte, kAnyPrefix, {"in", width | kUb, STEP(in_imm)});
    t.add(kOneByte, 0xE6 + byte, kAnyPrefix, {"out", width | kUb, STEP(out_imm)});
    t.add(kOneByte, 0xEC + byte, kAnyPrefix, {"in", width, STEP(in_dx)});
    t.add(kOneByte, 0xEE + byte, kAnyPrefix, {"out", width, STEP(out_dx)});
  }
}

}  // namespace

void add_system_rows(Tables& t) {
  add_segments(t);
  add_transfers(t);
  add_control(t);
}

}  // namespace reprise::cpu
