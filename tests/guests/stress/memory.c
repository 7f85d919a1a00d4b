// Memory: maps that come, change and go, copies on write, a page taken away under another thread,
// files.
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "stress.h"

enum { kPage = 4096 };

// --- one region, mapped and unmapped at random; a table knows what each page must hold
enum { kArea = 96 };

static void check_page(const char* area, int page, u64 wanted) {
  const u64* words = (const u64*)(area + page * kPage);
  CHECK(words[0] == wanted && words[kPage / 8 - 1] == (wanted ? hash(wanted) : 0));
}

static void fill_page(char* area, int page, u64 value) {
  u64* words = (u64*)(area + page * kPage);
  words[0] = value, words[kPage / 8 - 1] = hash(value);
}

u64 mappings(unsigned rounds) {
  enum { kGone = 1 };  // not mapped; 0: zeros; else what is in it
  u64 holds[kArea], state = 4711, sum = 0;
  char* area =
      mmap(NULL, kArea * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(area != MAP_FAILED);
  for (int i = 0; i < kArea; ++i) holds[i] = kGone;
  for (unsigned step = 0; step < rounds * 800; ++step) {
    const int first = next(&state) % kArea, count = 1 + next(&state) % (kArea - first);
    char* at = area + first * kPage;
    const u64 what = next(&state) % 8;
    switch (what) {
      case 0:
      case 1:
        CHECK(mmap(at, count * kPage, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
        for (int i = first; i < first + count; ++i) holds[i] = 0;
        break;
      case 2:
        CHECK(mmap(at, count * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
              at);
        for (int i = first; i < first + count; ++i) holds[i] = kGone;
        break;
      case 3:
        CHECK(madvise(at, count * kPage, MADV_DONTNEED) == 0);
        for (int i = first; i < first + count; ++i)
          if (holds[i] != kGone) holds[i] = 0;
        break;
      case 4:  // read-only and back again: contents stay
        for (int i = first; i < first + count; ++i)
          if (holds[i] != kGone) {
            CHECK(mprotect(area + i * kPage, kPage, PROT_READ) == 0);
            check_page(area, i, holds[i]);
            CHECK(mprotect(area + i * kPage, kPage, PROT_READ | PROT_WRITE) == 0);
          }
        break;
      case 5: {  // to another place, and back: the hole is filled first
        const int page = first;
        if (holds[page] == kGone) break;
        char* away = mremap(at, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED,
                            mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        CHECK(away != MAP_FAILED);
        check_page(away, 0, holds[page]);
        CHECK(mremap(away, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at);
        break;
      }
      default:
        for (int i = first; i < first + count; ++i)
          if (holds[i] != kGone) {
            check_page(area, i, holds[i]);
            fill_page(area, i, holds[i] = next(&state) | 2);
          }
    }
    sum = mix(sum, holds[first] + what);
  }
  for (int i = 0; i < kArea; ++i) {
    if (holds[i] != kGone) check_page(area, i, holds[i]);
    sum = mix(sum, holds[i]);
  }
  munmap(area, kArea * kPage);
  return sum;
}

// --- pages shared between processes until one of them writes
enum { kCopied = 40 };

u64 copies(unsigned rounds) {
  char* area =
      mmap(NULL, kCopied * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  _Atomic u64* all = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(area != MAP_FAILED && all != MAP_FAILED);
  for (unsigned round = 0; round < rounds * 4; ++round) {
    pid_t pids[3];
    for (int i = 0; i < kCopied; ++i) fill_page(area, i, hash(i + round) | 2);
    for (int c = 0; c < 3; ++c) {
      CHECK((pids[c] = fork()) >= 0);
      if (pids[c]) continue;
      for (int i = c; i < kCopied; i += 2) fill_page(area, i, hash(i * c) | 2);
      sched_yield();
      for (int i = 0; i < kCopied; ++i)
        check_page(area, i, (i >= c && (i - c) % 2 == 0 ? hash(i * c) : hash(i + round)) | 2);
      atomic_fetch_add(all, hash_bytes(area, kCopied * kPage));
      _exit(0);
    }
    for (int i = 0; i < kCopied; i += 3) fill_page(area, i, round | 2);  // while they run
    for (int c = 0; c < 3; ++c) {
      int status;
      CHECK(waitpid(pids[c], &status, 0) == pids[c] && status == 0);
    }
    for (int i = 0; i < kCopied; ++i) check_page(area, i, (i % 3 ? hash(i + round) : round) | 2);
  }
  const u64 sum = *all;
  munmap(area, kCopied * kPage);
  munmap((void*)all, kPage);
  return sum;
}

// --- one thread takes a page from all, whose processors must not remember it
enum { kReaders = 4 };
static struct {
  atomic_uint phase, ready;
  unsigned phases;
  volatile u64* page;
  _Atomic u64 sum;
} target;
static __thread sigjmp_buf missed;

static void on_miss(int number, siginfo_t* info, void* context) {
  (void)number, (void)context;
  siglongjmp(missed, info->si_addr == (void*)target.page ? 1 : 2);
}

// The page as it is in each phase: with the phase's number, not to be read, read-only, with the old
// content.
static u64 look(unsigned phase) {
  const int write = phase % 4 == 2;
  const int fault = sigsetjmp(missed, 1);
  CHECK(fault == (phase % 4 == 1 || write ? fault & 1 : 0));
  if (fault) return 1000;
  if (write) {
    *target.page = 5;  // must fault
    CHECK(0);
  }
  const u64 value = *target.page;
  CHECK(phase % 4 != 1);
  return value;
}

static void map_or_read(int number, void* unused) {
  (void)unused;
  if (number < kReaders) {
    for (unsigned phase = 1; phase <= target.phases; ++phase) {
      while (atomic_load(&target.phase) < phase) sched_yield();
      atomic_fetch_add(&target.sum, hash(phase * kReaders + number) ^ look(phase));
      atomic_fetch_add(&target.ready, 1);
    }
    return;
  }
  for (unsigned phase = 1; phase <= target.phases; ++phase) {
    void* at = (void*)target.page;
    switch (phase % 4) {
      case 0:
        CHECK(mmap(at, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                   0) == at);
        *target.page = phase;
        break;
      case 1:
        CHECK(mprotect(at, kPage, PROT_NONE) == 0);
        break;
      case 2:
        CHECK(mprotect(at, kPage, PROT_READ) == 0);
        break;
      default:
        CHECK(mprotect(at, kPage, PROT_READ | PROT_WRITE) == 0);
    }
    atomic_store(&target.phase, phase);
    while (atomic_load(&target.ready) < phase * kReaders) sched_yield();
  }
}

u64 shootdown(unsigned rounds) {
  struct sigaction action = {.sa_sigaction = on_miss, .sa_flags = SA_SIGINFO};
  target.phases = rounds * 60;
  target.page = mmap(NULL, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(target.page != MAP_FAILED && sigaction(SIGSEGV, &action, NULL) == 0);
  run_threads(kReaders + 1, map_or_read, NULL);
  signal(SIGSEGV, SIG_DFL);
  munmap((void*)target.page, kPage);
  return target.sum;
}

// --- one file mapped twice, shared and private; and beyond its end
static sigjmp_buf beyond;
static void on_bus(int number) { siglongjmp(beyond, number); }

u64 files(unsigned rounds) {
  enum { kSize = 20 * kPage };
  const int file = memfd_create("stress", 0);
  volatile u64 sum = 0;
  u64 state = 31337;
  CHECK(file >= 0 && ftruncate(file, kSize) == 0);
  char* shared = mmap(NULL, 2 * kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  char* own = mmap(NULL, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
  CHECK(shared != MAP_FAILED && own != MAP_FAILED);
  for (unsigned step = 0; step < rounds * 500; ++step) {
    const size_t at = next(&state) % (kSize - 8);
    u64 value = state, read_back;
    switch (step % 4) {
      case 0:
        memcpy(shared + at, &value, 8);
        CHECK(pread(file, &read_back, 8, at) == 8 && read_back == value);
        break;
      case 1:
        CHECK(pwrite(file, &value, 8, at) == 8);
        CHECK(memcmp(shared + at, &value, 8) == 0);
        break;
      case 2:
        if (at / kPage % 3 == 0)
          memcpy(own + at / kPage * kPage + 64, &value, 8);  // pages 0, 3, ... are its own
        break;
      default:
        CHECK(memcmp(own + kPage, shared + kPage, kPage) == 0);
    }
  }
  signal(SIGBUS, on_bus);
  if (sigsetjmp(beyond, 1) == 0) {
    *(volatile char*)(shared + kSize) = 1;
    CHECK(0);
  }
  signal(SIGBUS, SIG_DFL);
  sum = mix(hash_bytes(shared, kSize), hash_bytes(own + kPage, 2 * kPage));
  munmap(shared, 2 * kSize), munmap(own, kSize);
  close(file);
  return sum;
}
