"""What a story saw on one broker, and how that compares with what it saw on another."""

import json
import re

from support_py import processes

# Of one story on one broker: a hung client must not hang the run.
STORY_SECONDS = 120


class Witness:
    """Collects a story's observations and checks. Thread: one."""

    def __init__(self):
        self.seen = {}
        self.checks = []  # (name, ok, why)
        self.notes = []
        self.gave_up = False

    def saw(self, name, what):
        """Something that must be the same on every broker. `what` is anything that JSON can say."""
        self.seen[name] = what

    def check(self, name, ok, why=""):
        """Something that must hold on every broker."""
        self.checks.append((name, bool(ok), str(why)))

    def give_up(self, why):
        """The story does not go on, so the rest cannot be compared."""
        self.gave_up = True
        self.check("goes through to the end", False, why)

    def note(self, text):
        """Something for the reader of the run."""
        self.notes.append(text)

    def hear(self, command):
        """Runs a client's program and takes down its lines (python/story.py says how they look)."""
        finished = processes.run(command, STORY_SECONDS)
        for line in finished.out.splitlines():
            said = json.loads(line)
            if "saw" in said:
                self.saw(said["saw"], said["what"])
            else:
                self.check(said["check"], said["ok"], said["why"])
        self.check("ran to its end", finished.code == 0, finished.explain() if finished.code != 0 else "")
        self.check("saw something", self.seen, finished.explain() if not self.seen else "")


def differences(ours, theirs, path=""):
    """(path, our value, their value) for each leaf in which two observations differ. Lists are compared whole."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            yield from differences(ours.get(key, "(nothing)"), theirs.get(key, "(nothing)"), f"{path}/{key}")
    elif ours != theirs:
        yield path, ours, theirs


class KnownDifferences:
    """The differences on purpose, by the names they have in docs/compatibility.md. Raises ValueError for a name that is
    not there: nothing differs on purpose that is not written down."""

    def __init__(self, patterns, document):
        text = document.read_text() if document.exists() else ""
        for name in patterns:
            if not re.search(rf"^\| `{re.escape(name)}`", text, re.MULTILINE):
                raise ValueError(f"the difference {name} has no row in {document}")
        self._patterns = {name: re.compile(pattern) for name, pattern in patterns.items()}
        self.met = set()

    def name_of(self, path):
        """The name of the known difference that `path` is a part of, or None."""
        for name, pattern in self._patterns.items():
            if pattern.fullmatch(path):
                self.met.add(name)
                return name
        return None

    def never_met(self):
        return sorted(set(self._patterns) - self.met)
