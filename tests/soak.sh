#!/bin/bash
# `make soak`: the determinism matrix on Linux, in every build; sessions replayed ten times under
# load; long fuzzing. Hours.
cd "$(dirname "$0")/.."
export DEEP=1 REPLAYS=${REPLAYS:-10} SEEDS=${SEEDS:-100}
tests/contract/mutate.py --count 10 --seed "$RANDOM" --copy "${BUILD:-build}/mutate" || exit 1
exec tests/run.sh integration/determinism integration/replay integration/rubbish fuzz
