"""One line per check, and the tally at the end."""

import sys
import time


class Report:
    """Prints what it is told and counts it. Thread: one."""

    def __init__(self):
        self._passed, self.failed, self.skipped = 0, [], []
        self._began = time.monotonic()

    def check(self, name, ok, why=""):
        if ok:
            self._passed += 1
            self._say(f"ok    {name}")
        else:
            self.failed.append(name)
            self._say(f"FAIL  {name}" + "".join(f"\n        {line}" for line in str(why).splitlines()))
        return ok

    def skip(self, name, why):
        self.skipped.append(f"{name}: {why}")
        self._say(f"SKIP  {name}: {why}")

    def note(self, text):
        self._say(f"      {text}")

    def finish(self):
        """Prints the tally, every failure and every skip by name. Returns the exit code."""
        for name in self.failed:
            print(f"FAILED: {name}")
        for name in self.skipped:
            print(f"!!! SKIPPED: {name}")
        seconds = time.monotonic() - self._began
        print(f"{self._passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped in {seconds:.0f} s")
        # Nothing passed: a run that checked nothing is no success.
        return 1 if self.failed or not self._passed else 0

    @staticmethod
    def _say(text):
        print(text)
        sys.stdout.flush()
