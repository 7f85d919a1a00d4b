#include "tests/silicon/host_cpu.h"

#if defined(__x86_64__) && defined(__linux__)

#include <asm/ldt.h>
#include <asm/prctl.h>
#include <cpuid.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

namespace reprise::cpu::silicon {

namespace {

// Shared with the assembler below: offsets are written out there.
struct Shared {
  u64 stack = 0;  // +0
  u64 spare[5];   // +8
  u64 r[16];      // +48
  u64 floating;   // +176: 1: by FXSAVE, 2: by XSAVE
  u64 spare2;
  alignas(64) u8 fx[832];     // +192: XSAVE's standard image of x87, SSE, AVX
  alignas(64) u8 clean[832];  // +1024
  u64 fs_mode;                // +1856: 0: FS is not touched, 1: fs_base, 2: selectors
  u64 fs_base;                // +1864
  u64 old_fs;                 // +1872
  u64 fs, gs;                 // +1880, +1888
  u64 frame_at;               // +1896
};
static_assert(offsetof(Shared, r) == 48 && offsetof(Shared, fx) == 192 &&
              offsetof(Shared, clean) == 1024 && offsetof(Shared, fs_mode) == 1856 &&
              offsetof(Shared, frame_at) == 1896);

}  // namespace

extern "C" {
Shared reprise_silicon __attribute__((used));
void reprise_silicon_enter();
void reprise_silicon_return();
void reprise_silicon_signal(int, siginfo_t*, void*);
void reprise_silicon_handle(int, siginfo_t*, void*);
}

asm(R"(
.text
reprise_silicon_enter:
  push %rbx
  push %rbp
  push %r12
  push %r13
  push %r14
  push %r15
  pushfq
  lea reprise_silicon(%rip), %rax
  mov %rsp, (%rax)
  cmpq $1, 176(%rax)
  jb 1f
  je 4f
  mov %rax, %rcx
  mov $7, %eax
  xor %edx, %edx
  xsave64 1024(%rcx)
  xrstor64 192(%rcx)
  mov %rcx, %rax
  jmp 1f
4: fxsave64 1024(%rax)
  fxrstor64 192(%rax)
1: cmpq $1, 1856(%rax)
  jb 3f
  ja 2f
  mov $158, %eax                 # arch_prctl, ARCH_SET_FS
  mov $0x1002, %edi
  mov reprise_silicon+1864(%rip), %rsi
  syscall
  lea reprise_silicon(%rip), %rax
  jmp 3f
2: mov 1880(%rax), %fs
  mov 1888(%rax), %gs
3: mov 1896(%rax), %rsp
  mov 56(%rax), %rcx
  mov 64(%rax), %rdx
  mov 72(%rax), %rbx
  mov 88(%rax), %rbp
  mov 96(%rax), %rsi
  mov 104(%rax), %rdi
  mov 112(%rax), %r8
  mov 120(%rax), %r9
  mov 128(%rax), %r10
  mov 136(%rax), %r11
  mov 144(%rax), %r12
  mov 152(%rax), %r13
  mov 160(%rax), %r14
  mov 168(%rax), %r15
  mov 48(%rax), %rax
  iretq
reprise_silicon_return:
  lea reprise_silicon(%rip), %rax
  mov (%rax), %rsp
  cmpq $1, 176(%rax)
  jb 1f
  je 4f
  mov %rax, %rcx
  mov $7, %eax
  xor %edx, %edx
  xrstor64 1024(%rcx)
  jmp 1f
4: fxrstor64 1024(%rax)
1: popfq
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbp
  pop %rbx
  ret
# The kernel leaves EFLAGS.AC and FS as they were: compiled code does not expect it.
reprise_silicon_signal:
  pushfq
  andl $~0x40000, (%rsp)
  popfq
  cmpq $0, reprise_silicon+1856(%rip)
  je reprise_silicon_handle
  push %rdi
  push %rsi
  mov $158, %eax
  mov $0x1002, %edi
  mov reprise_silicon+1872(%rip), %rsi
  syscall
  pop %rsi
  pop %rdi
  jmp reprise_silicon_handle
)");

namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
struct sigaction old_actions[5];
stack_t old_stack;
alignas(16) u8 stack[65536];
Outcome result;

u16 code_selector() {
  u16 value;
  asm("mov %%cs, %0" : "=r"(value));
  return value;
}
void set_data_segments(u16 ds, u16 es) {
  asm volatile("mov %0, %%ds; mov %1, %%es" ::"r"(ds), "r"(es));
}
void set_gs_base(u64 base) { syscall(SYS_arch_prctl, ARCH_SET_GS, base); }
bool write_ldt(const LocalSegment& l) {
  struct user_desc d = {};
  d.entry_number = l.selector >> 3;
  d.base_addr = u32(l.base);
  d.limit = l.limit;
  d.contents = l.rights >> 2 & 3;
  return syscall(SYS_modify_ldt, 1, &d, sizeof d) == 0;
}

}  // namespace

void reprise_silicon_handle(int, siginfo_t*, void* context) {
  ucontext_t& u = *static_cast<ucontext_t*>(context);
  auto& g = u.uc_mcontext.gregs;
  static constexpr int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                    REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                    REG_R12, REG_R13, REG_R14, REG_R15};
  if (!reprise_silicon.stack) {  // a fault of ours
    for (int i : kSignals) std::signal(i, SIG_DFL);
    return;
  }
  for (unsigned i = 0; i < 16; ++i) result.after.r[i] = u64(g[order[i]]);
  result.after.rip = u64(g[REG_RIP]);
  result.after.rflags = u32(g[REG_EFL]);
  result.vector = int(g[REG_TRAPNO]);
  result.error = u32(g[REG_ERR]);
  result.cr2 = u64(g[REG_CR2]);
  if (reprise_silicon.floating) {
    const u8* image = reinterpret_cast<const u8*>(u.uc_mcontext.fpregs);
    std::memcpy(result.after.fx.data(), image, 512);
    // What is not in use, the kernel may have left out.
    if (reprise_silicon.floating == 2 && image[512] & 4)
      std::memcpy(result.after.high.data(), image + 576, 256);
  }
  g[REG_RIP] = i64(&reprise_silicon_return);
  g[REG_RSP] = i64(reprise_silicon.stack);
  g[REG_EFL] = 0x202;
  g[REG_CSGSFS] = i64(u64(kData) << 48 | kCode64);
}

HostCpu::HostCpu() {
  const auto map = [](u64 at, u64 size, int rights, int flags, int fd) {
    return mmap(reinterpret_cast<void*>(at), size, rights, flags, fd, 0);
  };
  if (code_selector() != kCode64) {
    problem_ = "CS is not Linux's 33h";
    return;
  }
  const int fixed = MAP_FIXED_NOREPLACE, anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
  if (map(kArena, kArenaEnd - kArena, PROT_NONE, anonymous | fixed | MAP_NORESERVE, -1) !=
      reinterpret_cast<void*>(kArena)) {
    problem_ = "the addresses from F000000h to 12000000h are taken";
    return;
  }
  const int fd = memfd_create("silicon", 0);
  if (fd < 0 || ftruncate(fd, kCodeSize) != 0) {
    problem_ = "no memfd";
    return;
  }
  void* alias = map(0, kCodeSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  void* code = map(kCode, kCodeSize, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, fd);
  void* window = map(kWindow, kWindowSize, PROT_READ | PROT_WRITE, anonymous | MAP_FIXED, -1);
  void* read_only = map(kReadOnly, kReadOnlySize, PROT_READ, anonymous | MAP_FIXED, -1);
  void* frame = map(kFrame, kPageSize, PROT_READ | PROT_WRITE, anonymous | fixed, -1);
  close(fd);
  if (alias == MAP_FAILED || code == MAP_FAILED || window == MAP_FAILED ||
      read_only == MAP_FAILED || frame != reinterpret_cast<void*>(kFrame)) {
    problem_ = "executable memory is not to be had";
    return;
  }
  code_ = static_cast<u8*>(alias);
  std::memset(code_, kEnd, kCodeSize);
  // Present from the beginning: what is not there faults otherwise.
  static_cast<volatile u8*>(code)[0];
  static_cast<volatile u8*>(read_only)[0];

  stack_t mine = {};
  mine.ss_sp = stack;
  mine.ss_size = sizeof stack;
  sigaltstack(&mine, &old_stack);
  struct sigaction action = {};
  action.sa_sigaction = reprise_silicon_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  for (unsigned i = 0; i < 5; ++i) sigaction(kSignals[i], &action, &old_actions[i]);
  asm("mov %%ds, %0; mov %%es, %1" : "=r"(old_ds_), "=r"(old_es_));
  for (const LocalSegment& each : {kLdtCode16, kLdtData16, kLdtFs, kLdtGs})
    if (!write_ldt(each)) problem_ = "the kernel has no modify_ldt";
  syscall(SYS_arch_prctl, ARCH_GET_FS, &reprise_silicon.old_fs);
  set_gs_base(kGsBase);
}

HostCpu::~HostCpu() {
  munmap(reinterpret_cast<void*>(kArena), kArenaEnd - kArena);
  munmap(reinterpret_cast<void*>(kFrame), kPageSize);
  if (!code_) return;
  munmap(code_, kCodeSize);
  for (unsigned i = 0; i < 5; ++i) sigaction(kSignals[i], &old_actions[i], nullptr);
  sigaltstack(&old_stack, nullptr);
  set_gs_base(0);
}

Outcome HostCpu::run(const Experiment& e) {
  Shared& s = reprise_silicon;
  std::memcpy(reinterpret_cast<void*>(kWindow), e.window.data(), kWindowSize);
  const u64 offset = e.before.rip - kCode;
  std::memcpy(code_ + offset, e.code.data(), e.length);
  const bool long_code = e.width == Code::k64, small = e.width == Code::k16;
  const u16 data = small ? kLdtData16.selector : kData;
  const u64 frame[5] = {e.before.rip - code_base(e.width),
                        long_code ? kCode64
                        : small   ? kLdtCode16.selector
                                  : kCode32,
                        e.before.rflags, e.before.r[4], data};
  s.frame_at = kFrame + 0x800;
  std::memcpy(reinterpret_cast<void*>(s.frame_at), frame, sizeof frame);
  std::memcpy(s.r, e.before.r, sizeof s.r);
  s.floating = e.floating;
  if (e.floating) std::memcpy(s.fx, e.before.fx.data(), 512);
  if (e.wide) {
    s.floating = 2;
    std::memset(s.fx + 512, 0, 64);
    s.fx[512] = 7;
    std::memcpy(s.fx + 576, e.before.high.data(), 256);
  }
  result = {};
  s.fs_mode = long_code ? (e.uses_fs ? 1 : 0) : 2;
  s.fs_base = kFsBase;
  s.fs = kLdtFs.selector;
  s.gs = kLdtGs.selector;
  // 32-bit code needs data segments; 64-bit code does not mind them, but sees the selectors.
  if (!long_code) set_data_segments(data, data);
  reprise_silicon_enter();
  s.stack = 0;
  if (!long_code) set_data_segments(old_ds_, old_es_);
  if (!long_code || e.changes_gs) set_gs_base(kGsBase);
  std::memset(code_ + offset, kEnd, e.length);
  result.after.rip += code_base(e.width);
  if (e.ended(result.after, result.vector)) result.vector = -1;
  return result;
}

bool HostCpu::intel() {
  static const bool known = [] {  // CPUID is slow in virtual machines
    u32 a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) && b == signature_INTEL_ebx;
  }();
  return known;
}

bool HostCpu::has(Feature f) {
  if (f == Feature::kAlways) return true;
  static constexpr struct {
    u32 leaf;
    u8 reg;
    u32 subleaf = 0;
  } words[kFeatureWords] = {{1, 3}, {1, 2},          {0x80000001, 3}, {0x80000001, 2}, {7, 1},
                            {7, 2}, {0x80000007, 3}, {6, 0},          {0xD, 0, 1}};
  // The kernel must have turned it on too.
  constexpr u64 kHwcap2Fsgsbase = 2;
  if (f == Feature::kFsgsbase && !(getauxval(AT_HWCAP2) & kHwcap2Fsgsbase)) return false;
  const auto w = words[unsigned(f) / 32];
  u32 v[4] = {};
  __get_cpuid_count(w.leaf, w.subleaf, &v[0], &v[1], &v[2], &v[3]);
  return v[w.reg] >> (unsigned(f) % 32) & 1;
}

}  // namespace reprise::cpu::silicon

#else

namespace reprise::cpu::silicon {
HostCpu::HostCpu() : problem_("the host is not x86-64 with Linux") {}
HostCpu::~HostCpu() = default;
Outcome HostCpu::run(const Experiment&) { return {}; }
bool HostCpu::intel() { return false; }
bool HostCpu::has(Feature) { return false; }
}  // namespace reprise::cpu::silicon

#endif
