#!/bin/bash
# The same configuration ends at the same position with the same hash, however it is run: twice,
# with and without blocks, at any pace, in slices of random length, logged, recorded, replayed,
# under sanitizers; in `make soak` (DEEP=1) built by another compiler, and without optimisation. All on the
# built-in guest, which also has to pass its own tests; on Linux some here, and all in `make soak`.
cd "$(dirname "$0")/../.."
. tests/lib.sh
LIMIT=${LIMIT:-1200}  # seconds: without blocks, beside other parts, on a slow machine

# same NAME WANT ARGUMENTS...
same() {
    local name=$1 want=$2 got
    shift 2
    got=$(hash_of "$@")
    [ -n "$got" ] && [ "$got" = "$want" ]
    ok "$name" $? "wanted '$want', got '$got'"
}

# replayed NAME WANT ARGUMENTS...: recording changes nothing, and the recording ends as the run did.
replayed() {
    local name=$1 want=$2 got
    shift 2
    same "$name: recorded" "$want" "$@" -record "$scratch/recording"
    got=$("$REPRISE" -replay "$scratch/recording" -display none -state-hash 2>&1 >/dev/null </dev/null |
        awk '/^position / {at = $2 " " $3} /^state-hash / {print at, $2}')
    [ "$got" = "$want" ]
    ok "$name: replayed" $? "wanted '$want', got '$got'"
    rm -f "$scratch/recording"
}

# matrix GUEST ARGUMENTS...: this binary against itself; prints nothing but results. Without blocks
# only the models of $stepped.
matrix() {
    local guest=$1 want seed
    shift
    for timing in fixed i486 p5 test; do
        local all=("$@" -cpu "qemu64,timing=$timing")
        want=$(hash_of "${all[@]}")
        [ -n "$want" ]
        ok "$guest, timing=$timing: runs" $? || return
        eval "want_${timing}=\$want"
        same "$guest, timing=$timing: twice" "$want" "${all[@]}"
        [[ " $stepped " != *" $timing "* ]] ||
            same "$guest, timing=$timing: blocks=off" "$want" "${all[@]}" -accel interp,blocks=off
        for seed in 1 2 3; do
            same "$guest, timing=$timing: slices $seed" "$want" "${all[@]}" -test-slices $seed
        done
        same "$guest, timing=$timing: pace real" "$want" "${all[@]}" -pace real
        same "$guest, timing=$timing: logged" "$want" "${all[@]}" -d "$log_items" -D /dev/null
        replayed "$guest, timing=$timing" "$want" "${all[@]}"
    done
}

# variants GUEST ARGUMENTS...: other builds against $want_fixed, $want_i486, ...; those that are ten
# times as slow with the models of $stepped alone.
variants() {
    local guest=$1 variant timing want
    shift
    for variant in SAN=1 ${DEEP:+CXX=clang++-16 DEBUG=1}; do
        local out=$BUILD/variant/${variant//[^A-Za-z0-9]/-}
        if ! build "$variant" BUILD="$out" "$out/reprise"; then
            tail -n 5 "$scratch/make"
            ok "$guest: build with $variant" 1
            continue
        fi
        REPRISE=$out/reprise
        for timing in fixed i486 p5 test; do
            [[ $variant == CXX=* || " $stepped " == *" $timing "* ]] || continue
            want=want_$timing
            same "$guest, $variant, timing=$timing" "${!want}" "$@" -cpu "qemu64,timing=$timing"
        done
    done
}

release=$REPRISE
stepped="fixed i486 p5 test"
log_items=in_asm,int,exec,branch,mem
for cpus in 1 2; do
    guest=(-m 64 -serial "file:$scratch/serial" -monitor none -no-reboot -smp $cpus)
    matrix "built-in, $cpus CPU" "${guest[@]}"
    grep -aq '^SELF-TEST PASSED' "$scratch/serial"
    ok "built-in, $cpus CPU: its own tests" $? "$(grep -a FAILED "$scratch/serial")"
    variants "built-in, $cpus CPU" "${guest[@]}"
    REPRISE=$release
done
log_items=in_asm,int

need_guests cloud initramfs
guest=($(linux cloud) -serial null -append "$quiet work=sum")
if [ -n "${DEEP:-}" ]; then
    LIMIT=3600
    for cpus in 1 2; do
        [ $cpus = 1 ] || stepped=fixed      # minutes each
        matrix "linux, $cpus CPU" "${guest[@]}" -smp $cpus
        variants "linux, $cpus CPU" "${guest[@]}" -smp $cpus
        REPRISE=$release
    done
else
    want=$(hash_of "${guest[@]}")
    [ -n "$want" ]
    ok "linux: runs" $?
    same "linux: twice" "$want" "${guest[@]}"
    same "linux: blocks=off" "$want" "${guest[@]}" -accel interp,blocks=off
    same "linux: slices" "$want" "${guest[@]}" -test-slices 7
    want=$(hash_of "${guest[@]}" -smp 2)
    same "linux, 2 CPU: slices" "$want" "${guest[@]}" -smp 2 -test-slices 8
    want=$(hash_of "${guest[@]}" -cpu qemu64,timing=test)
    same "linux, timing=test: slices" "$want" "${guest[@]}" -cpu qemu64,timing=test -test-slices 9
    want=$(hash_of "${guest[@]}" -cpu qemu64,timing=i486)
    same "linux, timing=i486: slices" "$want" "${guest[@]}" -cpu qemu64,timing=i486 -test-slices 6
fi
finish
