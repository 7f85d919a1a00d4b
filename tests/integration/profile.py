#!/usr/bin/env python3
"""reprise-log profile, and -d branch, mem and exec: of a guest whose calls are known.

    REPRISE=build/reprise BUILD=build tests/integration/profile.py
"""
import json
import os
import re
import subprocess
import tempfile
import xml.dom.minidom

from machine import REPRISE, finish, report

LOG = os.environ.get("LOG", os.path.join(os.environ.get("BUILD", "build"), "reprise-log"))

# By hand, from tests/guests/profile/profile.asm: calls, and instructions of the function itself. A call of `tail` is
# the jump that ends `branch`; work_b begins by the first switch, and jumps to itself.
LEAVES = 20 + 3 + 5
KNOWN = {"branch": (10, 10 * 3), "leaf": (LEAVES, LEAVES * 3), "tail": (10, 10 * 2), "on_int": (3, 3 * 2),
         "work_a": (1, 1 + 5 * 3 + 1), "work_b": (1, 5 * 2 + 4), "switch": (10 + 1, 10 * 4)}
STACKS = {"start;main;branch;leaf": 20 * 3, "start;main;tail": 10 * 2, "start;main;on_int;leaf": 3 * 3,
          "start;main;work_a;switch": 5 * 3 + 5, "work_b;leaf": 5 * 3}


def log(*words):
    done = subprocess.run([LOG, *map(str, words)], capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def build(scratch):
    elf = f"{scratch}/profile.elf"
    subprocess.run(["nasm", "-f", "elf32", "-o", f"{scratch}/profile.o", "tests/guests/profile/profile.asm"], check=True)
    subprocess.run(["ld", "-m", "elf_i386", "-n", "-x", "-nostdlib", "-Ttext=0x100000", "-Tdata=0x200000", "-e", "start",
                    "--build-id=none", "--no-warn-rwx-segments", "-o", elf, f"{scratch}/profile.o"], check=True)
    return elf


def rows(out):
    """By function: instructions, cycles, calls."""
    return {name: (int(instructions), int(cycles), int(calls)) for instructions, cycles, calls, name in
            re.findall(r"^ *(\d+) +(\d+) +(\d+) +[\d.]+ +[\d.]+  (\S+)$", out, re.M)}


def stacks(file):
    with open(file, encoding="ascii") as lines:
        return {stack: int(count) for stack, count in (line.rsplit(" ", 1) for line in lines)}


def known(scratch, elf, file):
    ended = json.loads(log("info", "--json", file)[1])["last"]
    folded = f"{scratch}/folded"
    status, out, errors = log("profile", "--symbols", elf, "--top", 0, "-o", folded, file)
    report(status == 0, "profile: ends well", errors)
    table, by_stack = rows(out), stacks(folded)
    for name, (calls, instructions) in KNOWN.items():
        got = table.get(name, (0, 0, 0))
        report((got[2], got[0]) == (calls, instructions), f"profile: {name}",
               f"wanted {calls} calls and {instructions} instructions, got {got}")
    for stack, instructions in STACKS.items():
        report(by_stack.get(stack) == instructions, f"profile: the stack {stack}",
               f"wanted {instructions}, got {by_stack.get(stack)}")
    same = sum(row[0] for row in table.values()), sum(by_stack.values()), sum(row[1] for row in table.values())
    report(same == (ended["icount"], ended["icount"], ended["cycles"]), "profile: nothing is missing",
           f"{same}, but the run is {ended}")
    log("profile", "--symbols", elf, "--by", "cycles", "-o", folded, file)
    report(sum(stacks(folded).values()) == ended["cycles"], "profile: cycles")


def symbol_files(scratch, elf, file):
    """The same names from text, and moved as KASLR would have."""
    names = subprocess.run(["nm", elf], capture_output=True, check=True, text=True).stdout
    plain, moved = f"{scratch}/System.map", f"{scratch}/moved.map"
    with open(plain, "w", encoding="ascii") as out:
        out.write(names)
    with open(moved, "w", encoding="ascii") as out:
        out.writelines(re.sub("^[0-9a-f]+", lambda m: f"{int(m[0], 16) + 0x1000:08x}", line) + "\n"
                       for line in names.splitlines())
    want = rows(log("profile", "--symbols", elf, "--top", 0, file)[1])
    report(want["leaf"][2] == LEAVES and rows(log("profile", "--symbols", plain, "--top", 0, file)[1]) == want,
           "profile: symbols as text")
    got = rows(log("profile", "--symbols", moved, "--offset", "0xfffffffffffff000", "--top", 0, file)[1])
    report(got == want, "profile: an offset")
    for bad, why in ((b"\x7fELF\x01\x01\x01", "missing"), (b"rubbish\n", "line 1"), (b"", "no functions")):
        with open(moved, "wb") as out:
            out.write(bad)
        status, _, errors = log("profile", "--symbols", moved, file)
        report(status == 1 and why in errors, f"profile: refuses {why}", f"{status}: {errors}")


def picture(scratch, elf, file):
    svg = f"{scratch}/flame.svg"
    log("profile", "--symbols", elf, "-o", svg, "--from", 1000, file)
    document = xml.dom.minidom.parse(svg)
    titles = [t.firstChild.data for t in document.getElementsByTagName("title")]
    report(any(t.startswith("all: ") and "100.00 %" in t for t in titles), "profile: a picture", titles[:3])
    report(not re.search(r"(href|src)=", document.toxml()), "profile: a picture that needs no other file")


def run(elf, *more):
    """A run's lines on stderr, or None."""
    done = subprocess.run([REPRISE, "-display", "none", "-pace", "max", "-m", "16", "-serial", "none", "-monitor", "none",
                           "-rtc", "base=2026-11-20T12:00:00", "-seed", "1", "-kernel", elf, "-state-hash", *more],
                          capture_output=True, timeout=120)
    return done.stderr.decode().splitlines() if done.returncode == 0 else None


def logged(scratch, elf):
    """-d: what it says of the guest's own code, and that the run is the same."""
    nm = subprocess.run(["nm", elf], capture_output=True, check=True, text=True).stdout
    at = {name: int(address, 16) for address, _, name in map(str.split, nm.splitlines())}
    own = re.compile(r"(\w+) 0: \d+ 0000000000(10[0-9a-f]{4}) +(.*)")
    plain, file = run(elf), f"{scratch}/log"
    ended = run(elf, "-d", "branch,mem", "-D", file)
    report(plain is not None and ended == plain, "-d branch,mem: the same run", f"{plain}, {ended}")
    with open(file, encoding="ascii") as lines:
        said = [match.groups() for match in map(own.match, lines) if match]
    for name in ("branch", "leaf", "tail", "work_a", "switch"):
        want = KNOWN[name][0] - (name == "switch")  # counted once more where work_b begins
        got = sum(kind == "Branch" and bool(re.search(rf"-> {at[name]:016x}  (call|jmp) ", text))
                  for kind, _, text in said)
        report(got == want, f"-d branch: calls of {name}", f"wanted {want}, got {got}")
    writes = [text for kind, _, text in said if kind == "Write" and f"[{at['stack_b'] - 4:016x}]" in text]
    report(len(writes) >= 1 and f"<- {at['work_b']:08x}  mov dword ptr [" in writes[0], "-d mem: a write", writes[:1])
    reads = sum(kind == "Read" and int(pc, 16) == at["leaf"] + 2 and text.endswith("  ret") for kind, pc, text in said)
    report(reads == LEAVES, "-d mem: reads", f"wanted {LEAVES}, got {reads}")
    ended = run(elf, "-d", "exec,mem,lines=500", "-D", file)
    report(ended == plain, "-d exec,lines=500: the same run", f"{plain}, {ended}")
    with open(file, encoding="ascii") as lines:
        said = lines.read().splitlines()
    report(len(said) == 501 and "lines=" in said[-1], "-d exec,lines=500: no more", said[-2:])
    report(bool(re.match("Trace 0: 0/0 f000:000000000000fff0  l?jmp ", said[0])), "-d exec: the first instruction",
           said[0])


with tempfile.TemporaryDirectory() as folder:
    program = build(folder)
    recorded = f"{folder}/run"
    report(run(program, "-record", recorded) is not None, "profile: recorded")
    known(folder, program, recorded)
    symbol_files(folder, program, recorded)
    picture(folder, program, recorded)
    logged(folder, program)
finish()
