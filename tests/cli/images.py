"""Firmware, option ROMs, disks, floppies and CDs of every wrong size: refused with a message, or a
machine that runs."""
import os
import shutil
import tempfile

from harness import report, run, wrong

SEABIOS = "/usr/share/seabios"
KIB, MIB = 1 << 10, 1 << 20


def runs(name, arguments, seconds=120):
    """The machine runs for a while: it is stopped by the test's firmware or by its own end."""
    done = run("-display", "none", "-m", "16", "-serial", "null", "-device",
               "isa-debug-exit,iobase=0xf4,iosize=1", *arguments, timeout=seconds)
    report(done.returncode in (0, 33), "runs: " + name, f"{done.returncode} {done.stderr[:300]}")


with tempfile.TemporaryDirectory() as scratch:
    def path(name, content=None, size=None):
        full = os.path.join(scratch, name)
        with open(full, "wb") as file:
            file.write(content or b"")
            if size is not None:
                file.truncate(size)
        return full

    # A BIOS of one page's worth of code at the reset vector: out 0xf4, 0x10.
    def bios(size):
        code = bytes([0xB0, 0x10, 0xE6, 0xF4, 0xF4])
        image = bytearray(size)
        image[-16:-16 + len(code)] = code
        return path(f"bios{size}", bytes(image))

    for size in (64 * KIB, 128 * KIB, 256 * KIB, 16 * MIB):
        runs(f"a BIOS of {size >> 10} KiB", ["-bios", bios(size)])
    for size in (1, 1000, 65535, 65537, 4096, 68 * KIB):
        wrong(["-bios", path("odd", b"x", size)], "-bios", str(size))
    wrong(["-bios", path("zero", b"")], "-bios", "empty")
    wrong(["-bios", path("large", b"", 17 * MIB)], "-bios", "16 MiB")
    wrong(["-bios", path("sparse", b"", 1 << 40)], "-bios", "16 MiB")
    wrong(["-kernel", path("sparse", b"", 1 << 40)], "-kernel", "larger")

    # A VGA BIOS of any size and header; the machine's firmware decides whether to run it.
    exit_bios = bios(64 * KIB)
    rom = bytearray(open(SEABIOS + "/vgabios-stdvga.bin", "rb").read()) \
        if os.path.exists(SEABIOS + "/vgabios-stdvga.bin") else bytearray(32 * KIB)
    for name, content in (("size byte 0", rom[:2] + b"\0" + rom[3:]),
                          ("size byte 255", rom[:2] + b"\xff" + rom[3:]), ("odd", rom[:777]),
                          ("one byte", b"\x55"), ("64 KiB", (rom + bytes(64 * KIB))[:64 * KIB])):
        folder = os.path.join(scratch, "roms")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)
        with open(folder + "/vgabios-stdvga.bin", "wb") as file:
            file.write(content)
        runs("a VGA BIOS, " + name, ["-bios", exit_bios, "-L", folder])
    for size, part in ((0, "empty"), (64 * KIB + 1, "64 KiB"), (17 * MIB, "16 MiB")):
        with open(folder + "/vgabios-stdvga.bin", "wb") as file:
            file.truncate(size)
        wrong(["-bios", exit_bios, "-L", folder], part)

    # Images: an odd end is not the guest's; nothing at all is no disk.
    for option in ("-hda", "-fda", "-cdrom"):
        for size in (1, 511, 513, 1474561, 737280, 2049, 10 * MIB + 3):
            runs(f"{option} of {size} bytes", ["-bios", exit_bios, option, path("i", b"x", size)])
        wrong([option, path("none") + "x"], "nonex", "no such file")
        wrong([option, scratch], scratch)
    twice = path("twice", b"x", MIB)
    os.link(twice, twice + ".link")
    wrong(["-hda", twice, "-hdb", twice], "drive ide0-hd1", "in drive ide0-hd0 already")
    wrong(["-hda", twice, "-fda", twice + ".link"], "drive floppy0", "in drive ide0-hd0 already")
    runs("an image in two drives that only read it",
         ["-bios", exit_bios, "-drive", f"if=floppy,file={twice},readonly=on", "-cdrom", twice])
    wrong(["-kernel", path("elf64", b"\x7fELF\2\1\1" + b"\0" * 47 + b"\x38" + b"\0" * 9 +
                           bytes.fromhex("02b0ad1b00000000fe4f52e4") + b"\0" * 4000)], "64-bit")
