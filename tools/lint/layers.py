#!/usr/bin/env python3
"""Fails when a file includes upwards. THINK about the house plan (docs/architecture.md) before you change this table."""
import pathlib, re, sys

# A room may include the rooms on its right, and itself.
MAY_INCLUDE = {
    "protocol/base": [],
    "protocol/record": ["protocol/base"],
    "protocol": ["protocol/base", "protocol/record"],
    "config": ["protocol/base"],
    "storage": ["protocol/base", "protocol/record", "config"],
    "broker": ["protocol/base", "protocol/record", "protocol", "config", "storage"],
    "tools": ["protocol/base", "protocol/record", "protocol", "config", "storage"],
    "tests": ["protocol/base", "protocol/record", "protocol", "config", "storage", "broker", "tools"],
}
# One file opens the broker to the command line.
EXCEPTIONS = {("tools/stele/serve.cc", "broker/app.h")}
# Inside broker/ a second order, from the ground up; a folder may include those before it.
BROKER_ORDER = ["runtime", "net", "partition", "topics", "coordinator", "handlers", "housekeeping", ""]
# Where all of broker/ turns failures into Kafka's codes: below everything.
BROKER_GROUND = {"broker/errors.h"}
# Libraries that only these folders may see.
ONLY_IN = {
    "boost/asio": ["broker/runtime", "broker/net", "tools", "tests"],
    "boost/beast": ["broker/admin", "tests"],
    "yaml-cpp": ["config", "tests"],
    "CLI/": ["tools", "tests"],
    "spdlog": ["broker/runtime"],
    "zstd": ["protocol/record", "tests"], "lz4": ["protocol/record", "tests"], "snappy": ["protocol/record", "tests"],
    "zlib": ["protocol/record", "tests"], "xxhash": ["storage", "tests"],
}

def room(path):
    return max((r for r in MAY_INCLUDE if path.startswith(r + "/")), key=len, default=None)

def inside_broker(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""

bad = 0
def say(text):
    global bad
    bad += 1
    print(text)

roots = ("protocol", "config", "storage", "broker", "tools", "tests")
for file in sorted(p for r in roots for p in pathlib.Path(r).rglob("*") if p.suffix in (".h", ".cc")):
    here = room(str(file))
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not (m := re.match(r'#include ([<"])([^>"]+)', line)):
            continue
        target = m[2]
        there = room(target) if m[1] == '"' else None
        if there and there != here and there not in MAY_INCLUDE[here] and (str(file), target) not in EXCEPTIONS:
            say(f"{file}:{number}: {here} must not include {there} ({target})")
        if here == there == "broker" and target not in BROKER_GROUND:
            mine, theirs = inside_broker(str(file)), inside_broker(target)
            if mine in BROKER_ORDER and theirs in BROKER_ORDER and BROKER_ORDER.index(theirs) > BROKER_ORDER.index(mine):
                say(f"{file}:{number}: broker/{mine or '.'} must not include broker/{theirs or '.'} ({target})")
        for library, rooms in ONLY_IN.items():
            if target.startswith(library) and m[1] == "<" and not any(str(file).startswith(r + "/") for r in rooms):
                say(f"{file}:{number}: {library} belongs to {', '.join(rooms)}")
sys.exit(1 if bad else 0)
