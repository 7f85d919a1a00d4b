#!/bin/bash
# Builds the Linux test guests from Debian packages, which are downloaded but not installed.
#
#   tools/guests/build.sh OUT [cloud|standard|initramfs|multiboot ...]     default: all
#
# Makes in OUT:
#   cloud.bzImage         the kernel that linux-image-cloud-amd64 depends on
#   standard.bzImage      the kernel that linux-image-amd64 depends on
#   initramfs.gz          busybox-static and tools/guests/init.sh, the same bytes on every build
#   multiboot.elf         tests/guests/multiboot
#   MANIFEST              package versions and SHA-256 of each product
# What is there is not built again; `rm -r OUT` starts afresh. Messages go to stderr.
set -eu
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1700000000
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:?usage: tools/guests/build.sh OUT [cloud|standard|initramfs|multiboot ...]}
shift
[ $# -gt 0 ] || set -- cloud standard initramfs multiboot
mkdir -p "$out/packages"
out=$(cd "$out" && pwd)
exec 9>"$out/.lock"
flock 9                 # several tests may ask at once

say() { echo "guests: $*" >&2; }
die() { say "$*"; exit 1; }

# fetch PACKAGE: unpacks it in OUT/packages/PACKAGE
fetch() {
    local package=$1 dir=$out/packages/$1 work
    [ -d "$dir" ] && return
    work=$(mktemp -d "$out/packages/.work.XXXXXX")
    say "downloading $package"
    if ! (cd "$work" && apt-get download -q "$package") >"$work/log" 2>&1; then
        cat "$work/log" >&2
        rm -rf "$work"
        die "cannot download $package; is the network there, and has 'apt-get update' run?"
    fi
    dpkg-deb -x "$work"/*.deb "$work/tree"
    dpkg-deb -f "$work"/*.deb Package Version >"$work/tree/.version"
    chmod 755 "$work/tree"
    mv "$work/tree" "$dir"
    rm -rf "$work"
}

# kernel NAME META: OUT/NAME.bzImage from the package that META depends on
kernel() {
    local name=$1 meta=$2 package
    [ -s "$out/$name.bzImage" ] && return
    package=$(apt-cache depends "$meta" 2>/dev/null |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ {print $2; exit}')
    [ -n "$package" ] || die "apt knows no kernel behind $meta; run 'apt-get update'"
    fetch "$package"
    cp "$out/packages/$package"/boot/vmlinuz-* "$out/$name.bzImage.new"
    cp "$out/packages/$package/.version" "$out/$name.version"
    mv "$out/$name.bzImage.new" "$out/$name.bzImage"
    rm -rf "$out/packages/$package/lib/modules"       # large and not used
}

initramfs() {
    local tree=$out/.tree key applet
    key=$(cat "$here"/{build,init,poweroff}.sh | sha256sum)
    [ -s "$out/initramfs.gz" ] && [ "$(cat "$out/.initramfs.key" 2>/dev/null)" = "$key" ] && return
    fetch busybox-static
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,proc,sys,tmp}
    cp "$out/packages/busybox-static/bin/busybox" "$tree/bin/busybox"
    for applet in $("$tree/bin/busybox" --list); do
        case $applet in busybox | poweroff) ;; *) ln -s busybox "$tree/bin/$applet" ;; esac
    done
    install -m 755 "$here/init.sh" "$tree/init"
    install -m 755 "$here/poweroff.sh" "$tree/bin/poweroff"
    find "$tree" -exec touch -hd "@$SOURCE_DATE_EPOCH" {} +
    (cd "$tree" && find . -print0 | sort -z |
        cpio --null -o -H newc --reproducible --owner=+0:+0 --quiet | gzip -9n) >"$out/initramfs.gz.new"
    mv "$out/initramfs.gz.new" "$out/initramfs.gz"
    echo "$key" >"$out/.initramfs.key"
    rm -rf "$tree"
}

multiboot() {
    local source=$root/tests/guests/multiboot/multiboot.asm
    [ "$out/multiboot.elf" -nt "$source" ] && return
    nasm -f elf32 -o "$out/multiboot.o" "$source"
    ld -m elf_i386 -nostdlib -Ttext=0x100000 -e start --build-id=none -o "$out/multiboot.elf" \
        "$out/multiboot.o"
}

for part; do
    case $part in
    cloud) kernel cloud linux-image-cloud-amd64 ;;
    standard) kernel standard linux-image-amd64 ;;
    initramfs | multiboot) $part ;;
    *) die "no guest is called '$part'; there are cloud, standard, initramfs, multiboot" ;;
    esac
done
{
    cat "$out"/*.version "$out/packages/busybox-static/.version" 2>/dev/null || true
    (cd "$out" && for f in *.bzImage initramfs.gz multiboot.elf; do
        [ ! -e "$f" ] || sha256sum "$f"
    done)
} >"$out/MANIFEST"
