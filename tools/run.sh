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

say() { printf '\n== %s\n' "$*" >&2; }
value() { sed -n "s/^$1\$/\1/p" "$2" | tail -n1; }

if ! tools/guests/build.sh "$guests" cloud initramfs; then
    say "No Linux guest (no network?). Running the built-in guest instead."
    exec "$reprise" -nographic -state-hash "$@"
fi

say "Booting Debian's Linux on the interpreter; the run is recorded in $recording."
options=(-nographic -m 256 -kernel "$guests/cloud.bzImage" -initrd "$guests/initramfs.gz"
    -append "console=ttyS0,115200 mitigations=off nokaslr"
    -record "$recording" -hash-at-text "$prompt" -state-hash -pace real "$@")

# Keeps stderr in the log. What is said at the prompt comes in the middle of the guest's line: says
# it on a line of its own, and repeats the prompt.
listen() {
    local line at= clear=
    [ ! -t 2 ] || clear=$'\e[K'
    : >"$log"
    while IFS= read -r line; do
        echo "$line" >>"$log"
        case $line in
        'at-text position '*) at=${line#at-text position } ;;
        'at-text state-hash '*)
            printf '\r%s== At the prompt, before any key: %s, state %s\n%s' \
                "$clear" "$at" "${line#at-text state-hash }" "$prompt" >&2 ;;
        'position '* | 'state-hash '*) ;;
        *) printf '%s\n' "$line" >&2 ;;
        esac
    done
}

status=0
start=$(date +%s.%N)
rm -f "$log" "$log.done"
if [ -t 0 ]; then
    echo "   A shell comes up in some seconds; 'poweroff' ends the run, Ctrl-A h helps." >&2
    "$reprise" "${options[@]}" 2> >(listen; : >"$log.done") || status=$?
else
    # Nobody types: `poweroff` is typed for them once the prompt is there.
    {
        until grep -qs '^at-text state-hash' "$log" || [ -e "$log.done" ]; do sleep 0.1; done
        sleep 0.5
        echo poweroff
        until [ -e "$log.done" ]; do sleep 0.1; done
    } 2>/dev/null | "$reprise" "${options[@]}" 2> >(listen; : >"$log.done") || status=$?
fi
finish=$(date +%s.%N)
until [ -e "$log.done" ]; do sleep 0.05; done
[ $status = 0 ] || { say "The run failed: exit status $status."; exit 1; }

seconds() { awk "BEGIN {printf \"%.1f\", $2 - $1}"; }
report() {  # report LOG
    grep -q '^at-text' "$1" &&
        echo "   at the prompt, before any key   $(value 'at-text position \(.*\)' "$1"), state $(value 'at-text state-hash \(.*\)' "$1")"
    echo "   at the end                      $(value 'position \(.*\)' "$1"), state $(value 'state-hash \(.*\)' "$1")"
}
say "The run took $(seconds "$start" "$finish") s (with waiting for keys): $(value 'position icount=\([0-9]*\) .*' "$log") instructions, $(value 'position .*cycles=\([0-9]*\)' "$log") cycles."
report "$log"

say "Playing the recording ($(du -h "$recording" | cut -f1)) again, at full speed; its output is not shown."
start=$(date +%s.%N)
"$reprise" -replay "$recording" -serial null -hash-at-text "$prompt" -state-hash 2>"$log.replay" ||
    { cat "$log.replay" >&2; say "The replay failed."; exit 1; }
finish=$(date +%s.%N)
report "$log.replay"
if [ "$(report "$log.replay")" = "$(report "$log")" ]; then
    say "The same, in $(seconds "$start" "$finish") s. Again: $reprise -replay $recording"
else
    say "NOT the same."
    exit 1
fi
