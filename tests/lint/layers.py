#!/usr/bin/env python3
"""Holds the rules that a compiler does not: who may include whom, and what determinism forbids.

    tests/lint/layers.py [ROOT]

Prints one line for each violation and exits 1 if there is any. A line that must break a rule says
why: `// lint: allow RULE, reason`.
"""
import os
import re
import sys

LAYER = {"replay": 0, "cpu": 1, "storage": 1, "net": 1, "chipset": 2, "qmp": 3, "tools": 4, "tests": 5}
# Folders of one layer that may not see each other are simply different folders of the same layer.

HOST_HEADERS = re.compile(
    r"^(chrono|random|thread|filesystem|ctime|time\.h|future|condition_variable|stop_token|"
    r"sys/.*|unistd\.h|fcntl\.h|netinet/.*|arpa/.*|netdb\.h|poll\.h|termios\.h|signal\.h|csignal|"
    r"pthread\.h|dirent\.h|pwd\.h|boost/asio.*|boost/beast.*|linux/.*)$")
# Host memory is neither time nor input.
HOST_EXCEPTIONS = {("replay/core/pages.cc", "sys/mman.h")}

MODEL = ("cpu", "chipset", "storage", "net", "replay", "qmp")
UNORDERED = re.compile(r"\bstd::unordered_\w+|#include <unordered_")
POINTER_KEY = re.compile(r"\bstd::(?:map|set|multimap|multiset)<(?:const )?[\w:]+ ?\*")
HOST_CALLS = re.compile(r"(?<![\w.:>])(?:std::)?(?:rand|srand|time|clock|gettimeofday|getenv|"
                        r"clock_gettime)\(|\b__rdtsc\b|\b_rdrand")
SOFT_LIMIT, HARD_LIMIT = 400, 1500


def strip(text):
    """Comments and string contents blanked out, line structure kept."""
    out, i = [], 0
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
                         r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.S)
    for match in pattern.finditer(text):
        out.append(text[i:match.start()])
        keep = '""' if match.group().startswith(('"', "R")) else " "
        out.append(keep + "\n" * match.group().count("\n"))
        i = match.end()
    return "".join(out) + text[i:]


def globals_in(code):
    """(line, text) of namespace-scope variables and static locals that can change."""
    found = []
    # Scopes: 'n' namespace, 't' type, 'f' anything else (functions, initialisers, enums).
    stack, statement, line, start, angle = [], "", 1, 1, 0
    for char in code:
        if char == "\n":
            line += 1
        if char == "{":
            head = re.sub(r"^\s*#[^\n]*$", "", statement, flags=re.M).strip()
            if re.search(r"\bnamespace\b[^;=()]*$", head) or head.startswith('extern ""'):
                kind = "n"
            elif re.search(r"\b(?:class|struct|union|enum)\b[^;=()]*(?:final|\([^)]*\))?[^;=()]*$", head) \
                    and "=" not in head:
                kind = "t"
            else:
                kind = "f"
            if kind == "f" and (not stack or stack[-1] == "n") and "(" not in head.split("=")[0] \
                    and head and not head.startswith("template"):
                check_variable(head, start, found, False)
            if kind == "f" and re.match(r"\s*static\b", statement) and stack and stack[-1] == "f":
                check_variable(head, start, found, True)
            stack.append(kind)
            statement, start = "", line
        elif char == "}":
            if stack:
                stack.pop()
            statement, start = "", line
        elif char == ";":
            text = re.sub(r"^\s*#[^\n]*$", "", statement, flags=re.M).strip()
            if not stack or stack[-1] == "n":
                check_variable(text, start, found, False)
            elif re.match(r"(?:thread_local|static)\b", text):
                if stack[-1] == "f" or not is_function(text):
                    check_variable(text, start, found, True)
            statement, start = "", line
        else:
            if not statement.strip():
                start = line
            statement += char
    return found


def is_function(text):
    return re.search(r"[\w>\])]\s*\(", text.split("=")[0]) is not None


def check_variable(text, line, found, local):
    text = re.sub(r"\[\[.*?\]\]", "", text).strip()
    text = re.sub(r"^(?:public|private|protected)\s*:\s*", "", text)
    if not text or re.match(r"(?:using|typedef|template|friend|static_assert|namespace|extern \"|extern template|"
                            r"return|case|goto|class|struct|union|enum|concept|asm|break)\b", text):
        return
    declaration = text.split("=")[0]
    if re.search(r"\b(?:constexpr|constinit const|consteval|operator)\b", declaration):
        return
    # `const T x`, `T const x`, `const T* const x`; not `const T* x`.
    if re.search(r"\bconst\b", declaration) and not re.search(r"\*\s*\w+\s*(?:\[|$|\{)", declaration.rstrip()):
        return
    if is_function(text) and not re.match(r"(?:static|thread_local|inline)?\s*[\w:<>, ]+\s+\w+\(\d", text):
        return
    if not re.match(r"[\w:]", text) or not re.search(r"[\w>*&\]]\s+\*?&?\w+|\w[*&]\s*\w", declaration):
        return
    found.append((line, " ".join(text.split())[:60]))


def sources(root):
    for folder in LAYER:
        for path, dirs, files in os.walk(os.path.join(root, folder)):
            dirs.sort()
            for name in sorted(files):
                if name.endswith((".cc", ".h", ".def")):
                    yield os.path.relpath(os.path.join(path, name), root)


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    bad, count, lines, long_files = 0, 0, 0, []

    def report(rule, name, line, message, raw):
        nonlocal bad
        text = raw[line - 1] if line <= len(raw) else ""
        before = raw[line - 2] if line >= 2 else ""
        if f"lint: allow {rule}" in text or f"lint: allow {rule}" in before:
            return
        print(f"{name}:{line}: {rule}: {message}")
        bad += 1

    for name in sources(root):
        with open(os.path.join(root, name), encoding="utf-8") as file:
            text = file.read()
        raw, code = text.split("\n"), strip(text)
        top, host = name.split("/")[0], "/host/" in name
        count, lines = count + 1, lines + len(raw)
        if len(raw) > SOFT_LIMIT:
            long_files.append((len(raw), name))
        if len(raw) > HARD_LIMIT:
            report("length", name, 1, f"{len(raw)} lines; the limit is {HARD_LIMIT}", raw)

        for number, line in enumerate(raw, 1):
            match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
            if not match:
                continue
            quote, target = match.groups()
            if quote == '"':
                other = target.split("/")[0]
                if other == "gen":
                    continue
                if other not in LAYER:
                    report("include", name, number, f'"{target}" is not a path from the root', raw)
                elif top == "tests":
                    pass
                elif LAYER[other] > LAYER[top]:
                    report("layer", name, number, f"{top} may not include {target}", raw)
                elif LAYER[other] == LAYER[top] and other != top:
                    report("layer", name, number, f"siblings do not see each other: {target}", raw)
                elif other == "replay" and top in ("cpu", "storage", "net") \
                        and not target.startswith("replay/core/"):
                    report("layer", name, number, f"{top} sees replay/core only, not {target}", raw)
                elif name.startswith("replay/core/") and not target.startswith("replay/core/"):
                    report("layer", name, number, f"replay/core includes nothing else: {target}", raw)
                elif "/host/" in target and top in MODEL and not host:
                    report("layer", name, number, f"a model does not see its host ends: {target}", raw)
            elif HOST_HEADERS.match(target) and top in MODEL and not host \
                    and (name, target) not in HOST_EXCEPTIONS:
                report("host", name, number, f"<{target}> belongs in */host/, tools/ or tests/", raw)

        if top not in MODEL:
            continue
        for line, what in globals_in(code):
            report("global", name, line, f"mutable global or static: {what}", raw)
        if host:
            continue
        for number, line in enumerate(code.split("\n"), 1):
            if UNORDERED.search(line):
                report("order", name, number, "unordered containers differ between hosts", raw)
            if POINTER_KEY.search(line) and "Earlier" not in line:
                report("order", name, number, "a container ordered by address", raw)
            if HOST_CALLS.search(line):
                report("host", name, number, "the host's clock, randomness or environment", raw)

    print(f"lint: {count} files, {lines} lines; longer than {SOFT_LIMIT}: "
          + (", ".join(f"{n} ({k})" for k, n in sorted(long_files, reverse=True)) or "none"))
    print("not ok layers" if bad else "ok layers")
    return 1 if bad else 0


sys.exit(main())
