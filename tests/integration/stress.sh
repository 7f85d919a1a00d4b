#!/bin/bash
# Threads, signals, processes and memory of a Linux guest under stress (tests/guests/stress), four vCPUs that take
# turns in several ways: the sums must be those that this host's processor comes to, and a recording must play.
# DEEP=1: more of it, more ways, other timing models and processors.
cd "$(dirname "$0")/../.."
. tests/lib.sh
need_guests cloud stress
rounds=${DEEP:+12}
rounds=${rounds:-1}
"$GUESTS/stress" "$rounds" >"$scratch/wanted"
[ "$(tail -n 1 "$scratch/wanted")" = "stress ends" ]
ok "stress: on the host" $? "$(tail -n 1 "$scratch/wanted")"

# stressed NAME ARGUMENTS...: prints position and hash.
stressed() {
    local name="stress: $1" got status
    shift
    LIMIT=1200 hash_of -m 256 -kernel "$GUESTS/cloud.bzImage" -initrd "$GUESTS/stress.gz" -smp 4 -cpu max \
        -serial "file:$scratch/serial" -append "$quiet work=stress-$rounds" "$@" >"$scratch/hash"
    got=$(tr -d '\r' <"$scratch/serial" | grep -a '^stress' | diff - "$scratch/wanted")
    status=$?
    [ $status = 0 ] && [ -s "$scratch/hash" ] && grep -aqF "reboot: Power down" "$scratch/serial" &&
        ! grep -aqE 'BUG:|Oops|Kernel panic|WARNING:|Call Trace' "$scratch/serial"
    ok "$name" $? "${got:0:600} $(tail -n 3 "$scratch/serial")"
}

# played NAME ARGUMENTS...: likewise, recorded and played again.
played() {
    local got
    stressed "$@" -record "$scratch/recording"
    got=$("$REPRISE" -replay "$scratch/recording" -display none -pace max -state-hash 2>&1 >/dev/null </dev/null |
        awk '/^position / {at = $2 " " $3} /^state-hash / {print at, $2}')
    [ -n "$got" ] && [ "$got" = "$(cat "$scratch/hash")" ]
    ok "stress: $1: replayed" $? "wanted '$(cat "$scratch/hash")', got '$got'"
    rm -f "$scratch/recording"
}

stressed "in turns of 50000 cycles"
played "in turns of 375 to 3000 cycles, by a seed" -accel interp,quantum=3000,interleave-seed=1
if [ -n "${DEEP:-}" ]; then
    for quantum in 500 20000 300000; do
        for seed in 2 3; do
            stressed "quantum=$quantum, interleave-seed=$seed" -accel interp,quantum=$quantum,interleave-seed=$seed
        done
    done
    played "quantum=10000, in slices of any length" -accel interp,quantum=10000,interleave-seed=4 -test-slices 4
    for timing in i486 p5 test; do played "timing=$timing" -cpu max,timing=$timing; done
    stressed "as qemu64" -cpu qemu64
    stressed "12 vCPUs" -smp 12,sockets=2,cores=3,threads=2 -cpu Haswell -accel interp,interleave-seed=5
fi
finish
