#!/usr/bin/env python3
"""A run that everything reached from outside, at random times, plays the same in every way: as fast as
it can, at its own pace, in slices, on a busy host, by other builds, with journeys in between. Each replay
compares every recorded hash; at the end position, hash and output are equal.

    REPRISE=build/reprise BUILD=build GUESTS=build/guests tests/integration/identity.py

DEEP=1 (`make soak`): longer, more guests, each played twice REPLAYS times, by all ways in turn; Linux in the
ways that are ten times as slow once, Debian not. Sessions with input on the serial port and their damaged
recordings are in replay.py, runs without input in determinism.sh."""
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time

import debian
from machine import FIXED, GUESTS, QUIET, REPRISE, Machine, build, finish, hash_in, report
from qmp_client import Client

DEEP = bool(os.environ.get("DEEP"))
BUILD = os.environ.get("BUILD", "build")
REPLAYS = 2 * int(os.environ.get("REPLAYS", "10")) if DEEP else 0
SCRATCH = tempfile.TemporaryDirectory()
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))      # the host's times are not ours to choose


def other_build(variant):
    """The program built otherwise, where determinism.sh has it, too; one build at a time (tests/lib.sh)."""
    binary = f"{BUILD}/variant/{''.join(c if c.isalnum() else '-' for c in variant)}/reprise"
    clean = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    os.makedirs(f"{BUILD}/log", exist_ok=True)
    done = subprocess.run(["flock", f"{BUILD}/log/variant.lock", "make", "-s", "--no-print-directory", f"-j{os.cpu_count()}", variant,
                           f"BUILD={os.path.dirname(binary)}", binary], env=clean, capture_output=True, text=True)
    return binary if report(done.returncode == 0, f"identity: build with {variant}", done.stderr[-500:]) else None


@contextlib.contextmanager
def busy_host():
    work = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() + 1)]
    try:
        yield
    finally:
        for process in work:
            process.kill()
            process.wait()


def played(file, *options, binary=REPRISE, between=None):
    """(exit status, position and hash, what the serial port said, stderr) of a replay."""
    process = subprocess.Popen([binary, "-replay", file, "-state-hash", "-display", "none", "-monitor", "none",
                                "-serial", "stdio", *options],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if between:
        between()
    output, errors = process.communicate(timeout=3600)
    errors = errors.decode(errors="replace")
    return process.returncode, hash_in(errors), output, errors


def journeys(path, chance):
    """Random ones, then from the beginning to the end as any replay."""
    client = Client(path)
    where = client.run("query-replay")
    first, last = where["first"]["icount"], where["last"]["icount"]
    for _ in range(8):
        client.run("replay-seek", icount=chance.randint(first, last))
        client.event("REPLAY_STOPPED")
        for reverse in (True, False):
            client.run("replay-step", count=chance.randint(1, 1000), reverse=reverse)
            client.event("REPLAY_STOPPED")
    client.run("replay-seek", to="begin")
    client.event("REPLAY_STOPPED")
    client.run("cont")


SLOW = ("without blocks", "by SAN=1")


def plays_the_same(name, file, want, output, binaries, chance, replays, slow):
    socket = f"{SCRATCH.name}/replay.qmp"
    fast = ["-pace", "max"]
    ways = {
        "as fast as it can": lambda: played(file, *fast),
        "at its own pace": lambda: played(file, "-pace", "real"),
        "without blocks": lambda: played(file, *fast, "-accel", "interp,blocks=off"),
        "with journeys": lambda: played(file, *fast, "-S", "-qmp", f"unix:{socket},server,nowait",
                                        between=lambda: journeys(socket, chance)),
        **{f"by {variant}": lambda binary=binary: played(file, *fast, binary=binary)
           for variant, binary in binaries.items()}}
    if DEEP:
        ways["in slices"] = lambda: played(file, *fast, "-test-slices", str(chance.randrange(99)))
    for number in range(replays or len(ways)):
        way, play = list(ways.items())[number % len(ways)]
        if way in SLOW and slow is not None and number // len(ways) >= slow:
            continue
        # Every way in turn on a quiet host and on a busy one.
        busy = (number // len(ways) + number % len(ways)) % 2 == 1 if DEEP else way == "without blocks"
        with busy_host() if busy else contextlib.nullcontext():
            status, got, said, errors = play()
        report(status == 0 and got == want and said == output,
               f"{name}: replay {number + 1} {way}{', host busy' if busy else ''}",
               f"seed {SEED}, exit {status}, {got} for {want}, output equal: {said == output}; {errors[-300:]}")


def recorded(name, machine, good, file, binaries, chance, replays=REPLAYS, slow=None):
    """The machine ends; then its recording plays the same; `slow` times at most in each of the slow ways."""
    status, errors = machine.end()
    want, said = hash_in(errors), bytes(machine.output)
    if report(good and status == 0 and want, f"{name}: recorded",
              f"seed {SEED}, exit {status}, {errors[-300:]}, said {said[-300:]}"):
        plays_the_same(name, file, want, said, binaries, chance, replays, slow)


# --- a guest that is hammered ---

def hammer(machine, client, seconds, chance):
    """Keys, serial bytes, discs, interruptions and questions, in any order at any time."""
    discs = [f"{SCRATCH.name}/disc{number}" for number in range(2)]
    for path in discs:
        with open(path, "wb") as disc:
            disc.write(chance.randbytes(40 * 2048))
    serial = lambda: machine.type("".join(chance.choices("abcdef0123456789\n", k=chance.randint(1, 40))))
    acts = [
        (8, serial),
        (8, lambda: client.run("send-key", keys=[{"type": "qcode", "data": chance.choice("abcdefgh")}],
                               **{"hold-time": chance.randint(1, 50)})),
        (3, lambda: client.run("blockdev-change-medium", device="ide1-cd0", filename=chance.choice(discs))),
        (2, lambda: client.run("eject", device="ide1-cd0", force=True)),
        (2, lambda: client.run("inject-nmi")),
        (1, lambda: (client.run("stop"), time.sleep(chance.random() * 0.05), client.run("cont"))),
        (1, lambda: client.run("human-monitor-command", **{"command-line": "info registers"})),
        (1, lambda: client.run("pmemsave", val=0x200000, size=4096, filename=f"{SCRATCH.name}/memory")),
        (1, lambda: client.run("screendump", filename=f"{SCRATCH.name}/screen")),
        (0.2, lambda: client.run("system_reset")),
    ]
    end = time.monotonic() + seconds
    answers = []
    while time.monotonic() < end and machine.process.poll() is None:
        act = chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]
        answers.append(act())
        time.sleep(chance.expovariate(1 / 0.01))
    wrong = [answer for answer in answers if isinstance(answer, dict) and "class" in answer]
    return report(not wrong and len(answers) > 20 * seconds, "hammered: QMP takes it", (len(answers), wrong[:3]))


def hammered(binaries, seconds, cpus):
    chance = random.Random(SEED)
    file, path = f"{SCRATCH.name}/hammered", f"{SCRATCH.name}/qmp"
    # A short one has states to begin from, too: journeys come to discs that were put in before.
    recording = file if DEEP else f"{file},keyframes=3000000"
    machine = Machine(["-kernel", f"{GUESTS}/hammer.elf", "-smp", str(cpus), "-record", recording, "-pace", "real",
                       "-qmp", f"unix:{path},server,nowait"],
                      fixed=[word for word in FIXED if word != "-no-reboot"])
    client = Client(path)
    machine.wait_for(b"sum ")
    good = hammer(machine, client, seconds, chance)
    while not machine.wait_for(b"nmis ", 0, 0.3) and machine.process.poll() is None:
        machine.type("q")      # a reset may swallow it
    recorded(f"hammered, {cpus} CPU", machine, good, file, binaries, chance)


# --- and others, for `make soak` ---

def self_test(binaries, cpus):
    file = f"{SCRATCH.name}/builtin"
    machine = Machine(["-smp", str(cpus), "-record", file])
    good = machine.wait_for(b"SELF-TEST PASSED")
    recorded(f"built-in, {cpus} CPU", machine, good, file, binaries, random.Random(SEED))


def linux(binaries, cpus):
    """A shell, typed at at random times."""
    chance = random.Random(SEED)
    file = f"{SCRATCH.name}/linux"
    machine = Machine(["-smp", str(cpus), "-kernel", f"{GUESTS}/cloud.bzImage", "-initrd",
                       f"{GUESTS}/initramfs.gz", "-append", QUIET, "-record", file,
                       "-pace", "real"])     # so that a replay at its own pace does not take hours
    good = machine.wait_for(b"reprise:/# ")
    for line in ("ls -R /proc/self", "dd if=/dev/urandom bs=64k count=16 | sha256sum", "cat /proc/interrupts",
                 "sleep 0.5; date", "for i in $(seq 200); do echo $i; done | sort -R | head", "poweroff"):
        time.sleep(chance.random())
        for char in line + "\n":
            machine.type(char)
            time.sleep(chance.random() * 0.02)
        good = good and (line == "poweroff" or machine.wait_for(b"# ", len(machine.output)))
    recorded(f"Linux, {cpus} CPU", machine, good, file, binaries, chance, slow=1)


def a_debian(binaries):
    """Long, so each way once."""
    image, file = f"{SCRATCH.name}/debian.img", f"{SCRATCH.name}/debian"
    machine = Machine([*debian.disk(image), "-record", file])
    recorded("Debian", machine, debian.play(machine), file, binaries, random.Random(SEED), 0, slow=0)
    debian.e2fsck("Debian", f"{image}?offset=1048576")


def main():
    build("hammer", *(["cloud", "initramfs", "debian"] if DEEP else []))
    variants = ("SAN=1", "CXX=clang++-16") if DEEP else ()
    binaries = {variant: binary for variant in variants if (binary := other_build(variant))}
    hammered(binaries, 60 if DEEP else 1.5, 1)
    if DEEP:
        hammered(binaries, 20, 2)
        for cpus in (1, 2):
            self_test(binaries, cpus)
            linux(binaries, cpus)
        a_debian(binaries)


main()
finish()
