"""One line per check, and the tally at the end."""

import sys
import time


class Report:
    """Prints what it is told and counts it. Thread: one."""

    def __init__(self):
        self._passed, self._failed, self._skipped = 0, [], []
        self._began = time.monotonic()

    def check(self, name, ok, why=""):
        if ok:
            self._passed += 1
            self._say(f"ok    {name}")
        else:
            self._failed.append(name)
            self._say(f"FAIL  {name}" + "".join(f"\n        {line}" for line in str(why).splitlines()))
        return ok

    def skip(self, name, why):
        self._skipped.append(f"{name}: {why}")
        self._say(f"SKIP  {name}: {why}")

    def note(self, text):
        self._say(f"      {text}")

    def finish(self):
        """Prints the tally, every failure and every skip by name. Returns the exit code."""
        for name in self._failed:
            print(f"FAILED: {name}")
        for name in self._skipped:
            print(f"!!! SKIPPED: {name}")
        seconds = time.monotonic() - self._began
        print(f"{self._passed} passed, {len(self._failed)} failed, {len(self._skipped)} skipped in {seconds:.0f} s")
        # Nothing passed: a run that checked nothing is no success.
        return 1 if self._failed or not self._passed else 0

    @staticmethod
    def _say(text):
        print(text)
        sys.stdout.flush()
