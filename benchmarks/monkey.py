"""A monkey at the keyboard of a real terminal: random keys, pastes, clicks and resizes, and what must hold after them.

`python -m benchmarks.monkey [--seeds 5] [--seconds 120] [--sizes 80x24,120x40]`

It ends with 1 when something was found: an exception, a run that is neither in its folder nor in the trash, a text that
did not arrive whole, or an error that stayed when its cause was edited. Nothing is trained: the Python that would do it
has no training libraries.
"""

import argparse
import fcntl
import json
import os
import random
import re
import struct
import sys
import tempfile
import termios
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from benchmarks.terminal import Terminal
from engine import trash
from tests import facts
from tests.tui.journals import RunFolder

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789 /?.,-_=+'\"\\{}[]#:!~XGKJ"
"""No E among them: it empties the trash, after a question that the monkey answers now and then."""
NAMED = ["\r", "\r", "\x1b", "\x1b", "\t", "\x1b[Z", "\x7f", " ", "y", "y", "d", "/", "t", "n", "e"]
NAMED += [f"\x1b[{key}" for key in ("A", "B", "C", "D", "H", "F", "5~", "6~", "3~")]
NAMED += [chr(ord(key) - 96) for key in "unobrstpkawe"] + ["\x1bOP"]
WORDS = [
    "warm",
    "up",
    "dynamic",
    "delete",
    "yes",
    "no",
    "quit",
    "rows",
    "data",
    "set",
    "path",
    "model",
    "rate",
    "batch",
    "epochs",
]
TORN = re.compile("\x1b(\\[[0-9]*)?$")
HOME, ERROR = "● Home", "✗ "
STEP = 0.03
SIZES = (1, 1, 2, 3, 5, 8, 13, 21, 40)  # keys that come at once
PATIENCE = 60.0
PROBE_EVERY = 40  # chunks


class Found(Exception):
    """Something that must not happen."""


def prepared(folder: Path) -> Path:
    """Write a model, data and some runs, and return the folder."""
    facts.model(folder / "tiny-chat", facts.QWEN_HALF_B, chat=True)
    (folder / "tiny-chat" / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    rows = [{"prompt": f"question {n}?", "completion": f"answer {n}. " * 9} for n in range(300)]
    (folder / "support.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    runs = folder / "runs"
    RunFolder(runs, "dynamic-done").start(at=-9000).begin(at=-8000).train(1, 60).complete(9060)
    RunFolder(runs, "yes-failed").start(at=-500).say("failed", 1, code="x", message="it broke", advice="mend it")
    stopped = RunFolder(runs, "early-stopped", "embed").start(at=-5000).begin(at=-4000).train(1, 60)
    stopped.say("finished", 100, status="stopped", results=None)
    return folder


class Monkey:
    """One seed at one terminal."""

    def __init__(self, seed: int, size: tuple[int, int], folder: Path, *, rate: int = 0) -> None:
        """Start the program; `rate` are the bytes a second that the terminal takes."""
        self.draw, self.size, self.folder, self.rate = random.Random(seed), size, prepared(folder), rate
        self.runs = {path.name for path in (folder / "runs").iterdir()}
        self.said: deque[str] = deque(maxlen=80)
        self.chunks = self.starts = self.probes = self.signs = 0
        self.start()

    def start(self) -> None:
        """Start the program, and wait for Home."""
        environ = {"TUNEWRIGHT_PYTHON": "/usr/bin/python3", "TUNEWRIGHT_WARM": "0", "HF_HUB_OFFLINE": "1"}
        home = {"HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state")}
        os.chdir(self.folder)
        self.terminal = Terminal([sys.executable, "-m", "tui.cli"], self.size, rate=self.rate, environ=environ | home)
        self.starts += 1
        self.wait(lambda: HOME in self.terminal.text, "Home")

    def wait(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Look on until something is true."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise Found(f"waited in vain for {what}:\n{self.terminal.text}")
            self.look()

    def look(self, seconds: float = STEP) -> None:
        """Read what comes; one that was left is started again, one that broke is a finding."""
        if self.terminal.pump(seconds):
            return
        _, status = os.waitpid(self.terminal.pid, 0)
        os.close(self.terminal.file)
        if status or "Traceback" in self.terminal.text:
            raise Found(f"it ended with {status}:\n{self.terminal.text}")
        self.start()

    def send(self, text: str, *, look: bool = True) -> None:
        """Write one chunk, and see what comes of it."""
        self.said.append(text)
        os.write(self.terminal.file, text.encode())
        self.look() if look else time.sleep(STEP)

    def send_torn(self, text: str) -> None:
        """Write a text in chunks of 1 to 40 signs, whatever the program does meanwhile."""
        pasted = "\x1b[200~" in text
        while text:
            size = self.draw.randint(1, 40)
            while TORN.search(text[:size]):  # an Esc that waits too long for its sequence is the key
                size += 1
            self.send(text[:size], look=not pasted)  # no terminal answers a question in the middle of a paste
            text = text[size:]

    def chunk(self) -> str:
        """Return what the monkey does next."""
        what = self.draw.random()
        if what < 0.08:
            return f"\x1b[200~{self.text(self.draw.choice((3, 30, 200, 400)))}\x1b[201~"
        if what < 0.14:
            at = f"{self.draw.randint(1, self.size[0])};{self.draw.randint(1, self.size[1])}"
            button = self.draw.choice((0, 0, 64, 65))
            return f"\x1b[<{button};{at}M" + (f"\x1b[<{button};{at}m" if button == 0 else "")
        if what < 0.2:
            return self.draw.choice(NAMED) * self.draw.randint(2, 40)
        return "".join(
            self.draw.choice(NAMED if self.draw.random() < 0.4 else LETTERS) for _ in range(self.draw.choice(SIZES))
        )

    def text(self, length: int) -> str:
        """Return words, without a space at either end."""
        words = " ".join(self.draw.choices(WORDS, k=length))[: length - 1].replace("  ", " ").rstrip()
        return f"{words}{self.draw.randint(0, 9)}"

    def resize(self) -> None:
        """Change the size of the terminal for a moment."""
        for columns, rows in ((self.draw.randint(20, 140), self.draw.randint(6, 50)), self.size):
            self.terminal.screen.resize(rows, columns)
            fcntl.ioctl(self.terminal.file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            self.look(0.2)

    def go_home(self) -> None:
        """Press Esc until the search of Home takes a number, which shows that all keys before it were handled."""
        for _ in range(40):
            number = str(self.draw.randint(10**7, 10**8))
            self.send("\x1b")
            self.send(f"/{number}")
            end = time.monotonic() + 4.0
            while number not in self.terminal.text and time.monotonic() < end:
                self.look()
            self.calm()
            lines = [line for line in self.terminal.text.splitlines() if number in line]
            if "Show only" in self.terminal.text and lines and lines[0].strip("│ ") == number:
                self.send("\x15\x1b")
                self.wait(lambda: "Show only" not in self.terminal.text, "Home")
                return
            self.send("\x15")
        raise Found(f"Esc does not lead home:\n{self.terminal.text}")

    def calm(self, still: float = 0.25, seconds: float = PATIENCE) -> None:
        """Wait until nothing comes for a while."""
        last, received, end = time.monotonic(), self.terminal.received, time.monotonic() + seconds
        while time.monotonic() < end and time.monotonic() - last < still:
            self.look()
            if self.terminal.received != received:
                last, received = time.monotonic(), self.terminal.received

    def probe(self) -> None:
        """Check what must hold, whatever was pressed before."""
        self.probes += 1
        root = self.folder / "runs"
        kept = {path.name for path in root.iterdir()} | {each.name for each in trash.listing(root)}
        if lost := self.runs - kept:
            raise Found(f"gone: {lost}")
        for each in trash.listing(root):
            trash.restore(root, each.name)
        self.go_home()
        for check in (self.probe_note, self.probe_path):
            check()
            self.go_home()

    def probe_note(self) -> None:
        """Write a note by keys that come in chunks, after the search was emptied the same way."""
        text = self.text(150)
        self.signs += len(text)

        def notes() -> list[Path]:
            return list(self.folder.glob("runs/*/note.txt"))

        self.send("/\x15\r")
        self.calm()
        self.send_torn(f"t\x15{text}\r")
        self.wait(lambda: any(text == each.read_text().strip() for each in notes()), f"the note {text!r}")

    def probe_path(self) -> None:
        """Type a path while the list has the focus; what is wrong with it must go when it is edited."""
        text = f"./{self.text(60)}"
        self.signs += len(text)
        self.send_torn("n\x1b[H\r")
        self.wait(lambda: "Which model?" in self.terminal.text, "the models")
        self.send_torn(f"{text}\r" if self.draw.random() < 0.5 else f"\x15\x1b[200~{text}\x1b[201~\r")
        self.wait(lambda: ERROR in self.terminal.text and text[-30:] in self.terminal.text, f"an error about {text!r}")
        self.send("x")
        self.wait(lambda: ERROR + "'" not in self.terminal.text and f"{text}x"[-20:] in self.terminal.text, "no error")
        self.send("\x15")

    def play(self, seconds: float) -> None:
        """Press keys for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.send(self.chunk())
            self.chunks += 1
            if self.draw.random() < 0.03:
                self.resize()
            self.look(self.draw.choice((0.0, 0.0, 0.02, 0.1, 0.6)))
            if self.chunks % PROBE_EVERY == 0:
                self.probe()
        self.probe()


def run(seed: int, size: tuple[int, int], seconds: float, *, rate: int = 0) -> str:
    """Return what one seed did, or what it found with the last keys before that."""
    with tempfile.TemporaryDirectory() as place:
        monkey = Monkey(seed, size, Path(place), rate=rate)
        try:
            monkey.play(seconds)
        except Found as found:
            keys = "\n".join(map(repr, list(monkey.said)[-25:]))
            return f"FOUND after {monkey.chunks} chunks: {found}\nlast keys:\n{keys}"
        finally:
            os.chdir("/")
            if Path(f"/proc/{monkey.terminal.pid}").exists():
                monkey.terminal.close()
    return (
        f"{monkey.chunks} chunks, {monkey.probes} probes, {monkey.signs} signs, {monkey.starts} starts, nothing found"
    )


def searched(monkey: Monkey, times: int) -> None:
    """Type `/d` or `/dynamic` and then `y` on Home, torn anywhere; all of it must reach the search."""
    for _ in range(times):
        text = monkey.draw.choice(("dy", "dynamicy", "d y", "dynamic y"))
        size = monkey.draw.randint(1, len(text) + 1)
        typed = f"/{text}"
        for at in range(0, len(typed), size):
            monkey.send(typed[at : at + size])
        monkey.wait(lambda text=text: any(f"│  {text} " in line for line in monkey.terminal.text.splitlines()), typed)
        monkey.send("\x15\x1b")
        monkey.wait(lambda: "Show only" not in monkey.terminal.text, "Home")
    lost = monkey.runs - {path.name for path in (monkey.folder / "runs").iterdir()}
    if lost:
        raise Found(f"gone: {lost}")


def main() -> None:
    """Let every seed play at every size."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seeds", type=int, default=5)
    given.add_argument("--first", type=int, default=0)
    given.add_argument("--seconds", type=float, default=120)
    given.add_argument("--sizes", default="80x24,120x40")
    given.add_argument("--rate", type=int, default=0, help="bytes a second that the terminal takes, 0 without a limit")
    given.add_argument("--searches", type=int, default=0, help="instead: so many times `/d` and `y` on Home")
    asked = given.parse_args()
    found = False
    if asked.searches:
        with tempfile.TemporaryDirectory() as place:
            monkey = Monkey(asked.first, (80, 24), Path(place))
            searched(monkey, asked.searches)
            print(f"{asked.searches} searches, every run is there")
            monkey.terminal.close()
        return
    for text in asked.sizes.split(","):
        columns, rows = map(int, text.split("x"))
        for seed in range(asked.first, asked.first + asked.seeds):
            said = run(seed, (columns, rows), asked.seconds, rate=asked.rate)
            found = found or said.startswith("FOUND")
            print(f"{text} seed {seed}: {said}", flush=True)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
