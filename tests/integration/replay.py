#!/usr/bin/env python3
"""Sessions with input from outside, recorded and played again: equal hashes, equal output. A changed
byte is refused; a file cut anywhere plays up to the cut.

    REPRISE=build/reprise GUESTS=build/guests REPLAYS=2 tests/integration/replay.py
"""
import os
import pty
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tty

REPRISE = os.environ.get("REPRISE", "build/reprise")
GUESTS = os.environ.get("GUESTS", "build/guests")
REPLAYS = int(os.environ.get("REPLAYS", "2"))
FIXED = ["-rtc", "base=2026-11-20T12:00:00", "-seed", "1", "-nographic", "-state-hash"]
QUIET = "console=ttyS0,115200 quiet mitigations=off nokaslr"
failed = 0


def report(good, name, detail=""):
    global failed
    print(("ok " if good else "not ok ") + name + ("" if good else f" {detail}"), flush=True)
    failed += not good


def hash_in(text):
    found = re.findall(r"^position (.*)\nstate-hash (\w+)$", text, re.M)
    return found[-1] if found else None


def linux(append, *more):
    return ["-m", "256", "-kernel", f"{GUESTS}/cloud.bzImage", "-initrd", f"{GUESTS}/initramfs.gz",
            "-append", f"{QUIET} {append}", *more]


class Guest:
    """A running machine, and what it has said. At a terminal it runs at the host's pace."""

    def __init__(self, arguments, terminal=False, limits=None):
        self.errors = tempfile.TemporaryFile("w+")
        self.output = bytearray()
        host, guest_side = pty.openpty() if terminal else (None, subprocess.PIPE)
        if terminal:
            tty.setraw(guest_side)
        self.process = subprocess.Popen([REPRISE, *FIXED, *arguments], stdin=guest_side,
                                        stdout=subprocess.PIPE, stderr=self.errors,
                                        preexec_fn=limits)
        if terminal:
            os.close(guest_side)
        self.keyboard = host if terminal else self.process.stdin.fileno()
        os.set_blocking(self.process.stdout.fileno(), False)

    def wait_for(self, text, start=0, seconds=300):
        deadline = time.time() + seconds
        while text not in self.output[start:]:
            piece = self.process.stdout.read()
            if piece:
                self.output.extend(piece)
            elif self.process.poll() is not None or time.time() > deadline:
                return False
            else:
                time.sleep(0.01)
        return True

    def send(self, data):
        while data:
            data = data[os.write(self.keyboard, data):]

    def end(self, seconds=120):
        """Exit status and stderr; None if it had to be killed."""
        os.set_blocking(self.process.stdout.fileno(), True)
        try:
            timer = threading.Timer(seconds, self.process.kill)
            timer.start()
            self.output.extend(self.process.stdout.read())
            status = self.process.wait()
        finally:
            timer.cancel()
        self.errors.seek(0)
        return status, self.errors.read()


def record(file, arguments, session, terminal):
    """Runs the machine while `session` types; returns (hash, output, stderr)."""
    guest = Guest([*arguments, "-record", file], terminal)
    try:
        session(guest)
    except OSError as problem:
        print(problem)
    status, errors = guest.end()
    return hash_in(errors) if status == 0 else None, bytes(guest.output), errors


def replay(file, *more):
    return subprocess.Popen([REPRISE, "-replay", file, "-state-hash", "-pace", "max", *more],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def load():
    return subprocess.Popen([sys.executable, "-c", "while True: pass"])


def check_session(name, file, arguments, session, terminal=False):
    want, output, errors = record(file, arguments, session, terminal)
    report(want is not None, f"{name}: recorded", errors[-300:])
    if not want:
        return
    busy = [load(), load()]
    try:
        for number in range(REPLAYS):
            slices = ["-test-slices", str(number)] if number % 2 else []
            done = replay(file, *slices)
            out, errors = done.communicate(timeout=600)
            got = hash_in(errors.decode())
            report(done.returncode == 0 and got == want and out == output,
                   f"{name}: replay {number + 1}",
                   f"exit {done.returncode}, {got} for {want}, output equal: {out == output}; "
                   + errors.decode()[-300:])
    finally:
        for process in busy:
            process.kill()


def typed(guest):
    chance = random.Random()          # the host's times are not ours to choose
    guest.wait_for(b"reprise:/# ")
    for line in ["echo $((6 * 7))", "ls /", "cat /proc/uptime", "date", "sleep 0.3; echo woke"]:
        time.sleep(chance.random() * 0.5)
        start = len(guest.output)
        for char in line + "\n":
            guest.send(char.encode())
            time.sleep(chance.random() * 0.02)
        guest.wait_for(b"# ", start + len(line), 30)
    guest.send(b"poweroff\n")


def flood(guest):
    # Far more than the FIFO and the tty's queue hold, sent at once; then the end, until it is taken.
    guest.wait_for(b"BEGIN echo")
    for number in range(100):
        guest.send(b"flood %d abcdefghijklmnopqrstuvwxyz\n" % number)
    for _ in range(5):
        if guest.wait_for(b"BYE", 0, 1):
            break
        guest.send(b"\nend\n")


def nothing(guest):
    guest.wait_for(b"BYE")


def plays_cut(file):
    """Played up to a cut: (that, where, output); or refused with a message."""
    done = replay(file)
    out, errors = done.communicate(timeout=600)
    return done.returncode, errors.decode(errors="replace"), out


def damage(file, scratch):
    with open(file, "rb") as source:
        content = source.read()
    chance = random.Random(5)
    other = os.path.join(scratch, "damaged")
    wrong = []
    ends = [len(content) - 1, len(content) - 20, 0, 9, 20]
    for at in ends + [chance.randrange(len(content)) for _ in range(25)]:
        with open(other, "wb") as target:
            target.write(content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) +
                         content[at + 1:])
        status, errors, _ = plays_cut(other)
        if status != 1 or "reprise: " not in errors:
            wrong.append((at, status, errors[-200:]))
    report(not wrong, "a changed byte is refused", wrong[:2])

    wrong = []
    # Blobs take most of the file: cuts in what comes after them are the ones that play.
    late = [len(content) - 1 - chance.randrange(20000) for _ in range(1 + REPLAYS)]
    played = 0
    for cut in [chance.randrange(len(content)) for _ in range(10)] + [0, 15] + late:
        with open(other, "wb") as target:
            target.write(content[:cut])
        status, errors, _ = plays_cut(other)
        played += status == 0
        if not (status == 0 and ("cut off" in errors or cut > len(content) - 2000) or
                status == 1 and errors.startswith("reprise: ")):
            wrong.append((cut, status, errors[-200:]))
    report(not wrong and played, "a cut file plays up to the cut, or says why not",
           wrong[:2] or "none played")

    with open(other, "wb") as target:
        target.write(random.Random(6).randbytes(10000))
    status, errors, _ = plays_cut(other)
    report(status == 1 and "not a recording" in errors, "rubbish is refused", errors)

    done = replay(file, "-m", "512")
    _, errors = done.communicate(timeout=60)
    report(done.returncode == 1 and b"512 MiB" in errors and b"256 MiB" in errors,
           "a contradicting option names both values", errors)


def killed(file):
    guest = Guest([*linux(""), "-record", file])
    guest.wait_for(b"READY")
    guest.process.send_signal(signal.SIGKILL)
    guest.end()
    status, errors, out = plays_cut(file)
    report(status == 0 and "cut off" in errors and guest.output.startswith(out),
           "kill -9: what is there plays", (status, errors))


def disk_full(file, size):
    """The disk takes a little less than the whole recording."""
    def limits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    guest = Guest([*linux("work=echo"), "-record", file], limits=limits)
    guest.wait_for(b"BEGIN echo")
    guest.send(b"a\n")
    deadline, text = time.time() + 60, ""
    while "warning" not in text and time.time() < deadline:
        guest.send(b"x" * 64 + b"\n")
        guest.wait_for(b"got nothing", 0, 0.05)
        guest.errors.seek(0)
        text = guest.errors.read()
    report("warning" in text and guest.process.poll() is None, "disk full: warned at once", text)
    guest.send(b"\nend\n")
    guest.wait_for(b"BYE")
    status, errors = guest.end()
    report(status == 1 and "recording stopped" in errors, "disk full: exit status", (status, errors))
    status, errors, out = plays_cut(file)
    report(status == 0 and "cut off" in errors and guest.output.startswith(out),
           "disk full: what is there plays", (status, errors))


def reset_after_power_off(file, scratch):
    """-no-shutdown, and the operator turns the machine on again."""
    path = os.path.join(scratch, "monitor")
    guest = Guest(["-kernel", f"{GUESTS}/multiboot.elf", "-no-shutdown", "-record", file,
                   "-monitor", f"unix:{path},server,nowait"])
    guest.wait_for(b"bye")
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(path)
        time.sleep(0.3)
        monitor.send(b"system_reset\ncont\n")
        guest.wait_for(b"bye", guest.output.find(b"bye") + 3, 30)
        time.sleep(0.3)
        monitor.send(b"quit\n")
        status, errors = guest.end()
    want = hash_in(errors)
    twice = guest.output.count(b"bye") == 2
    done = replay(file)
    out, errors = done.communicate(timeout=60)
    report(status == 0 and twice and done.returncode == 0 and out == guest.output and
           hash_in(errors.decode()) == want, "-no-shutdown, system_reset: replay",
           (status, twice, want, errors))


def main():
    if subprocess.run(["tools/guests/build.sh", GUESTS, "cloud", "initramfs",
                       "multiboot"]).returncode:
        report(False, "guests")
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = os.path.join(scratch, "typed")
        check_session("typed", file, linux(""), typed, terminal=True)
        if os.path.exists(file):
            damage(file, scratch)
        floods = os.path.join(scratch, "flood")
        check_session("flood", floods, linux("work=echo"), flood)
        # RDRAND among the rest: Linux's random numbers begin with it.
        check_session("2 CPU, -cpu max", os.path.join(scratch, "smp"),
                      linux("work=smp,time", "-smp", "2", "-cpu", "max"), nothing)
        reset_after_power_off(os.path.join(scratch, "reset"), scratch)
        killed(os.path.join(scratch, "killed"))
        disk_full(os.path.join(scratch, "full"), os.path.getsize(floods) + 4096)


main()
sys.exit(1 if failed else 0)
