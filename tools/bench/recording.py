#!/usr/bin/env python3
"""What recordings cost: processor time of a quiet Linux boot to power-off, all threads, user and system, as
median of interleaved rounds; QEMU's record/replay beside us in the same run.

    REPRISE=build/reprise GUESTS=build/guests tools/bench/recording.py [ROUNDS] [--no-qemu] [--keep FILE]

Prints what recording to a file and the flight recorder add to a run without either, how replay compares
with recording, and what the log takes of the disk. --keep: where the last recording goes."""
import argparse
import collections
import os
import statistics
import struct
import subprocess
import sys
import tempfile
import time

REPRISE = os.environ.get("REPRISE", "build/reprise")
GUESTS = os.environ.get("GUESTS", "build/guests")
GUEST = ["-M", "pc", "-m", "256", "-nographic", "-no-reboot", "-kernel", f"{GUESTS}/cloud.bzImage", "-initrd",
         f"{GUESTS}/initramfs.gz", "-append", "console=ttyS0,115200 quiet mitigations=off nokaslr autoexit"]
US = [REPRISE, "-pace", "max"]
THEM = ["qemu-system-x86_64", "-accel", "tcg", "-net", "none", *GUEST]
Took = collections.namedtuple("Took", "user system")


def run(command, seconds=300):
    """What it took until the guest had said BYE and turned itself off; None: it did not."""
    begin = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - begin > seconds:
                process.kill()
                os.wait4(process.pid, 0)
                return None
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
    if process.returncode or b"BYE" not in text:
        sys.exit(f"failed with {process.returncode}: {' '.join(command)}\n{text[-500:].decode(errors='replace')}")
    return Took(used.ru_utime, used.ru_stime)


def chunk_sizes(file):
    """Bytes by type of chunk, headers included: replay/trace/format.h."""
    sizes = collections.Counter()
    with open(file, "rb") as recording:
        recording.seek(16)
        while len(header := recording.read(64)) == 64:
            stored = struct.unpack_from("<I", header, 16)[0]
            sizes[header[:4].decode()] += 64 + stored
            recording.seek(stored, 1)
    return sizes


def processor(runs):
    return statistics.median(run.user + run.system for run in runs)


def ours(rounds, file):
    ways = {"neither": [*US, *GUEST, "-flight-recorder", "off"],
            "flight recorder": [*US, *GUEST],
            "recording": [*US, *GUEST, "-flight-recorder", "off", "-record", file],
            "both": [*US, *GUEST, "-record", file],
            "replay": [*US, "-replay", file, "-display", "none", "-monitor", "none",
                       "-serial", "stdio"]}
    runs = {way: [] for way in ways}
    order = list(ways)
    for number in range(rounds):
        # The replay stays last, behind what it plays; the others take turns in going first.
        turn = number % (len(order) - 1)
        for way in order[:-1][turn:] + order[:-1][:turn] + order[-1:]:
            runs[way].append(run(ways[way]))
    plain = processor(runs["neither"])
    print(f"Linux boot to power-off, processor time, median of {rounds}: {plain:.2f} s with neither recording nor "
          "flight recorder")
    for way in order[1:]:
        took = processor(runs[way])
        each = [run.user + run.system for run in runs[way]]
        goal = "goal: no slower than recording" if way == "replay" else "goal: at most 2 % more"
        print(f"    {way}: {took:.2f} s ({100 * (took / plain - 1):+.1f} %; {min(each):.2f} to {max(each):.2f}; {goal})")
    return runs


def theirs(file, our_replay, seconds):
    rr = ["-icount", f"shift=auto,rr=record,rrfile={file}"]
    recorded = run([*THEM, *rr], seconds)
    if recorded is None:
        return print(f"    QEMU's rr=record does not end within {seconds} s")
    replayed = run([*THEM, "-icount", f"shift=auto,rr=replay,rrfile={file}"], seconds)
    if replayed is None:
        return print(f"    QEMU's rr=replay does not end within {seconds} s")
    print(f"    QEMU's rr=record {processor([recorded]):.2f} s, rr=replay {processor([replayed]):.2f} s; our replay "
          f"{our_replay:.2f} s: {processor([replayed]) / our_replay:.1f} times faster (goal: 4)")
    print(f"    QEMU's log: {os.path.getsize(file) / 1024:.0f} KiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--no-qemu", action="store_true")
    parser.add_argument("--keep")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.keep or f"{folder}/run.reprise"
        runs = ours(options.rounds, file)
        sizes = chunk_sizes(file)
        print(f"    the recording: inputs {sizes['INPT'] / 1024:.1f} KiB (goal: at most 16), text "
              f"{sizes['TEXT'] / 1024:.1f} KiB and hashes {sizes['HASH'] / 1024:.1f} KiB (goal: 256 together), "
              f"keyframes {sum(sizes[t] for t in ('KEYF', 'PAGE', 'OBJS')) >> 20} MiB, "
              f"kernel and firmware {sizes['BLOB'] >> 20} MiB")
        if not options.no_qemu:
            theirs(f"{folder}/qemu.rr", processor(runs["replay"]), 120)


main()
