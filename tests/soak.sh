#!/bin/bash
# `make soak`: instructions against the host's processor (5 million cases in each of 64-, 32- and 16-bit
# code) and programs run six ways, many thousands;
# the determinism matrix on Linux, in every build; sessions replayed ten times under load; fields
# taken out of their lists; Debian and memtest86+; longer fuzzing. About an hour and a half.
cd "$(dirname "$0")/.."
export DEEP=1 REPLAYS=${REPLAYS:-10} SEEDS=${SEEDS:-20}
export REPRISE_SILICON_CASES=5000000 REPRISE_SILICON_SEED=${REPRISE_SILICON_SEED:-$(date +%Y%m%d)}
export REPRISE_EQUIV_CASES=20000 REPRISE_EQUIV_SEED=${REPRISE_EQUIV_SEED:-$(date +%Y%m%d)00000}
tests/run.sh unit integration/determinism integration/replay integration/kill integration/rubbish integration/media fuzz
status=$?
tests/contract/mutate.py --count 10 --seed "$RANDOM" --copy "${BUILD:-build}/mutate" || status=1
exit $status
