#!/bin/bash
# `make run`: boots Debian's cloud kernel with our initramfs on the interpreter, to a shell; says
# where the machine was and what its state hashed to, at the prompt and at the end; then plays the
# recording again and compares.
#
#   BUILD=build tools/run.sh [reprise options...]
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
guests=${GUESTS:-build/guests}
reprise=$build/reprise
prompt='reprise:/# '
recording=$build/run.reprise
log=$build/run.log

say() { printf '\n\033[1m== %s\033[0m\n' "$*" >&2; }

if ! tools/guests/build.sh "$guests" cloud initramfs; then
    say "No Linux guest (no network?). Running the built-in guest instead."
    exec "$reprise" -state-hash
fi

say "Booting Linux on the interpreter. This takes a few seconds."
options=(-nographic -m 256 -kernel "$guests/cloud.bzImage" -initrd "$guests/initramfs.gz"
    -append "console=ttyS0,115200 mitigations=off nokaslr"
    -record "$recording" -hash-at-text "$prompt" -state-hash "$@")

if [ -t 0 ]; then
    echo "   A shell will come up; 'poweroff' ends the run (Ctrl-A x ends the emulator)." >&2
    start=$(date +%s.%N)
    "$reprise" "${options[@]}" 2> >(tee "$log" >&2)
else
    # Nobody types: `poweroff` is typed for them once the prompt is there.
    : >"$log"
    start=$(date +%s.%N)
    {
        until grep -q '^at-text state-hash' "$log"; do
            [ ! -e "$log.done" ] || exit 0
            sleep 0.1
        done
        sleep 0.3
        echo poweroff
        until [ -e "$log.done" ]; do sleep 0.1; done
    } | {
        rm -f "$log.done"
        "$reprise" "${options[@]}" 2> >(tee "$log" >&2) || echo $? >"$log.done"
        : >>"$log.done"
    }
    [ ! -s "$log.done" ] || { say "The run failed."; exit 1; }
fi
finish=$(date +%s.%N)
sleep 0.1   # the copy of stderr

value() { sed -n "s/^$1\$/\1/p" "$log" | tail -n1; }
icount=$(value 'position icount=\([0-9]*\) .*')
cycles=$(value 'position .*cycles=\([0-9]*\)')
live=$(value 'state-hash \(.*\)')
[ -n "$live" ] || { say "The run left no hash."; exit 1; }
at_prompt=$(value 'at-text position \(.*\)')

say "The run: $icount instructions, $cycles cycles."
echo "   at the prompt, before any key: ${at_prompt:-not reached} $(value 'at-text state-hash \(.*\)')"
echo "   at the end:                    $live"

say "Playing the recording ($(du -h "$recording" | cut -f1)) again; its output is not shown."
before=$(date +%s.%N)
"$reprise" -replay "$recording" -serial null -state-hash -pace max 2>"$log.replay" ||
    { cat "$log.replay" >&2; say "The replay failed."; exit 1; }
after=$(date +%s.%N)
again=$(sed -n 's/^state-hash //p' "$log.replay")
echo "   at the end of the replay:      $again"
if [ "$again" = "$live" ]; then
    echo "   The same. Run: $(awk "BEGIN {printf \"%.1f\", $finish - $start}") s (with waiting for keys); replay: $(awk "BEGIN {printf \"%.1f\", $after - $before}") s."
else
    cat "$log.replay" >&2
    say "NOT the same."
    exit 1
fi
