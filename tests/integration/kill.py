#!/usr/bin/env python3
"""Recorders that are killed at any time, and files that are cut anywhere or have one bit changed: what
was recorded plays up to its last flush, keyframes included, or is refused; it never plays wrong. No more
than the last second is lost.

    KILLS=5 REPRISE=build/reprise BUILD=build tests/integration/kill.py
"""
import os
import random
import signal
import subprocess
import tempfile
import time

from machine import GUESTS, QUIET, REPRISE, build, finish, report

LOG = os.environ.get("LOG", os.path.join(os.environ.get("BUILD", "build"), "reprise-log"))
DEEP = bool(os.environ.get("DEEP"))
KILLS = int(os.environ.get("KILLS", "200" if DEEP else "5"))
CUTS = int(os.environ.get("CUTS", "400" if DEEP else "10"))
SECONDS = 6.0 if DEEP else 1.6   # that a recorder has at most
FLUSH = 1.0                      # what may be lost, in seconds
SLOW = 0.3                       # of a busy host
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
random.seed(SEED)
SIZE = 32 << 20
played = 0


def log(*words):
    return subprocess.run([LOG, *words], capture_output=True, stdin=subprocess.DEVNULL, timeout=300)


def guest(scratch):
    """A boot sector that reads and writes for long, and says a dot each time."""
    boot = f"{scratch}/boot.bin"
    subprocess.run(["nasm", "-f", "bin", "-DROUNDS=60000", "-o", boot,
                    "tests/guests/disks/disk.asm"], check=True)
    with open(boot, "rb") as source:
        return source.read()


def command(guest, file, keyframes):
    return [REPRISE, "-rtc", "base=2026-11-20T12:00:00", "-seed", "1", "-pace", "max", "-display", "none",
            "-monitor", "none", "-serial", "stdio", *guest, "-record", f"{file},keyframes={keyframes}"]


def with_disk(disk):
    return ["-m", "64", "-bios", "/usr/share/seabios/bios-256k.bin", "-hda", disk]


def linux():
    return ["-m", "256", "-kernel", f"{GUESTS}/cloud.bzImage", "-initrd", f"{GUESTS}/initramfs.gz",
            "-append", QUIET.replace(" quiet", "") + " work=sum"]


def killed(scratch, sector, number):
    global played
    disk, file = f"{scratch}/disk.img", f"{scratch}/run"
    with open(disk, "wb") as out:
        out.write(sector)
        out.truncate(SIZE)
    if os.path.exists(file):
        os.remove(file)
    keyframes = random.choice([1_000_000, 20_000_000, 400_000_000])
    machine = linux() if DEEP and number % 4 == 0 else with_disk(disk)
    process = subprocess.Popen(command(machine, file, keyframes), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.set_blocking(process.stdout.fileno(), False)
    begin, end = time.monotonic(), time.monotonic() + random.random() * SECONDS
    output, said = bytearray(), []      # and how much was said at what time
    while time.monotonic() < end and process.poll() is None:
        piece = process.stdout.read()
        if piece:
            output.extend(piece)
            said.append((time.monotonic(), len(output)))
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    at = time.monotonic()
    os.set_blocking(process.stdout.fileno(), True)
    output.extend(process.stdout.read())
    ended = process.wait() != -signal.SIGKILL      # before it was killed
    name = f"kill {number}: after {at - begin:.2f} s, a keyframe each {keyframes}"
    sure = max((length for when, length in said if when < at - FLUSH - SLOW), default=0)
    done = log("verify", file)
    if not sure and (not os.path.exists(file) or b"cut before" in done.stderr):
        return                  # it had no time to begin
    if not report(done.returncode == 0 and (b"cut off" in done.stdout) != ended, name,
                  f"seed {SEED}: {done.returncode}: {done.stdout} {done.stderr}"):
        return
    played += 1
    text = log("extract", file, "serial").stdout
    # What was written last may not have reached us.
    report((output.startswith(text) or text.startswith(output)) and len(text) >= sure,
           f"{name}: nothing old is lost",
           f"seed {SEED}: {len(text)} of {len(output)} bytes, {sure} were said before")


def damaged(scratch, sector):
    disk, file, cut = f"{scratch}/disk.img", f"{scratch}/run", f"{scratch}/cut"
    with open(disk, "wb") as out:
        out.write(sector)
        out.truncate(SIZE)
    process = subprocess.Popen([*command(with_disk(disk), file, 1_000_000), "-no-reboot"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(0.8)
    process.send_signal(signal.SIGTERM)
    process.wait()
    with open(file, "rb") as source:
        whole = source.read()
    bad = []
    plays = 0
    for _ in range(CUTS):
        length = random.randrange(len(whole))
        with open(cut, "wb") as out:
            out.write(whole[:length])
        done = log("verify", cut)
        refused = done.returncode == 1 and b"cut before" in done.stderr
        if not refused and (done.returncode != 0 or b"cut off" not in done.stdout):
            bad.append((length, done.returncode, done.stdout, done.stderr))
        plays += done.returncode == 0
    report(not bad and plays > 0, f"{CUTS} files cut anywhere: they play", f"seed {SEED}: {bad[:1]}")
    bad = []
    for _ in range(CUTS):
        at = random.randrange(len(whole) * 8)
        changed = bytearray(whole)
        changed[at // 8] ^= 1 << at % 8
        with open(cut, "wb") as out:
            out.write(changed)
        done = log("verify", cut)
        if done.returncode != 1 or b"reprise-log: " not in done.stderr:
            bad.append((at, done.returncode, done.stdout, done.stderr))
    report(not bad, f"{CUTS} files with one bit changed: refused", f"seed {SEED}: {bad[:1]}")


if DEEP:
    build("cloud", "initramfs")
with tempfile.TemporaryDirectory() as scratch:
    sector = guest(scratch)
    for number in range(1, KILLS + 1):
        killed(scratch, sector, number)
    report(played > 0, "kill: something was recorded")
    damaged(scratch, sector)
finish()
