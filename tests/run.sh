#!/bin/bash
# Runs the parts of the test suite, prints each part's time, and sums up: "N passed, N failed".
#
#   tests/run.sh [PART ...]      default: all, in this order:
#     lint           layers, forbidden includes, mutable globals, and the lint's own test
#     unit           the GoogleTest binary
#     system         guests that try privileges, gates, tasks, paging: as kept, and as on QEMU
#     cli            the command line: wrong options, sizes, errors
#     integration/*  each script of tests/integration
#     mutate         (not by default) fields left out of devices' lists are missed by the tests
#     fuzz           some seeds of the guest that treats the machine badly, under the sanitizers
#
# A part is a program. Lines "ok NAME" and "not ok NAME" count, as does GoogleTest's summary; an
# exit status other than 0 without such a line counts as one failure. Its environment: REPRISE (the
# binary), UNIT (the unit tests), BUILD (scratch space), GUESTS (for tools/guests/build.sh), JOBS (how
# many parts at a time).
set -u
cd "$(dirname "$0")/.."
export BUILD=${BUILD:-build}
export REPRISE=${REPRISE:-$BUILD/reprise} UNIT=${UNIT:-$BUILD/unit-tests} GUESTS=${GUESTS:-build/guests}
mkdir -p "$BUILD/log"

parts=("$@")
if [ ${#parts[@]} = 0 ]; then
    parts=(integration/determinism unit lint system cli)
    for script in tests/integration/*.sh; do
        [[ $script == */determinism.sh ]] || parts+=("integration/$(basename "$script" .sh)")
    done
    parts+=(fuzz)
fi

command_of() {
    case $1 in
    lint) echo tests/lint/run.sh ;;
    unit) echo "$UNIT --gtest_brief=1" ;;
    system) echo tests/system/run.sh ;;
    cli) echo tests/cli/run.py ;;
    mutate) echo "tests/contract/mutate.py --count ${MUTATE:-10} --seed $RANDOM --copy $BUILD/mutate" ;;
    fuzz) echo env BUILD_SAN=1 SEEDS="${SEEDS:-4}" ROUNDS="${ROUNDS:-20000}" tests/fuzz.sh ;;
    *) echo "tests/$1.sh" ;;
    esac
}

# What a part printed and what it came to stay in its log; its output is shown when it is done.
run_part() {
    local part=$1 log=$2 start status passed failed
    start=$(date +%s.%N)
    $(command_of "$part") >"$log" 2>&1
    status=$?
    passed=$(($(grep -c '^ok ' "$log") + $(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\{0,1\}.*/\1/p' "$log" | head -n1 | grep . || echo 0)))
    failed=$(($(grep -c '^not ok ' "$log") + $(sed -n 's/^ *\([0-9]*\) FAILED TESTS\{0,1\}.*/\1/p' "$log" | head -n1 | grep . || echo 0)))
    {
        grep -v '^ok ' "$log"
        [ "$status" = 0 ] || [ "$failed" != 0 ] || { failed=1; echo "$part: exit status $status"; }
        printf '== %s: %d passed, %d failed, %.1f s\n' "$part" "$passed" "$failed" \
            "$(awk "BEGIN {print $(date +%s.%N) - $start}")"
    } >"$log.said"
    cat "$log.said"
}

# As many at a time as there are processors, but two at most: a guest is one thread, and some look at
# the time.
jobs=${JOBS:-$(($(nproc) > 1 ? 2 : 1))} begin=$SECONDS
said=()
for part in "${parts[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    log=$BUILD/log/${part//\//-}.log
    rm -f "$log.said"
    said+=("$log.said")
    run_part "$part" "$log" &
done
wait
echo "== all: $((SECONDS - begin)) s"
# A part that said nothing at all has failed.
cat "${said[@]}" 2>/dev/null | awk -v parts=${#parts[@]} '
    match($0, /^== .*: [0-9]+ passed, [0-9]+ failed, /) {
        n = split($0, words, " ")
        for (i = 1; i < n; ++i) {
            if (words[i + 1] == "passed,") passed += words[i]
            if (words[i + 1] == "failed,") failed += words[i]
        }
        ++seen
    }
    END {
        failed += parts - seen
        print passed + 0 " passed, " failed " failed"
        exit (failed > 0)
    }'
