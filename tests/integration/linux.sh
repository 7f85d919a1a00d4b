#!/bin/bash
# Debian's kernels and a multiboot guest, to a clean power-off.
cd "$(dirname "$0")/../.."
. tests/lib.sh
need_guests cloud standard initramfs multiboot

for kernel in cloud standard; do
    for cpus in 1 2; do
        name="linux $kernel, $cpus CPU"
        timeout 300 "$REPRISE" "${fixed[@]}" -nographic -pace max -smp $cpus $(linux $kernel) \
            -append "console=ttyS0,115200 mitigations=off nokaslr work=sum,hash,smp" \
            </dev/null >"$scratch/out" 2>"$scratch/err"
        status=$?
        missing=
        for text in READY "$cpus CPU(s)" "sum 3999" \
            "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58" BYE \
            "reboot: Power down"; do
            grep -aqF "$text" "$scratch/out" || missing+=" '$text'"
        done
        [ $status = 0 ] && [ -z "$missing" ] &&
            ! grep -aqE 'BUG:|Oops|Kernel panic|WARNING:|Call Trace' "$scratch/out"
        ok "$name" $? "exit $status, missing:$missing; $(tail -n 1 "$scratch/err")"
    done
done

timeout 60 "$REPRISE" "${fixed[@]}" -nographic -pace max -m 64 -kernel "$GUESTS/multiboot.elf" \
    -initrd "$GUESTS/MANIFEST" -append "a b" </dev/null >"$scratch/out" 2>"$scratch/err"
status=$?
for text in 'multiboot ok' ' a b' 'lower 0000027' 'upper 0000F' "module $(printf %08X "$(stat -c %s "$GUESTS/MANIFEST")") initrd" bye; do
    grep -aqF "$text" "$scratch/out" || status="no '$text'"
done
[ "$status" = 0 ]
ok "multiboot" $? "$status"
finish
