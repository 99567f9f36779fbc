#!/usr/bin/env python3
"""Counts what passed, failed and was skipped: tests/tally.py DIRECTORY, where ctest left its JUnit files.

A ctest entry may hold many tests. What it says of itself counts: Catch2's closing line, unittest's, or `N passed, N failed,
N skipped`; an entry that says nothing counts as one. The last line is the sum. Exits with 1 when something failed or
nothing passed. With TESTS_IN_CI=1 in the environment, as .ci/run sets it, skipped clients count as failures: CI has all
toolchains.
"""
import collections
import os
import pathlib
import re
import sys
import xml.etree.ElementTree

Count = collections.namedtuple("Count", "passed failed skipped")

CATCH_GOOD = re.compile(r"^All tests passed \(\d+ assertions? in (\d+) test cases?\)", re.M)
CATCH_BAD = re.compile(r"^test cases: +\d+ \|(.*)", re.M)
UNITTEST = re.compile(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(?: \((.*)\))?", re.M)
# Entries of what needs the toolchains of clients: nothing of theirs is skipped in CI.
CLIENTS = re.compile(r"^(clients|readme|conformance)")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped", re.M)


def said(output: str) -> Count | None:
    """What a test program says it ran."""
    if found := PLAIN.findall(output):
        return Count(*(sum(int(line[i]) for line in found) for i in range(3)))
    if found := CATCH_GOOD.search(output):
        return Count(int(found[1]), 0, 0)
    if found := CATCH_BAD.search(output):
        numbers = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed)", found[1])}
        return Count(numbers.get("passed", 0), numbers.get("failed", 0), 0)
    if found := UNITTEST.search(output):
        numbers = {what: int(n) for what, n in re.findall(r"(\w+)=(\d+)", found[2] or "")}
        failed, skipped = numbers.get("failures", 0) + numbers.get("errors", 0), numbers.get("skipped", 0)
        return Count(int(found[1]) - failed - skipped, failed, skipped)
    return None


def counted(case: xml.etree.ElementTree.Element) -> Count:
    """One ctest entry. ctest has the last word: an entry that failed counts as a failure whatever it printed, a crash too,
    and so does one that could not be started: only what asked to be skipped is a skip."""
    status, output = case.get("status"), case.findtext("system-out") or ""
    skip = case.find("skipped")
    if status == "disabled" or skip is not None and skip.get("message", "").startswith("SKIP_"):
        return Count(0, 0, 1)
    passed, failed, skipped = said(output) or Count(int(status == "run"), 0, 0)
    return Count(passed, failed if status == "run" else max(failed, 1), skipped)


def without_skips(count: Count) -> Count:
    return Count(count.passed, count.failed + count.skipped, 0)


def main(directory: pathlib.Path, in_ci: bool = False) -> int:
    total = Count(0, 0, 0)
    for report in sorted(directory.glob("*.xml")):
        entries = [(case.get("name"), counted(case)) for case in xml.etree.ElementTree.parse(report).iter("testcase")]
        if in_ci:
            for name, count in entries:
                if count.skipped and CLIENTS.match(name):
                    print(f"!!! {name}: {count.skipped} skipped, and CI must have what they need")
            entries = [(name, without_skips(count) if CLIENTS.match(name) else count) for name, count in entries]
        count = Count(*(sum(c[i] for _, c in entries) for i in range(3)))
        print(f"{report.stem:<24} {count.passed:>6} passed {count.failed:>4} failed {count.skipped:>4} skipped")
        for name, (_, failed, skipped) in entries:
            if failed or skipped:
                print(f"    {name}: {failed} failed, {skipped} skipped")
        total = Count(*(a + b for a, b in zip(total, count)))
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), in_ci=os.environ.get("TESTS_IN_CI") == "1"))
