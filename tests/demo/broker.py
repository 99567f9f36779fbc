"""The broker of the demo: a process on a port that the kernel chose once and that it keeps over a kill -9."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support_py.processes import die_with_parent  # noqa: E402
from support_py.server import Stele  # noqa: E402


class Broker(Stele):
    def __init__(self, binary: pathlib.Path, directory: pathlib.Path):
        # A demo that is itself killed (a test's time limit) leaves no broker behind.
        super().__init__(binary, directory / "data", log=directory / "broker.log", preexec_fn=die_with_parent)
        self.listen = "127.0.0.1:0"

    def start(self) -> float:
        """Returns the seconds until it said that it is ready."""
        started = time.monotonic()
        super().start(self.listen)
        self.listen = "{}:{}".format(*self.address)
        return time.monotonic() - started
