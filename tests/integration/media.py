#!/usr/bin/env python3
"""Linux from a CD, from a hard disk and from a menu that keys drive; each recorded and replayed.

    REPRISE=build/reprise GUESTS=build/guests tests/integration/media.py [NAME ...]
    MEDIA_ON=qemu tests/integration/media.py     the same sessions on QEMU

Names: isolinux grubdisk rescue linux changes floppy, and the long ones of `make soak`: debian debian-max
memtest."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import debian
from debian import e2fsck
from machine import GUESTS, ON_QEMU, QUIET, build, finish, report, session
from pictures import read_ppm, text_of

os.environ["PATH"] += ":/usr/sbin:/sbin"
SIZES = [0, 1, 511, 512, 4097, 70000, 1500000]     # of media-tests.sh's fill


def until_bye(*words):
    """A player that types nothing: the run ends by itself, having said all of `words`."""
    def play(machine):
        machine.wait_for(b"reboot: Power down")
        missing = [w for w in words if w.encode() not in machine.output]
        return report(not missing, "what the guest found", missing) if missing else True
    return play


def content(stem, size):
    line = f"{stem} {size}\n".encode()
    return (line * (size // len(line) + 1))[:size]


def files(name, image, folder, stem):
    """What the guest wrote, as the host reads it from the image."""
    wrong = []
    for size in SIZES:
        path = f"{folder}/deep/er/{stem}.1" if size == 1 else f"{folder}/{stem}.{size}"
        done = subprocess.run(["debugfs", "-R", f"cat {path}", image], capture_output=True)
        if done.stdout != content(stem, size):
            wrong.append((path, len(done.stdout), done.stderr[-100:]))
    report(not wrong, f"{name}: the host reads the same files", wrong)


def sha256(path):
    with open(path, "rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def isolinux(scratch):
    def play(machine):
        if not machine.wait_for(b"reprise:/# "):
            return False
        machine.type(". /lib/media-tests.sh; cdrom\n")
        found = machine.wait_for(b"./vmlinuz: OK")
        machine.type("poweroff\n")
        return machine.wait_for(b"reboot: Power down") and found
    iso = shutil.copy(f"{GUESTS}/isolinux.iso", scratch)
    session("CD by ISOLINUX", ["-cdrom", iso], f"{scratch}/recording", play)


def grubdisk(scratch):
    name, image = "disk by GRUB", shutil.copy(f"{GUESTS}/grubdisk.img", scratch)
    play = until_bye("GRUB loads Linux", "files agree", "END diskboot 0")
    before = sha256(image)
    session(f"{name}, -snapshot", ["-hda", image, "-snapshot"], f"{scratch}/recording", play, ())
    report(sha256(image) == before, f"{name}: -snapshot leaves the image alone")
    session(name, ["-drive", f"file={image},format=raw"], f"{scratch}/recording", play,
            ((), ("-test-slices", "3")))
    report(sha256(image) != before, f"{name}: the image was written")
    e2fsck(name, f"{image}?offset=1048576")
    files(name, f"{image}?offset=1048576", "/new", "one")


def rescue(scratch):
    """A command at GRUB's prompt, back to the menu, and its second entry."""
    def play(machine):
        steps = [("Nothing", "c"), ("grub> ", "echo $grub_platform.\n"), ("pc.", ["esc"]),
                 ("Nothing", ["down"]), ("Turn off", ["ret"])]
        start = 0
        for prompt, keys in steps:
            if not machine.wait_for(prompt.encode(), start, 120):
                print(f"no {prompt!r}")
                return False
            machine.until_quiet()
            start = len(machine.output)
            if not machine.keys(keys):
                return False
        return machine.wait_for(b"GRUB turns off", start)
    iso = shutil.copy(f"{GUESTS}/rescue.iso", scratch)
    session("GRUB's rescue CD, by keys", ["-cdrom", iso], f"{scratch}/recording", play,
            monitor=f"{scratch}/monitor")


def linux(scratch):
    """The drivers of Linux alone: all of a disk, a file system on it, a CD beside it."""
    name, image = "Linux on IDE", shutil.copy(f"{GUESTS}/testdisk.img", scratch)
    iso = shutil.copy(f"{GUESTS}/isolinux.iso", scratch)
    session(name, ["-kernel", f"{GUESTS}/cloud.bzImage", "-initrd", f"{GUESTS}/cloud-disks.gz",
                   "-append", f"{QUIET} work=disksum,diskfs,diskcheck,cdrom",
                   "-drive", f"file={image},format=raw", "-cdrom", iso], f"{scratch}/recording",
            until_bye(sha256(f"{GUESTS}/testdisk.img"), "END disksum 0", "END diskfs 0",
                      "END diskcheck 0", "./vmlinuz: OK", "END cdrom 0"))
    e2fsck(name, image)
    files(name, image, "", "one")


def changes(scratch):
    """CDs that the operator takes out and puts in, also while Linux has one mounted and the tray locked."""
    discs = {}
    for word in "first", "second":
        os.mkdir(f"{scratch}/{word}")
        discs[word] = f"{scratch}/{word} disc.iso"
        with open(f"{scratch}/{word}/word", "w") as out:
            out.write(f"the {word} disc\n" * (1000 if word == "second" else 1))
        subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-R", "-o", discs[word],
                        f"{scratch}/{word}"], check=True, stderr=subprocess.DEVNULL)
    read = "mount -t iso9660 -o ro /dev/sr0 /mnt && sort -u /mnt/word; echo =$?"
    # What is typed, or is a command of the monitor, and what the answer has in it.
    dialogue = [("type", ". /lib/media-tests.sh; load cdrom && await /dev/sr0; echo =$?", "=0"),
                ("type", read, "the first disc"),
                ("hmp", "info block ide1-cd0", "Removable device: locked, tray closed"),
                ("hmp", "eject ide1-cd0", "Error: "),
                ("hmp", f'change ide1-cd0 "{discs["second"]}"', "Error: "),
                ("type", "cat /mnt/word; umount /mnt; echo =$?", "the first disc\r\n=0"),
                ("hmp", "info block ide1-cd0", "Removable device: not locked, tray closed"),
                ("hmp", "eject ide1-cd0", ""),
                ("hmp", "info block ide1-cd0", "[not inserted]"),
                ("type", read, "No medium found"),
                ("hmp", f'change ide1-cd0 "{discs["second"]}"', ""),
                ("type", read, "the second disc"),
                ("hmp", "eject -f ide1-cd0", ""),
                ("type", "umount /mnt; " + read, "No medium found"),
                ("hmp", f'change ide1-cd0 "{discs["first"]}"', ""),
                ("type", read, "the first disc"),
                ("type", "umount /mnt; poweroff", "reboot: Power down")]

    def play(machine):
        start = 0
        for how, line, words in dialogue:
            if how == "hmp":
                said, deadline = machine.command(line), time.time() + 60
                while line.startswith("info") and words not in said and time.time() < deadline:
                    said = machine.command(line)     # what was asked for comes at a boundary
                good = words in said and words.startswith("Error") == ("Error" in said)
            else:
                good = machine.wait_for(b"reprise:/# ", start)
                start = len(machine.output)
                machine.type(line + "\n")
                good = good and machine.wait_for(words.encode(), start)
                said = bytes(machine.output[start:])
            if not good:
                return report(False, f"CDs changed: {line}", said)
        return True
    session("CDs changed", ["-kernel", f"{GUESTS}/cloud.bzImage", "-initrd", f"{GUESTS}/cloud-disks.gz",
                            "-append", QUIET, "-cdrom", discs["first"]], f"{scratch}/recording", play,
            ((), ("-test-slices", "4")), monitor=f"{scratch}/monitor")


def floppy(scratch):
    name, image = "Linux and a floppy", shutil.copy(f"{GUESTS}/floppy.img", scratch)
    session(name, ["-kernel", f"{GUESTS}/standard.bzImage", "-initrd", f"{GUESTS}/standard-disks.gz",
                   "-append", f"{QUIET} work=floppy",
                   "-drive", f"if=floppy,file={image},format=raw"], f"{scratch}/recording",
            until_bye("./SIZE300000.DAT: OK", "written agrees", "END floppy 0"))
    done = subprocess.run(["mtype", "-i", image, "::WRITTEN"], capture_output=True)
    report(done.stdout == (b"floppy\n" * 5000)[:30000], f"{name}: the host reads the same file")


def a_debian(scratch, name="Debian by GRUB", machine=()):
    image = f"{scratch}/debian.img"
    session(name, [*debian.disk(image), *machine], f"{scratch}/recording", debian.play)
    e2fsck(name, f"{image}?offset=1048576")
    files(name, f"{image}?offset=1048576", "/made", "one")


def debian_max(scratch):
    """All that the processor has, and four of it."""
    a_debian(scratch, "Debian on -cpu max -smp 4", ["-cpu", "max", "-smp", "4"])


def memtest(scratch):
    """The first pass of memtest86+ without its bit fade test, which waits for minutes; what the screen
    says at the end is also kept as $BUILD/log/memtest.png."""
    picture = os.path.join(os.environ.get("BUILD", "build"), "log", "memtest.png")
    os.makedirs(os.path.dirname(picture), exist_ok=True)
    iso = shutil.copy(f"{GUESTS}/memtest.iso", scratch)
    # What the screen says, and the keys for it: menus of function keys over the running test.
    dialogue = [("Errors: 0", "f1"), ("Test selection", "f1"), ("Remove one test", "f2"),
                ("Enter test", "1"), ("Enter test", "0"), ("Enter test", "ret"),
                ("*.********.", "f10"), ("Test selection", "f10"),
                ("Status: Pass", None), ("Errors: 0\n", None)]

    def shown(machine, words, seconds=1200):
        screen, deadline = "", time.time() + seconds
        while time.time() < deadline and machine.process.poll() is None:
            machine.command(f"screendump {scratch}/screen.ppm")
            screen = "".join(f"{line}\n" for line in text_of(read_ppm(f"{scratch}/screen.ppm")))
            if re.search(r"Errors: *[1-9]", screen):
                break
            if words in screen:
                return True
            time.sleep(0.5)
        print(f"no {words!r} on the screen:\n{screen}")
        return False

    def play(machine):
        for words, key in dialogue:
            if not shown(machine, words):
                return False
            if key:
                machine.command(f"sendkey {key} 20")
        said = machine.command(f"screendump {picture} -f png")
        machine.command("quit")
        return report(os.path.exists(picture), "memtest86+: a picture of it", said)
    session("memtest86+", ["-m", "16", "-cdrom", iso], f"{scratch}/recording", play,
            monitor=f"{scratch}/monitor")


TESTS = {"isolinux": (isolinux, ["isolinux"]), "grubdisk": (grubdisk, ["grubdisk"]),
         "rescue": (rescue, ["rescue"]), "linux": (linux, ["cloud-disks", "testdisk", "isolinux"]),
         "changes": (changes, ["cloud-disks"]),
         "floppy": (floppy, ["standard-disks", "floppy"]),
         "debian": (a_debian, ["debian"]), "debian-max": (debian_max, ["debian"]),
         "memtest": (memtest, ["memtest"])}
SHORT = ["isolinux", "grubdisk", "rescue", "linux", "changes", "floppy"]


def main():
    names = sys.argv[1:] or SHORT
    build(*(guest for name in names for guest in TESTS[name][1]))
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            TESTS[name][0](scratch)


main()
finish()
