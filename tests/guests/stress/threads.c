// Threads: locks of several kinds, turns by futex, a barrier, condition variables, threads that
// come and go.
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "stress.h"

enum { kThreads = 6 };

// --- one table, written under a mutex, under a spinlock, and by LOCK alone
enum { kCells = 32 };
static struct {
  pthread_mutex_t mutex;
  atomic_int spin;
  unsigned iterations;
  u64 under_mutex[kCells], under_spin[kCells];
  _Atomic u64 added[kCells], xored[kCells];
  struct {
    _Alignas(16) u64 low;
    u64 high;
  } wide;
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void spin_lock(void) {
  for (unsigned tries = 1; atomic_exchange_explicit(&table.spin, 1, memory_order_acquire);
       ++tries) {
    __builtin_ia32_pause();
    if (tries % 64 == 0) sched_yield();  // its holder may be waiting for this processor
  }
}

static void add_wide(u64 value) {
  u64 low = table.wide.low, high = table.wide.high;
  unsigned char done = 0;
  while (!done) {
    const u64 sum = low + value, carry = high + (sum < low);
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(done), "+m"(table.wide), "+a"(low), "+d"(high)
                     : "b"(sum), "c"(carry)
                     : "memory");
  }
}

static void use_table(int number, void* unused) {
  (void)unused;
  u64 state = hash(number + 1);
  for (unsigned i = 0; i < table.iterations; ++i) {
    const u64 value = next(&state), cell = value >> 8 & (kCells - 1);
    switch (value & 7) {
      case 0:
      case 1:
        pthread_mutex_lock(&table.mutex);
        table.under_mutex[cell] += value;
        pthread_mutex_unlock(&table.mutex);
        break;
      case 2:
      case 3:
        spin_lock();
        table.under_spin[cell] += value;
        atomic_store_explicit(&table.spin, 0, memory_order_release);
        break;
      case 4:
        add_wide(value);
        break;
      case 5:
        atomic_fetch_add(&table.added[cell], value);
        break;
      default:
        atomic_fetch_xor(&table.xored[cell], value);
    }
  }
}

u64 locks(unsigned rounds) {
  u64 sum = 0;
  table.iterations = rounds * 4000;
  run_threads(kThreads, use_table, NULL);
  for (int i = 0; i < kCells; ++i)
    sum = mix(mix(mix(mix(sum, table.under_mutex[i]), table.under_spin[i]), table.added[i]),
              table.xored[i]);
  return mix(mix(sum, table.wide.low), table.wide.high);
}

// --- each in turn, by futex(2) itself
static struct {
  atomic_int turn;
  int turns;
  u64 sum;
} ring;

static long futex(atomic_int* at, int operation, int value) {
  return syscall(SYS_futex, at, operation, value, NULL, NULL, 0);
}

static void take_turns(int number, void* unused) {
  (void)unused;
  for (int mine = number; mine < ring.turns; mine += kThreads) {
    for (int turn; (turn = atomic_load(&ring.turn)) != mine;)
      CHECK(futex(&ring.turn, FUTEX_WAIT_PRIVATE, turn) == 0 || errno == EAGAIN || errno == EINTR);
    ring.sum = mix(ring.sum, number);
    atomic_store(&ring.turn, mine + 1);
    futex(&ring.turn, FUTEX_WAKE_PRIVATE, kThreads);
  }
}

u64 turns(unsigned rounds) {
  ring.turns = rounds * 300;
  run_threads(kThreads, take_turns, NULL);
  return ring.sum;
}

// --- generations of a ring of cells, each thread its part of them
enum { kRing = 96 * kThreads };
static struct {
  pthread_barrier_t barrier;
  unsigned generations;
  u64 cells[2][kRing];
} grid;

static void evolve(int number, void* unused) {
  (void)unused;
  for (unsigned g = 0; g < grid.generations; ++g) {
    const u64* from = grid.cells[g & 1];
    u64* to = grid.cells[~g & 1];
    for (int i = number * 96; i < number * 96 + 96; ++i)
      to[i] = from[i] + (from[(i + 1) % kRing] ^ from[(i + kRing - 1) % kRing] >> 3);
    pthread_barrier_wait(&grid.barrier);
  }
}

u64 stencil(unsigned rounds) {
  grid.generations = rounds * 80;
  for (int i = 0; i < kRing; ++i) grid.cells[0][i] = hash(i);
  pthread_barrier_init(&grid.barrier, NULL, kThreads);
  run_threads(kThreads, evolve, NULL);
  return hash_bytes(grid.cells, sizeof grid.cells);
}

// --- a short queue: three threads fill it, three empty it
static struct {
  pthread_mutex_t mutex;
  pthread_cond_t filled, emptied;
  u64 items[4];
  unsigned head, count, to_take, each;
  u64 sum;
} line = {PTHREAD_MUTEX_INITIALIZER,
          PTHREAD_COND_INITIALIZER,
          PTHREAD_COND_INITIALIZER,
          {0},
          0,
          0,
          0,
          0,
          0};

static void put(u64 item) {
  pthread_mutex_lock(&line.mutex);
  while (line.count == 4) pthread_cond_wait(&line.emptied, &line.mutex);
  line.items[(line.head + line.count++) % 4] = item;
  pthread_cond_signal(&line.filled);
  pthread_mutex_unlock(&line.mutex);
}

static int take(u64* item) {
  pthread_mutex_lock(&line.mutex);
  while (line.count == 0 && line.to_take) pthread_cond_wait(&line.filled, &line.mutex);
  const int got = line.to_take > 0;
  if (got) {
    *item = line.items[line.head++ % 4];
    --line.count;
    if (--line.to_take == 0) pthread_cond_broadcast(&line.filled);
    pthread_cond_signal(&line.emptied);
  }
  pthread_mutex_unlock(&line.mutex);
  return got;
}

static void fill_or_empty(int number, void* unused) {
  (void)unused;
  u64 item, sum = 0;
  if (number % 2) {
    for (unsigned i = 0; i < line.each; ++i) put((u64)number << 32 | i);
    return;
  }
  while (take(&item)) sum += hash(item);
  pthread_mutex_lock(&line.mutex);
  line.sum += sum;
  pthread_mutex_unlock(&line.mutex);
}

u64 queue(unsigned rounds) {
  line.each = rounds * 150;
  line.to_take = line.each * kThreads / 2;
  run_threads(kThreads, fill_or_empty, NULL);
  return line.sum;
}

// --- threads that come and go, with what is their own
static __thread u64 own = 17;
static pthread_key_t key;
static _Atomic u64 left_behind;

static void leave(void* value) { atomic_fetch_add(&left_behind, hash((u64)value) + own); }

static void come_and_go(int number, void* argument) {
  CHECK(own == 17);
  own = hash(number + *(unsigned*)argument);
  sched_yield();
  CHECK(pthread_setspecific(key, (void*)(own | 1)) == 0);
}

u64 churn(unsigned rounds) {
  CHECK(pthread_key_create(&key, leave) == 0);
  for (unsigned i = 0; i < rounds * 10; ++i) run_threads(kThreads, come_and_go, &i);
  return left_behind;
}

// --- processes that share memory: clone(2) with CLONE_VM only
enum { kStack = 16384 };
static _Alignas(16) char stacks[kThreads][kStack];
static _Atomic u64 cloned;

static int add_up(void* at) {
  u64 state = hash((u64)at), sum = 0;
  for (int i = 0; i < 500; ++i) sum += next(&state);
  atomic_fetch_add(&cloned, sum);
  return (int)(sum & 0x7F);
}

u64 clones(unsigned rounds) {
  u64 sum = 0;
  for (unsigned round = 0; round < rounds * 10; ++round) {
    pid_t pids[kThreads];
    for (u64 i = 0; i < kThreads; ++i) {
      pids[i] =
          clone(add_up, stacks[i] + kStack, CLONE_VM | SIGCHLD, (void*)(round * kThreads + i));
      CHECK(pids[i] > 0);
    }
    for (int i = 0; i < kThreads; ++i) {
      int status;
      CHECK(waitpid(pids[i], &status, 0) == pids[i] && WIFEXITED(status));
      sum = mix(sum, WEXITSTATUS(status));
    }
  }
  return mix(sum, cloned);
}
