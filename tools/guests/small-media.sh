# Media of a few lines each; sourced by build.sh.

# The same 64 MiB everywhere: an xorshift generator in awk would take minutes, AES-like needs no tool;
# a hash in counter mode is in Python already.
testdisk() {
    fresh testdisk.img "$here/small-media.sh" && return
    python3 -c '
import hashlib, sys
for block in range(64 << 8):
    sys.stdout.buffer.write(hashlib.shake_128(b"reprise test disk %d" % block).digest(4096))
' >"$out/testdisk.img.new"
    made testdisk.img
}

memtest() {
    [ -s "$out/memtest.iso" ] && return
    fetch memtest86+
    cp "$out/packages/memtest86+/.version" "$out/memtest.version"
    cp "$out/packages/memtest86+/usr/lib/memtest86+/memtest86+x64.iso" "$out/memtest.iso.new"
    mv "$out/memtest.iso.new" "$out/memtest.iso"
}

# 1.44 MB, FAT12; with mtools, so that nothing is mounted. A long name, a folder, a file of clusters.
floppy() {
    local image=$out/floppy.img.new tree=$out/.floppy size
    fresh floppy.img "$here/small-media.sh" && return
    need mformat mtools
    rm -rf "$tree" "$image"
    mkdir -p "$tree/FOLDER"
    for size in 0 1 512 513 20000 300000; do
        { yes "floppy file $size" || true; } | head -c $size >"$tree/SIZE$size.DAT"
    done
    mv "$tree/SIZE20000.DAT" "$tree/FOLDER/a name longer than eight and three"
    (cd "$tree" && find . -type f | sort | xargs -d '\n' sha256sum >"$out/.SUMS")
    mv "$out/.SUMS" "$tree/SUMS"
    find "$tree" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    truncate -s 1474560 "$image"
    mformat -i "$image" -f 1440 -N 20231114 -v REPRISE ::
    (cd "$tree" && mcopy -i "$image" -s -m SIZE* FOLDER SUMS ::)
    made floppy.img
    rm -rf "$tree"
}
