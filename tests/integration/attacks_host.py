#!/usr/bin/env python3
"""Guests that attack what the host reads from the machine: the screen while displays and screendumps look
at it, ports that flood a reader who is slow or absent. The machine lives, its monitor answers, its memory
stays bounded, pictures are whole files, and the recording plays to the same state.

    tests/integration/attacks_host.py [screendump|curses|sdl|steps|flood ...]

tests/guests/attack/host.asm says what each guest does."""
import atexit
import fcntl
import os
import pty
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

REPRISE = os.environ.get("REPRISE", "build/reprise")
FIXED = ["-rtc", "base=2026-11-20T12:00:00", "-seed", "1", "-m", "16", "-state-hash"]
PATIENCE = float(os.environ.get("PATIENCE", "10"))  # of an answer; the machine may be busy elsewhere
RUN_FOR = 1.0
MEMORY_KIB = 300 * 1024
GROWTH_KIB = 48 * 1024   # while a flood runs: queues are bounded
MODES, STEPS, SERIAL, PARALLEL, DEBUGCON = range(5)
failed = 0


def report(problem, name):
    global failed
    print(f"not ok {name}: {problem}" if problem else f"ok {name}", flush=True)
    failed += bool(problem)


class Broken(Exception):
    pass


class Attack:
    """A machine that runs guest `case`, recorded; its monitor on a socket."""

    def __init__(self, scratch, case, arguments, **streams):
        image = f"{scratch}/guest{case}.bin"
        subprocess.run(["nasm", "-w-all", "-I", "tests/system/", f"-DCASE={case}", "-f", "bin", "-o",
                        image, "tests/guests/attack/host.asm"], check=True)
        self.recording, self.errors = f"{scratch}/recording", tempfile.TemporaryFile("w+")
        path = f"{scratch}/monitor"
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **streams}
        self.process = subprocess.Popen(
            [REPRISE, *FIXED, "-bios", image, "-monitor", f"unix:{path},server,nowait", "-record",
             self.recording, *arguments], stderr=self.errors, **streams)
        atexit.register(self.process.kill)
        self.monitor = connect(path, self.process)
        self.answer()
        self.slowest = 0

    def said(self):
        self.errors.seek(0)
        return self.errors.read()

    def answer(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            try:
                piece = self.monitor.recv(65536)
            except OSError:
                raise Broken(f"the monitor does not answer: {self.said()[-300:]}")
            if not piece:
                raise Broken(f"exit {self.process.wait()}: {self.said()[-300:]}")
            text += piece
        return text.decode()

    def command(self, line):
        start = time.monotonic()
        self.monitor.sendall(line.encode() + b"\n")
        said = self.answer()
        self.slowest = max(self.slowest, time.monotonic() - start)
        return said

    def memory(self, what="VmRSS"):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith(what):
                return int(line.split()[1])
        return 0

    def picture(self, path):
        """Takes one, and looks whether it is whole."""
        said = self.command(f"screendump {path}")
        if not os.path.exists(path):
            raise Broken(f"no picture: {said}")
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        if path.endswith(".ppm"):
            kind, width, height = data.split(None, 3)[:3]
            body = 3 * int(width) * int(height)
            good = kind == b"P6" and body and 0 < len(data) - body < 40
        else:
            width, height = struct.unpack(">II", data[16:24])
            good = data.startswith(b"\x89PNG\r\n") and data[-8:-4] == b"IEND" and width and height
        if not good:
            raise Broken(f"no whole picture: {data[:40]}")
        return int(width), int(height)

    def end(self, name):
        """Ends it and plays the recording: the same state."""
        peak = self.memory("VmHWM")
        self.monitor.sendall(b"quit\n")
        if self.process.wait(timeout=PATIENCE) != 0:
            raise Broken(f"exit {self.process.returncode}: {self.said()[-300:]}")
        if peak > MEMORY_KIB:
            raise Broken(f"{peak} KiB of memory")
        want = state(self.said())
        replay = subprocess.run([REPRISE, "-replay", self.recording, "-display", "none", "-serial", "null",
                                 "-parallel", "null", "-state-hash"], stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300)
        again = state(replay.stderr.decode())
        if len(want) != 2 or again != want:
            raise Broken(f"replay: {again} {replay.stderr.decode()[-300:]}, live: {want}")
        print(f"# {name}: {want[0]}, slowest answer {self.slowest * 1000:.0f} ms, {peak} KiB")


def state(text):
    return re.findall(r"^(?:position|state-hash) .*", text, re.M)


def connect(path, process):
    end = socket.socket(socket.AF_UNIX)
    end.settimeout(PATIENCE)
    for _ in range(int(PATIENCE * 20)):
        try:
            end.connect(path)
            return end
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
    raise Broken(f"no socket {path}")


def wait_for(file, text):
    start = time.monotonic()
    while not os.path.exists(file) or text not in open(file).read():
        if time.monotonic() - start > PATIENCE:
            raise Broken("it never began")
        time.sleep(0.02)


def pictures_meanwhile(attack, scratch):
    wait_for(f"{scratch}/serial", "go")
    sizes, start = set(), time.monotonic()
    while time.monotonic() - start < RUN_FOR or len(sizes) < 5:
        sizes.add(attack.picture(f"{scratch}/picture.ppm"))
        sizes.add(attack.picture(f"{scratch}/picture.png"))
        if time.monotonic() - start > 60:
            raise Broken(f"few sizes: {sizes}")


def screendump(scratch):
    attack = Attack(scratch, MODES, ["-display", "none", "-pace", "max", "-serial", f"file:{scratch}/serial"])
    pictures_meanwhile(attack, scratch)
    attack.end("screendump")


def curses(scratch):
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 90, 0, 0))
    drawn = []

    def read():
        try:
            while True:
                drawn.append(len(os.read(ours, 65536)))
        except OSError:      # the other end has gone
            pass
    threading.Thread(target=read, daemon=True).start()
    attack = Attack(scratch, MODES, ["-display", "curses", "-pace", "max", "-serial", f"file:{scratch}/serial"],
                    stdin=theirs, stdout=theirs, env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
    os.close(theirs)
    pictures_meanwhile(attack, scratch)
    attack.end("curses")
    if sum(drawn) < 2000:      # how much depends on how long the attack takes
        raise Broken(f"the display drew {sum(drawn)} bytes")


def sdl(scratch):
    if not shutil.which("Xvfb"):
        return print("# no Xvfb: the window is left out")
    ours, theirs = os.pipe()
    server = subprocess.Popen(["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1280x1024x24"],
                              pass_fds=[theirs], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(server.kill)
    number = os.read(ours, 16).decode().strip()
    try:
        attack = Attack(scratch, MODES,
                        ["-display", "sdl", "-pace", "max", "-serial", f"file:{scratch}/serial"],
                        env={**os.environ, "DISPLAY": f":{number}"})
        pictures_meanwhile(attack, scratch)
        attack.end("sdl")
    finally:
        server.kill()
        server.wait()


def steps(scratch):
    attack = Attack(scratch, STEPS, ["-display", "none", "-pace", "max", "-serial",
                                     f"unix:{scratch}/serial,server,nowait"])
    serial = connect(f"{scratch}/serial", attack.process)
    sizes = set()
    for step in range(160):
        serial.sendall(b"n")
        while b"k" not in serial.recv(64):
            pass
        sizes.add(attack.picture(f"{scratch}/picture.{'png' if step % 8 == 0 else 'ppm'}"))
    attack.end(f"steps, {len(sizes)} sizes")
    if len(sizes) < 10:
        raise Broken(f"few sizes: {sizes}")


def flood(scratch, case, option, reader, kind):
    """`reader`: what the other end of the socket or FIFO does: "absent", "never" reads, or is "slow"."""
    path, fifo = f"{scratch}/flooded", kind == "fifo"
    if fifo:
        os.mkfifo(path)
        end = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    quiet = ["-serial", "null"] if option != "-serial" else []
    attack = Attack(scratch, case, ["-display", "none", "-pace", "max", *quiet, option,
                                    f"file:{path}" if fifo else f"unix:{path},server,nowait"])
    if not fifo and reader != "absent":
        end = connect(path, attack.process)
    time.sleep(RUN_FOR / 2)     # queues fill
    before = attack.memory()
    start = time.monotonic()
    while time.monotonic() - start < RUN_FOR:
        attack.command("info registers")
        if reader == "slow":
            os.read(end, 100) if fifo else end.recv(100)
        time.sleep(0.1)
    grown = attack.memory() - before
    attack.end(f"{option} {kind} {reader}, grown by {grown} KiB")
    if grown > GROWTH_KIB:
        raise Broken(f"grows by {grown} KiB")
    if attack.slowest > PATIENCE / 10:
        raise Broken(f"an answer took {attack.slowest:.1f} s")


def floods():
    for case, option, kind, readers in (
            (SERIAL, "-serial", "socket", ("never",)), (SERIAL, "-serial", "fifo", ("never",)),
            (PARALLEL, "-parallel", "socket", ("absent", "slow")),
            (DEBUGCON, "-debugcon", "socket", ("absent", "never", "slow")),
            (DEBUGCON, "-debugcon", "fifo", ("never", "slow"))):
        for reader in readers:
            tried(f"flood: {option}, a {kind}'s reader {reader}",
                  lambda scratch: flood(scratch, case, option, reader, kind))


def tried(name, attack):
    with tempfile.TemporaryDirectory() as scratch:
        try:
            report(attack(scratch), name)
        except (Broken, subprocess.TimeoutExpired, OSError) as problem:
            report(problem, name)


def main():
    os.chdir(os.path.join(os.path.dirname(__file__), "../.."))
    for part in sys.argv[1:] or ["screendump", "curses", "sdl", "steps", "flood"]:
        if part == "flood":
            floods()
        else:
            tried(f"screen attacked: {part}", globals()[part])
    sys.exit(failed > 0)


main()
