# Sourced by the scripts of disks that GRUB boots. Needs neither root nor a loop device.

# bootdisk TREE PRODUCT SIZE: OUT/PRODUCT.new, a hard disk of SIZE MiB
#   sector 0          GRUB's boot.img, and a partition table with one entry
#   sectors 1...      core.img, which finds its own sectors after the first by default
#   1 MiB...          an ext4 file system made of TREE by mke2fs -d
bootdisk() {
    local tree=$1 image=$out/$2.new core=$out/.$2.core id=6f2f1a52-2f4d-4c0e-9a37-5d8d3c1f7a10
    local modules="biosdisk part_msdos ext2 linux normal configfile serial terminal echo test halt reboot"
    local grub=$out/packages/grub-pc-bin/usr/lib/grub/i386-pc
    need grub-mkimage grub-common
    need mke2fs e2fsprogs
    fetch grub-pc-bin
    grub-mkimage -O i386-pc -d "$grub" -p '(hd0,msdos1)/boot/grub' -o "$core" $modules
    rm -f "$image"
    truncate -s "$3M" "$image"
    E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -d "$tree" -U $id -L reprise \
        -E offset=1048576,hash_seed=$id,root_owner=0:0 "$image" $(($3 - 1))M 2>"$out/.mke2fs" ||
        { cat "$out/.mke2fs" >&2; die "mke2fs could not make $2"; }
    python3 "$here/mbr.py" "$image" "$grub/boot.img" "$core"
    rm -f "$core" "$out/.mke2fs"
}
