#!/bin/bash
# A host whose disk fails: the n-th system call on an image does, for n = 1, 2, 3, ... Nothing may
# crash or hang, and what says that it succeeded has succeeded. With SAN=1 the same under sanitizers.
cd "$(dirname "$0")/../.."
[ -w /dev/shm ] && export TMPDIR=/dev/shm  # there fdatasync costs nothing
. tests/lib.sh
UNIT=${UNIT:-$BUILD/unit-tests} IMG=${IMG:-$BUILD/reprise-img}
cc -shared -fPIC -O1 -Wall -o "$scratch/fail_io.so" tests/storage/fail_io.c -ldl || {
    ok "faults: the injector builds" 1; finish; }

# failing CALL NTH ERRNO ALWAYS COMMAND...; $scratch/hit tells whether the call was reached.
failing() {
    local call=$1 nth=$2 number=$3 always=$4
    shift 4
    rm -f "$scratch/hit"
    FAIL_PATH=${fail_path:-reprise-test-} FAIL_CALL=$call FAIL_NTH=$nth FAIL_ERRNO=$number \
        FAIL_ALWAYS=$always FAIL_HIT=$scratch/hit LD_PRELOAD=$scratch/fail_io.so \
        ASAN_OPTIONS=verify_asan_link_order=0 timeout -k 5 "${LIMIT:-60}" "$@" >"$scratch/out" 2>&1
}

# Random operations on a file and on an overlay. Errors: EIO once, ENOSPC from then on, EINTR once,
# "not supported" from then on, and calls that do less than asked.
for mode in 5:0 28:1 4:0 95:1 0:1; do
    for test in File Overlay; do
        bad= runs=0
        for ((nth = 1; ; nth += 1 + nth / 4)); do
            failing any $nth ${mode%:*} ${mode#*:} "$UNIT" --gtest_brief=1 \
                --gtest_filter="UnderFaults.$test" || bad="call $nth: $(grep -m3 -v '^Note' "$scratch/out")"
            [ -e "$scratch/hit" ] && [ -z "$bad" ] && ((++runs)) || break
        done
        [ -z "$bad" ] && [ $runs -gt 10 ]
        ok "faults: $test, errno ${mode%:*}, $runs calls" $? "$bad"
    done
done

# reprise-img: either it says why it failed, and a new output is gone, or the output is right.
python3 - "$scratch/image" <<'PYTHON'
import random, sys
random.seed(3)
with open(sys.argv[1], "wb") as file:
    file.truncate(12 << 20)
    for at in (0, 3 << 20, (5 << 20) + 4096, 11 << 20):
        file.seek(at)
        file.write(random.randbytes(300_000))
PYTHON
fail_path=$scratch
for mode in 5:0 28:1 4:0 0:1; do
    for what in "convert $scratch/image $scratch/copy" "convert -S 0 $scratch/image $scratch/copy" \
        "compare $scratch/image $scratch/image" "map --output=json $scratch/image" \
        "info $scratch/image" "create -o preallocation=full $scratch/copy 3M"; do
        bad= runs=0
        for ((nth = 1; ; nth += 1 + nth / 10)); do
            rm -f "$scratch/copy"
            failing any $nth ${mode%:*} ${mode#*:} "$IMG" $what
            status=$?
            [ -e "$scratch/hit" ] || break
            ((++runs))
            said=$(cat "$scratch/out")
            if [ $status = 0 ]; then
                case $what in
                convert*) cmp -s "$scratch/image" "$scratch/copy" || bad="call $nth: a wrong copy" ;;
                create*) [ "$(stat -c %s "$scratch/copy")" = 3145728 ] || bad="call $nth: size" ;;
                esac
            else
                [ $status -le 4 ] && [[ $said == *"reprise-img: "* ]] || bad="call $nth: $status: $said"
                [ ! -e "$scratch/copy" ] || bad="call $nth: half an image is left"
            fi
            # What only moves less, or is interrupted, succeeds.
            case ${mode%:*} in 4 | 0) [ $status = 0 ] || bad="call $nth: $status: $said" ;; esac
            [ -z "$bad" ] || break
        done
        [ -z "$bad" ] && [ $runs -gt 0 ]
        ok "faults: reprise-img ${what%% *}, errno ${mode%:*}, $runs calls" $? "$bad"
    done
done

for call in fdatasync pwrite; do
    failing $call 1 5 0 "$IMG" convert "$scratch/image" "$scratch/copy"
    [ $? = 1 ] && [ -e "$scratch/hit" ] && grep -q "Input/output error" "$scratch/out"
    ok "faults: convert, $call" $? "$(cat "$scratch/out")"
done

says() {  # says NAME STATUS TEXT COMMAND...
    local name=$1 want=$2 text=$3
    shift 3
    timeout 20 "$@" >"$scratch/out" 2>&1
    local status=$?
    [ $status = "$want" ] && grep -qF -- "$text" "$scratch/out"
    ok "faults: $name" $? "exit $status: $(head -n 3 "$scratch/out")"
}
says "a limit on file sizes" 1 "File too large" \
    bash -c "ulimit -f 1000; exec '$IMG' convert -S 0 '$scratch/image' '$scratch/copy'"
says "stdout is full" 1 "No space left" bash -c "exec '$IMG' info '$scratch/image' >/dev/full"
says "output to /dev/full" 1 "character device" "$IMG" convert "$scratch/image" /dev/full
says "output to a directory" 1 "directory" "$IMG" convert "$scratch/image" "$scratch"
finish
