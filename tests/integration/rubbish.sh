#!/bin/bash
# What no sensible user gives it: a clear message, or what hardware does; never a crash or a hang.
# (Files that are missing, empty or not what they should be: tests/cli. Damaged recordings: replay.)
cd "$(dirname "$0")/../.."
. tests/lib.sh
need_guests cloud initramfs multiboot

# ends NAME STATUS TEXT ARGUMENTS...: that exit status, and that text in what was said.
ends() {
    local name=$1 want=$2 text=$3 status
    shift 3
    timeout -k 5 "${LIMIT:-120}" "$REPRISE" "${fixed[@]}" -nographic -pace max -m 256 "$@" </dev/null \
        >"$scratch/out" 2>&1
    status=$?
    [[ $status =~ ^($want)$ ]] && { [ -z "$text" ] || grep -aqF -- "$text" "$scratch/out"; }
    ok "$name" $? "exit $status, said: $(tail -n 2 "$scratch/out")"
}
truncate_to() { head -c "$2" "$1" >"$scratch/${1##*/}.$2"; echo "$scratch/${1##*/}.$2"; }
kernel=$GUESTS/cloud.bzImage initrd=$GUESTS/initramfs.gz
bios=/usr/share/seabios/bios-256k.bin

for size in 1 600 5000 4000000; do
    ends "kernel of $size bytes" 1 "truncated" -kernel "$(truncate_to "$kernel" $size)"
done
ends "multiboot kernel of 4500 bytes" 1 "truncated" \
    -kernel "$(truncate_to "$GUESTS/multiboot.elf" 4500)"
ends "no initrd" 1 "no such file" -kernel "$kernel" -initrd "$scratch/none"
ends "BIOS of 100000 bytes" 1 "truncated?" -bios "$(truncate_to "$bios" 100000)"
# The kernel finds out itself, and says so.
ends "initrd of 100000 bytes" 0 "Kernel panic" -kernel "$kernel" -no-reboot \
    -initrd "$(truncate_to "$initrd" 100000)" -append "console=ttyS0,115200 panic=-1"
# Half of SeaBIOS is no firmware: whatever it does, it can be ended.
LIMIT=5 ends "BIOS of half its size" "0|124" "" -bios "$(truncate_to "$bios" 131072)"

ends "-m 1M: no room for the kernel" 1 "1 MiB" -m 1M -kernel "$kernel"
LIMIT=10 ends "-m 1M: firmware alone" "0|124" "" -m 1M -bios "$bios"
ends "-m 1M: the built-in guest" "0|1|124" "" -m 1M
ends "-m 64G: multiboot" 0 "multiboot ok" -m 64G -kernel "$GUESTS/multiboot.elf"
ends "-m 64G: Linux" 0 "READY" -m 64G -kernel "$kernel" -initrd "$initrd" \
    -append "console=ttyS0,115200 quiet mitigations=off nokaslr autoexit"
ends "-smp 255" 0 "multiboot ok" -smp 255 -kernel "$GUESTS/multiboot.elf"

# In use: a socket by another, a recording by another.
"$REPRISE" -display none -serial "unix:$scratch/socket,server,nowait" -S -monitor null \
    -record "$scratch/busy" </dev/null >"$scratch/holder" 2>&1 &
holder=$!
for ((i = 0; i < 100; i++)); do [ -S "$scratch/socket" ] && [ -s "$scratch/busy" ] && break; sleep 0.1; done
ends "recording in use" 1 "another process" -record "$scratch/busy"
ends "socket in use" 1 "in use" -serial "unix:$scratch/socket,server,nowait"
kill $holder
wait $holder
ok "SIGTERM ends a run in good order" $? "$(tail -n 2 "$scratch/holder")"
finish
