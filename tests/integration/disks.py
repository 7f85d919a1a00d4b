#!/usr/bin/env python3
"""Disks and what becomes of them, with a small guest of our own: the same hash from an image, from a
late one, and from a recording; images that changed, are elsewhere or gone; a recorder that is killed;
errors of the host under each policy; media that an operator changes.

    REPRISE=build/reprise tests/integration/disks.py
"""
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from machine import FIXED, REPRISE, Machine, finish, hash_in, report

BIOS = ["-bios", "/usr/share/seabios/bios-256k.bin", "-device", "isa-debug-exit,iobase=0x501"]
SIZE = 32 << 20
DONE = 1     # isa-debug-exit, of a guest that writes 0
random.seed(20)
CONTENT = random.randbytes(SIZE)


class Monitored(Machine):
    """With a monitor, which may have greeted before we came, or after."""

    def __init__(self, arguments, path):
        super().__init__(arguments, path)
        deadline = time.time() + 30
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        while time.time() < deadline:
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.02)
        self.socket.sendall(b"info status\n")
        while "VM status" not in self.answer():
            pass


def boot(scratch, *defines):
    out = f"{scratch}/boot.bin"
    subprocess.run(["nasm", "-f", "bin", *defines, "-o", out, "tests/guests/disks/disk.asm"],
                   check=True)
    with open(out, "rb") as source:
        return source.read()


def image(path, sector):
    with open(path, "wb") as out:
        out.write(sector + CONTENT[len(sector):])
    return path


def run(*arguments, stdin=subprocess.DEVNULL, seconds=120):
    """Exit status, hash, output, errors."""
    try:
        done = subprocess.run([REPRISE, "-state-hash", "-pace", "max", *arguments], stdin=stdin,
                              capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, None, b"", "it hangs"
    errors = done.stderr.decode(errors="replace")
    return done.returncode, hash_in(errors), done.stdout, errors


def live(*arguments):
    return run("-seed", "1", *FIXED, "-monitor", "none", "-serial", "stdio", *BIOS, *arguments)


def replay(file, *arguments):
    return run("-replay", file, *arguments)


def content_of(path):
    with open(path, "rb") as source:
        return source.read()


def same_run(scratch, sector):
    """The guest sees the same whatever stands behind its disk, and however late it is."""
    disk = image(f"{scratch}/disk.img", sector)
    plain = live("-hda", disk)
    good = plain[0] == DONE and re.fullmatch(rb"\.{200}[0-9a-f]{8}\n", plain[2])
    report(good, "disk: a guest works on it", plain)
    after = content_of(disk)
    report(after != sector + CONTENT[512:], "disk: what it wrote is in the image")
    for name, more in {"-snapshot": ["-snapshot"], "a late disk": ["-test-disk-delay", "3"],
                       "short slices": ["-test-slices", "5"]}.items():
        image(disk, sector)
        other = live("-hda", disk, *more)
        report(other[:3] == plain[:3], f"disk: {name}: the same hash", other)
        want = sector + CONTENT[512:] if name == "-snapshot" else after
        report(content_of(disk) == want, f"disk: {name}: the image")


def recorded(scratch, sector):
    disk, file = image(f"{scratch}/disk.img", sector), f"{scratch}/run.reprise"
    first = live("-hda", disk, "-record", file, "-test-disk-delay", "4")
    before = content_of(disk)
    for more in (), ("-test-disk-delay", "5"):
        again = replay(file, *more)
        report(first[0] == DONE and again[:3] == first[:3], f"disk: replayed {' '.join(more)}", again)
    report(content_of(disk) == before, "disk: a replay leaves the image alone")

    changed = bytearray(before)
    for at in range(700 << 10, SIZE, 1 << 16):
        changed[at] ^= 1
    for name, content, words in (("changed", changed, "has changed since"),
                                 ("shorter", before[:100000], "is shorter than"),
                                 ("gone", None, "-replay-disk ide0-hd0=PATH")):
        os.remove(disk)
        if content is not None:
            with open(disk, "wb") as out:
                out.write(content)
        again = replay(file)
        report(again[0] == 1 and words in again[3], f"disk: replay with the image {name}", again)
        if content is None:
            break
    with open(f"{scratch}/elsewhere.img", "wb") as out:
        out.write(before)
    again = replay(file, "-replay-disk", f"ide0-hd0={scratch}/elsewhere.img")
    report(again[:3] == first[:3], "disk: replay with the image elsewhere", again)

    image(disk, sector)
    embedded = live("-hda", disk, "-record", f"{file},embed=disks")
    os.remove(disk)
    again = replay(file)
    report(embedded[:2] == first[:2] and again[:3] == first[:3],
           "disk: embed=disks needs no image", again)


def killed(scratch, sector):
    """After kill -9 the recording plays up to its last commit, with the image as it was left."""
    file = f"{scratch}/run.reprise"
    played = 0
    for number in range(4):
        disk = image(f"{scratch}/disk.img", sector)
        machine = Machine([*BIOS, "-hda", disk, "-record", file])
        machine.wait_for(b"." * (1 + 200 * number))
        time.sleep(random.random() * 1.5)
        machine.process.send_signal(signal.SIGKILL)
        status, _ = machine.end()
        again = replay(file)
        report(status == -9 and again[0] == 0 and "cut off" in again[3] and again[1]
               and bytes(machine.output).startswith(again[2]),
               f"disk: recorder killed {number + 1}", again)
        played += len(again[2])
    report(played > 0, "disk: recorders killed: something plays")


def policies(scratch, sector):
    file = f"{scratch}/run.reprise"
    faults = ("ide0-hd0:write:3:ENOSPC,ide0-hd0:read:23*2:EIO,ide0-hd0:write:9:EIO,"
              "ide0-hd0:write:30*3:ENOSPC")
    for read, write, stops in (("report", "report", 0), ("ignore", "ignore", 0),
                               ("report", "enospc", 4), ("stop", "stop", 7)):
        name = f"disk: rerror={read},werror={write}"
        disk = image(f"{scratch}/disk.img", sector)
        machine = Monitored([*BIOS, "-drive", f"file={disk},format=raw,rerror={read},werror={write}",
                             "-record", file, "-test-faults", faults], f"{scratch}/{write}")
        seen, deadline = 0, time.time() + 60
        while stops and machine.process.poll() is None and time.time() < deadline:
            try:
                said = machine.command("info status")
                if "io-error" in said:
                    seen += 1
                    said = machine.command("info block")
                    report("I/O status:" in said, f"{name}: info block", said)
                    machine.command("cont")
            except OSError:
                break
            time.sleep(0.05)
        status, errors = machine.end()
        words = bytes(machine.output)
        good = status == DONE and (b"E" in words) == (read == "report") and seen >= min(stops, 1)
        report(good, name, f"{status} {seen} {errors} {words}")
        report(errors.count("the machine has stopped") == stops, f"{name}: stopped {stops} times",
               errors)
        again = replay(file)
        report(again[0] == DONE and again[1] == hash_in(errors) and again[2] == words,
               f"{name}: replayed", again)


def media(scratch, sector):
    """A floppy changed and taken out by the operator, and the recording of that."""
    file = f"{scratch}/run.reprise"
    disk = image(f"{scratch}/disk.img", sector)
    floppies = {}
    for letter in "ABZ":
        floppies[letter] = f"{scratch}/floppy {letter}.img"
        with open(floppies[letter], "wb") as out:
            out.write(letter.encode() * 1474560)
    machine = Monitored([*BIOS, "-hda", disk, "-fda", floppies["A"], "-boot", "c", "-record", file],
                        f"{scratch}/monitor")

    def after(command, word):
        start = len(machine.output)
        said = machine.command(command) if command else ""
        return report(machine.wait_for(word, start, 30) and "Error" not in said,
                      f"media: {command or 'start'}", said + repr(machine.output[-50:]))
    good = after("", b"A") and after("eject floppy0", b"-") and \
        after(f'change floppy0 "{floppies["B"]}" raw read-only', b"B")
    said = machine.command("info block") if good else ""
    report("floppy B.img (raw, read-only)" in said, "media: info block", said)
    report("Error: there is no drive" in machine.command("eject nothing"), "media: unknown drive")
    report("Error" in machine.command("eject ide0-hd0"), "media: a disk stays")
    report("Error" in machine.command(f"change floppy0 {scratch}/nothing"), "media: no such file")
    good = good and after(f'change floppy0 "{floppies["Z"]}"', b"Z")
    status, errors = machine.end(60 if good else 1)
    report(good and status == DONE, "media: to the end", f"{status} {errors}")
    for number in 1, 2:
        again = replay(file)
        report(again[0] == DONE and again[1] == hash_in(errors) and again[2] == machine.output,
               f"media: replay {number}", again)
    shutil.move(floppies["B"], f"{scratch}/elsewhere.img")
    again = replay(file)
    report(again[0] == 1 and "-replay-disk floppy0#2=PATH" in again[3], "media: one is gone", again)
    again = replay(file, "-replay-disk", f"floppy0#2={scratch}/elsewhere.img")
    report(again[0] == DONE and again[1] == hash_in(errors), "media: it is elsewhere", again)


def main():
    with tempfile.TemporaryDirectory() as scratch:
        small = boot(scratch)
        same_run(scratch, small)
        recorded(scratch, small)
        policies(scratch, small)
        media(scratch, boot(scratch, "-DFLOPPY"))
        killed(scratch, boot(scratch, "-DROUNDS=20000"))
    finish()


main()
