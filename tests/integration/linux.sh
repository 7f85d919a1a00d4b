#!/bin/bash
# Debian's kernels and a multiboot guest, to a clean power-off. DEEP=1: also the 32-bit kernel, on the
# processors it was for.
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

# Packages, cores and threads, as the kernel makes them out from CPUID and the ACPI tables.
timeout 300 "$REPRISE" "${fixed[@]}" -nographic -pace max -cpu Haswell -smp sockets=2,cores=3,threads=2 \
    $(linux cloud) -append "console=ttyS0,115200 quiet mitigations=off work=cpus" </dev/null >"$scratch/out" 2>"$scratch/err"
status=$?
for cpu in 0 1 2 3 4 5 6 7 8 9 10 11; do
    line="cpu $cpu package $((cpu / 6)) core $((cpu % 6 / 2)) threads $((cpu & ~1))-$((cpu | 1))"
    grep -aqF "$line" "$scratch/out" || status="no '$line'"
done
[ "$status" = 0 ] && ! grep -aqE 'BUG:|Oops|Kernel panic|WARNING:|Call Trace' "$scratch/out"
ok "linux, 2 packages of 3 cores of 2 threads" $? "$status, $(tail -n 1 "$scratch/err")"

if [ -n "${DEEP:-}" ]; then
    need_guests i686
    for model in pentium2 pentium3 "pentium3 -smp 4" coreduo qemu32 Nehalem; do
        timeout 300 "$REPRISE" "${fixed[@]}" -nographic -pace max -cpu $model -m 128 -kernel "$GUESTS/i686.bzImage" \
            -initrd "$GUESTS/i686-initramfs.gz" -append "console=ttyS0,115200 work=sum,hash" \
            </dev/null >"$scratch/out" 2>"$scratch/err"
        status=$?
        for text in READY "sum 3999" 30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58 "reboot: Power down"; do
            grep -aqF "$text" "$scratch/out" || status+=", no '$text'"
        done
        [ "$status" = 0 ] && ! grep -aqE 'BUG:|Oops|Kernel panic|Call Trace' "$scratch/out"
        ok "linux i686 on $model" $? "exit $status; $(tail -n 1 "$scratch/err")"
    done
fi

timeout 60 "$REPRISE" "${fixed[@]}" -nographic -pace max -m 64 -kernel "$GUESTS/multiboot.elf" \
    -initrd "$GUESTS/MANIFEST" -append "a b" </dev/null >"$scratch/out" 2>"$scratch/err"
status=$?
for text in 'multiboot ok' ' a b' 'lower 0000027' 'upper 0000F' "module $(printf %08X "$(stat -c %s "$GUESTS/MANIFEST")") initrd" bye; do
    grep -aqF "$text" "$scratch/out" || status="no '$text'"
done
[ "$status" = 0 ]
ok "multiboot" $? "$status"
finish
