#!/usr/bin/env python3
"""compare.py GUEST OURS QEMU TABLE: lines that differ must be in the table, with a reason.

A line is "name: results"; the table has "GUEST :: regular expression of names :: reason". NAME.486 is NAME on
another model than max: it has its own rows, maybe with others ("NAME.486 NAME.pentium :: ..."), and may use NAME's.
"""
import re
import sys


def lines_of(path):
    found, counts = {}, {}
    for line in open(path, errors="replace"):
        name = line.rstrip("\n").split(":")[0]
        counts[name] = counts.get(name, 0) + 1
        found[(name, counts[name])] = line.rstrip("\n")
    return found


def main():
    guest, ours_path, qemu_path, table_path = sys.argv[1:]
    ours, qemu = lines_of(ours_path), lines_of(qemu_path)
    table = []
    for line in open(table_path):
        if line.strip() and not line.startswith("#"):
            parts = [part.strip() for part in line.split(" :: ", 2)]
            guests = parts[0].split()
            if guest in guests or guest.split(".")[0] in guests:
                table.append([re.compile(parts[1]), guest in guests, 0])
    unexplained, explained = [], 0
    for key in list(ours) + [key for key in qemu if key not in ours]:
        if ours.get(key) == qemu.get(key):
            continue
        row = next((row for row in table if row[0].fullmatch(key[0])), None)
        if row:
            row[2] += 1
            explained += 1
        else:
            unexplained.append(f"\n  ours {ours.get(key)}\n  QEMU {qemu.get(key)}")
    same = sum(1 for key in ours if ours[key] == qemu.get(key))
    if unexplained:
        print(f"not ok system {guest}: as QEMU {len(unexplained)} differ:" + "".join(unexplained[:10]))
    else:
        print(f"ok system {guest}: {same} lines as QEMU's, {explained} explained")
    unused = [row for row in table if row[1] and not row[2]]
    for pattern, _, _ in unused:
        print(f"not ok system {guest}: nothing differs any more: {pattern.pattern}")
    if len(qemu) < 3:
        print(f"not ok system {guest}: QEMU said nothing")
        return 1
    return 1 if unexplained or unused else 0


sys.exit(main())
