# A hard disk that boots Linux by GRUB; sourced by build.sh.
. "$here/grub.sh"
if ! fresh grubdisk.img "$here"/{grubdisk,grub,lib}.sh "$out"/cloud{.bzImage,-disks.gz}; then
    tree=$out/.grubdisk
    rm -rf "$tree"
    mkdir -p "$tree/boot/grub"
    cp "$out/cloud.bzImage" "$tree/boot/vmlinuz"
    cp "$out/cloud-disks.gz" "$tree/boot/initrd.gz"
    cat >"$tree/boot/grub/grub.cfg" <<'CONFIG'
serial --unit=0 --speed=115200
terminal_output serial console
terminal_input serial console
set timeout=0
menuentry "Linux" {
    echo "GRUB loads Linux"
    linux /boot/vmlinuz console=ttyS0,115200 quiet mitigations=off nokaslr work=diskboot
    initrd /boot/initrd.gz
}
CONFIG
    find "$tree" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    bootdisk "$tree" grubdisk.img 64
    made grubdisk.img
    rm -rf "$tree"
fi
