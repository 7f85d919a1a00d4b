#!/bin/bash
# The lint over the tree, and a test of the lint: each planted violation must be found by its rule,
# and what is fine must pass.
set -u
cd "$(dirname "$0")/../.."
status=0
tests/lint/layers.py || status=1

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
plant() {  # plant RULE FILE TEXT
    rm -rf "${scratch:?}"/*
    mkdir -p "$scratch/$(dirname "$2")"
    printf '%b\n' "$3" >"$scratch/$2"
    if [ "$1" = none ]; then
        tests/lint/layers.py "$scratch" >"$scratch/out" || { echo "not ok lint refuses: $3"; status=1; return; }
    elif tests/lint/layers.py "$scratch" >"$scratch/out" || ! grep -q ": $1: " "$scratch/out"; then
        echo "not ok lint misses $1 in $2: $3"
        status=1
        return
    fi
    echo "ok lint $1: $3"
}
plant layer cpu/a.cc '#include "chipset/board/config.h"'
plant layer cpu/a.cc '#include "storage/block.h"'
plant layer net/a.cc '#include "replay/trace/recorder.h"'
plant layer replay/core/a.h '#include "replay/trace/recorder.h"'
plant layer chipset/a.cc '#include "chipset/host/tcp.h"'
plant include cpu/a.cc '#include "cpu.h"'
plant host cpu/a.cc '#include <chrono>'
plant host replay/a.cc '#include <unistd.h>'
plant host net/a.cc '#include <sys/socket.h>'
plant host cpu/a.cc 'int f() { return rand(); }'
plant order chipset/a.h '#include <unordered_map>'
plant order chipset/a.h 'struct A { std::map<Device*, int> a; };'
plant global cpu/a.cc 'namespace x {\nint counter = 0;\n}'
plant global cpu/a.cc 'namespace {\nstd::vector<int> list;\n}'
plant global cpu/a.cc 'static u64 table[4];'
plant global cpu/a.cc 'const char* names;'
plant global cpu/a.cc 'int f() {\n  static int calls = 0;\n  return ++calls;\n}'
plant global qmp/a.cc 'struct A {\n  static int count;\n};'
plant global net/a.cc 'std::array<int, 2> pair{1, 2};'
plant none chipset/host/a.cc '#include <chrono>\n#include <unistd.h>'
plant none cpu/a.cc 'namespace {\nconst int kOne = 1;\nconstexpr int table[2] = {1, 2};\nstatic int f(int a);\nint f(int a) { return a; }\n}'
plant none cpu/a.h 'struct A {\n  static constexpr int kOne = 1;\n  static int make(int);\n  int field = 0;\n};\nenum class B { One };\nextern template struct C<int>;'
plant none tools/a.cc '#include <thread>\nint flag = 0;'
exit $status
