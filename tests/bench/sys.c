// The kernel's work: system calls, a byte sent to and fro between two processes, page faults, fork and exec.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

enum { kCalls = 300000, kRounds = 50000, kMappings = 20, kMapped = 4 << 20, kPage = 4096, kForks = 300, kAnswer = 7 };

static int send_byte(int to, uint8_t byte) { return write(to, &byte, 1) == 1; }
static int receive_byte(int from) {
  uint8_t byte;
  return read(from, &byte, 1) == 1 ? byte : -1;
}

static uint64_t ping_pong(void) {
  int there[2], back[2];
  if (pipe(there) || pipe(back)) return 0;
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < kRounds; ++i) send_byte(back[1], (uint8_t)(receive_byte(there[0]) + 1));
    _exit(0);
  }
  uint64_t sum = 0;
  uint8_t byte = 0;
  for (int i = 0; i < kRounds; ++i) {
    send_byte(there[1], byte);
    sum += byte = (uint8_t)receive_byte(back[0]);
  }
  waitpid(child, NULL, 0);
  return sum;
}

static uint64_t page_faults(void) {
  uint64_t sum = 0;
  for (int i = 0; i < kMappings; ++i) {
    volatile uint8_t* memory = mmap(NULL, kMapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 0;
    madvise((void*)memory, kMapped, MADV_NOHUGEPAGE);
    for (size_t at = 0; at < kMapped; at += kPage) memory[at] = (uint8_t)(i + 1);
    sum += memory[5 * kPage];
    munmap((void*)memory, kMapped);
  }
  return sum;
}

static uint64_t forks(char* self) {
  uint64_t sum = 0;
  for (int i = 0; i < kForks; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      char* words[] = {self, "child", NULL};
      execv(self, words);
      _exit(1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    sum += (uint64_t)WEXITSTATUS(status);
  }
  return sum;
}

int main(int count, char** words) {
  if (count > 1) return kAnswer;
  uint64_t sum = 0;
  for (int i = 0; i < kCalls; ++i) sum += syscall(SYS_getppid) > 0;
  sum = sum * 3 + ping_pong();
  sum = sum * 3 + page_faults();
  return done("sys", sum * 3 + forks(words[0]));
}
