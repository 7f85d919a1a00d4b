#!/bin/bash
# `make soak`: instructions against the host's processor (17 million cases in each of 64-, 32- and
# 16-bit code, 51 million where the host runs all three) and programs run six ways, thousands of them;
# the determinism matrix on Linux, in every build; sessions replayed ten times under load; recorders
# killed; fields taken out of their lists; Debian and memtest86+; Linux under stress; longer fuzzing.
# Takes hours of two cores: instructions 50 minutes of one, media 18, stress 7, other builds 20 before
# they do anything. REPLAYS, KILLS, CUTS, SEEDS and REPRISE_..._CASES in the environment make it
# shorter. The last line sums up: "N passed, N failed".
cd "$(dirname "$0")/.."
export DEEP=1 REPLAYS=${REPLAYS:-10} SEEDS=${SEEDS:-20}
export REPRISE_SILICON_CASES=${REPRISE_SILICON_CASES:-17000000}
export REPRISE_SILICON_SEED=${REPRISE_SILICON_SEED:-$(date +%Y%m%d)}
export REPRISE_EQUIV_CASES=${REPRISE_EQUIV_CASES:-10000}
export REPRISE_EQUIV_SEED=${REPRISE_EQUIV_SEED:-$(date +%Y%m%d)00000}
exec tests/run.sh integration/{determinism,identity} unit integration/{media,kill,replay,linux,stress,rubbish} mutate fuzz
