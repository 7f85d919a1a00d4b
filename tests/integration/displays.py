#!/usr/bin/env python3
"""Displays as a user has them: curses in a tmux, SDL in an Xvfb, and the monitor's keys and mouse.

    REPRISE=build/reprise tests/integration/displays.py [curses|sdl|monitor ...]

The guest is tests/guests/vga. What is typed comes back on its serial port.
"""
import atexit
import os
import socket
import subprocess
import sys
import tempfile
import time

REPRISE = os.path.abspath(os.environ.get("REPRISE", "build/reprise"))
ROOT = os.path.dirname(os.path.abspath(__file__)) + "/../guests/vga"
CASES = {"text-80": "A", "mode-13": "R", "mouse": "e"}
failed = 0


def report(good, name, detail=""):
    global failed
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n    {detail}"), flush=True)
    failed += not good


def eventually(condition, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def output(*command):
    return subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace").stdout


class Serial:
    def __init__(self, path):
        self.end = socket.socket(socket.AF_UNIX)
        self.end.settimeout(20)
        eventually(lambda: os.path.exists(path))
        time.sleep(0.2)
        self.end.connect(path)
        self.got = b""

    def until(self, *wanted):
        """Reads until all of `wanted` has come."""
        try:
            while not all(w in self.got for w in wanted):
                self.got += self.end.recv(64) or b"<closed>"
                if b"<closed>" in self.got:
                    return False
        except socket.timeout:
            return False
        self.last, self.got = self.got, b""
        return True

    def case(self, name):
        self.end.sendall(CASES[name].encode())
        return self.until(b"k")


def command(path, line):
    end = socket.socket(socket.AF_UNIX)
    end.settimeout(20)
    end.connect(path)
    end.sendall(line.encode() + b"\nhelp quit\n")
    text = b""
    while b"end the emulator" not in text:
        text += end.recv(4096)
    return text.decode()


def key(scan, character):
    return bytes([ord("K"), scan, character])


def monitor(scratch):
    serial, hmp, tape = (f"{scratch}/m-{name}" for name in ("serial", "hmp", "tape"))
    arguments = ["-display", "none", "-m", "16", "-seed", "1", "-rtc", "base=2026-11-20"]
    process = subprocess.Popen(
        [REPRISE, *arguments, "-kernel", f"{scratch}/vga.bin", "-record", tape, "-state-hash",
         "-serial", f"unix:{serial},server", "-monitor", f"unix:{hmp},server,nowait"],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8")
    atexit.register(process.kill)
    port = Serial(serial)
    port.end.sendall(CASES["text-80"].encode())
    report(port.until(b"k"), "monitor: the guest answers")
    command(hmp, "sendkey shift-a")
    report(port.until(key(0x1e, ord("A"))), "sendkey shift-a", port.got)
    command(hmp, "sendkey ctrl-c 30")
    report(port.until(key(0x2e, 3)), "sendkey ctrl-c", port.got)
    command(hmp, "sendkey f5")
    report(port.until(key(0x3f, 0)), "sendkey f5", port.got)
    command(hmp, "sendkey x 1\nsendkey y 1\nsendkey z 1")
    report(port.until(key(0x2d, ord("x")), key(0x15, ord("y")), key(0x2c, ord("z"))), "sendkey x, y, z",
           port.got)
    report("no key 'nokey'" in command(hmp, "sendkey nokey"), "sendkey of no key")
    port.case("mouse")
    command(hmp, "mouse_move 5 -7")
    report(port.until(b"M\x08\x05\x07"), "mouse_move", port.got)
    command(hmp, "mouse_button 4")
    report(port.until(b"M\x0a\x00\x00"), "mouse_button", port.got)
    report("cannot write '/nonexistent/x'" in command(hmp, "screendump /nonexistent/x"),
           "screendump where nobody may write")
    command(hmp, f"screendump {scratch}/m.png")
    with open(f"{scratch}/m.png", "rb") as file:
        report(file.read(8) == b"\x89PNG\r\n\x1a\n", "screendump m.png")
    process.terminate()
    live = process.communicate(timeout=20)[1]
    replayed = subprocess.run([REPRISE, "-replay", tape, "-display", "none", "-state-hash", "-serial", "null"],
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                              timeout=120)
    report(live and live.splitlines()[-2:] == replayed.stderr.splitlines()[-2:],
           "keys, mouse and screendumps: the replay is the run", f"{live} {replayed.stderr}")


def curses(scratch):
    tmux = ["tmux", "-L", f"reprise{os.getpid()}", "-f", "/dev/null"]
    def pane():
        return output(*tmux, "capture-pane", "-p", "-t", "c")
    def keys(*what):
        subprocess.run([*tmux, "send-keys", "-t", "c", *what], check=True)
        time.sleep(0.3)
    os.environ["LC_ALL"] = "C.UTF-8"
    log = f"{scratch}/keys"
    def read():
        with open(log, "rb") as file:
            return file.read()
    subprocess.run([*tmux, "new-session", "-d", "-x", "90", "-y", "30", "-s", "c",
                    f"{REPRISE} -display curses -m 16 -kernel {scratch}/vga.bin -debugcon file:{log} "
                    f"2>{scratch}/c.err; "
                    "stty -a | grep -o ' echo ' ; sleep 60"], check=True)
    try:
        report(eventually(lambda: "SeaBIOS" in pane()), "curses: the firmware's screen", pane())
        keys("M-3")
        report(eventually(lambda: "r" in pane()), "curses: Alt-3 is the serial port", pane())
        keys("A")
        keys("M-1")
        report(eventually(lambda: "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼ !\"#$%&" in pane()
                          and "αßΓπΣσµτΦΘΩδ∞φε∩" in pane()), "curses: code page 437", pane())
        coloured = output(*tmux, "capture-pane", "-e", "-p", "-t", "c")
        report("\x1b[34m" in coloured and "\x1b[44m" in coloured, "curses: colours", coloured[:300])
        keys("M-1")
        sent = b""
        for what, scan, character in (("a", 0x1e, 0x61), ("Q", 0x10, 0x51), ("!", 0x02, 0x21),
                                      ("F3", 0x3d, 0), ("Up", 0x48, 0), ("Enter", 0x1c, 13),
                                      ("C-d", 0x20, 4), ("M-x", 0x2d, 0), ("Escape", 1, 0x1b),
                                      ("BSpace", 0x0e, 8), ("~", 0x29, 0x7e), ("|", 0x2b, 0x7c)):
            keys(what)
            sent += key(scan, character)
        report(eventually(lambda: sent in read()), "curses: keys reach the guest",
               f"{sent}, not {read()}")
        keys("M-3")
        keys("R")
        keys("M-1")
        report(eventually(lambda: "640 x 400 Graphic mode" in pane()), "curses: graphics", pane())
        keys("M-2")
        report(eventually(lambda: "(qemu)" in pane()), "curses: Alt-2 is the monitor", pane())
        keys("quit", "Enter")
        report(eventually(lambda: pane().strip() == "echo"), "curses: the terminal is as it was", pane())
    finally:
        subprocess.run([*tmux, "kill-server"])
    done = subprocess.run([REPRISE, "-display", "curses"], stdin=subprocess.DEVNULL, capture_output=True,
                          encoding="utf-8", timeout=20)
    report(done.returncode == 1 and "no terminal" in done.stderr, "curses without a terminal", done.stderr)


def sdl(scratch):
    number = 90 + os.getpid() % 900
    server = subprocess.Popen(["Xvfb", f":{number}", "-screen", "0", "1280x1024x24"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.environ["DISPLAY"] = f":{number}"
    serial, hmp = f"{scratch}/s-serial", f"{scratch}/s-hmp"
    process = None
    try:
        eventually(lambda: subprocess.run(["xdotool", "getdisplaygeometry"],
                                          capture_output=True).returncode == 0)
        manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        process = subprocess.Popen(
            [REPRISE, "-display", "sdl", "-name", "test", "-m", "16", "-kernel", f"{scratch}/vga.bin",
             "-serial", f"unix:{serial},server", "-monitor", f"unix:{hmp},server,nowait"],
            stdin=subprocess.DEVNULL)
        port = Serial(serial)
        report(port.until(b"r") and port.case("text-80"), "sdl: the guest runs")
        def window():
            return output("xdotool", "search", "--name", r"Reprise \(test\)").split()
        report(eventually(window), "sdl: a window with the machine's name")
        handle = window()[0]
        def shows(case, size):
            """The window's pixels are the screendump's."""
            if size not in output("xdotool", "getwindowgeometry", handle):
                return False
            command(hmp, f"screendump {scratch}/{case}.ppm")
            subprocess.run(["import", "-window", handle, "-depth", "8", f"{scratch}/{case}.x.ppm"],
                           check=True)
            with open(f"{scratch}/{case}.ppm", "rb") as a, open(f"{scratch}/{case}.x.ppm", "rb") as b:
                return a.read().split(None, 4)[4:] == b.read().split(None, 4)[4:]
        report(eventually(lambda: shows("text-80", "720x400")), "sdl: text, pixel by pixel")
        port.case("mode-13")
        report(eventually(lambda: shows("mode-13", "640x400")), "sdl: another mode, another size")
        subprocess.run(["xdotool", "windowfocus", handle], check=True)
        time.sleep(0.5)
        subprocess.run(["xdotool", "key", "shift+a"], check=True)
        report(port.until(key(0x1e, ord("A"))), "sdl: shift-a", port.got)
        subprocess.run(["xdotool", "key", "F9"], check=True)
        report(port.until(key(0x43, 0)), "sdl: F9", port.got)
        port.case("mouse")
        subprocess.run(["xdotool", "mousemove", "--window", handle, "100", "100", "click", "1"], check=True)
        time.sleep(0.5)
        subprocess.run(["xdotool", "mousemove_relative", "9", "4"], check=True)
        moved = port.until(b"M")
        report(moved, "sdl: a click takes the mouse, motion reaches the guest", port.got)
        subprocess.run(["xdotool", "mousedown", "3", "sleep", "0.3", "mouseup", "3"], check=True)
        report(port.until(b"M\x0a\x00\x00", b"M\x08\x00\x00"), "sdl: the right button", port.got)
        title = lambda: output("xdotool", "getwindowname", handle)
        report("Ctrl-Alt-G" in title(), "sdl: the title says how to release the mouse", title())
        subprocess.run(["xdotool", "key", "ctrl+alt+g"], check=True)
        report(eventually(lambda: "Ctrl-Alt-G" not in title(), 5), "sdl: Ctrl-Alt-G releases it", title())
        subprocess.run(["xdotool", "key", "ctrl+alt+f"], check=True)
        report(eventually(lambda: "1280x1024" in output("xdotool", "getwindowgeometry", handle), 5),
               "sdl: Ctrl-Alt-F is full screen", output("xdotool", "getwindowgeometry", handle))
        subprocess.run(["xdotool", "key", "ctrl+alt+f"], check=True)
        eventually(lambda: "1280x1024" not in output("xdotool", "getwindowgeometry", handle), 5)
        subprocess.run(["wmctrl", "-i", "-c", handle], check=True)
        report(eventually(lambda: process.poll() is not None, 10) and process.returncode == 0,
               "sdl: closing the window ends the program", process.poll())
    finally:
        if process and process.poll() is None:
            process.kill()
        for helper in (manager, server):
            helper.kill()
            helper.wait()
    os.environ["DISPLAY"] = ":9999"
    done = subprocess.run([REPRISE, "-display", "sdl"], stdin=subprocess.DEVNULL, capture_output=True,
                          encoding="utf-8", timeout=20)
    report(done.returncode == 1 and "-display sdl: " in done.stderr, "sdl without a display", done.stderr)
    del os.environ["DISPLAY"]


with tempfile.TemporaryDirectory() as directory:
    subprocess.run(["nasm", "-f", "bin", "-o", f"{directory}/vga.bin", f"{ROOT}/vga.asm"], check=True)
    for part in sys.argv[1:] or ["monitor", "curses", "sdl"]:
        {"monitor": monitor, "curses": curses, "sdl": sdl}[part](directory)
sys.exit(failed > 0)
