#!/bin/bash
# The guests of tests/system: what ours says against what is kept in NAME.txt, and against QEMU's TCG
# where that is installed. Where the two differ, differences.txt says why; whatever is not there, and
# whatever is there without need, fails. A guest runs on `-cpu max`, or on each of the models that its
# first line names ("; models: max 486"); what is kept of NAME on MODEL is in NAME.MODEL.txt, if there is one.
#
#   tests/system/run.sh [NAME ...]      UPDATE=1: keeps what ours says now
cd "$(dirname "$0")/../.."
. tests/lib.sh
here=tests/system
names=("$@")
[ ${#names[@]} -gt 0 ] || names=($(cd $here && ls *.asm | sed 's/\.asm$//'))

# run GUEST MODEL IMAGE
run() {
    local name=$1 model=$2 image=$3 kept=$here/$1.txt blocks status difference
    [ "$model" = max ] || name+=.$model
    [ ! -e "$here/$name.txt" ] || kept=$here/$name.txt
    for blocks in on off; do
        timeout -k 5 120 "$REPRISE" "${fixed[@]}" -m 16 -cpu "$model" -pace max -display none \
            -accel interp,blocks=$blocks -serial "file:$scratch/$name.$blocks" -no-reboot -device isa-debug-exit \
            -bios "$image" </dev/null >"$scratch/log" 2>&1
        status=$?
        [ $status = 1 ] && tail -n 1 "$scratch/$name.$blocks" | grep -qx end
        ok "system $name: runs to its end, blocks=$blocks" $? "exit $status: $(tail -n 2 "$scratch/log")"
    done
    cmp -s "$scratch/$name.on" "$scratch/$name.off"
    ok "system $name: the same without blocks" $? "$(diff "$scratch/$name.on" "$scratch/$name.off" | head -n 6)"
    [ -z "${UPDATE:-}" ] || cp "$scratch/$name.on" "$kept"
    difference=$(diff "$kept" "$scratch/$name.on" | head -n 10)
    [ -z "$difference" ]
    ok "system $name: as kept" $? "$difference"
    if command -v qemu-system-x86_64 >/dev/null; then
        timeout -k 5 120 qemu-system-x86_64 -M pc -accel tcg -m 16 -cpu "$model" -display none -no-reboot -monitor none \
            -serial "file:$scratch/$name.qemu" -no-reboot -device isa-debug-exit -bios "$image" </dev/null \
            >"$scratch/log" 2>&1
        $here/compare.py "$name" "$scratch/$name.on" "$scratch/$name.qemu" $here/differences.txt || failures=1
    else
        echo "system $name: not compared with QEMU, which is not installed"
    fi
}

for name in "${names[@]}"; do
    image=$scratch/$name.bin
    nasm -w-all -I $here/ -f bin -o "$image" "$here/$name.asm" || { ok "system $name: assembled" 1; continue; }
    models=$(sed -n '1s/^; models: //p' "$here/$name.asm")
    for model in ${models:-max}; do run "$name" "$model" "$image"; done
done
finish
