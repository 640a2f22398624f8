"""A terminal of the benchmarks' own: what a full-screen program sends, shows, takes and costs."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

import psutil
import pyte

UNKNOWN = re.compile(r"\x1b\[[<>=?][0-9;$]*[a-gi-km-zA-Z]|\x1b[P_^].*?\x1b\\", re.DOTALL)
"""What pyte does not know: private sequences that end in other letters than h and l, and strings for the terminal."""


class Terminal:
    """A program in a pseudo-terminal of `size` (columns, rows); `rate` limits the bytes a second that it reads."""

    def __init__(
        self,
        command: Sequence[str],
        size: tuple[int, int] = (120, 40),
        *,
        rate: int = 0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Start the program."""
        self.screen = pyte.Screen(*size)
        self.stream = pyte.Stream(self.screen)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rate, self.received = rate, 0
        self._torn = ""
        self.began = time.monotonic()
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            terminal = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
            os.execvpe(command[0], list(command), {**os.environ, **terminal, **(environ or {})})
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.process = psutil.Process(self.pid)

    def pump(self, seconds: float) -> bool:
        """Read what comes within some seconds; return False when the program is gone."""
        if not select.select([self.file], [], [], seconds)[0]:
            return True
        if self.rate:
            time.sleep(0.05)
        try:
            data = os.read(self.file, max(1, self.rate // 20) if self.rate else 1 << 16)
        except OSError:
            return False
        self.received += len(data)
        text = self.decoder.decode(data)
        self._answer(text)
        self.stream.feed(UNKNOWN.sub("", text))
        return bool(data)

    def _answer(self, text: str) -> None:
        """Answer what a real terminal would, also a question that came in two pieces."""
        text, self._torn = self._torn + text, text[-3:] if "\x1b" in text[-3:] else ""
        if "\x1b[6n" in text:
            os.write(self.file, f"\x1b[{self.screen.cursor.y + 1};{self.screen.cursor.x + 1}R".encode())
        if "\x1b[c" in text:
            os.write(self.file, b"\x1b[?62;c")

    @property
    def text(self) -> str:
        """Return what is on the screen."""
        return "\n".join(self.screen.display)

    def until(self, true: Callable[[str], object], seconds: float = 60.0) -> float:
        """Return how long it took from now until something is true of the screen; NaN when it never was."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            alive = self.pump(0.005)
            if true(self.text):
                return time.monotonic() - start
            if not alive:
                break
        return float("nan")

    def hold(self, seconds: float) -> tuple[float, float]:
        """Look on for a while; return bytes a second and the share of a core that the program itself took."""
        start, received, cpu = time.monotonic(), self.received, self.cpu
        while time.monotonic() - start < seconds and self.pump(0.02):
            pass
        span = time.monotonic() - start
        return (self.received - received) / span, (self.cpu - cpu) / span

    def press(self, keys: str, seconds: float = 5.0) -> float:
        """Press a key and return how long it took until the screen changed."""
        before = self.text
        os.write(self.file, keys.encode())
        return self.until(lambda text: text != before, seconds)

    @property
    def cpu(self) -> float:
        """Return the seconds of processor that the program and what it started have taken so far."""
        return float(sum(times.user + times.system for times in (each.cpu_times() for each in self._all())))

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    @property
    def memory(self) -> float:
        """Return the resident memory of the program and of what it started in MiB."""
        return float(sum(each.memory_info().rss for each in self._all()) / 2**20)

    def calm(self, still: float = 1.0, seconds: float = 60.0) -> float:
        """Return after how many seconds, counted from its start, the program had sent its last byte for a while."""
        last, received, end = time.monotonic(), self.received, time.monotonic() + seconds
        while time.monotonic() < end and time.monotonic() - last < still and self.pump(0.02):
            if self.received != received:
                last, received = time.monotonic(), self.received
        return last - self.began

    def close(self) -> None:
        """End the program, and what it started."""
        for each in reversed(self._all()):
            each.kill()
        os.close(self.file)
        os.waitpid(self.pid, 0)
