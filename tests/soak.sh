#!/bin/bash
# `make soak`: the determinism matrix on Linux, in every build, and a hundred replays. Hours.
cd "$(dirname "$0")/.."
export DEEP=1 REPLAYS=100
exec tests/run.sh integration/determinism integration/replay
