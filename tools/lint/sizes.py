#!/usr/bin/env python3
"""The size report: names files past 400 lines and fails past 600, so that no file becomes the one everything passes through."""
import pathlib, sys

WARN, FAIL = 400, 600
roots = ("protocol", "config", "storage", "broker", "tools", "tests")
files = [p for r in roots for p in pathlib.Path(r).rglob("*") if p.suffix in (".h", ".cc", ".py")]
sizes = sorted(((len(p.read_text().splitlines()), p) for p in files), reverse=True)
total = sum(n for n, _ in sizes)
if sizes:
    print(f"{len(sizes)} files, {total} lines, median {sizes[len(sizes) // 2][0]}, p90 {sizes[len(sizes) // 10][0]}, largest {sizes[0][0]}")
for n, p in sizes:
    if n > WARN:
        print(f"{p}: {n} lines{': split it' if n > FAIL else ''}")
sys.exit(1 if any(n > FAIL for n, _ in sizes) else 0)
