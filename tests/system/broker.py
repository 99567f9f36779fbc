"""A broker for a system test: the real binary on a port that the kernel chose, gone at the end whatever happens."""

import os
import pathlib
import resource
import select
import shutil
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from support_py import server  # noqa: E402


def binary():
    return os.environ["TESTED_STELE"]


def main():
    """Runs the tests of the calling script against `--stele BINARY` (or TESTED_STELE)."""
    if "--stele" in sys.argv:
        at = sys.argv.index("--stele")
        os.environ["TESTED_STELE"] = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    # The test holds one end of each of a thousand connections.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    unittest.main(verbosity=2)


class Broker(server.Stele):
    """One process after another on one data directory, each on a port of its own. Use as a context manager. Thread: one at
    a time, except the measurements."""

    def __init__(self, directory, *flags, before=()):
        super().__init__(binary(), directory, flags, before)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()

    def _status(self, key):
        for line in pathlib.Path(f"/proc/{self.pid()}/status").read_text().splitlines():
            if line.startswith(key + ":"):
                return int(line.split()[1]) << 10
        raise KeyError(key)

    def private_memory(self):
        """Bytes of the process's own: what the log has in the page cache is not counted."""
        return self._status("RssAnon")

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.pid()}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def limit_descriptors(self, number):
        """From now on, however many there are."""
        resource.prlimit(self.pid(), resource.RLIMIT_NOFILE, (number, number))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid()}/fd"))


class PeakMemory:
    """The most private memory a broker has while this context lasts, looked at fifty times a second."""

    def __init__(self, broker):
        self._broker, self._done, self.bytes = broker, threading.Event(), broker.private_memory()

    def __enter__(self):
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self):
        while not self._done.wait(0.02):
            self.bytes = max(self.bytes, self._broker.private_memory())

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


def wait_until(what, condition, seconds=30):
    """For states that nothing announces."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"in {seconds} s it did not come to this: {what}")
        select.select([], [], [], 0.01)


class SystemTest(unittest.TestCase):
    """Gives each test a directory of its own, and removes it."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="stele-system-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def broker(self, *flags, **more):
        return Broker(self.directory / "data", *flags, **more)


def skip_loudly(why):
    print(f"\nSKIPPED, LOUDLY: {why}", file=sys.stderr)
    raise unittest.SkipTest(why)
