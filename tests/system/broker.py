"""A broker for a system test: the real binary on a port that the kernel chose, gone at the end whatever happens."""

import os
import pathlib
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

START_SECONDS = 60
STOP_SECONDS = 30


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


class Broker:
    """One process after another on one data directory. `before` is put in front of the command (strace, prlimit).
    Use as a context manager. Thread: one at a time, except the measurements."""

    def __init__(self, directory, *flags, before=()):
        self.data = pathlib.Path(directory)
        self._flags, self._before = flags, before
        self._process = None
        self._said = []
        self._said_changed = threading.Condition()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def launch(self, listen="127.0.0.1:0"):
        """Starts the process and does not wait for anything."""
        command = [*self._before, binary(), "serve", "--data-dir", str(self.data), "--listen", listen, *self._flags]
        self._said = []
        # What the user's shell sets for a broker is not meant for this one.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STELE_")}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                         start_new_session=True, env=environment)
        for pipe in (self._process.stdout, self._process.stderr):
            threading.Thread(target=self._collect, args=(pipe, self._said), daemon=True).start()

    def start(self):
        self.launch()
        line = self.wait_for_line("stele ready on ", START_SECONDS)
        host, port = line.split("stele ready on ")[1].strip().rsplit(":", 1)
        self.address = (host, int(port))
        return self

    def _collect(self, pipe, said):
        for line in pipe:
            with self._said_changed:
                said.append(line.decode(errors="replace").rstrip())
                self._said_changed.notify_all()
        pipe.close()

    def wait_for_line(self, part, seconds=START_SECONDS, beyond=0):
        """The first line with `part` in it, after the first `beyond` lines."""
        deadline = time.monotonic() + seconds
        with self._said_changed:
            while True:
                for line in self._said[beyond:]:
                    if part in line:
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or (self._process.poll() is not None and not self._said_changed.wait(1)):
                    raise AssertionError(f"no line '{part}' from the broker; it said:\n" + "\n".join(self._said))
                self._said_changed.wait(min(left, 1))

    def lines(self, part=""):
        with self._said_changed:
            return [line for line in self._said if part in line]

    def everything_said(self):
        return "\n".join(self.lines())

    def pid(self):
        """Of the broker itself, also behind strace."""
        children = pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return int(children[0]) if self._before and self._before[0] == "strace" else self._process.pid

    def signal(self, number):
        os.kill(self.pid(), number)

    def wait(self, seconds=STOP_SECONDS):
        """The exit code."""
        return self._process.wait(seconds)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """As kill -9 does it, and whatever it was started through."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._process = None

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
