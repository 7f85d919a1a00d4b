#!/usr/bin/env python3
"""QMP on real sockets: the wire, every answer checked by what query-qmp-schema says, events, a recording
of commands that plays to the same state, and clients that mean ill."""
import json
import re
import resource
import socket
import subprocess
import tempfile
import threading
import time

from machine import REPRISE, finish, hash_in, report
from qmp_client import PATIENCE, Client, connect

FIXED = ["-rtc", "base=2026-11-20T12:00:00", "-seed", "1", "-m", "16", "-display", "none", "-pace", "max",
         "-serial", "null"]


class Schema:
    """What query-qmp-schema says, as a checker of values."""

    def __init__(self, entities):
        self.commands = {e["name"]: e for e in entities if e["meta-type"] == "command"}
        self.types = {e["name"]: e for e in entities if e["meta-type"] not in ("command", "event")}
        self.wrong = []

    def check(self, command, value):
        if not self.fits(self.commands[command]["ret-type"], value):
            self.wrong.append(f"{command}: {json.dumps(value)[:200]}")

    def fits(self, name, value):
        entity = self.types[name]
        kind = entity["meta-type"]
        if kind == "builtin":
            integer = isinstance(value, int) and not isinstance(value, bool)
            return {"string": isinstance(value, str), "int": integer,
                    "number": integer or isinstance(value, float), "boolean": isinstance(value, bool),
                    "null": value is None, "value": True}[entity["json-type"]]
        if kind == "enum":
            return value in entity["values"]
        if kind == "array":
            return isinstance(value, list) and all(self.fits(entity["element-type"], v) for v in value)
        if kind == "alternate":
            return any(self.fits(m["type"], value) for m in entity["members"])
        members = {m["name"]: m for m in self.members(entity, value)}
        return (isinstance(value, dict) and value.keys() <= members.keys() and
                all(self.fits(members[k]["type"], v) for k, v in value.items()) and
                all(k in value or "default" in m for k, m in members.items()))

    def members(self, entity, value):
        yield from entity["members"]
        for variant in entity.get("variants", []):
            if value.get(entity["tag"]) == variant["case"]:
                yield from self.members(self.types[variant["type"]], value)


class Machine:
    def __init__(self, *arguments, **more):
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([REPRISE, *FIXED, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=self.errors, **more)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def end(self):
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        self.process.wait()
        timer.cancel()
        self.errors.seek(0)
        return self.process.returncode, self.errors.read()

    def memory(self):
        text = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmHWM:\s*(\d+)", text).group(1)) // 1024


def idle_disk(directory):
    """A disk that does not boot: the firmware says so and waits for ever."""
    path = f"{directory}/empty.img"
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    return ["-hda", path]


def commands(directory):
    path = f"{directory}/qmp"
    with Machine("-S", "-name", "one", *idle_disk(directory), "-qmp", f"unix:{path},server,nowait",
                 "-qmp-pretty", f"unix:{path}2,server=on,wait=off", "-smp", "2") as machine:
        client = Client(path)
        version = client.greeting["QMP"]["version"]
        report(version["qemu"] == {"major": 2, "minor": 11, "micro": 2} and
               version["package"].startswith("Reprise ") and client.greeting["QMP"]["capabilities"] == [],
               "qmp: greeting", client.greeting)
        schema = client.schema = Schema(client.run("query-qmp-schema"))
        names = {c["name"] for c in client.run("query-commands")}
        report(names == schema.commands.keys(), "qmp: query-commands and the schema name the same")
        for name in sorted(names):
            if name.startswith("query-"):
                client.run(name)
        report(client.run("query-status") == {"running": False, "singlestep": False, "status": "prelaunch"},
               "qmp: -S is prelaunch")
        client.run("pmemsave", val=0xffff0, size=16, filename=f"{directory}/memory")
        client.run("memsave", val=0xfffffff0, size=16, filename=f"{directory}/memory2")
        saved = open(f"{directory}/memory", "rb").read()
        report(saved[0] == 0xea and saved == open(f"{directory}/memory2", "rb").read(), "qmp: memsave", saved)
        views = [client.run("human-monitor-command", **{"command-line": line})
                 for line in ("xp /2xb 0xffff0", "x/1i $pc", "x 0x100 +", "xp/1xg 0x10000000")]
        report(views[0] == f"00000000000ffff0: 0xea 0x{saved[1]:02x}\r\n" and "jmp" in views[1] and
               views[2].startswith("Error: expected") and views[3] == "Cannot access memory\r\n",
               "hmp: x, xp", views)
        client.run("cont")
        report(client.event("RESUME") is not None and client.run("query-status")["running"], "qmp: cont")
        other = connect(f"{path}2")
        greeting = other.recv(4096)
        other.sendall(b'{"execute":"qmp_capabilities"}')
        report(b'\r\n    "QMP": {\r\n' in greeting and other.recv(4096) == b'{\r\n    "return": {}\r\n}\r\n',
               "qmp: -qmp-pretty", greeting)
        client.run("stop")
        report(b'"event": "STOP"' in other.recv(4096) and client.event("STOP") is not None,
               "qmp: an event for each monitor")
        client.run("cont")
        report(client.run("query-name") == {"name": "one"} and len(client.run("query-cpus")) == 2 and
               client.run("query-cpus-fast")[1]["cpu-index"] == 1, "qmp: name, vCPUs")
        block = {b["device"]: b for b in client.run("query-block")}
        report(block["ide0-hd0"]["inserted"]["image"]["virtual-size"] == 1 << 20 and
               "inserted" not in block["ide1-cd0"], "qmp: query-block", block)
        report("EIP=" in client.run("human-monitor-command", **{"command-line": "info registers"}),
               "qmp: human-monitor-command")
        client.run("screendump", filename=f"{directory}/shot")
        report(open(f"{directory}/shot", "rb").read(2) == b"P6", "qmp: screendump")
        with open(f"{directory}/cd.iso", "wb") as file:
            file.truncate(1 << 20)
        changed = client.run("blockdev-change-medium", id="ide1-cd0", filename=f"{directory}/cd.iso")
        for attempt in range(200):
            block = {b["device"]: b for b in client.run("query-block")}
            if "inserted" in block["ide1-cd0"]:
                break
            time.sleep(0.02)
        report("inserted" in block["ide1-cd0"], "qmp: blockdev-change-medium", changed)
        report(client.run("eject", device="nothing")["class"] == "DeviceNotFound", "qmp: DeviceNotFound")
        client.run("send-key", keys=[{"type": "qcode", "data": "ret"}])
        client.run("system_powerdown")
        report(client.event("POWERDOWN") is not None, "qmp: POWERDOWN")
        client.run("system_reset")
        reset = client.event("RESET")
        report(reset and not reset["data"]["guest"], "qmp: RESET", reset)
        report(not schema.wrong, "qmp: answers are as the schema has them", schema.wrong)


def resets(directory):
    """A guest effect is recorded, and played again."""
    path, recording = f"{directory}/qmp", f"{directory}/run.rec"
    arguments = [*idle_disk(directory), "-state-hash", "-qmp", f"unix:{path},server,nowait"]
    with Machine(*arguments, "-record", recording) as machine:
        machine_client = Client(path)
        machine_client.run("send-key", keys=[{"type": "qcode", "data": "a"}], **{"hold-time": 1})
        machine_client.run("input-send-event",
                           events=[{"type": "rel", "data": {"axis": "x", "value": 5}}])
        machine_client.run("inject-nmi")
        time.sleep(0.3)
        said = machine_client.run("quit")
        over = machine_client.event("SHUTDOWN")
        report(said == {} and over and over["data"] == {"guest": False, "reason": "host-qmp-quit"},
               "qmp: quit is answered, then SHUTDOWN", (said, over))
        status, errors = machine.end()
        live = hash_in(errors)
    with Machine("-S", "-replay", recording, "-state-hash", "-qmp", f"unix:{path},server,nowait") as machine:
        client = Client(path)
        refused = client.run("system_reset")
        report("replay" in refused.get("desc", ""), "qmp: a replay is not changed", refused)
        client.run("cont")
        status, errors = machine.end()
        report(live and hash_in(errors) == live, "qmp: a run with commands plays again", errors)


def journeys(directory):
    """Through a recording: where it is, there and back, breakpoints; nothing is changed on the way."""
    path, recording = f"{directory}/qmp", f"{directory}/run.rec"
    arguments = [*idle_disk(directory), "-qmp", f"unix:{path},server,nowait", "-state-hash"]
    with Machine(*arguments, "-record", recording) as machine:
        client = Client(path)
        while client.run("query-replay")["icount"] < 3000000:
            time.sleep(0.05)
        report(client.run("query-replay")["mode"] == "record", "qmp: a run that is recorded")
        client.run("quit")
        live = hash_in(machine.end()[1])
    with Machine("-S", *arguments[2:], "-replay", recording) as machine:
        client = Client(path)
        client.schema = Schema(client.run("query-qmp-schema"))

        def stopped():
            data = client.event("REPLAY_STOPPED")["data"]
            return data["reason"], data["icount"]
        client.run("replay-seek", icount=1000000)
        there = stopped()
        first = client.run("human-monitor-command", **{"command-line": "info registers"})
        client.run("replay-step", count=1000, reverse=True)
        back = stopped()
        client.run("replay-step", count=1000)
        again = stopped()
        report((there, back, again) == (("arrived", 1000000), ("arrived", 999000), ("arrived", 1000000)) and
               first == client.run("human-monitor-command", **{"command-line": "info registers"}),
               "qmp: there and back", (there, back, again))
        wanted = client.run("replay-break-add", kind="icount", at=1500000)
        client.run("replay-continue")
        report(stopped() == ("breakpoint", 1500000) and
               [b["id"] for b in client.run("query-replay-breaks")] == [wanted["id"]], "qmp: a breakpoint")
        client.run("replay-break-remove", id=wanted["id"])
        past = client.run("replay-break", icount=10)
        report("in the past" in past.get("desc", ""), "qmp: replay-break", past)
        refused = [client.run(command)["desc"] for command in ("system_reset", "inject-nmi")]
        report(all("replay-live" in text for text in refused), "qmp: the past is not changed", refused)
        client.run("replay-seek", to="end")
        stop = stopped()
        report(client.run("query-replay")["icount"] == client.run("query-replay")["last"]["icount"] and
               not client.schema.wrong, "qmp: to the end", (stop, client.schema.wrong))
        client.run("quit")
        report(live and hash_in(machine.end()[1]) == live, "qmp: journeys leave no trace")


def ways_in(directory):
    with Machine(*idle_disk(directory), "-chardev", f"socket,id=m,path={directory}/m,server,nowait",
                 "-mon", "chardev=m,mode=control", "-qmp", "tcp:127.0.0.1:0,server,nowait",
                 "-monitor", f"unix:{directory}/h,server,nowait") as machine:
        client = Client(f"{directory}/m")
        devices = {c["label"]: c["filename"] for c in client.run("query-chardev")}
        tcp = [int(a.rsplit(":", 1)[1]) for a in devices.values() if a.startswith("tcp:")]
        second = Client(("127.0.0.1", tcp[0])) if tcp else None
        report(second and second.run("query-status")["running"], "qmp: -mon, tcp", devices)
        human = connect(f"{directory}/h")
        report(b"(qemu) " in human.recv(4096), "qmp: the human monitor beside them")
    with tempfile.TemporaryDirectory() as directory2:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{directory2}/l")
        listener.listen(1)
        with Machine(*idle_disk(directory), "-qmp", f"unix:{directory2}/l") as machine:
            listener.settimeout(PATIENCE)
            client = Client(listener.accept()[0])
            report(client.run("query-version") is not None, "qmp: a monitor that is a client")
            client.run("quit")
            report(machine.end()[0] == 0, "qmp: quit ends with status 0")
    process = subprocess.run([REPRISE, *FIXED, *idle_disk(directory), "-qmp", "stdio"],
                             input=b"{'execute':'qmp_capabilities'}{'execute':'quit'}",
                             capture_output=True, timeout=PATIENCE)
    report(process.stdout.count(b"\r\n") == 4 and b"SHUTDOWN" in process.stdout, "qmp: -qmp stdio",
           process.stdout)


def alive(path, name):
    start = time.monotonic()
    client = Client(path)
    good = client.run("query-status")["running"]
    report(good, f"qmp: {name}", f"{time.monotonic() - start} s")
    client.socket.close()


def attacks(directory):
    """Each leaves a monitor that answers, and a program of bounded size."""
    path = f"{directory}/qmp"
    with Machine(*idle_disk(directory), "-qmp", f"unix:{path},server,nowait") as machine:
        client = Client(path)
        chunk = b"[" + b"1," * 32768
        client.send(b'{"execute": "')
        for _ in range(16 << 20 >> 16):
            client.send(b"a" * 65536)
        client.send(b'"}\n')
        error = client.answer()
        report("limit" in error["error"]["desc"], "qmp: a line of 16 MiB", error)
        client.send(chunk * 40 + b"\n")
        report("limit" in client.answer()["error"]["desc"], "qmp: many tokens")
        client.send(b"[" * 2000 + b"\n")
        report("nesting" in client.answer()["error"]["desc"], "qmp: nesting")
        for bytes_ in (b'{"execute":"query-name","id":"\xc3("}', b"\xff", b'{"a":1,"a":2}', b'"\x00',
                       b'{"execute":"memsave","arguments":{"val":0,"size":1,"filename":"a\\u0000b"}}'):
            client.send(bytes_)
            report("error" in client.answer(), f"qmp: refuses {bytes_}")
            client.socket.settimeout(0.3)
            try:
                while client.read():
                    pass
            except socket.timeout:
                pass
            client.socket.settimeout(PATIENCE)
        ids = b"".join(b'{"execute":"query-name","id":%d}' % i for i in range(5000))
        threading.Thread(target=client.socket.sendall, args=(ids,)).start()
        report([client.answer()["id"] for _ in range(5000)] == list(range(5000)), "qmp: 5000 ids")
        client.socket.close()

        for part in (b"{", b'{"execute', b'{"execute":"quit"', b'"', b"tru"):
            client = connect(path)
            client.sendall(part)
            client.close()
        alive(path, "half a command, then gone")

        deaf = Client(path)                      # asks and asks, reads nothing
        deaf.socket.settimeout(1)
        try:
            while True:
                deaf.send(b'{"execute":"query-qmp-schema"}' * 100)
        except socket.timeout:
            pass
        memory = machine.memory()
        report(memory < 300, "qmp: a client that never reads", f"{memory} MiB")
        deaf.socket.close()
        alive(path, "after it")
        for _ in range(1000):
            connect(path).close()
        alive(path, "1000 connections")

    with Machine(*idle_disk(directory), "-qmp", f"unix:{path},server,nowait", "-qmp",
                 f"unix:{path}2,server,nowait") as machine:
        deaf, busy = Client(path), Client(f"{path}2")    # events for one who does not read them
        for _ in range(40):
            busy.send(b'{"execute":"stop"}{"execute":"cont"}' * 200)
            for _ in range(400):
                busy.answer()
            busy.events.clear()
        memory = machine.memory()
        report(memory < 300, "qmp: a flood of events", f"{memory} MiB")
        report(deaf.run("query-status")["running"], "qmp: who did not read them is answered")


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for part in (commands, resets, journeys, ways_in, attacks):
        with tempfile.TemporaryDirectory() as directory:
            part(directory)
    finish()


if __name__ == "__main__":
    main()
