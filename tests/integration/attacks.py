#!/usr/bin/env python3
"""Guests that attack the processor: the machine lives, its monitor answers, its memory stays bounded,
and the recording plays to the same state. tests/guests/attack/attack.asm says what each does."""
import os
import re
import subprocess
import sys
import tempfile
import time

NAMES = """INT3 storm; ICEBP and TF; stack through the IDT; triple faults; #DF to no task; IDT in devices;
GDT round 4 GiB; two tasks; each fault a task; directory in itself; tables in devices; 15 and 16 bytes;
REP MOVS over its own code; REP to the VGA and nowhere; FXSAVE to devices; ESP round 0;
self-modifying across pages; all halted; INIT to all; PAUSE and a lock; interrupts to all;
stepping the stepper; IP round 64 KiB; A20 under code; EIP round 4 GiB; random instructions;
2^64 bytes to nowhere"""
CASES = [name.strip() for name in NAMES.replace("\n", " ").split(";")]
REPRISE = os.environ.get("REPRISE", "build/reprise")
FIXED = ["-rtc", "base=2026-11-20T12:00:00", "-seed", "1"]
PATIENCE = float(os.environ.get("PATIENCE", "10"))  # of an answer; the machine may be busy elsewhere
RUN_FOR = 0.3
MEMORY_KIB = 700 * 1024


def answer(process, command):
    """Seconds until the monitor has answered and prompts again; None if it does not."""
    start = time.monotonic()
    process.stdin.write(command.encode() + b"\n")
    process.stdin.flush()
    text = b""
    os.set_blocking(process.stdout.fileno(), False)
    while time.monotonic() - start < PATIENCE:
        piece = process.stdout.read()
        if piece:
            text += piece
            if b"EIP=" in text or b"RIP=" in text:
                return time.monotonic() - start
        elif process.poll() is not None:
            return None
        time.sleep(0.005)
    return None


def peak_memory(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def attack(number, directory):
    image, recording = f"{directory}/attack.bin", f"{directory}/attack.rec"
    serial = f"{directory}/serial"
    subprocess.run(["nasm", "-w-all", "-I", "tests/system/", f"-DCASE={number}", "-f", "bin", "-o",
                    image, "tests/guests/attack/attack.asm"], check=True)
    open(serial, "w").close()
    live = subprocess.Popen(
        [REPRISE, *FIXED, "-m", "16", "-smp", "2", "-pace", "max", "-display", "none", "-cpu", "max",
         "-serial", f"file:{serial}", "-monitor", "stdio", "-bios", image, "-state-hash",
         "-record", recording],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        start = time.monotonic()
        while "go" not in open(serial).read():
            if time.monotonic() - start > PATIENCE or live.poll() is not None:
                return "it never began"
            time.sleep(0.01)
        slowest = 0
        for _ in range(3):
            time.sleep(RUN_FOR / 3)
            took = answer(live, "info registers")
            if took is None:
                return "the monitor does not answer"
            slowest = max(slowest, took)
        memory = peak_memory(live)
        live.stdin.write(b"quit\n")
        live.stdin.flush()
        os.set_blocking(live.stdout.fileno(), True)
        said = live.communicate(timeout=PATIENCE)[1].decode()
    except (subprocess.TimeoutExpired, BrokenPipeError):
        return f"it does not end: {live.poll()}"
    finally:
        live.kill()
        live.wait()
    state = re.findall(r"^(?:position|state-hash) .*", said, re.M)
    if live.returncode != 0 or len(state) != 2:
        return f"exit {live.returncode}: {said[-200:]}"
    if memory > MEMORY_KIB:
        return f"{memory} KiB of memory"
    replay = subprocess.run([REPRISE, "-replay", recording, "-serial", "null", "-state-hash"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, timeout=120)
    again = re.findall(r"^(?:position|state-hash) .*", replay.stderr.decode(), re.M)
    if again != state:
        return f"replay: {again} {replay.stderr.decode()[-200:]}, live: {state}"
    print(f"# {CASES[number]}: {state[0]}, slowest answer {slowest * 1000:.0f} ms, {memory} KiB")
    return None


def main():
    os.chdir(os.path.join(os.path.dirname(__file__), "../.."))
    chosen = [int(each) for each in sys.argv[1:]] or range(len(CASES))
    failed = 0
    for number in chosen:
        with tempfile.TemporaryDirectory() as directory:
            try:
                problem = attack(number, directory)
            except subprocess.TimeoutExpired:
                problem = "the replay does not end"
        print(f"not ok attack {CASES[number]}: {problem}" if problem else f"ok attack {CASES[number]}",
              flush=True)
        failed += bool(problem)
    return 1 if failed else 0


sys.exit(main())
