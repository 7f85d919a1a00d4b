#!/usr/bin/env python3
"""Debian's gdb on a machine: at the reset vector, in firmware, in Linux; there and back again."""
import os
import re
import subprocess
import sys
import tempfile
import time

from machine import EMULATOR, FIXED, REPRISE, hash_in, report, finish

SCRATCH = tempfile.TemporaryDirectory()
SOCKET = os.path.join(SCRATCH.name, "gdb")
RECORDING = os.path.join(SCRATCH.name, "run.reprise")


def start(arguments, emulator=EMULATOR + FIXED):
    return subprocess.Popen([*emulator, "-S", "-gdb", f"unix:{SOCKET},server,nowait", *arguments],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def gdb(*commands, seconds=120):
    """What gdb says to these commands."""
    deadline = time.time() + 20
    while not os.path.exists(SOCKET) and time.time() < deadline:
        time.sleep(0.02)
    words = [word for line in ("set pagination off", "set confirm off", f"target remote {SOCKET}",
                               *commands) for word in ("-ex", line)]
    try:
        return subprocess.run(["gdb", "-nx", "-batch", *words], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=seconds).stdout
    except subprocess.TimeoutExpired as late:
        return f"{late.stdout} (no end)"


def end(process, seconds=120):
    try:
        out, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, errors = process.communicate()
    return process.returncode, out.decode(errors="replace"), errors.decode(errors="replace")


def said(text, *patterns):
    """Whether the patterns come in this order, each in a line."""
    at = 0
    for pattern in patterns:
        found = re.compile(pattern, re.M).search(text, at)
        if not found:
            return False
        at = found.end()
    return True


def check(name, text, *patterns):
    return report(said(text, *patterns), "gdb: " + name, text[-2000:])


def looks_and_changes():
    """At the reset vector: registers of all kinds, memory, monitor commands; then the run goes on, and
    plays with what gdb has changed."""
    process = start(["-serial", "null", "-smp", "2", "-record", RECORDING])
    text = gdb(
        'printf "at %lx %lx %lx\\n", $cs, $rip, $cr0', "x/5xb 0xfffffff0", "info threads",
        "set $r15 = 0x123456789abcdef0", 'printf "r15 %lx\\n", $r15',
        "set $st0 = 1.5", 'printf "st0 %.2f\\n", (double)$st0',
        "set $xmm3.v2_int64[1] = 5", "print $xmm3.v2_int64", "print $mxcsr", "print $eflags",
        "set $gs_base = 0x1000", "print/x $gs_base", "print $fs_base == 0 && $efer == 0",
        "set $rip = 0x10000", "set $cr0 = 0x80000000",
        "set {int}0x5000 = 0x11223344", "x/xw 0x5000", "set {char}0xfffff000 = 0x55", "x/xb 0xfffff000",
        "set {int}0xfee00300 = 1", "x/xw 0xfee00300",
        "maintenance packet Qqemu.PhyMemMode:1", "x/xw 0x5000",
        "monitor info status", "thread 2", 'printf "second %lx\\n", $rip', "detach")
    check("registers", text, "^at f000 fff0 60000010", "^0xfffffff0:\t0xea",
          r"^\* 1 .*CPU#0 \[running\]", r"^  2 .*CPU#1 \[waits for SIPI\]",
          "^r15 123456789abcdef0", "^st0 1.50", r"= \{0, 5\}", r"IM DM ZM OM UM PM",
          r"^\$\d+ = \[ *\]", "= 0x1000", "= 1$")
    check("what a processor refuses", text, "rip.*cannot have that value", "cr0.*cannot have")
    check("memory", text, "^0x5000:\t0x11223344", "^0xfffff000:\t0x55", "Cannot access memory",
          "Cannot access memory", "^0x5000:\t0x11223344")
    check("monitor, threads", text, "VM status: paused", "Switching to thread 2",
          "^second fff0", "detached")
    status, _, errors = end(process)
    live = hash_in(errors)
    report(status == 0 and live is not None, "gdb: the run goes on", f"{status} {errors[-500:]}")
    process = start(["-replay", RECORDING], EMULATOR[:1] + ["-state-hash", "-pace", "max"])
    text = gdb("set {int}0x5000 = 1", "set $rax = 1", "detach")
    check("a replay is not changed", text, "Cannot access memory", "replay-live")
    status, _, errors = end(process)
    report(status == 0 and hash_in(errors) == live, "gdb: what it changed is recorded",
           f"{status} {errors[-500:]}")


def monitor_opens_it():
    process = subprocess.Popen([*EMULATOR, *FIXED, "-S", "-serial", "null", "-monitor", "stdio"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)

    def command(line):
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()

    command(f"gdbserver unix:{SOCKET},server")
    text = gdb("monitor gdbserver none", "print/x $cs", "monitor quit")
    check("gdbserver", text, "ask from another monitor", "= 0xf000")
    status, out, errors = end(process, 20)
    report(status == 0 and "Waiting for gdb connection on device 'unix:" in out,
           "gdb: monitor quit", f"{status} {out[-300:]} {errors[-300:]}")


looks_and_changes()
monitor_opens_it()
finish()
