#!/bin/bash
# Runs the parts of the test suite, prints each part's time, and sums up: "N passed, N failed".
#
#   tests/run.sh [PART ...]      default: all, in this order:
#     lint           layers, forbidden includes, mutable globals, and the lint's own test
#     unit           the GoogleTest binary
#     system         guests that try privileges, gates, tasks, paging: as kept, and as on QEMU
#     cli            the command line: wrong options, sizes, errors
#     integration/*  each script of tests/integration
#     fuzz           some seeds of the guest that treats the machine badly, under the sanitizers
#
# A part is a program. Lines "ok NAME" and "not ok NAME" count, as does GoogleTest's summary; an
# exit status other than 0 without such a line counts as one failure. Its environment: REPRISE (the
# binary), UNIT (the unit tests), BUILD (scratch space), GUESTS (for tools/guests/build.sh).
set -u
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
export REPRISE=${REPRISE:-$BUILD/reprise} UNIT=${UNIT:-$BUILD/unit-tests} GUESTS=${GUESTS:-build/guests}
mkdir -p "$BUILD/log"

parts=("$@")
if [ ${#parts[@]} = 0 ]; then
    parts=(lint unit system cli)
    for script in tests/integration/*.sh; do
        [ -e "$script" ] && parts+=("integration/$(basename "$script" .sh)")
    done
    parts+=(fuzz)
fi

command_of() {
    case $1 in
    lint) echo tests/lint/run.sh ;;
    unit) echo "$UNIT --gtest_brief=1" ;;
    system) echo tests/system/run.sh ;;
    cli) echo tests/cli/run.py ;;
    fuzz) echo env BUILD_SAN=1 SEEDS="${SEEDS:-4}" ROUNDS="${ROUNDS:-20000}" tests/fuzz.sh ;;
    *) echo "tests/$1.sh" ;;
    esac
}

passed=0 failed=0 begin=$SECONDS
for part in "${parts[@]}"; do
    log=$BUILD/log/${part//\//-}.log
    start=$(date +%s.%N)
    $(command_of "$part") 2>&1 | tee "$log" | grep --line-buffered -v '^ok '
    status=${PIPESTATUS[0]}
    ok=$(($(grep -c '^ok ' "$log") + $(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}.*/\1/p' "$log" | head -n1 | grep . || echo 0)))
    bad=$(($(grep -c '^not ok ' "$log") + $(sed -n 's/^ *\([0-9]*\) FAILED TESTS\{0,1\}.*/\1/p' "$log" | head -n1 | grep . || echo 0)))
    [ "$status" = 0 ] || [ "$bad" != 0 ] || { bad=1; echo "$part: exit status $status"; }
    passed=$((passed + ok)) failed=$((failed + bad))
    printf '== %s: %d passed, %d failed, %.1f s\n' "$part" "$ok" "$bad" \
        "$(awk "BEGIN {print $(date +%s.%N) - $start}")"
done
echo "== all: $((SECONDS - begin)) s"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
