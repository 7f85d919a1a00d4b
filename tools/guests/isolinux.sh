# A CD that boots Linux by ISOLINUX; sourced by build.sh.
#
# The label is chosen by the boot prompt on the first serial port; after half a second it is `shell`.
# Beside the kernel there are files for work=cdrom, with their SUMS.
iso=isolinux.iso
if ! fresh $iso "$here"/{isolinux,lib}.sh "$out"/cloud{.bzImage,-disks.gz}; then
    need xorriso xorriso
    fetch isolinux
    fetch syslinux-common
    tree=$out/.isolinux
    rm -rf "$tree"
    mkdir -p "$tree/isolinux" "$tree/folder"
    cp "$out/packages/isolinux/usr/lib/ISOLINUX/isolinux.bin" \
        "$out/packages/syslinux-common/usr/lib/syslinux/modules/bios/ldlinux.c32" "$tree/isolinux/"
    cp "$out/cloud.bzImage" "$tree/vmlinuz"
    cp "$out/cloud-disks.gz" "$tree/initrd.gz"
    for size in 0 1 2047 2048 2049 700000; do
        { yes "cd file $size" || true; } | head -c $size >"$tree/folder/a file of $size bytes"
    done
    (cd "$tree" && find . -type f ! -path './isolinux/*' | sort | xargs -d '\n' sha256sum >"$out/.SUMS")
    mv "$out/.SUMS" "$tree/SUMS"
    cat >"$tree/isolinux/isolinux.cfg" <<'CONFIG'
SERIAL 0 115200
PROMPT 1
TIMEOUT 5
DEFAULT shell
LABEL shell
 KERNEL /vmlinuz
 INITRD /initrd.gz
 APPEND console=ttyS0,115200 quiet mitigations=off nokaslr
LABEL cdrom
 KERNEL /vmlinuz
 INITRD /initrd.gz
 APPEND console=ttyS0,115200 quiet mitigations=off nokaslr work=cdrom
CONFIG
    find "$tree" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
    xorriso -as mkisofs -quiet -R -V REPRISE -o "$out/$iso.new" -b isolinux/isolinux.bin \
        -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table "$tree" \
        2>"$out/.xorriso" || { cat "$out/.xorriso" >&2; die "xorriso could not make $iso"; }
    made $iso
    rm -rf "$tree" "$out/.xorriso"
fi
