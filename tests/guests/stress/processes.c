// Processes: a tree of them, other programs, pipes, signals to and fro, a lock whose holder dies.
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "stress.h"

static pid_t child(void) {
  const pid_t pid = fork();
  CHECK(pid >= 0);
  return pid;
}

static void await(pid_t pid, int wanted) {
  int status;
  CHECK(waitpid(pid, &status, 0) == pid);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == wanted);
}

static void read_all(int file, void* to, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t got = read(file, (char*)to + done, length - done);
    CHECK(got > 0);
    done += got;
  }
}

static void write_all(int file, const void* from, size_t length) {
  for (size_t done = 0; done < length;) {
    const ssize_t put = write(file, (const char*)from + done, length - done);
    CHECK(put > 0);
    done += put;
  }
}

static void* shared_memory(size_t size) {
  void* at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(at != MAP_FAILED);
  return at;
}

// --- each has two children, down to a depth, and a copy of its parent's memory that it changes
enum { kWords = 4096 };
static u64 memory[kWords];

static u64 grow(unsigned path, int depth) {
  u64 sum = hash_bytes(memory, sizeof memory), below[2] = {0, 0};
  for (int i = 0; i < kWords; i += 64) memory[(i + path) % kWords] += hash(path + i);
  for (int side = 0; depth && side < 2; ++side) {
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t pid = child();
    if (pid == 0) {
      const u64 mine = grow(path * 2 + side, depth - 1);
      write_all(ends[1], &mine, sizeof mine);
      _exit(path & 0x7F);
    }
    close(ends[1]);
    memory[side] ^= path;  // one sees it, the other does not
    read_all(ends[0], &below[side], sizeof below[side]);
    close(ends[0]);
    await(pid, path & 0x7F);
  }
  return mix(mix(mix(sum, below[0]), below[1]), hash_bytes(memory, sizeof memory));
}

u64 tree(unsigned rounds) {
  u64 sum = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    for (int i = 0; i < kWords; ++i) memory[i] = hash(i + round);
    sum = mix(sum, grow(1, 3));
  }
  return sum;
}

// --- this program again, in a process of its own
int program(const char* seed) {
  u64 state = strtoull(seed, NULL, 10) + 1;
  char* block = NULL;
  for (int i = 0; i < 200; ++i) {
    block = realloc(block, 1000 + next(&state) % 100000);
    CHECK(block);
    memset(block, state & 0xFF, 1000);
  }
  return (int)(hash_bytes(block, 1000) % 100);
}

u64 programs(unsigned rounds) {
  u64 sum = 0;
  for (unsigned i = 0; i < rounds * 4; i += 2) {
    pid_t pids[2];
    for (int j = 0; j < 2; ++j) {
      char seed[20];
      snprintf(seed, sizeof seed, "%u", i + j);
      char* const words[] = {"stress", "program", seed, NULL};
      CHECK(posix_spawn(&pids[j], "/proc/self/exe", NULL, NULL, words, environ) == 0);
    }
    for (int j = 0; j < 2; ++j) {
      int status;
      CHECK(waitpid(pids[j], &status, 0) == pids[j]);
      CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 100);
      sum = mix(sum, WEXITSTATUS(status));
    }
  }
  return sum;
}

// --- bytes through a row of processes, each of which changes them
enum { kRow = 4, kChunk = 1777 };

static _Noreturn void pass_on(int from, int to, u64 state) {
  unsigned char bytes[kChunk];
  for (ssize_t got; (got = read(from, bytes, 1 + next(&state) % kChunk)) != 0;) {
    CHECK(got > 0);
    for (ssize_t i = 0; i < got; ++i) bytes[i] = bytes[i] * 5 + 1;
    write_all(to, bytes, got);
  }
  _exit(0);
}

u64 pipes(unsigned rounds) {
  int ends[kRow + 1][2];
  pid_t pids[kRow];
  const size_t length = rounds * 40000;
  unsigned char* bytes = malloc(length);
  u64 state = 99;
  CHECK(bytes);
  for (size_t i = 0; i < length; ++i) bytes[i] = next(&state) >> 24;
  CHECK(pipe(ends[0]) == 0);
  for (int i = 0; i < kRow; ++i) {
    CHECK(pipe(ends[i + 1]) == 0);
    if ((pids[i] = child()) == 0) {
      close(ends[0][1]), close(ends[i + 1][0]);
      pass_on(ends[i][0], ends[i + 1][1], i + 1);
    }
    close(ends[i][0]), close(ends[i + 1][1]);
  }
  const pid_t writer = child();
  if (writer == 0) {
    write_all(ends[0][1], bytes, length);
    _exit(0);
  }
  close(ends[0][1]);
  memset(bytes, 0, length);
  read_all(ends[kRow][0], bytes, length);
  CHECK(read(ends[kRow][0], &state, 1) == 0);  // the end, and no more
  close(ends[kRow][0]);
  await(writer, 0);
  for (int i = 0; i < kRow; ++i) await(pids[i], 0);
  const u64 sum = hash_bytes(bytes, length);
  free(bytes);
  return sum;
}

// --- two processes: signals to and fro, then semaphores and one counter that both add to
struct table {
  u64 sum;
  sem_t mine, yours;
  _Atomic u64 counter;
};

static void strike(struct table* table, pid_t other, unsigned times, int side) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  for (unsigned i = 0; i < times; ++i) {
    siginfo_t info;
    if (side == 0) CHECK(kill(other, SIGUSR1) == 0);
    CHECK(sigwaitinfo(&set, &info) == SIGUSR1 && info.si_pid == other);
    if (side == 1) CHECK(kill(other, SIGUSR1) == 0);
  }
  for (unsigned i = 0; i < times; ++i) {
    CHECK(sem_wait(side ? &table->yours : &table->mine) == 0);
    table->sum = mix(table->sum, side);
    CHECK(sem_post(side ? &table->mine : &table->yours) == 0);
    atomic_fetch_add(&table->counter, hash(i));
  }
}

u64 ping_pong(unsigned rounds) {
  struct table* table = shared_memory(sizeof *table);
  sigset_t set, before;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  CHECK(sigprocmask(SIG_BLOCK, &set, &before) == 0);
  CHECK(sem_init(&table->mine, 1, 1) == 0 && sem_init(&table->yours, 1, 0) == 0);
  const pid_t parent = getpid(), other = child();
  if (other == 0) {
    strike(table, parent, rounds * 100, 1);
    _exit(0);
  }
  strike(table, other, rounds * 100, 0);
  await(other, 0);
  CHECK(sigprocmask(SIG_SETMASK, &before, NULL) == 0);
  const u64 sum = mix(table->sum, table->counter);
  munmap(table, sizeof *table);
  return sum;
}

// --- a lock in shared memory whose holder may be killed at any instruction: the next one sees to
// what it guards
struct guarded {
  pthread_mutex_t mutex;
  u64 begun, done;
};

static void add_guarded(struct guarded* all, u64 value) {
  const int got = pthread_mutex_lock(&all->mutex);
  CHECK(got == 0 || got == EOWNERDEAD);
  if (got == EOWNERDEAD) {
    all->done = all->begun;
    CHECK(pthread_mutex_consistent(&all->mutex) == 0);
  }
  all->begun = all->done + value;
  all->done = all->begun;
  pthread_mutex_unlock(&all->mutex);
}

u64 robust(unsigned rounds) {
  struct guarded* all = shared_memory(sizeof *all);
  pthread_mutexattr_t kind;
  pthread_mutexattr_init(&kind);
  pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
  CHECK(pthread_mutex_init(&all->mutex, &kind) == 0);
  for (unsigned round = 0; round < rounds * 8; ++round) {
    const pid_t victim = child();
    for (; victim == 0;) add_guarded(all, 0);  // adds nothing, and holds the lock most of the time
    const pid_t other = child();
    if (other == 0) {
      for (int i = 0; i < 100; ++i) add_guarded(all, hash(i));
      _exit(0);
    }
    for (int i = 0; i < 100; ++i) add_guarded(all, hash(i + round));
    int status;
    CHECK(kill(victim, SIGKILL) == 0);
    for (int i = 0; i < 20; ++i) add_guarded(all, i);
    CHECK(waitpid(victim, &status, 0) == victim && WIFSIGNALED(status));
    await(other, 0);
  }
  const u64 sum = all->done;
  munmap(all, sizeof *all);
  return sum;
}
