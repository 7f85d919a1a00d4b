# What the first process of the test guests does with disks; sourced by init.sh for work=NAME.
#
#   diskinit  loads the drivers, and finds the disk: what diskread takes longer is the reading
#   diskread  64 MiB of the first hard disk, past the page cache
#   disksum   its first 64 MiB, hashed
#   diskfs    makes a file system on it, writes files, mounts it anew, and compares them
#   diskcheck mounts what diskfs left, and compares again
#   diskboot  writes files beside the kernel on the partition that was booted, and compares them
#   cdrom     mounts the first CD and compares its files with the SUMS on it
#   floppy    likewise, and writes a file that is read back after it was mounted anew

# load GROUP: the kernel modules of a group (tools/guests/modules.sh), once
load() {
    local module
    [ -f /lib/modules/$1 ] || return 0
    while read -r module; do
        grep -q "^$(echo ${module%.ko} | tr - _) " /proc/modules || insmod /lib/modules/$module
    done </lib/modules/$1
}

# await DEVICE: a driver finds its disks in its own time
await() {
    local waited=0
    until [ -b $1 ]; do
        [ $waited -lt 300 ] || { echo "no $1"; return 1; }
        sleep 0.1
        waited=$((waited + 1))
    done
}
disk() { load disk && await /dev/sda; }

diskinit() { disk && dd if=/dev/sda of=/dev/null bs=64k count=1 iflag=direct 2>&1; }
diskread() { disk && dd if=/dev/sda of=/dev/null bs=64k count=1024 iflag=direct 2>&1; }
disksum() { disk && head -c 67108864 /dev/sda | sha256sum; }

# fill DIR SEED: files of many sizes whose contents follow from their names
fill() {
    local size
    for size in 0 1 511 512 4097 70000 1500000; do
        yes "$2 $size" | head -c $size >"$1/$2.$size" || return 1
    done
    mkdir -p "$1/deep/er" && ln -s ../$2.512 "$1/deep/link" && mv "$1/$2.1" "$1/deep/er/$2.1"
}
verify() {
    local file name
    for file in $1/*.* $1/deep/er/*.*; do
        name=${file##*/}
        yes "${name%.*} ${name##*.}" | head -c ${name##*.} | cmp - $file || return 1
    done
    cmp $1/deep/link $1/deep/../$2.512 && echo "files agree"
}
diskfs() {
    disk && load ext4 && mke2fs -F /dev/sda >/dev/null && mount -t ext4 /dev/sda /mnt &&
        fill /mnt one && umount /mnt && mount -t ext4 /dev/sda /mnt && verify /mnt one && umount /mnt
}
diskcheck() {
    disk && load ext4 && mount -t ext4 -o ro /dev/sda /mnt && verify /mnt one && umount /mnt
}
diskboot() {
    disk && load ext4 && await /dev/sda1 && mount -t ext4 /dev/sda1 /mnt && mkdir -p /mnt/new &&
        fill /mnt/new one && umount /mnt && mount -t ext4 /dev/sda1 /mnt && verify /mnt/new one &&
        umount /mnt
}
cdrom() {
    load cdrom && await /dev/sr0 && mount -t iso9660 -o ro /dev/sr0 /mnt &&
        (cd /mnt && sha256sum -c SUMS) && umount /mnt
}
floppy() {
    load floppy && load vfat && await /dev/fd0 && mount -t vfat /dev/fd0 /mnt &&
        (cd /mnt && sha256sum -c SUMS) && yes floppy | head -c 30000 >/mnt/WRITTEN && umount /mnt &&
        mount -t vfat -o ro /dev/fd0 /mnt && yes floppy | head -c 30000 | cmp - /mnt/WRITTEN &&
        echo "written agrees" && umount /mnt
}
