#!/bin/bash
# `make soak`: the determinism matrix on Linux, in every build, a hundred replays, and instructions
# against the host's processor from a seed of the day. Hours.
cd "$(dirname "$0")/.."
export DEEP=1 REPLAYS=100
export REPRISE_SILICON_CASES=20000000 REPRISE_SILICON_SEED=${REPRISE_SILICON_SEED:-$(date +%Y%m%d)}
export REPRISE_EQUIV_CASES=100000 REPRISE_EQUIV_SEED=${REPRISE_EQUIV_SEED:-$(date +%Y%m%d)00000}
exec tests/run.sh unit integration/determinism integration/replay
