"""A worker that loads the libraries while the person still looks at the plan, so that start means now."""

import os
import subprocess
import tempfile
import time
from pathlib import Path

from engine import run
from engine.config import Run
from engine.consent import MODEL_CODE
from engine.network import environment as network
from engine.network import is_offline
from engine.script import libraries

WAIT = 60.0


class Warm:
    """One waiting worker; it ends by itself when this program does, and becomes the run's worker when it is used."""

    def __init__(self, described: Run, python: str | None = None) -> None:
        """Start loading what `described` needs, with only its cards in sight; the process weighs about 0.6 GiB."""
        self.key = self._key(described, python)
        self._begun = False
        self._place = Path(tempfile.mkdtemp(prefix="tunewright-"))
        command = [run.python_of(python), "-P", str(run.WORKER), "--wait", str(self._go), str(os.getpid())]
        command += libraries(described)
        devices = "" if described.launch.device == "cpu" else ",".join(described.launch.devices)
        environment = run.environment() | network(described) | {MODEL_CODE: "none"}
        if devices or described.launch.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = devices
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self._place,
            start_new_session=True,
            env=environment,
        )

    @property
    def _go(self) -> Path:
        return self._place / "go"

    @staticmethod
    def _key(described: Run, python: str | None) -> tuple[object, ...]:
        return (run.python_of(python), described.launch, tuple(libraries(described)), is_offline(described))

    def suits(self, described: Run, python: str | None = None) -> bool:
        """Return whether this worker waits for such a run: same Python, same libraries, same cards."""
        if described.model.trust_remote_code:  # the model's own code runs in a process that is told which files
            return False
        return not self._begun and self._process.poll() is None and self.key == self._key(described, python)

    def begin(self, folder: Path) -> bool:
        """Hand over a run that was created; return False when the worker did not take it, and start it cold then."""
        run.allowed(folder)
        said = run.journal_size(folder)
        partial = self._go.with_suffix(".partial")
        partial.write_text(str(folder), "utf-8")
        partial.rename(self._go)
        end = time.monotonic() + WAIT
        while self._go.exists() and time.monotonic() < end and self._process.poll() is None:
            time.sleep(0.01)
        try:
            self._go.unlink()
        except FileNotFoundError:
            self._begun = True
            self._tidy()
            run.first_word(self._process, folder, said)
            return True
        self.end()
        return False

    def end(self) -> None:
        """Let the worker go, unless it has begun a run."""
        if self._begun or not self._place.exists():
            return
        self._process.kill()
        self._process.wait()
        self._tidy()

    def _tidy(self) -> None:
        for file in self._place.glob("*"):
            file.unlink(missing_ok=True)
        self._place.rmdir()
