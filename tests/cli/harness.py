"""What the tests of the command line share: running the program, and saying what was found."""
import json
import os
import subprocess

REPRISE = os.path.abspath(os.environ.get("REPRISE", "build/reprise"))
MIB, GIB = 1 << 20, 1 << 30
with open(REPRISE, "rb") as program:  # AddressSanitizer wants terabytes of address space
    SANITIZED = b"__asan_init" in program.read()
failures = []


def run(*arguments, timeout=60, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([REPRISE, *arguments], capture_output=True, timeout=timeout,
                          encoding="utf-8", errors="replace", **more)


def shown(arguments):
    text = "".join(c if " " <= c <= "~" else "?" for c in " ".join(arguments))
    return text if len(text) < 160 else text[:160] + "..."


def report(good, name, detail=""):
    print(("ok " if good else "not ok ") + name + ("" if good else f"\n    {detail}"), flush=True)
    if not good:
        failures.append(name)


def wrong(arguments, *parts, **more):
    """Exit status 1, one message on stderr with all of `parts`."""
    name = "wrong " + shown(arguments)
    try:
        done = run(*arguments, **more)
    except subprocess.TimeoutExpired:
        return report(False, name, "hangs")
    missing = [p for p in parts if p.lower() not in done.stderr.lower()]
    report(done.returncode == 1 and not missing and done.stderr.startswith("reprise: "), name,
           f"exit {done.returncode}, missing {missing} in: {done.stderr.strip()[:300]}")


def config_of(arguments):
    done = run(*arguments, "-dump-config")
    try:
        return json.loads(done.stdout), done.stderr
    except ValueError:
        return None, done.stderr


def config(arguments, **fields):
    """Accepted, and the machine's description has `fields`."""
    found, errors = config_of(arguments)
    if found is None:
        return report(False, "config " + shown(arguments), errors.strip()[:300])
    bad = {k: found.get(k) for k, v in fields.items() if found.get(k) != v}
    report(not bad, "config " + shown(arguments), f"found {bad}")


def drives(arguments, *expected):
    """Accepted, and the drives are those: dictionaries of the fields that matter."""
    found, errors = config_of(arguments)
    if found is None:
        return report(False, "drives " + shown(arguments), errors.strip()[:300])
    bad = len(found["drives"]) != len(expected)
    for drive, wanted in zip(found["drives"], expected):
        bad |= any(drive.get(k) != v for k, v in wanted.items())
    report(not bad, "drives " + shown(arguments), f"found {found['drives']}")


def warns(arguments, *parts):
    """Accepted with a warning that has all of `parts`."""
    found, errors = config_of(arguments)
    good = found is not None and "warning: " in errors and all(p in errors for p in parts)
    report(good, "warns " + shown(arguments), errors.strip()[:300])
