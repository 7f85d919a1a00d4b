#!/bin/bash
# Two vCPUs that race: the interleaving's seed decides who wins, and nothing else does.
cd "$(dirname "$0")/../.."
. tests/lib.sh
nasm -w-all -I tests/system/ -f bin -o "$scratch/race.bin" tests/guests/race/race.asm ||
    { ok "interleave: assembled" 1; finish; }

# race NAME ARGUMENTS...: prints position and hash; the guest's sum is in $scratch/NAME.
race() {
    local name=$1
    shift
    ANY_STATUS=1 LIMIT=60 hash_of -smp 2 -m 16 -bios "$scratch/race.bin" -device isa-debug-exit \
        -no-reboot -serial "file:$scratch/$name" "$@"
}
seeds=(0 1 2 3 4 18446744073709551615)
for seed in "${seeds[@]}"; do
    race "$seed" -accel "interp,interleave-seed=$seed" >"$scratch/$seed.hash"
    race again -accel "interp,interleave-seed=$seed,blocks=off" >"$scratch/again.hash"
    [ -s "$scratch/$seed.hash" ] && cmp -s "$scratch/$seed" "$scratch/again" &&
        cmp -s "$scratch/$seed.hash" "$scratch/again.hash"
    ok "interleave: seed $seed is the same run twice, without blocks too" $? "$(cat "$scratch/$seed" "$scratch/again")"
done
sums=$(cd "$scratch" && cat "${seeds[@]}" | sort -u)
[ "$(wc -l <<<"$sums")" -ge 4 ]
ok "interleave: other seeds, other sums" $? "$sums"
race plain >"$scratch/plain.hash"
cmp -s "$scratch/plain.hash" "$scratch/0.hash"
ok "interleave: seed 0 is none" $?
race short -accel interp,quantum=1000 >"$scratch/short.hash"
race smp -smp 2,quantum=1000 >"$scratch/smp.hash"
cmp -s "$scratch/short.hash" "$scratch/smp.hash" && ! cmp -s "$scratch/short.hash" "$scratch/plain.hash"
ok "interleave: the quantum by -accel or -smp" $?

race record -accel interp,interleave-seed=3 -record "$scratch/race.reprise" >"$scratch/record.hash"
replayed=$(timeout 60 "$REPRISE" -replay "$scratch/race.reprise" -display none -pace max -state-hash \
    </dev/null 2>&1 >/dev/null | awk '/^position / {at = $2 " " $3} /^state-hash / {print at, $2}')
[ "$replayed" = "$(cat "$scratch/3.hash")" ] && cmp -s "$scratch/record.hash" "$scratch/3.hash"
ok "interleave: a recording plays with its seed" $? "$replayed, recorded $(cat "$scratch/record.hash")"
said=$(timeout 60 "$REPRISE" -replay "$scratch/race.reprise" -accel interp,interleave-seed=4 -display none 2>&1 </dev/null)
[ $? = 1 ] && [[ $said == *interleave-seed*4*3* ]]
ok "interleave: another seed is refused" $? "$said"
finish
