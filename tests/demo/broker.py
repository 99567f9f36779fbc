"""The broker of the demo: a process on a port that the kernel chose once and that it keeps over a kill -9."""
import ctypes
import os
import pathlib
import re
import select
import signal
import subprocess
import time

READY = re.compile(r"^stele ready on (\S+):(\d+)", re.M)
START_LIMIT = 60.0  # seconds; a start after a kill recovers first
PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Runs in the child: a demo that is itself killed (a test's time limit) leaves no broker behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Broker:
    def __init__(self, binary: pathlib.Path, directory: pathlib.Path):
        self.binary, self.directory = binary, directory
        self.listen = "127.0.0.1:0"
        self.process: subprocess.Popen | None = None

    def start(self) -> float:
        """Returns the seconds until it said that it is ready."""
        started = time.monotonic()
        with open(self.directory / "broker.log", "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--data-dir", self.directory / "data", "--listen", self.listen],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, preexec_fn=die_with_parent)
        ready = self._await_ready(started + START_LIMIT)
        self.listen = f"{ready[1]}:{ready[2]}"
        return time.monotonic() - started

    def kill(self) -> None:
        """kill -9: no destructor runs, no buffer is written."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=START_LIMIT)

    def _await_ready(self, deadline: float) -> re.Match:
        out, text = self.process.stdout.fileno(), b""
        while not (ready := READY.search(text.decode(errors="replace"))):
            left = deadline - time.monotonic()
            chunk = os.read(out, 4096) if left > 0 and select.select([out], [], [], left)[0] else b""
            if not chunk:
                self.process.kill()
                raise RuntimeError(f"the broker did not get ready; its log is {self.directory / 'broker.log'}")
            text += chunk
        return ready
