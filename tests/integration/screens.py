#!/usr/bin/env python3
"""Every kind of picture: a guest sets each mode and draws; our screendump against the expected hash,
and with QEMU=qemu-system-x86_64 against QEMU's picture of the same guest.

    REPRISE=build/reprise BUILD=build tests/integration/screens.py [--update] [NAME ...]
    QEMU=qemu-system-x86_64 ... tests/integration/screens.py      compares with QEMU as well
    KEEP=DIR ... keeps the pictures
"""
import atexit
import hashlib
import os
import socket
import subprocess
import sys
import tempfile
import time

from pictures import read_ppm

REPRISE = os.environ.get("REPRISE", "build/reprise")
QEMU = os.environ.get("QEMU")
ROOT = os.path.dirname(os.path.abspath(__file__)) + "/../guests/vga"
GOLDENS = ROOT + "/screens.txt"
# In the order of the guest's table.
NAMES = """text-80 text-8-dots text-40 text-mono text-50 text-panned text-split text-fonts
mode-04 mode-05 mode-06 mode-0d mode-0e mode-0f mode-10 mode-11 mode-12 mode-13
mode-x rows-400 planes-off scrolled vbe-8 vbe-15 vbe-16 vbe-24 vbe-32
dispi-offset dispi-4 screen-off blank-palette vbe-16-banked text-cursor rows-wrap
split-graphics text-lines""".split()
# Where QEMU 7.2 draws otherwise than the VGA does, and how.
NOT_AS_QEMU = {
    "text-40": "halves the dot clock of nine dots as of eight: 640 dots, not 720",
    "text-mono": "does not underline",
    "text-panned": "does not pan text, nor begin in the middle of a row",
    "text-split": "does not split text",
    "text-lines": "repeats the eighth dot of B0h to BFh too",
    "text-cursor": "blinks by another clock",
    "scrolled": "does not pan by dots (split-graphics is the same without)",
    "dispi-4": "writes the first 64 KiB as if chain-4 were on",
    "screen-off": "ignores SR1 bit 5",
    "blank-palette": "shows black, not the overscan colour",
    "rows-wrap": "counts on behind the fourth 64 KiB",
}
failed = 0


def report(good, name, detail=""):
    global failed
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n    {detail}"), flush=True)
    failed += not good


class Machine:
    def __init__(self, program, arguments, scratch, name):
        self.paths = [f"{scratch}/{name}-{end}" for end in ("serial", "monitor")]
        self.process = subprocess.Popen(
            [program, "-display", "none", "-m", "16", "-kernel", f"{scratch}/vga.bin", *arguments,
             "-serial", f"unix:{self.paths[0]},server,nowait",
             "-monitor", f"unix:{self.paths[1]},server,nowait", "-S"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        self.serial, self.monitor = (self.connect(path) for path in self.paths)
        self.monitor.sendall(b"info status\n")  # greetings may be lost before we come
        self.prompt(b"VM status")
        self.command("cont")
        self.wait_for(b"r")

    def connect(self, path):
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(30)
        for _ in range(200):
            try:
                end.connect(path)
                return end
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"no socket {path}")

    def prompt(self, after=b""):
        text = b""
        while not text.endswith(b"(qemu) ") or after not in text:
            text += self.monitor.recv(4096)
        return text.decode(errors="replace")

    def command(self, line):
        self.monitor.sendall(line.encode() + b"\n")
        return self.prompt()

    def wait_for(self, byte):
        while (got := self.serial.recv(1)) != byte:
            if not got:
                raise SystemExit("the machine is gone")

    def screen(self, index, path):
        self.serial.sendall(bytes([ord("A") + index]))
        self.wait_for(b"k")
        self.command("stop")
        said = self.command("screendump " + path)
        self.command("cont")
        if "Error" in said:
            raise SystemExit(said)
        return read_ppm(path)

    def end(self):
        self.process.kill()
        self.process.wait()


def difference(ours, theirs):
    """None, or where two pictures differ. The lowest bits are only the stretching of 5 or 6 bits."""
    if ours[:2] != theirs[:2]:
        return f"{ours[0]}x{ours[1]} is {theirs[0]}x{theirs[1]} in QEMU"
    table = bytes(i >> 3 for i in range(256))
    a, b = ours[2].translate(table), theirs[2].translate(table)
    if a == b:
        return None
    places = [i // 3 for i in range(0, len(a), 3) if a[i:i + 3] != b[i:i + 3]]
    width = ours[0]
    return (f"{len(places)} of {len(a) // 3} pixels, first at {places[0] % width},"
            f"{places[0] // width}: {ours[2][places[0] * 3:places[0] * 3 + 3].hex()} is "
            f"{theirs[2][places[0] * 3:places[0] * 3 + 3].hex()} in QEMU; rows "
            f"{sorted({p // width for p in places})[:4]}...")


def digest(picture):
    return f"{picture[0]}x{picture[1]} {hashlib.sha256(picture[2]).hexdigest()[:32]}"


def main():
    arguments = sys.argv[1:]
    update = "--update" in arguments
    wanted = [a for a in arguments if a != "--update"] or NAMES
    goldens = {}
    if os.path.exists(GOLDENS):
        with open(GOLDENS) as file:
            for line in file:
                if line.strip() and line[0] != "#":
                    name, rest = line.split(None, 1)
                    goldens[name] = rest.split("  ")[0].strip()
    with tempfile.TemporaryDirectory() as scratch:
        keep = os.environ.get("KEEP", scratch)
        subprocess.run(["nasm", "-f", "bin", "-o", f"{scratch}/vga.bin", f"{ROOT}/vga.asm"], check=True)
        ours = Machine(REPRISE, ["-pace", "max", "-seed", "1", "-rtc", "base=2026-11-20"], scratch, "o")
        theirs = Machine(QEMU, ["-vga", "std", "-machine", "pc"], scratch, "t") if QEMU else None
        try:
            for name in wanted:
                index = NAMES.index(name)
                picture = ours.screen(index, f"{keep}/{name}.ppm")
                if theirs:
                    where = difference(picture, theirs.screen(index, f"{keep}/{name}.qemu.ppm"))
                if theirs and name not in NOT_AS_QEMU:
                    report(where is None, f"screen {name} as QEMU", where)
                if name == "text-cursor":
                    continue  # of either phase
                if update:
                    goldens[name] = digest(picture)
                else:
                    report(goldens.get(name) == digest(picture), f"screen {name}",
                           f"{digest(picture)}, expected {goldens.get(name)}")
        finally:
            ours.end()
            if theirs:
                theirs.end()
    if update:
        with open(GOLDENS, "w") as file:
            file.write("# Hashes of the pictures of vga.asm: name, size, SHA-256 of the RGB bytes.\n")
            for name in NAMES:
                if name in goldens:
                    file.write(f"{name} {goldens[name]}\n")
    sys.exit(failed > 0)


main()
