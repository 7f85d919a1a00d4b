#!/bin/bash
# Builds the test guests from Debian packages, which are downloaded but not installed.
#
#   tools/guests/build.sh OUT [GUEST ...]      default: cloud standard initramfs multiboot
#
# Makes in OUT, each by a script of this folder:
#   cloud                 cloud.bzImage: the kernel that linux-image-cloud-amd64 depends on
#   standard              standard.bzImage: the kernel that linux-image-amd64 depends on
#   initramfs             initramfs.gz: busybox-static and init.sh, the same bytes on every build
#   i686                  i686.bzImage: the kernel that linux-image-686 of i386 depends on; i686-initramfs.gz
#   cloud-disks           cloud-disks.gz: initramfs.gz and the kernel's modules for disks (modules.sh)
#   standard-disks        standard-disks.gz: likewise, and for floppies
#   workloads             workloads.gz: initramfs.gz and the programs of tests/bench
#   stress                stress.gz: initramfs.gz and the program of tests/guests/stress; stress: that program
#   multiboot             multiboot.elf: tests/guests/multiboot
#   story hammer          NAME.elf: tests/guests/c/NAME.c
#   testdisk              testdisk.img: 64 MiB of fixed pseudo-random bytes
#   isolinux              isolinux.iso: a CD that boots cloud.bzImage and cloud-disks.gz
#   grubdisk              grubdisk.img: a hard disk, GRUB in its MBR and gap, both on ext4
#   rescue                rescue.iso: grub-mkrescue's CD, with a menu
#   memtest               memtest.iso: Debian's memtest86+
#   floppy                floppy.img: a FAT floppy with files and their sums
#   debian                debian.img: a disk with a Debian system by debootstrap (root, and long)
#   MANIFEST              package versions and SHA-256 of each product
# What is there is not built again; `rm -r OUT` starts afresh. Messages go to stderr.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:?usage: tools/guests/build.sh OUT [GUEST ...]}
shift
[ $# -gt 0 ] || set -- cloud standard initramfs multiboot
mkdir -p "$out/packages"
out=$(cd "$out" && pwd)
. "$here/lib.sh"
exec 9>"$out/.lock"
flock 9                 # several tests may ask at once

# kernel NAME META: OUT/NAME.bzImage and NAME.modules.gz, from the package that META depends on
kernel() {
    local name=$1 meta=$2 package
    fresh "$name.modules.gz" "$here/modules.sh" && [ -s "$out/$name.bzImage" ] && return
    package=$(apt-cache "${apt[@]}" depends "$meta" 2>/dev/null |
        awk '$1 == "Depends:" && $2 ~ /^linux-image-[0-9]/ {print $2; exit}')
    [ -n "$package" ] || die "apt knows no kernel behind $meta; run 'apt-get update'"
    [ -d "$out/packages/$package$arch/lib/modules" ] || rm -rf "$out/packages/$package$arch"
    fetch "$package"
    cp "$out/packages/$package$arch"/boot/vmlinuz-* "$out/$name.bzImage.new"
    cp "$out/packages/$package$arch/.version" "$out/$name.version"
    mv "$out/$name.bzImage.new" "$out/$name.bzImage"
    "$here/modules.sh" "$out/packages/$package$arch"/lib/modules/* "$out/.modules"
    pack "$out/.modules" >"$out/$name.modules.gz.new"
    made "$name.modules.gz"
    rm -rf "$out/.modules" "$out/packages/$package$arch/lib/modules"       # large and used up
}

initramfs() {   # initramfs [PRODUCT]
    local product=${1:-initramfs.gz} tree=$out/.tree applet
    fresh "$product" "$here"/{build,lib,init,media-tests,poweroff}.sh && return
    fetch busybox-static
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,lib,mnt,proc,sys,tmp}
    cp "$out/packages/busybox-static$arch/bin/busybox" "$tree/bin/busybox"
    for applet in $("$tree/bin/busybox" --list); do
        case $applet in busybox | poweroff) ;; *) ln -s busybox "$tree/bin/$applet" ;; esac
    done
    install -m 755 "$here/init.sh" "$tree/init"
    install -m 755 "$here/poweroff.sh" "$tree/bin/poweroff"
    install -m 644 "$here/media-tests.sh" "$tree/lib/media-tests.sh"
    pack "$tree" >"$out/$product.new"
    made "$product"
    rm -rf "$tree"
}

# disks NAME: the kernel takes several archives, one after another
disks() {
    kernel "$1" "$2"
    initramfs
    cat "$out/initramfs.gz" "$out/$1.modules.gz" >"$out/$1-disks.gz.new"
    cmp -s "$out/$1-disks.gz.new" "$out/$1-disks.gz" && rm "$out/$1-disks.gz.new" ||
        mv "$out/$1-disks.gz.new" "$out/$1-disks.gz"
}

# program OUTPUT SOURCE ...: for Linux, by itself
program() { gcc -D_GNU_SOURCE -O2 -static -march=x86-64 -fno-pie -no-pie -fno-stack-protector -Wall -Wextra -s -Wl,--build-id=none -o "$@"; }

workloads() {
    local tree=$out/.tree name sources=$root/tests/bench
    initramfs
    fresh workloads.gz "$here"/{build,lib}.sh "$sources"/*.[ch] "$out/initramfs.gz" && return
    rm -rf "$tree"
    mkdir -p "$tree/bin"
    for name in int float x87 mem sys; do program "$tree/bin/bench-$name" "$sources/$name.c" -lm; done
    { cat "$out/initramfs.gz" && pack "$tree"; } >"$out/workloads.gz.new"
    made workloads.gz
    rm -rf "$tree"
}

stress() {
    local tree=$out/.tree sources=$root/tests/guests/stress
    initramfs
    fresh stress.gz "$here"/{build,lib}.sh "$sources"/*.[ch] "$out/initramfs.gz" && return
    rm -rf "$tree"
    mkdir -p "$tree/bin"
    (cd "$sources" && program "$tree/bin/stress" *.c -pthread)
    cp "$tree/bin/stress" "$out/stress"
    { cat "$out/initramfs.gz" && pack "$tree"; } >"$out/stress.gz.new"
    made stress.gz
    rm -rf "$tree"
}

multiboot() {
    local source=$root/tests/guests/multiboot/multiboot.asm
    [ "$out/multiboot.elf" -nt "$source" ] && return
    nasm -f elf32 -o "$out/multiboot.o" "$source"
    ld -m elf_i386 -nostdlib -Ttext=0x100000 -e start --build-id=none -o "$out/multiboot.elf" \
        "$out/multiboot.o"
}

# small NAME: a guest in C; neither libraries nor headers of the host
small() {
    local source=tests/guests/c/$1.c
    fresh "$1.elf" "$here/build.sh" "$root/tests/guests/c/guest.h" "$root/$source" && return
    (cd "$root" && gcc -m32 -O0 -g -Wall -Wextra -ffreestanding -fno-pie -fno-stack-protector -fcf-protection=none \
        -fno-asynchronous-unwind-tables -mgeneral-regs-only \
        -fdebug-prefix-map="$root=." -c -o "$out/$1.o" "$source")
    ld -m elf_i386 -n -nostdlib -Ttext=0x100000 -Tdata=0x200000 -e start --build-id=none --no-warn-rwx-segments \
        -o "$out/$1.elf.new" "$out/$1.o"
    made "$1.elf"
}

for part; do
    case $part in
    cloud) kernel cloud linux-image-cloud-amd64 ;;
    standard) kernel standard linux-image-amd64 ;;
    i686) (use_i386 && kernel i686 linux-image-686 && initramfs i686-initramfs.gz) ;;
    cloud-disks) disks cloud linux-image-cloud-amd64 ;;
    standard-disks) disks standard linux-image-amd64 ;;
    initramfs | multiboot | workloads | stress) $part ;;
    story | hammer) small "$part" ;;
    isolinux | grubdisk)
        disks cloud linux-image-cloud-amd64
        . "$here/$part.sh" ;;
    rescue | debian) . "$here/$part.sh" ;;
    testdisk | memtest | floppy) . "$here/small-media.sh"; $part ;;
    *) die "no guest is called '$part'; they stand at the top of tools/guests/build.sh" ;;
    esac
done
{
    cat "$out"/*.version "$out/packages/busybox-static/.version" 2>/dev/null || true
    (cd "$out" && for f in *.bzImage *.gz *.iso floppy.img grubdisk.img testdisk.img multiboot.elf; do
        [ ! -e "$f" ] || sha256sum "$f"
    done)
} >"$out/MANIFEST"
