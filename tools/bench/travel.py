#!/usr/bin/env python3
"""How long journeys take: random seeks and reverse steps in a recording, over QMP.

    REPRISE=build/reprise tools/bench/travel.py RECORDING [SEEKS]

Prints median and worst of each in milliseconds."""
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time

REPRISE = os.environ.get("REPRISE", "build/reprise")


class Monitor:
    def __init__(self, path):
        for _ in range(600):
            self.socket = socket.socket(socket.AF_UNIX)
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self.run("qmp_capabilities")

    def run(self, command, **arguments):
        self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
        while True:
            said = json.loads(self.lines.readline())
            if "error" in said:
                sys.exit(f"{command}: {said['error']['desc']}")
            if "return" in said:
                return said["return"]

    def journey(self, command, **arguments):
        """Milliseconds until the machine stands there."""
        begin = time.monotonic()
        self.run(command, **arguments)
        while True:
            said = json.loads(self.lines.readline())
            if said.get("event") == "REPLAY_STOPPED":
                if said["data"]["reason"] not in ("arrived", "begin"):
                    sys.exit(f"{command} {arguments}: {said['data']}")
                return 1000 * (time.monotonic() - begin)


def report(what, times):
    times.sort()
    print(f"{what}: {statistics.median(times):.1f} ms at the median, {times[-1]:.1f} ms at worst "
          f"({len(times)} times)")


def main():
    recording, seeks = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/qmp"
        program = subprocess.Popen([REPRISE, "-replay", recording, "-S", "-display", "none",
                                    "-monitor", "none", "-qmp", f"unix:{path},server,nowait"])
        monitor = Monitor(path)
        where = monitor.run("query-replay")
        first, last = where["first"]["icount"], where["last"]["icount"]
        chance = random.Random(1)
        there, back, again = [], [], []
        for _ in range(seeks):
            there.append(monitor.journey("replay-seek", icount=chance.randint(first + 1, last - 1)))
            back.append(monitor.journey("replay-step", reverse=True))
            again.append(monitor.journey("replay-step", reverse=True))
        monitor.run("quit")
        program.wait()
    report("random seeks", there)
    report("the first reverse step there", back)
    report("the next", again)


main()
