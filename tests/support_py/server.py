"""A program that serves until it is stopped, and what it says."""

import os
import pathlib
import re
import signal
import subprocess

from . import processes

START_SECONDS = 60
STOP_SECONDS = 60
END_SECONDS = 5  # Until the last it said is read.


class Failed(AssertionError):
    """A server did not start, stop or say what it should."""


class Server:
    """One process after another. What they say is copied to the file `log`. Thread: one at a time, but for what they said."""

    def __init__(self, name, log=os.devnull):
        self.name = name
        self._log = log
        self._process = None
        self._lines = None

    def launch(self, command, **options):
        """Starts the process and does not wait for anything. `options` are subprocess.Popen's."""
        self._process = processes.start(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, errors="replace", **options)
        self._lines = processes.Lines(self._process.stdout, self._log)

    def wait_for_line(self, part, seconds=START_SECONDS, beyond=0):
        """The first line with `part` in it, after the first `beyond` lines. Raises Failed."""
        line = self._lines.wait_for(part, seconds, beyond)
        if line is None:
            raise Failed(f"no line '{part}' from {self.name}; it said:\n{self._lines.tail()}")
        return line.rstrip()

    def lines(self, part=""):
        return [line for line in self._lines.all() if part in line]

    def everything_said(self):
        return "\n".join(self.lines())

    def said(self):
        """The last of it."""
        return self._lines.tail() if self._lines else ""

    def is_running(self):
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds=STOP_SECONDS):
        """The exit code. Raises Failed."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end in {seconds} s; it said:\n{self.said()}") from None
        processes.ended(self._process)
        self._lines.wait_for_end(END_SECONDS)
        return code

    def stop(self, seconds=STOP_SECONDS):
        """SIGTERM; the exit code. Raises Failed."""
        if self.is_running():
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def signal(self, number):
        os.kill(self.pid(), number)

    def pid(self):
        return self._process.pid

    def kill(self):
        """As kill -9 does it, and whatever it was started through."""
        if self._process is not None:
            processes.kill_group(self._process)
            self._process = None


class Stele(Server):
    """Our binary on one data directory. `before` is put in front of the command (strace, prlimit)."""

    def __init__(self, binary, data, flags=(), before=(), log=os.devnull, **options):
        super().__init__("stele", log)
        self.address = None  # (host, port) while it runs.
        self.data = pathlib.Path(data)
        self._binary, self._flags, self._before, self._options = binary, flags, before, options

    def launch(self, listen="127.0.0.1:0"):
        # What the user's shell sets for a broker is not meant for this one.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("STELE_")}
        super().launch([*self._before, self._binary, "serve", "--data-dir", self.data, "--listen", listen, *self._flags],
                       env=environment, **self._options)

    def start(self, listen="127.0.0.1:0"):
        """Returns when it serves. Raises Failed."""
        self.launch(listen)
        try:
            line = self.wait_for_line("stele ready on ")
        except Failed:
            self.kill()
            raise
        host, port = re.search(r"stele ready on (\S+):(\d+)", line).groups()
        self.address = (host, int(port))
        return self

    def pid(self):
        """Of the broker itself, also behind strace."""
        if not self._before or self._before[0] != "strace":
            return super().pid()
        return int(pathlib.Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()[0])
