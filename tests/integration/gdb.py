#!/usr/bin/env python3
"""Debian's gdb on a machine: at the reset vector; there and back again in a small guest and in Linux, live
and in a recording."""
import os
import re
import subprocess
import sys
import tempfile
import time

from machine import EMULATOR, FIXED, GUESTS, QUIET, build, hash_in, report, finish

SCRATCH = tempfile.TemporaryDirectory()
SOCKET = os.path.join(SCRATCH.name, "gdb")
RECORDING = os.path.join(SCRATCH.name, "run.reprise")


def start(arguments, emulator=EMULATOR + FIXED):
    if os.path.exists(SOCKET):
        os.remove(SOCKET)      # of one that did not end well
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


def all_of_a_processor():
    """Registers that only some models have, in a processor that has all."""
    process = start(["-serial", "null", "-cpu", "max"])
    text = gdb("set $ymm5.v4_int64[3] = 77", "print $ymm5.v4_int64", "set $pkru = 0x55555550",
               'printf "pkru %x\\n", $pkru', "detach")
    check("AVX and protection keys", text, r"= \{0, 0, 0, 77\}", "^pkru 55555550")
    end(process)


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



def shown(text, name):
    """What gdb said between "<NAME" and ">"."""
    found = re.search(rf"^<{name}$(.*?)^>$", text, re.M | re.S)
    return found and found.group(1)


def show(name, *commands):
    """Commands whose output shown() finds."""
    return [f"echo <{name}\\n", *commands, "echo >\\n"]


def same(name, text, *shots):
    """Whether each of these shows the same, and something."""
    what = [shown(text, shot) for shot in shots]
    return report(what[0] and what.count(what[0]) == len(what), "gdb: " + name, text[-2000:])


REGISTERS = ["info registers", "x/8gx $sp"]


def small_guest():
    """The third call of a function, found forwards and backwards; steps back are steps undone."""
    process = start(["-kernel", f"{GUESTS}/multiboot.elf", "-serial", "null"])
    text = gdb(
        f"symbol-file {GUESTS}/multiboot.elf", "hbreak *&puts", "continue", "continue", "continue",
        *show("third", *REGISTERS),
        "stepi 300", *show("later", *REGISTERS), "reverse-stepi 300", *show("undone", *REGISTERS),
        "continue", "continue", "continue", "reverse-continue", "reverse-continue",
        *show("back", *REGISTERS),
        "reverse-continue", "reverse-continue", "reverse-continue", *show("begin", "print/x $rip"),
        "delete", "detach")
    same("steps there and back", text, "third", "undone")
    same("calls there and back", text, "third", "back")
    report(shown(text, "later") != shown(text, "third"), "gdb: steps go somewhere")
    check("the begin of history", text, "No more reverse-execution history", "^<begin", "= 0xfff0$")
    status, _, errors = end(process)
    got = hash_in(errors)
    straight = subprocess.run([*EMULATOR, *FIXED, "-kernel", f"{GUESTS}/multiboot.elf", "-serial", "null"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
    report(status == 0 and got and got == hash_in(straight.stderr),
           "gdb: a run that was gone through is the same run", f"{status} {got} {errors[-500:]}")


# In Linux: functions and variables of the kernel that C code of every configuration has.
FUNCTIONS = ["start_kernel", "do_sysctl_args"]
VARIABLES = ["system_state", "jiffies_64"]
LINUX = ["-kernel", f"{GUESTS}/cloud.bzImage", "-initrd", f"{GUESTS}/initramfs.gz", "-serial", "stdio",
         "-append", f"{QUIET} rdinit=/bin/sh -- -c \"mount -t proc proc /proc; grep -E "
         f"' ({'|'.join(FUNCTIONS + VARIABLES)})$' /proc/kallsyms; exec busybox poweroff -f\""]


def kernel_symbols(at):
    """A file for gdb with these symbols: Debian's kernels come without any."""
    source, file = os.path.join(SCRATCH.name, "kernel.s"), os.path.join(SCRATCH.name, "kernel.elf")
    with open(source, "w") as out:
        for section, kind, names in (("text", "function", FUNCTIONS), ("data", "object", VARIABLES)):
            out.write(f".{section}\n.byte 0\n")
            for name in names:
                out.write(f".globl {name}\n.type {name}, @{kind}\n.set {name}, .{section} + "
                          f"{at[name] - 0xffffffff81000000:#x}\n")
    for command in (["as", "-o", source + ".o", source],
                    ["ld", "-Ttext=0xffffffff81000000", "-Tdata=0xffffffff81000000", "--no-check-sections",
                     "-e", "0", "-o", file, source + ".o"]):
        subprocess.run(command, check=True)
    return file


def linux(name, at, arguments, emulator):
    """What the machine is where it is left: at a function of the kernel."""
    process = start(arguments, emulator)
    state = "*(int*)&system_state"
    text = gdb(
        f"symbol-file {kernel_symbols(at)}",
        "hbreak *start_kernel", "continue", "delete",
        *show("early", f"print {state}", "print $rip == (long)&start_kernel"),
        "hbreak *do_sysctl_args", "continue",
        *show("there", *REGISTERS), "stepi", "stepi", "stepi",
        *show("later", *REGISTERS), "reverse-stepi", "reverse-stepi", "reverse-stepi",
        *show("undone", *REGISTERS), "delete",
        f"watch {state}", "reverse-continue",
        *show("writer", "x/i $rip", f"print {state}", "stepi", f"print {state}"), "delete",
        "reverse-stepi", "watch *(long*)&jiffies_64", "reverse-continue",
        *show("tick", "x/i $rip", "set $before = *(long*)&jiffies_64", "stepi",
              "print *(long*)&jiffies_64 - $before"), "delete",
        "hbreak *do_sysctl_args", "continue", *show("again", *REGISTERS),
        "delete", "stepi", "stepi", "stepi", *show("onwards", *REGISTERS), "monitor quit")
    check(f"{name}: at a kernel symbol", shown(text, "early") or text, "= 0$", "= 1$")
    same(f"{name}: steps there and back", text, "there", "undone", "again")
    same(f"{name}: steps once more", text, "later", "onwards")
    report(shown(text, "later") != shown(text, "there"), f"gdb: {name}: steps go somewhere")
    check(f"{name}: back to who wrote system_state", shown(text, "writer") or text,
          rf"=> .*mov.*# {at['system_state']:#x}", "= 2$", "= 3$")
    check(f"{name}: back to who counted jiffies", shown(text, "tick") or text,
          rf"=> .*(add|mov|inc).*# {at['jiffies_64']:#x}", "= 1$")
    status, _, errors = end(process)
    return report(status == 0, f"gdb: {name}: ends", f"{status} {errors[-500:]}") and hash_in(errors)


def in_linux():
    recorded = subprocess.run([*EMULATOR, *FIXED, *LINUX, "-record", RECORDING], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True)
    at = {name: int(address, 16)
          for address, name in re.findall(r"^([0-9a-f]{16}) \w (\w+)\r?$", recorded.stdout, re.M)}
    live = linux("Linux", at, LINUX, EMULATOR + FIXED)
    again = linux("Linux, replayed", at, ["-replay", RECORDING], EMULATOR[:1] + ["-state-hash", "-pace", "max"])
    report(live and live == again, "gdb: Linux: the same machine, live and replayed", f"{live} {again}")


build("cloud", "initramfs", "multiboot")
looks_and_changes()
all_of_a_processor()
monitor_opens_it()
small_guest()
in_linux()
finish()
