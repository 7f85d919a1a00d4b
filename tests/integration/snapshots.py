#!/usr/bin/env python3
"""Runs that are left and come back: snapshots and branches, recordings begun at run time, replays and pasts
that go on live. The guest works on its disk and is given nothing from outside: however often it is put back,
it must end with the hash of the straight run, and so must its disk."""
import json
import os
import random
import shutil
import subprocess
import tempfile

from machine import REPRISE, finish, hash_in, report
import qmp
import recording
from qmp import Client, Machine

LOG = os.environ.get("LOG", os.path.join(os.environ.get("BUILD", "build"), "reprise-log"))
qmp.FIXED += ["-device", "isa-debug-exit,iobase=0x501"]
SIZE = 32 << 20
CONTENT = random.Random(1).randbytes(SIZE)


class Guest:
    """A disk with the boot sector; what the straight run comes to."""

    def __init__(self, directory):
        self.directory, self.disk = directory, f"{directory}/disk.img"
        subprocess.run(["nasm", "-f", "bin", "-DROUNDS=600", "-o", f"{directory}/boot",
                        "tests/guests/disks/disk.asm"], check=True)
        self.sector = open(f"{directory}/boot", "rb").read()
        self.fresh()
        self.status, self.hash = self.run("-hda", self.disk)
        self.after = self.content()
        self.icount = int(self.hash[0].split()[0].split("=")[1]) if self.hash else 0
        report(self.hash and self.after != self.sector + CONTENT[512:], "snapshots: the straight run", self.hash)

    def fresh(self):
        with open(self.disk, "wb") as file:
            file.write(self.sector + CONTENT[len(self.sector):])

    def content(self):
        return open(self.disk, "rb").read()

    def run(self, *arguments, replay=False):
        done = subprocess.run([REPRISE, *([] if replay else qmp.FIXED), "-state-hash", *arguments],
                              capture_output=True, timeout=120, text=True)
        self.errors = done.stderr
        return done.returncode, hash_in(done.stderr)

    def same(self, name, status, found, disk=None):
        report(status == self.status and found == self.hash, f"snapshots: {name}: the hash", (status, found, self.errors))
        if disk:
            report(open(disk, "rb").read() == self.after, f"snapshots: {name}: the disk")

    def replays(self, name, file):
        self.same(name, *self.run("-replay", file, replay=True))


class Session:
    """A paused machine that is told where to go."""

    def __init__(self, guest, *arguments, disk=True):
        self.path = f"{guest.directory}/qmp"
        drive = ["-hda", guest.disk] if disk else []
        self.machine = Machine("-S", *drive, *arguments, "-state-hash", "-qmp",
                               f"unix:{self.path},server,nowait")
        try:
            self.client = Client(self.path)
        except OSError as error:
            raise RuntimeError(self.machine.end()) from error

    def stopped(self):
        return self.client.event("REPLAY_STOPPED")["data"]

    def to(self, icount):
        """A live run goes there and stops."""
        wanted = self.client.run("replay-break-add", kind="icount", at=icount)["id"]
        self.client.run("cont")
        at = self.stopped()
        self.client.run("replay-break-remove", id=wanted)
        return at["icount"] == icount or report(False, "snapshots: a breakpoint", at)

    def seek(self, icount):
        self.client.run("replay-seek", icount=icount)
        return self.stopped()

    def job(self, command, tag):
        self.client.run(command, **{"job-id": "j", "tag": tag, "vmstate": "ide0-hd0", "devices": []})
        job = self.client.run("query-jobs")[0]
        self.client.run("job-dismiss", id="j")
        return job.get("error", job["status"])

    def hmp(self, line):
        return self.client.run("human-monitor-command", **{"command-line": line})

    def now(self):
        return self.client.run("query-replay")["icount"]

    def end(self):
        """To the guest's own end."""
        self.client.run("cont")
        status, errors = self.machine.end()
        return status, hash_in(errors)

    def quit(self):
        self.client.run("quit")
        return self.machine.end()


def in_a_recording(guest):
    """savevm and loadvm, twice; each branch plays."""
    guest.fresh()
    file, third = f"{guest.directory}/run.rec", guest.icount // 3
    session = Session(guest, "-record", f"{file},keyframes=1000000")
    session.to(third)
    said = session.job("snapshot-save", "one"), session.hmp("savevm two")
    frame = session.client.event("KEYFRAME")
    report(said == ("concluded", "") and frame["data"]["icount"] <= third and frame["data"]["size"] > 0,
           "snapshots: savevm", (said, frame))
    session.to(2 * third)
    said = session.job("snapshot-load", "one"), session.now()
    report(said == ("concluded", third), "snapshots: loadvm", said)
    session.to(third + third // 2)
    seen = session.seek(third + 1000)
    report(seen["reason"] == "arrived", "snapshots: back in a branch", seen)
    session.seek(guest.icount * 2)
    said = session.hmp("loadvm two"), session.now(), session.hmp("loadvm three"), session.hmp("delvm one")
    report(said[:2] == ("", third) and "there is no snapshot 'three'" in said[2] and said[3] == "",
           "snapshots: loadvm again", said)
    branches = session.client.run("query-branches")
    report([(b["branch"], b.get("parent"), b["from"]["icount"], b["current"]) for b in branches] ==
           [(0, None, 0, False), (1, 0, third, False), (2, 0, third, True)], "snapshots: branches", branches)
    names = [s["tag"] for s in session.client.run("query-snapshots")]
    report(names == ["two"] and "two " in session.hmp("info snapshots"), "snapshots: query-snapshots", names)
    guest.same("after loadvm", *session.end(), guest.disk)
    guest.replays("the last branch", file)
    for branch, at in ((0, 2 * third), (1, third + third // 2)):
        status, found = guest.run("-replay", f"{file},branch={branch}", replay=True)
        report(status == 0 and found and int(found[0].split()[0].split("=")[1]) >= at,
               f"snapshots: branch {branch} plays", (status, found))
    log = f"{os.path.dirname(REPRISE)}/reprise-log"
    for command in ("verify", f"{file},branch=1"), ("verify", file), ("compact", "-o", f"{file}.one", file):
        done = subprocess.run([log, command[0], *command[1:], "--replay-disk", f"ide0-hd0={guest.disk}"],
                              capture_output=True, text=True)
        report(done.returncode == 0, f"snapshots: reprise-log {command[0]}", (command, done))
    guest.replays("a branch alone", f"{file}.one")
    session = Session(guest, "-replay", file, disk=False)
    session.hmp("loadvm two")
    report(session.stopped()["icount"] == third, "snapshots: loadvm in a replay goes there")
    refused = session.hmp("savevm x")
    report("replay-live" in refused, "snapshots: savevm in a replay", refused)
    session.quit()


def in_a_file(guest):
    """-snapshots, -loadvm: the file goes on from run to run."""
    guest.fresh()
    file, third = f"{guest.directory}/states", guest.icount // 3
    session = Session(guest, "-snapshots", file)
    session.to(third)
    session.hmp("savevm a")
    session.to(2 * third)
    session.quit()
    session = Session(guest, "-snapshots", file, "-loadvm", "a")
    report(session.now() == third, "snapshots: -loadvm", session.now())
    guest.same("-loadvm", *session.end(), guest.disk)
    session = Session(guest, "-snapshots", file)     # another run, on what the first left
    session.to(third // 2)
    session.hmp("savevm b")
    session.quit()
    session = Session(guest, "-snapshots", f"{file},keyframes=off", "-loadvm", "a")
    session.to(third + third // 3)
    session.hmp("savevm c")
    session.machine.process.kill()                   # what is not whole is cut
    session.machine.end()
    session = Session(guest, "-snapshots", file, "-loadvm", "c")
    report(session.now() == third + third // 3, "snapshots: -loadvm after kill -9", session.now())
    guest.same("-loadvm after kill -9", *session.end(), guest.disk)
    guest.replays("a branch of a branch", file)
    status, found = guest.run("-replay", f"{file},branch=1", replay=True)
    report(status == guest.status and found == guest.hash, "snapshots: an older branch plays", (status, found))
    other = subprocess.run([REPRISE, *qmp.FIXED, "-hda", guest.disk, "-m", "32", "-snapshots", file, "-loadvm", "a"],
                           capture_output=True, text=True)
    report(other.returncode == 1 and "-m: the snapshot is of a machine with" in other.stderr,
           "snapshots: -loadvm into another machine", other.stderr)
    other = subprocess.run([REPRISE, *qmp.FIXED, "-hda", guest.disk, "-snapshots", file, "-loadvm", "z"],
                           capture_output=True, text=True)
    report(other.returncode == 1 and "there is no snapshot 'z'" in other.stderr, "snapshots: an unknown one",
           other.stderr)


def at_random(guest):
    """Snapshots anywhere, with requests under way and in the middle of strings; loaded in any order."""
    guest.fresh()
    choice = random.Random(int(os.environ.get("SEED", "1")))
    file = f"{guest.directory}/random"
    places = sorted(choice.sample(range(guest.icount // 50, guest.icount * 49 // 50), 8))
    session = Session(guest, "-snapshots", f"{file},keyframes=2000000")
    for i, place in enumerate(places):
        session.to(place)
        session.hmp(f"savevm s{i}")
    session.quit()
    for _ in range(int(os.environ.get("TIMES", "4"))):
        first, second = choice.sample(range(8), 2)
        session = Session(guest, "-snapshots", file, "-loadvm", f"s{first}")
        session.to(places[first] + choice.randrange(1, 200000))
        said = session.hmp(f"loadvm s{second}"), session.now()
        report(said == ("", places[second]), "snapshots: loadvm at random", said)
        guest.same(f"at random, s{first}, s{second}", *session.end(), guest.disk)
    guest.replays("at random", file)


def at_run_time(guest, *more):
    """record-start and record-stop."""
    guest.fresh()
    file, third = f"{guest.directory}/late.rec", guest.icount // 3
    name = "record-start" + "".join(" with " + m for m in more)
    session = Session(guest, *more)
    session.to(third)
    refused = session.client.run("record-stop").get("desc", ""), session.hmp("savevm x")
    report("not recorded" in refused[0] and "-snapshots FILE" in refused[1], f"snapshots: {name}: errors", refused)
    said = session.client.run("record-start", filename=file)
    report(said == {} and session.client.run("query-replay")["mode"] == "record", f"snapshots: {name}", said)
    session.to(2 * third)
    seen = session.seek(third + 1000)
    report(seen["reason"] == "arrived", f"snapshots: {name}: the past", seen)
    session.seek(guest.icount)
    said = session.client.run("record-stop")
    told = session.client.event("RECORD_STOPPED")
    report(said == {} and told["data"]["filename"] == file, f"snapshots: {name}: record-stop", said)
    shutil.copy(guest.disk, f"{guest.directory}/then.img")
    status, found = guest.run("-replay", file, "-replay-disk", f"ide0-hd0={guest.directory}/then.img", replay=True)
    report(status == 0 and found and found[0].startswith(f"icount={2 * third} "), f"snapshots: {name}: it plays",
           (status, found, guest.errors))
    session.client.run("record-start", filename=file)
    guest.same(name, *session.end())
    guest.replays(name + ", to the end", file)


def from_a_replay(guest):
    """replay-live: to an image of its own, recorded; and from that recording again, to nothing."""
    guest.fresh()
    file, branch, half = f"{guest.directory}/run.rec", f"{guest.directory}/branch.rec", guest.icount // 2
    guest.run("-hda", guest.disk, "-record", f"{file},keyframes=1000000")
    new = f"{guest.directory}/new.img"
    session = Session(guest, "-replay", file, disk=False)
    session.seek(half)
    refused = session.client.run("replay-live", disks=[{"device": "fd", "filename": new}]).get("desc", "")
    report("there is no drive 'fd'" in refused, "snapshots: replay-live with a drive that is not there", refused)
    said = session.client.run("replay-live", branch="b", filename=branch,
                              disks=[{"device": "ide0-hd0", "filename": new}])
    session.client.event("REPLAY_LIVE")
    mode = session.client.run("query-replay")
    report(said == {} and mode["mode"] == "record" and mode["time"] == "live" and mode["icount"] == half,
           "snapshots: replay-live", (said, mode))
    guest.same("replay-live", *session.end(), new)
    report(guest.content() == guest.after, "snapshots: replay-live leaves the image alone")
    os.rename(new, f"{guest.directory}/moved")
    status, found = guest.run("-replay", branch, "-replay-disk", f"ide0-hd0={guest.directory}/moved", replay=True)
    guest.same("the branch of a replay", status, found)
    session = Session(guest, "-replay", file, disk=False)
    session.seek(half)
    session.client.run("replay-live", filename=branch)
    guest.same("replay-live to nothing", *session.end())
    guest.replays("the recording of that", branch)
    report(guest.content() == guest.after, "snapshots: replay-live to nothing leaves the image alone")


def from_the_past(guest):
    guest.fresh()
    file, third = f"{guest.directory}/run.rec", guest.icount // 3
    for more in ((), ("-record", f"{file},embed=disks")):
        guest.fresh()
        session = Session(guest, *more)
        session.to(2 * third)
        session.seek(third)
        said = session.client.run("replay-live")
        session.client.event("REPLAY_LIVE")
        mode = session.client.run("query-replay")
        report(said == {} and mode["time"] == "live" and mode["icount"] == third and mode["mode"] == "none",
               f"snapshots: a run goes on from its past {' '.join(more[:1])}", (said, mode))
        report(bool(more) == any(e["event"] == "RECORD_STOPPED" for e in session.client.events) or
               not more, "snapshots: its recording is left")
        guest.same("from the past", *session.end(), guest.disk)
    status, found = guest.run("-replay", file, replay=True)
    report(status == 0 and found and found[0].startswith(f"icount={2 * third} "),
           "snapshots: the recording that was left plays", (status, found, guest.errors))


def a_text(guest):
    """A breakpoint on what the serial port says stops a live run where it stops a replay."""
    guest.fresh()
    file, places = f"{guest.directory}/text.rec", []
    live = Session(guest, "-record", file)
    for _ in range(2):
        live.client.run("replay-break-add", kind="text", text="." * 7)
        live.client.run("cont")
        places.append((live.stopped()["reason"], live.now()))
    live.quit()
    played = Session(guest, "-replay", file, disk=False)
    played.client.run("replay-break-add", kind="text", text="." * 7)
    for place in places:
        played.client.run("replay-continue")
        seen = played.stopped()
        report((seen["reason"], seen["icount"]) == place and place[0] == "breakpoint", "snapshots: a text",
               (places, seen))
    played.quit()


def not_loaded(guest):
    """A snapshot that is not of this program's machine: half way through it the run is put back, disk and all."""
    guest.fresh()
    good, file, third = f"{guest.directory}/good.states", f"{guest.directory}/bad.states", guest.icount // 3
    session = Session(guest, "-snapshots", good)
    session.to(third)
    session.hmp("savevm one")
    session.quit()
    last = [chunk for chunk in recording.chunks(open(good, "rb").read()) if chunk.kind == b"OBJS"]
    wrong = [number for number, chunk in enumerate(last) if b"apic" in chunk.raw()]
    recording.change(good, file, b"OBJS", wrong[-1], lambda raw: raw.replace(b"apic", b"epic"))
    guest.fresh()
    session = Session(guest, "-snapshots", file)
    session.to(2 * third)
    before = session.client.run("query-replay-hash")["hash"]
    said = session.hmp("loadvm one")
    after = session.client.run("query-replay-hash")["hash"]
    report("snapshot 'one'" in said and "not what it was" not in said and before == after,
           "snapshots: a snapshot that cannot be loaded", (said, before, after))
    guest.same("after a snapshot that cannot be loaded", *session.end(), guest.disk)
    guest.replays("the recording of that", file)


def another_disc(guest):
    """A snapshot with a disc that only its own run has: others say so, and go on as they were."""
    guest.fresh()
    file, disc = f"{guest.directory}/disc.states", f"{guest.directory}/disc.iso"
    with open(disc, "wb") as out:
        out.write(bytes(64 << 10))
    session = Session(guest, "-snapshots", file)
    session.client.run("blockdev-change-medium", device="ide1-cd0", filename=disc)
    session.to(guest.icount // 3)
    said = session.hmp("savevm disc"), session.hmp("loadvm disc")
    report(said == ("", ""), "snapshots: a disc that was put in, in its own run", said)
    session.quit()
    guest.fresh()
    session = Session(guest, "-snapshots", file)
    session.to(guest.icount // 2)
    said = session.hmp("loadvm disc")
    report("ide1-cd0 holds" in said and session.now() == guest.icount // 2, "snapshots: and in another", said)
    guest.same("after a disc that is not there", *session.end(), guest.disk)


def saved(guest):
    """record-save: a file of what the flight recorder has; with states of the way where no disk is written."""
    loop, file = f"{guest.directory}/loop.bin", f"{guest.directory}/saved.rec"
    subprocess.run(["nasm", "-f", "bin", "-DITERATIONS=60000000", "-o", loop, "tests/guests/loop/loop.asm"], check=True)
    guest.fresh()
    for name, machine, to, states in [("a loop", ["-bios", loop], 500_000_000, 4),
                                      ("a disk", ["-hda", guest.disk], guest.icount // 2, 1)]:
        session = Session(guest, *machine, disk=False)
        session.to(to)
        was = session.client.run("query-replay-hash")["hash"]
        said = session.client.run("record-save", filename=file)
        same = session.client.run("query-replay-hash")["hash"] == was and session.now() == to
        report(said == {} and same, f"snapshots: record-save, {name}", (said, same))
        session.quit()
        told = json.loads(subprocess.run([LOG, "info", "--json", file], capture_output=True).stdout or "{}")
        report(told.get("state-hash") == was and len(told["keyframes"]) >= states,
               f"snapshots: record-save, {name}: what it says", (was, told))
        done = subprocess.run([LOG, "verify", file], capture_output=True, text=True)
        report(done.stdout.startswith("the same run"), f"snapshots: record-save, {name}: it plays", (done, ))
        os.remove(file)


def opened(guest):
    """replay-open: one program plays what it has recorded, another machine's recording, and goes on live."""
    guest.fresh()
    file, other, bad = (f"{guest.directory}/{name}" for name in ("run.rec", "other.rec", "bad.rec"))
    subprocess.run([REPRISE, *qmp.FIXED, "-m", "32", "-cpu", "qemu32", "-smp", "2", "-record", other],
                   capture_output=True, timeout=60)
    with open(bad, "wb") as out:
        out.write(b"rubbish")
    null = qmp.FIXED.index("null")
    qmp.FIXED[null] = f"file:{guest.directory}/said"
    session = Session(guest, "-record", f"{file},embed=disks")
    qmp.FIXED[null] = "null"
    session.to(guest.icount // 2)
    half = session.client.run("query-replay-hash")["hash"]
    for name, words in [("what is being written", {"filename": file}), ("rubbish", {"filename": bad}),
                        ("nothing", {"filename": bad + "0"}), ("no such branch", {"filename": other, "branch": 9})]:
        said = session.client.run("replay-open", **words)
        report(said.get("class") == "GenericError" and session.client.run("query-replay")["time"] == "live",
               f"snapshots: replay-open: {name} is refused", said)
    session.client.run("record-stop")
    said = session.client.run("replay-open", filename=file)
    there = session.client.event("REPLAY_OPENED")["data"]
    mode = session.client.run("query-replay")
    report(said == {} and there["filename"] == mode["filename"] == file and mode["icount"] == 0 and
           mode["mode"] == "play", "snapshots: replay-open of what this program recorded", (said, there, mode))
    session.seek(guest.icount // 2)
    report(session.client.run("query-replay-hash")["hash"] == half, "snapshots: replay-open: it is that run")
    # A command that comes with it in one piece is for the new machine.
    session.client.socket.sendall((json.dumps({"execute": "replay-open", "arguments": {"filename": other}}) +
                                   json.dumps({"execute": "query-cpus"})).encode())
    said, cpus = session.client.answer(), session.client.answer()
    report("return" in said and len(cpus["return"]) == 2, "snapshots: replay-open: another machine", (said, cpus))
    report("is being" not in str(session.client.run("replay-open", filename=bad)) and
           session.client.run("query-replay")["filename"] == other, "snapshots: replay-open: rubbish leaves a replay")
    session.client.run("replay-open", filename=file)
    session.seek(guest.icount // 2)
    session.client.run("replay-live")
    guest.same("replay-open and live", *session.end())
    said = open(f"{guest.directory}/said", "rb").read()
    report(said.count(b".") >= 600, "snapshots: replay-open: the serial port's file goes on", len(said))


def main():
    with tempfile.TemporaryDirectory() as directory:
        guest = Guest(directory)
        in_a_recording(guest)
        in_a_file(guest)
        at_random(guest)
        at_run_time(guest)
        at_run_time(guest, "-snapshot")
        from_a_replay(guest)
        from_the_past(guest)
        a_text(guest)
        not_loaded(guest)
        another_disc(guest)
        saved(guest)
        opened(guest)
    finish()


main()
