"""A machine that runs, what it says, who types, and its recording. For tests that are programs.

Environment: REPRISE and GUESTS as everywhere; MEDIA_ON=qemu runs the sessions on QEMU instead, to see
whether a guest and its test are right; nothing is recorded then."""
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

REPRISE = os.environ.get("REPRISE", "build/reprise")
GUESTS = os.environ.get("GUESTS", "build/guests")
ON_QEMU = os.environ.get("MEDIA_ON") == "qemu"
QUIET = "console=ttyS0,115200 quiet mitigations=off nokaslr"
EMULATOR = (["qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-net", "none"] if ON_QEMU else
            [REPRISE, "-seed", "1", "-state-hash", "-pace", os.environ.get("PACE", "max")])
FIXED = ["-rtc", "base=2026-11-20T12:00:00", "-m", "256", "-display", "none",
         "-no-reboot"]
# HMP's names of the keys that are not called what they print.
KEYS = {" ": "spc", "\n": "ret", "=": "equal", ",": "comma", "/": "slash", ".": "dot", "-": "minus",
        "_": "shift-minus", ":": "shift-semicolon", "(": "shift-9", ")": "shift-0", "$": "shift-4"}
failed = 0


def report(good, name, detail=""):
    global failed
    print(("ok " if good else "not ok ") + name + ("" if good else f" {detail}"), flush=True)
    failed += not good
    return good


def finish():
    sys.exit(1 if failed else 0)


def build(*guests):
    if subprocess.run(["tools/guests/build.sh", GUESTS, *guests]).returncode:
        report(False, "guests " + " ".join(guests), "cannot be built")
        finish()


def hash_in(text):
    found = re.findall(r"^position (.*)\nstate-hash (\w+)$", text, re.M)
    return found[-1] if found else None


class Machine:
    """Serial port on stdio; a monitor when `monitor` names a socket."""

    def __init__(self, arguments, monitor=None, fixed=FIXED):
        self.errors = tempfile.TemporaryFile("w+")
        self.output = bytearray()
        self.monitor, self.socket = monitor, None
        more = ["-monitor", f"unix:{monitor},server,nowait" if monitor else "none",
                "-serial", "stdio"]
        self.process = subprocess.Popen([*EMULATOR, *fixed, *more, *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        os.set_blocking(self.process.stdout.fileno(), False)

    def wait_for(self, text, start=0, seconds=300):
        """Whether `text` was said after the first `start` bytes."""
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

    def until_quiet(self, seconds=0.7):
        """Until nothing has been said for that long: a menu has been drawn."""
        shown = -1
        while shown != len(self.output) and self.process.poll() is None:
            shown = len(self.output)
            self.wait_for(b"\0never", 0, seconds)

    def type(self, text):
        """On the serial port."""
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def command(self, line):
        """On the monitor; what it answers is not looked at beyond its next prompt."""
        if not self.socket:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(30)
            while True:
                try:
                    self.socket.connect(self.monitor)
                    break
                except OSError:
                    if self.process.poll() is not None:
                        raise
                    time.sleep(0.05)
            self.answer()      # it greets
        self.socket.sendall(line.encode() + b"\n")
        return self.answer()

    def answer(self):
        said = b""
        while not said.endswith(b"(qemu) ") and not said.endswith(b"(reprise) "):
            piece = self.socket.recv(4096)
            if not piece:
                break
            said += piece
        return said.decode(errors="replace")

    def keys(self, text):
        """On the keyboard, a key at a time; each is awaited on the serial port, where it shows: the guest
        may be slower than we are, and firmware forgets keys."""
        for char in text:      # or names of keys
            self.wait_for(b"\0never", 0, 0.05)     # what is still being said
            shown = len(self.output)
            name = KEYS.get(char, f"shift-{char.lower()}" if char.isupper() else char)
            said = self.command(f"sendkey {name} 20")
            if "unknown" in said.lower() or "invalid" in said.lower():
                return report(False, f"sendkey {name}", said)
            deadline = time.time() + 60
            while len(self.output) == shown and time.time() < deadline:
                self.wait_for(b"\0never", shown, 0.02)
        return True

    def end(self, seconds=120):
        """Exit status and stderr; killed when it does not end by itself."""
        os.set_blocking(self.process.stdout.fileno(), True)
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        try:
            self.output.extend(self.process.stdout.read())
            status = self.process.wait()
        finally:
            timer.cancel()
        self.errors.seek(0)
        return status, self.errors.read()


def session(name, arguments, file, play, replays=((),), monitor=None, seconds=300):
    """Runs the machine while `play` types, recording into `file`; then plays the recording once for
    each entry of `replays` (options): the same hash, the same words. Returns what was said, or None."""
    machine = Machine([*arguments, *([] if ON_QEMU else ["-record", file])], monitor)
    start = time.time()
    try:
        good = play(machine)
    except (OSError, ValueError) as problem:
        good = False
        print(problem)
    status, errors = machine.end(seconds if good else 1)
    want = hash_in(errors)
    good = report(bool(good and status == 0 and (want or ON_QEMU)), name,
                  f"exit {status}, {errors[-300:]}, said {bytes(machine.output[-400:])}")
    if os.environ.get("TIMES"):
        print(f"   {name}: {time.time() - start:.1f} s")
    if not good:
        return None
    for number, more in enumerate(() if ON_QEMU else replays):
        done = subprocess.run([REPRISE, "-replay", file, "-state-hash", "-pace", "max", *more],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=1800)
        got = hash_in(done.stderr.decode(errors="replace"))
        report(done.returncode == 0 and got == want and done.stdout == machine.output,
               f"{name}: replay {number + 1}",
               f"exit {done.returncode}, {got} for {want}, output equal: "
               f"{done.stdout == machine.output}; {done.stderr[-300:]}")
    return bytes(machine.output)
