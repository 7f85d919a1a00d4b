// Signals: handlers that spoil registers under a computation, exceptions that a handler puts right,
// handlers inside of handlers, a stack that runs out, signals with values that queue.
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#include "stress.h"

static void handle(int number, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  CHECK(sigaction(number, &action, NULL) == 0);
}

// --- vector and x87 registers of threads, and handlers that use the same ones
typedef float wide __attribute__((vector_size(32)));
typedef int wide_int __attribute__((vector_size(32)));

// The same operations on 256 bits by one instruction, or by several of 128: the same result.
#define WORK                                                             \
  for (unsigned i = 0; i < turns; ++i) {                                 \
    whole = whole * 1664525 + (wide_int){1, 2, 3, 4, 5, 6, 7, 8};        \
    parts = parts * 0.999f + __builtin_convertvector(whole >> 20, wide); \
    x = x / 3.0L + (long double)(i & 15);                                \
    if (i % 512 == 511) sched_yield();                                   \
  }
#define RUN(name, attribute)                                                                 \
  attribute static u64 name(unsigned seed, unsigned turns) {                                 \
    wide parts = {1, 2, 3, 4, 5, 6, 7, 8};                                                   \
    wide_int whole = {1, 2, 3, 4, 5, 6, 7, 8};                                               \
    long double x = seed;                                                                    \
    whole += (int)seed;                                                                      \
    WORK return mix(mix(hash_bytes(&parts, sizeof parts), hash_bytes(&whole, sizeof whole)), \
                    hash_bytes(&x, 10));                                                     \
  }
RUN(work_128, )
RUN(work_256, __attribute__((target("avx2"))))

static u64 work(unsigned seed, unsigned turns) {
  return __builtin_cpu_supports("avx2") ? work_256(seed, turns) : work_128(seed, turns);
}

static _Atomic u64 worked;
static void work_in_thread(int number, void* argument) {
  atomic_fetch_add(&worked, work(number, *(unsigned*)argument));
}

u64 vectors(unsigned rounds) {
  unsigned turns = rounds * 3000;
  run_threads(6, work_in_thread, &turns);
  return worked;
}

static volatile unsigned ticks, spoilt;
static void on_alarm(int number, siginfo_t* info, void* context) {
  (void)number, (void)info, (void)context;
  if (spoilt++ % 16 == 0) work(7, 10);
  ++ticks;
}

u64 alarms(unsigned rounds) {
  const struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
  u64 sum = 0;
  handle(SIGALRM, on_alarm, SA_RESTART);
  CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
  for (unsigned i = 0; i < rounds * 4 || ticks < rounds * 4; ++i) {
    const u64 once = work(i & 3, 2000);
    CHECK(once == work(i & 3, 2000));
    if (i < rounds * 4) sum = mix(sum, once);
  }
  CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
  return sum;
}

// --- exceptions: the handler says which and where, and steps over or repairs
enum { kPage = 4096, kPages = 8 };
static char* guarded;
static volatile u64 seen;  // glibc says of its functions that they call nothing here

static void on_fault(int number, siginfo_t* info, void* context) {
  greg_t* registers = ((ucontext_t*)context)->uc_mcontext.gregs;
  seen = mix(seen, number);
  switch (number) {
    case SIGSEGV: {
      const u64 offset = (char*)info->si_addr - guarded;
      CHECK(offset < kPages * kPage);
      seen = mix(mix(mix(seen, info->si_code), offset), registers[REG_ERR] & 6);  // user, write
      CHECK(mprotect(guarded + offset / kPage * kPage, kPage, PROT_READ | PROT_WRITE) == 0);
      return;
    }
    case SIGFPE:
      registers[REG_RCX] = 1;  // the divisor
      return;
    case SIGILL:
      registers[REG_RIP] += 2;  // UD2
      return;
    default:
      CHECK(number == SIGTRAP);  // INT3: RIP is behind it
  }
}

u64 faults(unsigned rounds) {
  const int numbers[] = {SIGSEGV, SIGFPE, SIGILL, SIGTRAP};
  seen = 0;
  guarded = mmap(NULL, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(guarded != MAP_FAILED);
  for (int i = 0; i < 4; ++i) handle(numbers[i], on_fault, 0);
  u64 state = 12345;
  for (unsigned round = 0; round < rounds * 20; ++round) {
    CHECK(mprotect(guarded, kPages * kPage, round % 2 ? PROT_READ : PROT_NONE) == 0);
    for (int i = 0; i < 12; ++i) {
      volatile u64* at =
          (u64*)(guarded + next(&state) % (kPages * kPage - 8));  // across pages, too
      if (state & 1 << 20)
        *at += state;
      else
        seen = mix(seen, *at);
    }
    u64 quotient = round, divisor = 0, rest = 0;
    __asm__ volatile("div %2" : "+a"(quotient), "+d"(rest), "+c"(divisor));
    seen = mix(seen, quotient + divisor);
    __asm__ volatile("ud2");
    __asm__ volatile("int3");
  }
  const u64 sum = mix(seen, hash_bytes(guarded, kPages * kPage));
  for (int i = 0; i < 4; ++i) signal(numbers[i], SIG_DFL);
  munmap(guarded, kPages * kPage);
  return sum;
}

// --- handlers inside of handlers, on a stack of their own: each raises the next lower signal twice
static void on_nested(int number, siginfo_t* info, void* context) {
  (void)context;
  seen = mix(mix(seen, number - SIGRTMIN), info->si_value.sival_int);
  for (int i = 0; i < 2 && number > SIGRTMIN; ++i) {
    const union sigval value = {.sival_int = info->si_value.sival_int * 2 + i};
    CHECK(pthread_sigqueue(pthread_self(), number - 1, value) == 0);  // comes before this returns
    seen = mix(seen, i);
  }
}

u64 nested(unsigned rounds) {
  static char stack[65536];
  const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack}, none = {.ss_flags = SS_DISABLE};
  CHECK(sigaltstack(&other, NULL) == 0);
  for (int depth = 0; depth < 6; ++depth) handle(SIGRTMIN + depth, on_nested, SA_ONSTACK);
  seen = 0;
  for (unsigned i = 0; i < rounds * 4; ++i) {
    const union sigval one = {.sival_int = 1};
    CHECK(pthread_sigqueue(pthread_self(), SIGRTMIN + 5, one) == 0);
  }
  CHECK(sigaltstack(&none, NULL) == 0);
  return seen;
}

// --- a thread's stack runs out; the handler leaves by a jump
static __thread sigjmp_buf out_of_stack;
static _Atomic u64 overflows;

static void on_overflow(int number, siginfo_t* info, void* context) {
  (void)info, (void)context;
  siglongjmp(out_of_stack, number);
}

static __attribute__((noinline)) u64 deeper(volatile u64* above) {
  volatile u64 here[64];
  here[0] = *above + 1;
  return *above == ~0ull ? 0 : deeper(here) + here[0];
}

static void run_out(int number, void* argument) {
  static char handler_stacks[4][65536];
  const stack_t other = {.ss_sp = handler_stacks[number], .ss_size = 65536};
  volatile u64 none = 0;
  CHECK(sigaltstack(&other, NULL) == 0);
  for (volatile unsigned i = 0; i < *(unsigned*)argument; ++i) {
    const int caught = sigsetjmp(out_of_stack, 1);
    if (caught == 0) atomic_fetch_add(&overflows, deeper(&none));
    atomic_fetch_add(&overflows, hash(caught + i));
  }
}

u64 overflow(unsigned rounds) {
  unsigned times = rounds * 2;
  handle(SIGSEGV, on_overflow, SA_ONSTACK);
  run_threads(4, run_out, &times);
  signal(SIGSEGV, SIG_DFL);
  return overflows;
}

// --- signals with values from four threads to a fifth: all arrive, each sender's in order
enum { kSenders = 4 };
static struct {
  _Atomic pthread_t receiver;
  sigset_t set;
  unsigned each;
  u64 sum;
} post;

static void send_values(int number) {
  pthread_t receiver;
  while (!(receiver = post.receiver)) sched_yield();
  for (unsigned i = 0; i < post.each; ++i) {
    const union sigval value = {.sival_int = i};
    int error;
    while ((error = pthread_sigqueue(receiver, SIGRTMIN + number, value)) == EAGAIN) sched_yield();
    CHECK(error == 0);
  }
}

static void send_or_receive(int number, void* unused) {
  unsigned expected[kSenders] = {0};
  (void)unused;
  if (number < kSenders) return send_values(number);
  post.receiver = pthread_self();
  for (unsigned left = kSenders * post.each; left; --left) {
    siginfo_t info;
    const int sender = sigwaitinfo(&post.set, &info) - SIGRTMIN;
    CHECK(sender >= 0 && sender < kSenders);
    CHECK((unsigned)info.si_value.sival_int == expected[sender]++);
    post.sum += hash(sender * 1000 + info.si_value.sival_int);
  }
}

u64 queued(unsigned rounds) {
  post.each = rounds * 100;
  sigemptyset(&post.set);
  for (int i = 0; i < kSenders; ++i) sigaddset(&post.set, SIGRTMIN + i);
  CHECK(pthread_sigmask(SIG_BLOCK, &post.set, NULL) == 0);  // in the threads, too
  run_threads(kSenders + 1, send_or_receive, NULL);
  CHECK(pthread_sigmask(SIG_UNBLOCK, &post.set, NULL) == 0);
  return post.sum;
}
