#!/usr/bin/env python3
"""README's story, command by command as it stands there: a guest panics, and its recording leads back to
the instruction that wrote the bad value; with gdb, and with QMP."""
import json
import os
import re
import subprocess
import tempfile

from machine import GUESTS, REPRISE, finish, report

SCRATCH = tempfile.TemporaryDirectory()


def blocks():
    """What the section's code blocks say, with this test's places for files."""
    with open("README.md", encoding="utf-8") as readme:
        section = re.search(r"^## A story\b.*?(?=^## )", readme.read(), re.M | re.S).group()
    for place, here in (("build/guests", GUESTS), ("build/reprise", REPRISE),
                        ("story.reprise", f"{SCRATCH.name}/story.reprise")):
        section = section.replace(place, here)
    return [block.splitlines() for block in re.findall(r"^```\n(.*?)^```$", section, re.M | re.S)]


def shell(line, typed=""):
    done = subprocess.run(["bash", "-c", line], input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=60)
    return done.stdout


def by_qmp(line, messages):
    """Types a message when the one before is answered and its journey over. Returns all that was said."""
    said = []
    with subprocess.Popen(["bash", "-c", line], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        def read_until(*wanted):
            while answer := program.stdout.readline():
                said.append(json.loads(answer))
                if said[-1].get("event") in wanted or any(word in said[-1] for word in wanted):
                    return
        read_until("QMP")
        for message in messages:
            program.stdin.write(message + "\n")
            program.stdin.flush()
            read_until("return", "error")
            if json.loads(message)["execute"] in ("replay-seek", "replay-continue") and "return" in said[-1]:
                read_until("REPLAY_STOPPED")
        program.wait(20)
    return said


def main():
    (guest, record, debug), typed, (replay, *messages) = blocks()
    shell(guest)
    said = shell(record)
    report("PANIC: Bo has 0" in said, "story: it panics", said)

    said = shell(debug, "".join(line.removeprefix("(gdb) ") + "\n" for line in typed))
    stop = re.search(r"^Old value = 0\nNew value = 250$.* begin_week .*story\.c:\d+\n.*visits\[day\] = 0;.*"
                     r"=> (0x[0-9a-f]+) <begin_week\+\d+>:\s*movl +\$0x0,.*\$\d+ = 7\n.* main ", said, re.M | re.S)
    report(stop, "story: gdb leads back to the writer", said)

    said = by_qmp(replay, messages)
    hits = [m["data"]["break"] for m in said if m.get("event") == "REPLAY_STOPPED" and "break" in m["data"]]
    report(stop and len(hits) == 1 and hits[0]["pc"] == int(stop.group(1), 16), "story: and so does QMP", said)
    symbol = subprocess.run(["gdb", "-nx", "-batch", "-ex", "print &accounts[1].balance", f"{GUESTS}/story.elf"],
                            capture_output=True, text=True).stdout
    report(hits and f"{hits[0]['address']:#x}" in symbol, "story: it watches Bo's balance", symbol)


main()
finish()
