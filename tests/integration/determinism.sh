#!/bin/bash
# The same configuration ends at the same position with the same hash, however it is run: twice,
# with and without blocks, at any pace, in slices of random length, logged, built by another
# compiler, without optimisation, under sanitizers. On the built-in guest here, with Linux in this
# build; `make soak` (DEEP=1) runs all of it on Linux.
cd "$(dirname "$0")/../.."
. tests/lib.sh
export ANY_STATUS=1          # the built-in guest may report by isa-debug-exit

# same NAME WANT ARGUMENTS...
same() {
    local name=$1 want=$2 got
    shift 2
    got=$(hash_of "$@")
    [ -n "$got" ] && [ "$got" = "$want" ]
    ok "$name" $? "wanted '$want', got '$got'"
}

# matrix GUEST ARGUMENTS...: this binary against itself; prints nothing but results.
matrix() {
    local guest=$1 want seed
    shift
    for timing in fixed test; do
        local all=("$@" -cpu "qemu64,timing=$timing")
        want=$(hash_of "${all[@]}")
        [ -n "$want" ]
        ok "$guest, timing=$timing: runs" $? || return
        eval "want_${timing}=\$want"
        same "$guest, timing=$timing: twice" "$want" "${all[@]}"
        same "$guest, timing=$timing: blocks=off" "$want" "${all[@]}" -accel interp,blocks=off
        for seed in 1 2 3; do
            same "$guest, timing=$timing: slices $seed" "$want" "${all[@]}" -test-slices $seed
        done
    done
    same "$guest: pace real" "$want_fixed" "$@" -cpu qemu64,timing=fixed -pace real
    same "$guest: logged" "$want_fixed" "$@" -cpu qemu64,timing=fixed -d in_asm,int -D /dev/null
}

# variants GUEST ARGUMENTS...: other builds against $want_fixed and $want_test.
variants() {
    local guest=$1 variant
    shift
    for variant in CXX=clang++-16 DEBUG=1 SAN=1; do
        local out=$BUILD/variant/${variant//[^A-Za-z0-9]/-}
        if ! make -s --no-print-directory "$variant" BUILD="$out" all >"$scratch/make" 2>&1; then
            tail -n 5 "$scratch/make"
            ok "$guest: build with $variant" 1
            continue
        fi
        REPRISE=$out/reprise
        same "$guest, $variant" "$want_fixed" "$@" -cpu qemu64,timing=fixed
        same "$guest, $variant, timing=test" "$want_test" "$@" -cpu qemu64,timing=test
    done
}

builtin_guest=(-m 64 -serial null -no-reboot)
release=$REPRISE
if [ -e "$BUILD/gen/builtin_guest.h" ]; then
    matrix built-in "${builtin_guest[@]}"
    matrix "built-in, 2 CPU" "${builtin_guest[@]}" -smp 2
    matrix built-in "${builtin_guest[@]}" >/dev/null    # the variants' reference
    variants built-in "${builtin_guest[@]}"
    REPRISE=$release
fi

need_guests cloud initramfs
unset ANY_STATUS
guest=($(linux cloud) -serial null -append "$quiet work=sum")
if [ -n "${DEEP:-}" ]; then
    for cpus in 1 2; do
        matrix "linux, $cpus CPU" "${guest[@]}" -smp $cpus
        LIMIT=3600 variants "linux, $cpus CPU" "${guest[@]}" -smp $cpus
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
fi
finish
