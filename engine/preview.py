"""What a model will see of a run's rows: the run's own script, asked in a process of its own."""

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engine.config import Run
from engine.consent import agreed
from engine.network import environment as network
from engine.problem import Problem
from engine.reward_code import settle
from engine.run import environment, python_of
from engine.run_folder import write_beside
from engine.script import assemble

SHOWER = Path(__file__).parent / "worker" / "preview" / "__main__.py"
ROWS = 2000
"""Rows of which totals are counted, when nothing else is said."""


class Preview:
    """A process that answers with rows as the model will see them, and counts meanwhile; it ends when it is closed."""

    def __init__(
        self, run: Run, *, rows: int = ROWS, script: str | None = None, python: str | None = None, first: int = 0
    ) -> None:
        """Start it for a complete run, or for its script that somebody edited; `rows` 0 counts all of them."""
        if run.goal == "baseline":
            raise Problem("nothing is trained in a baseline", where="goal", advice="choose a goal that learns")
        found = agreed(run)
        run, beside = settle(run, found.reward)
        self._folder = tempfile.TemporaryDirectory(prefix="tunewright-tokens-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        (folder / "train.py").write_text(script or assemble(run), "utf-8")
        write_beside(folder, beside)
        limit = max(rows, 2 * (first + 1)) if rows else 0
        command = [python_of(python), "-P", str(SHOWER), str(folder / "train.py"), str(folder / "output"), str(limit)]
        self._log = (folder / "log.txt").open("w+", encoding="utf-8", errors="replace")
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                cwd=folder,
                umask=0o077,  # the rows that it reads may be kept in this user's cache
                env=environment() | network(run) | found.environment(folder),
            )
        except OSError as error:
            self._folder.cleanup()
            advice = "name a Python that has the training libraries with --python or TUNEWRIGHT_PYTHON"
            raise Problem(f"it can't be started ({error.strerror})", where=command[0], advice=advice) from None
        self.ask(first)

    def ask(self, number: int) -> None:
        """Ask for a row by its number, from 0 on."""
        self._send(f"{number}\n")

    def finish(self) -> None:
        """Let it end as soon as all is counted: nothing more will be asked."""
        with contextlib.suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def _send(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # it is gone; `events` says why
            if self._process.stdin is not None:
                self._process.stdin.write(line)
                self._process.stdin.flush()

    def events(self) -> Iterator[dict[str, Any]]:
        """Yield what it says until it ends; what went wrong is a Problem."""
        for line in self._process.stdout or ():
            event: dict[str, Any] = json.loads(line)
            if event["type"] == "failed":
                raise Problem(event["message"], advice=event["advice"], code=event["code"])
            yield event
        if self._process.wait():
            why = next((line.strip() for line in reversed(self._said()) if line.strip()), "it said nothing")
            advice = "see whether the machine is short of memory, and try again"
            raise Problem(f"the process that shows the tokens ended early ({why})", advice=advice)

    def _said(self) -> list[str]:
        self._log.seek(0)
        return self._log.read().splitlines()

    def close(self) -> None:
        """End it, and remove what it wrote."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._folder.cleanup()

    def __enter__(self) -> "Preview":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.close()
