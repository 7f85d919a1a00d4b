# A hard disk with a small Debian system: systemd, udev, a C compiler, its standard kernel; GRUB boots
# it to a login on the first serial port (root, password "reprise"). Sourced by build.sh. By debootstrap,
# so it needs root and the network (110 MB, kept in OUT/packages), and takes some minutes.
. "$here/grub.sh"
if ! fresh debian.img "$here"/{debian,grub}.sh; then
    need debootstrap debootstrap
    [ "$(id -u)" = 0 ] || die "debian.img needs root (debootstrap works in a chroot)"
    tree=$out/.debian
    rm -rf "$tree"
    mkdir -p "$out/packages/debootstrap"
    say "debootstrap (some minutes)"
    debootstrap --variant=minbase --cache-dir="$out/packages/debootstrap" \
        --include=systemd-sysv,udev,e2fsprogs,initramfs-tools,linux-image-amd64,tcc,libc6-dev \
        bookworm "$tree" http://deb.debian.org/debian >"$out/debootstrap.log" 2>&1 ||
        { tail -n 5 "$out/debootstrap.log" >&2; die "debootstrap failed; is the network there?"; }

    # The modules that this machine has use for; the others are 400 MB.
    find "$tree"/lib/modules/*/kernel -mindepth 1 -maxdepth 2 \
        \( -path '*/net/*' -o -path '*/sound' -o -path '*/drivers/[b-hj-oq-z]*' \
        -o -path '*/drivers/i[^n2]*' -o -path '*/drivers/p[^ac]*' \) \
        ! -path '*/drivers/scsi' ! -path '*/drivers/cdrom' ! -path '*/drivers/block' \
        ! -path '*/drivers/rtc' -prune -exec rm -rf {} +
    echo MODULES=list >"$tree/etc/initramfs-tools/conf.d/reprise"
    printf '%s\n' ata_piix sd_mod ext4 crc32c_generic >>"$tree/etc/initramfs-tools/modules"
    chroot "$tree" depmod "$(basename "$tree"/lib/modules/*)"
    chroot "$tree" update-initramfs -u >>"$out/debootstrap.log" 2>&1 || die "update-initramfs failed"
    echo root:reprise | chroot "$tree" chpasswd

    # Something to install: the smallest package with a program.
    (cd "$tree/root" && apt-get download -q hello >>"$out/debootstrap.log" 2>&1) ||
        die "cannot download hello; is the network there?"

    echo reprise >"$tree/etc/hostname"
    echo 6f2f1a522f4d4c0e9a375d8d3c1f7a10 >"$tree/etc/machine-id"
    echo '/dev/sda1 / ext4 errors=remount-ro 0 1' >"$tree/etc/fstab"
    rm -rf "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$tree"/dev/* "$tree"/usr/share/{doc,locale,man}/*
    cat >"$tree/boot/grub.cfg" <<'CONFIG'
serial --unit=0 --speed=115200
terminal_output serial console
set timeout=0
menuentry "Debian" {
    echo "GRUB loads Debian"
    linux /vmlinuz root=/dev/sda1 ro console=ttyS0,115200 mitigations=off nokaslr
    initrd /initrd.img
}
CONFIG
    mkdir -p "$tree/boot/grub"
    mv "$tree/boot/grub.cfg" "$tree/boot/grub/"
    bootdisk "$tree" debian.img 1024
    made debian.img
    rm -rf "$tree"
fi
