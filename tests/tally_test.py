#!/usr/bin/env python3
"""The tally decides whether CI is green: a failure must never be counted away."""
import contextlib
import io
import pathlib
import tempfile
import unittest

import tally
from tally import Count

GOOD = "====\nAll tests passed (7012 assertions in 5 test cases)\n"
BAD = "====\ntest cases:  5 |  3 passed | 2 failed\nassertions: 90 | 80 passed | 10 failed\n"
STORIES = "ok    one\n21 passed, 0 failed, 3 skipped in 12 s\n"


def entry(name: str, status: str, output: str = "", inside: str = "") -> str:
    return f'<testcase name="{name}" status="{status}">{inside}<system-out>{output}</system-out></testcase>'


class TallyTest(unittest.TestCase):
    def tally(self, *entries: str, in_ci: bool = False) -> tuple[int, str]:
        """Exit code and last line."""
        with tempfile.TemporaryDirectory() as directory, contextlib.redirect_stdout(io.StringIO()) as out:
            for number, text in enumerate(entries):
                (pathlib.Path(directory) / f"{number}.xml").write_text(f"<testsuite>{text}</testsuite>")
            code = tally.main(pathlib.Path(directory), in_ci)
        return code, out.getvalue().splitlines()[-1]

    def test_what_programs_say_of_themselves(self):
        self.assertEqual(tally.said(GOOD), Count(5, 0, 0))
        self.assertEqual(tally.said(BAD), Count(3, 2, 0))
        self.assertEqual(tally.said(STORIES), Count(21, 0, 3))
        self.assertEqual(tally.said("...\nRan 13 tests in 0.01s\n\nOK (skipped=2)\n"), Count(11, 0, 2))
        self.assertEqual(tally.said("...\nRan 13 tests in 0.01s\n\nFAILED (failures=1, errors=2)\n"), Count(10, 3, 0))
        self.assertIsNone(tally.said("3 files, 99 lines\n"))

    def test_all_passed(self):
        self.assertEqual(self.tally(entry("a", "run", GOOD), entry("b", "run")), (0, "6 passed, 0 failed, 0 skipped"))

    def test_skips_are_counted_and_are_no_failure(self):
        skipped = entry("java", "notrun", inside='<skipped message="SKIP_RETURN_CODE=77"/>')
        self.assertEqual(self.tally(entry("a", "run", STORIES) + skipped), (0, "21 passed, 0 failed, 4 skipped"))

    def test_in_ci_a_skipped_client_fails(self):
        some = entry("clients", "run", STORIES)
        java = entry("conformance_kafka", "notrun", inside='<skipped message="SKIP_RETURN_CODE=77"/>')
        mount = entry("system_disk", "run", "...\nRan 3 tests in 0.01s\n\nOK (skipped=1)\n")
        self.assertEqual(self.tally(some + mount, in_ci=True), (1, "23 passed, 3 failed, 1 skipped"))
        self.assertEqual(self.tally(some + java, in_ci=True), (1, "21 passed, 4 failed, 0 skipped"))
        self.assertEqual(self.tally(mount, in_ci=True), (0, "2 passed, 0 failed, 1 skipped"))
        self.assertEqual(self.tally(some + mount + java), (0, "23 passed, 0 failed, 5 skipped"))

    def test_a_failure_fails(self):
        self.assertEqual(self.tally(entry("a", "fail", BAD)), (1, "3 passed, 2 failed, 0 skipped"))

    def test_a_crash_after_good_news_fails(self):
        self.assertEqual(self.tally(entry("a", "fail", GOOD)), (1, "5 passed, 1 failed, 0 skipped"))

    def test_nothing_run_is_no_success(self):
        self.assertEqual(self.tally(), (1, "0 passed, 0 failed, 0 skipped"))
        gone = entry("a", "notrun", inside='<skipped message="Unable to find executable"/>')
        self.assertEqual(self.tally(entry("b", "run") + gone), (1, "1 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
