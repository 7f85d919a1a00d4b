// stress ROUNDS [PART ...]: runs the parts, each of which prints its name and its sum; "stress
// ends" is last.
#include <pthread.h>

#include "stress.h"

static const struct {
  const char* name;
  u64 (*run)(unsigned rounds);
} kParts[] = {
    {"locks", locks},         {"turns", turns},   {"stencil", stencil},   {"queue", queue},
    {"churn", churn},         {"clones", clones}, {"vectors", vectors},   {"alarms", alarms},
    {"faults", faults},       {"nested", nested}, {"overflow", overflow}, {"queued", queued},
    {"tree", tree},           {"pipes", pipes},   {"programs", programs}, {"ping-pong", ping_pong},
    {"robust", robust},       {"copies", copies}, {"mappings", mappings}, {"files", files},
    {"shootdown", shootdown},
};
enum { kPartCount = sizeof kParts / sizeof *kParts };

_Noreturn void check_failed(const char* file, int line, const char* condition) {
  char text[200];
  const int length = snprintf(text, sizeof text, "stress FAILED %s:%d: %s, errno %d\n", file, line,
                              condition, errno);
  (void)!write(1, text, length);
  _exit(1);
}

struct start {
  int number;
  void (*body)(int, void*);
  void* argument;
};
static void* started(void* at) {
  const struct start* start = at;
  start->body(start->number, start->argument);
  return NULL;
}
void run_threads(int count, void (*body)(int, void*), void* argument) {
  pthread_t threads[count];
  pthread_attr_t small;
  struct start starts[count];
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 << 10);
  for (int i = 0; i < count; ++i) {
    starts[i] = (struct start){i, body, argument};
    CHECK(pthread_create(&threads[i], &small, started, &starts[i]) == 0);
  }
  for (int i = 0; i < count; ++i) CHECK(pthread_join(threads[i], NULL) == 0);
}

int main(int argc, char** argv) {
  if (argc == 3 && strcmp(argv[1], "program") == 0) return program(argv[2]);
  const unsigned rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 0; i < kPartCount; ++i) {
    int wanted = argc <= 2;
    for (int word = 2; word < argc; ++word) wanted |= strcmp(argv[word], kParts[i].name) == 0;
    if (wanted)
      printf("stress %s %016llx\n", kParts[i].name, (unsigned long long)kParts[i].run(rounds));
  }
  puts("stress ends");
  return 0;
}
