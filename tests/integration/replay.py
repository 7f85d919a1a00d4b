#!/usr/bin/env python3
"""Sessions with input from outside, recorded and played again: equal hashes, equal output. A changed
byte is refused; a file cut anywhere plays up to the cut.

    REPRISE=build/reprise GUESTS=build/guests tests/integration/replay.py [REPLAYS]
"""
import os
import random
import re
import subprocess
import sys
import tempfile
import time

REPRISE = os.environ.get("REPRISE", "build/reprise")
GUESTS = os.environ.get("GUESTS", "build/guests")
REPLAYS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
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


def record(file, arguments, session, seed):
    """Runs the machine while `session` types; returns (hash, output)."""
    chance = random.Random(seed)
    with tempfile.TemporaryFile("w+") as errors:
        guest = subprocess.Popen([REPRISE, *FIXED, *arguments, "-record", file],
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        output = bytearray()
        os.set_blocking(guest.stdout.fileno(), False)
        deadline = time.time() + 300

        def wait_for(text):
            start = len(output) if text == b"# " else 0
            while text not in output[start:]:
                piece = guest.stdout.read()
                if piece:
                    output.extend(piece)
                elif guest.poll() is not None or time.time() > deadline:
                    return False
                else:
                    time.sleep(0.01)
            return True

        def type_text(text):
            for char in text:
                guest.stdin.write(char.encode())
                guest.stdin.flush()
                time.sleep(chance.random() * 0.02)

        def send(data):
            guest.stdin.write(data)
            guest.stdin.flush()

        try:
            session(wait_for, type_text, send)
            os.set_blocking(guest.stdout.fileno(), True)
            output.extend(guest.stdout.read())
            status = guest.wait(timeout=60)
        except (subprocess.TimeoutExpired, BrokenPipeError):
            guest.kill()
            status = -1
        errors.seek(0)
        text = errors.read()
    return hash_in(text) if status == 0 else None, bytes(output), text


def replay(file, *more):
    return subprocess.Popen([REPRISE, "-replay", file, "-state-hash", "-pace", "max", *more],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def load():
    return subprocess.Popen([sys.executable, "-c", "while True: pass"])


def check_session(name, file, arguments, session):
    want, output, errors = record(file, arguments, session, name)
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


def typed(wait_for, type_text, send):
    wait_for(b"reprise:/# ")
    for line in ["echo $((6 * 7))", "ls /", "cat /proc/uptime", "date", "sleep 0.3; echo woke"]:
        time.sleep(random.Random(line).random() * 0.3)
        type_text(line + "\n")
        wait_for(b"# ")
    type_text("poweroff\n")


def flood(wait_for, type_text, send):
    # Far more than the FIFO and the tty's queue hold, sent at once; then the end, until it is taken.
    wait_for(b"BEGIN echo")
    for number in range(100):
        send(b"flood %d abcdefghijklmnopqrstuvwxyz\n" % number)
    for _ in range(3):
        time.sleep(0.5)
        send(b"\nend\n")
    wait_for(b"BYE")


def nothing(wait_for, type_text, send):
    wait_for(b"BYE")


def damage(file, scratch):
    with open(file, "rb") as source:
        content = source.read()
    chance = random.Random(5)
    other = os.path.join(scratch, "damaged")
    wrong = []
    for _ in range(12):
        at = chance.randrange(len(content))
        with open(other, "wb") as target:
            target.write(content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) +
                         content[at + 1:])
        done = replay(other, "-serial", "null")
        _, errors = done.communicate(timeout=600)
        if done.returncode != 1 or b"reprise: " not in errors:
            wrong.append((at, done.returncode, errors[-200:]))
    report(not wrong, "a changed byte is refused", wrong[:2])

    wrong = []
    for cut in [chance.randrange(len(content)) for _ in range(6)] + [0, 15, len(content) - 1]:
        with open(other, "wb") as target:
            target.write(content[:cut])
        done = replay(other, "-serial", "null")
        _, errors = done.communicate(timeout=600)
        clear = done.returncode == 0 and b"cut" in errors or done.returncode == 1 and \
            errors.startswith(b"reprise: ")
        if not clear:
            wrong.append((cut, done.returncode, errors[-200:]))
    report(not wrong, "a cut file plays up to the cut, or says why not", wrong[:2])

    done = replay(file, "-m", "512")
    _, errors = done.communicate(timeout=60)
    report(done.returncode == 1 and b"512 MiB" in errors and b"256 MiB" in errors,
           "a contradicting option names both values", errors)


def main():
    if subprocess.run(["tools/guests/build.sh", GUESTS, "cloud", "initramfs"]).returncode:
        report(False, "guests")
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = os.path.join(scratch, "typed")
        check_session("typed", file, linux(""), typed)
        if os.path.exists(file):
            damage(file, scratch)
        check_session("flood", os.path.join(scratch, "flood"), linux("work=echo"), flood)
        check_session("2 CPU", os.path.join(scratch, "smp"), linux("work=smp,time", "-smp", "2"),
                      nothing)


main()
sys.exit(1 if failed else 0)
