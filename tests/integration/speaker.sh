#!/bin/bash
# The PC speaker in a WAV file: the tone that the guest set, the same in a replay, and an error that
# says what to do.
cd "$(dirname "$0")/../.."
. tests/lib.sh
nasm -f bin -o "$scratch/beep.img" tests/guests/speaker/beep.asm && truncate -s 1440K "$scratch/beep.img"
run() { # WAV OPTION...
    local wav=$1
    shift
    timeout 60 "$REPRISE" -state-hash -audiodev "wav,id=a,path=$wav" "$@" </dev/null >"$scratch/hash" 2>&1
}
machine=("${fixed[@]}" -bios /usr/share/seabios/bios-256k.bin -fda "$scratch/beep.img" -boot a -display none
    -serial none -pace max -device isa-debug-exit -machine pcspk-audiodev=a)

run "$scratch/live.wav" "${machine[@]}" -record "$scratch/beep.reprise"
python3 - "$scratch/live.wav" <<'PY'
import struct, sys, wave
wav = wave.open(sys.argv[1])
samples = struct.unpack(f"<{wav.getnframes()}h", wav.readframes(wav.getnframes()))
loud = [i for i, s in enumerate(samples) if abs(s) > 1000]
seconds = (loud[-1] - loud[0]) / wav.getframerate()
rises = sum(a < 0 <= b for a, b in zip(samples[loud[0]:loud[-1]], samples[loud[0] + 1:loud[-1] + 1]))
if not rises:
    rises = sum(a < 1000 <= b for a, b in zip(samples[loud[0]:loud[-1]], samples[loud[0] + 1:loud[-1] + 1]))
print(f"speaker: {seconds:.3f} s, {rises / seconds:.1f} Hz", file=sys.stderr)
sys.exit(not (1.0 < seconds < 1.15 and abs(rises / seconds - 1000.2) < 2))
PY
ok "speaker a tone of 1 kHz in a WAV file" $?
cp "$scratch/hash" "$scratch/live.hash"
run "$scratch/replay.wav" -replay "$scratch/beep.reprise" -replay-disk "floppy0=$scratch/beep.img"
ok "speaker the replay has the recorded hash" "$(grep -q state-hash "$scratch/hash" && cmp -s "$scratch/live.hash" "$scratch/hash"; echo $?)"
ok "speaker the replay is heard alike" "$(cmp -s "$scratch/live.wav" "$scratch/replay.wav"; echo $?)"
"$REPRISE" "${machine[@]}" -audiodev wav,id=a,path="$scratch/no/such.wav" >"$scratch/log" 2>&1 </dev/null
ok "speaker a path that cannot be written" "$(grep -q 'such.wav: cannot write: No such file' "$scratch/log"; echo $?)" "$(head -n1 "$scratch/log")"
finish
