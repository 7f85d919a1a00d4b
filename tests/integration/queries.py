#!/usr/bin/env python3
"""Questions to a whole recording over QMP: each hit is one that a journey finds, and no other is. And
divergences: the instruction that was made to go wrong is named.

    REPRISE=build/reprise tests/integration/queries.py
"""
import json
import os
import re
import subprocess
import tempfile

from machine import REPRISE, finish, report


class Client:
    """A replay that is spoken to by QMP on its standard streams."""

    def __init__(self, recording, *more):
        self.process = subprocess.Popen(
            [REPRISE, "-replay", recording, "-S", "-display", "none", "-monitor", "none", "-qmp",
             "stdio", *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.events = []
        self.read()
        self.run("qmp_capabilities")

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("not ok queries: the program ended")
        return json.loads(line)

    def ask(self, command, **arguments):
        arguments = {name.replace("_", "-"): value for name, value in arguments.items()}
        self.process.stdin.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        while True:
            said = self.read()
            if "event" not in said:
                return said
            self.events.append(said)

    def run(self, command, **arguments):
        said = self.ask(command, **arguments)
        if "return" not in said:
            raise SystemExit(f"not ok queries: {command}: {said}")
        return said["return"]

    def event(self, name, good=lambda data: True):
        while True:
            for number, said in enumerate(self.events):
                if said["event"] == name and good(said["data"]):
                    self.events = self.events[number + 1:]
                    return said["data"]
            self.events.append(self.read())

    def journey(self, command, **arguments):
        self.run(command, **arguments)
        return self.event("REPLAY_STOPPED")

    def query(self, job, **question):
        self.run("replay-query", job_id=job, **question)
        self.event("JOB_STATUS_CHANGE", lambda d: d["id"] == job and d["status"] == "concluded")
        answer = self.run("query-replay-hits", id=job)
        self.run("job-dismiss", id=job)
        return answer

    def quit(self):
        self.run("quit")
        self.process.wait()


# What the built-in guest does often, seldom and never.
QUESTIONS = {
    "port": {"kind": "port", "at": 0x3F8, "length": 8},
    "interrupts": {"kind": "interrupt", "at": 0, "length": 256},
    "exceptions": {"kind": "exception", "at": 0, "length": 32},
    "writes": {"kind": "write", "at": 0x7000, "length": 0x1000},
    "physical writes": {"kind": "write", "at": 0x1000, "length": 0x1000, "physical": True},
    "nothing": {"kind": "port", "at": 0x2E8, "length": 8},
}


def same(hit, stop):
    """A hit of a query, and where a journey forward to it ended."""
    met = stop["break"]
    return ((hit["icount"], hit["cycles"]) == (stop["icount"], stop["cycles"]) and
            all(hit[name] == met[name] for name in ("pc", "address", "size", "cpu-index")))


def check_forward(client, name, question, most=6):
    hits = client.query("q", **question, limit=most)
    client.journey("replay-seek", to="begin")
    identity = client.run("replay-break-add", **question)["id"]
    wrong, place = "", None
    for hit in hits["hits"]:
        stop = client.journey("replay-continue")
        while stop["reason"] == "breakpoint" and place == (stop["icount"], stop["cycles"]):
            stop = client.journey("replay-continue")
        place = (stop["icount"], stop["cycles"])
        if stop["reason"] != "breakpoint" or not same(hit, stop):
            wrong = f"{hit}, {stop}"
            break
    if not wrong and hits["complete"]:
        stop = client.journey("replay-continue")
        if stop["reason"] != "end":
            wrong = f"complete with {len(hits['hits'])}, and then {stop}"
    client.run("replay-break-remove", id=identity)
    report(not wrong and len(hits["hits"]) <= most, f"query, the first: {name}", wrong)
    return len(hits["hits"])


def check_back(client, name, question, most=6):
    hits = client.query("q", **question, limit=most, order="last")
    client.journey("replay-seek", to="end")
    identity = client.run("replay-break-add", **question)["id"]
    wrong = ""
    for hit in hits["hits"]:
        stop = client.journey("replay-continue", reverse=True)
        if stop["reason"] != "breakpoint" or stop["icount"] != hit["icount"] - 1 or \
           any(hit[key] != stop["break"][key] for key in ("pc", "address", "size")):
            wrong = f"{hit}, {stop}"
            break
    if not wrong and hits["complete"]:
        stop = client.journey("replay-continue", reverse=True)
        if stop["reason"] != "begin":
            wrong = f"complete with {len(hits['hits'])}, and then {stop}"
    client.run("replay-break-remove", id=identity)
    report(not wrong, f"query, the last: {name}", wrong)


def queries(recording):
    client = Client(recording)
    found = 0
    for name, question in QUESTIONS.items():
        found += check_forward(client, name, question)
        check_back(client, name, question)
    report(found >= 12, "query: there was something to find", found)

    # An instruction that is executed: where an interrupt came from.
    pc = client.query("q", kind="exception", at=0, length=32, limit=1)["hits"][0]["pc"]
    check_forward(client, "an instruction", {"kind": "pc", "at": pc})

    whole = client.query("q", kind="port", at=0x3F8, limit=4096)["hits"]
    middle = whole[len(whole) // 2]["icount"]
    part = client.query("q", kind="port", at=0x3F8, limit=4096, **{"from": middle, "to": middle + 9999})
    report(part["complete"] and
           part["hits"] == [h for h in whole if middle <= h["icount"] <= middle + 9999],
           "query: from, to", part["hits"][:2])

    text = client.query("q", kind="text", text="PASSED")
    client.journey("replay-seek", to="begin")
    identity = client.run("replay-break-add", kind="text", text="PASSED")["id"]
    stop = client.journey("replay-continue")
    client.run("replay-break-remove", id=identity)
    report(text["complete"] and text["hits"][0]["icount"] == stop["icount"] - 1, "query: text", text)

    errors = [client.ask("replay-query", job_id="x", kind="icount", at=5),
              client.ask("replay-query", job_id="x", kind="write"),
              client.ask("replay-query", job_id="x", kind="write", at=1, limit=5000),
              client.ask("query-replay-hits", id="x")]
    report(all("error" in said for said in errors), "query: what cannot be asked", errors)
    client.run("replay-query", job_id="y", kind="access", at=0, length=1 << 20, limit=4096)
    client.run("job-cancel", id="y")
    client.event("JOB_STATUS_CHANGE", lambda d: d["id"] == "y" and d["status"] == "concluded")
    jobs = client.run("query-jobs")
    report(jobs[0]["id"] == "y" and jobs[0]["type"] == "replay-query", "query: cancelled", jobs)
    client.quit()


def replay(recording, *more):
    done = subprocess.run([REPRISE, "-replay", recording, "-display", "none", "-pace", "max", *more],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=300)
    return done.returncode, done.stderr


def divergences(recording, folder):
    # Where the fault is planted: any instruction will do; this one's position and pc are looked up.
    client = Client(recording)
    last = client.run("query-replay")["last"]["icount"]
    flip = last // 5
    client.journey("replay-seek", icount=flip - 1)
    registers = client.run("human-monitor-command", command_line="info registers")
    client.quit()
    where = f"at icount {flip - 1},"
    ip = int(re.search(r"[ER]IP=\s*([0-9a-f]+)", registers)[1], 16)

    status, said = replay(recording, "-test-flip", str(flip))
    named = re.search(r"the instruction, by (.*): at icount (\d+), cycle \d+, CPU 0, 0x([0-9a-f]+): (.*)",
                      said)
    report(status == 3 and named and int(named[2]) == flip - 1 and
           int(named[3], 16) & 0xFFFF == ip & 0xFFFF and named[1] == "-accel interp,blocks=off",
           "divergence: the instruction, with blocks only", said)
    report("/r15: 1, recorded 0" in said.split("after it:")[-1], "divergence: its fields", said)
    report("at the next keyframe" in said and "/r15: 1, recorded 0" in said.split("after it:")[0],
           "divergence: fields at the next keyframe", said)

    status, said = replay(recording, "-test-flip", f"{flip},once")
    report(status == 3 and "the same build, run again, gives what was recorded" in said,
           "divergence: a run that is not repeated", said)

    status, said = replay(recording, "-test-flip", f"{flip},all")
    report(status == 3 and "-against BINARY" in said and where not in said,
           "divergence: no run gives what was recorded", said)

    status, said = replay(recording, "-test-flip", f"{flip},all", "-against", REPRISE)
    named = re.search(r"the instruction, by -against .*: at icount (\d+),", said)
    report(status == 3 and named and int(named[1]) == flip - 1 and "differs: /cpu/0" in said,
           "divergence: against another build", said)
    status, said = replay(recording, "-test-flip", f"{flip},all", "-against", "/bin/false")
    report(status == 3 and "-against /bin/false: it ended" in said,
           "divergence: another build that is none", said)


def main():
    with tempfile.TemporaryDirectory() as folder:
        recording = f"{folder}/run.rec"
        done = subprocess.run(
            [REPRISE, "-rtc", "base=2026-11-20T12:00:00", "-seed", "1", "-display", "none", "-pace",
             "max", "-m", "64", "-record", f"{recording},keyframes=1000000"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        report(done.returncode == 0, "queries: recorded", done.stderr[-300:])
        queries(recording)
        divergences(recording, folder)
    finish()


main()
