#!/usr/bin/env python3
"""Writes GRUB into the first sectors of a disk image, with one partition from 1 MiB to the end.

    mbr.py IMAGE BOOT.IMG CORE.IMG

As GRUB's manual has it ("BIOS installation"): boot.img in the master boot record, which reads sector 1;
there core.img begins, whose first sector reads the rest from sector 2 on."""
import os
import struct
import sys

image, boot, core = sys.argv[1:]
boot = open(boot, "rb").read()
core = open(core, "rb").read()
first = 2048
assert len(boot) == 512 and len(core) <= (first - 1) * 512, "GRUB does not fit before the partition"
sectors = os.path.getsize(image) // 512 - first
far = b"\xfe\xff\xff"     # too far for cylinders, heads and sectors: the LBA counts
entry = struct.pack("<B3sB3sII", 0x80, b"\x20\x21\x00", 0x83, far, first, sectors)
with open(image, "r+b") as disk:
    disk.write(boot[:440] + b"RPRS\0\0" + entry + bytes(48) + b"\x55\xaa")
    disk.write(core)
