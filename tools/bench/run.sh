#!/bin/bash
# `make bench`: our interpreter beside Debian's QEMU (its translating TCG) on the same guest, in one
# run on one machine, so that only the ratio matters. It begins with how busy the machine was.
#
#   BUILD=build ROUNDS=3 tools/bench/run.sh [PART ...]     default: all
#     boot       Linux to power-off, with and without its messages
#     disk       64 MiB from an IDE disk
#     loop       an integer loop
#     recording  what recordings cost in time and space, and how fast they play
#     workloads  int, float, x87, mem, sys, and boots: processor time and memory (WORKLOADS="int sys" for some)
#     timing     what timing models cost, in processor time of a boot
#     travel     seeks and reverse steps in the recording of a boot (SEEKS of them)
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
guests=${GUESTS:-build/guests}
rounds=${ROUNDS:-3}
[ $# -gt 0 ] || set -- boot disk loop workloads recording timing travel
export REPRISE=$build/reprise GUESTS=$guests
read -r load _ </proc/loadavg
echo "$(nproc) processors, load $load before the measurements"
tools/guests/build.sh "$guests" cloud initramfs cloud-disks testdisk workloads
make -s --no-print-directory BUILD="$build" "$build/loop.bin"

# The same guest, the same devices where they have a choice: no network, no display.
boot() {  # boot APPEND COMMAND...
    local append=$1
    shift
    seconds "$@" -M pc -m 256 -nographic -no-reboot -kernel "$guests/cloud.bzImage" \
        -initrd "$guests/initramfs.gz" -append "console=ttyS0,115200 $append autoexit"
}

# seconds COMMAND...: the wall-clock seconds of the run; its output must have READY and BYE.
seconds() {
    local begin end
    begin=$(date +%s.%N)
    timeout 300 "$@" </dev/null >"$build/bench.out" 2>"$build/bench.err" ||
        { echo "failed: $*" >&2; tail -n 5 "$build/bench.err" >&2; exit 1; }
    end=$(date +%s.%N)
    if [[ "$*" == *-kernel* ]] && ! grep -q BYE "$build/bench.out"; then
        echo "the guest did not say BYE: $*" >&2
        exit 1
    fi
    awk "BEGIN {printf \"%.2f\", $end - $begin}"
}
best() { sort -n | head -n1; }

bench_boot() {
    local append us them icount ours theirs
    for append in "mitigations=off nokaslr" "quiet mitigations=off nokaslr"; do
        ours=() theirs=()
        for ((i = 0; i < rounds; i++)); do
            theirs+=("$(boot "$append" qemu-system-x86_64 -accel tcg -net none)")
            ours+=("$(boot "$append" "$build/reprise" -pace max -state-hash)")
        done
        icount=$(sed -n 's/^position icount=\([0-9]*\) .*/\1/p' "$build/bench.err")
        us=$(printf '%s\n' "${ours[@]}" | best) them=$(printf '%s\n' "${theirs[@]}" | best)
        awk -v us="$us" -v them="$them" -v n="$icount" -v append="$append" 'BEGIN {
            printf "Linux boot to power-off (%s):\n", append
            printf "    QEMU TCG %.2f s, Reprise %.2f s: ratio %.2f (goal: at most 4);", them, us, us / them
            printf " %.0f million instructions, %.0f million a second\n", n / 1e6, n / 1e6 / us }'
    done
}

# 64 MiB from an IDE disk by DMA, past the page cache: from BEGIN to END on the serial port.
disk() {  # disk COMMAND...
    tools/bench/between.py "BEGIN diskread" "END diskread 0" "$@" -M pc -m 256 -nographic -no-reboot \
        -kernel "$guests/cloud.bzImage" -initrd "$guests/cloud-disks.gz" \
        -append "console=ttyS0,115200 quiet mitigations=off nokaslr work=diskinit,diskread" \
        -drive "file=$guests/testdisk.img,format=raw,snapshot=on"
}
bench_disk() {
    local us them ours=() theirs=()
    for ((i = 0; i < rounds; i++)); do
        theirs+=("$(disk qemu-system-x86_64 -accel tcg -net none)")
        ours+=("$(disk "$build/reprise" -pace max)")
    done
    us=$(printf '%s\n' "${ours[@]}" | best) them=$(printf '%s\n' "${theirs[@]}" | best)
    awk -v us="$us" -v them="$them" 'BEGIN {
        printf "64 MiB read from an IDE disk by DMA:\n"
        printf "    QEMU TCG %.2f s, Reprise %.2f s: ratio %.2f (goal: at most 2)\n", them, us, us / them }'
}

# An integer loop in 64-bit code.
loop() { seconds "$build/reprise" -pace max -display none -no-reboot -bios "$build/$1"; }
bench_loop() {
    local long
    long=$(for ((i = 0; i < rounds; i++)); do loop loop.bin; echo; done | best)
    awk -v t="$long" -v n="$(cat "$build/loop.count")" 'BEGIN {
        printf "Integer loop: %.0f million instructions a second (goal: at least 200)\n",
            n / 1e6 / t }'
}

bench_workloads() { tools/bench/workloads.py --rounds "$rounds" ${WORKLOADS:-}; }

# processor MODEL: the processor seconds of a boot with that timing model.
processor() {
    local times
    times=$(TIMEFORMAT='%U %S'
        { time boot "quiet mitigations=off nokaslr" "$build/reprise" -pace max -cpu "qemu64,timing=$1" >"$build/bench.wall"; } 2>&1)
    awk '{printf "%.2f\n", $1 + $2}' <<<"${times##*$'\n'}"
}
bench_timing() {
    local model fixed="" seconds
    for model in fixed i486 p5; do
        seconds=$(for ((i = 0; i < rounds; i++)); do processor "$model"; done | best)
        fixed=${fixed:-$seconds}
        awk -v m="$model" -v s="$seconds" -v f="$fixed" 'BEGIN {
            printf "timing=%s: a boot takes %.2f s of the processor, %.2f times fixed\n", m, s, s / f }'
    done
}

# recording leaves what travel goes through.
recorded=$build/bench.reprise
bench_recording() { tools/bench/recording.py "$((rounds + 2))" --keep "$recorded"; }
bench_travel() {
    [ -s "$recorded" ] || tools/bench/recording.py 1 --no-qemu --keep "$recorded" >"$build/bench.out"
    tools/bench/travel.py "$recorded" "${SEEKS:-60}"
}

for part; do
    declare -F "bench_$part" >/dev/null || { echo "no part is called '$part'" >&2; exit 1; }
    "bench_$part"
done
