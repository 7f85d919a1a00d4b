#!/bin/bash
# Picks what disks need out of a kernel's modules: tools/guests/modules.sh LIB-MODULES-VERSION TREE
#
# Makes TREE/lib/modules/FILE.ko and, for each group, TREE/lib/modules/GROUP: its files, each after
# those it depends on, which `load GROUP` of media-tests.sh feeds to insmod. What the kernel has built
# in, or does not have (the cloud kernel has no floppy), is left out.
set -eu
export LC_ALL=C
from=$1 tree=$2
rm -rf "$tree"
mkdir -p "$tree/lib/modules"

# add GROUP MODULE: with what it depends on, by the module's own word
add() {
    local group=$1 file dependency list=$tree/lib/modules/$1
    file=$(find "$from" -name "${2//_/[-_]}.ko" | head -n1)
    [ -n "$file" ] || return 0
    ! grep -qxF "${file##*/}" "$list" || return 0
    for dependency in $(objcopy -O binary -j .modinfo "$file" /dev/stdout | tr '\0' '\n' |
        sed -n 's/^depends=//p' | tr ',' ' '); do
        add "$group" "$dependency"
    done
    cp "$file" "$tree/lib/modules/"
    echo "${file##*/}" >>"$list"
}

while read -r group modules; do
    : >"$tree/lib/modules/$group"
    for module in $modules; do add "$group" "$module"; done
done <<'GROUPS'
disk crct10dif_generic ata_piix sd_mod
cdrom ata_piix sr_mod isofs
floppy floppy
ext4 crc32c_generic ext4
vfat nls_cp437 nls_ascii vfat
GROUPS
