#!/bin/bash
# `make soak`: the determinism matrix on Linux, in every build; sessions replayed ten times under
# load; long fuzzing. Hours.
cd "$(dirname "$0")/.."
export DEEP=1 REPLAYS=${REPLAYS:-10} SEEDS=${SEEDS:-100}
exec tests/run.sh integration/determinism integration/replay integration/rubbish fuzz
