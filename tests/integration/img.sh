#!/bin/bash
# reprise-img beside Debian's qemu-img: the same output, exit status and images.
cd "$(dirname "$0")/../.."
. tests/lib.sh
IMG=$(realpath "${IMG:-$BUILD/reprise-img}")
command -v qemu-img >/dev/null || { ok "img: qemu-img" 1 "apt install qemu-utils"; finish; }
cd "$scratch"

python3 - <<'PYTHON'
import random
random.seed(5)
def image(name, size, runs, grain=4096):
    with open(name, "wb") as file:
        file.truncate(size)
        for _ in range(runs):
            at = random.randrange(size // grain) * grain
            file.seek(at)
            length = min(random.choice((1, 3, 17, 200)) * grain, size - at)
            # Some of what is written is zeros, which are no hole.
            file.write(random.choice((random.randbytes(length), bytes(length))))
image("empty.img", 0, 0)
image("hole.img", 10 << 20, 0)
image("sparse.img", 64 << 20, 40)
image("dense.img", 4 << 20, 60)
image("sectors.img", 2 << 20, 50, 512)
image("odd.img", 3_000_001, 6)
image("huge.img", 5 << 40, 20)
PYTHON
cp --sparse=never sectors.img full.img
cp --sparse=always sparse.img changed.img
printf x | dd of=changed.img bs=1 seek=33333333 conv=notrunc status=none
cp sparse.img longer.img && truncate -s 80M longer.img
cp longer.img differs.img && printf x | dd of=differs.img bs=1 seek=70000000 conv=notrunc status=none

# both NAME ARGUMENTS...: stdout and exit status agree; both must say something on stderr, or none.
both() {
    local name=$1 theirs ours
    shift
    timeout 60 qemu-img "$@" >theirs 2>theirs.err
    theirs=$?
    timeout 60 "$IMG" "$@" >ours 2>ours.err
    ours=$?
    [ $theirs = $ours ] && cmp -s theirs ours && [ "$(grep -c . theirs.err | sed 's/[1-9].*/1/')" = "$(grep -c . ours.err | sed 's/[1-9].*/1/')" ]
    ok "img: $name" $? "$* -> $theirs, $ours: $(diff theirs ours | head -n 5) $(cat ours.err)"
}
for image in empty hole sparse dense sectors odd full; do
    both "info of $image" info -f raw $image.img
    both "info --output=json of $image" info --output=json -f raw $image.img
    both "map of $image" map -f raw $image.img
    both "map --output=json of $image" map --output=json -f raw $image.img
done
both "info of 5 TiB" info huge.img
both "map of 5 TiB" map --output=json huge.img
both "map of a part" map --output=json --start-offset=1M --max-length=3M -f raw sparse.img
both "map beyond the end" map --output=json --start-offset=100M -f raw sparse.img
both "check" check -f raw sparse.img
both "check --output=json" check --output=json sparse.img

both "compare: identical" compare sparse.img sparse.img
both "compare: holes or zeros" compare -f raw -F raw sectors.img full.img
both "compare -s: holes or zeros" compare -s sectors.img full.img
both "compare: one byte" compare sparse.img changed.img
both "compare: longer by zeros" compare sparse.img longer.img
both "compare: longer by zeros, the other way" compare longer.img sparse.img
both "compare -s: longer by zeros" compare -s sparse.img longer.img
both "compare: longer by more" compare sparse.img differs.img
both "compare: other sizes, and a byte before" compare longer.img changed.img
both "compare -q" compare -q sparse.img differs.img
both "compare: no such file" compare sparse.img none.img
both "compare: one file" compare sparse.img

# Where an image has data. Not its first 4 KiB: qemu-img writes these to learn how to align.
holes() {
    qemu-img map --output=json -f raw "$1" | python3 -c '
import json, sys
runs = [(max(r["start"], 4096), r["start"] + r["length"]) for r in json.load(sys.stdin) if r["data"]]
print([run for run in runs if run[0] < run[1]])'
}
for image in empty hole sparse dense sectors odd full; do
    qemu-img convert -f raw -O raw $image.img theirs.img && "$IMG" convert -f raw -O raw $image.img ours.img &&
        cmp theirs.img ours.img && [ "$(holes theirs.img)" = "$(holes ours.img)" ]
    ok "img: convert $image" $?
done
"$IMG" convert -S 0 hole.img ours.img && [ "$(stat -c %b ours.img)" -ge 20480 ] && cmp ours.img hole.img
ok "img: convert -S 0 leaves no holes" $?
"$IMG" convert -S 64k sparse.img ours.img && cmp ours.img sparse.img
ok "img: convert -S 64k" $?
cp full.img ours.img && "$IMG" convert -n hole.img ours.img 2>/dev/null
ok "img: convert -n refuses what is too small" $((! $?))
head -c 20M /dev/urandom >ours.img && "$IMG" convert -n hole.img ours.img &&
    cmp -n $((10 << 20)) ours.img hole.img && [ "$(stat -c %s ours.img)" = 20971520 ]
ok "img: convert -n writes zeros over what was there" $?
"$IMG" convert sparse.img dense.img ours.img && cat sparse.img dense.img | cmp - ours.img
ok "img: convert of two images" $?
"$IMG" convert -p sparse.img ours.img | tr '\r' '\n' | grep -q '(100.00/100%)'
ok "img: convert -p" $?
both "convert: no such file" convert none.img ours.img
both "convert: unknown format" convert -O nonesuch sparse.img ours.img
both "convert: onto itself" convert sparse.img sparse.img

for arguments in "10M" "1.5G" "1000" "0" "-o preallocation=off 2M" "-o preallocation=falloc 2M" \
    "-o preallocation=full 2M" "-q 3k" "-o size=4M"; do
    both "create $arguments" create -f raw made.img $arguments
    size=$(stat -c %s made.img)
    qemu-img create -q -f raw made.img $arguments
    [ "$size" = "$(stat -c %s made.img)" ]
    ok "img: create $arguments: size" $? "$size"
done
for arguments in "" "abc" "1M 2M" "9E" "-f nonesuch 1M" "-o nonesuch=1 1M" "-Z"; do
    both "create $arguments" create made.img $arguments
done
both "no such command" nonesuch
both "no directory" create -q none/made.img 1M

# Locks: what a guest writes to in QEMU is refused.
timeout 60 qemu-system-x86_64 -nodefaults -display none -S -device ide-hd,drive=d \
    -drive if=none,id=d,format=raw,file=sparse.img 2>/dev/null &
for ((i = 0; i < 100; i++)); do grep -q ":$(stat -c %i sparse.img) 201" /proc/locks && break; sleep 0.1; done
both "convert onto an image in use" convert -q -n dense.img sparse.img
both "convert from an image in use" convert -q sparse.img ours.img
both "convert -U from an image in use" convert -q -U sparse.img ours.img
both "info of an image in use" info -f raw sparse.img
kill $(jobs -p) 2>/dev/null
finish
