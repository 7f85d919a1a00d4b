#!/usr/bin/env python3
"""reprise-log on recordings of the built-in guest and of a guest that works on a disk.

    REPRISE=build/reprise BUILD=build tests/integration/log.py
"""
import json
import os
import re
import subprocess
import tempfile
import time

import recording
from machine import REPRISE, finish, hash_in, report

LOG = os.environ.get("LOG", os.path.join(os.environ.get("BUILD", "build"), "reprise-log"))
FIXED = ["-rtc", "base=2026-11-20T12:00:00", "-display", "none", "-pace", "max", "-state-hash"]


def log(*words, text=True):
    """Exit status, stdout, stderr."""
    done = subprocess.run([LOG, *map(str, words)], capture_output=True, stdin=subprocess.DEVNULL,
                          timeout=120)
    out = done.stdout.decode(errors="replace") if text else done.stdout
    return done.returncode, out, done.stderr.decode(errors="replace")


def record(file, *arguments, typed=""):
    done = subprocess.run([REPRISE, *FIXED, *arguments, "-record", file], input=typed.encode(),
                          capture_output=True, timeout=120)
    return done.returncode, hash_in(done.stderr.decode(errors="replace"))


def lines(file, *more):
    status, out, errors = log("timeline", "--json", *more, file)
    if status:
        print(errors)
    return [json.loads(line) for line in out.splitlines()]


def facts(file):
    return json.loads(log("info", "--json", file)[1] or "{}")


def text_of(said):
    return "".join(x["text"] for x in said if x.get("port") == "/isa/serial0:out")


def same(name, got, want):
    return report(got == want, name, f"wanted {want!r}, got {got!r}")


def verified(name, file, *more):
    status, out, errors = log("verify", *more, file)
    return report(status == 0 and out.startswith("the same run"), name, f"{status}: {out}{errors}")


def flip(at):
    def edit(raw):
        raw = bytearray(raw)
        raw[at] ^= 1
        return raw
    return edit


def builtin(scratch):
    file, serial = f"{scratch}/run", f"{scratch}/serial"
    status, ended = record(f"{file},keyframes=1000000", "-smp", "2", "-m", "64", "-seed", "1",
                           "-serial", f"file:{serial}", "-monitor", "none")
    same("log: the guest ends well", status, 0)
    told = facts(file)
    same("log: info knows the end", (told["complete"], told["exit-status"], told["state-hash"]),
         (True, 0, ended[1]))
    frames = told["keyframes"]
    report(len(frames) >= 3 and told["chunks"]["KEYF"]["count"] == len(frames),
           "log: info counts keyframes", told)
    same("log: info knows the machine",
         (told["machine"]["cpus"], told["machine"]["ram_bytes"], told["machine"]["seed"]),
         (2, 64 << 20, 1))
    out = log("info", file)[1]
    report(all(re.search(row, out, re.M) for row in
               (r"^machine .*64 MiB, 2 x qemu64", r"^end .*exit status 0, state-hash " + ended[1],
                r"^content +bios, ", rf"^KEYF +{len(frames)} ", r"^clock +2026-11-20T12:00:00 .*seed 1")),
           "log: info says so", out)

    said = lines(file)
    report(all(a["icount"] <= b["icount"] for a, b in zip(said, said[1:])),
           "log: the timeline is in order")
    with open(serial, "rb") as source:
        whole = source.read().decode("latin-1")
    same("log: the timeline has what was said",
         text_of(said), whole)
    same("log: the timeline has keyframes",
         [x["icount"] for x in said if x["kind"] == "keyframe"], [x["icount"] for x in frames])
    same("log: the timeline ends", (said[-1]["kind"], said[-1]["text"]),
         ("end", f"exit status 0, state-hash {ended[1]}"))
    first, last = frames[1]["icount"], frames[2]["icount"]
    part, inside = lines(file, "--from", first, "--to", last), [
        x for x in said if first <= x["icount"] <= last]
    # Lines that had begun before are cut there.
    report(all(first <= x["icount"] <= last for x in part) and
           len([x for x in inside if x not in part]) <= 2 and text_of(part) in text_of(said) and
           len(part) >= len(inside) > 10, "log: a part of the timeline", part)
    same("log: the serial port's text", log("extract", file, "serial", text=False)[1].decode("latin-1"),
         whole)

    verified("log: verify", file)
    verified("log: verify with one job", file, "--jobs", "1")
    verified("log: verify with many", file, "--jobs", "7")
    wrong = f"{scratch}/wrong"
    recording.change(file, wrong, b"HEAD", 0,
                     lambda raw: raw.replace(b'quantum\\":50000', b'quantum\\":40000'))
    status, out, errors = log("verify", wrong)
    report(status == 3 and "recorded is" in out and "all was equal at" in out, "log: verify finds another machine",
           f"{status}: {out}{errors}")
    status, out, errors = log("diff", file, wrong)
    report(status == 3 and "quantum\": 50000, the other: 40000" in out, "log: diff finds it", f"{status}: {out}{errors}")
    # A byte of a page that a keyframe in the middle holds: whatever the guest does with it.
    recording.change(file, wrong, b"PAGE", facts(file)["chunks"]["PAGE"]["count"] // 2, flip(77))
    for jobs in (1, 2):
        status, out, errors = log("verify", "--jobs", jobs, wrong)
        report(status == 3 and "another state than the keyframe" in out and "differs: memory:" in out,
               f"log: verify does not trust keyframes, {jobs} jobs",
               f"{status}: {out}{errors}")
    recording.change(file, wrong, b"END ", 0, flip(-1))
    status, out, errors = log("verify", wrong)
    report(status == 3 and "differs: " in out, "log: verify compares the end", f"{status}: {out}{errors}")
    recording.change(file, wrong, b"HASH", 0, flip(-1))
    status, out, errors = log("diff", file, wrong)
    report(status == 3 and "all was equal at" in out and "differs: " in out,
           "log: diff names what differs", f"{status}: {out}{errors}")
    with open(file, "rb") as source:
        content = source.read()
    with open(wrong, "wb") as target:
        target.write(content[:len(content) * 2 // 3])
    report("cut off" in log("info", wrong)[1], "log: info of a cut file")
    verified("log: verify of a cut file", wrong)
    same("log: diff with a cut file", log("diff", file, wrong)[0], 3)

    same("log: diff of the same", log("diff", file, file)[0], 0)
    folder = f"{scratch}/blobs"
    os.mkdir(folder)
    status, out, errors = log("extract", file, "blobs", "-o", folder)
    refs = told["machine"]["blobs"]
    same("log: blobs", {name: os.path.getsize(f"{folder}/{name}") for name in os.listdir(folder)},
         {name: ref["size"] for name, ref in refs.items()})
    picture = f"{scratch}/screen.png"
    status, out, errors = log("extract", file, "screen", "--at", frames[1]["icount"] + 5, "-o", picture)
    report(status == 0 and open(picture, "rb").read(8) == b"\x89PNG\r\n\x1a\n",
           "log: a picture from the middle", f"{status}: {errors}")
    parts(scratch, file, told, ended)


def parts(scratch, file, told, ended):
    frames, out = told["keyframes"], f"{scratch}/part"
    middle = frames[1]["icount"] + 1000
    status, text, errors = log("trim", "--from", middle, "-o", out, file)
    same("log: trim", (status, errors), (0, ""))
    part = facts(out)
    report(f"at most {part['farthest']:,} instructions" in text, "log: trim says the bound", text)
    same("log: the part begins at a keyframe and ends as the whole",
         (part["first"], part["last"], part["state-hash"]), (frames[1], told["last"], ended[1]))
    verified("log: the part is the run", out)
    same("log: the part says the same", text_of(lines(out)),
         text_of(lines(file, "--from", frames[1]["icount"])))
    same("log: diff of the whole and the part", log("diff", file, out)[0], 0)
    status, _, errors = log("trim", "--from", frames[1]["icount"], "--to", frames[2]["icount"],
                            "-o", out, file)
    part = facts(out)
    same("log: trim to an end", (status, part["first"], part["last"], part["complete"]),
         (0, frames[1], frames[2], True))
    verified("log: the middle is the run", out)
    status, text, errors = log("compact", "--keyframes", 2, "-o", out, file)
    part = facts(out)
    same("log: compact", (status, len(part["keyframes"]), part["state-hash"]), (0, 2, ended[1]))
    same("log: compact keeps what was used", part["chunks"]["USED"]["count"], 2)
    report(part["bytes"] < told["bytes"] and
           f"at most {part['farthest']:,} instructions" in text, "log: compact says the bound", text)
    verified("log: the small file is the run", out)
    same("log: not onto itself", log("compact", "-o", file, file)[0], 1)


def session(scratch):
    """Inputs of every kind, all before the guest runs."""
    file, medium = f"{scratch}/inputs", f"{scratch}/some.iso"
    with open(medium, "wb") as out:
        out.truncate(1 << 20)
    commands = ["sendkey a", "mouse_move 3 -4", "mouse_button 1", f"change ide1-cd0 {medium}",
                "eject ide1-cd0", "system_powerdown", "system_reset", "cont"]
    status, _ = record(file, "-S", "-m", "64", "-seed", "1", "-serial", "null", "-monitor", "stdio",
                       typed="".join(line + "\n" for line in commands))
    said = [(x["kind"], x["text"]) for x in lines(file) if x["kind"] not in ("output", "keyframe", "end")]
    for want in [("key", "a down"), ("key", "a up"), ("mouse", "right 3, down -4, wheel 0, buttons 0"),
                 ("mouse", "right 0, down 0, wheel 0, buttons 1"), ("medium", "eject"),
                 ("medium", 'insert "some.iso", 1,048,576 bytes, read-only, as "ide1-cd0#2"'),
                 ("control", "system_powerdown"), ("control", "system_reset")]:
        report(want in said, f"log: the timeline tells of {want[0]}: {want[1]}", said)
    quiet = f"{scratch}/quiet"
    record(quiet, "-m", "64", "-seed", "1", "-serial", "null", "-monitor", "none")
    status, out, _ = log("diff", file, quiet)
    report(status == 3 and "input: a down on" in out,
           "log: diff finds the first input", f"{status}: {out}")


def explained(scratch):
    """A recording of a machine that computed something else once: verify names the instruction, by a program
    that computes it, too."""
    file, other = f"{scratch}/flipped", f"{scratch}/other"
    record(file, "-m", "16", "-seed", "1")
    flip = facts(file)["last"]["icount"] // 5
    record(file, "-m", "16", "-seed", "1", "-test-flip", f"{flip},all")
    with open(other, "w") as script:
        script.write(f'#!/bin/sh\nexec {os.path.abspath(REPRISE)} "$@" -test-flip {flip},all\n')
    os.chmod(other, 0o755)
    status, out, errors = log("verify", file)
    report(status == 3 and "-against BINARY" in out and "all was equal at" in out,
           "log: verify says what is known", f"{status}: {out}{errors}")
    status, out, errors = log("verify", "--against", other, file)
    report(status == 3 and f"at icount {flip - 1}," in out.split("the instruction, by")[-1],
           "log: verify names the instruction", f"{status}: {out}{errors}")


def disk(scratch):
    """A disk that the guest writes to: what it held, and parts of the run."""
    boot, image, file = (f"{scratch}/{name}" for name in ("boot.bin", "disk.img", "disk.rec"))
    subprocess.run(["nasm", "-f", "bin", "-o", boot, "tests/guests/disks/disk.asm"], check=True)
    size = 32 << 20
    with open(boot, "rb") as source, open(image, "wb") as out:
        out.write(source.read())
        out.write(os.urandom(size - out.tell()))
    status, ended = record(f"{file},keyframes=1000000", "-m", "64", "-seed", "1", "-serial", "null",
                           "-monitor", "none", "-hda", image, "-device", "isa-debug-exit,iobase=0x501",
                           "-bios", "/usr/share/seabios/bios-256k.bin")
    same("log: a disk: recorded", (status, ended is not None), (1, True))
    verified("log: a disk: verify", file)
    told = facts(file)
    report(len(told["keyframes"]) >= 4, "log: a disk: keyframes", told["keyframes"])
    held = f"{scratch}/held.img"
    status, _, errors = log("extract", file, "disk", "ide0-hd0", "-o", held)
    with open(held, "rb") as a, open(image, "rb") as b:
        report(status == 0 and a.read() == b.read(), "log: a disk: what it held in the end",
               f"{status}: {errors}")
    out, wrong = f"{scratch}/disk.part", told["keyframes"][-2]["icount"]
    status, _, errors = log("trim", "--from", wrong, "-o", out, file)
    same("log: a disk: trim", (status, errors), (0, ""))
    verified("log: a disk: the part is the run", out)
    same("log: a disk: the part's end", facts(out)["state-hash"], ended[1])
    middle = told["keyframes"][-1]["icount"] + 1000
    images = []
    for source in file, out:
        status, _, errors = log("extract", source, "disk", "ide0-hd0", "--at", middle, "-o", f"{held}.{len(images)}")
        same(f"log: a disk: in the middle, {os.path.basename(source)}", (status, errors), (0, ""))
        with open(f"{held}.{len(images)}", "rb") as a:
            images.append(a.read())
    with open(image, "rb") as b:
        report(images[0] == images[1] != b.read(), "log: a disk: the same there in the whole and the part")
    status, _, errors = log("compact", "--keyframes", 3, "-o", out, file)
    same("log: a disk: compact", (status, errors), (0, ""))
    verified("log: a disk: the small file is the run", out)
    os.rename(image, f"{scratch}/elsewhere")
    status, _, errors = log("verify", file)
    report(status == 1 and "-replay-disk ide0-hd0=PATH" in errors,
           "log: a disk: without its image", f"{status}: {errors}")
    verified("log: a disk: an image elsewhere", file, "--replay-disk", f"ide0-hd0={scratch}/elsewhere")


def branches(scratch):
    """A run that goes back to a snapshot: two branches in a file. Its guest works until it is told to stop."""
    boot, image, file = (f"{scratch}/{name}" for name in ("long.bin", "disk.img", "branches"))
    subprocess.run(["nasm", "-f", "bin", "-DROUNDS=65535", "-o", boot, "tests/guests/disks/disk.asm"], check=True)
    with open(image, "wb") as out:
        out.write(open(boot, "rb").read())
        out.truncate(32 << 20)
    with subprocess.Popen([REPRISE, *FIXED, "-S", "-m", "64", "-seed", "1", "-serial", "null",
                           "-hda", image, "-bios", "/usr/share/seabios/bios-256k.bin", "-monitor", "stdio",
                           "-device", "isa-debug-exit,iobase=0x501", "-record", f"{file},keyframes=1000000"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as machine:
        for line in ("savevm first", "cont"):
            print(line, file=machine.stdin, flush=True)
        time.sleep(0.3)
        for line in ("stop", "savevm second", "cont"):
            print(line, file=machine.stdin, flush=True)
        time.sleep(0.1)
        for line in ("stop", "loadvm second", "cont"):
            print(line, file=machine.stdin, flush=True)
        time.sleep(0.1)
        out, errors = machine.communicate("quit\n", timeout=60)
    report(machine.returncode == 0, "log: branches: recorded", f"{machine.returncode}: {out} {errors}")
    told = facts(file)
    same("log: branches: info", ([x["name"] for x in told["snapshots"]], told["branch"],
                                 [x.get("parent") for x in told["branches"]],
                                 told["branches"][-1]["from"] == told["snapshots"][1]["at"]),
         (["first", "second"], 1, [None, 0], True))
    out = log("info", file)[1]
    report(re.search("^snapshot +second, at .* in branch 0", out, re.M) and
           re.search("^branch +1, this one.*, of branch 0 from ", out, re.M), "log: branches: info says so", out)
    named = [x["text"] for x in lines(file) if "snapshot" in x["text"]]
    report([x.split(", ")[1:] for x in named] == [['snapshot "first"'], ['snapshot "second"']],
           "log: branches: the timeline names snapshots", named)
    verified("log: branches: verify the last", file)
    verified("log: branches: verify the first", f"{file},branch=0")
    same("log: branches: there is no other", log("verify", f"{file},branch=2")[0], 1)
    ended = hash_in(errors)[1]
    for what in (["trim"], ["compact", "--keyframes", "1"]):
        part = f"{scratch}/part"
        status, _, errors = log(*what, "-o", part, f"{file},branch=1")
        same(f"log: branches: {what[0]}", (status, errors), (0, ""))
        verified(f"log: branches: {what[0]}: the run", part)
        told = facts(part)
        same(f"log: branches: {what[0]}: one run with its snapshots",
             (len(told["branches"]), [x["name"] for x in told["snapshots"]], told["state-hash"]),
             (1, ["first", "second"], ended))


def mistakes(scratch):
    rubbish = f"{scratch}/rubbish"
    with open(rubbish, "wb") as out:
        out.write(b"rubbish" * 100)
    for words, want in [(["info", rubbish], "not a recording"), (["info"], "expected one recording"),
                        (["verfy", rubbish], "did you mean 'verify'"),
                        (["timeline", "--from", "x", rubbish], "--from x"),
                        (["verify", "--jobs", "0", rubbish], "--jobs"),
                        (["diff", rubbish], "two recordings"),
                        (["extract", rubbish, "screens"], "screen"), (["trim", rubbish], "-o")]:
        status, _, errors = log(*words)
        report(status == 1 and want in errors, "log: " + " ".join(words[:1] + [want]),
               f"{status}: {errors}")


with tempfile.TemporaryDirectory() as scratch:
    builtin(scratch)
    session(scratch)
    disk(scratch)
    branches(scratch)
    explained(scratch)
    mistakes(scratch)
finish()
