"""How much of the machine others take: figures from a busy machine say little."""

import os
import pathlib
import resource
import time

TICK = os.sysconf("SC_CLK_TCK")


def busy_seconds():
    """CPU time of all cores that was not idle, since boot."""
    fields = [int(f) for f in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / TICK


def children_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_for_quiet(share, patience):
    """Waits until others take less than `share` of the machine, but not longer than `patience` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        before = busy_seconds()
        time.sleep(0.25)
        if (busy_seconds() - before) / 0.25 / os.cpu_count() < share:
            return


class OthersShare:
    """with OthersShare(broker) as others: ...; others.share is what neither broker nor load took."""

    def __init__(self, broker):
        self.broker = broker
        self.share = 0.0

    def __enter__(self):
        self.began = time.monotonic()
        self.before = busy_seconds() - self.broker.cpu_seconds() - children_seconds()
        return self

    def __exit__(self, *ignored):
        seconds = (time.monotonic() - self.began) * os.cpu_count()
        after = busy_seconds() - self.broker.cpu_seconds() - children_seconds()
        self.share = max(0.0, (after - self.before) / seconds)
