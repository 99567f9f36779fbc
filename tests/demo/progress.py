"""Says how far a phase is: a bar on a terminal, a line for each tenth elsewhere."""
import sys
import time


class Progress:
    WIDTH = 40

    def __init__(self, what: str, total: int, out=sys.stdout):
        self.what, self.total, self.out = what, total, out
        self.terminal = out.isatty()
        self.started = time.monotonic()
        self.shown = 0  # tenths, or 0.1 s ticks on a terminal
        self.show(0)

    def show(self, done: int) -> None:
        if self.terminal:
            tick = int((time.monotonic() - self.started) * 10) + 1
            if tick == self.shown and done < self.total:
                return
            self.shown = tick
            filled = self.WIDTH * done // max(self.total, 1)
            bar = "#" * filled + "." * (self.WIDTH - filled)
            self.out.write(f"\r{self.what:<10} [{bar}] {done:>9,} of {self.total:,} ")
            self.out.flush()
        elif self.shown < done * 10 // max(self.total, 1) < 10:
            self.shown = done * 10 // self.total
            self.line(f"{self.what:<10} {done:>9,} of {self.total:,}")

    def line(self, text: str) -> None:
        """A line of its own; a bar goes on below it."""
        self.out.write(("\r\x1b[K" if self.terminal else "") + text + "\n")
        self.out.flush()

    def end(self, done: int) -> None:
        self.show(done)
        seconds = time.monotonic() - self.started
        self.line(f"{self.what:<10} {done:>9,} records in {seconds:.1f} s ({done / max(seconds, 1e-9):,.0f} a second)")
