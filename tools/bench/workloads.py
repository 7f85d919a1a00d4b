#!/usr/bin/env python3
"""One kind of work at a time in a Linux guest (tests/bench): Reprise while recording, Reprise without, and
QEMU's TCG, in turns.

    REPRISE=build/reprise GUESTS=build/guests tools/bench/workloads.py [--rounds N] [WORKLOAD ...]

What is compared is processor time of the whole process, all threads, user and system, between the guest's BEGIN
and END: its boot is not in it. (`boot` is all of a run, power-on to power-off.) The figure is the median of the
rounds' ratios: each round runs one after the other what it compares, so that a busy machine, whose caches others
use, disturbs both. It still disturbs: on an idle machine figures are a few percent better.

Peak memory is the kernel's VmHWM at the end of the work, of Reprise while recording."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time

REPRISE = os.environ.get("REPRISE", "build/reprise")
GUESTS = os.environ.get("GUESTS", "build/guests")
MARKS = {"int": 3.0, "float": 1.0, "x87": 0.7, "mem": 1.1, "sys": 1.0, "boot": 2.0}
CONTENDERS = {"QEMU": ["qemu-system-x86_64", "-accel", "tcg", "-net", "none"],
              "recording": [REPRISE, "-pace", "max", "-record", "FILE"],
              "Reprise": [REPRISE, "-pace", "max"]}
SIZES_MIB = 72, 8192  # Debian's kernel does not fit in 64
RING_MIB, ALLOWANCE_MIB = 256, 200  # of the flight recorder; of everything else


def guest(words, mib):
    archive = "workloads" if "work=" in words else "initramfs"  # the first does not fit in 72 MiB
    return ["-M", "pc", "-cpu", "qemu64", "-m", str(mib), "-nographic", "-no-reboot",
            "-kernel", f"{GUESTS}/cloud.bzImage", "-initrd", f"{GUESTS}/{archive}.gz",
            "-append", f"console=ttyS0,115200 quiet mitigations=off nokaslr {words}"]


def processor_time(pid):
    return time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3)


def peak_mib(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def run(contender, words, mib, begin, end, seconds=300):
    """(processor time from one text to the other, peak memory, all that was said); begin None: from the start."""
    with tempfile.TemporaryDirectory() as folder:
        command = [f"{folder}/run.reprise" if word == "FILE" else word for word in CONTENDERS[contender]]
        said, since, used, peak = b"", 0.0 if begin is None else None, None, None
        with subprocess.Popen([*command, *guest(words, mib)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, bufsize=0) as process:
            watchdog = threading.Timer(seconds, process.kill)
            watchdog.start()
            while piece := process.stdout.read(4096):
                said += piece
                if since is None and begin in said:
                    since = processor_time(process.pid)
                if used is None and since is not None and end in said:
                    used, peak = processor_time(process.pid) - since, peak_mib(process.pid)
            watchdog.cancel()
        if process.returncode or used is None:
            sys.exit(f"failed with {process.returncode}: {contender}, {words}\n{said[-500:].decode(errors='replace')}")
    return used, peak, said.decode(errors="replace")


def work(name, contender):
    if name == "boot":
        return run(contender, "autoexit", 256, None, b"BYE")
    used, peak, said = run(contender, f"work=bench-{name}", 512, f"BEGIN bench-{name}".encode(),
                           f"END bench-{name} ".encode())
    sums = [line for line in said.splitlines() if line.startswith(f"SUM {name} ")]
    if f"END bench-{name} 0" not in said or len(sums) != 1:
        sys.exit(f"bench-{name} failed in {contender}:\n{said[-500:]}")
    return used, peak, sums[0]


def compare(name, rounds):
    times, peaks, sums = {contender: [] for contender in CONTENDERS}, [], set()
    for _ in range(rounds):
        for contender, taken in times.items():
            used, peak, result = work(name, contender)
            taken.append(used)
            if name != "boot":
                sums.add(result)
            if contender == "recording":
                peaks.append(peak)
    if len(sums) > 1:
        sys.exit(f"the guest computes differently: {sorted(sums)}")
    ratio = {contender: statistics.median(us / them for us, them in zip(times[contender], times["QEMU"]))
             for contender in ("recording", "Reprise")}
    mark = MARKS[name]
    ram = 256 if name == "boot" else 512
    bound = ram + RING_MIB + ALLOWANCE_MIB
    middle = {contender: statistics.median(taken) for contender, taken in times.items()}
    print(f"{name:6} QEMU {middle['QEMU']:6.2f} s, Reprise recording {middle['recording']:6.2f} s: ratio "
          f"{ratio['recording']:.2f} (mark {mark:.1f}: {'met' if ratio['recording'] <= mark else 'missed'}); not "
          f"recording {middle['Reprise']:6.2f} s: {ratio['Reprise']:.2f}; peak {max(peaks):.0f} MiB "
          f"(at most {bound}{'' if max(peaks) <= bound else ': missed'})", flush=True)


def sizes(rounds):
    """What a boot costs by the size of the guest's memory."""
    taken = {mib: [] for mib in SIZES_MIB}
    for _ in range(rounds):
        for mib in SIZES_MIB:
            taken[mib].append(run("recording", "autoexit", mib, None, b"BYE")[:2])
    ratio = statistics.median(large / small for (small, _), (large, _) in zip(*taken.values()))
    each = ", ".join(f"{mib} MiB {statistics.median(used for used, _ in runs):.2f} s, peak "
                     f"{max(peak for _, peak in runs):.0f} MiB" for mib, runs in taken.items())
    print(f"boot   by the guest's memory: {each}; the larger takes {ratio:.2f} times as long")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("workloads", nargs="*", choices=[*MARKS, "sizes", []])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"processor time of the work alone; median of {options.rounds} rounds; load "
          f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    for name in options.workloads or [*MARKS, "sizes"]:
        sizes(options.rounds) if name == "sizes" else compare(name, options.rounds)


main()
