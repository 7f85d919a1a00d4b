#!/bin/bash
# A FAT floppy with a guest of our own (tests/guests/floppy): files by INT 13h, and the controller at
# its ports; as kept, as on QEMU, written alike, recorded and played again.
#
#   tests/integration/floppy.sh      UPDATE=1: keeps what ours says now
cd "$(dirname "$0")/../.."
. tests/lib.sh
guest=tests/guests/floppy
bios=/usr/share/seabios/bios-256k.bin
image=$scratch/floppy.img

make_image() {
    nasm -f bin -o "$scratch/boot.bin" $guest/boot.asm && nasm -f bin -o "$scratch/STAGE2.BIN" $guest/stage2.asm || return
    seq 1 900 >"$scratch/ONE.TXT"
    seq 1000 3000 >"$scratch/TWO.TXT"
    seq 5000 30000 | head -c 70001 >"$scratch/THREE.BIN"
    rm -f "$image"
    mformat -C -i "$image" -f 1440 -B "$scratch/boot.bin" -N 12345678 :: || return
    # The third file is in pieces.
    mcopy -i "$image" "$scratch/STAGE2.BIN" "$scratch/ONE.TXT" "$scratch/TWO.TXT" :: && mdel -i "$image" ::ONE.TXT &&
        mcopy -i "$image" "$scratch/THREE.BIN" ::
}
ours() { # OUTPUT OPTION...
    local output=$1
    shift
    timeout -k 5 120 "$REPRISE" "$@" -display none -serial "file:$output" -state-hash </dev/null >"$scratch/log" 2>&1
}
machine=("${fixed[@]}" -m 16 -pace max -bios $bios -boot a -no-reboot -device isa-debug-exit)
said() { tail -n 2 "$scratch/log"; }

make_image
ok "floppy: an image by mtools" $?
for floppy in live snapshot; do
    cp "$image" "$scratch/$floppy.img"
    more=()
    [ $floppy = live ] || more=(-snapshot)
    ours "$scratch/$floppy.txt" "${machine[@]}" "${more[@]}" -drive "file=$scratch/$floppy.img,if=floppy,format=raw" \
        -record "$scratch/$floppy.reprise"
    status=$?
    [ $status = 33 ] && tail -n 1 "$scratch/$floppy.txt" | grep -qx end
    ok "floppy: $floppy, to its end" $? "exit $status: $(said)"
    said >"$scratch/$floppy.hash"
done
[ -z "${UPDATE:-}" ] || cp "$scratch/live.txt" $guest/floppy.txt
difference=$(diff $guest/floppy.txt "$scratch/live.txt" | head -n 10)
[ -z "$difference" ]
ok "floppy: as kept" $? "$difference"
cmp -s "$scratch/live.txt" "$scratch/snapshot.txt"
ok "floppy: with -snapshot, the same" $?
cmp -s "$image" "$scratch/snapshot.img"
ok "floppy: -snapshot leaves the image alone" $?

# SeaBIOS waits for interrupts, which a processor without an APIC has from the 8259 alone.
ours "$scratch/486.txt" "${machine[@]}" -cpu 486 -snapshot -drive "file=$image,if=floppy,format=raw"
status=$?
[ $status = 33 ] && cmp -s "$scratch/live.txt" "$scratch/486.txt"
ok "floppy: the same on -cpu 486" $? "exit $status: $(said)"

# The image has changed since; the recording kept what was overwritten.
ours "$scratch/again.txt" -replay "$scratch/live.reprise"
status=$?
[ $status = 33 ] && cmp -s "$scratch/live.txt" "$scratch/again.txt" && [ "$(said)" = "$(cat "$scratch/live.hash")" ]
ok "floppy: played again from the recording" $? "exit $status: $(said)"

if command -v qemu-system-x86_64 >/dev/null; then
    cp "$image" "$scratch/qemu.img"
    timeout -k 5 120 qemu-system-x86_64 -M pc -accel tcg -m 16 -display none -monitor none -serial "file:$scratch/qemu.txt" \
        -bios $bios -drive "file=$scratch/qemu.img,if=floppy,format=raw" -boot a -no-reboot -device isa-debug-exit </dev/null
    # QEMU's DUMPREG keeps SPECIFY's bytes in a form of its own, and a last EOT that a reset clears; it
    # sets SE in ST0 after reads and writes that seeked nowhere.
    hide='s/^dumpreg .*/dumpreg/; s/^\(read\|write\|read formatted\) 20/\1 00/'
    difference=$(diff <(sed "$hide" "$scratch/live.txt") <(sed "$hide" "$scratch/qemu.txt") | head -n 10)
    [ -z "$difference" ]
    ok "floppy: as on QEMU" $? "$difference"
    cmp -s "$scratch/live.img" "$scratch/qemu.img"
    ok "floppy: written as on QEMU" $?
else
    echo "floppy: not compared with QEMU, which is not installed"
fi
finish
