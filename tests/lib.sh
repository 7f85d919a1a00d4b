# Shared by the scripts of tests/: running the emulator, and saying what was found.
# Environment: REPRISE, BUILD, GUESTS (see tests/run.sh).
set -u
REPRISE=${REPRISE:-build/reprise} BUILD=${BUILD:-build} GUESTS=${GUESTS:-build/guests}
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$scratch"' EXIT
failures=0

# ok NAME STATUS [DETAIL]: prints one result.
ok() {
    if [ "$2" = 0 ]; then
        echo "ok $1"
    else
        echo "not ok $1 ${3:-}"
        failures=$((failures + 1))
    fi
}
finish() { exit $((failures > 0)); }

# build ARGUMENT...: another make, with all processors even inside `make test`; one at a time, since
# parts of the suite share variants. $scratch/make has what it said.
build() {
    mkdir -p "$BUILD/log"
    env -u MAKEFLAGS -u MAKELEVEL flock "$BUILD/log/variant.lock" make -s --no-print-directory -j"$(nproc)" "$@" >"$scratch/make" 2>&1
}

# What must be the same for two runs to be the same run.
fixed=(-rtc base=2026-11-20T12:00:00 -seed 1)
quiet='console=ttyS0,115200 quiet mitigations=off nokaslr'

# hash_of ARGUMENTS...: prints "icount cycles hash" of a run to its end; $hash_of_status is not
# kept, so a run that fails prints nothing. stdout of the guest goes to $scratch/out.$BASHPID.
hash_of() {
    local log=$scratch/err.$BASHPID
    timeout "${LIMIT:-300}" "$REPRISE" "${fixed[@]}" -display none -pace max -state-hash "$@" \
        </dev/null >"$scratch/out.$BASHPID" 2>"$log" || [ -n "${ANY_STATUS:-}" ] || {
        tail -n 3 "$log" >&2
        return 1
    }
    awk '/^position / {at = $2 " " $3} /^state-hash / {print at, $2}' "$log"
}

need_guests() {
    tools/guests/build.sh "$GUESTS" "$@" || { ok "guests $*" 1 "cannot be built"; finish; }
}
linux() { echo -m 256 -kernel "$GUESTS/$1.bzImage" -initrd "$GUESTS/initramfs.gz"; }
