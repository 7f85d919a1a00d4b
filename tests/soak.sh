#!/bin/bash
# `make soak`: instructions against the host's processor (10 million cases in each of 64-, 32- and 16-bit
# code that the host runs) and programs run six ways, thousands of them;
# the determinism matrix on Linux, in every build; sessions replayed in every way, on a busy host too; recorders
# killed; fields taken out of their lists; Debian and memtest86+; longer fuzzing.
#
# Two lanes beside each other, since a guest is one thread; about an hour and a half on two cores. The last line
# sums them up: "N passed, N failed".
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
export DEEP=1 REPLAYS=${REPLAYS:-10} SEEDS=${SEEDS:-20}
export REPRISE_SILICON_CASES=${REPRISE_SILICON_CASES:-10000000}
export REPRISE_SILICON_SEED=${REPRISE_SILICON_SEED:-$(date +%Y%m%d)}
export REPRISE_EQUIV_CASES=${REPRISE_EQUIV_CASES:-10000}
export REPRISE_EQUIV_SEED=${REPRISE_EQUIV_SEED:-$(date +%Y%m%d)00000}

mutate() {
    if tests/contract/mutate.py --count "${MUTATE:-10}" --seed "$RANDOM" --copy "$BUILD/mutate"; then
        echo "ok every field left out was missed"
        echo "1 passed, 0 failed"
    else
        echo "0 passed, 1 failed"
    fi
}

{
    tests/run.sh unit integration/rubbish integration/determinism integration/identity
    mutate
} >"$BUILD/soak-1.log" 2>&1 &
tests/run.sh integration/replay integration/kill integration/media fuzz 2>&1 | tee "$BUILD/soak-2.log"
wait
cat "$BUILD/soak-1.log"
awk '/^[0-9]+ passed, [0-9]+ failed$/ {passed += $1; failed += $3}
     END {print passed " passed, " failed " failed"; exit failed > 0}' "$BUILD"/soak-[12].log
