#!/usr/bin/env python3
"""Takes entries out of the devices' lists of fields, one at a time, in a copy of the tree, and says
whether the contract's tests notice.

  tests/contract/mutate.py [--count N] [--seed S] [--only REGEX] [--copy DIR]

--count samples N of all entries; --only keeps those whose "file:name" matches REGEX. The copy
(and what is built in it) stays in DIR for the next time. The exit status is 1 if an entry was missed.
A removal that does not compile (an unused variable) counts as caught.
"""
import argparse, os, random, re, shutil, subprocess, sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("chipset", "cpu")
COPIED = ("Makefile", "cpu", "chipset", "storage", "net", "qmp", "replay", "tests", "tools")
ENTRY = re.compile(r'\(\s*"([a-z0-9_]+)"')
# Names of tests beside the contract's that hold fields which its random traffic seldom reaches.
ELSEWHERE = ("StateHoldsEveryField", "AfterALoad")
# Not about what a device keeps: they refuse an image, or describe the board. The last is the CPU's, whose
# settle() tells the APIC again.
SKIPPED = {("chipset/firmware/fw_cfg.cc", "contents"), ("chipset/interrupt/i8259.cc", "icw3"),
           ("chipset/interrupt/lapic.cc", "tsc_offset")}


def closing(text, at):
    """Index after the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return i + 1
    raise ValueError("unbalanced parentheses")


def body_of_list(text, start):
    """The braces after `state(State& s)`, as a pair of indexes; None for a declaration."""
    brace, semicolon = text.find("{", start), text.find(";", start)
    if brace < 0 or 0 <= semicolon < brace:
        return None
    depth = 0
    for i in range(brace, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return brace, i
    return None


def entries():
    found = []
    for folder in FOLDERS:
        for directory, _, files in sorted(os.walk(os.path.join(ROOT, folder))):
            for file in sorted(files):
                if not file.endswith((".cc", ".h")):
                    continue
                path = os.path.relpath(os.path.join(directory, file), ROOT)
                text = open(os.path.join(ROOT, path)).read()
                for listing in re.finditer(r"\bstate\((?:reprise::)?State& s\)", text):
                    body = body_of_list(text, listing.end())
                    if not body:
                        continue
                    for m in ENTRY.finditer(text, body[0], body[1]):
                        before = text[:m.start()].rstrip()[-1]
                        if before not in ")sw":  # a chain, s(...), s.raw(...)
                            continue
                        if (path, m.group(1)) not in SKIPPED:
                            found.append((path, m.group(1), m.start()))
    return found


def without(text, at):
    end = closing(text, at)
    head = text[:at].rstrip()
    if head.endswith("s.raw"):
        return head[:-4] + text[end:]
    return text[:at] + text[end:]


def synchronize(copy):
    """Makes the copy like the tree; times are kept, so that make rebuilds what has changed."""
    wanted = set()
    for name in COPIED:
        top = os.path.join(ROOT, name)
        files = [top] if os.path.isfile(top) else [
            os.path.join(d, f) for d, _, fs in os.walk(top) for f in fs]
        for source in files:
            relative = os.path.relpath(source, ROOT)
            target = os.path.join(copy, relative)
            wanted.add(relative)
            if os.path.exists(target) and open(source, "rb").read() == open(target, "rb").read():
                continue
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)
    for name in COPIED:
        for d, _, files in os.walk(os.path.join(copy, name)):
            for file in files:
                path = os.path.join(d, file)
                if os.path.relpath(path, copy) not in wanted:
                    os.remove(path)


def test_sources(copy):
    """The contract's, and those with tests of ELSEWHERE."""
    elsewhere = re.compile(r"TEST\w*\(\w+, \w*(%s)" % "|".join(ELSEWHERE))
    sources = []
    for folder, _, files in sorted(os.walk(os.path.join(copy, "tests"))):
        for file in sorted(files):
            path = os.path.join(folder, file)
            if file.endswith(".cc") and (os.path.basename(folder) in ("contract", "support") or
                                         elsewhere.search(open(path).read())):
                sources.append(os.path.relpath(path, copy))
    return sources


def build(copy):
    tests = test_sources(copy)
    environment = dict(os.environ, CCACHE_NOHASHDIR="1", MAKELEVEL="1")
    return subprocess.run(["make", "-s", "-j%d" % (os.cpu_count() or 1), "BUILD=build",
                           "TEST_SOURCES=" + " ".join(tests), "build/unit-tests"],
                          cwd=copy, env=environment, capture_output=True, text=True)


def noticed(copy):
    """What found the removal, or None."""
    result = build(copy)
    if result.returncode:
        return "the compiler"
    try:
        run = subprocess.run(["build/unit-tests", "--gtest_brief=1", "--gtest_fail_fast",
                              "--gtest_filter=%s-*EveryListedFieldMatters*" %
                              ":".join("*%s*" % name for name in ("Contract",) + ELSEWHERE)],
                             cwd=copy, capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        return "a test that hangs"
    if run.returncode == 0:
        return None
    failed = re.findall(r"^\[  FAILED  \] (\S+?),? ", run.stdout, re.M)
    return failed[0] if failed else "a crash"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--copy", default=os.path.join(os.environ.get("TMPDIR", "/tmp"),
                                                       "reprise-mutate"))
    options = parser.parse_args()
    chosen = [e for e in entries() if re.search(options.only, "%s:%s" % e[:2])]
    if options.count and options.count < len(chosen):
        chosen = sorted(random.Random(options.seed).sample(chosen, options.count))
    synchronize(options.copy)
    if build(options.copy).returncode or noticed(options.copy):
        sys.exit("the tests fail before anything is taken out")
    missed = 0
    for path, name, at in chosen:
        target = os.path.join(options.copy, path)
        original = open(target).read()
        try:
            with open(target, "w") as file:
                file.write(without(original, at))
            by = noticed(options.copy)
        finally:
            with open(target, "w") as file:
                file.write(original)
        missed += by is None
        print("%s %s: %s%s" % ("not ok missed" if by is None else "ok caught", path, name,
                                 "" if by is None else " (by %s)" % by), flush=True)
    print("%d caught, %d missed of %d (seed %d)" % (len(chosen) - missed, missed, len(chosen),
                                                    options.seed))
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
