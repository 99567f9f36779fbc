"""Programs with a time limit. Nothing started here outlives the run."""

import atexit
import ctypes
import os
import signal
import subprocess
import threading

PR_SET_PDEATHSIG = 1
_running = set()


class Finished:
    """What a program left: its exit code (None: it was killed at its time limit) and output as text."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def explain(self):
        how = "did not finish in time" if self.code is None else f"exit code {self.code}"
        return "\n".join(part for part in (how, self.out[-2000:].strip(), self.err[-2000:].strip()) if part)


def kill_group(process):
    """Ends a program and whatever it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
    ended(process)


def ended(process):
    """Says that a program has ended by itself and was waited for: its number may soon be another's."""
    _running.discard(process)


def start(command, **options):
    """As subprocess.Popen, in a process group that kill_group() ends and that dies with the run."""
    process = subprocess.Popen([str(word) for word in command], start_new_session=True, **options)
    _running.add(process)
    return process


def die_with_parent():
    """Runs in the child: a parent that is itself killed (a test's time limit) leaves it not behind. Only where the thread
    that starts the child lives as long as the program: the kernel means that one."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(command, seconds, given="", cwd=None, env=None):
    """Runs a program to its end with `given` on its standard input. Bytes that are no UTF-8 are kept as escapes."""
    process = start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                    env={**os.environ, **(env or {})})
    data = given if isinstance(given, bytes) else given.encode()
    try:
        out, err = process.communicate(data, timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        kill_group(process)
        out, err = process.communicate()
        code = None
    ended(process)
    return Finished(code, out.decode(errors="backslashreplace"), err.decode(errors="backslashreplace"))


class Lines:
    """Copies a stream to a file and hands out the first line with a given text as soon as it is there. Thread: any."""

    def __init__(self, stream, path):
        self._condition = threading.Condition()
        self._lines, self._ended = [], False
        threading.Thread(target=self._copy, args=(stream, path), daemon=True).start()

    def _copy(self, stream, path):
        with open(path, "a", encoding="utf-8") as copy, stream:
            for line in stream:
                copy.write(line)
                copy.flush()
                with self._condition:
                    self._lines.append(line)
                    self._condition.notify_all()
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def wait_for(self, text, seconds, beyond=0):
        """The first line that contains `text`, after the first `beyond` lines; None if the stream ends or the time is up
        before."""
        found = None

        def there():
            nonlocal found
            found = next((line for line in self._lines[beyond:] if text in line), None)
            return found is not None or self._ended

        with self._condition:
            self._condition.wait_for(there, seconds)
        return found

    def wait_for_end(self, seconds):
        """Until the stream ends or the time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self._ended, seconds)

    def all(self):
        with self._condition:
            return [line.rstrip() for line in self._lines]

    def tail(self, count=30):
        with self._condition:
            return "".join(self._lines[-count:])


@atexit.register
def _end_all():
    for process in list(_running):
        kill_group(process)


def end_all_and_exit(*_signal):
    """For SIGTERM: the interpreter's own way out would wait for stories that still run."""
    _end_all()
    os._exit(143)
