#!/bin/bash
# `make fuzz`: guests that misbehave and files that are rubbish, under the sanitizers when built so
# (make fuzz SAN=1, or BUILD_SAN=1 here). Nothing may crash, hang, or be refused without a message.
#
#   SEEDS=20 ROUNDS=400000 LIMIT=30 FUZZ_SECONDS=5 tests/fuzz.sh
cd "$(dirname "$0")/.."
. tests/lib.sh
if [ -n "${BUILD_SAN:-}" ]; then       # where the determinism matrix has it too
    build SAN=1 BUILD="$BUILD/variant/SAN-1" "$BUILD"/variant/SAN-1/{reprise,rubbish-tests} ||
        { tail -n 5 "$scratch/make"; ok "fuzz: build with SAN=1" 1; finish; }
    REPRISE=$BUILD/variant/SAN-1/reprise
    # That the sanitizers see what they should; in `make soak`, all attacks under them.
    attacks=RubbishPlanted
    [ -z "${DEEP:-}" ] || attacks=Rubbish
    # They measure memory, and what is kept after it was freed is not the machine's.
    ASAN_OPTIONS=quarantine_size_mb=8 "$BUILD/variant/SAN-1/rubbish-tests" --gtest_brief=1 --gtest_filter="$attacks*" >"$scratch/rubbish" 2>&1
    ok "fuzz: attacks under the sanitizers" $? "$(tail -n 20 "$scratch/rubbish")"
fi
for ((seed = 1; seed <= ${SEEDS:-20}; seed++)); do
    nasm -w-all -f bin -DSEED=$seed -DROUNDS="${ROUNDS:-400000}" -o "$scratch/fuzz.bin" \
        tests/guests/fuzz/fuzz.asm
    timeout -k 20 "${LIMIT:-120}" "$REPRISE" "${fixed[@]}" -m 16 -smp $((seed % 2 + 1)) -pace max \
        -display none -serial null -device isa-debug-exit -bios "$scratch/fuzz.bin" -state-hash \
        -record "$scratch/fuzz.rec" </dev/null >"$scratch/out" 2>"$scratch/err"
    status=$?
    # 1: the guest's own end; 0: it turned the machine off.
    [[ $status =~ ^(0|1)$ ]] && grep -q '^state-hash' "$scratch/err"
    ok "fuzz guest, seed $seed" $? "exit $status: $(tail -n 3 "$scratch/err")" || continue
    live=$(grep '^state-hash' "$scratch/err")
    timeout -k 20 600 "$REPRISE" -replay "$scratch/fuzz.rec" -serial null -state-hash \
        </dev/null >"$scratch/out" 2>"$scratch/err"
    [ "$live" = "$(grep '^state-hash' "$scratch/err")" ]
    ok "fuzz guest, seed $seed: replay" $? "$(tail -n 3 "$scratch/err")"
done

# fuzz_entry NAME SOURCES...: tests/fuzz/NAME_fuzz.cc under libFuzzer for a while, from its corpus.
fuzz_entry() {
    local name=$1 corpus=()
    [ -d "tests/fuzz/corpus/$1" ] && corpus=("$scratch/$1.found" "$PWD/tests/fuzz/corpus/$1")
    mkdir -p "$scratch/$1.found"
    shift
    clang++-16 -std=c++20 -O1 -g1 -I. -I"$BUILD" -fsanitize=fuzzer,address,undefined "tests/fuzz/${name}_fuzz.cc" \
        "$@" -o "$scratch/$name" >"$scratch/$name.log" 2>&1 &&
        (cd "$scratch" && "./$name" -max_total_time="${FUZZ_SECONDS:-5}" -max_len=4096 -timeout=10 "${corpus[@]}") \
            >"$scratch/$name.log" 2>&1
    ok "fuzz entry: $name" $? "$(tail -n 5 "$scratch/$name.log")"
}
fuzz_entry probe storage/format/probe.cc storage/format/raw.cc
fuzz_entry qmp qmp/server/{splitter,message}.cc qmp/schema/{schema,check}.cc
fuzz_entry kernel chipset/firmware/{kernel,linux,multiboot,fw_cfg}.cc \
    tools/reprise/check_kernel.cc replay/core/*.cc replay/core/host/*.cc -lxxhash
fuzz_entry symbols tools/reprise-log/symbols.cc
fuzz_entry gdb qmp/gdb/*.cc "$BUILD/libreprise.a" -lcapstone -lmpfr -lgmp -lxxhash -lz -lgtest
# Its corpus is in the unit tests; to build it takes long.
[ -n "${BUILD_SAN:-}" ] && [ -z "${DEEP:-}" ] ||
    fuzz_entry recording replay/trace/{format,reader,keyframe,disk_chunks,events,hash_chain,branches}.cc \
        "$BUILD/libreprise.a" -llz4 -lxxhash
finish
