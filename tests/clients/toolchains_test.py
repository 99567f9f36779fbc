#!/usr/bin/env python3
"""A client that cannot be built must not look like one whose toolchain is missing."""

import os
import pathlib
import tempfile
import unittest
import unittest.mock

import run
from harness import report, toolchains


class Silent(report.Report):
    @staticmethod
    def _say(text):
        pass


class Client:
    """A story whose client is made by `build(tools)`."""

    name = "client"

    def __init__(self, build):
        self.prepare = build


class ToolchainsTest(unittest.TestCase):
    def setUp(self):
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        self.cache = pathlib.Path(cache.name)

    def told(self, build):
        """(what is told, failures, skips) of a client made in this way."""
        tally = Silent()
        stories = list(run.prepared([Client(build)], None, [], tally))
        return len(stories), len(tally.failed), len(tally.skipped)

    def test_what_is_built_is_told(self):
        self.assertEqual(self.told(lambda tools: lambda broker, witness: None), (1, 0, 0))

    def test_a_toolchain_that_is_missing_is_a_skip(self):
        self.assertEqual(self.told(lambda tools: toolchains.need_program("no-such-compiler")), (0, 0, 1))

    def test_a_build_that_fails_is_a_failure(self):
        (self.cache / "npm").symlink_to("/bin/false")
        for source in ("package.json", "package-lock.json"):
            (self.cache / source).touch()
        with unittest.mock.patch.dict(os.environ, {"PATH": f"{self.cache}:{os.environ['PATH']}"}):
            self.assertEqual(
                self.told(lambda tools: toolchains.node_program(self.cache, self.cache, "node", "member.mjs")), (0, 1, 0))


if __name__ == "__main__":
    unittest.main()
